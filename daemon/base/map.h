/* A hash table from texts to pointers. Keys are not copied: they must live as long as the entry.
 * Keyed with a random SipHash key, so that nobody who writes feeds can choose collisions. One
 * thread at a time. */
#pragma once

#include "base/hash.h"

struct map_entry {
	struct str key; /* p == NULL: free */
	uint64_t hash;
	void *value;
};

struct map {
	struct map_entry *slots;
	size_t n, cap;
	struct hash_key seed;
};

void map_init(struct map *map);
void map_deinit(struct map *map);
/* NULL if the key is not there. */
void *map_get(const struct map *map, struct str key);
/* Adds the pair; if the key is there already, changes nothing and returns the old value, else
 * NULL. `value` must not be NULL. */
void *map_add(struct map *map, struct str key, void *value);
/* Adds or replaces. The stored key stays the first one given. */
void map_set(struct map *map, struct str key, void *value);
/* Takes the pair out; returns its value or NULL. */
void *map_take(struct map *map, struct str key);
/* Forgets all entries, keeps the memory. */
void map_clear(struct map *map);

/* Runs over all entries in no order; `it` is a struct map_entry *. Do not change the map inside. */
#define map_for_each(it, map) \
	for (struct map_entry *it = (map)->slots; it && it < (map)->slots + (map)->cap; it++) \
		if (it->key.p)
