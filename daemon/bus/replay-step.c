/* What one request comes to: where it begins, its slices of the journal, its reply. */
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "bus/answer.h"
#include "bus/connections.h"
#include "bus/replaying.h"
#include "bus/scan.h"

/* Requests that wait for news (WIRE: one per connection). A request takes about 1 KiB. */
#define WAITING_MAX 10000
/* Clients that are told to come back do so after this (s). */
#define RETRY_AFTER_S 1.0

/* Sends what has been gathered; `answer` becomes its head. The request's work is done then. */
static void send_answer(struct replay *replay, struct request *request, const struct answer *answer)
{
	size_t at = request->bytes.n, n = request_events(request);

	answer_write(&request->bytes, buf_view(&request->question.id), answer);
	request->frames[0] = (struct parcel_frame){at, request->bytes.n - at};
	if (answer->code)
		counter_add(&replay->parts.counters->replay_errors, 1);
	/* Who is gone or does not read gets nothing; the next request begins where this one did.
	 * With keys, who is gone must not be followed by another under the same id. */
	if (replay->secure && connection_cookie(request->fd) != request->cookie)
		return;
	if (envelope_send(&request->envelope, replay->socket) < 0)
		return;
	counter_add(&replay->parts.counters->replay_events, n);
	parcel_send(&request->bytes, request->frames, request->n_frames, request->peer->gauge,
		replay->socket);
}

static void send_error(struct replay *replay, struct request *request, struct answer answer)
{
	answer.epoch = replay->parts.epoch;
	request_truncate(request, 1, 0);
	send_answer(replay, request, &answer);
}

void replay_send_transient(struct replay *replay, struct request *request, const char *code)
{
	struct answer answer = {.code = code, .retry_after_s = RETRY_AFTER_S};
	const struct cw_cursor *cursor = &request->question.cursor;

	/* What cannot be a place in this journal is not repeated as one. */
	answer.has_next = request->begun ||
			  (!request->refusal.code && request->question.after == AFTER_CURSOR &&
				  !strcmp(cursor->epoch, replay->parts.epoch));
	answer.next = request->begun ? request->asked : cursor->seq;
	send_error(replay, request, answer);
}

static void send_events(struct replay *replay, struct request *request)
{
	uint64_t head = replay->mail.head.head;
	const struct answer answer = {.epoch = replay->parts.epoch,
		.next = request->after,
		.has_next = true,
		.head = head,
		.has_head = true,
		.count = request_events(request),
		.more = request->after < head};

	send_answer(replay, request, &answer);
}

static void complain(struct replay *replay, const struct error *error)
{
	int64_t now_us = clock_monotonic_us();

	if (now_us < replay->complained_us + SEC_US)
		return;
	replay->complained_us = now_us;
	log_error("replay: %s", error->text);
}

/* Has the journal come so far, whatever we have been told? */
static bool is_durable(struct replay *replay, uint64_t seq)
{
	struct journal_extent extent;

	return journal_extent(replay->parts.reader, &extent, NULL) >= 0 && seq <= extent.head;
}

/* A cursor becomes a sequence. False: the answer has been sent. */
static bool begin_at_cursor(struct replay *replay, struct request *request)
{
	const struct cw_cursor *cursor = &request->question.cursor;
	struct answer answer = {.head = replay->mail.head.head, .has_head = true};
	struct journal_extent extent;

	request->after = cursor->seq;
	if (strcmp(cursor->epoch, replay->parts.epoch) != 0) {
		answer.code = "epoch-changed";
		answer.message = "data was lost on the server; cursors from before mean nothing";
		if (journal_extent(replay->parts.reader, &extent, NULL) >= 0) {
			answer.oldest = extent.oldest ? extent.oldest - 1 : answer.head;
			answer.has_oldest = true;
		}
	} else if (cursor->seq > answer.head && is_durable(replay, cursor->seq)) {
		/* We have not been told yet: the head is on its way to us. */
		replay_send_transient(replay, request, "overloaded");
		return false;
	} else if (cursor->seq > answer.head) {
		answer.code = "cursor-future";
		answer.message = "the journal has not come so far";
	} else {
		return true;
	}
	send_error(replay, request, answer);
	return false;
}

