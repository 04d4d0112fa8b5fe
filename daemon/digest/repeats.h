/* Which items of a document have come already. The first of a kind counts; one guid with another
 * link, or one link with another title and no guid at all, is another item, and a flaw of the feed
 * (EVENT, "Identity").
 *
 * A document may have a hundred thousand items, so what is kept of each is 48 bytes and two places in
 * the indexes, in three arrays that grow: nothing is allocated for an item. */
#pragma once

#include <stdint.h>

#include "model/item.h"

struct repeat {
	struct hash key, key_link;
	struct hash link; /* the link `key` came with first */
};

struct repeats {
	struct repeat *items;
	size_t n, cap;
	/* Numbers of items, from 1, by key and by key_link; as many places as `places`, at most half
	 * of them taken. */
	uint32_t *by_key, *by_key_link;
	size_t places;
	uint64_t seed;
	bool guids_repeat;
};

void repeats_init(struct repeats *repeats);
void repeats_deinit(struct repeats *repeats);
/* Forgets the last document. */
void repeats_begin(struct repeats *repeats);
/* Is this item to be left out? If not, remembers it; *ret_again: under its guid, or without one under
 * its link, another item came before it. */
bool repeats_drop(struct repeats *repeats, const struct item *item, bool *ret_again);
