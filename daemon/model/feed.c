#include "model/feed.h"

#include "base/alloc.h"

#include <stddef.h>
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

/* ---- one block a feed ---- */

#define TEXT_OF(feed, offset) ((const char **)((char *)(feed) + (offset)))
#define LIST_OF(feed, offset) ((const char ***)((char *)(feed) + (offset)))

/* All texts but `name`, which is the end of `path`. */
static const size_t text_members[] = {offsetof(struct feed, id), offsetof(struct feed, city),
	offsetof(struct feed, agency), offsetof(struct feed, path),
	offsetof(struct feed, city_name), offsetof(struct feed, agency_name),
	offsetof(struct feed, language), offsetof(struct feed, timezone),
	offsetof(struct feed, licence), offsetof(struct feed, contact),
	offsetof(struct feed, translates), offsetof(struct feed, url),
	offsetof(struct feed, access.user), offsetof(struct feed, access.secret_file),
	offsetof(struct feed, access.certificate_file), offsetof(struct feed, access.key_file),
	offsetof(struct feed, access.proxy)};

static const struct {
	size_t list, n;
} list_members[] = {{offsetof(struct feed, networks), offsetof(struct feed, n_networks)},
	{offsetof(struct feed, themes), offsetof(struct feed, n_themes)},
	{offsetof(struct feed, formerly), offsetof(struct feed, n_formerly)},
	{offsetof(struct feed, access.allow_net), offsetof(struct feed, access.n_allow_net)}};

#define N_TEXTS (sizeof text_members / sizeof *text_members)
#define N_LISTS (sizeof list_members / sizeof *list_members)

static size_t list_length(const struct feed *feed, size_t member)
{
	return *(const size_t *)((const char *)feed + list_members[member].n);
}

static size_t text_size(const char *text)
{
	return text ? strlen(text) + 1 : 0;
}

/* Of the block behind the struct: the lists, which are aligned as it is, then the texts. */
static size_t lists_size(const struct feed *feed)
{
	size_t n = 0;

	for (size_t i = 0; i < N_LISTS; i++)
		n += list_length(feed, i) * sizeof(char *);
	return n;
}

static size_t texts_size(const struct feed *feed)
{
	size_t n = text_size(feed->name);

	for (size_t i = 0; i < N_TEXTS; i++)
		n += text_size(*TEXT_OF(feed, text_members[i]));
	for (size_t i = 0; i < N_LISTS; i++)
		for (size_t j = 0; j < list_length(feed, i); j++)
			n += text_size((*LIST_OF(feed, list_members[i].list))[j]);
	return n;
}

static const char *put_text(char **to, const char *text)
{
	size_t n = text_size(text);

	if (!n)
		return NULL;
	*to += n;
	return memcpy(*to - n, text, n);
}

static bool name_ends_path(const struct feed *feed)
{
	return feed->name && feed->path && str_ends(str_of(feed->path), str_of(feed->name));
}

struct feed *feed_pack(const struct feed *draft)
{
	bool shared = name_ends_path(draft);
	size_t saved = shared ? text_size(draft->name) : 0;
	struct feed *feed = mem_alloc(sizeof *feed + lists_size(draft) + texts_size(draft) - saved);
	const char **list = (const char **)(feed + 1);
	char *text = (char *)list + lists_size(draft);

	memcpy(feed, draft, sizeof *feed);
	atomic_init(&feed->refs, 1);
	feed->arena = ARENA_INIT;
	for (size_t i = 0; i < N_LISTS; i++) {
		const char **from = *LIST_OF(draft, list_members[i].list);
		if (from)
			*LIST_OF(feed, list_members[i].list) = list;
		for (size_t j = 0; j < list_length(draft, i); j++)
			*list++ = put_text(&text, from[j]);
	}
	for (size_t i = 0; i < N_TEXTS; i++) {
		const char **to = TEXT_OF(feed, text_members[i]);
		*to = put_text(&text, *to);
	}
	feed->name = shared ? feed->path + strlen(feed->path) - strlen(draft->name)
			    : put_text(&text, draft->name);
	return feed;
}

#ifdef __LP64__
_Static_assert(
	sizeof(struct feed) == 320, "a new member of struct feed must be packed and compared here");
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
