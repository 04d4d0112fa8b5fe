#include "actors/poller.h"

#include <errno.h>
#include <malloc.h>
#include <stdlib.h>
#include <uv.h>

#include "actors/polling.h"
#include "base/alloc.h"
#include "base/clock.h"
#include "base/hash.h"
#include "base/log.h"
#include "base/metrics.h"
#include "control/control.h"

/* A reply that could not be journaled is asked for again after this long: our trouble is usually
 * over by then, and the partner's server is not hammered. */
#define POLLER_AGAIN_US (30 * SEC_US)

static void sleep_on(struct poller *p);
static void on_turned_away(
	struct fetch_sink *sink, const struct feed *feed, const uint8_t address[16]);
static void on_hopped(struct fetch_sink *sink, const struct feed *feed, struct hop *hop);

struct now polling_now(void)
{
	return (struct now){clock_real_us(), clock_boot_us()};
}

/* When that is for the schedule. What was said before the wall clock was set back is no farther away
 * than the whole wait. */
static int64_t due_of(const struct polled *polled, int64_t due_us, struct now now)
{
	int64_t wait_us = due_us - now.real_us;
	int64_t most_us = polled->packed ? polled->packed->wait_us : 0;

	if (most_us > 0 && wait_us > most_us)
		wait_us = most_us;
	return now.boot_us + wait_us;
}

static void on_timer(uv_timer_t *timer)
{
	polling_pump(
		timer->data); /* libuv's own member: the timer cannot be embedded, see `timer` above */
}

static void on_closed(uv_handle_t *handle)
{
	free(handle);
}

/* While most hosts cannot be reached the trouble is taken for our own: the feeds' counters stand still,
 * and they are asked again in minutes. */
static void suspect_us(struct poller *p, struct reply *reply)
{
	int64_t now = clock_boot_us();

	outage_note(&p->outage, str_of(reply->url), reply->fault, now);
	bool was = p->in_outage;
	p->in_outage = outage_is(&p->outage, now);
	if (p->in_outage && !was)
		log_warning(
			"most hosts cannot be reached, so the trouble is taken for this machine's "
			"network: feeds stay what they are and are tried again in minutes");
	else if (was && !p->in_outage)
		log_info("hosts can be reached again");
	if (p->in_outage && outage_suspects(reply->fault))
		reply_fail(reply, FAULT_LOCAL,
			mem_printf("most hosts cannot be reached; of this one: %s", reply->error));
}

#define LANE_LATENESS(id, name) HISTOGRAM_POLL_LATENESS_##id,
#define LANE_DURATION(id, name) HISTOGRAM_POLL_DURATION_##id,
static const enum histogram lateness_of[LANE_COUNT] = {LANES(LANE_LATENESS)};
static const enum histogram duration_of[LANE_COUNT] = {LANES(LANE_DURATION)};
#undef LANE_LATENESS
#undef LANE_DURATION

/* NULL: whoever asked for it is gone. */
static struct polled *asker_of(struct poller *p, const struct reply *reply)
{
	struct polled *polled = map_get(&p->asked, str_of(reply->feed->id));

	return polled && polled->slot.where == SLOT_BUSY ? polled : NULL;
}

static void on_began(struct fetch_sink *sink, const struct reply *reply)
{
	struct poller *p = container_of(sink, struct poller, fetched);
	struct polled *polled = asker_of(p, reply);
	int64_t now = clock_boot_us();

	if (!polled)
		return;
	int64_t late_us = schedule_began(p->schedule, &polled->slot, now);
	if (late_us < 0)
		metric_add(METRIC_civicwire_polls_early_total, 1);
	late_us = late_us > 0 ? late_us : 0;
	if (!hopping_of(p, polled)) { /* else the poll has begun before */
		histogram_observe(lateness_of[polled->slot.lane], late_us);
		lateness_note(&p->lateness[polled->slot.lane], late_us, now);
	}
	sleep_on(p);
}

