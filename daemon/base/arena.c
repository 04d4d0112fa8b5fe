#include "base/arena.h"

#include "base/alloc.h"

#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

/* Blocks double from the first size to the last: a feed's few texts cost half a kilobyte, an entry of
 * 2.7 KB soon has one block to itself. */
#define ARENA_FIRST 256
#define ARENA_BLOCK 16384
/* A reset keeps the largest block up to this size, so one giant input is not kept for ever. */
#define ARENA_KEEP 65536

struct arena_block {
	struct arena_block *next;
	size_t size;
	max_align_t bytes[];
};

static struct arena_block *block_new(const struct arena_block *before, size_t need)
{
	size_t size = before ? before->size * 2 : ARENA_FIRST;

	if (size > ARENA_BLOCK)
		size = ARENA_BLOCK;
	if (size < need)
		size = need;
	struct arena_block *block = mem_alloc(sizeof *block + size);
	block->next = NULL;
	block->size = size;
	return block;
}

static void free_from(struct arena_block *block)
{
	while (block) {
		struct arena_block *next = block->next;
		free(block);
		block = next;
	}
}

void arena_deinit(struct arena *arena)
{
	free_from(arena->first);
	*arena = ARENA_INIT;
}

void arena_reset(struct arena *arena)
{
	struct arena_block *keep = NULL;

	for (struct arena_block *b = arena->first, *next; b; b = next) {
		next = b->next;
		if (b->size <= ARENA_KEEP && (!keep || b->size > keep->size)) {
			free(keep);
			keep = b;
		} else {
			free(b);
		}
	}
	if (keep)
		keep->next = NULL;
	arena->first = arena->current = keep;
	arena->used = 0;
}

void *arena_alloc(struct arena *arena, size_t n)
{
	const size_t align = _Alignof(max_align_t);

	n = (n + align - 1) / align * align;
	if (!arena->current || n > arena->current->size - arena->used) {
		struct arena_block *block = block_new(arena->current, n);
		if (arena->current)
			arena->current->next = block;
		else
			arena->first = block;
		arena->current = block;
		arena->used = 0;
	}
	void *p = (char *)arena->current->bytes + arena->used;
	arena->used += n;
	return p;
}

void *arena_zalloc(struct arena *arena, size_t n)
{
	return memset(arena_alloc(arena, n), 0, n);
}

struct str arena_str(struct arena *arena, struct str s)
{
	if (!s.p)
		return s;
	char *p = arena_alloc(arena, s.n + 1);
	if (s.n)
		memcpy(p, s.p, s.n);
	p[s.n] = '\0';
	return str_make(p, s.n);
}

char *arena_strdup(struct arena *arena, const char *s)
{
	return (char *)arena_str(arena, str_of(s)).p;
}

struct str arena_printf(struct arena *arena, const char *format, ...)
{
	va_list args, again;

	va_start(args, format);
	va_copy(again, args);
	int n = vsnprintf(NULL, 0, format, args);
	va_end(args);
	char *p = arena_alloc(arena, (size_t)n + 1);
	vsnprintf(p, (size_t)n + 1, format, again);
	va_end(again);
	return str_make(p, (size_t)n);
}

void *arena_regrow(struct arena *arena, const void *old, size_t n, size_t new_cap, size_t size)
{
	void *p = arena_alloc(arena, new_cap * size);

	if (n)
		memcpy(p, old, n * size);
	return p;
}
