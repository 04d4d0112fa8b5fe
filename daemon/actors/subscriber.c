/* Three things go on here:
 *
 *   feeds that name hubs ─ known() ─▶ followers ─ due ─▶ a hub is asked (fetch) ─ answered ─▶ due again
 *   hubs that come ─ listener ─ knock ─▶ queue ─ async ─▶ verified, denied, ping ─▶ the follower, the poller
 *                                                  └────▶ push ─▶ the poller ─ done ─▶ the hub is answered
 *   time ─ once a minute ─▶ leases that are over, hubs that do not push what there is
 *
 * A follower is one subscription at work. Its slot in a schedule of hubs tells when its hub is asked next;
 * while a request is under way the slot is busy, which keeps others from that host. A feed has at most one
 * follower that is not leaving. */
#include "actors/subscriber.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "actors/hubs.h"
#include "actors/subscribing.h"
#include "base/alloc.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "base/hash.h"
#include "base/log.h"
#include "base/metrics.h"
#include "websub/discover.h"
#include "websub/lease.h"

/* What hubs have said and the loop has not heard yet: it hears within milliseconds. */
#define KNOCKS_MAX 256
/* How often leases are looked at: one that is over is over a minute later at the latest. */
#define TICK_US MIN_US
/* The loop looks at its clocks at least so often: they go on while the machine sleeps, libuv's does not. */
#define LOOK_MS 5000
/* While hubs wait for answers. */
#define LOOK_SOON_MS 1000
/* One poll in this time for a feed whose hub pings. */
#define PING_US MIN_US

static struct follower *follow(struct subscriber *s, const struct feed *feed, struct str topic,
	struct str hub, int64_t asked_us);

double subscribing_chance(void)
{
	return hash_random_below(1u << 24) / (double)(1u << 24);
}

/* ---- followers ---- */

static void keep(struct subscriber *s, struct follower *f)
{
	f->is_dirty = false;
	s->sink->keep(s->sink, &f->s);
}

bool subscribing_is_leaving(const struct follower *f)
{
	return f->s.state == SUBSCRIPTION_LEAVING;
}

static void open_door(struct subscriber *s, const struct follower *f)
{
	const struct door door = {.token = f->s.token,
		.topic = f->s.topic,
		.secret = f->s.secret,
		.subscribe = f->s.state == SUBSCRIPTION_ASKED ||
			     f->s.state == SUBSCRIPTION_ACTIVE ||
			     f->s.state == SUBSCRIPTION_FAILING,
		.unsubscribe = subscribing_is_leaving(f),
		.max_body = f->feed ? f->feed->max_body : 0};

	listener_open(s->listener, &door);
}

/* Tells the poller, where it has changed, whether the feed is served by pushes. */
void subscribing_tell_delivery(struct subscriber *s, struct follower *f)
{
	bool delivers = lease_delivers(&f->s, clock_real_us());

	if (delivers != f->delivers) {
		f->delivers = delivers;
		s->delivering += delivers ? 1 : (size_t)-1;
		metric_set(METRIC_civicwire_websub_active, (int64_t)s->delivering);
	}
	if (map_get(&s->by_feed, str_of(f->s.feed_id)) == f)
		poller_set_least(s->poller, f->s.feed_id, delivers ? s->websub.interval_us : 0);
}

/* On the schedule's clock; what is due by the wall clock's word is no farther away than a lease. */
static int64_t due_of(const struct follower *f)
{
	int64_t wait = f->s.next_us - clock_real_us();

	return clock_boot_us() + (wait < LEASE_MOST_US ? wait : LEASE_MOST_US);
}

static void place(struct subscriber *s, struct follower *f)
{
	if (f->asker)
		return; /* on_answered() does it */
	schedule_remove(s->schedule, &f->slot, clock_boot_us());
	schedule_add(s->schedule, &f->slot, f->s.hub, due_of(f));
}

/* After any change of what was asked or said. */
void subscribing_changed(struct subscriber *s, struct follower *f)
{
	open_door(s, f);
	subscribing_tell_delivery(s, f);
	place(s, f);
	keep(s, f);
}

