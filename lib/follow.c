/* Live and replay, combined.
 *
 *            ┌────────────── a loss, a doubt, silence, a new epoch ─────────────┐
 *            ▼                                                                  │
 *   open ─▶ FILLING ── replay after `verified` until there is no more ──▶ FOLLOWING
 *            live messages wait in `held`                          live messages are judged as
 *                                                                  they come (account.h)
 *
 * While filling, live messages are held back and judged afterwards: those replay has brought are
 * the past, the others follow it. Should `held` overflow it is emptied: the rules then find what was
 * in it missing, and it is replayed. So there is no moment at which past and present must be cut
 * to fit.
 *
 * Three things keep count. `account` is what has been received and `got` which events of it;
 * `position` is what has been handed out: the two differ by what is in the ready queue, where marks
 * between the events carry `verified` from one to the other. An event is in `got` if and only if it is
 * in the ready queue or beyond it; where that cannot be kept up (no memory), replay brings it again. */
#include "follow.h"

#include <errno.h>
#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "drive.h"
#include "envelope.h"
#include "event-make.h"
#include "inside.h"

/* Live messages held back while filling: some seconds of the fastest wire. */
#define HELD_MAX       20000
#define HELD_BYTES_MAX (64 * 1024 * 1024)

static void drop_held(struct cw_subscriber *s, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		s->held_bytes -= zmq_msg_size(&s->held[i]->body);
		live_message_close(s->held[i]);
		free(s->held[i]);
	}
	s->n_held -= n;
	if (n)
		memmove(s->held, s->held + n, s->n_held * sizeof *s->held);
}

void follow_forget(struct cw_subscriber *s)
{
	drop_held(s, s->n_held);
	free(s->held);
	s->held = NULL;
	s->cap_held = 0;
}

/* The server's mistake, or ours: told once, and passed over. */
static void pass_over(struct cw_subscriber *s)
{
	if (!s->pending_error)
		s->pending_error = inside_fail(s, -EPROTO, "the server sent an event that is none");
}

/* Puts an event into the ready queue, unless it has been there. 1: new. */
static int accept_event(struct cw_subscriber *s, const char *json, size_t n, uint64_t seq)
{
	struct cw_event *event;

	if (seqset_has(&s->got, seq))
		return 0;
	int r = event_make(json, n, seq, &event);
	if (r < 0)
		return r;
	r = ready_reserve(&s->ready);
	if (r == 0)
		r = seqset_add(&s->got, seq);
	if (r < 0) {
		cw_event_unref(event);
		return r;
	}
	ready_push(&s->ready, event, seq);
	return 1;
}

static int accept_mark(struct cw_subscriber *s, uint64_t seq)
{
	seqset_drop_to(&s->got, seq);
	int r = ready_reserve(&s->ready);
	if (r == 0)
		ready_push(&s->ready, NULL, seq);
	return r;
}

void follow_doubt(struct cw_subscriber *s, bool loss)
{
	s->mode = FILLING;
	s->at_head = false;
	s->after_loss = loss;
	if (loss)
		s->stats.losses++;
	else
		s->stats.resyncs++;
	if (s->position.epoch[0])
		snprintf(s->after, sizeof s->after, "%s.%" PRIu64, s->position.epoch,
			s->account.verified);
}

/* ---- live ---- */

/* Every changed topic of ours must have been seen. */
static int judge_heartbeat(struct cw_subscriber *s, struct live_message *m)
{
	struct account_heartbeat h = {.head = m->header.seq, .prev = m->header.prev};
	json_t *body = json_loadb(zmq_msg_data(&m->body), zmq_msg_size(&m->body), 0, NULL);
	json_t *changed = json_object_get(body, "changed"), *seq;
	const char *topic;

	/* Whether the server puts {"overflow":true} in place of the topics or beside them. */
	h.overflow = !json_is_object(changed) ||
		     json_is_true(json_object_get(changed, "overflow")) ||
		     json_is_true(json_object_get(body, "overflow"));
	json_object_foreach(changed, topic, seq)
	{
		if (json_is_integer(seq) && live_is_ours(&s->live, topic, strlen(topic)))
			account_changed(&s->account, &h, topic, strlen(topic),
				(uint64_t)json_integer_value(seq));
	}
	json_decref(body);
	uint64_t before = s->account.verified;
	int verdict = account_heartbeat(&s->account, &h);
	if (verdict == ACCOUNT_FINE && s->account.verified != before) {
		int r = accept_mark(s, s->account.verified);
		return r < 0 ? r : verdict;
	}
	return verdict;
}

