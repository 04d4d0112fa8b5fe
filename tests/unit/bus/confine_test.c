/* What a confined process still can do, tried for real in a child of its own: with Landlock alone, with
 * seccomp alone, with both, and with nothing, where the same attempts must succeed: or they would
 * prove nothing. */
#include "bus/confine.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/landlock.h>
#include <netinet/in.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>
#include <zmq.h>

#include "../journal/store_fixture.h"
#include "base/log.h"

#if defined __SANITIZE_ADDRESS__ || defined __SANITIZE_THREAD__
#define HAS_SANITIZER 1
#else
#define HAS_SANITIZER 0
#endif

/* Who must refuse: one of these suffices where both are there. */
enum { BY_FILES = 1, BY_CALLS = 2, BY_PORTS = 4, BY_SIGNALS = 8, BY_SEAL = 16 };

struct room {
	struct store *store;
	char path[160];     /* for whoever needs one */
	char secret[128];   /* a file that is not the journal's */
	char control[128];  /* a Unix socket that listens */
	int port, own_port; /* one that listens; one that may be bound */
	int other_port;
	pid_t other; /* a process of the same user */
};

/* Each returns 0 if it could do what it should not. */
typedef int attempt_fn(struct room *room);

static const char *beside(struct room *room, const char *suffix)
{
	snprintf(room->path, sizeof room->path, "%s%s", room->store->path, suffix);
	return room->path;
}

static int opened(const char *path, int flags)
{
	int fd = open(path, flags | O_CLOEXEC, 0600);

	if (fd < 0)
		return -1;
	close(fd);
	return 0;
}

static int write_database(struct room *room)
{
	return opened(beside(room, ""), O_RDWR);
}
static int write_log(struct room *room)
{
	return opened(beside(room, "-wal"), O_RDWR);
}
static int write_index(struct room *room)
{
	return opened(beside(room, "-shm"), O_RDWR);
}
static int write_witness(struct room *room)
{
	return opened(beside(room, ".head"), O_WRONLY);
}
static int append_log(struct room *room)
{
	return opened(beside(room, "-wal"), O_WRONLY | O_APPEND);
}
static int empty_secret(struct room *room)
{
	return opened(room->secret, O_RDONLY | O_TRUNC);
}
static int truncate_secret(struct room *room)
{
	return truncate(room->secret, 0);
}
static int make_file(struct room *room)
{
	return opened(beside(room, "-new"), O_RDONLY | O_CREAT);
}
static int make_unnamed(struct room *room)
{
	return opened(room->store->dir, O_TMPFILE | O_RDWR);
}
static int make_folder(struct room *room)
{
	return mkdir(beside(room, "-folder"), 0700);
}
static int remove_file(struct room *room)
{
	return unlink(beside(room, "-scratch"));
}
static int rename_file(struct room *room)
{
	char to[200];

	snprintf(to, sizeof to, "%s-renamed", room->store->path);
	return rename(beside(room, "-other"), to);
}
static int read_witness(struct room *room)
{
	return opened(beside(room, ".head"), O_RDONLY);
}
static int read_secret(struct room *room)
{
	return opened(room->secret, O_RDONLY);
}
static int read_passwords(struct room *room)
{
	(void)room;
	return opened("/etc/passwd", O_RDONLY);
}
static int read_shadow(struct room *room)
{
	(void)room;
	return opened("/etc/shadow", O_RDONLY);
}
static int list_folder(struct room *room)
{
	return opened(room->store->dir, O_RDONLY | O_DIRECTORY);
}
static int read_database(struct room *room)
{
	return opened(beside(room, ""), O_RDONLY);
}

