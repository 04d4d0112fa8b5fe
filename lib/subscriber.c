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
 * between the events carry `verified` from one to the other. */
#include <civicwire/subscriber.h>

#include <errno.h>
#include <inttypes.h>
#include <jansson.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#include "account.h"
#include "ask.h"
#include "envelope.h"
#include "live.h"
#include "position.h"
#include "ready.h"

/* Three heartbeats have not come (rule 4). */
#define SILENCE_MS 15000
/* Live messages held back while filling: some seconds of the fastest wire. */
#define HELD_MAX 20000
/* A replay-only subscriber's long poll. */
#define LONG_POLL_S 30
/* No more replay is asked for while this many events wait to be handed out. */
#define READY_MAX 2000
#define ERROR_MAX 256

struct cw_subscriber {
	char *live_endpoint, *replay_endpoint, *cursor_file;
	char **topics; /* ended by NULL */
	void *context;
	struct live live; /* socket NULL: replay only */
	struct ask ask;
	struct ask_reply *reply;
	int epoll_fd, timer_fd;

	enum { FILLING, FOLLOWING } mode;
	bool after_loss;            /* this filling mends a loss: what it brings counts as filled */
	bool broken;                /* the server refuses us for good */
	char after[ASK_CURSOR_MAX]; /* where the next request goes on */
	int64_t ask_not_before_ms;

	struct account account;
	struct seqset got;
	struct live_message **held;
	size_t n_held, cap_held;

	struct ready_queue ready;
	struct position position, committed;
	char cursor[ASK_CURSOR_MAX];
	struct cw_subscriber_stats stats;
	char error[ERROR_MAX];
	int pending_error; /* to be returned once the ready queue is empty */
};

static int64_t now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