static void on_fetched(struct fetch_sink *sink, struct reply *reply)
{
	struct poller *p = container_of(sink, struct poller, fetched);
	struct polled *polled = asker_of(p, reply);
	int64_t took_us = reply->finished_us - reply->started_us;

	if (polled) {
		enum schedule_lane lane = polled->slot.lane;
		const struct hop *hop = hopping_of(p, polled);
		took_us = schedule_answered(p->schedule, &polled->slot, clock_boot_us()) +
			  (hop ? hop->spent_us : 0);
		polled->took_ms = (uint32_t)(took_us / MSEC_US);
		histogram_observe(duration_of[lane], took_us);
	}
	polling_log(reply, took_us);
	suspect_us(p, reply);
	/* "Too many requests" speaks for the whole host that was asked, not only for this feed. */
	if (polled && reply->http_status == 429 && reply->retry_after_us > 0)
		schedule_hold_host(
			p->schedule, &polled->slot, clock_boot_us() + reply->retry_after_us);
	p->sink->reply(p->sink, reply);
}

/* Called while libcurl runs: the schedule alone is asked. */
static bool on_meets(struct fetch_sink *sink, const struct feed *feed, const uint8_t address[16])
{
	struct poller *p = container_of(sink, struct poller, fetched);
	struct polled *polled = map_get(&p->asked, str_of(feed->id));

	return !polled || polled->slot.where != SLOT_BUSY ||
	       schedule_meets(p->schedule, &polled->slot, address, clock_boot_us());
}

/* ---- coming and going ---- */

void polling_begin(struct poller *p, struct polled *polled)
{
	polled->asked = feed_ref(polled->feed);
	map_add(&p->asked, str_of(polled->asked->id), polled);
}

struct feed *polling_end_asking(struct poller *p, struct polled *polled)
{
	struct feed *asked = polled->asked;

	map_take(&p->asked, str_of(asked->id));
	polled->asked = NULL;
	return asked;
}

void polling_set_feed(struct poller *p, struct polled *polled, struct feed *feed)
{
	struct feed *was = polled->feed;

	for (size_t i = 0; was && i < was->n_formerly; i++)
		if (map_get(&p->by_former_id, str_of(was->formerly[i])) == polled)
			map_take(&p->by_former_id, str_of(was->formerly[i]));
	polled->feed = feed ? feed_ref(feed) : NULL;
	for (size_t i = 0; feed && i < feed->n_formerly; i++)
		map_add(&p->by_former_id, str_of(feed->formerly[i]), polled);
	feed_unref(was);
}

struct polled *polling_new(struct poller *p, struct feed *feed)
{
	struct polled *polled = mem_zalloc(1, sizeof *polled);

	polled->is_new = true;
	MEM_GROW(p->new_ones, p->cap_new, p->n_new + 1);
	p->new_ones[p->n_new++] = polled;
	polling_set_feed(p, polled, feed);
	return polled;
}

int poller_new(struct poller **ret, uv_loop_t *loop, const struct poller_config *config,
	struct poller_sink *sink, struct error *error)
{
	struct poller *p = mem_zalloc(1, sizeof *p);

	p->settings = config->settings;
	p->sink = sink;
	p->fetched = (struct fetch_sink){on_began, on_fetched, on_meets, on_turned_away, on_hopped};
	p->timer = mem_zalloc(1, sizeof *p->timer);
	uv_timer_init(loop, p->timer);
	p->timer->data = p;
	map_init(&p->asked);
	map_init(&p->by_former_id);
	map_init(&p->new_by_id);
	int r = fetcher_new(&p->fetcher, loop, p->settings, &p->fetched, error);
	if (r < 0) {
		poller_free(p);
		return r;
	}
	p->schedule = schedule_new(p->settings);
	p->configured = config->feeds;
	p->n_feeds = config->n_feeds;
	p->feeds = mem_alloc((p->n_feeds + 1) * sizeof *p->feeds);
	for (size_t i = 0; i < p->n_feeds; i++)
		p->feeds[i] = polling_new(p, config->feeds[i]);
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
	map_for_each(it, &p->asked) {
		struct polled *polled = it->value;
		if (polled->leaving)
			polled_free(polled);
	}
	for (size_t i = 0; i < p->n_feeds; i++)
		polled_free(p->feeds[i]);
	free(p->feeds);
	free(p->new_ones);
	map_deinit(&p->asked);
	map_deinit(&p->by_former_id);
	map_deinit(&p->new_by_id);
	free(p);
	return NULL;
}

/* The feed that is to be restored, if it is new. */
static struct polled *find_new(struct poller *p, struct str feed_id)
{
	if (!p->new_by_id.n)
		for (size_t i = 0; i < p->n_new; i++)
			map_add(&p->new_by_id, str_of(p->new_ones[i]->feed->id), p->new_ones[i]);
	struct polled *polled = map_get(&p->new_by_id, feed_id);
	if (polled)
		return polled;
	/* A feed that got another id goes on where it was, unless it has been polled under its new
	 * one. */
	polled = map_get(&p->by_former_id, feed_id);
	return polled && polled->is_new && !polled_last_us(polled) ? polled : NULL;
}

