/* The digest of one reply, or of a part of a very long one: what the journal thread commits in one
 * transaction. Owns everything in it; passes from a worker to the journal thread. */
#pragma once

#include "model/item.h"
#include "model/reply.h"

/* A reply commits at once up to this many items or bytes; above that in several commits, the
 * validators only with the last one. 5,000 items of 1.5 KB are the 8 MiB. */
#define BATCH_ITEMS_MAX 5000
#define BATCH_BYTES_MAX (8 * 1024 * 1024)

/* What the journal thread needs of an item; the rest is in `data` already. */
struct batch_item {
	struct hash key, key_link, link_key, title_key, change, message;
	struct hash *cancels; /* see struct item */
	size_t n_cancels;
	struct str data;     /* the JSON object, final */
	struct str subject;  /* the item's own id */
	struct str language; /* BCP 47 or STR_NONE */
	struct str *themes;  /* sorted theme ids: the feed's and those found */
	size_t n_themes;
	int64_t time_s; /* when the item says it happened; TIME_NONE */
	bool withdrawn;
};

struct batch {
	struct arena arena;
	struct feed *feed; /* a reference */
	/* With the last batch of a reply: settled, to be written. With the others: as it was before
	 * the reply. `backfilled` is the old value in all of them; the recorder sets it. */
	struct feed_state state;
	struct batch_item *items;
	size_t n_items, cap_items;
	size_t bytes;
	bool first, last;    /* of its reply */
	bool parsed;         /* the reply was a document; false: only the state changes */
	bool complete;       /* a clean, whole document that lists everything: absence withdraws */
	bool pushed;         /* a hub has sent it: what it lacks says nothing */
	bool unchanged;      /* of the state only what each poll changes (schedule_settle()) */
	bool guids_repeat;   /* this document showed one guid with two links */
	int64_t received_us; /* when the reply was complete */
	uint64_t remapped;   /* known items that came under new ids; the recorder's finding */
	bool contested;      /* pushed, and not as known of items that are; likewise */
};

struct batch *batch_new(const struct feed *feed);
/* NULL-safe; returns NULL. */
struct batch *batch_free(struct batch *batch);
CLEANUP_DEFINE(struct batch, batch_free);
