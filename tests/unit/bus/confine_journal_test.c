/* A confined reader beside a writer that commits, checkpoints, starts its log afresh, retains and is
 * killed: what was told to be durable is seen, whole and in order, and neither hinders the other.
 *
 * The readers are processes that execute this program anew ("bus …"): in one that is only forked,
 * SQLite would go on with the files that the writer has open to write.
 *
 * $CIVICWIRE_CONFINED_S: how long each part takes (s). */
#include "bus/confine.h"

#include <fcntl.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#include "../journal/store_fixture.h"
#include "base/clock.h"
#include "base/list.h"
#include "base/log.h"
#include "journal/upkeep.h"

#define READERS 2
/* Removed by now and then: what is older than this. */
#define KEEP_US (300 * MSEC_US)

/* What the processes of a test know of each other. */
struct shared {
	_Atomic uint64_t head;    /* durable */
	_Atomic int64_t pause_us; /* until when readers rest, monotonic */
	_Atomic bool end;
	_Atomic uint64_t slices, events, errors, behind;
	_Atomic int64_t log_max; /* bytes */
	char error[256];
	int fd; /* of this memory: executed processes map it again */
};

static struct shared *shared_new(void)
{
	int fd = memfd_create("shared", 0);
	struct shared *s;

	assert_true(fd >= 0);
	assert_int_equal(ftruncate(fd, sizeof *s), 0);
	s = mmap(NULL, sizeof *s, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	assert_ptr_not_equal(s, MAP_FAILED);
	s->fd = fd;
	return s;
}

static void shared_free(struct shared *s)
{
	close(s->fd);
	munmap(s, sizeof *s);
}

static int64_t part_us(void)
{
	const char *s = getenv("CIVICWIRE_CONFINED_S");

	return (s ? strtoll(s, NULL, 10) : 3) * SEC_US;
}

/* ---- the reader ---- */

struct follower {
	struct journal_visitor visitor;
	struct shared *shared;
	const char *path;
	uint64_t last; /* seen */
	bool first;    /* of a slice: before it events may have been removed */
};

static void note(struct shared *shared, const char *text)
{
	if (!atomic_fetch_add(&shared->errors, 1))
		snprintf(shared->error, sizeof shared->error, "%.200s", text);
}

static int follow(struct journal_visitor *visitor, const struct journal_record *record)
{
	struct follower *f = container_of(visitor, struct follower, visitor);

	if (f->first ? record->seq <= f->last : record->seq != f->last + 1)
		note(f->shared, "a sequence is missing or comes twice");
	f->first = false;
	f->last = record->seq;
	atomic_fetch_add(&f->shared->events, 1);
	return 0;
}

/* Up to the head it was told, as live does; or from an older event, as replay does. */
static void read_to(struct follower *f, struct journal_reader *reader, uint64_t head, bool replay)
{
	const struct journal_read_limits limits = {
		.to = head, .records = 200, .bytes = 1048576, .us = 5 * MSEC_US};
	uint64_t after = replay && head > 500 ? head - 500 : f->last, next = after;
	struct error error = {0};

	f->last = after;
	f->first = true;
	if (journal_read(reader, after, &limits, &f->visitor, &next, &error) < 0) {
		note(f->shared, error.text);
		return;
	}
	if (next == after && after < head)
		atomic_fetch_add(&f->shared->behind, 1); /* durable, and not seen */
	if (next > f->last)
		f->last = next;
	atomic_fetch_add(&f->shared->slices, 1);
}

static void *read_all(void *p)
{
	struct follower *f = p;
	struct journal_reader *reader = NULL;
	struct journal_extent extent;
	struct error error = {0};
	uint64_t seen = 0;

	if (journal_reader_open(&reader, f->path, &error) < 0) {
		note(f->shared, error.text);
		return NULL;
	}
	for (unsigned turn = 0; !atomic_load(&f->shared->end); turn++) {
		uint64_t head = atomic_load(&f->shared->head);
		if (clock_monotonic_us() < atomic_load(&f->shared->pause_us)) {
			usleep(1000);
			continue;
		}
		read_to(f, reader, head, turn % 8 == 7);
		if (turn % 16)
			continue;
		if (journal_extent(reader, &extent, &error) < 0)
			note(f->shared, error.text);
		else if (extent.head < head || extent.head < seen)
			note(f->shared, "the head falls");
		else
			seen = extent.head;
	}
	journal_reader_close(reader);
	return NULL;
}

/* Two threads that read, as in the bus. Ends with `end`, or when it is killed. */
static int read_as_bus(const char *path, struct shared *shared)
{
	struct follower followers[READERS];
	pthread_t ids[READERS];

	for (int i = 0; i < READERS; i++) {
		followers[i] = (struct follower){
			.visitor = {NULL, follow}, .shared = shared, .path = path};
		if (pthread_create(&ids[i], NULL, read_all, &followers[i]))
			return 9;
	}
	for (int i = 0; i < READERS; i++)
		pthread_join(ids[i], NULL);
	return 0;
}

/* Starts this program as "bus HOW PATH FD". */
static pid_t start_bus(const struct store *store, const struct shared *shared, const char *how)
{
	char fd[16];
	pid_t pid;

	snprintf(fd, sizeof fd, "%d", shared->fd);
	fflush(NULL);
	pid = fork();
	assert_true(pid >= 0);
	if (pid)
		return pid;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	execl("/proc/self/exe", "bus", how, store->path, fd, (char *)NULL);
	_exit(127);
}

static void end_bus(struct shared *shared, pid_t pid)
{
	int status;

	atomic_store(&shared->end, true);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status) && !WEXITSTATUS(status));
	atomic_store(&shared->end, false);
}

