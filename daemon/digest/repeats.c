#include "digest/repeats.h"

#include <stddef.h>
#include <stdlib.h>

#include "base/alloc.h"
#include "base/hash.h"

/* Places of the indexes at first, and the most that are kept from one document to the next: feeds of
 * up to 500 items, which are nearly all, need no more. */
#define PLACES_FIRST 128
#define PLACES_KEEP  1024

void repeats_init(struct repeats *repeats)
{
	*repeats = (struct repeats){0};
	hash_random(&repeats->seed, sizeof repeats->seed);
	repeats->seed |= 1;
}

void repeats_deinit(struct repeats *repeats)
{
	free(repeats->items);
	free(repeats->by_key);
	free(repeats->by_key_link);
	*repeats = (struct repeats){0};
}

void repeats_begin(struct repeats *repeats)
{
	uint64_t seed = repeats->seed;

	if (repeats->places > PLACES_KEEP) {
		repeats_deinit(repeats);
		repeats->seed = seed;
	} else if (repeats->n) {
		memset(repeats->by_key, 0, repeats->places * sizeof *repeats->by_key);
		memset(repeats->by_key_link, 0, repeats->places * sizeof *repeats->by_key_link);
	}
	repeats->n = 0;
	repeats->guids_repeat = false;
}

/* Where an index has this hash, or the free place where it belongs. The seed, which nobody outside
 * knows, keeps hashes made to collide apart. */
static uint32_t *place(const struct repeats *r, uint32_t *index, const struct hash *hash, size_t at)
{
	uint64_t start;

	memcpy(&start, hash->b, sizeof start);
	start = start * r->seed >> 32;
	for (size_t i = start & (r->places - 1);; i = (i + 1) & (r->places - 1)) {
		if (!index[i])
			return &index[i];
		const char *item = (const char *)&r->items[index[i] - 1];
		if (hash_eq((const struct hash *)(item + at), hash))
			return &index[i];
	}
}

#define PLACE_KEY(r, hash)      place(r, (r)->by_key, hash, offsetof(struct repeat, key))
#define PLACE_KEY_LINK(r, hash) place(r, (r)->by_key_link, hash, offsetof(struct repeat, key_link))

static void grow(struct repeats *r)
{
	r->places = r->places ? r->places * 2 : PLACES_FIRST;
	free(r->by_key);
	free(r->by_key_link);
	r->by_key = mem_zalloc(r->places, sizeof *r->by_key);
	r->by_key_link = mem_zalloc(r->places, sizeof *r->by_key_link);
	for (size_t i = 0; i < r->n; i++) {
		uint32_t *at = PLACE_KEY(r, &r->items[i].key);
		if (!*at)
			*at = (uint32_t)i + 1;
		*PLACE_KEY_LINK(r, &r->items[i].key_link) = (uint32_t)i + 1;
	}
}

/* A guid that comes again without a link, or had none, says nothing of being another item. Where
 * there is no guid, what differs under one link is another item for certain. */
static bool is_other(const struct hash *first_link, const struct item *item)
{
	if (item->flaws & FLAW_ID_SYNTHESIZED)
		return true;
	return !hash_is_zero(first_link) && !hash_is_zero(&item->link_key);
}

bool repeats_drop(struct repeats *repeats, const struct item *item, bool *ret_again)
{
	*ret_again = false;
	if ((repeats->n + 1) * 2 > repeats->places)
		grow(repeats);
	uint32_t *key_link = PLACE_KEY_LINK(repeats, &item->key_link);
	if (*key_link)
		return true;
	uint32_t *key = PLACE_KEY(repeats, &item->key);
	bool again = *key != 0;
	bool drop = again && !is_other(&repeats->items[*key - 1].link, item);

	MEM_GROW(repeats->items, repeats->cap, repeats->n + 1);
	repeats->items[repeats->n++] = (struct repeat){item->key, item->key_link, item->link_key};
	*key_link = (uint32_t)repeats->n;
	if (!again)
		*key = (uint32_t)repeats->n;
	*ret_again = again && !drop;
	repeats->guids_repeat |= *ret_again;
	return drop;
}
