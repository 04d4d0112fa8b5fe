#include "control/process.h"

#include <dirent.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"

/* /proc/self/stat is one line of 52 numbers and a name of at most 15 bytes. */
#define STAT_BYTES 1024
/* Of its fields after the name, which may hold anything: state is the first. */
#define FIELD_STARTED 19 /* field 22: clock ticks after boot */

static int64_t count_open_files(void)
{
	DIR *folder = opendir("/proc/self/fd");
	int64_t n = -3; /* ".", ".." and the folder itself */

	if (!folder)
		return 0;
	while (readdir(folder))
		n++;
	closedir(folder);
	return n;
}

static int64_t read_started(void)
{
	char text[STAT_BYTES];
	FILE *file = fopen("/proc/self/stat", "re");
	struct timespec boot;
	unsigned long long ticks = 0;

	if (!file)
		return 0;
	size_t n = fread(text, 1, sizeof text - 1, file);
	fclose(file);
	text[n] = '\0';
	const char *p = strrchr(text, ')');
	for (int field = 0; p && field <= FIELD_STARTED; field++)
		p = strchr(p + 1, ' ');
	if (!p || sscanf(p, "%llu", &ticks) != 1 || clock_gettime(CLOCK_BOOTTIME, &boot) < 0)
		return 0;
	return clock_real_us() / SEC_US - boot.tv_sec +
	       (int64_t)(ticks / (unsigned long long)sysconf(_SC_CLK_TCK));
}

static int64_t read_resident(void)
{
	FILE *file = fopen("/proc/self/statm", "re");
	long long pages = 0;

	if (!file)
		return 0;
	if (fscanf(file, "%*s %lld", &pages) != 1)
		pages = 0;
	fclose(file);
	return pages * sysconf(_SC_PAGESIZE);
}

void process_use_read(struct process_use *ret)
{
	struct rusage usage;
	struct rlimit files;

	*ret = (struct process_use){.started_s = read_started(),
		.resident = read_resident(),
		.open_files = count_open_files()};
	if (getrusage(RUSAGE_SELF, &usage) == 0)
		ret->cpu_s = (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
			     (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
	if (getrlimit(RLIMIT_NOFILE, &files) == 0)
		ret->open_files_max = (int64_t)files.rlim_cur;
}