static void follower_free(struct follower *f)
{
	hub_subscription_deinit(&f->s);
	feed_unref(f->feed);
	feed_unref(f->asker);
	free(f);
}

void subscribing_forget(struct subscriber *s, struct follower *f)
{
	f->s.lease_us = 0;
	subscribing_tell_delivery(s, f);
	if (map_get(&s->by_feed, str_of(f->s.feed_id)) == f)
		map_take(&s->by_feed, str_of(f->s.feed_id));
	map_take(&s->by_token, str_of(f->s.token));
	listener_close(s->listener, f->s.token);
	schedule_remove(s->schedule, &f->slot, clock_boot_us());
	s->sink->drop(s->sink, f->s.token);
	follower_free(f); /* a request under way finds it no more */
}

/* Its feed has no use for it (any more). */
static void leave(struct subscriber *s, struct follower *f)
{
	if (map_get(&s->by_feed, str_of(f->s.feed_id)) == f) {
		poller_set_least(s->poller, f->s.feed_id, 0);
		map_take(&s->by_feed, str_of(f->s.feed_id));
	}
	lease_leave(&f->s, clock_real_us());
	if (f->s.lease_us)
		subscribing_changed(s, f);
	else
		subscribing_forget(s, f); /* nobody to be told */
}

static void add(struct subscriber *s, struct follower *f)
{
	map_add(&s->by_token, str_of(f->s.token), f);
	if (!subscribing_is_leaving(f))
		map_add(&s->by_feed, str_of(f->s.feed_id), f);
	open_door(s, f);
	place(s, f);
}

static void write_random(char *out, size_t size)
{
	struct hash hash;

	for (size_t n = 0; n + HASH_TEXT_MAX <= size; n += HASH_TEXT_MAX - 1) {
		hash_random(&hash, sizeof hash);
		hash_text(&hash, out + n);
	}
}

/* A hub that is reached without TLS is told no secret: who listens would know it, too. */
static struct follower *follow(struct subscriber *s, const struct feed *feed, struct str topic,
	struct str hub, int64_t asked_us)
{
	struct follower *f = mem_zalloc(1, sizeof *f);

	f->feed = feed_ref(feed);
	f->s.feed_id = mem_strdup(feed->id);
	f->s.topic = mem_strndup(topic.p, topic.n);
	f->s.hub = mem_strndup(hub.p, hub.n);
	f->s.callback = mem_strdup(s->websub.callback);
	write_random(f->s.token, sizeof f->s.token);
	if (str_istarts(hub, STR("https:")))
		write_random(f->s.secret, sizeof f->s.secret);
	lease_begin(&f->s, asked_us, clock_real_us());
	add(s, f);
	subscribing_tell_delivery(s, f);
	keep(s, f);
	return f;
}

/* ---- what is known of feeds ---- */

static bool has_hub(const struct discovery *d, const char *hub)
{
	for (size_t i = 0; i < d->n_hubs; i++)
		if (str_is(d->hubs[i], hub))
			return true;
	return false;
}

static void set_feed(struct follower *f, const struct feed *feed)
{
	struct feed *was = f->feed;

	f->feed = feed_ref(feed);
	feed_unref(was);
}

/* A clock that was turned is noticed at the next poll, not only when the timer comes. */
static void look(struct subscriber *s)
{
	int64_t now = clock_boot_us();

	if (s->started && (now >= s->tick_us || now >= schedule_wake(s->schedule, now)))
		subscribing_pump(s);
}