/* Finds where the request begins. False: the answer has been sent. */
static bool begin(struct replay *replay, struct request *request)
{
	uint64_t head = replay->mail.head.head;
	struct journal_extent extent;
	struct error error = {0};
	int r = 0;

	switch (request->question.after) {
	case AFTER_CURSOR:
		if (!begin_at_cursor(replay, request))
			return false;
		break;
	case AFTER_NOW:
		request->after = head;
		break;
	case AFTER_OLDEST:
		r = journal_extent(replay->parts.reader, &extent, &error);
		if (r >= 0)
			request->after = extent.oldest ? extent.oldest - 1 : head;
		break;
	case AFTER_TIME:
		r = journal_seq_before(
			replay->parts.reader, request->question.time_us, &request->after, &error);
		break;
	}
	if (r < 0) {
		complain(replay, &error);
		replay_send_transient(replay, request, "overloaded");
		return false;
	}
	if (request->after > head)
		request->after = head; /* more is durable than we have been told */
	request->asked = request->after;
	request->begun = true;
	if (request->question.after != AFTER_CURSOR)
		request->question.wait_us = 0;
	return true;
}

static bool is_overloaded(const struct replay *replay, const struct request *request)
{
	size_t room = SCAN_REPLY_BYTES;

	return atomic_load(&request->peer->gauge->bytes) + room > PARCEL_BYTES_PEER ||
	       atomic_load(&replay->peers.total.bytes) + room > PARCEL_BYTES_ALL;
}

int replay_know_topics(struct replay *replay, struct error *error)
{
	uint32_t n;

	if (replay->topics_head >= replay->mail.head.head)
		return 0;
	int r = journal_reader_topics(replay->parts.reader, &n, error);
	if (r >= 0)
		replay->topics_head = replay->mail.head.head;
	return r;
}

static bool may_wait(const struct replay *replay, const struct request *request, int64_t now_us)
{
	return request->question.wait_us && !request_events(request) &&
	       (!request->deadline_us || now_us < request->deadline_us) &&
	       replay->n_waiting < WAITING_MAX;
}

static void send_outdated(struct replay *replay, struct request *request, uint64_t oldest)
{
	if (request_events(request)) { /* what came before is good: the next request will hear it */
		send_events(replay, request);
		return;
	}
	send_error(replay, request,
		(struct answer){.code = "cursor-outdated",
			.message = "what follows this cursor is no longer kept",
			.oldest = oldest - 1,
			.has_oldest = true,
			.head = replay->mail.head.head,
			.has_head = true});
}

enum replay_step replay_step(struct replay *replay, struct request *request, int64_t now_us)
{
	struct error error = {0};
	uint64_t oldest = 0;

	if (request->refusal.code) {
		send_error(replay, request,
			(struct answer){.code = request->refusal.code,
				.message = request->refusal.message});
		return REPLAY_DONE;
	}
	if (!request->begun && !begin(replay, request))
		return REPLAY_DONE;
	if (is_overloaded(replay, request) && !request_events(request)) {
		replay_send_transient(replay, request, "overloaded");
		return REPLAY_DONE;
	}
	enum scan_result result = SCAN_FAILED;
	if (is_overloaded(replay, request))
		result = SCAN_FULL;
	else if (replay_know_topics(replay, &error) >= 0)
		result = scan_slice(
			request, replay->parts.reader, replay->mail.head.head, &oldest, &error);
	if (error.code)
		complain(replay, &error);
	switch (result) {
	case SCAN_ON:
		return REPLAY_AGAIN;
	case SCAN_OUTDATED:
		send_outdated(replay, request, oldest);
		return REPLAY_DONE;
	case SCAN_FAILED:
		if (!request_events(request)) {
			replay_send_transient(replay, request, "overloaded");
			return REPLAY_DONE;
		}
		break;
	case SCAN_HEAD:
		if (may_wait(replay, request, now_us))
			return REPLAY_WAIT;
		break;
	case SCAN_FULL:
		break;
	}
	send_events(replay, request);
	return REPLAY_DONE;
}