void poller_restore(struct poller *p, struct str feed_id, const struct feed_state *state)
{
	struct polled *polled = find_new(p, feed_id);

	if (!polled)
		return;
	struct feed_state restored = *state;
	restored.wait_us = state->next_due_us - state->last_poll_us;
	if (!str_is(feed_id, polled->feed->id))
		restored.number = 0; /* the journal has still to learn the new id */
	polled_set_state(polled, &restored);
	if (polled->is_of_feed)
		return;
	/* A corrected address does not wait out what the wrong one has earned. */
	cleanup(feed_state_deinit) struct feed_state corrected;
	polled_copy_state(&corrected, polled);
	if (schedule_forget(&corrected, polled->feed->url))
		polled_set_state(polled, &corrected);
}

double polling_chance(void)
{
	return hash_random_below(1u << 24) / (double)(1u << 24);
}

/* While a reply to a feed's former id is under way, the journal must not hear of the new one: it would
 * take the first for yet another feed. */
static bool must_wait(const struct poller *p, const struct polled *polled)
{
	const struct feed *feed = polled->feed;

	for (size_t i = 0; i < feed->n_formerly; i++) {
		const struct polled *former = map_get(&p->asked, str_of(feed->formerly[i]));
		if (former && former->leaving)
			return true;
	}
	return false;
}

/* What a host has asked for (429) holds for all feeds of that host, also after a start. */
static void schedule_new_one(struct poller *p, struct polled *polled,
	const struct feed_state *state, int64_t first_us, struct now now)
{
	int64_t held_until_us = due_of(polled, state->held_until_us, now);

	schedule_add(p->schedule, &polled->slot, polled_url(polled), due_of(polled, first_us, now));
	/* Of a time ahead nothing is known but that the clock was set back. */
	if (state->last_poll_us && state->last_poll_us <= now.real_us)
		schedule_asked(p->schedule, &polled->slot,
			now.boot_us - (now.real_us - state->last_poll_us));
	if (state->held_until_us <= now.real_us)
		return;
	if (state->held_host)
		schedule_hold_named(p->schedule, state->held_host, held_until_us);
	else
		schedule_hold_host(p->schedule, &polled->slot, held_until_us);
}

void polling_tell_known(
	struct poller *p, const struct polled *polled, const struct poller_news *news)
{
	struct feed_state state = polled_state(polled);

	if (p->sink->known)
		p->sink->known(p->sink, polled->feed, &state, news);
}

void polling_schedule_new_ones(struct poller *p, struct now now)
{
	size_t overdue = 0;

	for (size_t i = 0; i < p->n_new; i++)
		overdue += schedule_is_overdue(polled_kept(p->new_ones[i]), now.real_us);
	for (size_t i = 0; i < p->n_new; i++) {
		struct polled *polled = p->new_ones[i];
		struct feed_state state = polled_state(polled);
		polled->is_new = false;
		int64_t first = schedule_first(&state, overdue, polling_chance(), now.real_us);
		if (polled->feed->enabled && !must_wait(p, polled))
			schedule_new_one(p, polled, &state, first, now);
		if (state.hubs)
			polling_tell_known(p, polled, NULL);
	}
	free(p->new_ones);
	p->new_ones = NULL;
	p->n_new = p->cap_new = 0;
	map_deinit(&p->new_by_id);
	map_init(&p->new_by_id);
}

void poller_start(struct poller *p)
{
	polling_schedule_new_ones(p, polling_now());
	/* What it took to find a million feeds again lies between their states. */
	malloc_trim(0);
	p->started = true;
	polling_pump(p);
}

/* Sleeps until more may be to be done. */
static void sleep_on(struct poller *p)
{
	int64_t now = clock_boot_us(), wake = schedule_wake(p->schedule, now);

	uv_timer_stop(p->timer);
	if (!p->started || p->held || wake == INT64_MAX)
		return;
	int64_t ms = wake > now ? (wake - now + MSEC_US - 1) / MSEC_US : 0;
	/* At least a look a minute: the schedule's clock goes on while the machine sleeps, libuv's
	 * does not. */
	uv_timer_start(p->timer, on_timer, (uint64_t)(ms < 60000 ? ms : 60000), 0);
}

