/* From an item to its event and its row.
 *
 * An item is found by its key. If there is no row, it may yet be known:
 *   - the feed's guids repeat now, and the item was told under the guid alone: the row under that
 *     key with the same link, and without guids the same title, is it (so the order of a document
 *     never decides who is the known one);
 *   - the feed has changed its guids altogether (flood.c).
 * Then the row moves to the new key. The item's name in event ids stays, so that subscribers see
 * one item's versions as one; the name of a really new item is its key, unless that is the name of
 * an item which has moved away from it. */
#include "record/recorder.h"

#include <stddef.h>
#include <stdlib.h>

#include "base/list.h"

int task_append(struct task *task, struct event *event, struct seen *row)
{
	struct recorder *recorder = task->recorder;
	const struct feed *feed = task->batch->feed;
	uint64_t seq;

	event->feed = feed;
	event->publisher = recorder->publisher;
	event->recorded_us = task->now_us;
	struct str *views = arena_alloc(&recorder->of_event,
		(EVENT_VIEWS_OWN + event->n_themes + feed->n_networks) * sizeof *views);
	event->n_views = event_views(&recorder->of_event, event, views);
	event->views = views;
	int r = journal_append(recorder->journal, event, row, &seq, task->error);
	arena_reset(&recorder->of_event);
	return r;
}

/* What a person sees as the feed's rhythm. What was there before we first looked counts on the day that it
 * bears, if that has come. */
static void count_new(struct task *task, const struct event *event)
{
	int64_t now_s = task->now_us / SEC_US;

	if (!task->progress->backfill)
		activity_add(&task->progress->activity, task->now_us, 1);
	else if (event->time_s > 0 && event->time_s <= now_s)
		activity_add(&task->progress->activity, event->time_s * SEC_US, 1);
}

/* The data with one more flaw. The pattern cannot stand inside a JSON string: its quotes would be
 * escaped there. */
static struct str coalesced(struct buf *out, struct str data)
{
	const struct str word = STR("\"updates-coalesced\"");
	size_t flaws = str_find(data, STR("\"_flaws\":["));

	buf_clear(out);
	if (flaws < data.n) {
		size_t list = flaws + sizeof "\"_flaws\":[" - 1;
		buf_str(out, str_head(data, list));
		buf_str(out, word);
		if (list < data.n && data.p[list] != ']')
			buf_char(out, ',');
		buf_str(out, str_skip(data, list));
	} else {
		buf_str(out, str_head(data, data.n - 1));
		if (data.n > 2)
			buf_char(out, ',');
		buf_lit(out, "\"_flaws\":[");
		buf_str(out, word);
		buf_lit(out, "]}");
	}
	return buf_view(out);
}

static struct event event_of(const struct task *task, enum event_type type, const struct seen *row,
	const struct batch_item *item)
{
	const char *language = task->batch->feed->language;

	return (struct event){
		.type = type,
		.item = row->item,
		.version = row->version,
		.subject = item->subject,
		.time_s = item->time_s,
		.language = str_is_none(item->language) ? str_of(language) : item->language,
		.themes = item->themes,
		.n_themes = item->n_themes,
		.backfill = task->progress->backfill,
		.data = item->data,
	};
}

/* The event, then the row, whose views are the event's. */
static int tell(struct task *task, struct event *event, struct seen *row)
{
	int r = task_append(task, event, row);

	if (r < 0)
		return r;
	if (event->type == EVENT_ITEM_PUBLISHED)
		count_new(task, event);
	r = journal_seen_put(task->recorder->journal, task->known.number, row, task->error);
	free((char *)row->views.p);
	return r;
}

/* A new item's name must be its own for ever. */
static int name_new(struct task *task, struct seen *row)
{
	int r = journal_item_taken(
		task->recorder->journal, task->known.number, &row->item, task->error);

	if (r > 0) {
		struct hash_state state;
		hash_begin(&state);
		hash_add(&state, row->key.b, HASH_SIZE);
		hash_add(&state, &task->now_us, sizeof task->now_us);
		hash_end(&state, &row->item);
	}
	return r < 0 ? r : 0;
}

static const struct {
	enum event_type event;
	size_t counter;
	bool is_told;
} outcomes[VERDICT_COUNT] = {
	[VERDICT_SAME] = {0, offsetof(struct record_counts, same), false},
	[VERDICT_NEW] = {EVENT_ITEM_PUBLISHED, offsetof(struct record_counts, published), true},
	[VERDICT_UPDATED] = {EVENT_ITEM_UPDATED, offsetof(struct record_counts, updated), true},
	[VERDICT_WITHDRAWN] = {EVENT_ITEM_WITHDRAWN, offsetof(struct record_counts, withdrawn),
		true},
	[VERDICT_HELD] = {0, offsetof(struct record_counts, held), false},
};

static void count(struct task *task, enum verdict verdict)
{
	++*(uint64_t *)(void *)((char *)task->counts + outcomes[verdict].counter);
}

