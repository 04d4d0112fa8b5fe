/* A machine that fails on request: preloaded into civicwired, it makes reads, writes and syncs of the
 * journal's files fail, and turns the wall clock. Steered while the process runs through a small mapped file beside
 * it, `….control`: the bus is started with few words of environment, of which LD_PRELOAD is one.
 * breakers.py writes that file and knows its layout.
 *
 * With `shadow` on, each of the two files has a copy beside it, `….durable`, that gets what was written
 * only when a sync of the file has come back well. A sync that fails drops what it was about for good,
 * as Linux does: the pages stay readable and count as clean, so the next sync says nothing of them. The
 * copies are what a power cut leaves behind at its worst.
 *
 * The bus gets the turned clock and the reads that fail: it writes none of these files.
 *
 * Everything here is built with 64-bit offsets, under which libc's plain names mean open64() and the
 * like: those are the symbols that it takes the place of, and that SQLite uses. */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

/* As breakers.py writes it. */
struct faults {
	_Atomic int64_t clock_us;     /* added to the wall clock */
	_Atomic uint32_t write_every; /* each n-th write fails; 0: none */
	_Atomic uint32_t write_error; /* with this errno; 0: it writes the first half and says so */
	_Atomic uint32_t sync_every;
	_Atomic uint32_t sync_error;
	_Atomic uint32_t shadow;
	_Atomic uint32_t read_every;
	_Atomic uint64_t writes, syncs, failed_writes, failed_syncs, reads, failed_reads;
};

/* Which file a descriptor is. Descriptors beyond are of no interest: the journal is opened early. */
enum kind { NONE, STORE, LOG, KINDS };
#define DESCRIPTORS 1024

struct change {
	int64_t offset;
	size_t n;
	char *bytes; /* NULL: the file was cut off at `offset` */
};

struct durable {
	int fd; /* of the copy; -1: none */
	struct change *pending;
	size_t n, cap;
};

static struct faults nothing, *faults = &nothing;
static _Atomic unsigned char kinds[DESCRIPTORS];
static struct durable durables[KINDS] = {{.fd = -1}, {.fd = -1}, {.fd = -1}};
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static bool is_bus;

#define REAL(name, ...) ((__typeof__(&name))real(#name))(__VA_ARGS__)

static void *real(const char *name)
{
	void *function = dlsym(RTLD_NEXT, name);

	if (!function)
		abort();
	return function;
}

__attribute__((constructor)) static void begin(void)
{
	char line[4096] = "", path[4096];
	Dl_info self;
	int fd = REAL(open, "/proc/self/cmdline", O_RDONLY | O_CLOEXEC);

	if (fd >= 0) {
		ssize_t n = read(fd, line, sizeof line - 1);
		for (ssize_t i = 0; i < n; i += (ssize_t)strlen(line + i) + 1)
			is_bus = is_bus || !strcmp(line + i, "--bus");
		close(fd);
	}
	if (!dladdr(&nothing, &self))
		return;
	snprintf(path, sizeof path, "%s.control", self.dli_fname);
	fd = REAL(open, path, O_RDWR | O_CLOEXEC);
	if (fd < 0)
		return;
	void *map = mmap(NULL, sizeof *faults, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (map != MAP_FAILED)
		faults = map;
	close(fd);
}

/* ---- the clock ---- */

int clock_gettime(clockid_t id, struct timespec *ret)
{
	int r = REAL(clock_gettime, id, ret);
	int64_t by_us = atomic_load(&faults->clock_us);

	if (r == 0 && by_us && (id == CLOCK_REALTIME || id == CLOCK_REALTIME_COARSE)) {
		int64_t ns = ret->tv_nsec + by_us % 1000000 * 1000;
		ret->tv_sec += by_us / 1000000 + (ns < 0 ? -1 : ns / 1000000000);
		ret->tv_nsec = ns < 0 ? ns + 1000000000 : ns % 1000000000;
	}
	return r;
}

int gettimeofday(struct timeval *restrict ret, void *restrict zone)
{
	struct timespec now;

	(void)zone;
	clock_gettime(CLOCK_REALTIME, &now);
	*ret = (struct timeval){now.tv_sec, now.tv_nsec / 1000};
	return 0;
}

time_t time(time_t *ret)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	if (ret)
		*ret = now.tv_sec;
	return now.tv_sec;
}

/* ---- the journal's files ---- */

static bool ends(const char *path, const char *with)
{
	size_t n = strlen(path), k = strlen(with);

	return n >= k && !strcmp(path + n - k, with);
}

static enum kind kind_of(int fd)
{
	return fd >= 0 && fd < DESCRIPTORS ? (enum kind)atomic_load(&kinds[fd]) : NONE;
}