/* ---- the writer ---- */

static void write_some(struct store *store, unsigned turn)
{
	const char *topics[] = {"feed/a/", "theme/x/", NULL};
	char data[6000];
	size_t bytes = turn % 7 ? 300 : 5800;

	memset(data, '1', bytes);
	data[bytes] = 0;
	assert_int_equal(journal_begin(store->journal, &store->error), 0);
	for (unsigned i = 0; i < 1 + turn % 20; i++)
		store_append(store, clock_real_us(), data, topics, NULL);
	assert_int_equal(journal_commit(store->journal, &store->error), 0);
}

/* Turns of the writer as the daemon has them, until `until_us`. */
static void write_on(struct store *store, struct shared *shared, int64_t until_us)
{
	char log[128];
	struct stat st;

	snprintf(log, sizeof log, "%s-wal", store->path);
	for (unsigned turn = 0; clock_monotonic_us() < until_us; turn++) {
		write_some(store, turn);
		atomic_store(&shared->head, journal_head(store->journal));
		if (turn % 50 == 0)
			journal_rest(store->journal);
		if (turn % 200 == 199)
			assert_true(journal_retain(
					    store->journal, clock_real_us(), &store->error) >= 0);
		if (journal_wants_pause(store->journal))
			atomic_store(&shared->pause_us, clock_monotonic_us() + JOURNAL_PAUSE_US);
		if (turn % 20 == 0 && stat(log, &st) == 0 &&
			st.st_size > atomic_load(&shared->log_max))
			atomic_store(&shared->log_max, st.st_size);
	}
}

static void reopen(struct store *store)
{
	store->settings.keep_us = KEEP_US;
	store_close(store);
	store_open(store);
}

static void on_finding(struct journal_verify_sink *sink, enum journal_finding kind, uint64_t from,
	uint64_t to, const char *sentence)
{
	(void)sink;
	(void)kind;
	(void)from;
	(void)to;
	dprintf(2, "%s\n", sentence);
}

/* Everything that `civicwire journal verify` looks at; from another process, as files that are closed
 * here would drop the writer's locks. */
