/* seccomp: which system calls the bus can make.
 *
 * A list of what is allowed, for what the kernel will learn next nobody here can forbid. What is not on
 * it fails with ENOSYS, as on a kernel that does not have it: libc and libraries have their ways
 * around that, as they must run on such kernels. Killing instead would end the service of all
 * subscribers the day a library tries something new; failing costs whoever tried it one call, and a
 * program that is not in our hands any more gets no further either way. What exists everywhere, so
 * that ENOSYS would be no answer that anybody expects, fails with EACCES.
 *
 * Arguments that are pointers cannot be looked at. So connect() is refused whole, clone3() too (libc
 * then uses clone(), whose flags are a number), and what opens a socket or a file is judged there.
 *
 * Calls that carry the load (send, receive, poll, read, futex) are allowed without a look at arguments
 * but for sendto() and sendmsg(), which with MSG_FASTOPEN are a connect(). */
#include "bus/confine.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/netlink.h>
#include <linux/seccomp.h>
#include <netinet/in.h>
#include <sched.h>
#include <seccomp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#ifndef PR_SET_VMA
#define PR_SET_VMA 0x53564d41 /* libc names its memory with it */
#endif

/* Of socket()'s type, without the flags above it. */
#define SOCKET_TYPE_MASK 0xF

/* Sanitizers look into their process from another one, and know no libc. */
#if defined __SANITIZE_ADDRESS__ || defined __SANITIZE_THREAD__
#define HAS_SANITIZER 1
#else
#define HAS_SANITIZER 0
#endif

/* Names that this machine or this libseccomp does not know are passed over. */
static const char *const allowed[] = {
	/* descriptors */
	"read", "readv", "pread64", "preadv", "write", "writev", "close", "close_range", "dup",
	"dup2", "dup3", "lseek", "_llseek", "fstat", "fstat64", "fstatfs", "fstatfs64",
	"newfstatat", "fstatat64", "stat", "stat64", "lstat", "lstat64", "statx", "access",
	"faccessat", "faccessat2", "readlink", "readlinkat", "getcwd",
	/* waiting */
	"poll", "ppoll", "ppoll_time64", "select", "_newselect", "pselect6", "pselect6_time64",
	"epoll_create", "epoll_create1", "epoll_ctl", "epoll_wait", "epoll_pwait", "epoll_pwait2",
	"eventfd", "eventfd2", "pipe", "pipe2", "signalfd", "signalfd4", "timerfd_create",
	"timerfd_settime", "timerfd_gettime", "timerfd_settime64", "timerfd_gettime64", "nanosleep",
	"clock_nanosleep", "clock_nanosleep_time64", "pause", "alarm", "setitimer", "getitimer",
	"restart_syscall",
	/* sockets that are there */
	"bind", "listen", "accept", "accept4", "getsockname", "getpeername", "getsockopt",
	"setsockopt", "shutdown", "recvfrom", "recvmsg", "recv",
	/* memory */
	"brk", "munmap", "mremap", "madvise",
	/* threads */
	"futex", "futex_time64", "futex_waitv", "set_robust_list", "get_robust_list", "rseq",
	"membarrier", "set_tid_address", "sched_yield", "sched_getaffinity", "sched_getparam",
	"sched_getscheduler", "sched_get_priority_max", "sched_get_priority_min", "getcpu", "exit",
	"exit_group",
	/* signals to itself */
	"rt_sigaction", "rt_sigprocmask", "rt_sigreturn", "sigreturn", "rt_sigpending",
	"rt_sigtimedwait", "rt_sigtimedwait_time64", "rt_sigsuspend", "sigaltstack",
	/* asking */
	"getpid", "getppid", "gettid", "getuid", "geteuid", "getgid", "getegid", "getuid32",
	"geteuid32", "getgid32", "getegid32", "getresuid", "getresgid", "getresuid32",
	"getresgid32", "getpgrp", "getpgid", "getsid", "getgroups", "getgroups32", "uname",
	"sysinfo", "getrusage", "times", "getrandom", "clock_gettime", "clock_gettime64",
	"clock_getres", "clock_getres_time64", "gettimeofday", "time", "getrlimit", "ugetrlimit",
	"setrlimit", "capget",
	/* less still */
	"seccomp"};

