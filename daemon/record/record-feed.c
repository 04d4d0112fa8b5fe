/* The feed's own life, told once per turn:
 *
 *	fine ──(failures persist)──▶ feed.failing ──(works)──▶ feed.recovered
 *	any ──(410, and again an hour later)──▶ feed.gone ──(works)──▶ feed.recovered
 *
 * told_failing says that the recovery is owed. A single failed poll is not news: servers restart.
 *
 * And beside that, while it works:
 *
 *	a permanent redirect that lasts ──▶ feed.moved: the new address is polled from then on
 *	an item that changes all the time ──▶ feed.noisy, once a week
 *	no news for far longer than ever ──▶ feed.quiet, once until there is news again */
#include "record/recorder.h"

/* Three polls in a row, or two that are an hour apart: a feed polled each five minutes is told of
 * after a quarter of an hour, one polled each six hours after its second failure. */
#define FAILING_POLLS   3
#define FAILING_LONG_US HOUR_US
/* A feed that keeps changing its items is told of once a week. */
#define NOISY_AGAIN_US (7 * DAY_US)

/* A redirect that has lasted for a day and three polls, each of which brought what we know, is meant. */
#define MOVED_POLLS   3
#define MOVED_LONG_US DAY_US
/* Silence is told of a feed whose rhythm is known (so many polls with news), when it has lasted six times
 * as long as the time between its news, and a week at least: nobody wants to hear of a weekend. */
#define QUIET_NEWS_MIN 5
#define QUIET_RHYTHMS  6
#define QUIET_LEAST_US (7 * DAY_US)
/* Of the last gap so much goes into the rhythm: it forgets a burst after a dozen. */
#define RHYTHM_WEIGHT 4

static bool failure_persists(const struct feed_state *state, int64_t now_us)
{
	return state->failures >= FAILING_POLLS ||
	       (state->failures > 1 && now_us - state->failing_since_us >= FAILING_LONG_US);
}

static int tell(struct task *task, enum event_type type, int64_t since_us, uint32_t failures)
{
	const struct feed_state *state = &task->state;
	struct buf *data = &task->recorder->data;

	buf_clear(data);
	struct json j = json_to(data);
	json_open(&j, '{');
	json_member(&j, "state", str_of(feed_health_names[state->health]));
	json_member_time(&j, "since", since_us ? since_us / SEC_US : TIME_NONE);
	if (state->http_status)
		json_member_int(&j, "http_status", state->http_status);
	json_member(&j, "fault", str_of(state->fault ? fault_name(state->fault) : NULL));
	json_member(&j, "error", str_of(state->error));
	json_member_int(&j, "count", failures);
	json_member(&j, "url", str_of(feed_state_url(state, task->batch->feed->url)));
	json_close(&j, '}');
	struct event event = {
		.type = type,
		.time_s = TIME_NONE,
		.language = str_of(task->batch->feed->language),
		.data = buf_view(data),
	};
	int r = task_append(task, &event, NULL);
	if (r >= 0)
		task->counts->feed_events++;
	return r;
}

static int tell_health(struct task *task)
{
	struct feed_state *state = &task->state;
	int r = 0;

	switch (state->health) {
	case FEED_FAILING:
		if (state->told_failing || !failure_persists(state, task->now_us))
			return 0;
		r = tell(task, EVENT_FEED_FAILING, state->failing_since_us, state->failures);
		state->told_failing = true;
		return r;
	case FEED_GONE:
		if (task->known.health == FEED_GONE)
			return 0;
		r = tell(task, EVENT_FEED_GONE, state->gone_since_us, state->failures);
		state->told_failing = true;
		return r;
	case FEED_FINE:
		if (!state->told_failing)
			return 0;
		r = tell(task, EVENT_FEED_RECOVERED, state->last_success_us, task->known.failures);
		state->told_failing = false;
		return r;
	case FEED_NEW:
	case FEED_HEALTH_COUNT:
		break;
	}
	return 0;
}

/* The address is only changed together with the event that tells of it. */
static int tell_move(struct task *task)
{
	struct feed_state *state = &task->state;
	bool serves_known = !task->batch->parsed || task->progress->found;

	if (!state->moving_url)
		return 0;
	if (!serves_known) {
		state->moving_url = NULL;
		state->moving_since_us = state->moving_polls = 0;
		return 0;
	}
	if (state->moving_polls < MOVED_POLLS ||
		task->now_us - state->moving_since_us < MOVED_LONG_US)
		return 0;
	state->moved_url = state->moving_url;
	state->moving_url = NULL;
	state->moving_since_us = state->moving_polls = 0;
	return tell(task, EVENT_FEED_MOVED, task->now_us, state->failures);
}

static void keep_rhythm(struct task *task)
{
	struct feed_state *state = &task->state;
	const struct progress *progress = task->progress;
	int64_t gap = task->now_us - state->news_us;

	if (!task->batch->parsed || (!progress->new && !progress->backfill))
		return;
	if (!progress->backfill) {
		if (state->news_us)
			state->rhythm_us +=
				state->rhythm_us ? (gap - state->rhythm_us) / RHYTHM_WEIGHT : gap;
		state->news++;
		state->told_quiet = false;
	}
	state->news_us = task->now_us;
}

static int tell_quiet(struct task *task)
{
	struct feed_state *state = &task->state;
	int64_t silent = task->now_us - state->news_us;

	if (state->told_quiet || state->health != FEED_FINE || state->news < QUIET_NEWS_MIN ||
		silent < QUIET_LEAST_US || silent / QUIET_RHYTHMS < state->rhythm_us)
		return 0;
	state->told_quiet = true;
	return tell(task, EVENT_FEED_QUIET, state->news_us, 0);
}

static int tell_noisy(struct task *task)
{
	struct feed_state *state = &task->state;

	if (!task->progress->noisy ||
		(state->told_noisy_us && state->told_noisy_us <= task->now_us &&
			task->now_us - state->told_noisy_us < NOISY_AGAIN_US))
		return 0;
	state->told_noisy_us = task->now_us;
	return tell(task, EVENT_FEED_NOISY, task->now_us, state->failures);
}

int task_record_feed(struct task *task)
{
	keep_rhythm(task);
	int r = tell_health(task);

	if (r >= 0)
		r = tell_move(task);
	if (r >= 0)
		r = tell_quiet(task);
	if (r >= 0)
		r = tell_noisy(task);
	return r;
}
