/* Preloaded: the time of day of a program, and the time since the machine was started, are what a test wants them to be. A file
 * holds how far they are from the real ones, in microseconds; whoever changes the file turns the clocks. With a second number in it that
 * is not 0 they stand still: then the first is the time itself. The monotonic clock, by which connections time out, goes as ever. */
#include <dlfcn.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

__attribute__((visibility("default"))) int clock_gettime(clockid_t id, struct timespec *ts);

/* When the machine was started, to clocks that stand: the two are not to be taken for each other. */
#define STARTED_US INT64_C(1500000000000000)

struct turned {
	int64_t us, stands;
};

static volatile const struct turned *turned(void)
{
	static volatile const struct turned *file;
	const char *path = getenv("CIVICWIRE_CLOCK");

	if (file || !path)
		return file;
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	void *p = fd < 0 ? MAP_FAILED : mmap(NULL, sizeof *file, PROT_READ, MAP_SHARED, fd, 0);
	if (fd >= 0)
		close(fd);
	if (p == MAP_FAILED)
		abort(); /* a test that would lie */
	file = p;
	return file;
}

int clock_gettime(clockid_t id, struct timespec *ts)
{
	static int (*real)(clockid_t, struct timespec *);
	volatile const struct turned *to = turned();

	if (!real)
		*(void **)&real = dlsym(RTLD_NEXT, "clock_gettime");
	int r = real(id, ts);
	if (r == 0 && (id == CLOCK_REALTIME || id == CLOCK_BOOTTIME) && to) {
		int64_t us = (int64_t)ts->tv_sec * 1000000 + ts->tv_nsec / 1000 + to->us;
		if (to->stands)
			us = id == CLOCK_REALTIME ? to->us : to->us - STARTED_US;
		ts->tv_sec = us / 1000000;
		ts->tv_nsec = us % 1000000 * 1000;
	}
	return r;
}