static void check_whole(const struct store *store)
{
	struct journal_verify_sink sink = {.finding = on_finding};
	struct journal_verdict verdict = {.damage = 0};
	struct error error = {0};
	int status;

	fflush(NULL);
	pid_t pid = fork();
	assert_true(pid >= 0);
	if (!pid) {
		if (journal_verify(store->path, &sink, &verdict, &error) < 0)
			dprintf(2, "%s\n", error.text);
		_exit(error.code || verdict.damage || !verdict.readable);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status) && !WEXITSTATUS(status));
}

static void report(const char *what, const struct shared *s)
{
	print_message(
		"%s: %llu events written, %llu slices, %llu events read, log at most %.1f MiB\n",
		what, (unsigned long long)s->head, (unsigned long long)s->slices,
		(unsigned long long)s->events, (double)s->log_max / 1048576);
	if (s->errors || s->behind)
		fail_msg("%llu errors (%s), %llu times behind", (unsigned long long)s->errors,
			s->error, (unsigned long long)s->behind);
}

static void beside(struct store *store, bool confined)
{
	struct shared *shared = shared_new();

	reopen(store);
	write_some(store, 0);
	atomic_store(&shared->head, journal_head(store->journal));
	pid_t bus = start_bus(store, shared, confined ? "confined" : "free");
	write_on(store, shared, clock_monotonic_us() + part_us());
	end_bus(shared, bus);
	report(confined ? "confined" : "not confined", shared);
	assert_true(shared->events > 0);
	check_whole(store);
	shared_free(shared);
}

static void readers_see_all(void **state)
{
	beside(*state, true);
}

/* The same readers, with marks of their own: what the figures above are compared with. */
static void others_see_all(void **state)
{
	beside(*state, false);
}

/* The bus is killed in the middle of a slice, again and again. */
static void bus_comes_and_goes(void **state)
{
	struct store *store = *state;
	struct shared *shared = shared_new();
	int64_t until_us = clock_monotonic_us() + part_us();

	reopen(store);
	write_some(store, 0);
	for (int i = 0; i < 4 || clock_monotonic_us() < until_us; i++) {
		atomic_store(&shared->head, journal_head(store->journal));
		pid_t bus = start_bus(store, shared, "confined");
		write_on(store, shared, clock_monotonic_us() + (20 + i % 10 * 20) * MSEC_US);
		kill(bus, SIGKILL);
		assert_int_equal(waitpid(bus, NULL, 0), bus);
	}
	report("killed buses", shared);
	check_whole(store);
	shared_free(shared);
}

/* The writer is killed while a bus reads, which lives on beside the next one: an orphan may. What it is
 * told meanwhile is of no importance; that the journal stays right is. */
static void writer_comes_and_goes(void **state)
{
	struct store *store = *state;
	struct shared *shared = shared_new();
	int64_t until_us = clock_monotonic_us() + part_us();
	uint64_t last = 0;

	write_some(store, 0);
	atomic_store(&shared->head, journal_head(store->journal));
	store_close(store);
	for (int i = 0; i < 4 || clock_monotonic_us() < until_us; i++) {
		fflush(NULL);
		pid_t writer = fork();
		assert_true(writer >= 0);
		if (!writer) {
			store->settings.keep_us = DAY_US;
			store_open(store);
			write_on(store, shared, INT64_MAX);
		}
		while (atomic_load(&shared->head) == last)
			usleep(1000);
		last = atomic_load(&shared->head);
		pid_t bus = start_bus(store, shared, "confined");
		usleep((useconds_t)(20 + i % 10 * 15) * 1000);
		kill(writer, SIGKILL);
		assert_int_equal(waitpid(writer, NULL, 0), writer);
		last = atomic_load(&shared->head);
		store_open(store); /* with the orphan there */
		assert_null(store->notice);
		assert_true(journal_head(store->journal) >= last);
		check_whole(store);
		store_close(store);
		kill(bus, SIGKILL);
		assert_int_equal(waitpid(bus, NULL, 0), bus);
	}
	store_open(store);
	check_whole(store);
	print_message("killed writers: %llu events, last words of the readers: %s\n",
		(unsigned long long)last, shared->errors ? shared->error : "none");
	shared_free(shared);
}

