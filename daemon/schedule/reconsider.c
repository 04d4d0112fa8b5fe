#include "schedule/schedule.h"

#include "schedule/when.h"

static int64_t next_of(const struct feed_state *state, const struct feed *feed, double chance)
{
	if (state->failures)
		return state->last_poll_us +
		       when_failed(feed->interval_us, state->failures, chance);
	return when_next(feed, state, -1, chance, state->last_poll_us);
}

static bool same_pace(const struct feed *a, const struct feed *b)
{
	return a->interval_us == b->interval_us && a->interval_max_us == b->interval_max_us &&
	       a->adaptive == b->adaptive && a->ignore_hints == b->ignore_hints;
}

int64_t schedule_reconsider(struct feed_state *state, const struct feed *was, const struct feed *is,
	double chance, int64_t now_us)
{
	/* Whoever corrects a login does not want to wait out what the wrong one has earned. */
	bool anew = schedule_forget(state, is->url) || !state->last_poll_us ||
		    !feed_access_equal(&was->access, &is->access);

	if (anew) {
		state->next_due_us = now_us;
	} else if (!same_pace(was, is) && state->health != FEED_GONE) {
		state->next_due_us = next_of(state, is, chance);
		state->wait_us = state->next_due_us - state->last_poll_us;
	}
	return state->next_due_us;
}

bool schedule_hasten(struct feed_state *state, const struct feed *feed, double chance)
{
	if (state->failures || state->health == FEED_GONE || !state->last_poll_us)
		return false;
	int64_t due = next_of(state, feed, chance);
	if (due >= state->next_due_us)
		return false;
	state->next_due_us = due;
	state->wait_us = due - state->last_poll_us;
	return true;
}
