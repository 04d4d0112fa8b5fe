#include "actors/inspector.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <uv.h>

#include "actors/subscriber.h"
#include "base/alloc.h"
#include "base/clock.h"
#include "base/list.h"

struct answer {
	int result;
	struct control_refresh when;
	uint64_t number;
	struct control_snapshot *snapshot;
	struct reload *report;
};

/* One question at a time is enough: the askers are people and scrapers. */
struct inspector {
	struct control_source source;
	struct poller *poller;
	const struct subscriber *subscriber;
	struct inspector_sink *sink;
	uv_async_t *wake;       /* outlives us until the loop has closed it */
	pthread_mutex_t asking; /* held by the one who asks */
	pthread_mutex_t lock;   /* over all below */
	pthread_cond_t answered;
	bool ending, asked;
	enum { SNAPSHOT, REFRESH, RELOAD_CLIENTS, RELOAD, REPORT } question;
	const void *asked_for; /* a page, or the id of a feed: the asker's */
	struct answer answer;
};

struct gather {
	struct poller_view view;
	struct control_snapshot *snapshot;
	const struct control_page *page;
	const struct subscriber *subscriber;
	size_t cap;
};

/* NULL: no hub is known. */
static struct hub_subscription *hub_of(const struct subscriber *subscriber, const char *feed_id)
{
	const struct hub_subscription *found = subscriber_find(subscriber, feed_id);
	struct hub_subscription *copy = found ? mem_zalloc(1, sizeof *copy) : NULL;

	if (copy)
		hub_subscription_copy_shown(copy, found);
	return copy;
}

static bool on_feed(struct poller_view *view, const struct feed *feed,
	const struct feed_state *state, int64_t due_us, bool busy)
{
	struct gather *g = container_of(view, struct gather, view);
	struct control_snapshot *s = g->snapshot;

	if (!(g->page->health & 1u << state->health))
		return true;
	MEM_GROW(s->feeds, g->cap, s->n_feeds + 1);
	struct control_feed *f = &s->feeds[s->n_feeds++];
	f->feed = feed_ref(feed);
	feed_state_copy_shown(&f->state, state);
	f->state.next_due_us = due_us;
	f->busy = busy;
	f->hub = g->subscriber ? hub_of(g->subscriber, feed->id) : NULL;
	return s->n_feeds < g->page->limit;
}

static bool on_count(struct poller_view *view, const struct feed *feed,
	const struct feed_state *state, int64_t due_us, bool busy)
{
	struct control_snapshot *s = container_of(view, struct gather, view)->snapshot;

	(void)due_us;
	(void)busy;
	s->n_all++;
	if (feed->enabled)
		s->counts[state->health]++;
	else
		s->n_paused++;
	return true;
}

static struct control_snapshot *take_snapshot(struct inspector *in, const struct control_page *page)
{
	struct control_snapshot *s = mem_zalloc(1, sizeof *s);
	struct gather gather = {.view = {page->limit ? on_feed : on_count},
		.snapshot = s,
		.page = page,
		.subscriber = in->subscriber};

	s->taken_us = clock_real_us();
	s->transfers = poller_transfers(in->poller);
	for (enum schedule_lane lane = 0; lane < LANE_COUNT; lane++)
		s->lanes[lane].busy = poller_lane(in->poller, lane, &s->lanes[lane].lateness);
	s->has_hubs = in->subscriber;
	if (in->subscriber)
		subscriber_count(in->subscriber, s->hubs);
	poller_each(in->poller, page->after, &gather.view);
	in->sink->complete(in->sink, s);
	return s;
}

static void answer(struct inspector *in)
{
	struct answer *a = &in->answer;

	switch (in->question) {
	case SNAPSHOT:
		a->snapshot = take_snapshot(in, in->asked_for);
		break;
	case REFRESH:
		a->result = poller_refresh(in->poller, in->asked_for, &a->when);
		break;
	case RELOAD_CLIENTS:
		a->result = in->sink->reload_clients(in->sink);
		break;
	case RELOAD:
		a->number = in->sink->reload(in->sink);
		break;
	case REPORT:
		a->report = in->sink->reload_report(in->sink);
		break;
	}
}

