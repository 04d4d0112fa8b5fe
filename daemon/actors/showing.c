/* What others see of the poller's feeds. */
#include "actors/polling.h"

#include <string.h>

#include "base/clock.h"

/* The index of the first configured feed whose id comes behind this one. */
static size_t first_behind(const struct poller *p, const char *id)
{
	size_t first = 0, end = p->n_feeds;

	while (first < end) {
		size_t middle = first + (end - first) / 2;
		if (strcmp(p->configured[middle]->id, id) > 0)
			end = middle;
		else
			first = middle + 1;
	}
	return first;
}

struct polled *polling_find(const struct poller *p, const char *feed_id)
{
	size_t i = first_behind(p, feed_id);

	return i && !strcmp(p->configured[i - 1]->id, feed_id) ? p->feeds[i - 1] : NULL;
}

void poller_each(const struct poller *p, const char *after, struct poller_view *view)
{
	int64_t real_of_boot = clock_real_us() - clock_boot_us();

	for (size_t i = after ? first_behind(p, after) : 0; i < p->n_feeds; i++) {
		const struct polled *polled = p->feeds[i];
		const struct schedule_slot *slot = &polled->slot;
		struct feed_state state = polled_state(polled);
		int64_t due_us =
			slot->where == SLOT_OUT ? state.next_due_us : slot->due_us + real_of_boot;
		if (!view->feed(view, polled->feed, &state, due_us, slot->where == SLOT_BUSY))
			return;
	}
}

void poller_health(const struct poller *p, size_t ret_counts[FEED_HEALTH_COUNT], size_t *ret_paused)
{
	memset(ret_counts, 0, FEED_HEALTH_COUNT * sizeof *ret_counts);
	*ret_paused = 0;
	for (size_t i = 0; i < p->n_feeds; i++) {
		const struct polled *polled = p->feeds[i];
		if (polled->feed->enabled)
			ret_counts[polled->packed ? polled->packed->health : FEED_NEW]++;
		else
			++*ret_paused;
	}
}

size_t poller_count(const struct poller *p)
{
	return p->n_feeds;
}

size_t poller_transfers(const struct poller *p)
{
	return fetch_active(p->fetcher);
}

size_t poller_lane(const struct poller *p, enum schedule_lane lane, struct lateness_summary *ret)
{
	lateness_sum(&p->lateness[lane], clock_boot_us(), ret);
	return schedule_busy(p->schedule, lane);
}
