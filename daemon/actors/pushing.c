/* What hubs push goes the way of a poll's answer: one thing at a time for each feed, so that none is
 * settled on a state that another is about to change. While a push is under way its feed's slot is out of
 * the schedule, and comes back with the due time that it had. */
#include "actors/polling.h"

#include <errno.h>
#include <stdlib.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "base/list.h"

/* Of one feed; a hub sends one after the other. */
#define PUSHES_PER_FEED 8
/* Of all feeds: their bodies are bounded by who receives them. */
#define PUSHES_MAX 256

struct pushing {
	struct poller_push *current; /* NULL: none is under way */
	struct list waiting;
	size_t n_waiting;
	int64_t due_us; /* of the slot, on the schedule's clock */
	bool was_scheduled;
};

bool pushing_is_under_way(const struct polled *polled)
{
	return polled->pushing && polled->pushing->current;
}

static void forget_if_idle(struct polled *polled)
{
	if (polled->pushing && !polled->pushing->current && !polled->pushing->n_waiting) {
		free(polled->pushing);
		polled->pushing = NULL;
	}
}

static struct poller_push *take(struct polled *polled)
{
	struct pushing *pushing = polled->pushing;

	if (!pushing || list_is_empty(&pushing->waiting))
		return NULL;
	struct poller_push *push = container_of(pushing->waiting.next, struct poller_push, link);
	list_remove(&push->link);
	pushing->n_waiting--;
	return push;
}

static struct reply *reply_of(const struct polled *polled, struct poller_push *push)
{
	struct feed_state state = polled_state(polled);
	struct reply *reply = reply_new(polled->feed, &state);

	reply->outcome = REPLY_BODY;
	reply->pushed = true;
	reply->url = mem_strdup(push->url);
	reply->content_type = push->content_type;
	push->content_type = NULL;
	reply->body = push->body;
	push->body = BODY_INIT;
	reply->started_us = reply->finished_us = push->received_us;
	return reply;
}

void pushing_begin(struct poller *p, struct polled *polled)
{
	struct pushing *pushing = polled->pushing;

	if (polled->asked || !pushing || polled->leaving)
		return;
	struct poller_push *push = take(polled);
	if (!push) {
		forget_if_idle(polled);
		return;
	}
	pushing->current = push;
	pushing->was_scheduled = polled->slot.where != SLOT_OUT;
	pushing->due_us = polled->slot.due_us;
	schedule_remove(p->schedule, &polled->slot, clock_boot_us());
	polling_begin(p, polled);
	p->sink->reply(p->sink, reply_of(polled, push));
}

void pushing_restore_slot(struct poller *p, struct polled *polled, struct now now)
{
	const struct pushing *pushing = polled->pushing;

	if (!polled->feed->enabled || polled->slot.where != SLOT_OUT || !pushing->was_scheduled)
		return;
	schedule_add(p->schedule, &polled->slot, polled_url(polled),
		polled->again ? now.boot_us : pushing->due_us);
}

void pushing_ended(struct poller *p, struct polled *polled, enum push_end end)
{
	struct poller_push *push = polled->pushing->current;

	polled->pushing->current = NULL;
	p->pushes--;
	forget_if_idle(polled);
	push->done(push, end);
}

void pushing_drop(struct poller *p, struct polled *polled)
{
	for (struct poller_push *push; (push = take(polled));) {
		p->pushes--;
		push->done(push, PUSH_DROPPED);
	}
	forget_if_idle(polled);
}

int poller_push(struct poller *p, const char *feed_id, struct poller_push *push)
{
	struct polled *polled = polling_find(p, feed_id);

	if (!polled || !polled->feed->enabled)
		return -ENOENT;
	/* Not polled yet: its first document tells what was there before. */
	if (p->held || !p->started || polled->is_new || !polled->packed ||
		!polled->packed->backfilled || p->pushes >= PUSHES_MAX)
		return -EAGAIN;
	if (!polled->pushing) {
		polled->pushing = mem_zalloc(1, sizeof *polled->pushing);
		list_init(&polled->pushing->waiting);
	} else if (polled->pushing->n_waiting >= PUSHES_PER_FEED) {
		return -EAGAIN;
	}
	p->pushes++;
	polled->pushing->n_waiting++;
	list_append(&polled->pushing->waiting, &push->link);
	pushing_begin(p, polled);
	return 0;
}

int poller_look(struct poller *p, const char *feed_id)
{
	struct polled *polled = polling_find(p, feed_id);

	if (!polled || !polled->feed->enabled)
		return -ENOENT;
	struct now now = polling_now();
	if (polled->asked) {
		polled->again = true;
	} else if (polled->slot.where == SLOT_HEAP) {
		polling_reschedule(p, polled, now, now.real_us);
		polling_pump(p);
	}
	return 0;
}

const struct feed *poller_feed(const struct poller *p, const char *feed_id)
{
	const struct polled *polled = polling_find(p, feed_id);

	return polled ? polled->feed : NULL;
}

const char *poller_hubs(const struct poller *p, const char *feed_id)
{
	const struct polled *polled = polling_find(p, feed_id);

	return polled ? polled_state(polled).hubs : NULL;
}

/* What is longer from now on begins with the next poll; what is shorter, now. Of a feed that is not
 * scheduled, or whose poll is under way, that counts once it is. */
static void take_least(struct poller *p, struct polled *polled, int64_t least_us, bool was_rarer)
{
	struct feed_state state = polled_state(polled);

	state.least_us = least_us;
	bool is_sooner = was_rarer && !polled->asked &&
			 schedule_hasten(&state, polled->feed, polling_chance());
	polled_set_state(polled, &state);
	if (!is_sooner || polled->slot.where != SLOT_HEAP)
		return;
	polling_reschedule(p, polled, polling_now(), polled->packed->next_due_us);
	polling_pump(p);
}

void poller_set_least(struct poller *p, const char *feed_id, int64_t least_us)
{
	struct polled *polled = polling_find(p, feed_id);

	if (polled && polled->packed && polled->packed->least_us != least_us)
		take_least(p, polled, least_us, polled->packed->least_us > least_us);
}

void pushing_hasten(struct poller *p, struct polled *polled)
{
	if (polled->packed)
		take_least(p, polled, polled->packed->least_us, true);
}

void poller_hasten(struct poller *p, const char *feed_id)
{
	struct polled *polled = polling_find(p, feed_id);

	if (!polled)
		polled = map_get(&p->by_former_id, str_of(feed_id));
	if (polled)
		pushing_hasten(p, polled);
}
