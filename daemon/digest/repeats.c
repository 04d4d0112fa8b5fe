#include "digest/digesting.h"

void repeats_init(struct repeats *repeats)
{
	*repeats = (struct repeats){.arena = ARENA_INIT};
	map_init(&repeats->keys);
	map_init(&repeats->key_links);
}

void repeats_deinit(struct repeats *repeats)
{
	map_deinit(&repeats->keys);
	map_deinit(&repeats->key_links);
	arena_deinit(&repeats->arena);
}

void repeats_begin(struct repeats *repeats)
{
	map_clear(&repeats->keys);
	map_clear(&repeats->key_links);
	arena_reset(&repeats->arena);
	repeats->guids_repeat = false;
}

static struct str hash_bytes(const struct hash *h)
{
	return str_make((const char *)h->b, HASH_SIZE);
}

/* A guid that comes again without a link, or had none, says nothing of being another item. Where
 * there is no guid, what differs under one link is another item for certain. */
static bool is_other(const struct hash *first_link, const struct item *item)
{
	if (item->flaws & FLAW_ID_SYNTHESIZED)
		return true;
	return !hash_is_zero(first_link) && !hash_is_zero(&item->link_key);
}

bool repeats_drop(struct repeats *repeats, const struct item *item)
{
	struct hash *link = arena_alloc(&repeats->arena, 3 * sizeof *link);
	struct hash *first;

	link[0] = item->link_key;
	link[1] = item->key;
	link[2] = item->key_link;
	if (map_add(&repeats->key_links, hash_bytes(&link[2]), link))
		return true;
	first = map_add(&repeats->keys, hash_bytes(&link[1]), link);
	if (!first)
		return false;
	if (!is_other(first, item))
		return true;
	repeats->guids_repeat = true;
	return false;
}