static const char *const allowed_to_sanitizers[] = {"mmap2", "mmap", "mprotect", "clone", "vfork",
	"fork", "wait4", "waitid", "ptrace", "prctl", "getdents", "getdents64", "kill", "tkill",
	"tgkill", "fcntl", "sched_setaffinity", "personality", "process_vm_readv"};

/* Refused by the name that everybody knows them by. */
static const char *const refused[] = {"renameat2", "connect", "execve", "execveat", "unlink",
	"unlinkat", "rename", "renameat", "link", "linkat", "symlink", "symlinkat", "mkdir",
	"mkdirat", "rmdir", "mknod", "mknodat", "chmod", "fchmod", "fchmodat", "chown", "fchown",
	"fchownat", "lchown", "truncate", "ftruncate", "fallocate", "creat", "pwrite64", "pwritev",
	"pwritev2", "sendfile", "splice", "copy_file_range", "utimensat", "setxattr", "chdir",
	"chroot", "mount", "umount2", "pivot_root", "unshare", "setns", "setuid", "setgid",
	"setresuid", "setresgid", "setgroups", "capset", "bpf", "perf_event_open", "userfaultfd",
	"keyctl", "add_key", "request_key", "init_module", "finit_module", "kexec_load", "reboot",
	"swapon", "quotactl", "shmget", "shmat", "msgget", "semget", "mq_open", "memfd_create",
	"inotify_init1", "fanotify_init", "open_by_handle_at"};

/* Refused besides, once it serves. */
static const char *const sealed[] = {
	"socket", "socketpair", "bind", "listen", "open", "openat", "setrlimit", "seccomp"};

static int add_named(scmp_filter_ctx filter, uint32_t action, const char *const names[], size_t n)
{
	for (size_t i = 0; i < n; i++) {
		int call = seccomp_syscall_resolve_name(names[i]);
		int r = call == __NR_SCMP_ERROR ? 0 : seccomp_rule_add(filter, action, call, 0);
		/* -EDOM: there is no such call on this machine. */
		if (r < 0 && r != -EDOM)
			return r;
	}
	return 0;
}

/* libseccomp's own macros for these leave a member out, which clang takes for a mistake. */
static struct scmp_arg_cmp argument_is(unsigned argument, uint64_t value)
{
	return (struct scmp_arg_cmp){.arg = argument, .op = SCMP_CMP_EQ, .datum_a = value};
}

static struct scmp_arg_cmp argument_has(unsigned argument, uint64_t mask, uint64_t bits)
{
	return (struct scmp_arg_cmp){
		.arg = argument, .op = SCMP_CMP_MASKED_EQ, .datum_a = mask, .datum_b = bits};
}

/* One rule of several comparisons, all of which must hold. */
static int add_if(scmp_filter_ctx filter, uint32_t action, int call,
	const struct scmp_arg_cmp tests[], unsigned n)
{
	int r = seccomp_rule_add_array(filter, action, call, n, tests);

	return r == -EDOM ? 0 : r;
}

static int allow_value(scmp_filter_ctx filter, int call, unsigned argument, uint64_t value)
{
	const struct scmp_arg_cmp test = argument_is(argument, value);

	return add_if(filter, SCMP_ACT_ALLOW, call, &test, 1);
}

static int allow_values(
	scmp_filter_ctx filter, int call, unsigned argument, const uint64_t values[], size_t n)
{
	int r = 0;

	for (size_t i = 0; i < n && r >= 0; i++)
		r = allow_value(filter, call, argument, values[i]);
	return r;
}

static int allow_without(scmp_filter_ctx filter, int call, unsigned argument, uint64_t flags)
{
	const struct scmp_arg_cmp test = argument_has(argument, flags, 0);

	return add_if(filter, SCMP_ACT_ALLOW, call, &test, 1);
}

static int refuse_with(scmp_filter_ctx filter, int call, unsigned argument, uint64_t flag)
{
	const struct scmp_arg_cmp test = argument_has(argument, flag, flag);

	return add_if(filter, SCMP_ACT_ERRNO(EACCES), call, &test, 1);
}

/* Opening to read, where `argument` is the flags. A file can be made or emptied by opening it to
 * read, too. */
