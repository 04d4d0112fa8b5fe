/* What one poll means for what we remember of the feed.
 *
 *   outcome           validators              counters            next
 *   200, digested     the reply's, as a set   failures end        interval, hints
 *   200, the same     the reply's             failures end        interval, hints
 *   304               those it brings         failures end        interval, hints
 *   200, outdated     kept                    failures end        interval, hints
 *   200, no feed      kept                    failure             back-off
 *   410               kept                    failure, gone_since an hour, then a month
 *   429, 503          kept                    failure             back-off, not before Retry-After
 *                                                                 (429: nor that host's other feeds)
 *   any other         kept                    failure             back-off
 *   our own trouble   kept                    kept                minutes
 *
 * ETag, Last-Modified and the body's hash are one set: they speak of one body, the last one that
 * was read to its end. Were an ETag kept of a body that could not be read, the server would answer
 * 304 to it and the items would never come. What that body asked for (hint_us) stays with them, or
 * the first 304 would forget it. */
#include "schedule/schedule.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/cleanup.h"
#include "schedule/host.h"
#include "schedule/when.h"

/* As many as it took to believe the move. */
#define MOVED_FAILURES_MAX 3

static void set_text(char **text, const char *to)
{
	if (*text == to || (*text && to && !strcmp(*text, to)))
		return;
	char *copy = to ? mem_strdup(to) : NULL;

	free(*text);
	*text = copy;
}

static void end_hold(struct feed_state *state)
{
	set_text(&state->held_host, NULL);
	state->held_until_us = 0;
}

bool schedule_forget(struct feed_state *state, const char *url)
{
	if (!state->url || !strcmp(state->url, url))
		return false;
	set_text(&state->url, NULL);
	set_text(&state->etag, NULL);
	set_text(&state->last_modified, NULL);
	state->body_hash = (struct hash){0};
	state->made_us = 0;
	set_text(&state->moving_url, NULL);
	set_text(&state->moved_url, NULL);
	set_text(&state->hubs, NULL);
	state->moving_since_us = state->moving_polls = 0;
	state->hint_us = state->phase_us = 0;
	end_hold(state);
	state->skip_hours = state->skip_days = 0;
	state->last_poll_us = state->next_due_us = state->wait_us = 0;
	state->failures = 0;
	state->failing_since_us = state->gone_since_us = 0;
	return true;
}

/* A 304 to If-Modified-Since alone often names an ETag too; we asked without one for a reason (see
 * same_body), so a validator that was not sent is not taken up. */
static void not_modified(struct feed_state *state, const struct reply *reply)
{
	if (state->etag && reply->etag)
		set_text(&state->etag, reply->etag);
	if (state->last_modified && reply->last_modified)
		set_text(&state->last_modified, reply->last_modified);
}

/* The server had our ETag and sent the body we had: its ETags do not follow the body (a cluster
 * whose members disagree). Where there is a date, we ask by date alone until the body changes. */
static void same_body(struct feed_state *state, const struct reply *reply)
{
	bool useless = (state->etag || state->last_modified) && reply->last_modified;

	set_text(&state->etag, useless ? NULL : reply->etag);
	set_text(&state->last_modified, reply->last_modified);
}

static void new_body(
	struct feed_state *state, const struct reply *reply, const struct settle *settle)
{
	/* Cut off on the way, where HTTP cannot tell, or by its author? With no validators the next
	 * poll gets a whole body; if that is the same, it was the author. */
	set_text(&state->etag, settle->partial ? NULL : reply->etag);
	set_text(&state->last_modified, settle->partial ? NULL : reply->last_modified);
	state->body_hash = reply->body_hash;
	state->made_us = reply->made_us;
	state->hint_us = settle->hint_us > 0 ? settle->hint_us : 0;
	state->phase_us = state->hint_us ? settle->phase_us : 0;
	state->skip_hours = settle->skip_hours;
	state->skip_days = settle->skip_days;
	state->items = (uint32_t)settle->items;
	state->guids_repeat |= settle->guids_repeat;
	/* One that broke off may have lost them. */
	if (settle->hubs || !settle->partial)
		set_text(&state->hubs, settle->hubs);
	state->last_change_us = settle->now_us;
}

/* A permanent redirect is believed when it has lasted: who tells of the move (record/) decides on
 * this row. Any other way to the feed ends it. */
static void follow_move(struct feed_state *state, const struct reply *reply, int64_t now_us)
{
	const char *to = reply->permanent_url;

	if (!to) {
		set_text(&state->moving_url, NULL);
		state->moving_since_us = state->moving_polls = 0;
		return;
	}
	if (!state->moving_url || strcmp(state->moving_url, to) != 0) {
		set_text(&state->moving_url, to);
		state->moving_since_us = now_us;
		state->moving_polls = 0;
	}
	state->moving_polls++;
}

static void wait_for(struct feed_state *state, const struct settle *settle, int64_t wait_us)
{
	state->wait_us = wait_us;
	state->next_due_us = settle->now_us + wait_us;
}

static void well(struct reply *reply, const struct settle *settle)
{
	struct feed_state *state = &reply->state;

	if (reply->outcome == REPLY_BODY)
		new_body(state, reply, settle);
	else if (reply->outcome == REPLY_SAME_BODY)
		same_body(state, reply);
	else if (reply->outcome == REPLY_NOT_MODIFIED)
		not_modified(state, reply);
	state->health = FEED_FINE;
	state->failures = 0;
	state->failing_since_us = state->gone_since_us = 0;
	set_text(&state->error, NULL);
	state->fault = FAULT_NONE;
	state->last_success_us = settle->now_us;
	follow_move(state, reply, settle->now_us);
	wait_for(state, settle,
		when_next(reply->feed, state, reply->fresh_us, settle->chance, settle->now_us) -
			settle->now_us);
}

