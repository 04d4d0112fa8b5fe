/* Runs a program and says what it cost: CPU and the most memory it had. A small process of its own,
 * because a child is charged with the memory that its parent had at the fork.
 *
 * Usage: bench-cost OUT PROGRAM [ARGUMENT]...           its stdin is ours, its stdout the file OUT
 *        bench-cost --each OUT PROGRAM [ARGUMENT]...    once for each file named on our stdin, which
 *                                                       becomes its stdin
 * Prints one JSON object: CPU seconds of all runs, and the largest peak in KiB. */
#include <fcntl.h>
#include <spawn.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>

struct cost {
	double cpu_s;
	long peak_kib;
};

static double seconds(struct timeval t)
{
	return (double)t.tv_sec + (double)t.tv_usec / 1e6;
}

/* The exit status, or -1. */
static int run(char **command, const char *in, const char *out, struct cost *cost)
{
	posix_spawn_file_actions_t actions;
	struct rusage usage;
	pid_t pid;
	int status, r;

	posix_spawn_file_actions_init(&actions);
	if (in)
		posix_spawn_file_actions_addopen(&actions, 0, in, O_RDONLY, 0);
	posix_spawn_file_actions_addopen(&actions, 1, out, O_WRONLY | O_CREAT | O_APPEND, 0600);
	r = posix_spawnp(&pid, command[0], &actions, NULL, command, environ);
	posix_spawn_file_actions_destroy(&actions);
	if (r) {
		fprintf(stderr, "bench-cost: %s: %s\n", command[0], strerror(r));
		return -1;
	}
	if (wait4(pid, &status, 0, &usage) != pid || !WIFEXITED(status))
		return -1;
	cost->cpu_s += seconds(usage.ru_utime) + seconds(usage.ru_stime);
	if (usage.ru_maxrss > cost->peak_kib)
		cost->peak_kib = usage.ru_maxrss;
	return WEXITSTATUS(status);
}

static int run_each(char **command, const char *out, struct cost *cost)
{
	char line[4096];
	int r = 0;

	while (!r && fgets(line, sizeof line, stdin)) {
		line[strcspn(line, "\n")] = '\0';
		r = run(command, line, out, cost);
	}
	return r;
}

int main(int argc, char **argv)
{
	bool each = argc > 1 && !strcmp(argv[1], "--each");
	struct cost cost = {0};
	int r;

	if (argc < 3 + each) {
		fputs("usage: bench-cost [--each] OUT PROGRAM [ARGUMENT]...\n", stderr);
		return 64;
	}
	argv += 1 + each;
	r = each ? run_each(argv + 1, argv[0], &cost) : run(argv + 1, NULL, argv[0], &cost);
	printf("{\"cpu_s\":%.6f,\"peak_kib\":%ld}\n", cost.cpu_s, cost.peak_kib);
	return r ? 1 : 0;
}