static void on_wake(uv_async_t *wake)
{
	struct inspector *in = wake->data;

	pthread_mutex_lock(&in->lock);
	if (in->asked) {
		answer(in);
		in->asked = false;
		pthread_cond_signal(&in->answered);
	}
	pthread_mutex_unlock(&in->lock);
}

/* The result is -ESHUTDOWN where the daemon is ending. */
static struct answer ask(struct control_source *source, int question, const void *asked_for)
{
	struct inspector *in = container_of(source, struct inspector, source);
	struct answer none = {.result = -ESHUTDOWN}, a = none;

	pthread_mutex_lock(&in->asking);
	pthread_mutex_lock(&in->lock);
	if (!in->ending) {
		in->question = question;
		in->asked_for = asked_for;
		in->answer = (struct answer){0};
		in->asked = true;
		uv_async_send(in->wake);
		while (in->asked && !in->ending)
			pthread_cond_wait(&in->answered, &in->lock);
		a = in->asked ? none : in->answer;
		in->asked = false; /* the loop may still wake for it: `asked_for` is not ours */
	}
	pthread_mutex_unlock(&in->lock);
	pthread_mutex_unlock(&in->asking);
	return a;
}

static struct control_snapshot *on_snapshot(
	struct control_source *source, const struct control_page *page)
{
	return ask(source, SNAPSHOT, page).snapshot;
}

static int on_refresh(
	struct control_source *source, const char *feed_id, struct control_refresh *ret)
{
	struct answer a = ask(source, REFRESH, feed_id);

	*ret = a.when;
	return a.result;
}

static int on_reload_clients(struct control_source *source)
{
	return ask(source, RELOAD_CLIENTS, NULL).result;
}

static int on_reload(struct control_source *source, uint64_t *ret_number)
{
	struct answer a = ask(source, RELOAD, NULL);

	*ret_number = a.number;
	return a.result;
}

static struct reload *on_reload_report(struct control_source *source)
{
	return ask(source, REPORT, NULL).report;
}

static int on_redact(struct control_source *source, const char *id, const char *epoch,
	struct control_redaction *ret, struct error *error)
{
	struct inspector_sink *sink = container_of(source, struct inspector, source)->sink;

	return sink->redact(sink, id, epoch, ret, error);
}

void inspector_end(struct inspector *in)
{
	pthread_mutex_lock(&in->lock);
	in->ending = true;
	pthread_cond_broadcast(&in->answered);
	pthread_mutex_unlock(&in->lock);
}

static void on_end(struct control_source *source)
{
	inspector_end(container_of(source, struct inspector, source));
}

int inspector_new(struct inspector **ret, uv_loop_t *loop, struct poller *poller,
	struct inspector_sink *sink, struct error *error)
{
	struct inspector *in = mem_zalloc(1, sizeof *in);

	in->wake = mem_zalloc(1, sizeof *in->wake);
	int r = uv_async_init(loop, in->wake, on_wake);
	if (r < 0) {
		free(in->wake);
		free(in);
		return error_set(error, -r, "cannot wake the loop: %s", uv_strerror(r));
	}
	in->wake->data = in;
	in->poller = poller;
	in->sink = sink;
	in->source = (struct control_source){.snapshot = on_snapshot,
		.refresh = on_refresh,
		.reload_clients = on_reload_clients,
		.reload = on_reload,
		.reload_report = on_reload_report,
		.redact = on_redact,
		.end = on_end};
	pthread_mutex_init(&in->asking, NULL);
	pthread_mutex_init(&in->lock, NULL);
	pthread_cond_init(&in->answered, NULL);
	*ret = in;
	return 0;
}

void inspector_set_subscriber(struct inspector *in, const struct subscriber *subscriber)
{
	in->subscriber = subscriber;
}

struct control_source *inspector_source(struct inspector *in)
{
	return &in->source;
}

static void on_closed(uv_handle_t *handle)
{
	free(handle);
}

struct inspector *inspector_free(struct inspector *in)
{
	if (!in)
		return NULL;
	uv_close((uv_handle_t *)in->wake, on_closed);
	pthread_cond_destroy(&in->answered);
	pthread_mutex_destroy(&in->lock);
	pthread_mutex_destroy(&in->asking);
	free(in);
	return NULL;
}
