/* What we remember of a feed between polls. Persisted by the journal in the same transaction as
 * the items of the reply that changed it (the first of the two orders in pipeline.c). */
#pragma once

#include "base/hash.h"
#include "model/fault.h"

#include <stdbool.h>
#include <stdint.h>

/* The poll's result in one word; `feeds` and the events say it by feed_health_names. */
enum feed_health {
	FEED_NEW, /* never polled */
	FEED_FINE,
	FEED_FAILING,
	FEED_GONE,
	FEED_HEALTH_COUNT
};
extern const char *const feed_health_names[FEED_HEALTH_COUNT];

struct feed_state {
	/* Validators, exactly as received; NULL: none. One atomic set with body_hash. Owned. */
	char *etag, *last_modified;
	struct hash body_hash; /* zero: none yet */
	char *url;             /* the configured URL all of this was learnt from. Owned. */

	int64_t last_poll_us;    /* 0: never; all are microseconds since 1970 */
	int64_t last_success_us; /* last 200 or 304 that was a feed */
	int64_t last_change_us; /* last time a document was parsed to its end: "now" of seen rows */
	int64_t next_due_us;
	int64_t failing_since_us; /* 0: not failing */
	int64_t gone_since_us;    /* first 410 of a row; 0: none */
	int64_t told_noisy_us;    /* when feed.noisy went out last; 0: never */
	int64_t hint_us; /* how often the last document asked to be polled; 0: it did not */

	uint32_t failures; /* in a row */
	int32_t http_status;
	uint32_t items;    /* in the last document */
	bool backfilled;   /* the first document has been journaled: what is new now is news */
	bool guids_repeat; /* one guid was seen with two links: keys are guid + link, for good */
	bool told_failing; /* feed.failing is out, feed.recovered is due */
	enum feed_health health;
	enum fault fault; /* FAULT_NONE while all is well */
	char *error;      /* one sentence; NULL while all is well. Owned. */
};

void feed_state_deinit(struct feed_state *state);
/* A deep copy; *to must be uninitialised or deinitialised. */
void feed_state_copy(struct feed_state *to, const struct feed_state *from);
