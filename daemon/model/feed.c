#include "model/feed.h"

#include "base/alloc.h"

#include <stdlib.h>

const char *const feed_kind_names[FEED_KIND_COUNT] = {
	[FEED_NEWS] = "news", [FEED_ALERT] = "alert", [FEED_EVENT] = "event"};

struct feed *feed_new(void)
{
	struct feed *feed = mem_zalloc(1, sizeof *feed);

	atomic_init(&feed->refs, 1);
	feed->arena = ARENA_INIT;
	return feed;
}

struct feed *feed_ref(const struct feed *feed)
{
	struct feed *f = (struct feed *)feed; /* the count is the one thing that changes */

	atomic_fetch_add_explicit(&f->refs, 1, memory_order_relaxed);
	return f;
}

struct feed *feed_unref(const struct feed *feed)
{
	struct feed *f = (struct feed *)feed;

	if (f && atomic_fetch_sub_explicit(&f->refs, 1, memory_order_acq_rel) == 1) {
		struct arena arena = f->arena;
		arena_deinit(&arena);
		free(f);
	}
	return NULL;
}
