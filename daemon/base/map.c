#include "base/map.h"

#include "base/alloc.h"

#include <stdlib.h>

#define MAP_FIRST 16

void map_init(struct map *map)
{
	*map = (struct map){0};
	hash_key_init(&map->seed);
}

void map_deinit(struct map *map)
{
	free(map->slots);
	*map = (struct map){0};
}

void map_clear(struct map *map)
{
	if (map->slots)
		memset(map->slots, 0, map->cap * sizeof *map->slots);
	map->n = 0;
}

/* Linear probing; the load stays at or below 3/4, so a free slot always ends the search. */
static struct map_entry *find(const struct map *map, struct str key, uint64_t hash)
{
	for (size_t i = hash & (map->cap - 1);; i = (i + 1) & (map->cap - 1)) {
		struct map_entry *e = &map->slots[i];
		if (!e->key.p || (e->hash == hash && str_eq(e->key, key)))
			return e;
	}
}

static void grow(struct map *map)
{
	struct map_entry *old = map->slots;
	size_t old_cap = map->cap;

	map->cap = old_cap ? old_cap * 2 : MAP_FIRST;
	map->slots = mem_zalloc(map->cap, sizeof *map->slots);
	for (size_t i = 0; i < old_cap; i++)
		if (old[i].key.p)
			*find(map, old[i].key, old[i].hash) = old[i];
	free(old);
}

void *map_get(const struct map *map, struct str key)
{
	if (!map->n)
		return NULL;
	struct map_entry *e = find(map, key, hash_short(&map->seed, key));
	return e->key.p ? e->value : NULL;
}

static struct map_entry *find_or_add(struct map *map, struct str key)
{
	uint64_t hash = hash_short(&map->seed, key);

	if ((map->n + 1) * 4 > map->cap * 3)
		grow(map);
	struct map_entry *e = find(map, key, hash);
	if (!e->key.p) {
		*e = (struct map_entry){str_make(key.p ? key.p : "", key.n), hash, NULL};
		map->n++;
	}
	return e;
}

void *map_add(struct map *map, struct str key, void *value)
{
	struct map_entry *e = find_or_add(map, key);
	void *old = e->value;

	if (!old)
		e->value = value;
	return old;
}

void map_set(struct map *map, struct str key, void *value)
{
	find_or_add(map, key)->value = value;
}

void *map_take(struct map *map, struct str key)
{
	if (!map->n)
		return NULL;
	struct map_entry *e = find(map, key, hash_short(&map->seed, key));
	if (!e->key.p)
		return NULL;
	void *value = e->value;
	e->key = STR_NONE;
	map->n--;
	/* Entries behind the gap may have been pushed past it: put them in again. */
	for (size_t i = (size_t)(e - map->slots + 1) & (map->cap - 1); map->slots[i].key.p;
		i = (i + 1) & (map->cap - 1)) {
		struct map_entry moved = map->slots[i];
		map->slots[i].key = STR_NONE;
		*find(map, moved.key, moved.hash) = moved;
	}
	return value;
}