/* What is in the file now counts as durable. */
static void begin_shadow(const char *path, enum kind kind)
{
	struct durable *durable = &durables[kind];
	char to[4096], chunk[65536];
	ssize_t n;
	off_t at = 0;
	int from = REAL(open, path, O_RDONLY | O_CLOEXEC);

	snprintf(to, sizeof to, "%s.durable", path);
	durable->fd = REAL(open, to, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	if (from < 0 || durable->fd < 0)
		abort();
	for (; (n = pread(from, chunk, sizeof chunk, at)) > 0; at += n)
		if (REAL(pwrite, durable->fd, chunk, (size_t)n, at) != n)
			abort();
	close(from);
}

static void opened(int fd, const char *path, int flags)
{
	enum kind kind = ends(path, "/journal.db")       ? STORE
			 : ends(path, "/journal.db-wal") ? LOG
							 : NONE;

	if (fd < 0 || fd >= DESCRIPTORS || kind == NONE)
		return;
	pthread_mutex_lock(&lock);
	if (atomic_load(&faults->shadow) && !is_bus && flags & O_RDWR && durables[kind].fd < 0)
		begin_shadow(path, kind);
	pthread_mutex_unlock(&lock);
	atomic_store(&kinds[fd], (unsigned char)kind);
}

static mode_t mode_argument(int flags, va_list arguments)
{
	return flags & (O_CREAT | O_TMPFILE) ? va_arg(arguments, mode_t) : 0;
}

int open(const char *path, int flags, ...)
{
	va_list arguments;

	va_start(arguments, flags);
	int fd = REAL(open, path, flags, mode_argument(flags, arguments));
	va_end(arguments);
	opened(fd, path, flags);
	return fd;
}

int close(int fd)
{
	if (fd >= 0 && fd < DESCRIPTORS)
		atomic_store(&kinds[fd], NONE);
	return REAL(close, fd);
}

static void note(enum kind kind, int64_t offset, const void *bytes, size_t n)
{
	struct durable *durable = &durables[kind];

	if (durable->fd < 0)
		return;
	pthread_mutex_lock(&lock);
	if (durable->n == durable->cap) {
		durable->cap = durable->cap ? 2 * durable->cap : 64;
		durable->pending =
			reallocarray(durable->pending, durable->cap, sizeof *durable->pending);
		if (!durable->pending)
			abort();
	}
	struct change change = {offset, n, NULL};
	if (bytes) {
		change.bytes = malloc(n ? n : 1);
		if (!change.bytes)
			abort();
		memcpy(change.bytes, bytes, n);
	}
	durable->pending[durable->n++] = change;
	pthread_mutex_unlock(&lock);
}

/* After a sync: what waited for it is in the copy now, or lost. */
static void settle(enum kind kind, bool is_well)
{
	struct durable *durable = &durables[kind];

	if (durable->fd < 0)
		return;
	pthread_mutex_lock(&lock);
	for (size_t i = 0; i < durable->n; i++) {
		struct change *c = &durable->pending[i];
		if (is_well && !c->bytes && ftruncate(durable->fd, c->offset) < 0)
			abort();
		if (is_well && c->bytes &&
			REAL(pwrite, durable->fd, c->bytes, c->n, c->offset) != (ssize_t)c->n)
			abort();
		free(c->bytes);
	}
	durable->n = 0;
	pthread_mutex_unlock(&lock);
}

static bool is_due(_Atomic uint64_t *calls, _Atomic uint32_t *every)
{
	uint64_t n = atomic_fetch_add(calls, 1) + 1;
	uint32_t each = atomic_load(every);

	return each && n % each == 0;
}

/* 0: write `n` bytes; > 0: write so many instead; < 0: fail, errno is set. */
static ssize_t fault_of_write(size_t n)
{
	if (!is_due(&faults->writes, &faults->write_every))
		return 0;
	int error = (int)atomic_load(&faults->write_error);
	if (!error && n < 2)
		return 0;
	atomic_fetch_add(&faults->failed_writes, 1);
	errno = error;
	return error ? -1 : (ssize_t)(n / 2);
}

ssize_t pread(int fd, void *bytes, size_t n, off_t offset)
{
	if (kind_of(fd) != NONE && is_due(&faults->reads, &faults->read_every)) {
		atomic_fetch_add(&faults->failed_reads, 1);
		errno = EIO;
		return -1;
	}
	return REAL(pread, fd, bytes, n, offset);
}

ssize_t pwrite(int fd, const void *bytes, size_t n, off_t offset)
{
	enum kind kind = kind_of(fd);
	ssize_t fault = kind == NONE ? 0 : fault_of_write(n);

	if (fault < 0)
		return -1;
	ssize_t written = REAL(pwrite, fd, bytes, fault ? (size_t)fault : n, offset);
	if (kind != NONE && written > 0)
		note(kind, offset, bytes, (size_t)written);
	return written;
}

int ftruncate(int fd, off_t size)
{
	int r = REAL(ftruncate, fd, size);

	if (r == 0 && kind_of(fd) != NONE)
		note(kind_of(fd), size, NULL, 0);
	return r;
}

static int sync_of(int fd, const char *function)
{
	enum kind kind = kind_of(fd);
	int (*sync)(int) = (int (*)(int))real(function);

	if (kind == NONE)
		return sync(fd);
	bool fails = is_due(&faults->syncs, &faults->sync_every);
	if (fails)
		atomic_fetch_add(&faults->failed_syncs, 1);
	int r = fails ? -1 : sync(fd);
	settle(kind, r == 0);
	if (fails)
		errno = (int)atomic_load(&faults->sync_error);
	return r;
}

int fsync(int fd)
{
	return sync_of(fd, "fsync");
}

int fdatasync(int fd)
{
	return sync_of(fd, "fdatasync");
}