/* 1: done with; 0: there is a gap before it, fill that first. */
static int judge_event(struct cw_subscriber *s, struct live_message *m)
{
	const char *json = zmq_msg_data(&m->body);
	size_t n = zmq_msg_size(&m->body);
	uint64_t seq;
	int verdict = account_event(&s->account, zmq_msg_data(&m->topic), zmq_msg_size(&m->topic),
		m->header.seq, m->header.prev);

	if (verdict == ACCOUNT_LOSS) {
		follow_doubt(s, true);
		return 0;
	}
	if (verdict != ACCOUNT_FINE)
		return verdict < 0 ? verdict : 1;
	if (envelope_seq(json, n, &seq) < 0 || seq != m->header.seq) {
		pass_over(s);
		return 1;
	}
	int r = accept_event(s, json, n, seq);
	return r < 0 ? r : 1;
}

/* One live message, in its turn. 1: done with; 0: there is a gap before it, fill that first. */
static int judge(struct cw_subscriber *s, struct live_message *m)
{
	int r = 1;

	if (strcmp(m->header.epoch, s->position.epoch) != 0) {
		/* What was still under way when the epoch ended means nothing. Else the server has a
		 * new journal: replay will say so, and bring whatever this message told. */
		if (strcmp(m->header.epoch, s->left_epoch) != 0)
			follow_doubt(s, false);
		return 1;
	}
	if (m->heartbeat) {
		int verdict = judge_heartbeat(s, m);
		if (verdict < 0) {
			r = verdict;
		} else if (verdict == ACCOUNT_LOSS || verdict == ACCOUNT_RESYNC) {
			follow_doubt(s, verdict == ACCOUNT_LOSS);
			r = 0;
		}
	} else {
		r = judge_event(s, m);
	}
	/* It is accounted for, but we do not have it. */
	if (r < 0)
		follow_doubt(s, false);
	return r;
}

static int make_room(struct cw_subscriber *s, size_t bytes)
{
	if (s->n_held == HELD_MAX || s->held_bytes + bytes > HELD_BYTES_MAX)
		drop_held(s, s->n_held); /* the rules will find these missing */
	if (s->n_held < s->cap_held)
		return 0;
	size_t cap = s->cap_held ? s->cap_held * 2 : 64;
	struct live_message **p = realloc(s->held, cap * sizeof *p);
	if (!p)
		return -ENOMEM;
	s->held = p;
	s->cap_held = cap;
	return 0;
}

/* Takes the message. Where that fails, the rules will find it missing. */
static int hold(struct cw_subscriber *s, struct live_message *m)
{
	size_t bytes = zmq_msg_size(&m->body);
	int r = make_room(s, bytes);
	struct live_message *copy = r == 0 ? malloc(sizeof *copy) : NULL;

	if (!copy)
		return -ENOMEM;
	copy->header = m->header;
	copy->heartbeat = m->heartbeat;
	zmq_msg_init(&copy->topic);
	zmq_msg_init(&copy->body);
	zmq_msg_move(&copy->topic, &m->topic);
	zmq_msg_move(&copy->body, &m->body);
	s->held[s->n_held++] = copy;
	s->held_bytes += bytes;
	return 0;
}

int follow_judge_held(struct cw_subscriber *s)
{
	size_t done = 0;
	int r = 1;

	while (done < s->n_held && s->mode == FOLLOWING && r > 0) {
		r = judge(s, s->held[done]);
		done += r != 0;
	}
	drop_held(s, done);
	return r < 0 ? r : 0;
}

int follow_take_live(struct cw_subscriber *s)
{
	struct live_message m;

	while (s->live.socket && s->ready.n < READY_MAX && live_receive(&s->live, &m)) {
		if (m.heartbeat) {
			s->stats.heartbeats++;
			s->live.heard_ms = drive_now_ms();
		} else {
			s->stats.live_events++;
		}
		int r = s->mode == FOLLOWING ? judge(s, &m) : 0;
		if (r == 0)
			r = hold(s, &m);
		live_message_close(&m);
		if (r < 0)
			return r;
	}
	return 0;
}