/* A push is believed for what is new. That a known item is another now, has gone or is back is told by the
 * feed's own server alone: hubs come again with what they could not deliver, behind what is newer, and where
 * the way to us is not secret anybody can come with what was signed long ago. */
static bool is_contested(const struct task *task, enum verdict verdict)
{
	return task->batch->pushed && (verdict == VERDICT_UPDATED || verdict == VERDICT_WITHDRAWN ||
					      verdict == VERDICT_HELD);
}

/* Was what the item says redacted? 1: not a word of it is told, and its address is not kept; but what it
 * is now is remembered. */
static int hush(struct task *task, const struct seen *old, struct seen *row)
{
	int r = journal_is_redacted(
		task->recorder->journal, task->known.number, &row->item, &row->change, task->error);

	if (r <= 0)
		return r;
	count(task, VERDICT_SAME);
	row->version = old ? old->version : row->version;
	row->subject = STR_NONE;
	r = journal_seen_put(task->recorder->journal, task->known.number, row, task->error);
	return r < 0 ? r : 1;
}

static int judge(struct task *task, const struct seen *old, const struct hash *key,
	const struct batch_item *item)
{
	struct seen row;
	bool write;
	enum verdict verdict = dedup_judge(old, key, item, task->now_us, &row, &write);
	int r = verdict == VERDICT_NEW ? name_new(task, &row) : 0;

	if (is_contested(task, verdict)) {
		task->progress->contested++;
		task->progress->found++;
		count(task, VERDICT_SAME);
		return 0;
	}
	if (r >= 0 && write)
		r = hush(task, old, &row);
	if (r != 0)
		return r < 0 ? r : 0;
	count(task, verdict);
	if (verdict == VERDICT_HELD)
		task->progress->noisy = true;
	task->progress->found += old != NULL;
	task->progress->new += verdict == VERDICT_NEW;
	if (!outcomes[verdict].is_told)
		return write ? journal_seen_put(task->recorder->journal, task->known.number, &row,
				       task->error)
			     : 0;
	struct event event = event_of(task, outcomes[verdict].event, &row, item);
	if (verdict == VERDICT_UPDATED && dedup_was_held(old, task->now_us))
		event.data = coalesced(&task->recorder->data, item->data);
	return tell(task, &event, &row);
}

/* The row that this item was known by while the feed's guids did not repeat. 1: *ret is it, under
 * its old key. */
static int find_by_guid(struct task *task, const struct batch_item *item, struct seen *ret)
{
	if (!task->progress->guids_repeat || hash_eq(&item->key, &item->key_link))
		return 0;
	int r = journal_seen_get(
		task->recorder->journal, task->known.number, &item->key, ret, task->error);
	/* Where the key is the link, it is that of all items on the page. */
	bool is_link = hash_eq(&item->key, &item->link_key);
	if (r > 0 && (!hash_eq(&ret->link_key, &item->link_key) ||
			     (is_link && !hash_eq(&ret->title_key, &item->title_key)))) {
		seen_deinit(ret);
		return 0;
	}
	return r;
}

static int move_row(struct task *task, const struct seen *row, const struct hash *old_key)
{
	struct journal *journal = task->recorder->journal;
	int r = journal_seen_drop(journal, task->known.number, old_key, task->error);

	return r < 0 ? r : journal_seen_put(journal, task->known.number, row, task->error);
}

/* Another guid, the same item: nothing is told. 0 if the row is not there any more. */
static int remap(struct task *task, const struct hash *old_key, const struct hash *key,
	const struct batch_item *item)
{
	struct seen old, row;
	int r = journal_seen_get(
		task->recorder->journal, task->known.number, old_key, &old, task->error);

	if (r <= 0)
		return r;
	if (!old.withdrawn) {
		dedup_rekey(&old, key, item, task->now_us, &row);
		task->counts->remapped++;
		task->progress->found++;
		r = move_row(task, &row, old_key);
	}
	bool is_gone = old.withdrawn;
	seen_deinit(&old);
	return r < 0 ? r : !is_gone;
}

/* The item's row under `key`, moved there if it was known by its guid alone. 1: *ret is it. */
static int find(
	struct task *task, const struct hash *key, const struct batch_item *item, struct seen *ret)
{
	int r = journal_seen_get(
		task->recorder->journal, task->known.number, key, ret, task->error);

	if (r != 0)
		return r;
	r = find_by_guid(task, item, ret);
	if (r <= 0)
		return r;
	struct hash old_key = ret->key;
	ret->key = *key;
	r = move_row(task, ret, &old_key);
	if (r < 0)
		seen_deinit(ret);
	return r < 0 ? r : 1;
}

static int record_unknown(struct task *task, struct flood *flood, const struct hash *key,
	const struct batch_item *item)
{
	const struct hash *moved = flood_take(flood, item);
	int r = moved ? remap(task, moved, key, item) : 0;

	return r ? r : judge(task, NULL, key, item);
}

