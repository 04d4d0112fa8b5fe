#include "actors/poller.h"

#include <errno.h>
#include <stdlib.h>
#include <uv.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "base/hash.h"
#include "base/log.h"
#include "base/map.h"
#include "fetch/fetch.h"
#include "schedule/schedule.h"

/* A reply that could not be journaled is asked for again after this long: our trouble is usually
 * over by then, and the partner's server is not hammered. */
#define POLLER_AGAIN_US (30 * SEC_US)

struct polled {
	struct schedule_slot slot;
	struct feed *feed;
	struct feed_state state;
};

struct poller {
	const struct fetch_settings *settings;
	struct schedule *schedule;
	struct fetcher *fetcher;
	struct fetch_sink fetched;
	struct poller_sink *sink;
	struct polled *feeds;
	size_t n_feeds;
	struct map by_id, by_former_id;
	size_t under_way; /* submitted and not settled: what bounds the stages behind */
	bool started, held;
	uv_timer_t *timer; /* outlives us until the loop has closed it */
};

static void pump(struct poller *p);

static void on_timer(uv_timer_t *timer)
{
	pump(timer->data); /* libuv's own member: the timer cannot be embedded, see `timer` above */
}

static void on_closed(uv_handle_t *handle)
{
	free(handle);
}

static void on_fetched(struct fetch_sink *sink, struct reply *reply)
{
	struct poller *p = container_of(sink, struct poller, fetched);
	struct polled *polled = map_get(&p->by_id, str_of(reply->feed->id));

	/* "Too many requests" speaks for the whole host, not only for this feed. */
	if (polled && reply->http_status == 429 && reply->retry_after_us > 0)
		schedule_hold_host(
			p->schedule, &polled->slot, clock_real_us() + reply->retry_after_us);
	p->sink->reply(p->sink, reply);
}

int poller_new(struct poller **ret, uv_loop_t *loop, const struct fetch_settings *settings,
	struct feed *const *feeds, size_t n_feeds, struct poller_sink *sink, struct error *error)
{
	struct poller *p = mem_zalloc(1, sizeof *p);

	p->settings = settings;
	p->sink = sink;
	p->fetched.done = on_fetched;
	p->timer = mem_zalloc(1, sizeof *p->timer);
	uv_timer_init(loop, p->timer);
	p->timer->data = p;
	map_init(&p->by_id);
	map_init(&p->by_former_id);
	int r = fetcher_new(&p->fetcher, loop, settings, &p->fetched, error);
	if (r < 0) {
		poller_free(p);
		return r;
	}
	p->schedule = schedule_new(settings);
	p->feeds = mem_zalloc(n_feeds, sizeof *p->feeds);
	for (size_t i = 0; i < n_feeds; i++) {
		if (!feeds[i]->enabled)
			continue;
		struct polled *polled = &p->feeds[p->n_feeds++];
		polled->feed = feed_ref(feeds[i]);
		map_add(&p->by_id, str_of(polled->feed->id), polled);
		for (size_t k = 0; k < polled->feed->n_formerly; k++)
			map_add(&p->by_former_id, str_of(polled->feed->formerly[k]), polled);
	}
	*ret = p;
	return 0;
}

struct poller *poller_free(struct poller *p)
{
	if (!p)
		return NULL;
	uv_timer_stop(p->timer);
	uv_close((uv_handle_t *)p->timer, on_closed);
	fetcher_free(p->fetcher);
	schedule_free(p->schedule);
	for (size_t i = 0; i < p->n_feeds; i++) {
		feed_unref(p->feeds[i].feed);
		feed_state_deinit(&p->feeds[i].state);
	}
	free(p->feeds);
	map_deinit(&p->by_id);
	map_deinit(&p->by_former_id);
	free(p);
	return NULL;
}

void poller_restore(struct poller *p, struct str feed_id, const struct feed_state *state)
{
	struct polled *polled = map_get(&p->by_id, feed_id);

	if (!polled) {
		/* A feed that got another id goes on where it was, unless it has been polled under
		 * its new one. */
		polled = map_get(&p->by_former_id, feed_id);
		if (!polled || polled->state.last_poll_us)
			return;
	}
	feed_state_deinit(&polled->state);
	feed_state_copy(&polled->state, state);
	/* A corrected address does not wait out what the wrong one has earned. */
	schedule_forget(&polled->state, polled->feed->url);
}

