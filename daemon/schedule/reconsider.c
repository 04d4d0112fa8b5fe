#include "schedule/schedule.h"

#include "schedule/when.h"

static int64_t wait_of(const struct feed_state *state, const struct feed *feed, double chance)
{
	if (state->failures)
		return when_failed(feed->interval_us, state->failures, chance);
	return when_well(feed->interval_us, state->hint_us, -1, chance);
}

int64_t schedule_reconsider(struct feed_state *state, const struct feed *was, const struct feed *is,
	double chance, int64_t now_us)
{
	/* Whoever corrects a login does not want to wait out what the wrong one has earned. */
	bool anew = schedule_forget(state, is->url) || !state->last_poll_us ||
		    !feed_access_equal(&was->access, &is->access);

	if (anew)
		state->next_due_us = now_us;
	else if (was->interval_us != is->interval_us && state->health != FEED_GONE)
		state->next_due_us = state->last_poll_us + wait_of(state, is, chance);
	return state->next_due_us;
}