static int allow_open(scmp_filter_ctx filter, int call, unsigned argument)
{
	static const uint64_t writing[] = {O_WRONLY, O_RDWR, O_CREAT, O_TRUNC};
	uint64_t all = 0;
	int r = 0;

	for (size_t i = 0; i < sizeof writing / sizeof *writing && r >= 0; i++) {
		r = refuse_with(filter, call, argument, writing[i]);
		all |= writing[i];
	}
	return r < 0 ? r : allow_without(filter, call, argument, all);
}

static int allow_socket(scmp_filter_ctx filter, int domain, int type, int protocol)
{
	const struct scmp_arg_cmp tests[] = {
		argument_is(0, (uint64_t)domain),
		argument_has(1, SOCKET_TYPE_MASK, (uint64_t)type),
		argument_is(2, (uint64_t)protocol),
	};

	return add_if(filter, SCMP_ACT_ALLOW, SCMP_SYS(socket), tests, 3);
}

/* TCP to listen on, Unix for ipc and the log, and what lists this machine's addresses (libzmq asks
 * for them when it binds one). */
static int allow_sockets(scmp_filter_ctx filter)
{
	static const struct {
		int domain, type, protocol;
	} kinds[] = {
		{AF_INET, SOCK_STREAM, 0},
		{AF_INET, SOCK_STREAM, IPPROTO_TCP},
		{AF_INET6, SOCK_STREAM, 0},
		{AF_INET6, SOCK_STREAM, IPPROTO_TCP},
		{AF_UNIX, SOCK_STREAM, 0},
		{AF_UNIX, SOCK_DGRAM, 0},
		{AF_NETLINK, SOCK_RAW, NETLINK_ROUTE},
		{AF_NETLINK, SOCK_DGRAM, NETLINK_ROUTE},
	};
	int r = allow_value(filter, SCMP_SYS(socketpair), 0, AF_UNIX);

	for (size_t i = 0; i < sizeof kinds / sizeof *kinds && r >= 0; i++)
		r = allow_socket(filter, kinds[i].domain, kinds[i].type, kinds[i].protocol);
	if (r >= 0)
		r = allow_without(filter, SCMP_SYS(sendto), 3, MSG_FASTOPEN);
	if (r >= 0)
		r = allow_without(filter, SCMP_SYS(sendmsg), 2, MSG_FASTOPEN);
	return r;
}

/* Nothing becomes executable; no process but threads of this one. */
static int allow_memory_and_threads(scmp_filter_ctx filter)
{
	const uint64_t prctls[] = {PR_SET_NAME, PR_GET_NAME, PR_SET_VMA, PR_CAPBSET_READ};
	const struct scmp_arg_cmp thread = argument_has(0, CLONE_THREAD, CLONE_THREAD);
	const struct scmp_arg_cmp process = argument_has(0, CLONE_THREAD, 0);
	int r = allow_without(filter, SCMP_SYS(mmap), 2, PROT_EXEC);

	if (r >= 0)
		r = allow_without(filter, SCMP_SYS(mmap2), 2, PROT_EXEC);
	if (r >= 0)
		r = allow_without(filter, SCMP_SYS(mprotect), 2, PROT_EXEC);
	if (r >= 0)
		r = add_if(filter, SCMP_ACT_ALLOW, SCMP_SYS(clone), &thread, 1);
	if (r >= 0 && !HAS_SANITIZER)
		r = add_if(filter, SCMP_ACT_ERRNO(EACCES), SCMP_SYS(clone), &process, 1);
	if (r >= 0)
		r = allow_values(
			filter, SCMP_SYS(prctl), 0, prctls, sizeof prctls / sizeof *prctls);
	return r;
}

/* libzmq sets the policy that it found, for each thread, and gives up if it may not. */
static int allow_of_itself(scmp_filter_ctx filter)
{
	const uint64_t self = (uint64_t)getpid();
	int policy = sched_getscheduler(0);
	int r = allow_value(filter, SCMP_SYS(kill), 0, self);

	if (r >= 0)
		r = allow_value(filter, SCMP_SYS(tgkill), 0, self);
	if (r >= 0)
		r = allow_value(filter, SCMP_SYS(prlimit64), 0, 0);
	if (r >= 0 && policy >= 0)
		r = allow_value(filter, SCMP_SYS(sched_setscheduler), 1, (uint64_t)policy);
	return r;
}

