/* The flood rule: a site that moves to another system, or another domain, gives all its items new
 * guids. To a reader that goes by guids, three hundred old items are news.
 *
 * It is a flood if the feed is known, at least FLOOD_ITEMS_MIN items of the document are unknown by
 * key but known otherwise, and they are most of the document. Known otherwise means: the same link,
 * or the same title, as an item of the feed's last document that is not in this one under its own
 * key. (Titles of long ago come again each year, and are news.) A link or title that two items
 * share says nothing.
 *
 * Titles do not count in alert feeds: every "Yellow warning, rain" is another one, and an alert that
 * is not told is worse than one told twice. */
#include "record/recorder.h"

#include <stdlib.h>

/* Fewer may be chance: a small office re-posts three items by hand. */
#define FLOOD_ITEMS_MIN 5

static struct str bytes_of(const struct hash *hash)
{
	return str_make((const char *)hash->b, HASH_SIZE);
}

void flood_init(struct flood *flood)
{
	*flood = (struct flood){0};
	map_init(&flood->by_link);
	map_init(&flood->by_title);
}

static void index_by(
	struct flood *flood, struct map *map, const struct hash *hash, struct flood_item *item)
{
	if (!hash_is_zero(hash) && map_add(map, bytes_of(hash), item))
		map_set(map, bytes_of(hash), &flood->shared);
}

static struct flood_item *match(struct flood *flood, const struct batch_item *item)
{
	struct flood_item *found = NULL;

	if (!hash_is_zero(&item->link_key))
		found = map_get(&flood->by_link, bytes_of(&item->link_key));
	if ((!found || found == &flood->shared || found->is_used) &&
		!hash_is_zero(&item->title_key))
		found = map_get(&flood->by_title, bytes_of(&item->title_key));
	return found && found != &flood->shared && !found->is_used ? found : NULL;
}

const struct hash *flood_take(struct flood *flood, const struct batch_item *item)
{
	struct flood_item *found = item->withdrawn ? NULL : match(flood, item);

	if (!found)
		return NULL;
	found->is_used = true;
	return &found->was.key;
}

/* The items of the batch without a row, the cheap question that is asked of every reply, and the
 * keys of all. */
struct strangers {
	const struct batch_item **items;
	size_t n;
	struct map present;
};

static int find_strangers(struct task *task, struct strangers *ret)
{
	const struct batch *batch = task->batch;
	struct arena *arena = &task->recorder->arena;

	ret->items = arena_alloc(arena, (batch->n_items + 1) * sizeof *ret->items);
	for (size_t i = 0; i < batch->n_items; i++) {
		const struct batch_item *item = &batch->items[i];
		struct seen row;
		struct hash *key = arena_alloc(arena, sizeof *key);
		*key = dedup_key(item, task->progress->guids_repeat);
		map_set(&ret->present, bytes_of(key), key);
		int r = journal_seen_get(
			task->recorder->journal, task->known.number, key, &row, task->error);
		if (r < 0)
			return r;
		if (r > 0)
			seen_deinit(&row);
		else if (!item->withdrawn)
			ret->items[ret->n++] = item;
	}
	return 0;
}

static bool is_most(size_t part, const struct batch *batch)
{
	return part >= FLOOD_ITEMS_MIN && part * 2 > batch->n_items;
}

/* How many flood_take() would find; the rows are given back. */
static size_t count_known(struct flood *flood, const struct strangers *strangers)
{
	size_t n = 0;

	for (size_t i = 0; i < strangers->n; i++)
		n += flood_take(flood, strangers->items[i]) != NULL;
	map_for_each(it, &flood->by_link) {
		((struct flood_item *)it->value)->is_used = false;
	}
	map_for_each(it, &flood->by_title) {
		((struct flood_item *)it->value)->is_used = false;
	}
	return n;
}

void flood_end(struct flood *flood)
{
	map_deinit(&flood->by_link);
	map_deinit(&flood->by_title);
}

/* Indexes the last document's items that are not in this one under their own keys. */
static int read_last_document(struct task *task, struct flood *flood, const struct map *present)
{
	struct str bytes = STR_NONE;
	int r = journal_recent_get(
		task->recorder->journal, task->known.number, &bytes, task->error);

	for (struct str rest = bytes; r > 0 && rest.n >= sizeof(struct listed);
		rest = str_skip(rest, sizeof(struct listed))) {
		struct flood_item *item = ARENA_NEW(&task->recorder->arena, struct flood_item);
		memcpy(&item->was, rest.p, sizeof item->was);
		if (map_get(present, bytes_of(&item->was.key)))
			continue;
		index_by(flood, &flood->by_link, &item->was.link_key, item);
		if (task->batch->feed->kind != FEED_ALERT)
			index_by(flood, &flood->by_title, &item->was.title_key, item);
	}
	free((char *)bytes.p);
	return r;
}

int flood_begin(struct task *task, struct flood *flood)
{
	struct strangers strangers = {0};

	map_init(&strangers.present);
	int r = find_strangers(task, &strangers);
	if (r >= 0 && is_most(strangers.n, task->batch)) {
		r = read_last_document(task, flood, &strangers.present);
		if (r >= 0 && !is_most(count_known(flood, &strangers), task->batch)) {
			map_clear(&flood->by_link);
			map_clear(&flood->by_title);
		}
	}
	map_deinit(&strangers.present);
	return r < 0 ? r : 0;
}
