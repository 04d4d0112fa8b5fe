/* What is remembered of one item of one feed, so that it is told once: the row that outlives its
 * events. It is found by (feed, key); see `struct item` for where the hashes come from. */
#pragma once

#include "base/hash.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>

struct seen {
	struct hash key;      /* what the item is found by now: its guid's alias, or guid + link */
	struct hash item;     /* its name in event ids: stays what `key` was when first seen */
	struct hash link_key; /* zero: none */
	struct hash title_key;
	struct hash change;
	uint32_t version;     /* of the last event, from 1 */
	int64_t last_seen_us; /* moved on at most once a day, to spare a write per poll */
	int64_t day_us;       /* start of the day in which `updates_today` counts */
	uint32_t updates_today;
	bool withdrawn;
	/* The topics of the last event, as the journal's own ids: `updated` goes to the union of
	 * these and the new ones. Opaque outside journal/; freed by whoever read the row. */
	struct str views;
	/* The item's own id (`data.id`) as last told, to name it when it is gone: at most
	 * SEEN_SUBJECT_MAX bytes. Freed by whoever read the row. */
	struct str subject;
};

/* Longer ids are not remembered: 512 bytes hold the longest URL that people use as a guid, and a
 * feed's rows stay few pages. */
#define SEEN_SUBJECT_MAX 512

/* For a row that was read from the journal; forgets what it owns. */
static inline void seen_deinit(struct seen *row)
{
	free((char *)row->views.p);
	free((char *)row->subject.p);
	row->views = row->subject = STR_NONE;
}