static struct sockaddr_in loopback(int port)
{
	return (struct sockaddr_in){.sin_family = AF_INET,
		.sin_port = htons((uint16_t)port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
}

static int connect_tcp(struct room *room)
{
	struct sockaddr_in to = loopback(room->port);
	int fd = socket(AF_INET, SOCK_STREAM, 0), r;

	r = fd < 0 ? -1 : connect(fd, (struct sockaddr *)&to, sizeof to);
	close(fd);
	return r;
}

static int connect_by_sending(struct room *room)
{
	struct sockaddr_in to = loopback(room->port);
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	ssize_t n = fd < 0 ? -1
			   : sendto(fd, "x", 1, MSG_FASTOPEN | MSG_NOSIGNAL, (struct sockaddr *)&to,
				     sizeof to);

	close(fd);
	return n < 0 ? -1 : 0;
}

static int connect_control(struct room *room)
{
	struct sockaddr_un to = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM, 0), r;

	memcpy(to.sun_path, room->control, strlen(room->control) + 1);
	r = fd < 0 ? -1 : connect(fd, (struct sockaddr *)&to, sizeof to);
	close(fd);
	return r;
}

static int send_datagram(struct room *room)
{
	struct sockaddr_in to = loopback(room->port);
	int fd = socket(AF_INET, SOCK_DGRAM, 0);
	ssize_t n = fd < 0 ? -1 : sendto(fd, "x", 1, 0, (struct sockaddr *)&to, sizeof to);

	close(fd);
	return n < 0 ? -1 : 0;
}

static int bind_port(int port)
{
	struct sockaddr_in at = loopback(port);
	int fd = socket(AF_INET, SOCK_STREAM, 0), yes = 1, r;

	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
	r = fd < 0 ? -1 : bind(fd, (struct sockaddr *)&at, sizeof at);
	close(fd);
	return r;
}

static int bind_other(struct room *room)
{
	return bind_port(room->other_port);
}
static int bind_own(struct room *room)
{
	return bind_port(room->own_port);
}

static int trace(struct room *room)
{
	if (ptrace(PTRACE_SEIZE, room->other, 0, 0) < 0)
		return -1;
	return 0; /* ends with us */
}

static int read_other(struct room *room)
{
	char byte;
	struct iovec here = {&byte, 1}, there = {room, 1}; /* a fork: same addresses */

	return process_vm_readv(room->other, &here, 1, &there, 1, 0) == 1 ? 0 : -1;
}

static int signal_other(struct room *room)
{
	return kill(room->other, 0);
}

static int limit_other(struct room *room)
{
	struct rlimit limit;

	return prlimit(room->other, RLIMIT_NOFILE, NULL, &limit);
}

static int make_process(struct room *room)
{
	(void)room;
	pid_t pid = fork();
	if (!pid)
		_exit(0);
	return pid < 0 ? -1 : waitpid(pid, NULL, 0) < 0;
}

static int make_code(struct room *room)
{
	void *p = mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	(void)room;
	return p == MAP_FAILED ? -1 : munmap(p, 4096);
}

static int turn_into_code(struct room *room)
{
	void *p = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	(void)room;
	return p == MAP_FAILED ? -1 : mprotect(p, 4096, PROT_READ | PROT_EXEC);
}

static int make_memory_file(struct room *room)
{
	(void)room;
	int fd = memfd_create("x", MFD_CLOEXEC);
	return fd < 0 ? -1 : close(fd);
}

static int be_dumped(struct room *room)
{
	(void)room;
	return prctl(PR_SET_DUMPABLE, 1, 0, 0, 0);
}

/* A call by its number; arguments that let a kernel that permits it say so. */
#define CALL(name, ...) \
	static int call_##name(struct room *room) \
	{ \
		(void)room; \
		long r = syscall(SYS_##name, ##__VA_ARGS__); \
		return r >= 0 || (errno != EACCES && errno != ENOSYS) ? 0 : -1; \
	}
CALL(mount, "none", "/nonexistent", "tmpfs", 0, 0)
CALL(keyctl, 0, -3, 0, 0, 0)
CALL(bpf, 0, 0, 0)
CALL(userfaultfd, -1)
CALL(perf_event_open, 0, 0, 0, 0, 0)
CALL(io_uring_setup, 0, 0)
CALL(unshare, 0)
CALL(setns, -1, 0)
CALL(init_module, 0, 0, 0)
CALL(open_by_handle_at, -1, 0, 0)

/* May fail without confinement too: for want of privilege, or because this kernel is built without. */
#define NEEDS_MORE true

static const struct {
	const char *name;
	attempt_fn *attempt;
	unsigned by;
	bool needs_more;
} attempts[] = {
	{"write journal.db", write_database, BY_FILES | BY_CALLS, false},
	{"write -wal", write_log, BY_FILES | BY_CALLS, false},
	{"append to -wal", append_log, BY_FILES | BY_CALLS, false},
	{"write -shm", write_index, BY_FILES | BY_CALLS, false},
	{"write the witness", write_witness, BY_FILES | BY_CALLS, false},
	{"empty a file by opening it", empty_secret, BY_CALLS, false},
	{"truncate a file", truncate_secret, BY_CALLS, false},
	{"make a file", make_file, BY_FILES | BY_CALLS, false},
	{"make an unnamed file", make_unnamed, BY_FILES | BY_CALLS, NEEDS_MORE},
	{"make a folder", make_folder, BY_FILES | BY_CALLS, false},
	{"remove a file of the journal's folder", remove_file, BY_FILES | BY_CALLS, false},
	{"rename a file of the journal's folder", rename_file, BY_FILES | BY_CALLS, false},
	{"read the witness", read_witness, BY_FILES | BY_SEAL, false},
	{"read a secret", read_secret, BY_FILES | BY_SEAL, false},
	{"read /etc/passwd", read_passwords, BY_FILES | BY_SEAL, false},
	{"read /etc/shadow", read_shadow, BY_FILES | BY_SEAL, NEEDS_MORE},
	{"list the folder", list_folder, BY_FILES | BY_SEAL, false},
	{"open the journal again", read_database, BY_SEAL, false},
	{"connect to a TCP port", connect_tcp, BY_PORTS | BY_CALLS, false},
	{"connect by sending", connect_by_sending, BY_CALLS, NEEDS_MORE},
	{"connect to a Unix socket", connect_control, BY_CALLS, false},
	{"send a datagram", send_datagram, BY_CALLS, false},
	{"bind another port", bind_other, BY_PORTS | BY_SEAL, false},
	{"bind its port again", bind_own, BY_SEAL, false},
	{"trace another process", trace, BY_FILES | BY_CALLS, NEEDS_MORE},
	{"read another process", read_other, BY_FILES | BY_CALLS, NEEDS_MORE},
	{"signal another process", signal_other, BY_SIGNALS | BY_CALLS, false},
	{"limit another process", limit_other, BY_CALLS, NEEDS_MORE},
	{"make a process", make_process, BY_CALLS, false},
	{"make memory executable", make_code, BY_CALLS, false},
	{"turn memory executable", turn_into_code, BY_CALLS, false},
	{"make a file in memory", make_memory_file, BY_CALLS, false},
	{"be dumped", be_dumped, BY_CALLS, false},
	{"mount", call_mount, BY_CALLS, NEEDS_MORE},
	{"keyctl", call_keyctl, BY_CALLS, NEEDS_MORE},
	{"bpf", call_bpf, BY_CALLS, NEEDS_MORE},
	{"userfaultfd", call_userfaultfd, BY_CALLS, NEEDS_MORE},
	{"perf_event_open", call_perf_event_open, BY_CALLS, NEEDS_MORE},
	{"io_uring_setup", call_io_uring_setup, BY_CALLS, NEEDS_MORE},
	{"unshare", call_unshare, BY_CALLS, false},
	{"setns", call_setns, BY_CALLS, false},
	{"init_module", call_init_module, BY_CALLS, NEEDS_MORE},
	{"open_by_handle_at", call_open_by_handle_at, BY_CALLS, false},
};

/* What sanitizers need is not refused in their builds. */
static bool is_for_sanitizers(attempt_fn *attempt)
{
	static attempt_fn *const theirs[] = {make_process, make_code, turn_into_code, trace,
		read_other, signal_other, be_dumped, read_database, list_folder, read_secret,
		read_witness, read_passwords, read_shadow};

	for (size_t i = 0; HAS_SANITIZER && i < sizeof theirs / sizeof *theirs; i++)
		if (theirs[i] == attempt)
			return true;
	return false;
}

/* ---- the room ---- */

static int listener(int domain, const void *address, socklen_t n)
{
	int fd = socket(domain, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_true(fd >= 0);
	assert_int_equal(bind(fd, address, n), 0);
	assert_int_equal(listen(fd, 16), 0);
	return fd;
}

static int port_of(int fd)
{
	struct sockaddr_in at;
	socklen_t n = sizeof at;

	assert_int_equal(getsockname(fd, (struct sockaddr *)&at, &n), 0);
	return ntohs(at.sin_port);
}

static void put(const char *path)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, "secret", 6), 6);
	close(fd);
}

