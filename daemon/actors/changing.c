/* From one configuration to the next: feeds that join, have changed or leave. */
#include <stdlib.h>
#include <string.h>

#include "actors/polling.h"
#include "base/alloc.h"

/* True: the transfer under way, which nobody wants any more, has ended. */
static bool cancel(struct poller *p, struct polled *polled, struct now now)
{
	if (!polled->asked || !fetch_cancel(p->fetcher, polled->asked))
		return false;
	feed_unref(polling_end_asking(p, polled));
	schedule_remove(p->schedule, &polled->slot, now.boot_us);
	return true;
}

static bool asks_the_same(const struct feed *a, const struct feed *b)
{
	return b->enabled && !strcmp(a->url, b->url) && feed_access_equal(&a->access, &b->access);
}

static void change(struct poller *p, struct polled *polled, struct feed *feed, struct now now)
{
	struct feed *was = feed_ref(polled->feed);
	bool same_url = !strcmp(was->url, feed->url);
	bool was_scheduled = polled->slot.where != SLOT_OUT;
	cleanup(feed_state_deinit) struct feed_state state;

	polled_copy_state(&state, polled);
	int64_t was_due = state.next_due_us;
	polling_set_feed(p, polled, feed);
	if (polled->asked && !asks_the_same(polled->asked, feed))
		cancel(p, polled, now);
	bool hops = hopping_of(p, polled);
	if (polled->asked || (hops && asks_the_same(was, feed))) { /* poller_settled() goes on */
		polled_set_state(polled, &state);
		feed_unref(was);
		return;
	}
	int64_t due = schedule_reconsider(&state, was, feed, polling_chance(), now.real_us);
	polled_set_state(polled, &state);
	if (!same_url || hops || due != was_due || polled->slot.where == SLOT_OUT || !feed->enabled)
		polling_reschedule(p, polled, now,
			was_scheduled ? due : schedule_first(&state, 0, 0, now.real_us));
	feed_unref(was);
}

/* The step from one list to the next. */
struct merger {
	struct now now;
	struct poller_changes count;
	/* To be told of, but not before all are in their places: who is told of one feed asks
	 * about others. */
	struct polled **changed;
	size_t n_changed, cap_changed;
};

static void change_and_note(
	struct poller *p, struct merger *m, struct polled *polled, struct feed *feed)
{
	change(p, polled, feed, m->now);
	MEM_GROW(m->changed, m->cap_changed, m->n_changed + 1);
	m->changed[m->n_changed++] = polled;
}

/* A feed that was not there, or is coming back while its last poll is still under way. */
static struct polled *join(struct poller *p, struct merger *m, struct feed *feed)
{
	struct polled *polled = map_get(&p->asked, str_of(feed->id));

	if (!polled)
		return polling_new(p, feed);
	polled->leaving = false;
	change_and_note(p, m, polled, feed);
	return polled;
}

/* Both lists are in the order of ids. The new one replaces p->feeds; those that it does not have are
 * put together at the beginning of the old one, which the caller frees. Feeds that are the same are told by
 * the lists alone: looking at each of a million would stop the loop for a tenth of a second. */
static struct polled **merge(struct poller *p, const struct poller_config *config, struct merger *m)
{
	struct polled **old = p->feeds;
	struct feed *const *was = p->configured;
	struct poller_changes *count = &m->count;
	size_t n_old = p->n_feeds, i = 0;

	p->feeds = mem_alloc((config->n_feeds + 1) * sizeof *p->feeds);
	p->configured = config->feeds;
	p->n_feeds = config->n_feeds;
	for (size_t k = 0; k < config->n_feeds; k++) {
		struct feed *feed = config->feeds[k];
		if (i < n_old && was[i] == feed) {
			p->feeds[k] = old[i++];
			continue;
		}
		while (i < n_old && strcmp(was[i]->id, feed->id) < 0)
			old[count->removed++] = old[i++];
		if (i == n_old || strcmp(was[i]->id, feed->id) != 0) {
			p->feeds[k] = join(p, m, feed);
			count->added++;
			continue;
		}
		p->feeds[k] = old[i++];
		change_and_note(p, m, p->feeds[k], feed);
		count->changed++;
	}
	while (i < n_old)
		old[count->removed++] = old[i++];
	return old;
}

void poller_change(struct poller *p, const struct poller_config *config,
	struct poller_memory *memory, struct poller_changes *ret)
{
	struct merger m = {.now = polling_now()};

	p->settings = config->settings;
	schedule_set(p->schedule, p->settings);
	fetcher_set(p->fetcher, p->settings);
	struct polled **old = merge(p, config, &m);
	for (size_t i = 0; i < m.n_changed; i++)
		polling_tell_known(p, m.changed[i], NULL);
	free(m.changed);
	for (size_t i = 0; i < m.count.removed; i++) {
		old[i]->leaving = true;
		if (p->sink->left)
			p->sink->left(p->sink, old[i]->feed->id);
	}
	if (m.count.added && memory)
		memory->restore(memory, p);
	for (size_t i = 0; i < m.count.removed; i++)
		if (!old[i]->asked || cancel(p, old[i], m.now))
			polling_leave(p, old[i], m.now);
	free(old);
	polling_schedule_new_ones(p, m.now);
	*ret = m.count;
	polling_pump(p);
}
