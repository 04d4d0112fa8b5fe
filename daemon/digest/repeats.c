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
	if (hash_is_zero(first) || hash_is_zero(link))
		return true; /* the same guid, and no second link that says otherwise */
	repeats->guids_repeat = true;
	return false;
}