void subscriber_known(struct subscriber *s, const struct feed *feed, const struct feed_state *state,
	const struct poller_news *news)
{
	struct follower *f = map_get(&s->by_feed, str_of(feed->id));
	int64_t now = clock_real_us(), asked_us = f ? f->s.asked_us : 0;
	struct discovery d;

	if (s->stopped)
		return;
	/* The state is the poller's, and is written anew when that is told of a hub. */
	cleanup(free_p) char *hubs = state->hubs ? mem_strdup(state->hubs) : NULL;
	bool wanted = s->websub.callback && feed->websub && feed->enabled &&
		      discovery_read(str_of(hubs), &d);
	bool was_put_off = state->least_us > 0;
	/* One that was asked for at another callback, before a restart, is another subscription. */
	if (f && (!wanted || !str_is(d.topic, f->s.topic) || !has_hub(&d, f->s.hub) ||
			 strcmp(f->s.callback, s->websub.callback) != 0)) {
		leave(s, f);
		f = NULL;
	}
	if (f && f->feed != feed) {
		set_feed(f, feed);
		open_door(s, f);
		subscribing_tell_delivery(s, f);
	}
	if (wanted && !f)
		follow(s, feed, d.topic, d.hubs[0], asked_us);
	else if (!f && was_put_off) /* by the deliveries to the feed that it was before */
		poller_set_least(s->poller, feed->id, 0);
	if (f && news && news->found)
		lease_polled(&f->s, news->before_us, s->started_us, now);
	look(s);
	/* Not by the schedule alone: the first is asked at once. */
	if (wanted && !f && s->started)
		subscribing_pump(s);
}

void subscriber_left(struct subscriber *s, const char *feed_id)
{
	struct follower *f = map_get(&s->by_feed, str_of(feed_id));

	if (!f || s->stopped)
		return;
	leave(s, f);
	subscribing_pump(s);
}

/* ---- asking ---- */

static struct str next_hub(const struct discovery *d, const char *hub)
{
	for (size_t i = 0; i < d->n_hubs; i++)
		if (str_is(d->hubs[i], hub))
			return d->hubs[(i + 1) % d->n_hubs];
	return STR_NONE;
}

/* True: another hub of the feed has taken its place. */
static bool give_way(struct subscriber *s, struct follower *f, int64_t now)
{
	const char *known = poller_hubs(s->poller, f->s.feed_id);
	struct discovery d;

	if (!lease_gives_way(&f->s, now) || !f->feed || !known)
		return false;
	cleanup(free_p) char *hubs = mem_strdup(known); /* as in subscriber_known() */
	if (!discovery_read(str_of(hubs), &d) || d.n_hubs < 2)
		return false;
	struct str hub = next_hub(&d, f->s.hub);
	struct feed *feed = feed_ref(f->feed);
	subscribing_forget(s, f);
	if (hub.n)
		follow(s, feed, d.topic, hub, 0);
	feed_unref(feed);
	return true;
}

static void ask(struct subscriber *s, struct follower *f, int64_t now)
{
	const struct feed *feed = f->feed ? f->feed : poller_feed(s->poller, f->s.feed_id);
	char *form = hub_form(&f->s, &s->websub);

	log_write(LOG_LEVEL_DEBUG, LOG_FIELDS({"feed", f->s.feed_id}, {"hub", f->s.hub}),
		"hub %s is asked to %s", f->s.hub,
		subscribing_is_leaving(f) ? "push no more" : "push");
	lease_asked(&f->s, now);
	open_door(s, f); /* some hubs verify before they answer */
	f->asker = hub_asker(feed, &f->s);
	keep(s, f);
	fetch_post(s->fetcher, f->asker, f->s.hub, form, f->slot.lane);
	explicit_bzero(form, strlen(form));
	free(form);
}

static void log_change(const struct follower *f, enum lease_change change)
{
	const struct hub_subscription *s = &f->s;

	if (change == LEASE_DISTRUSTED)
		log_write(LOG_LEVEL_WARNING, LOG_FIELDS({"feed", s->feed_id}, {"hub", s->hub}),
			"%s: a poll has brought news that hub %s did not push: the feed is "
			"polled at its own interval until the hub pushes again",
			s->feed_id, s->hub);
	else if (change == LEASE_RAN_OUT)
		log_write(LOG_LEVEL_WARNING, LOG_FIELDS({"feed", s->feed_id}, {"hub", s->hub}),
			"%s: the lease of hub %s is over%s%s: the feed is polled at its own "
			"interval",
			s->feed_id, s->hub, s->reason ? ": " : "", s->reason ? s->reason : "");
	else if (change == LEASE_UNVERIFIED && s->failures == 1)
		log_write(LOG_LEVEL_WARNING, LOG_FIELDS({"feed", s->feed_id}, {"hub", s->hub}),
			"%s: hub %s was asked to push and has not come back to verify; is "
			"websub.callback reached from outside?",
			s->feed_id, s->hub);
}

