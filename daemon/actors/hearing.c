/* What hubs say, on its way from the listener to the loop, and their pushes on the way to the journal and
 * back. */
#include <stdlib.h>

#include "actors/subscribing.h"
#include "base/alloc.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/metrics.h"
#include "websub/discover.h"
#include "websub/lease.h"

/* A hub waits so long for its push to be journaled; common time-outs of hubs are 10 s and more. */
#define ANSWER_US (10 * SEC_US)

/* A change that a push has told of and the next poll did not find: a cache of the feed's may have been before
 * its server. It is looked for once more; as long is waited for a push of what a poll has found. */
#define LOOK_AGAIN_US LEASE_DOUBT_US

/* A push on its way through the stages. */
struct waiting {
	struct poller_push push;
	struct list link;
	struct subscriber *subscriber;
	struct knock *knock; /* NULL: the hub has been answered */
	char *url, *feed_id;
	char token[SUBSCRIPTION_TOKEN_MAX];
	int64_t until_us; /* monotonic */
	size_t bytes;
};

static void answer(struct subscriber *s, struct waiting *w, unsigned status)
{
	struct knock *knock = w->knock;

	w->knock = NULL;
	if (knock)
		listener_answer(s->listener, knock, status);
}

void waiting_answer_late(struct subscriber *s)
{
	int64_t now = clock_monotonic_us();

	list_for_each(link, &s->waiting) {
		struct waiting *w = container_of(link, struct waiting, link);
		if (w->until_us <= now)
			answer(s, w, 503);
	}
}

void waiting_answer_all(struct subscriber *s)
{
	list_for_each(link, &s->waiting)
		answer(s, container_of(link, struct waiting, link), 503);
}

static void waiting_free(struct waiting *w)
{
	list_remove(&w->link);
	body_deinit(&w->push.body);
	free(w->push.content_type);
	free(w->url);
	free(w->feed_id);
	free(w);
}

void waiting_free_all(struct subscriber *s)
{
	while (!list_is_empty(&s->waiting))
		waiting_free(container_of(s->waiting.next, struct waiting, link));
}

/* In the listener's thread. */
bool hear_knock(struct listener_sink *sink, struct knock *knock)
{
	struct subscriber *s = container_of(sink, struct subscriber, heard);

	if (!queue_try_push(&s->knocks, knock))
		return false;
	uv_async_send(s->wake);
	return true;
}

static void on_verified(struct subscriber *s, struct follower *f, const struct knock *knock)
{
	bool was_active = f->s.state == SUBSCRIPTION_ACTIVE;
	char until[TIME_TEXT_MAX];

	if (subscribing_is_leaving(f))
		return;
	lease_verified(&f->s, knock->lease_us, s->websub.lease_us, subscribing_chance(),
		knock->received_us);
	time_format_s(f->s.lease_us / SEC_US, until);
	log_write(was_active ? LOG_LEVEL_DEBUG : LOG_LEVEL_INFO,
		LOG_FIELDS({"feed", f->s.feed_id}, {"hub", f->s.hub}),
		"%s: hub %s pushes what is new, until %s", f->s.feed_id, f->s.hub, until);
	subscribing_changed(s, f);
}

static void on_denied(struct subscriber *s, struct follower *f, const struct knock *knock)
{
	char *reason = knock->reason ? mem_printf("the hub has denied it: %s", knock->reason)
				     : mem_strdup("the hub has denied it");

	lease_denied(&f->s, reason, subscribing_chance(), knock->received_us);
	free(reason);
	log_write(LOG_LEVEL_WARNING, LOG_FIELDS({"feed", f->s.feed_id}, {"hub", f->s.hub}),
		"%s: hub %s does not push: %s", f->s.feed_id, f->s.hub, f->s.reason);
	subscribing_changed(s, f);
}

/* A push that counts, whatever becomes of it. */
static void count_push(struct subscriber *s, struct follower *f, int64_t now)
{
	metric_add(METRIC_civicwire_websub_pushes_total, 1);
	f->is_dirty = true;
	if (lease_pushed(&f->s, now))
		log_write(LOG_LEVEL_INFO, LOG_FIELDS({"feed", f->s.feed_id}, {"hub", f->s.hub}),
			"%s: hub %s pushes again", f->s.feed_id, f->s.hub);
	subscribing_tell_delivery(s, f);
}

