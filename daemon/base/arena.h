/* A bump allocator: many small pieces with one life. Pieces are never freed alone; arena_reset()
 * forgets all of them and keeps the largest block, so that a worker's steady state allocates nothing.
 * Never fails (base/alloc.h). One thread at a time. */
#pragma once

#include "base/str.h"

struct arena_block;

struct arena {
	struct arena_block *first, *current;
	size_t used; /* bytes taken from `current` */
};

#define ARENA_INIT ((struct arena){NULL, NULL, 0})

void arena_deinit(struct arena *arena);
void arena_reset(struct arena *arena);
/* n bytes aligned for any type, uninitialised. */
void *arena_alloc(struct arena *arena, size_t n);
void *arena_zalloc(struct arena *arena, size_t n);
/* Copies, NUL-terminated (the length does not count the NUL). STR_NONE stays STR_NONE. */
struct str arena_str(struct arena *arena, struct str s);
char *arena_strdup(struct arena *arena, const char *s);
struct str arena_printf(struct arena *arena, const char *format, ...)
	__attribute__((format(printf, 2, 3), nonnull(2)));
/* For arrays that grow inside an arena: doubles (old storage is left behind), copying `n` elements. */
void *arena_regrow(struct arena *arena, const void *old, size_t n, size_t new_cap, size_t size);

#define ARENA_NEW(arena, type) ((type *)arena_zalloc((arena), sizeof(type)))

/* Appends a zeroed element to the array at `items` with `count` used of `cap`; yields its address. */
#define ARENA_PUSH(arena, items, count, cap) \
	((count) == (cap) ? (void)((items) = arena_regrow((arena), (items), (count), \
					   (cap) ? (cap)*2 : 4, sizeof *(items)), \
				    (cap) = (cap) ? (cap)*2 : 4) \
			  : (void)0, \
		memset(&(items)[(count)], 0, sizeof *(items)), &(items)[(count)++])