static struct room room_of(struct store *store)
{
	struct room room = {.store = store, .other = getpid()};
	struct sockaddr_in any = loopback(0);
	struct sockaddr_un control = {.sun_family = AF_UNIX};

	store_commit_one(store, 1000);
	snprintf(room.secret, sizeof room.secret, "%s/bearer-token", store->dir);
	snprintf(room.control, sizeof room.control, "%s/control.sock", store->dir);
	put(room.secret);
	put(beside(&room, "-scratch"));
	put(beside(&room, "-other"));
	room.port = port_of(listener(AF_INET, &any, sizeof any));
	memcpy(control.sun_path, room.control, strlen(room.control) + 1);
	listener(AF_UNIX, &control, sizeof control);
	int own = listener(AF_INET, &any, sizeof any), other = listener(AF_INET, &any, sizeof any);
	room.own_port = port_of(own);
	room.other_port = port_of(other);
	close(own);
	close(other);
	return room;
}

/* Runs `inside` in a child; its exit status. */
static int run(int (*inside)(struct room *room, unsigned by), struct room *room, unsigned by)
{
	int status;

	fflush(NULL);
	pid_t pid = fork();
	assert_true(pid >= 0);
	if (!pid)
		_exit(inside(room, by));
	assert_int_equal(waitpid(pid, &status, 0), pid);
	if (!WIFEXITED(status))
		fail_msg("ended by signal %d", WTERMSIG(status));
	return WEXITSTATUS(status);
}

