/* New, changed, the same, or withdrawn? Pure: what is known, what came, and the time are
 * arguments; what to remember next is a result. The rules are EVENT's ("Identity", "Change",
 * "Withdrawal"). */
#pragma once

#include "model/batch.h"
#include "model/seen.h"

enum verdict {
	VERDICT_SAME,
	VERDICT_NEW,
	VERDICT_UPDATED, /* changed, or back after it was withdrawn: the version rises either way */
	VERDICT_WITHDRAWN,
	VERDICT_HELD, /* changed, but too often today: told later, once (`updates-coalesced`) */
	VERDICT_COUNT
};

/* An item is told as updated at most this often a day: one an hour, which no editor exceeds and
 * every counter in a title does. */
#define DEDUP_UPDATES_PER_DAY 24
/* `last_seen` moves at most once in this time: a write per item and day, not per poll. */
#define DEDUP_SEEN_STEP_US DAY_US

/* The key under which a feed's items are known. */
struct hash dedup_key(const struct batch_item *item, bool guids_repeat);

/* `old` is the row of the item's key (NULL: none). *ret_row is the row to store; *ret_write says
 * whether it differs from the old one in anything that must be written. ret_row->views is left as
 * in `old`: the journal replaces it when it appends an event; so is the subject unless the item
 * brings one. Both point into `old` or `item`: ret_row owns nothing. */
enum verdict dedup_judge(const struct seen *old, const struct hash *key,
	const struct batch_item *item, int64_t now_us, struct seen *ret_row, bool *ret_write);

/* Were updates of this item held back before the one that is told at `now_us`? It then stands for
 * several (`updates-coalesced`). */
bool dedup_was_held(const struct seen *old, int64_t now_us);

/* A known item is missing from a complete document. VERDICT_SAME if it was withdrawn already. */
enum verdict dedup_missing(const struct seen *old, int64_t now_us, struct seen *ret_row);

/* The item is found by another key from now on (the feed changed its guids) and is the same item
 * to subscribers: its name and version stay, and what it looks like now is known, untold. */
void dedup_rekey(const struct seen *old, const struct hash *key, const struct batch_item *item,
	int64_t now_us, struct seen *ret_row);
