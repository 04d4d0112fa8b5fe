/* What a store remembers of an item beside its events, which leave before: for people who ask what became of
 * it. Reads only, and may run beside the daemon. */
#pragma once

#include "base/error.h"
#include "base/hash.h"

struct journal_known {
	struct str feed, subject; /* subject: the item's own id, as last told; may be absent */
	char item[HASH_TEXT_MAX]; /* its part of event ids */
	uint32_t version;
	int64_t last_seen_us; /* in the feed, true to a day */
	bool withdrawn;
};

/* Embed this and find the owner with container_of. Texts are valid during the call. */
struct journal_known_sink {
	void (*item)(struct journal_known_sink *sink, const struct journal_known *known);
};

/* Which item; all that are given may name it. */
struct journal_known_query {
	const char *feed;   /* its id; NULL: any, which reads all rows */
	struct str item;    /* as in event ids; STR_NONE: not known */
	struct str subject; /* its own id */
	struct hash alias;  /* hash_mix() of the alias of its id or link (normalize/url.h) */
};
int journal_known(const char *path, const struct journal_known_query *query,
	struct journal_known_sink *sink, struct error *error);
