/* The flood rule: a site that moves to another system, or another domain, gives all its items new
 * guids. To a reader that goes by guids, three hundred old items are news.
 *
 * It is a flood if the feed is known, at least FLOOD_ITEMS_MIN items of the document are unknown by
 * key but known otherwise, and they are most of the document. Known otherwise means: the same link,
 * or the same title, as a row that was still in the feed the last time it changed and is not in the
 * document under its own key. A link or title that two rows or two items share says nothing.
 *
 * Titles alone do not count in alert feeds: every "Yellow warning, rain" is another one, and an
 * alert that is not told is worse than one told twice. */
#include "record/recorder.h"

#include "base/list.h"

/* Fewer may be chance: a small office re-posts three items by hand. */
#define FLOOD_ITEMS_MIN 5
/* last_seen moves a day at a time, so a row of the last document may be this far behind it. */
#define FLOOD_RECENT_US (DEDUP_SEEN_STEP_US + DAY_US)

void flood_init(struct flood *flood)
{
	*flood = (struct flood){0};
	map_init(&flood->by_link);
	map_init(&flood->by_title);
}

struct flood_walk {
	struct journal_seen_walk walk;
	struct task *task;
	struct flood *flood;
	struct map *present;
	int64_t recent_us;
	bool use_titles;
};

static struct str bytes_of(const struct hash *hash)
{
	return str_make((const char *)hash->b, HASH_SIZE);
}

static void index_by(
	struct flood *flood, struct map *map, const struct hash *hash, struct flood_row *row)
{
	if (!hash_is_zero(hash) && map_add(map, bytes_of(hash), row))
		map_set(map, bytes_of(hash), &flood->shared);
}

static int collect(struct journal_seen_walk *walk, const struct seen *row)
{
	struct flood_walk *w = container_of(walk, struct flood_walk, walk);
	struct arena *arena = &w->task->recorder->arena;

	if (row->withdrawn || row->last_seen_us < w->recent_us ||
		map_get(w->present, bytes_of(&row->key)))
		return 0;
	struct flood_row *copy = ARENA_NEW(arena, struct flood_row);
	copy->row = *row;
	copy->row.views = arena_str(arena, row->views);
	copy->row.subject = arena_str(arena, row->subject);
	index_by(w->flood, &w->flood->by_link, &copy->row.link_key, copy);
	if (w->use_titles)
		index_by(w->flood, &w->flood->by_title, &copy->row.title_key, copy);
	return 0;
}

static struct flood_row *match(struct flood *flood, const struct batch_item *item)
{
	struct flood_row *row = NULL;

	if (!hash_is_zero(&item->link_key))
		row = map_get(&flood->by_link, bytes_of(&item->link_key));
	if ((!row || row == &flood->shared || row->is_used) && !hash_is_zero(&item->title_key))
		row = map_get(&flood->by_title, bytes_of(&item->title_key));
	return row && row != &flood->shared && !row->is_used ? row : NULL;
}

const struct seen *flood_take(struct flood *flood, const struct batch_item *item)
{
	struct flood_row *row = item->withdrawn ? NULL : match(flood, item);

	if (!row)
		return NULL;
	row->is_used = true;
	return &row->row;
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
		((struct flood_row *)it->value)->is_used = false;
	}
	map_for_each(it, &flood->by_title) {
		((struct flood_row *)it->value)->is_used = false;
	}
	return n;
}

void flood_end(struct flood *flood)
{
	map_deinit(&flood->by_link);
	map_deinit(&flood->by_title);
}

int flood_begin(struct task *task, struct flood *flood)
{
	struct strangers strangers = {0};
	struct flood_walk walk = {.walk = {collect},
		.task = task,
		.flood = flood,
		.present = &strangers.present,
		.recent_us = task->known.last_change_us - FLOOD_RECENT_US,
		.use_titles = task->batch->feed->kind != FEED_ALERT};

	map_init(&strangers.present);
	int r = find_strangers(task, &strangers);
	if (r >= 0 && is_most(strangers.n, task->batch)) {
		r = journal_seen_each(
			task->recorder->journal, task->known.number, &walk.walk, task->error);
		if (r >= 0 && !is_most(count_known(flood, &strangers), task->batch)) {
			map_clear(&flood->by_link);
			map_clear(&flood->by_title);
		}
	}
	map_deinit(&strangers.present);
	return r;
}