static int record_item(struct task *task, struct flood *flood, const struct batch_item *listed)
{
	struct batch_item item = *listed;
	struct hash key = dedup_key(&item, task->progress->guids_repeat);
	struct seen known = {0};
	uint32_t contested = task->progress->contested;
	int found = find(task, &key, &item, &known), r = found;

	if (found == 0 || (found > 0 && (known.withdrawn || item.n_cancels))) {
		r = cancel_holds(task, &key, &item);
		item.withdrawn = item.withdrawn || r > 0;
	}
	if (r >= 0)
		r = found ? judge(task, &known, &key, &item)
			  : record_unknown(task, flood, &key, &item);
	if (r >= 0 && task->progress->contested == contested)
		r = cancel_note(task, &key, &item);
	if (found > 0)
		seen_deinit(&known);
	return r;
}

static void remember(struct task *task)
{
	struct listing *listing = &task->progress->listing;
	const struct batch *batch = task->batch;

	MEM_GROW(listing->items, listing->cap, listing->n + batch->n_items);
	for (size_t i = 0; i < batch->n_items; i++) {
		const struct batch_item *item = &batch->items[i];
		listing->items[listing->n++] =
			(struct listed){dedup_key(item, task->progress->guids_repeat),
				item->link_key, item->title_key};
	}
}

int task_record_items(struct task *task)
{
	struct flood flood;
	int r = 0;

	flood_init(&flood);
	remember(task);
	r = task_record_cancels(task);
	if (r >= 0 && task->batch->first && !task->progress->backfill)
		r = flood_begin(task, &flood);
	for (size_t i = 0; i < task->batch->n_items && r >= 0; i++)
		r = record_item(task, &flood, &task->batch->items[i]);
	flood_end(&flood);
	return r < 0 ? r : 0;
}

static int compare_keys(const void *a, const void *b)
{
	return memcmp(
		((const struct listed *)a)->key.b, ((const struct listed *)b)->key.b, HASH_SIZE);
}

struct missing_walk {
	struct journal_seen_walk walk;
	const struct listed *present; /* sorted by key */
	size_t n_present;
	struct arena *arena;
	struct seen *rows;
	size_t n, cap;
};

static int collect_missing(struct journal_seen_walk *walk, const struct seen *row)
{
	struct missing_walk *m = container_of(walk, struct missing_walk, walk);
	struct listed wanted = {.key = row->key};

	if (row->withdrawn ||
		bsearch(&wanted, m->present, m->n_present, sizeof *m->present, compare_keys))
		return 0;
	struct seen *copy = ARENA_PUSH(m->arena, m->rows, m->n, m->cap);
	*copy = *row;
	copy->views = arena_str(m->arena, row->views);
	copy->subject = arena_str(m->arena, row->subject);
	return 0;
}

int task_withdraw(struct task *task, const struct seen *old, int64_t time_s)
{
	const struct feed *feed = task->batch->feed;
	struct arena *arena = &task->recorder->arena;
	struct seen row;

	if (dedup_missing(old, task->now_us, &row) == VERDICT_SAME)
		return 0;
	int hushed = hush(task, old, &row);
	if (hushed != 0)
		return hushed < 0 ? hushed : 0;
	count(task, VERDICT_WITHDRAWN);
	/* All that is left of it: its id, and the themes the feed gives to each item. Who else
	 * heard of it is in the row. */
	struct buf *data = &task->recorder->data;
	buf_clear(data);
	struct json j = json_to(data);
	json_open(&j, '{');
	json_member(&j, "id", row.subject);
	json_close(&j, '}');
	struct str *themes = arena_alloc(arena, (feed->n_themes + 1) * sizeof *themes);
	for (size_t i = 0; i < feed->n_themes; i++)
		themes[i] = str_of(feed->themes[i]);
	struct event event = {
		.type = EVENT_ITEM_WITHDRAWN,
		.item = row.item,
		.version = row.version,
		.subject = row.subject,
		.time_s = time_s,
		.language = str_of(feed->language),
		.themes = themes,
		.n_themes = feed->n_themes,
		.data = buf_view(data),
	};
	return tell(task, &event, &row);
}

int task_record_missing(struct task *task)
{
	const struct listing *set = &task->progress->listing;
	struct arena *arena = &task->recorder->arena;
	/* Sorted in a copy: should the commit fail, the set goes back to its length of before,
	 * and its first keys must then be what they were. */
	struct listed *present = arena_alloc(arena, (set->n + 1) * sizeof *present);

	memcpy(present, set->items ? set->items : present, set->n * sizeof *present);
	qsort(present, set->n, sizeof *present, compare_keys);
	struct missing_walk m = {
		.walk = {collect_missing}, .present = present, .n_present = set->n, .arena = arena};
	int r = journal_seen_each(
		task->recorder->journal, task->known.number, &m.walk, task->error);
	for (size_t i = 0; i < m.n && r >= 0; i++)
		r = task_withdraw(task, &m.rows[i], TIME_NONE);
	return r;
}
