/* Landlock: which files, ports and processes the bus can reach. By raw system calls, for libc has no
 * wrappers; rights that a header is too old for are numbers of the kernel's ABI, and stand here.
 *
 * The journal. What a rule allows is reading three files, by their inodes: the database, its -wal and
 * its -shm. SQLite asks for -wal and -shm to write at first and takes them to read when refused. Such a
 * reader is a whole one: it locks what it reads (a lock for reading needs a descriptor for reading
 * only), so no checkpoint overwrites what it looks at. What it cannot do is set a mark of its own: it
 * takes the highest mark there is that is not beyond the newest commit. The writer sets one with
 * each of its transactions, so a checkpoint is held back by one commit more than otherwise. Nor can it
 * rebuild an index of the log that it finds broken; the writer does, and it waits
 * (statement.c). The writer opens first and keeps the files for its life, so the three are there.
 *
 * Endpoints by ipc. Making a socket in its folder is allowed, removing one is not: rights are of
 * folders, and who can remove a file of the journal's folder can remove the journal. So the daemon
 * removes what an earlier bus left (child.c). */
#include "bus/confine.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/landlock.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/cleanup.h"

/* ABI 3, Linux 6.2 */
#define ACCESS_FS_TRUNCATE (UINT64_C(1) << 14)
/* ABI 4, Linux 6.7 */
#define ACCESS_NET_BIND_TCP    (UINT64_C(1) << 0)
#define ACCESS_NET_CONNECT_TCP (UINT64_C(1) << 1)
#define RULE_NET_PORT          2
/* ABI 5, Linux 6.10 */
#define ACCESS_FS_IOCTL_DEV (UINT64_C(1) << 15)
/* ABI 6, Linux 6.12 */
#define SCOPE_ABSTRACT_UNIX_SOCKET (UINT64_C(1) << 0)
#define SCOPE_SIGNAL               (UINT64_C(1) << 1)

/* The rights of ABI 1: all of its bits up to this one. */
#define ACCESS_FS_FIRST ((LANDLOCK_ACCESS_FS_MAKE_SYM << 1) - 1)

/* As ABI 6 has it; an older kernel is told less of it, by its size. */
struct ruleset {
	uint64_t handled_fs, handled_net, scoped;
};

struct net_port {
	uint64_t allowed, port;
};

static int make_ruleset(int abi, uint64_t *ret_layers)
{
	struct ruleset rules = {.handled_fs = ACCESS_FS_FIRST};
	size_t size = sizeof rules.handled_fs;

	*ret_layers = CONFINED_FILES;
	if (abi >= 2)
		rules.handled_fs |= LANDLOCK_ACCESS_FS_REFER;
	if (abi >= 3)
		rules.handled_fs |= ACCESS_FS_TRUNCATE;
	if (abi >= 4) {
		rules.handled_net = ACCESS_NET_BIND_TCP | ACCESS_NET_CONNECT_TCP;
		size += sizeof rules.handled_net;
		*ret_layers |= CONFINED_PORTS;
	}
	if (abi >= 5)
		rules.handled_fs |= ACCESS_FS_IOCTL_DEV;
	if (abi >= 6) {
		rules.scoped = SCOPE_ABSTRACT_UNIX_SOCKET | SCOPE_SIGNAL;
		size += sizeof rules.scoped;
		*ret_layers |= CONFINED_SIGNALS;
	}
	return (int)syscall(SYS_landlock_create_ruleset, &rules, size, 0);
}

/* What is not there needs no right. */
static int allow_path(int ruleset, const char *path, uint64_t allowed)
{
	cleanup(close_p) int fd = open(path, O_PATH | O_CLOEXEC);
	struct landlock_path_beneath_attr beneath = {.allowed_access = allowed, .parent_fd = fd};

	if (fd < 0)
		return 0;
	return (int)syscall(
		SYS_landlock_add_rule, ruleset, LANDLOCK_RULE_PATH_BENEATH, &beneath, 0);
}

/* SQLite follows the link that a path may be, and finds -wal and -shm beside the file itself. */
static int allow_journal(int ruleset, const char *path)
{
	static const char *const suffixes[] = {"", "-wal", "-shm"};
	cleanup(free_p) char *real = realpath(path, NULL);
	int r = 0;

	for (size_t i = 0; real && i < sizeof suffixes / sizeof *suffixes && r >= 0; i++) {
		cleanup(free_p) char *file = mem_printf("%s%s", real, suffixes[i]);
		r = allow_path(ruleset, file, LANDLOCK_ACCESS_FS_READ_FILE);
	}
	return r;
}

static int allow_bind(int ruleset, const char *endpoint, bool by_port)
{
	struct str folder = confine_folder(endpoint);
	int port = confine_port(endpoint);

	if (folder.n) {
		cleanup(free_p) char *path = mem_strndup(folder.p, folder.n);
		return allow_path(ruleset, path, LANDLOCK_ACCESS_FS_MAKE_SOCK);
	}
	if (port < 0 || !by_port)
		return 0;
	const struct net_port rule = {ACCESS_NET_BIND_TCP, (uint64_t)port};
	return (int)syscall(SYS_landlock_add_rule, ruleset, RULE_NET_PORT, &rule, 0);
}

/* The sanitizers read of their own process, and the names of what is in its stacks. */
static int allow_tools(int ruleset)
{
	int r = 0;

#if defined __SANITIZE_ADDRESS__ || defined __SANITIZE_THREAD__
	static const char *const folders[] = {"/proc", "/usr", "/lib", "/lib64"};
	const uint64_t reading = LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR |
				 LANDLOCK_ACCESS_FS_EXECUTE;
	for (size_t i = 0; i < sizeof folders / sizeof *folders && r >= 0; i++)
		r = allow_path(ruleset, folders[i], reading);
#else
	(void)ruleset;
#endif
	return r;
}

int confine_files(const struct confine_need *need, uint64_t *ret_layers, struct error *error)
{
	int abi =
		(int)syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);
	uint64_t layers = 0;

	if (abi < 1)
		return 0; /* not built in, or not turned on at boot */
	cleanup(close_p) int ruleset = make_ruleset(abi, &layers);
	if (ruleset < 0)
		return error_errno(error, errno, "making a ruleset");
	int r = allow_journal(ruleset, need->journal);
	for (size_t i = 0; i < need->n_binds && r >= 0; i++)
		r = allow_bind(ruleset, need->binds[i], layers & CONFINED_PORTS);
	if (r >= 0)
		r = allow_tools(ruleset);
	if (r >= 0)
		r = (int)syscall(SYS_landlock_restrict_self, ruleset, 0);
	if (r < 0)
		return error_errno(error, errno, "making its rules");
	*ret_layers = layers;
	return 1;
}