static void start(struct poller *p, struct polled *polled)
{
	struct feed_state state = polled_state(polled);
	bool is_over = false;
	const struct hop *hop = schedule_hop_of(p->schedule, &polled->slot, &is_over);

	polling_begin(p, polled);
	if (is_over)
		hopping_put_off(p, polled, hop);
	else if (hop)
		fetch_go_on(p->fetcher, polled->feed, &state, hop, polled->slot.lane);
	else
		fetch_submit(p->fetcher, polled->feed, &state, polled->slot.lane);
}

/* Starts what is due while there is room: what is busy until it is settled bounds the stages behind. */
void polling_pump(struct poller *p)
{
	int64_t now = clock_boot_us();
	struct schedule_slot *slot;

	if (!p->started || p->held)
		return;
	while ((slot = schedule_slow(p->schedule, now)))
		fetch_slow(p->fetcher, container_of(slot, struct polled, slot)->asked);
	while ((slot = schedule_take(p->schedule, now)))
		start(p, container_of(slot, struct polled, slot));
	sleep_on(p);
}

void poller_hold(struct poller *p, bool hold)
{
	p->held = hold;
	if (!hold)
		polling_pump(p);
}

void polling_reschedule(struct poller *p, struct polled *polled, struct now now, int64_t due_us)
{
	schedule_remove(p->schedule, &polled->slot, now.boot_us);
	if (polled->feed->enabled)
		schedule_add(p->schedule, &polled->slot, polled_url(polled),
			due_of(polled, due_us, now));
}

void polling_leave(struct poller *p, struct polled *polled, struct now now)
{
	struct polled *heir = map_get(&p->by_former_id, str_of(polled->feed->id));
	bool put_off = polled->packed && polled->packed->least_us;

	pushing_drop(p, polled);
	schedule_remove(p->schedule, &polled->slot, now.boot_us);
	if (heir && !polled_last_us(heir)) {
		cleanup(feed_state_deinit) struct feed_state state;
		polled_copy_state(&state, polled);
		state.number = 0; /* the journal has still to learn the new id */
		schedule_forget(&state, heir->feed->url);
		state.least_us = 0; /* what its hub delivers is another's */
		polled_set_state(heir, &state);
	}
	if (heir && put_off)
		pushing_hasten(p, heir);
	polling_set_feed(p, polled, NULL);
	polled_free(polled);
	if (heir && !heir->is_new && heir->slot.where == SLOT_OUT && heir->feed->enabled &&
		!must_wait(p, heir)) {
		struct feed_state state = polled_state(heir);
		schedule_add(p->schedule, &heir->slot, polled_url(heir),
			due_of(heir, schedule_first(&state, 0, 0, now.real_us), now));
	}
	if (heir && !heir->is_new)
		polling_tell_known(p, heir, NULL);
}

/* ---- the journal's word ---- */

/* True: the feed is polled at another address from now on. */
static bool take_state(struct polled *polled, struct feed_state *state, struct now now)
{
	if (!state) {
		struct feed_state again = polled_state(polled);
		again.next_due_us = now.real_us + POLLER_AGAIN_US;
		polled_set_state(polled, &again);
		return false;
	}
	bool moves = strcmp(polled_url(polled), feed_state_url(state, polled->feed->url)) != 0;
	polling_log_change(polled, state);
	polled_set_state(polled, state);
	feed_state_deinit(state);
	if (moves)
		log_info("%s is polled at %s from now on", polled->feed->id, polled_url(polled));
	return moves;
}

/* It was configured anew while its poll was under way. */
static void reconsider(
	struct poller *p, struct polled *polled, const struct feed *asked, struct now now)
{
	cleanup(feed_state_deinit) struct feed_state state;

	polled_copy_state(&state, polled);
	int64_t due =
		schedule_reconsider(&state, asked, polled->feed, polling_chance(), now.real_us);
	polled_set_state(polled, &state);
	polling_reschedule(p, polled, now, due);
}

/* What a hub's deliveries have changed meanwhile goes before what the reply began with. True: it is due
 * earlier. */
static bool keep_least(struct polled *polled, int64_t least_us)
{
	if (polled_kept(polled)->least_us == least_us)
		return false;
	struct feed_state state = polled_state(polled);
	bool was_rarer = state.least_us > least_us;
	state.least_us = least_us;
	bool is_sooner = was_rarer && schedule_hasten(&state, polled->feed, polling_chance());
	polled_set_state(polled, &state);
	return is_sooner;
}