static void put_on(struct room *room, unsigned by)
{
	char endpoint[64], ipc[160];
	const char *binds[] = {endpoint, ipc};
	struct confine_need need = {.journal = room->store->path, .binds = binds, .n_binds = 2};
	struct error error = {0};
	uint64_t layers = 0;

	snprintf(endpoint, sizeof endpoint, "tcp://127.0.0.1:%d", room->own_port);
	snprintf(ipc, sizeof ipc, "ipc://%s/live", room->store->dir);
	prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
	prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	if (by & BY_FILES)
		confine_files(&need, &layers, &error);
	if (by & BY_CALLS)
		confine_calls(&error);
	if (by & BY_SEAL)
		confine_calls_seal(&error);
	if (error.code)
		dprintf(2, "%s\n", error.text);
}

/* How many attempts that the layers must refuse succeeded. */
static int try_all(struct room *room, unsigned by)
{
	int wrong = 0;

	put_on(room, by);
	for (size_t i = 0; i < sizeof attempts / sizeof *attempts; i++) {
		bool must_fail = attempts[i].by & by;
		if (by && (!must_fail || is_for_sanitizers(attempts[i].attempt)))
			continue;
		int r = attempts[i].attempt(room);
		bool could = r == 0;
		if (by ? could : !could && !attempts[i].needs_more) {
			dprintf(2, "%s: %s\n", attempts[i].name,
				could ? "was not refused" : strerror(errno));
			wrong++;
		}
	}
	return wrong;
}

