/* What is remembered of one item of one feed, so that it is told once: the row that outlives its
 * events. The key is (feed, item); see `struct item` for where the hashes come from. */
#pragma once

#include "base/hash.h"

#include <stdbool.h>
#include <stdint.h>

struct seen {
	struct hash item;     /* the stored key: stays what it was when the item was first seen */
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
};