/* Where the slot belongs, now that what was under way has ended. */
static void replace_slot(struct poller *p, struct polled *polled, const struct feed *asked,
	bool anew, bool journaled, struct now now)
{
	const struct feed_state *packed = polled->packed;

	if (asked != polled->feed)
		reconsider(p, polled, asked, now);
	else if (pushing_is_under_way(polled) && !anew)
		pushing_restore_slot(p, polled, now);
	else if (anew || polled->again) /* to another host's queue, perhaps */
		polling_reschedule(
			p, polled, now, polled->again ? now.real_us : packed->next_due_us);
	else
		schedule_done(p->schedule, &polled->slot, now.boot_us,
			now.boot_us + (journaled ? packed->wait_us : POLLER_AGAIN_US));
	polled->again = false;
}

void poller_settled(
	struct poller *p, struct str feed_id, struct feed_state *state, enum push_end end)
{
	struct polled *polled = map_get(&p->asked, feed_id);
	struct now now = polling_now();
	bool journaled = state, moves = false;

	if (!polled)
		return;
	struct feed *asked = polling_end_asking(p, polled);
	const struct feed_state *was = polled_kept(polled);
	struct poller_news news = {.before_us = was->last_poll_us};
	bool was_push = pushing_is_under_way(polled);
	news.found = !was_push && journaled && state->news > was->news;
	int64_t least_us = was->least_us;
	if (journaled || !was_push)
		moves = take_state(polled, state, now);
	bool is_sooner = keep_least(polled, least_us);
	if (!polled->leaving) {
		replace_slot(p, polled, asked, moves || is_sooner, journaled, now);
		polling_tell_known(p, polled, &news);
	}
	if (was_push)
		pushing_ended(p, polled, end);
	feed_unref(asked);
	if (polled->leaving)
		polling_leave(p, polled, now);
	else
		pushing_begin(p, polled);
}

/* There was no place at the feed's address; the poll has not begun. */
static void on_turned_away(
	struct fetch_sink *sink, const struct feed *feed, const uint8_t address[16])
{
	struct poller *p = container_of(sink, struct poller, fetched);
	struct polled *polled = map_get(&p->asked, str_of(feed->id));
	struct now now = polling_now();

	if (polled) {
		struct feed *asked = polling_end_asking(p, polled);
		bool leaves = polled->leaving;
		if (leaves)
			polling_leave(p, polled, now);
		else if (asked != polled->feed)
			reconsider(p, polled, asked, now);
		else
			schedule_put_back(p->schedule, &polled->slot, address, now.boot_us);
		feed_unref(asked);
		if (!leaves)
			pushing_begin(p, polled);
	}
	polling_pump(p);
}

/* Another host is to be asked next: as soon as it would be asked for a feed of its own. */
static void on_hopped(struct fetch_sink *sink, const struct feed *feed, struct hop *hop)
{
	struct poller *p = container_of(sink, struct poller, fetched);
	struct polled *polled = map_get(&p->asked, str_of(feed->id));
	struct now now = polling_now();

	if (!polled) {
		free(hop->url);
		return;
	}
	if (!polled->leaving &&
		schedule_held_us(p->schedule, hop->url, now.boot_us) > SCHEDULE_HOP_WAIT_US) {
		hopping_put_off(p, polled, hop);
		free(hop->url);
		return;
	}
	schedule_hop(p->schedule, &polled->slot, hop, now.boot_us);
	feed_unref(polling_end_asking(p, polled));
	if (polled->leaving)
		polling_leave(p, polled, now);
	else
		pushing_begin(p, polled);
	polling_pump(p);
}

int poller_refresh(struct poller *p, const char *feed_id, struct control_refresh *ret)
{
	struct polled *polled = polling_find(p, feed_id);

	if (!polled)
		return -ENOENT;
	if (!polled->feed->enabled)
		return -EPERM;
	struct now now = polling_now();
	if (polled->slot.where == SLOT_HEAP) { /* else it waits for its host, or is being polled */
		polling_reschedule(p, polled, now, now.real_us);
		polling_pump(p);
	} else if (pushing_is_under_way(polled)) {
		polled->again = true;
	}
	int64_t next_us = schedule_expect(p->schedule, &polled->slot, now.boot_us, &ret->ahead);
	ret->next_us = next_us - now.boot_us + now.real_us;
	return 0;
}