/* True: the follower is no more. */
static bool tick_one(struct subscriber *s, struct follower *f, int64_t now)
{
	enum lease_change change = lease_tick(&f->s, subscribing_chance(), now);

	log_change(f, change);
	if (change == LEASE_FORGET) {
		subscribing_forget(s, f);
		return true;
	}
	if (change != LEASE_SAME)
		subscribing_changed(s, f);
	else if (f->is_dirty)
		keep(s, f);
	return false;
}

void subscribing_ping(struct subscriber *s, struct follower *f, int64_t boot_us)
{
	f->ping_waits = f->pinged_us && boot_us - f->pinged_us < PING_US;
	if (f->ping_waits)
		return;
	f->pinged_us = boot_us;
	poller_look(s->poller, f->s.feed_id);
}

static bool wants_ping(struct follower *f, int64_t boot_us)
{
	bool looks = f->look_us && boot_us >= f->look_us;

	if (looks)
		f->look_us = 0;
	return looks || f->ping_waits;
}

static void tick_all(struct subscriber *s, int64_t now, int64_t boot_us)
{
	struct follower **all = mem_alloc((s->by_token.n + 1) * sizeof *all);
	size_t n = 0;

	map_for_each(it, &s->by_token)
		all[n++] = it->value;
	for (size_t i = 0; i < n; i++)
		if (!tick_one(s, all[i], now) && wants_ping(all[i], boot_us))
			subscribing_ping(s, all[i], boot_us);
	free(all);
	s->tick_us = boot_us + TICK_US;
}

static void on_timer(uv_timer_t *timer)
{
	struct subscriber *s = timer->data;

	listener_cut_slow(s->listener, clock_monotonic_us());
	waiting_answer_late(s);
	subscribing_pump(s);
}

void subscribing_sleep(struct subscriber *s)
{
	int64_t now = clock_boot_us(), wake = schedule_wake(s->schedule, now);
	int64_t most = list_is_empty(&s->waiting) ? LOOK_MS : LOOK_SOON_MS;
	int64_t ms = wake > now ? (wake - now) / MSEC_US + 1 : 1;

	uv_timer_start(
		s->timer, on_timer, (uint64_t)(wake != INT64_MAX && ms < most ? ms : most), 0);
}

/* Asks whoever is due and may be. */
void subscribing_pump(struct subscriber *s)
{
	int64_t boot_us = clock_boot_us(), now = clock_real_us();

	if (!s->started || s->stopped)
		return;
	if (boot_us >= s->tick_us)
		tick_all(s, now, boot_us);
	for (struct schedule_slot *slot; (slot = schedule_slow(s->schedule, boot_us));)
		fetch_slow(s->fetcher, container_of(slot, struct follower, slot)->asker);
	for (struct schedule_slot *slot; (slot = schedule_take(s->schedule, boot_us));) {
		struct follower *f = container_of(slot, struct follower, slot);
		now = clock_real_us(); /* were it set meanwhile, who is not due yet would be so for ever */
		if (tick_one(s, f, now) || give_way(s, f, now))
			continue;
		/* Ticking may have put it elsewhere. */
		if (f->slot.where != SLOT_BUSY)
			continue;
		if (f->s.next_us <= now)
			ask(s, f, now);
		else
			schedule_done(s->schedule, &f->slot, boot_us, due_of(f));
	}
	subscribing_sleep(s);
}

static void log_refusal(const struct follower *f)
{
	const struct hub_subscription *s = &f->s;

	if (s->failures == 1 && !subscribing_is_leaving(f))
		log_write(LOG_LEVEL_WARNING, LOG_FIELDS({"feed", s->feed_id}, {"hub", s->hub}),
			"%s: hub %s does not push: %s", s->feed_id, s->hub,
			s->reason ? s->reason : "no reason known");
}

static void take_answer(struct follower *f, const struct reply *reply, int64_t now)
{
	const char *why = reply->error ? reply->error : reply_outcome_names[reply->outcome];

	/* A hub may verify before it has answered; then that counts. */
	if (reply->outcome == REPLY_BODY || !lease_waits(&f->s))
		return;
	if (reply->outcome == REPLY_GONE)
		lease_denied(&f->s, why, subscribing_chance(), now);
	else
		lease_failed(&f->s, why, subscribing_chance(), now);
	if (reply->retry_after_us > 0 && f->s.next_us < now + reply->retry_after_us)
		f->s.next_us = now + reply->retry_after_us;
	log_refusal(f);
}