static void on_ping(struct subscriber *s, struct follower *f, const struct knock *knock)
{
	log_write(LOG_LEVEL_DEBUG, LOG_FIELDS({"feed", f->s.feed_id}, {"hub", f->s.hub}),
		"%s: its hub says that there is news", f->s.feed_id);
	count_push(s, f, knock->received_us);
	subscribing_ping(s, f, clock_boot_us());
}

static void log_push(const struct waiting *w, enum push_end end)
{
	static const char *const words[] = {[PUSH_JOURNALED] = "journaled",
		[PUSH_CONTESTED] = "journaled, but for changes of what is known",
		[PUSH_UNREADABLE] = "no feed",
		[PUSH_DROPPED] = "not journaled"};
	char bytes[24];

	snprintf(bytes, sizeof bytes, "%zu", w->bytes);
	log_write(LOG_LEVEL_DEBUG,
		LOG_FIELDS({"feed", w->feed_id}, {"bytes", bytes}, {"outcome", words[end]}),
		"%s was pushed: %s", w->feed_id, words[end]);
}

static void on_pushed(struct poller_push *push, enum push_end end)
{
	struct waiting *w = container_of(push, struct waiting, push);
	struct subscriber *s = w->subscriber;
	struct follower *f = map_get(&s->by_token, str_of(w->token));

	log_push(w, end);
	if (f && end != PUSH_DROPPED)
		count_push(s, f, push->received_us);
	/* Its server has what was meant, perhaps, or has it soon. */
	if (f && (end == PUSH_UNREADABLE || end == PUSH_CONTESTED)) {
		subscribing_ping(s, f, clock_boot_us());
		f->look_us = clock_boot_us() + LOOK_AGAIN_US;
	}
	answer(s, w, end == PUSH_DROPPED ? 503 : 200);
	waiting_free(w);
}

/* Where the document would have come from, had it been polled: what is relative in it must mean the same, or
 * its items would have other ids. */
static char *base_of(const struct subscriber *s, const struct follower *f)
{
	struct discovery d;

	if (!discovery_read(str_of(poller_hubs(s->poller, f->s.feed_id)), &d))
		return mem_strdup(f->s.topic);
	return mem_strndup(d.base.p, d.base.n);
}

static void on_push(struct subscriber *s, struct follower *f, struct knock *knock)
{
	struct waiting *w = mem_zalloc(1, sizeof *w);

	w->subscriber = s;
	w->knock = knock;
	w->url = base_of(s, f);
	w->feed_id = mem_strdup(f->s.feed_id);
	snprintf(w->token, sizeof w->token, "%s", f->s.token);
	w->until_us = clock_monotonic_us() + ANSWER_US;
	w->bytes = knock->body.n;
	w->push = (struct poller_push){.body = knock->body,
		.content_type = knock->content_type,
		.url = w->url,
		.received_us = knock->received_us,
		.done = on_pushed};
	knock->body = BODY_INIT;
	knock->content_type = NULL;
	list_append(&s->waiting, &w->link);
	if (poller_push(s->poller, f->s.feed_id, &w->push) < 0)
		on_pushed(&w->push, PUSH_DROPPED);
}

static void on_wrong(struct follower *f)
{
	metric_add(METRIC_civicwire_websub_pushes_refused_total, 1);
	log_write(LOG_LEVEL_DEBUG, LOG_FIELDS({"feed", f->s.feed_id}, {"hub", f->s.hub}),
		"%s: a push without the right signature is ignored", f->s.feed_id);
}

static void hear(struct subscriber *s, struct knock *knock)
{
	struct follower *f = map_get(&s->by_token, str_of(knock->token));

	if (knock->kind == KNOCK_PUSH) {
		if (f && !subscribing_is_leaving(f) && !s->stopped)
			on_push(s, f, knock);
		else
			listener_answer(s->listener, knock, s->stopped ? 503 : 410);
		return;
	}
	if (f && !s->stopped) {
		switch (knock->kind) {
		case KNOCK_SUBSCRIBED:
			on_verified(s, f, knock);
			break;
		case KNOCK_UNSUBSCRIBED:
			subscribing_forget(s, f);
			break;
		case KNOCK_DENIED:
			on_denied(s, f, knock);
			break;
		case KNOCK_PING:
			on_ping(s, f, knock);
			break;
		default:
			on_wrong(f);
		}
	}
	knock_free(knock);
}

void hear_all(struct subscriber *s)
{
	while (queue_length(&s->knocks))
		hear(s, queue_pop(&s->knocks));
}

void hear_wake(uv_async_t *wake)
{
	struct subscriber *s = wake->data;

	hear_all(s);
	if (s->started && !s->stopped)
		subscribing_sleep(s);
}
