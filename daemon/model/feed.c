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

/* What several feeds have alike: lists, then texts. */
struct feed_common {
	atomic_uint refs;
	char *block[];
};

static void common_unref(struct feed_common *common)
{
	if (common && atomic_fetch_sub_explicit(&common->refs, 1, memory_order_acq_rel) == 1)
		free(common);
}

struct feed *feed_unref(const struct feed *feed)
{
	struct feed *f = (struct feed *)feed;

	if (f && atomic_fetch_sub_explicit(&f->refs, 1, memory_order_acq_rel) == 1) {
		struct arena arena = f->arena;
		common_unref(f->common);
		arena_deinit(&arena);
		free(f);
	}
	return NULL;
}

/* ---- a block a feed, and one for what it has in common ---- */

#define TEXT_OF(feed, offset) ((const char **)((char *)(feed) + (offset)))
#define LIST_OF(feed, offset) ((const char ***)((char *)(feed) + (offset)))

struct list_member {
	size_t list, n;
};

struct members {
	const size_t *texts;
	size_t n_texts;
	const struct list_member *lists;
	size_t n_lists;
};

#define AT(member)  offsetof(struct feed, member)
#define N_OF(array) (sizeof(array) / sizeof *(array))

/* All but `name`, which is the end of `path`. */
static const size_t own_texts[] = {AT(id), AT(path), AT(translates), AT(url)};
static const struct list_member own_lists[] = {
	{AT(themes), AT(n_themes)}, {AT(formerly), AT(n_formerly)}};
static const struct members own = {own_texts, N_OF(own_texts), own_lists, N_OF(own_lists)};

static const size_t common_texts[] = {AT(city), AT(agency), AT(city_name), AT(agency_name),
	AT(language), AT(timezone), AT(licence), AT(contact), AT(access.user),
	AT(access.secret_file), AT(access.certificate_file), AT(access.key_file), AT(access.proxy)};
static const struct list_member common_lists[] = {
	{AT(networks), AT(n_networks)}, {AT(access.allow_net), AT(access.n_allow_net)}};
static const struct members common = {
	common_texts, N_OF(common_texts), common_lists, N_OF(common_lists)};

static size_t list_length(const struct feed *feed, const struct list_member *member)
{
	return *(const size_t *)((const char *)feed + member->n);
}

static size_t text_size(const char *text)
{
	return text ? strlen(text) + 1 : 0;
}

/* The lists come first, for they must be aligned. */
static size_t lists_size(const struct feed *feed, const struct members *m)
{
	size_t n = 0;

	for (size_t i = 0; i < m->n_lists; i++)
		n += list_length(feed, &m->lists[i]) * sizeof(char *);
	return n;
}

static size_t block_size(const struct feed *feed, const struct members *m)
{
	size_t n = lists_size(feed, m);

	for (size_t i = 0; i < m->n_texts; i++)
		n += text_size(*TEXT_OF(feed, m->texts[i]));
	for (size_t i = 0; i < m->n_lists; i++)
		for (size_t j = 0; j < list_length(feed, &m->lists[i]); j++)
			n += text_size((*LIST_OF(feed, m->lists[i].list))[j]);
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

/* Moves members of `feed`, which is a copy of a draft, into the block. Returns its end. */
static char *move_members(struct feed *feed, const struct members *m, void *block)
{
	const char **list = block;
	char *text = (char *)block + lists_size(feed, m);

	for (size_t i = 0; i < m->n_lists; i++) {
		const char ***member = LIST_OF(feed, m->lists[i].list), **from = *member;
		if (from)
			*member = list;
		for (size_t j = 0; j < list_length(feed, &m->lists[i]); j++)
			*list++ = put_text(&text, from[j]);
	}
	for (size_t i = 0; i < m->n_texts; i++) {
		const char **to = TEXT_OF(feed, m->texts[i]);
		*to = put_text(&text, *to);
	}
	return text;
}

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

static bool same_members(const struct feed *a, const struct feed *b, const struct members *m)
{
	for (size_t i = 0; i < m->n_texts; i++)
		if (!same_text(*TEXT_OF(a, m->texts[i]), *TEXT_OF(b, m->texts[i])))
			return false;
	for (size_t i = 0; i < m->n_lists; i++) {
		const struct list_member *list = &m->lists[i];
		if (!same_texts(*LIST_OF(a, list->list), list_length(a, list),
			    *LIST_OF(b, list->list), list_length(b, list)))
			return false;
	}
	return true;
}

static void share_common(struct feed *feed, const struct feed *like)
{
	feed->common = like->common;
	atomic_fetch_add_explicit(&feed->common->refs, 1, memory_order_relaxed);
	for (size_t i = 0; i < common.n_texts; i++)
		*TEXT_OF(feed, common.texts[i]) = *TEXT_OF(like, common.texts[i]);
	for (size_t i = 0; i < common.n_lists; i++)
		*LIST_OF(feed, common.lists[i].list) = *LIST_OF(like, common.lists[i].list);
}

static void make_common(struct feed *feed)
{
	feed->common = mem_alloc(sizeof *feed->common + block_size(feed, &common));
	atomic_init(&feed->common->refs, 1);
	move_members(feed, &common, feed->common->block);
}

static bool name_ends_path(const struct feed *feed)
{
	return feed->name && feed->path && str_ends(str_of(feed->path), str_of(feed->name));
}

struct feed *feed_pack(const struct feed *draft, const struct feed *like)
{
	bool ends = name_ends_path(draft);
	size_t size = block_size(draft, &own) + (ends ? 0 : text_size(draft->name));
	struct feed *feed = mem_alloc(sizeof *feed + size);

	memcpy(feed, draft, sizeof *feed);
	atomic_init(&feed->refs, 1);
	feed->arena = ARENA_INIT;
	char *text = move_members(feed, &own, feed + 1);
	feed->name = ends ? feed->path + strlen(feed->path) - strlen(draft->name)
			  : put_text(&text, draft->name);
	if (like && like->common && same_members(feed, like, &common))
		share_common(feed, like);
	else
		make_common(feed);
	return feed;
}

#ifdef __LP64__
_Static_assert(
	sizeof(struct feed) == 328, "a new member of struct feed must be packed and compared here");
#endif

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
	       a->enabled == b->enabled && a->websub == b->websub &&
	       feed_access_equal(&a->access, &b->access);
}
