/* What the schedule costs: feeds on hosts of their own and shared ones, a clock that is turned, polls
 * that take no time.
 *
 * Usage: bench-schedule FEEDS POLLS
 * Prints one JSON object: nanoseconds of CPU to put a feed in, and for a poll (schedule_take and
 * schedule_done, with the look at when to wake). */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "schedule/schedule.h"

/* Of feeds that share a host: an agency's. */
#define FEEDS_A_HOST 20
#define INTERVAL_US  HOUR_US
/* How far the clock is turned where nothing is due: a loop that slept that long. */
#define STEP_US MSEC_US

struct run {
	struct schedule *schedule;
	struct schedule_slot *slots;
	size_t n;
	int64_t now_us;
};

/* Due times are spread over an interval as the daemon spreads them, but the same in each run. */
static void add_all(struct run *run)
{
	char url[64];

	for (size_t i = 0; i < run->n; i++) {
		int64_t due = (int64_t)((i * 2654435761u) % run->n) * INTERVAL_US / (int64_t)run->n;
		snprintf(url, sizeof url, "http://h%zu.example/%zu", i / FEEDS_A_HOST, i);
		schedule_add(run->schedule, &run->slots[i], url, run->now_us + due);
	}
}

static void poll(struct run *run, size_t polls)
{
	while (polls) {
		struct schedule_slot *slot = schedule_take(run->schedule, run->now_us);
		if (slot) {
			schedule_done(run->schedule, slot, run->now_us, run->now_us + INTERVAL_US);
			polls--;
			continue;
		}
		int64_t wake = schedule_wake(run->schedule, run->now_us);
		run->now_us = wake > run->now_us + STEP_US ? wake : run->now_us + STEP_US;
	}
}

static double cpu_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
	return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

int main(int argc, char **argv)
{
	struct fetch_settings settings = {
		.parallel = 64, .host_default = {.gap_us = SEC_US, .parallel = 1}};
	size_t n = argc == 3 ? strtoull(argv[1], NULL, 10) : 0;
	size_t polls = argc == 3 ? strtoull(argv[2], NULL, 10) : 0;

	if (!n || !polls) {
		fputs("Usage: bench-schedule FEEDS POLLS\n", stderr);
		return 2;
	}
	struct run run = {.schedule = schedule_new(&settings),
		.slots = mem_zalloc(n, sizeof *run.slots),
		.n = n};
	double began = cpu_ns();
	add_all(&run);
	double added = cpu_ns();
	poll(&run, polls);
	double ended = cpu_ns();
	printf("{\"add_ns\":%.1f,\"poll_ns\":%.1f}\n", (added - began) / (double)n,
		(ended - added) / (double)polls);
	schedule_free(run.schedule);
	free(run.slots);
	return 0;
}