static int fail(struct cw_subscriber *s, int code, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

static int fail(struct cw_subscriber *s, int code, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(s->error, sizeof s->error, format, args);
	va_end(args);
	return code;
}

/* ---- opening and closing ---- */

static int copy_topics(struct cw_subscriber *s, const char *const *topics)
{
	static const char *const all[] = {"feed/", NULL};
	size_t n = 0;

	if (!topics || !topics[0])
		topics = all;
	while (topics[n])
		n++;
	s->topics = calloc(n + 1, sizeof *s->topics);
	for (size_t i = 0; s->topics && i < n; i++) {
		if (strlen(topics[i]) > ACCOUNT_TOPIC_MAX)
			return -EINVAL;
		s->topics[i] = strdup(topics[i]);
		if (!s->topics[i])
			return -ENOMEM;
	}
	return s->topics ? 0 : -ENOMEM;
}

static int copy_options(struct cw_subscriber *s, const struct cw_subscriber_options *o)
{
	s->live_endpoint = strdup(o->live ? o->live : CW_LIVE_DEFAULT);
	s->replay_endpoint = strdup(o->replay ? o->replay : CW_REPLAY_DEFAULT);
	s->cursor_file = o->cursor_file ? strdup(o->cursor_file) : NULL;
	s->reply = calloc(1, sizeof *s->reply);
	if (!s->live_endpoint || !s->replay_endpoint || (o->cursor_file && !s->cursor_file) ||
		!s->reply)
		return -ENOMEM;
	const char *after = o->after ? o->after : "now";
	if (strlen(after) >= sizeof s->after || !*after)
		return -EINVAL;
	memcpy(s->after, after, strlen(after) + 1);
	return copy_topics(s, o->topics);
}

static void write_cursor(const struct position *p, char out[ASK_CURSOR_MAX])
{
	if (p->epoch[0])
		snprintf(out, ASK_CURSOR_MAX, "%s.%" PRIu64, p->epoch, p->verified);
	else
		out[0] = '\0';
}

static int copy_ranges(struct seqset *to, const struct seqset *from)
{
	seqset_deinit(to);
	if (!from->n)
		return 0;
	to->ranges = malloc(from->n * sizeof *to->ranges);
	if (!to->ranges)
		return -ENOMEM;
	memcpy(to->ranges, from->ranges, from->n * sizeof *to->ranges);
	to->n = to->cap = from->n;
	return 0;
}

/* Goes on where the cursor file says, if there is one. */
static int restore(struct cw_subscriber *s)
{
	if (!s->cursor_file)
		return 0;
	int r = position_load(&s->position, s->cursor_file);
	if (r == -ENOENT)
		return 0;
	if (r < 0)
		return r;
	s->account.verified = s->position.verified;
	write_cursor(&s->position, s->after);
	write_cursor(&s->position, s->cursor);
	return copy_ranges(&s->got, &s->position.beyond);
}

static int watch(struct cw_subscriber *s, void *socket)
{
	int fd;
	size_t n = sizeof fd;
	struct epoll_event event = {.events = EPOLLIN};

	if (zmq_getsockopt(socket, ZMQ_FD, &fd, &n) < 0)
		return -zmq_errno();
	event.data.fd = fd;
	/* A closed socket leaves the set by itself; its descriptor's number may come again. */
	if (epoll_ctl(s->epoll_fd, EPOLL_CTL_ADD, fd, &event) < 0 && errno != EEXIST)
		return -errno;
	return 0;
}

static int open_sockets(struct cw_subscriber *s)
{
	const char *const *topics = (const char *const *)s->topics;
	struct epoll_event event = {.events = EPOLLIN};

	s->context = zmq_ctx_new();
	s->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	s->timer_fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
	if (!s->context || s->epoll_fd < 0 || s->timer_fd < 0)
		return -errno;
	if (epoll_ctl(s->epoll_fd, EPOLL_CTL_ADD, s->timer_fd, &event) < 0)
		return -errno;
	int r = ask_open(&s->ask, s->context, s->replay_endpoint, topics);
	if (r == 0)
		r = watch(s, s->ask.socket);
	if (r == 0 && *s->live_endpoint) {
		r = live_open(&s->live, s->context, s->live_endpoint, topics, now_ms());
		if (r == 0)
			r = watch(s, s->live.socket);
	}
	return r;
}

static void set_timer(struct cw_subscriber *s);
static int drive(struct cw_subscriber *s);

int cw_subscriber_open(
	const struct cw_subscriber_options *options, struct cw_subscriber **ret_subscriber)
{
	static const struct cw_subscriber_options defaults;
	struct cw_subscriber *s = calloc(1, sizeof *s);

	if (!s)
		return -ENOMEM;
	s->epoll_fd = s->timer_fd = -1;
	int r = copy_options(s, options ? options : &defaults);
	if (r == 0)
		r = restore(s);
	if (r == 0)
		r = open_sockets(s);
	if (r == 0)
		r = drive(s); /* asks, and arms the timer */
	if (r < 0) {
		cw_subscriber_close(s);
		return r;
	}
	*ret_subscriber = s;
	return 0;
}

static void drop_held(struct cw_subscriber *s, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		live_message_close(s->held[i]);
		free(s->held[i]);
	}
	s->n_held -= n;
	if (n)
		memmove(s->held, s->held + n, s->n_held * sizeof *s->held);
}

struct cw_subscriber *cw_subscriber_close(struct cw_subscriber *s)
{
	if (!s)
		return NULL;
	drop_held(s, s->n_held);
	free(s->held);
	live_close(&s->live);
	ask_close(&s->ask);
	if (s->context)
		zmq_ctx_term(s->context);
	if (s->epoll_fd >= 0)
		close(s->epoll_fd);
	if (s->timer_fd >= 0)
		close(s->timer_fd);
	ready_deinit(&s->ready);
	account_deinit(&s->account);
	seqset_deinit(&s->got);
	seqset_deinit(&s->position.beyond);
	seqset_deinit(&s->committed.beyond);
	for (char **t = s->topics; t && *t; t++)
		free(*t);
	free(s->topics);
	free(s->live_endpoint);
	free(s->replay_endpoint);
	free(s->cursor_file);
	free(s->reply);
	free(s);
	return NULL;
}

/* ---- receiving ---- */

/* Puts an event into the ready queue, unless it has been there. 1: new. */
static int accept_event(struct cw_subscriber *s, const char *json, size_t n, uint64_t seq)
{
	struct cw_event *event;
	int r = seqset_add(&s->got, seq);

	if (r <= 0)
		return r;
	r = cw_event_parse(json, n, &event);
	if (r == -EINVAL)
		return fail(s, -EPROTO, "the server sent an event that is none");
	if (r == 0)
		r = ready_push(&s->ready, event, seq);
	return r < 0 ? r : 1;
}

