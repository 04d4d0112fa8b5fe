#include "dedup/dedup.h"

#include "base/clock.h"

/* What a row looks like over the life of an item:
 *
 *            first seen            changed                  gone, or its tombstone
 *   (none) ─────NEW────▶ version 1 ──UPDATED──▶ version n+1 ──WITHDRAWN──▶ withdrawn, version n+2
 *                            ▲                      │  ▲                        │
 *                            └── the same: SAME ────┘  └── back: UPDATED ◀──────┘
 *
 * An item that comes back is told as updated with a raised version, even if it is what it was: who
 * heard that it was withdrawn must hear that it no longer is, and an event id is used once.
 *
 * updates_today counts what was told (updates and returns) since day_us, the start of a UTC day. At
 * DEDUP_UPDATES_PER_DAY nothing more is told until the next day; the first change held back moves
 * the count one further, which is the mark that the next update stands for several. The stored
 * change hash stays that of what was told, so a held change is still one tomorrow. */

#define UPDATES_HELD (DEDUP_UPDATES_PER_DAY + 1)

struct hash dedup_key(const struct batch_item *item, bool guids_repeat)
{
	return guids_repeat ? item->key_link : item->key;
}

static int64_t day_of(int64_t now_us)
{
	int64_t rest = now_us % DAY_US;

	return now_us - (rest < 0 ? rest + DAY_US : rest);
}

static struct str bounded_subject(const struct batch_item *item, struct str otherwise)
{
	return item->subject.n && item->subject.n <= SEEN_SUBJECT_MAX ? item->subject : otherwise;
}

static void describe(struct seen *row, const struct batch_item *item)
{
	row->link_key = item->link_key;
	row->title_key = item->title_key;
	row->change = item->change;
	row->subject = bounded_subject(item, row->subject);
}

/* last_seen only ever moves on: what a clock that was set back makes of it would be old when that is
 * put right. */
static void see(struct seen *row, int64_t now_us)
{
	if (row->last_seen_us < now_us)
		row->last_seen_us = now_us;
}

/* And by whole steps. */
static bool touch(struct seen *row, int64_t now_us)
{
	if (now_us - row->last_seen_us < DEDUP_SEEN_STEP_US)
		return false;
	see(row, now_us);
	return true;
}

static void begin_day(struct seen *row, int64_t now_us)
{
	int64_t day = day_of(now_us);

	if (row->day_us != day) {
		row->day_us = day;
		row->updates_today = 0;
	}
}

static enum verdict judge_new(const struct hash *key, const struct batch_item *item, int64_t now_us,
	struct seen *row, bool *ret_write)
{
	*row = (struct seen){.key = *key, .item = *key, .version = 1, .last_seen_us = now_us};
	row->day_us = day_of(now_us);
	describe(row, item);
	*ret_write = !item->withdrawn;
	/* A tombstone of what was never told has nothing to take back. */
	return item->withdrawn ? VERDICT_SAME : VERDICT_NEW;
}

/* A change, or a return: told unless there were too many today. */
static enum verdict judge_changed(
	const struct batch_item *item, int64_t now_us, struct seen *row, bool *ret_write)
{
	begin_day(row, now_us);
	if (row->updates_today >= DEDUP_UPDATES_PER_DAY) {
		*ret_write = touch(row, now_us) || row->updates_today != UPDATES_HELD;
		row->updates_today = UPDATES_HELD;
		return VERDICT_HELD;
	}
	row->updates_today++;
	row->version++;
	row->withdrawn = false;
	see(row, now_us);
	describe(row, item);
	*ret_write = true;
	return VERDICT_UPDATED;
}

enum verdict dedup_judge(const struct seen *old, const struct hash *key,
	const struct batch_item *item, int64_t now_us, struct seen *ret_row, bool *ret_write)
{
	if (!old)
		return judge_new(key, item, now_us, ret_row, ret_write);
	*ret_row = *old;
	ret_row->key = *key;
	if (item->withdrawn && !old->withdrawn) {
		ret_row->withdrawn = true;
		ret_row->version++;
		see(ret_row, now_us);
		*ret_write = true;
		return VERDICT_WITHDRAWN;
	}
	if (!item->withdrawn && (old->withdrawn || !hash_eq(&old->change, &item->change)))
		return judge_changed(item, now_us, ret_row, ret_write);
	*ret_write = touch(ret_row, now_us);
	if (!item->withdrawn && (!hash_eq(&old->link_key, &item->link_key) ||
					!hash_eq(&old->title_key, &item->title_key))) {
		describe(ret_row, item);
		*ret_write = true;
	}
	return VERDICT_SAME;
}

bool dedup_was_held(const struct seen *old, int64_t now_us)
{
	return old && old->updates_today >= UPDATES_HELD && old->day_us != day_of(now_us);
}

enum verdict dedup_missing(const struct seen *old, int64_t now_us, struct seen *ret_row)
{
	*ret_row = *old;
	if (old->withdrawn)
		return VERDICT_SAME;
	begin_day(ret_row, now_us);
	ret_row->withdrawn = true;
	ret_row->version++;
	return VERDICT_WITHDRAWN;
}

void dedup_rekey(const struct seen *old, const struct hash *key, const struct batch_item *item,
	int64_t now_us, struct seen *ret_row)
{
	*ret_row = *old;
	ret_row->key = *key;
	see(ret_row, now_us);
	describe(ret_row, item);
}
