#include "model/feed.h"

#include "base/alloc.h"

#include <stdlib.h>
#include <string.h>

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

#ifdef __LP64__
_Static_assert(sizeof(struct feed) == 320, "a new member of struct feed must be compared here");
#endif

static bool same_text(const char *a, const char *b)
{
	return a == b || (a && b && !strcmp(a, b));
}

static bool same_texts(const char **a, size_t n_a, const char **b, size_t n_b)
{
	if (n_a != n_b)
		return false;
	for (size_t i = 0; i < n_a; i++)
		if (strcmp(a[i], b[i]) != 0)
			return false;
	return true;
}

bool feed_access_equal(const struct feed_access *a, const struct feed_access *b)
{
	return a->auth == b->auth && same_text(a->user, b->user) &&
	       same_text(a->secret_file, b->secret_file) &&
	       same_text(a->certificate_file, b->certificate_file) &&
	       same_text(a->key_file, b->key_file) && same_text(a->proxy, b->proxy) &&
	       same_texts(a->allow_net, a->n_allow_net, b->allow_net, b->n_allow_net);
}

static bool same_names(const struct feed *a, const struct feed *b)
{
	return same_text(a->id, b->id) && same_text(a->city, b->city) &&
	       same_text(a->agency, b->agency) && same_text(a->name, b->name) &&
	       same_text(a->path, b->path) && same_text(a->city_name, b->city_name) &&
	       same_text(a->agency_name, b->agency_name) &&
	       same_texts(a->networks, a->n_networks, b->networks, b->n_networks) &&
	       same_texts(a->themes, a->n_themes, b->themes, b->n_themes) &&
	       same_texts(a->formerly, a->n_formerly, b->formerly, b->n_formerly);
}

bool feed_equal(const struct feed *a, const struct feed *b)
{
	return same_names(a, b) && a->kind == b->kind && same_text(a->language, b->language) &&
	       same_text(a->timezone, b->timezone) && same_text(a->licence, b->licence) &&
	       same_text(a->contact, b->contact) && same_text(a->translates, b->translates) &&
	       a->has_point == b->has_point && a->latitude == b->latitude &&
	       a->longitude == b->longitude && same_text(a->url, b->url) &&
	       a->interval_us == b->interval_us && a->interval_max_us == b->interval_max_us &&
	       a->adaptive == b->adaptive && a->ignore_hints == b->ignore_hints &&
	       a->max_body == b->max_body && a->emails == b->emails && a->complete == b->complete &&
	       a->enabled == b->enabled && feed_access_equal(&a->access, &b->access);
}