/* ---- replay ---- */

/* 0, or -EPROTO: not a cursor. */
static int adopt_cursor(struct cw_subscriber *s, const char *text, uint64_t *ret_seq)
{
	struct cw_cursor cursor;

	if (cw_cursor_parse(text, strlen(text), &cursor) < 0)
		return inside_fail(s, -EPROTO, "the server sent a cursor that is none");
	if (strcmp(cursor.epoch, s->position.epoch) != 0) {
		memcpy(s->position.epoch, cursor.epoch, sizeof cursor.epoch);
		s->unsaved = true;
	}
	if (!strcmp(cursor.epoch, s->left_epoch))
		s->left_epoch[0] = '\0'; /* it has lost its end, but not its name */
	snprintf(s->after, sizeof s->after, "%s", text);
	*ret_seq = cursor.seq;
	return 0;
}

static int accept_reply(struct cw_subscriber *s)
{
	struct ask_reply *reply = s->reply;
	int r = 0;

	for (size_t i = 0; i < reply->n_events && r >= 0; i++) {
		const char *json = zmq_msg_data(&reply->events[i]);
		size_t n = zmq_msg_size(&reply->events[i]);
		uint64_t seq;
		if (envelope_seq(json, n, &seq) < 0) {
			pass_over(s);
			continue;
		}
		r = accept_event(s, json, n, seq);
		if (r == 1 && s->after_loss)
			s->stats.filled++;
	}
	return r < 0 ? r : 0;
}

static int take_events(struct cw_subscriber *s)
{
	uint64_t next = 0;
	bool more = s->reply->more;
	int r = accept_reply(s);

	ask_reply_clear(s->reply);
	if (r == 0)
		r = adopt_cursor(s, s->reply->next, &next);
	if (r < 0)
		return r;
	account_replayed(&s->account, next);
	r = accept_mark(s, next);
	s->at_head = !more;
	if (r < 0 || more || !s->live.socket)
		return r;
	s->mode = FOLLOWING;
	s->after_loss = false;
	return follow_judge_held(s);
}

/* Events are gone, or a new epoch has begun: tell it once, and go on from what there is. Nothing
 * waits to be handed out (drive.c). */
static int start_over(struct cw_subscriber *s, int code, const char *why)
{
	account_restart(&s->account);
	seqset_deinit(&s->got);
	seqset_deinit(&s->position.beyond);
	if (code == -ESTALE)
		memcpy(s->left_epoch, s->position.epoch, sizeof s->left_epoch);
	s->position.epoch[0] = '\0';
	s->position.verified = 0;
	s->at_head = false;
	drop_held(s, s->n_held);
	snprintf(s->after, sizeof s->after, "%s", *s->reply->oldest ? s->reply->oldest : "oldest");
	s->pending_error = inside_fail(s, code, "%s", why);
	return 0;
}

static int refused(struct cw_subscriber *s)
{
	const char *error = s->reply->error;
	int code = !strcmp(error, "forbidden")     ? -EACCES
		   : !strcmp(error, "bad-request") ? -EINVAL
						   : -EPROTO;

	s->broken = true;
	s->pending_error = inside_fail(s, code, "the server refuses (%s)%s%s", error,
		*s->reply->message ? ": " : "", s->reply->message);
	return 0;
}

int follow_take_reply(struct cw_subscriber *s)
{
	int r = 0;

	switch (ask_receive(&s->ask, s->reply)) {
	case ASK_NOTHING:
		return 0;
	case ASK_EVENTS:
		r = take_events(s);
		break;
	case ASK_LATER:
		s->ask_not_before_ms = drive_now_ms() + s->reply->retry_ms;
		break;
	case ASK_OUTDATED:
		r = start_over(s, -ENODATA, "the journal no longer keeps what follows the cursor");
		break;
	case ASK_EPOCH:
		r = start_over(s, -ESTALE, "the server has lost data and begun a new epoch");
		break;
	case ASK_REFUSED:
		r = refused(s);
		break;
	}
	return r < 0 ? r : 1;
}