static int accept_mark(struct cw_subscriber *s, uint64_t seq)
{
	seqset_drop_to(&s->got, seq);
	return ready_push(&s->ready, NULL, seq);
}

static void begin_filling(struct cw_subscriber *s, bool loss)
{
	s->mode = FILLING;
	s->after_loss = loss;
	if (loss)
		s->stats.losses++;
	else
		s->stats.resyncs++;
	if (s->position.epoch[0])
		snprintf(s->after, sizeof s->after, "%s.%" PRIu64, s->position.epoch,
			s->account.verified);
}

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

/* One live message, in its turn. 1: done with; 0: there is a gap before it, fill that first. */
static int judge(struct cw_subscriber *s, struct live_message *m)
{
	int verdict;

	if (strcmp(m->header.epoch, s->position.epoch) != 0) {
		/* The server has a new journal; replay will say so, and where to go on. */
		begin_filling(s, false);
		return 0;
	}
	if (m->heartbeat) {
		verdict = judge_heartbeat(s, m);
	} else {
		verdict = account_event(&s->account, zmq_msg_data(&m->topic),
			zmq_msg_size(&m->topic), m->header.seq, m->header.prev);
		if (verdict == ACCOUNT_FINE) {
			int r = accept_event(
				s, zmq_msg_data(&m->body), zmq_msg_size(&m->body), m->header.seq);
			return r < 0 ? r : 1;
		}
	}
	if (verdict == ACCOUNT_LOSS || verdict == ACCOUNT_RESYNC) {
		begin_filling(s, verdict == ACCOUNT_LOSS);
		return 0;
	}
	return verdict < 0 ? verdict : 1;
}

/* Takes the message. */
static int hold(struct cw_subscriber *s, struct live_message *m)
{
	struct live_message *copy = malloc(sizeof *copy);

	if (s->n_held == HELD_MAX)
		drop_held(s, s->n_held); /* the rules will find these missing */
	if (copy && s->n_held == s->cap_held) {
		size_t cap = s->cap_held ? s->cap_held * 2 : 64;
		struct live_message **p = realloc(s->held, cap * sizeof *p);
		if (p) {
			s->held = p;
			s->cap_held = cap;
		}
	}
	if (!copy || s->n_held == s->cap_held) {
		free(copy);
		return -ENOMEM;
	}
	copy->header = m->header;
	copy->heartbeat = m->heartbeat;
	zmq_msg_init(&copy->topic);
	zmq_msg_init(&copy->body);
	zmq_msg_move(&copy->topic, &m->topic);
	zmq_msg_move(&copy->body, &m->body);
	s->held[s->n_held++] = copy;
	return 0;
}

/* FILLING has ended: what came meanwhile is judged in its order. */
static int judge_held(struct cw_subscriber *s)
{
	size_t done = 0;
	int r = 1;

	while (done < s->n_held && s->mode == FOLLOWING) {
		r = judge(s, s->held[done]);
		if (r <= 0)
			break;
		done++;
	}
	drop_held(s, done);
	return r < 0 ? r : 0;
}

/* Takes what has come on live, as long as the ready queue is short. */
static int take_live(struct cw_subscriber *s)
{
	struct live_message m;

	while (s->live.socket && s->ready.n < READY_MAX && live_receive(&s->live, &m)) {
		int r = 0;
		if (m.heartbeat) {
			s->stats.heartbeats++;
			s->live.heard_ms = now_ms();
		} else {
			s->stats.live_events++;
		}
		if (s->mode == FOLLOWING)
			r = judge(s, &m);
		if (r == 0 && s->mode == FILLING)
			r = hold(s, &m);
		live_message_close(&m);
		if (r < 0)
			return r;
	}
	return 0;
}

static void adopt_cursor(struct cw_subscriber *s, const char *cursor, uint64_t *ret_seq)
{
	const char *dot = strchr(cursor, '.');
	size_t n = dot ? (size_t)(dot - cursor) : 0;

	*ret_seq = dot ? strtoull(dot + 1, NULL, 10) : 0;
	if (n && n < sizeof s->position.epoch) {
		memcpy(s->position.epoch, cursor, n);
		s->position.epoch[n] = '\0';
	}
	snprintf(s->after, sizeof s->after, "%s", cursor);
}