/* NULL: whoever it was for is gone. */
static struct follower *asker_of(const struct subscriber *s, const struct reply *reply)
{
	struct follower *f = map_get(&s->by_token, str_of(reply->feed->id));

	return f && f->asker == reply->feed && f->slot.where == SLOT_BUSY && !s->stopped ? f : NULL;
}

static void on_began(struct fetch_sink *sink, const struct reply *reply)
{
	struct subscriber *s = container_of(sink, struct subscriber, fetched);
	struct follower *f = asker_of(s, reply);

	if (f)
		schedule_began(s->schedule, &f->slot, clock_boot_us());
}

static void on_answered(struct fetch_sink *sink, struct reply *reply)
{
	struct subscriber *s = container_of(sink, struct subscriber, fetched);
	struct follower *f = asker_of(s, reply);

	if (f) {
		f->asker = feed_unref(f->asker);
		schedule_answered(s->schedule, &f->slot, clock_boot_us());
		/* "Too many requests" speaks for the whole host, as when polling. */
		if (reply->http_status == 429 && reply->retry_after_us > 0)
			schedule_hold_host(
				s->schedule, &f->slot, clock_boot_us() + reply->retry_after_us);
		take_answer(f, reply, clock_real_us());
		schedule_done(s->schedule, &f->slot, clock_boot_us(), due_of(f));
		subscribing_changed(s, f);
	}
	reply_free(reply);
	subscribing_pump(s);
}

/* ---- beginning and end ---- */

int subscriber_new(struct subscriber **ret, uv_loop_t *loop, const struct subscriber_config *config,
	struct poller *poller, struct subscriber_sink *sink, struct error *error)
{
	struct subscriber *s = mem_zalloc(1, sizeof *s);

	s->websub = *config->websub;
	s->poller = poller;
	s->sink = sink;
	s->heard.knock = hear_knock;
	s->fetched = (struct fetch_sink){.began = on_began, .done = on_answered};
	s->started_us = clock_real_us();
	s->schedule = schedule_new(config->fetch);
	map_init(&s->by_token);
	map_init(&s->by_feed);
	list_init(&s->waiting);
	queue_init(&s->knocks, KNOCKS_MAX);
	s->wake = mem_zalloc(1, sizeof *s->wake);
	uv_async_init(loop, s->wake, hear_wake);
	s->wake->data = s;
	s->timer = mem_zalloc(1, sizeof *s->timer);
	uv_timer_init(loop, s->timer);
	s->timer->data = s;
	int r = fetcher_new(&s->fetcher, loop, config->fetch, &s->fetched, error);
	if (r == 0)
		r = listener_start(&s->listener, config->websub->bind, &s->heard, error);
	if (r < 0) {
		subscriber_free(s);
		return r;
	}
	*ret = s;
	return 0;
}

/* A lease that lies beyond the longest was noted by a clock that has been put right since. */
void subscriber_restore(struct subscriber *s, const struct hub_subscription *subscription)
{
	struct follower *f = mem_zalloc(1, sizeof *f);
	int64_t most = clock_real_us() + LEASE_MOST_US;

	hub_subscription_copy(&f->s, subscription);
	if (f->s.lease_us > most)
		f->s.lease_us = most;
	if (map_get(&s->by_token, str_of(f->s.token)) ||
		(!subscribing_is_leaving(f) && map_get(&s->by_feed, str_of(f->s.feed_id)))) {
		follower_free(f);
		return;
	}
	add(s, f);
	/* What its hub pushed while nobody listened may not come again: once, the feed is polled as if
	 * there were no hub, and goes on so if its lease has ended meanwhile. */
	if (f->s.state == SUBSCRIPTION_ACTIVE && !f->s.distrusted) {
		poller_set_least(s->poller, f->s.feed_id, 0);
		poller_hasten(s->poller, f->s.feed_id);
	}
	subscribing_tell_delivery(s, f);
}

