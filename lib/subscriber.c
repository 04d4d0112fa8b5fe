#include <civicwire/subscriber.h>

#include <civicwire/wire.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "drive.h"
#include "follow.h"
#include "inside.h"

int inside_fail(struct cw_subscriber *s, int code, const char *format, ...)
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
		if (!cw_prefix_is_valid(topics[i], strlen(topics[i])))
			return -EINVAL;
		s->topics[i] = strdup(topics[i]);
		if (!s->topics[i])
			return -ENOMEM;
	}
	return s->topics ? 0 : -ENOMEM;
}

/* Where to begin: only whether it can be meant. What it says, the server must judge. */
static bool is_place(const char *after)
{
	struct cw_cursor cursor;

	return !strcmp(after, "now") || !strcmp(after, "oldest") || ask_is_time(after) ||
	       cw_cursor_parse(after, strlen(after), &cursor) == 0;
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
	if (strlen(after) >= sizeof s->after || !is_place(after))
		return -EINVAL;
	memcpy(s->after, after, strlen(after) + 1);
	return copy_topics(s, o->topics);
}

/* With a key, all three parts of it must be known. */
static int read_keys(struct cw_subscriber *s, const struct cw_subscriber_options *o)
{
	struct cw_key server = {.public_key = ""};
	int r = o->key_file ? cw_key_read(o->key_file, &s->key) : 0;

	if (r == 0 && o->server_key_file) {
		r = cw_key_read(o->server_key_file, &server);
		if (r == 0) /* of its two halves, should both be there, the public one */
			memcpy(s->key.server_key, server.public_key, CW_KEY_SIZE);
		cw_key_wipe(&server);
	}
	if (r < 0 || (!o->key_file && !o->server_key_file))
		return r;
	return s->key.public_key[0] && s->key.secret_key[0] && s->key.server_key[0] ? 0 : -EINVAL;
}

/* Of more the server would end the connections, again and again. */
static int check_topics(const struct cw_subscriber *s)
{
	const char *const *topics = (const char *const *)s->topics;

	if (!ask_topics_fit(topics))
		return -E2BIG;
	return !*s->live_endpoint || live_topics_fit(topics, s->key.secret_key[0]) ? 0 : -E2BIG;
}

static void write_cursor(const struct position *p, char out[ASK_CURSOR_MAX])
{
	struct cw_cursor cursor = {.seq = p->verified};

	memcpy(cursor.epoch, p->epoch, sizeof cursor.epoch);
	cw_cursor_format(&cursor, out); /* "" without an epoch */
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
		r = read_keys(s, options ? options : &defaults);
	if (r == 0)
		r = check_topics(s);
	if (r == 0)
		r = restore(s);
	if (r == 0)
		r = drive_open(s);
	if (r == 0)
		r = drive(s); /* asks, and arms the timer */
	if (r < 0) {
		cw_subscriber_close(s);
		return r;
	}
	*ret_subscriber = s;
	return 0;
}

struct cw_subscriber *cw_subscriber_close(struct cw_subscriber *s)
{
	if (!s)
		return NULL;
	follow_forget(s);
	drive_close(s);
	ready_deinit(&s->ready);
	account_deinit(&s->account);
	seqset_deinit(&s->got);
	seqset_deinit(&s->position.beyond);
	for (char **t = s->topics; t && *t; t++)
		free(*t);
	free(s->topics);
	free(s->live_endpoint);
	free(s->replay_endpoint);
	free(s->cursor_file);
	free(s->reply);
	cw_key_wipe(&s->key);
	free(s);
	return NULL;
}

/* ---- handing out ---- */

static void move_to(struct cw_subscriber *s, uint64_t seq)
{
	if (seq <= s->position.verified)
		return;
	s->position.verified = seq;
	seqset_drop_to(&s->position.beyond, seq);
	s->unsaved = true;
}

/* 1: an event; 0: none is ready. Marks on the way move the position. */
static int hand_out(struct cw_subscriber *s, struct cw_event **ret_event)
{
	struct ready r;

	while (ready_pop(&s->ready, &r)) {
		if (!r.event) {
			move_to(s, r.seq);
			continue;
		}
		if (r.seq > s->position.verified) {
			seqset_add(&s->position.beyond, r.seq); /* no room: it may come again */
			s->unsaved = true;
		}
		s->stats.handed_out++;
		*ret_event = r.event;
		return 1;
	}
	return 0;
}

int cw_subscriber_next(struct cw_subscriber *s, int timeout_ms, struct cw_event **ret_event)
{
	int64_t until = timeout_ms < 0 ? INT64_MAX : drive_now_ms() + timeout_ms;

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
			return inside_fail(s, r, "%s", strerror(-r));
		if (s->ready.n || s->pending_error)
			continue;
		if (drive_now_ms() >= until)
			return 0;
		r = drive_wait(s, until);
		if (r < 0)
			return inside_fail(s, r, "%s", strerror(-r));
	}
}

int cw_subscriber_fd(const struct cw_subscriber *s)
{
	return s->epoll_fd;
}

int cw_subscriber_commit(struct cw_subscriber *s)
{
	int r = 0;

	if (!s->position.epoch[0] || !s->unsaved)
		return 0;
	if (s->cursor_file)
		r = position_save(&s->position, s->cursor_file);
	if (r < 0)
		return inside_fail(s, r, "%s: %s", s->cursor_file, strerror(-r));
	s->unsaved = false;
	write_cursor(&s->position, s->cursor);
	return 0;
}

const char *cw_subscriber_cursor(const struct cw_subscriber *s)
{
	return s->cursor;
}

int cw_subscriber_is_current(const struct cw_subscriber *s)
{
	return s->at_head && !s->ready.n && !s->n_held && !s->pending_error;
}

void cw_subscriber_stats(const struct cw_subscriber *s, struct cw_subscriber_stats *ret_stats)
{
	*ret_stats = s->stats;
}

const char *cw_subscriber_error(const struct cw_subscriber *s)
{
	return s->error;
}