static int take_events(struct cw_subscriber *s)
{
	struct ask_reply *reply = s->reply;
	uint64_t next;
	int r = 0;

	for (size_t i = 0; i < reply->n_events && r >= 0; i++) {
		const char *json = zmq_msg_data(&reply->events[i]);
		size_t n = zmq_msg_size(&reply->events[i]);
		uint64_t seq;
		if (envelope_seq(json, n, &seq) < 0)
			r = fail(s, -EPROTO, "the server sent an event that is none");
		else
			r = accept_event(s, json, n, seq);
		if (r == 1 && s->after_loss)
			s->stats.filled++;
	}
	bool more = reply->more;
	ask_reply_clear(reply);
	if (r < 0)
		return r;
	adopt_cursor(s, reply->next, &next);
	account_replayed(&s->account, next);
	r = accept_mark(s, next);
	if (r < 0 || more || !s->live.socket)
		return r;
	s->mode = FOLLOWING;
	s->after_loss = false;
	return judge_held(s);
}

/* Events are gone, or a new epoch has begun: tell it once, and go on from what there is. */
static int start_over(struct cw_subscriber *s, int code, const char *why)
{
	account_restart(&s->account);
	seqset_deinit(&s->got);
	seqset_deinit(&s->position.beyond);
	s->position.epoch[0] = '\0';
	s->position.verified = 0;
	drop_held(s, s->n_held);
	snprintf(s->after, sizeof s->after, "%s", *s->reply->oldest ? s->reply->oldest : "oldest");
	s->pending_error = fail(s, code, "%s", why);
	return 0;
}

static int refused(struct cw_subscriber *s)
{
	const char *error = s->reply->error;

	s->broken = true;
	s->pending_error = !strcmp(error, "forbidden")     ? -EACCES
			   : !strcmp(error, "bad-request") ? -EINVAL
							   : -EPROTO;
	fail(s, 0, "the server refuses: %s", error);
	return 0;
}

static int take_reply(struct cw_subscriber *s)
{
	switch (ask_receive(&s->ask, s->reply)) {
	case ASK_NOTHING:
		return 0;
	case ASK_EVENTS:
		return take_events(s);
	case ASK_LATER:
		s->ask_not_before_ms = now_ms() + s->reply->retry_ms;
		return 0;
	case ASK_OUTDATED:
		return start_over(
			s, -ENODATA, "the journal no longer keeps what follows the cursor");
	case ASK_EPOCH:
		return start_over(s, -ESTALE, "the server has lost data and begun a new epoch");
	case ASK_REFUSED:
		return refused(s);
	}
	return 0;
}

/* ---- driving ---- */

static int mind_silence(struct cw_subscriber *s, int64_t now)
{
	if (!s->live.socket || now - s->live.heard_ms < SILENCE_MS)
		return 0;
	s->stats.reconnects++;
	live_close(&s->live);
	int r = live_open(
		&s->live, s->context, s->live_endpoint, (const char *const *)s->topics, now);
	if (r == 0)
		r = watch(s, s->live.socket);
	if (r == 0 && s->mode == FOLLOWING)
		begin_filling(s, false);
	return r;
}

static int mind_question(struct cw_subscriber *s, int64_t now)
{
	if (ask_is_overdue(&s->ask, now)) {
		int r = watch(s, s->ask.socket);
		if (r < 0)
			return r;
	}
	if (s->mode != FILLING || s->ask.waiting || s->broken || s->ready.n >= READY_MAX ||
		now < s->ask_not_before_ms)
		return 0;
	return ask_send(&s->ask, s->after, s->live.socket ? 0 : LONG_POLL_S, now);
}

static int64_t next_deadline(const struct cw_subscriber *s)
{
	int64_t at = INT64_MAX;

	if (s->live.socket)
		at = s->live.heard_ms + SILENCE_MS;
	if (s->ask.waiting && s->ask.deadline_ms < at)
		at = s->ask.deadline_ms;
	if (!s->ask.waiting && s->mode == FILLING && s->ask_not_before_ms > 0 &&
		s->ask_not_before_ms < at)
		at = s->ask_not_before_ms;
	return at;
}