/* Restores what an attempt took away. */
static void tidy(struct room *room)
{
	put(beside(room, "-scratch"));
	put(beside(room, "-other"));
	put(room->secret);
	rmdir(beside(room, "-folder"));
}

static int landlock_abi(void)
{
	return (int)syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);
}

/* What Landlock has here. */
static unsigned by_landlock(void)
{
	int abi = landlock_abi();

	return (abi >= 1 ? BY_FILES : 0u) | (abi >= 4 ? BY_PORTS : 0u) |
	       (abi >= 6 ? BY_SIGNALS : 0u);
}

static void unconfined_can(void **state)
{
	struct room room = room_of(*state);

	assert_int_equal(run(try_all, &room, 0), 0);
	tidy(&room);
}

static void landlock_refuses(void **state)
{
	struct room room = room_of(*state);

	if (!by_landlock())
		skip();
	assert_int_equal(run(try_all, &room, by_landlock()), 0);
}

static void seccomp_refuses(void **state)
{
	struct room room = room_of(*state);

	assert_int_equal(run(try_all, &room, BY_CALLS), 0);
	assert_int_equal(run(try_all, &room, BY_CALLS | BY_SEAL), 0);
}

static void both_refuse(void **state)
{
	struct room room = room_of(*state);

	assert_int_equal(run(try_all, &room, by_landlock() | BY_CALLS | BY_SEAL), 0);
}

/* 0: it was refused; otherwise the program's own status. */
static int execute(struct room *room, unsigned by)
{
	char *const args[] = {(char[]){"false"}, NULL}, *const none[] = {NULL};

	put_on(room, by);
	execve("/bin/false", args, none);
	return errno == EACCES ? 0 : 2;
}

static void nothing_is_executed(void **state)
{
	struct room room = room_of(*state);

	assert_int_equal(run(execute, &room, 0), 1);
	if (by_landlock() && !HAS_SANITIZER) /* /usr is theirs */
		assert_int_equal(run(execute, &room, by_landlock()), 0);
	assert_int_equal(run(execute, &room, BY_CALLS), 0);
}

/* ---- what it is for ---- */

static void *thread(void *p)
{
	return p;
}

static int bind_both(struct room *room, void *context, void **sockets)
{
	char at[2][160];

	snprintf(at[0], sizeof at[0], "tcp://127.0.0.1:%d", room->own_port);
	snprintf(at[1], sizeof at[1], "ipc://%s/live", room->store->dir);
	for (int i = 0; i < 2; i++) {
		sockets[i] = zmq_socket(context, ZMQ_PULL);
		if (zmq_bind(sockets[i], at[i]) < 0) {
			dprintf(2, "%s: %s\n", at[i], zmq_strerror(zmq_errno()));
			return -1;
		}
	}
	return 0;
}

/* Serves a message from each endpoint and reads the journal, all after the last layer. */
static int serve(struct room *room, unsigned by)
{
	struct checker checker = checker_new();
	struct journal_reader *reader;
	struct error error = {0};
	void *sockets[2] = {NULL, NULL};
	pthread_t id;
	char word[8];

	put_on(room, by & ~(unsigned)BY_SEAL);
	if (journal_reader_open(&reader, room->store->path, &error) < 0) {
		dprintf(2, "%s\n", error.text);
		return 1;
	}
	checker_run(&checker, reader, 10);
	void *context = zmq_ctx_new();
	if (checker.n != 1 || bind_both(room, context, sockets) < 0)
		return 2;
	put_on(room, by & BY_SEAL);
	for (int i = 0; i < 2; i++)
		if (zmq_recv(sockets[i], word, sizeof word, 0) != 5)
			return 3;
	if (pthread_create(&id, NULL, thread, room) || pthread_join(id, NULL))
		return 4;
	checker_run(&checker, reader, 10);
	journal_reader_close(reader);
	zmq_close(sockets[0]);
	zmq_close(sockets[1]);
	zmq_ctx_term(context);
	return checker.breaks ? 5 : 0;
}