/* "Gone" is said of a feed when the second of two 410 an hour apart has come, and it stays so until
 * the feed answers again: what follows a closed feed is often a lapsed name or a parked page. Until
 * then any other answer of the server ends the row; silence does not. */
static void count_gone(struct feed_state *state, const struct reply *reply, int64_t now_us)
{
	if (reply->outcome != REPLY_GONE) {
		if (reply->http_status && state->health != FEED_GONE)
			state->gone_since_us = 0;
	} else if (!state->gone_since_us || state->gone_since_us > now_us) {
		state->gone_since_us = now_us;
	} else if (now_us - state->gone_since_us >= WHEN_GONE_APART) {
		state->health = FEED_GONE;
	}
}

/* A redirect may have led to another host: then that is the one. */
static void hold(struct reply *reply, int64_t now_us)
{
	struct feed_state *state = &reply->state;
	cleanup(buf_deinit) struct buf own = BUF_INIT, asked = BUF_INIT;

	state->held_until_us = now_us + reply->retry_after_us;
	host_of_url(&own, str_of(feed_state_url(state, reply->feed->url)));
	host_of_url(&asked, str_of(reply->url));
	bool is_own = !asked.n || str_eq(buf_view(&own), buf_view(&asked));
	set_text(&state->held_host, is_own ? NULL : buf_cstr(&asked));
}

static void failed(struct reply *reply, const struct settle *settle)
{
	struct feed_state *state = &reply->state;
	int64_t now = settle->now_us;

	if (state->failures < UINT32_MAX)
		state->failures++;
	/* What lies ahead was noted by a clock that has been put right since. */
	if (!state->failing_since_us || state->failing_since_us > now)
		state->failing_since_us = now;
	/* The new address has not kept what it promised: back to the one that a person wrote. */
	if (state->failures >= MOVED_FAILURES_MAX)
		set_text(&state->moved_url, NULL);
	if (state->health != FEED_GONE)
		state->health = FEED_FAILING;
	count_gone(state, reply, now);
	set_text(&state->error, reply->outcome == REPLY_BODY ? settle->why : reply->error);
	state->fault = reply->outcome == REPLY_BODY ? FAULT_NOT_A_FEED : reply->fault;
	if (!state->error)
		set_text(&state->error, reply_outcome_names[reply->outcome]);

	int64_t wait = when_failed(reply->feed->interval_us, state->failures, settle->chance);
	if (state->health == FEED_GONE)
		wait = when_jitter(WHEN_GONE_RETRY, settle->chance);
	else if (reply->outcome == REPLY_GONE && wait < WHEN_GONE_APART)
		wait = when_jitter(WHEN_GONE_APART, settle->chance);
	if (reply->outcome == REPLY_BUSY && reply->retry_after_us > wait)
		wait = reply->retry_after_us;
	if (reply->http_status == 429 && reply->retry_after_us > 0)
		hold(reply, settle->now_us);
	wait_for(state, settle, wait);
}

static void our_trouble(struct reply *reply, const struct settle *settle)
{
	struct feed_state *state = &reply->state;
	int64_t interval = reply->feed->interval_us;
	int64_t wait = interval < WHEN_LOCAL_RETRY ? interval : WHEN_LOCAL_RETRY;

	set_text(&state->error, reply->error ? reply->error : settle->why);
	state->fault = FAULT_LOCAL;
	wait_for(state, settle, when_jitter(wait, settle->chance));
}

void schedule_settle_pushed(struct reply *reply, const struct settle *settle)
{
	if (settle->digested == 0)
		reply->state.guids_repeat |= settle->guids_repeat;
}

static void settle_poll(struct reply *reply, const struct settle *settle)
{
	struct feed_state *state = &reply->state;

	if (!state->url)
		set_text(&state->url, reply->feed->url);
	/* A digest that failed for a reason of ours (no disk) says nothing of the feed. */
	if (reply->outcome == REPLY_LOCAL ||
		(reply->outcome == REPLY_BODY && settle->digested < 0 &&
			settle->digested != -EBADMSG)) {
		our_trouble(reply, settle);
		return;
	}
	state->last_poll_us = reply->finished_us ? reply->finished_us : settle->now_us;
	state->http_status = reply->http_status;
	end_hold(state);
	if ((reply->outcome == REPLY_BODY && settle->digested == 0) ||
		reply->outcome == REPLY_SAME_BODY || reply->outcome == REPLY_NOT_MODIFIED ||
		reply->outcome == REPLY_OUTDATED)
		well(reply, settle);
	else
		failed(reply, settle);
}

/* Texts tell by their place whether they are the same: set_text() leaves one that does not change where it
 * is, and makes another before it frees the first. */
static bool only_poll_differs(struct feed_state was, const struct feed_state *is)
{
	was.last_poll_us = is->last_poll_us;
	was.last_success_us = is->last_success_us;
	was.next_due_us = is->next_due_us;
	was.wait_us = is->wait_us;
	was.http_status = is->http_status;
	return !memcmp(&was, is, sizeof was);
}

bool schedule_settle(struct reply *reply, const struct settle *settle)
{
	bool forgot = schedule_forget(&reply->state, reply->feed->url) || reply->forgot;
	struct feed_state was = reply->state;

	settle_poll(reply, settle);
	return !forgot && only_poll_differs(was, &reply->state);
}