/* A bus that is there before any writer reads what there is; it goes on when one comes. */
static void before_the_writer(void **state)
{
	struct store *store = *state;
	struct shared *shared = shared_new();

	write_some(store, 3);
	atomic_store(&shared->head, journal_head(store->journal));
	store_close(store);
	pid_t bus = start_bus(store, shared, "confined");
	while (!atomic_load(&shared->slices) && !atomic_load(&shared->errors))
		usleep(1000);
	store->settings.keep_us = DAY_US;
	store_open(store);
	write_on(store, shared, clock_monotonic_us() + 300 * MSEC_US);
	uint64_t events = atomic_load(&shared->events);
	while (atomic_load(&shared->events) == events && !atomic_load(&shared->errors))
		usleep(1000);
	end_bus(shared, bus);
	report("before the writer", shared);
	check_whole(store);
	shared_free(shared);
}

/* The header of -shm stands there twice: 48 bytes each. */
#define SHM_SECOND_HEADER 48

static int ask_meanwhile(const char *path, struct shared *shared)
{
	struct journal_reader *reader;
	struct journal_extent extent;
	struct error error = {0};

	if (journal_reader_open(&reader, path, &error) < 0 ||
		journal_extent(reader, &extent, &error) < 0)
		return 1;
	atomic_store(&shared->slices, 1);
	while (!atomic_load(&shared->end))
		usleep(100);
	atomic_store(&shared->slices, 2);
	int r = journal_extent(reader, &extent, &error);
	journal_reader_close(reader);
	if (r < 0)
		dprintf(2, "%s\n", error.text);
	return r < 0 || extent.head != 1 ? 2 : 0;
}

/* What a reader sees that comes between the two halves of the writer's header, held on for long enough. */
static void half_a_header(void **state)
{
	struct store *store = *state;
	struct shared *shared = shared_new();
	char path[128];
	int status;

	store_commit_one(store, 1000);
	snprintf(path, sizeof path, "%s-shm", store->path);
	/* In a process that has no locks to lose by closing it. */
	fflush(NULL);
	pid_t tearer = fork();
	if (!tearer) {
		int fd = open(path, O_RDWR | O_CLOEXEC);
		unsigned char *index = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
		while (atomic_load(&shared->slices) < 1)
			usleep(100);
		index[SHM_SECOND_HEADER + 16] ^= 1;
		atomic_store(&shared->end, true);
		while (atomic_load(&shared->slices) < 2)
			usleep(100);
		usleep(20000);
		index[SHM_SECOND_HEADER + 16] ^= 1;
		_exit(0);
	}
	pid_t bus = start_bus(store, shared, "meanwhile");
	assert_int_equal(waitpid(bus, &status, 0), bus);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
	assert_int_equal(waitpid(tearer, NULL, 0), tearer);
	shared_free(shared);
}

#define IN_A_STORE(test) cmocka_unit_test_setup_teardown(test, store_setup, store_teardown)

static int be_bus(char **argv)
{
	struct confine_need need = {.journal = argv[2]};
	struct shared *shared = mmap(NULL, sizeof *shared, PROT_READ | PROT_WRITE, MAP_SHARED,
		(int)strtol(argv[3], NULL, 10), 0);

	if (shared == MAP_FAILED)
		return 8;
	if (strcmp(argv[1], "free") != 0)
		confine(&need);
	if (!strcmp(argv[1], "meanwhile"))
		return ask_meanwhile(argv[2], shared);
	return read_as_bus(argv[2], shared);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		IN_A_STORE(half_a_header),
		IN_A_STORE(readers_see_all),
		IN_A_STORE(others_see_all),
		IN_A_STORE(bus_comes_and_goes),
		IN_A_STORE(writer_comes_and_goes),
		IN_A_STORE(before_the_writer),
	};

	log_init("confine-test", LOG_LEVEL_WARNING);
	if (argc == 4)
		return be_bus(argv);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
