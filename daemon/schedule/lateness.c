#include "schedule/lateness.h"

#include <math.h>
#include <string.h>

#include "base/clock.h"

#define SPAN_US          (MIN_US / LATENESS_SPANS)
#define STEPS_A_DOUBLING 4

/* The first step that is not below: step n ends at a millisecond times 2^(n/4). */
static size_t step_of(int64_t late_us)
{
	if (late_us <= MSEC_US)
		return 0;
	double n = ceil(STEPS_A_DOUBLING * log2((double)late_us / MSEC_US));

	return n < LATENESS_STEPS - 1 ? (size_t)n : LATENESS_STEPS - 1;
}

static int64_t end_of(size_t step)
{
	return (int64_t)(MSEC_US * exp2((double)step / STEPS_A_DOUBLING));
}

void lateness_note(struct lateness *l, int64_t late_us, int64_t now_us)
{
	int64_t number = now_us / SPAN_US;
	struct lateness_span *span = &l->spans[number % LATENESS_SPANS];

	if (span->number != number) {
		memset(span, 0, sizeof *span);
		span->number = number;
	}
	span->counts[step_of(late_us)]++;
	if (late_us > span->worst_us)
		span->worst_us = late_us;
}

void lateness_sum(const struct lateness *l, int64_t now_us, struct lateness_summary *ret)
{
	size_t counts[LATENESS_STEPS] = {0}, above = 0, step = LATENESS_STEPS;

	*ret = (struct lateness_summary){0};
	for (size_t i = 0; i < LATENESS_SPANS; i++) {
		const struct lateness_span *span = &l->spans[i];
		if (span->number <= now_us / SPAN_US - LATENESS_SPANS)
			continue;
		for (size_t k = 0; k < LATENESS_STEPS; k++) {
			counts[k] += span->counts[k];
			ret->polls += span->counts[k];
		}
		if (span->worst_us > ret->worst_us)
			ret->worst_us = span->worst_us;
	}
	if (!ret->polls)
		return;
	/* Down from the latest, until more than a hundredth would be above. */
	while (step && (above + counts[step - 1]) * 100 <= ret->polls)
		above += counts[--step];
	ret->p99_us = end_of(step - 1);
	if (step == LATENESS_STEPS || ret->p99_us > ret->worst_us)
		ret->p99_us = ret->worst_us;
}
