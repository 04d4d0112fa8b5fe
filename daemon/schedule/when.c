#include "schedule/when.h"

#include "model/state.h"
#include "schedule/schedule.h"

/* Overdue feeds come back at this rate after a start, and within this time whatever their number:
 * 30,000 feeds that were due while the daemon was away make no burst at anybody's server. */
#define OVERDUE_PER_SECOND 50
#define OVERDUE_SPREAD_MAX (10 * MIN_US)
/* No due time is farther away, unless a clock was set: a gone feed's month with its jitter. */
#define FIRST_MAX (WHEN_GONE_RETRY + WHEN_GONE_RETRY / 10)

int64_t when_jitter(int64_t base_us, double chance)
{
	return base_us + (int64_t)((double)base_us / 10 * chance);
}

int64_t when_well(int64_t interval_us, int64_t hint_us, int64_t fresh_us)
{
	int64_t hint = hint_us > fresh_us ? hint_us : fresh_us;

	if (hint > WHEN_HINT_MAX)
		hint = WHEN_HINT_MAX;
	return hint > interval_us ? hint : interval_us;
}

/* Of the period, or of the day that is followed of a longer one. */
#define PUBLISHED_PARTS 4

int64_t when_published(int64_t due_us, int64_t hint_us, int64_t phase_us)
{
	int64_t most = hint_us < WHEN_HINT_MAX ? hint_us : WHEN_HINT_MAX;

	if (hint_us <= 0 || !phase_us)
		return due_us;
	int64_t past = (due_us - phase_us) % hint_us;
	int64_t more = past > 0 ? hint_us - past : -past;
	return more <= most / PUBLISHED_PARTS ? due_us + more : due_us;
}

/* Half a rhythm late is news of yesterday; a quarter is near enough for four requests. */
#define ADAPTIVE_PARTS 4

int64_t when_adaptive(int64_t rhythm_us, int64_t silent_us, int64_t least_us, int64_t most_us)
{
	int64_t wait = (silent_us > rhythm_us ? silent_us : rhythm_us) / ADAPTIVE_PARTS;

	if (most_us < least_us)
		most_us = least_us;
	if (!rhythm_us || wait < least_us)
		return least_us;
	return wait < most_us ? wait : most_us;
}

int64_t when_not_skipped(
	int64_t due_us, uint32_t hours, uint32_t days, int64_t latest_us, double chance)
{
	int64_t us = due_us;

	while (us < latest_us) {
		int64_t hour = us / HOUR_US;
		if (!(hours & 1u << hour % 24) && !(days & 1u << calendar_weekday(us / DAY_US)))
			return us;
		/* Not all of them at the stroke of the hour. */
		us = (hour + 1) * HOUR_US + (int64_t)((double)HOUR_US / 10 * chance);
	}
	return latest_us;
}

int64_t when_next(const struct feed *feed, const struct feed_state *state, int64_t fresh_us,
	double chance, int64_t from_us)
{
	int64_t interval = feed->interval_us;

	if (feed->adaptive)
		interval = when_adaptive(state->rhythm_us, from_us - state->news_us, interval,
			feed->interval_max_us);
	if (interval < state->least_us)
		interval = state->least_us;
	if (feed->ignore_hints)
		return from_us + when_jitter(interval, chance);
	int64_t due = from_us + when_well(interval, state->hint_us, fresh_us);
	due = when_published(due, state->hint_us, state->phase_us);
	due = from_us + when_jitter(due - from_us, chance);
	/* A day of its own: from the last poll before a day to be skipped to the first after it is more. */
	return when_not_skipped(
		due, state->skip_hours, state->skip_days, due + WHEN_HINT_MAX, chance);
}

int64_t when_failed(int64_t interval_us, uint32_t failures, double chance)
{
	int64_t max = interval_us > WHEN_ERROR_MAX ? interval_us : WHEN_ERROR_MAX;
	int64_t wait = interval_us > 0 ? interval_us : SEC_US;

	for (uint32_t i = 1; i < failures && wait < max; i++)
		wait *= 2;
	return when_jitter(wait < max ? wait : max, chance);
}

bool schedule_is_overdue(const struct feed_state *state, int64_t now_us)
{
	return state->last_poll_us &&
	       (state->last_poll_us > now_us || state->next_due_us <= now_us ||
		       state->next_due_us > now_us + FIRST_MAX);
}

int64_t schedule_first(
	const struct feed_state *state, size_t overdue, double chance, int64_t now_us)
{
	if (!state->last_poll_us)
		return now_us;
	if (!schedule_is_overdue(state, now_us))
		return state->next_due_us;
	int64_t spread = (int64_t)overdue * SEC_US / OVERDUE_PER_SECOND;
	if (spread > OVERDUE_SPREAD_MAX)
		spread = OVERDUE_SPREAD_MAX;
	return now_us + (int64_t)((double)spread * chance);
}
