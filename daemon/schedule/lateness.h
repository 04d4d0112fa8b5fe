/* How late were requests in the last minute? What an operator asks of the moment; the history is the
 * histogram's (base/metrics.h). Pure: the time is an argument. */
#pragma once

#include <stddef.h>
#include <stdint.h>

/* The minute goes by in tenths: what is told is of 54 to 60 seconds. */
#define LATENESS_SPANS 10
/* Four to a doubling, from a millisecond on; the last one holds all beyond a day. */
#define LATENESS_STEPS 108

struct lateness {
	struct lateness_span {
		int64_t number; /* of this span since the clock's zero */
		uint32_t counts[LATENESS_STEPS];
		int64_t worst_us;
	} spans[LATENESS_SPANS];
};

struct lateness_summary {
	size_t polls;
	int64_t p99_us, worst_us; /* p99: at most 19 % too high, and never above the worst */
};

void lateness_note(struct lateness *lateness, int64_t late_us, int64_t now_us);
void lateness_sum(const struct lateness *lateness, int64_t now_us, struct lateness_summary *ret);