/* Those whose feeds are configured no more, or name no hub: nobody has told of them. `known_too`: all. */
static void leave_those(struct subscriber *s, bool known_too)
{
	struct follower **all = mem_alloc((s->by_feed.n + 1) * sizeof *all);
	size_t n = 0;

	map_for_each(it, &s->by_feed) {
		struct follower *f = it->value;
		if (known_too || !f->feed)
			all[n++] = f;
	}
	for (size_t i = 0; i < n; i++) {
		if (!all[i]->feed) /* it may have another id */
			poller_hasten(s->poller, all[i]->s.feed_id);
		leave(s, all[i]);
	}
	free(all);
}

void subscriber_start(struct subscriber *s)
{
	leave_those(s, false);
	s->started = true;
	s->tick_us = 0;
	subscribing_pump(s);
}

/* Without a callback: while the listener is there, hubs can ask whether we mean it. */
static void leave_all(struct subscriber *s)
{
	if (s->by_feed.n)
		log_info("websub.callback is configured no more: hubs are told to push no more");
	leave_those(s, true);
}

struct anew {
	struct poller_view view;
	struct subscriber *subscriber;
};

static bool know_anew(struct poller_view *view, const struct feed *feed,
	const struct feed_state *state, int64_t due_us, bool busy)
{
	(void)due_us;
	(void)busy;
	if (state->hubs)
		subscriber_known(
			container_of(view, struct anew, view)->subscriber, feed, state, NULL);
	return true;
}

void subscriber_set(struct subscriber *s, const struct subscriber_config *config)
{
	bool other_interval = s->websub.interval_us != config->websub->interval_us;
	bool had_callback = s->websub.callback;

	s->websub = *config->websub;
	schedule_set(s->schedule, config->fetch);
	fetcher_set(s->fetcher, config->fetch);
	map_for_each(it, &s->by_feed)
		if (other_interval)
			subscribing_tell_delivery(s, it->value);
	struct anew anew = {{know_anew}, s};
	if (had_callback && !s->websub.callback)
		leave_all(s);
	else if (!had_callback && s->websub.callback)
		poller_each(s->poller, NULL, &anew.view);
	subscribing_pump(s);
}

void subscriber_stop(struct subscriber *s)
{
	if (s->stopped)
		return;
	listener_end(s->listener);
	s->stopped = true;
	uv_timer_stop(s->timer);
	hear_all(s);
	waiting_answer_all(s);
	s->listener = listener_free(s->listener);
	map_for_each(it, &s->by_token) {
		struct follower *f = it->value;
		if (f->is_dirty)
			keep(s, f);
	}
}

static void on_closed(uv_handle_t *handle)
{
	free(handle);
}

struct subscriber *subscriber_free(struct subscriber *s)
{
	if (!s)
		return NULL;
	if (s->listener)
		subscriber_stop(s);
	waiting_free_all(s);
	map_for_each(it, &s->by_token)
		follower_free(it->value);
	map_deinit(&s->by_token);
	map_deinit(&s->by_feed);
	queue_deinit(&s->knocks);
	fetcher_free(s->fetcher);
	schedule_free(s->schedule);
	uv_close((uv_handle_t *)s->wake, on_closed);
	uv_timer_stop(s->timer);
	uv_close((uv_handle_t *)s->timer, on_closed);
	free(s);
	return NULL;
}

const struct hub_subscription *subscriber_find(const struct subscriber *s, const char *feed_id)
{
	const struct follower *f = map_get(&s->by_feed, str_of(feed_id));

	return f ? &f->s : NULL;
}

void subscriber_count(const struct subscriber *s, size_t ret_counts[SUBSCRIPTION_STATE_COUNT])
{
	memset(ret_counts, 0, SUBSCRIPTION_STATE_COUNT * sizeof *ret_counts);
	map_for_each(it, &s->by_token) {
		const struct follower *f = it->value;
		ret_counts[hub_subscription_shown(&f->s)]++;
	}
}

bool subscriber_is_stuck(const struct subscriber *s, int64_t now_us, int64_t limit_us)
{
	return s->listener && listener_is_stuck(s->listener, now_us, limit_us);
}