static void set_timer(struct cw_subscriber *s)
{
	int64_t at = next_deadline(s);
	struct itimerspec spec = {0};

	if (at != INT64_MAX) {
		spec.it_value.tv_sec = at / 1000;
		spec.it_value.tv_nsec = at % 1000 * 1000000 + 1; /* zero would disarm it */
	}
	timerfd_settime(s->timer_fd, TFD_TIMER_ABSTIME, &spec, NULL);
}

/* Does whatever can be done without waiting. */
static int drive(struct cw_subscriber *s)
{
	int64_t now = now_ms();
	int r = mind_silence(s, now);

	if (r == 0)
		r = mind_question(s, now);
	if (r == 0 && s->mode == FOLLOWING)
		r = judge_held(s);
	if (r == 0)
		r = take_live(s);
	while (r == 0 && s->ask.waiting && s->ready.n < READY_MAX) {
		uint64_t number = s->ask.number;
		r = take_reply(s);
		if (s->ask.waiting && s->ask.number == number)
			break;
		if (r == 0)
			r = mind_question(s, now_ms());
	}
	set_timer(s);
	return r;
}

static int wait_for(struct cw_subscriber *s, int64_t until_ms)
{
	zmq_pollitem_t items[2] = {{.socket = s->ask.socket, .events = ZMQ_POLLIN}};
	int n = 1;
	int64_t at = next_deadline(s), now = now_ms();

	if (s->live.socket)
		items[n++] = (zmq_pollitem_t){.socket = s->live.socket, .events = ZMQ_POLLIN};
	if (until_ms < at)
		at = until_ms;
	long wait = at == INT64_MAX ? -1 : at > now ? (long)(at - now) : 0;
	return zmq_poll(items, n, wait) < 0 ? -zmq_errno() : 0;
}

/* 1: an event; 0: none is ready. Marks on the way move the position. */
static int hand_out(struct cw_subscriber *s, struct cw_event **ret_event)
{
	struct ready r;

	while (ready_pop(&s->ready, &r)) {
		if (!r.event) {
			if (r.seq > s->position.verified)
				s->position.verified = r.seq;
			seqset_drop_to(&s->position.beyond, s->position.verified);
			continue;
		}
		if (r.seq > s->position.verified)
			seqset_add(&s->position.beyond, r.seq); /* no room: it may come again */
		s->stats.handed_out++;
		*ret_event = r.event;
		return 1;
	}
	return 0;
}

int cw_subscriber_next(struct cw_subscriber *s, int timeout_ms, struct cw_event **ret_event)
{
	int64_t until = timeout_ms < 0 ? INT64_MAX : now_ms() + timeout_ms;

	for (;;) {
		if (hand_out(s, ret_event))
			return 1;
		if (s->pending_error) {
			int r = s->pending_error;
			s->pending_error = s->broken ? r : 0;
			return r;
		}
		int r = drive(s);
		if (r == -EPROTO)
			return r; /* the sentence is there already */
		if (r < 0)
			return fail(s, r, "%s", strerror(-r));
		if (s->ready.n || s->pending_error)
			continue;
		if (now_ms() >= until)
			return 0;
		r = wait_for(s, until);
		if (r < 0)
			return fail(s, r, "%s", strerror(-r));
	}
}

int cw_subscriber_fd(const struct cw_subscriber *s)
{
	return s->epoll_fd;
}

int cw_subscriber_commit(struct cw_subscriber *s)
{
	int r = 0;

	if (!s->position.epoch[0])
		return 0;
	if (s->cursor_file)
		r = position_save(&s->position, s->cursor_file);
	if (r < 0)
		return fail(s, r, "%s: %s", s->cursor_file, strerror(-r));
	write_cursor(&s->position, s->cursor);
	return 0;
}

const char *cw_subscriber_cursor(const struct cw_subscriber *s)
{
	return s->cursor;
}

int cw_subscriber_is_current(const struct cw_subscriber *s)
{
	bool idle_replay = !s->live.socket && s->ask.waiting && s->position.epoch[0];

	return !s->ready.n && !s->n_held && (s->mode == FOLLOWING || idle_replay);
}

void cw_subscriber_stats(const struct cw_subscriber *s, struct cw_subscriber_stats *ret_stats)
{
	*ret_stats = s->stats;
}

const char *cw_subscriber_error(const struct cw_subscriber *s)
{
	return s->error;
}
