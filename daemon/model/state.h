/* What we remember of a feed between polls. Persisted by the journal in the same transaction as
 * the items of the reply that changed it (the first of the two orders in pipeline.c). */
#pragma once

#include "base/hash.h"
#include "model/activity.h"
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
	int64_t wait_us; /* from the end of the last poll to the next; not persisted: a running
			    daemon waits this long, however the clock is set meanwhile */
	int64_t least_us; /* what a poll is waited for at least, because a hub pushes meanwhile; 0: it
			     does not. Not persisted: the hub's lease is. */
	int64_t made_us; /* when its server made the last document, by its own clock; 0: not known. Not
			    persisted: the first answer after a start is believed. */
	int64_t hint_us;   /* how often the last document asked to be polled; 0: it did not */
	int64_t news_us;   /* last time a poll brought new items; 0: never since the first */
	int64_t rhythm_us; /* time between such polls, a moving average; 0: not known */

	uint32_t failures;   /* in a row */
	uint32_t items;      /* in the last document */
	uint32_t news;       /* polls that brought new items, the first not counted */
	uint32_t skip_hours; /* of the last document: bits of GMT hours … */
	int16_t http_status;
	uint8_t skip_days; /* … and of days from Sunday */
	bool backfilled;   /* the first document has been journaled: what is new now is news */
	bool guids_repeat; /* one guid was seen with two links: keys are guid + link, for good */
	bool told_failing; /* feed.failing is out, feed.recovered is due */
	bool told_quiet;   /* feed.quiet is out, until there is news */
	bool is_short;     /* feed_state_pack()'s own; false everywhere else */
	enum feed_health health;
	uint32_t
		number; /* the journal's, of the feed under its present id; 0: not known. Not persisted:
			    it is the row's own. */
	enum fault fault;         /* FAULT_NONE while all is well */
	struct activity activity; /* items it brought */

	/* From here on all is zero while a feed is well, stays where it is, names no hub and publishes at
	 * no moments of its own (feed_state_pack()). */
	int64_t failing_since_us; /* 0: not failing */
	int64_t gone_since_us;    /* first 410 of a row; 0: none */
	int64_t told_noisy_us;    /* when feed.noisy went out last; 0: never */
	int64_t phase_us; /* one of the moments, hint_us apart, at which it said to publish; 0: none */
	int64_t held_until_us;   /* a host asked for no request before (429); 0: none did */
	int64_t moving_since_us; /* first poll of the row that moving_url stands for … */
	uint32_t moving_polls;   /* … and how many that are */
	char *error;             /* one sentence; NULL while all is well. Owned. */
	char *held_host; /* which host held_until_us is of; NULL: that of what is polled. Owned. */
	/* Where permanent redirects lead: once that has proved itself it is moved_url, which is polled in
	 * the configured one's place. NULL: nowhere. Owned. */
	char *moving_url, *moved_url;
	/* What the last document names for pushes (W3C WebSub): its topic, where the document was,
	 * then hubs, URLs with blanks between. NULL: none. Owned. */
	char *hubs;
};

/* What is to be polled: the configured URL, unless it has moved. */
const char *feed_state_url(const struct feed_state *state, const char *configured);

void feed_state_deinit(struct feed_state *state);
/* A deep copy in one block of just its size, to be freed as such: of a million feeds each byte is a
 * megabyte. Where all from failing_since_us on is zero it ends there (is_short): only what stands before may
 * be looked at in place. */
struct feed_state *feed_state_pack(const struct feed_state *state);
/* All of it, whatever its size; the texts stay the packed one's. NULL: nothing is remembered. */
struct feed_state feed_state_unpack(const struct feed_state *packed);
/* A deep copy; *to must be uninitialised or deinitialised. */
void feed_state_copy(struct feed_state *to, const struct feed_state *from);
/* The same without validators and the URL: a hundred thousand are copied for those who look at them,
 * and of most no text is left. */
void feed_state_copy_shown(struct feed_state *to, const struct feed_state *from);