static void serving_works(void **state)
{
	struct room room = room_of(*state);
	char at[2][160];
	void *context = zmq_ctx_new(), *sockets[2];

	snprintf(at[0], sizeof at[0], "tcp://127.0.0.1:%d", room.own_port);
	snprintf(at[1], sizeof at[1], "ipc://%s/live", room.store->dir);
	for (int i = 0; i < 2; i++) {
		sockets[i] = zmq_socket(context, ZMQ_PUSH);
		zmq_connect(sockets[i], at[i]);
	}
	for (unsigned layers = 0; layers < 2; layers++) {
		assert_int_equal(zmq_send(sockets[0], "hello", 5, ZMQ_DONTWAIT), 5);
		assert_int_equal(zmq_send(sockets[1], "hello", 5, ZMQ_DONTWAIT), 5);
		assert_int_equal(
			run(serve, &room, BY_CALLS | BY_SEAL | (layers ? by_landlock() : 0u)), 0);
		unlink(at[1] + strlen("ipc://"));
	}
	for (int i = 0; i < 2; i++) {
		int linger = 0;
		zmq_setsockopt(sockets[i], ZMQ_LINGER, &linger, sizeof linger);
		zmq_close(sockets[i]);
	}
	zmq_ctx_term(context);
}

/* All at once, as the bus does it. */
static int whole(struct room *room, unsigned by)
{
	struct confine_need need = {.journal = room->store->path};
	struct rlimit core;

	(void)by;
	uint64_t held = confine(&need) | confine_seal();
	if (getrlimit(RLIMIT_CORE, &core) < 0 || core.rlim_max || prctl(PR_GET_NAME, (char[16]){0}))
		return 255;
	return (int)held;
}

static void layers_are_told(void **state)
{
	struct room room = room_of(*state);
	unsigned by = by_landlock();
	int expected = CONFINED_CALLS | CONFINED_SEALED | (by & BY_FILES ? CONFINED_FILES : 0) |
		       (by & BY_PORTS ? CONFINED_PORTS : 0) |
		       (by & BY_SIGNALS ? CONFINED_SIGNALS : 0);

	assert_int_equal(run(whole, &room, 0), expected);
}

static void endpoints_are_read(void **state)
{
	(void)state;
	assert_int_equal(confine_port("tcp://127.0.0.1:5570"), 5570);
	assert_int_equal(confine_port("tcp://[::1]:5571"), 5571);
	assert_int_equal(confine_port("tcp://*:*"), 0);
	assert_int_equal(confine_port("ipc:///run/x:1"), -1);
	assert_true(str_is(confine_folder("ipc:///run/civicwire/live"), "/run/civicwire"));
	assert_true(str_is(confine_folder("ipc:///live"), "/"));
	assert_true(str_is(confine_folder("ipc://live"), "."));
	assert_true(str_is_none(confine_folder("ipc://@live")));
	assert_true(str_is_none(confine_folder("tcp://127.0.0.1:1")));
}

#define IN_A_STORE(test) cmocka_unit_test_setup_teardown(test, store_setup, store_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		IN_A_STORE(unconfined_can),
		IN_A_STORE(landlock_refuses),
		IN_A_STORE(seccomp_refuses),
		IN_A_STORE(both_refuse),
		IN_A_STORE(nothing_is_executed),
		IN_A_STORE(serving_works),
		IN_A_STORE(layers_are_told),
		cmocka_unit_test(endpoints_are_read),
	};

	log_init("confine-test", LOG_LEVEL_WARNING);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