static double chance(void)
{
	return hash_random_below(1u << 24) / (double)(1u << 24);
}

void poller_start(struct poller *p)
{
	int64_t now = clock_real_us();
	size_t overdue = 0;

	for (size_t i = 0; i < p->n_feeds; i++)
		overdue += p->feeds[i].state.last_poll_us && p->feeds[i].state.next_due_us <= now;
	for (size_t i = 0; i < p->n_feeds; i++) {
		struct polled *polled = &p->feeds[i];
		schedule_add(p->schedule, &polled->slot, polled->feed->url,
			schedule_first(&polled->state, overdue, chance(), now));
	}
	p->started = true;
	pump(p);
}

/* Starts what is due while there is room, and sleeps until more may be. */
static void pump(struct poller *p)
{
	int64_t now = clock_real_us();

	if (!p->started || p->held)
		return;
	while (p->under_way < (size_t)p->settings->parallel) {
		struct schedule_slot *slot = schedule_take(p->schedule, now);
		if (!slot)
			break;
		struct polled *polled = container_of(slot, struct polled, slot);
		p->under_way++;
		fetch_submit(p->fetcher, polled->feed, &polled->state);
	}
	uv_timer_stop(p->timer);
	if (p->under_way >= (size_t)p->settings->parallel)
		return; /* poller_settled() comes back here */
	int64_t wake = schedule_wake(p->schedule, now);
	if (wake == INT64_MAX)
		return;
	int64_t ms = wake > now ? (wake - now + MSEC_US - 1) / MSEC_US : 0;
	/* At least a look a minute: the clock of the schedule can be set, libuv's cannot. */
	uv_timer_start(p->timer, on_timer, (uint64_t)(ms < 60000 ? ms : 60000), 0);
}

void poller_hold(struct poller *p, bool hold)
{
	p->held = hold;
	if (!hold)
		pump(p);
}

static void log_change(
	const struct feed *feed, const struct feed_state *was, const struct feed_state *is)
{
	char status[16];
	bool was_bad = was->health == FEED_FAILING || was->health == FEED_GONE;
	bool is_bad = is->health == FEED_FAILING || is->health == FEED_GONE;

	if (was_bad == is_bad)
		return;
	snprintf(status, sizeof status, "%d", (int)is->http_status);
	if (is_bad)
		log_write(LOG_LEVEL_WARNING,
			LOG_FIELDS({"feed", feed->id}, {"url", feed->url}, {"http_status", status}),
			"%s is %s: %s", feed->id, feed_health_names[is->health],
			is->error ? is->error : "no reason known");
	else
		log_write(LOG_LEVEL_INFO, LOG_FIELDS({"feed", feed->id}, {"url", feed->url}),
			"%s works again after %u failed polls", feed->id, (unsigned)was->failures);
}

void poller_settled(struct poller *p, struct str feed_id, struct feed_state *state)
{
	struct polled *polled = map_get(&p->by_id, feed_id);
	int64_t now = clock_real_us();

	p->under_way--;
	if (!polled)
		return;
	if (state) {
		log_change(polled->feed, &polled->state, state);
		feed_state_deinit(&polled->state);
		polled->state = *state;
		*state = (struct feed_state){0};
	} else {
		polled->state.next_due_us = now + POLLER_AGAIN_US;
	}
	schedule_done(p->schedule, &polled->slot, now, polled->state.next_due_us);
	pump(p);
}

int poller_refresh(struct poller *p, const char *feed_id)
{
	struct polled *polled = map_get(&p->by_id, str_of(feed_id));
	int64_t now = clock_real_us();

	if (!polled)
		return -ENOENT;
	if (polled->slot.where != SLOT_HEAP)
		return 0; /* waiting for its host, or being polled right now */
	schedule_remove(p->schedule, &polled->slot, now);
	schedule_add(p->schedule, &polled->slot, polled->feed->url, now);
	pump(p);
	return 0;
}

void poller_each(const struct poller *p, struct poller_view *view)
{
	for (size_t i = 0; i < p->n_feeds; i++)
		view->feed(view, p->feeds[i].feed, &p->feeds[i].state,
			p->feeds[i].slot.where == SLOT_BUSY);
}

size_t poller_count(const struct poller *p)
{
	return p->n_feeds;
}

size_t poller_transfers(const struct poller *p)
{
	return fetch_active(p->fetcher);
}
