/* Inside of the digest: what its files share. */
#pragma once

#include "base/map.h"
#include "digest/digest.h"

/* Which items of this document have come already. The first of a kind counts; one guid with
 * another link, or one link with another title and no guid at all, is another item, and a flaw of
 * the feed (EVENT, "Identity"). */
struct repeats {
	struct map keys;      /* key → the link key it came with first */
	struct map key_links; /* guid + link */
	struct arena arena;
	bool guids_repeat;
};

void repeats_init(struct repeats *repeats);
void repeats_deinit(struct repeats *repeats);
/* Forgets the last document. */
void repeats_begin(struct repeats *repeats);
/* Is this item to be left out? If not, remembers it. */
bool repeats_drop(struct repeats *repeats, const struct item *item);

struct digester {
	struct parser *parser;
	struct normalizer *normalizer;
	const struct theme_rules *rules;
	struct theme_rules *no_rules; /* owned: an empty set, where none was given */
	struct repeats repeats;
	struct arena arena; /* of the item in work */
	struct buf json;    /* the item in work, written */
};

/* Normalizes an entry into d->arena and writes it to d->json, within the size of an event. False:
 * it came already. */
bool digest_entry(struct digester *d, const struct normalize_context *context,
	const struct document *document, const struct entry *entry, struct item *ret);