/* Not F_SETOWN, which has signals sent, and not TIOCSTI, which types on the terminal of a log. */
static int allow_controls(scmp_filter_ctx filter)
{
	static const uint64_t fcntls[] = {F_DUPFD, F_GETFD, F_SETFD, F_GETFL, F_SETFL, F_GETLK,
		F_SETLK, F_SETLKW, F_OFD_GETLK, F_OFD_SETLK, F_OFD_SETLKW, F_DUPFD_CLOEXEC,
		12 /* F_GETLK64 */, 13 /* F_SETLK64 */, 14 /* F_SETLKW64: of 32-bit machines */};
	static const uint64_t ioctls[] = {TCGETS, FIONREAD, FIONBIO};
	const size_t n = sizeof fcntls / sizeof *fcntls;
	int r = 0;

	for (size_t i = 0; i < n && r >= 0; i++) {
		r = allow_value(filter, SCMP_SYS(fcntl), 1, fcntls[i]);
		if (r >= 0)
			r = allow_value(filter, SCMP_SYS(fcntl64), 1, fcntls[i]);
	}
	if (r >= 0)
		r = allow_values(
			filter, SCMP_SYS(ioctl), 1, ioctls, sizeof ioctls / sizeof *ioctls);
	return r;
}

static int fill(scmp_filter_ctx filter)
{
	int r = add_named(filter, SCMP_ACT_ALLOW, allowed, sizeof allowed / sizeof *allowed);

	if (r >= 0 && HAS_SANITIZER)
		r = add_named(filter, SCMP_ACT_ALLOW, allowed_to_sanitizers,
			sizeof allowed_to_sanitizers / sizeof *allowed_to_sanitizers);
	if (r >= 0)
		r = add_named(
			filter, SCMP_ACT_ERRNO(EACCES), refused, sizeof refused / sizeof *refused);
	if (r >= 0)
		r = allow_open(filter, SCMP_SYS(openat), 2);
	if (r >= 0)
		r = allow_open(filter, SCMP_SYS(open), 1);
	if (r >= 0)
		r = allow_sockets(filter);
	if (r >= 0)
		r = allow_memory_and_threads(filter);
	if (r >= 0)
		r = allow_of_itself(filter);
	return r < 0 ? r : allow_controls(filter);
}

/* Has the kernel the call by which filters are loaded (Linux 3.17)? valgrind has not: libseccomp would
 * load by prctl() instead, and valgrind's own calls would be refused. */
static bool has_filters(void)
{
	uint32_t action = SCMP_ACT_ALLOW;

	return syscall(SYS_seccomp, SECCOMP_GET_ACTION_AVAIL, 0, &action) == 0 || errno != ENOSYS;
}

/* 1; 0: this kernel has no filters; -errno. */
static int load(scmp_filter_ctx filter, struct error *error)
{
	/* confine() has set it, and says if it could not. */
	int r = seccomp_attr_set(filter, SCMP_FLTATR_CTL_NNP, 0);

	if (!has_filters())
		return 0;
	/* A tree and not a list: what is asked first is not always what is called most. */
	if (r >= 0)
		(void)seccomp_attr_set(filter, SCMP_FLTATR_CTL_OPTIMIZE, 2);
	if (r >= 0)
		r = seccomp_load(filter);
	if (r == -ENOSYS || r == -EINVAL)
		return 0;
	return r < 0 ? error_errno(error, -r, "loading the filter") : 1;
}

int confine_calls(struct error *error)
{
	scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ERRNO(ENOSYS));

	if (!filter)
		return error_set(error, ENOMEM, "no memory for the filter");
	int r = fill(filter);
	r = r < 0 ? error_errno(error, -r, "making the filter") : load(filter, error);
	seccomp_release(filter);
	return r;
}

int confine_calls_seal(struct error *error)
{
	scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ALLOW);
	size_t n = sizeof sealed / sizeof *sealed;

	if (!filter)
		return error_set(error, ENOMEM, "no memory for the filter");
	int r = HAS_SANITIZER ? add_named(filter, SCMP_ACT_ERRNO(EACCES), sealed, 4)
			      : add_named(filter, SCMP_ACT_ERRNO(EACCES), sealed, n);
	if (r >= 0) /* of all threads: some are there by now */
		r = seccomp_attr_set(filter, SCMP_FLTATR_CTL_TSYNC, 1);
	r = r < 0 ? error_errno(error, -r, "making the filter") : load(filter, error);
	seccomp_release(filter);
	return r;
}
