/* A 4-ary min-heap of points in time. The keys lie side by side in the array, so that a walk down
 * touches one cache line per level and no element; each element holds its own place in the heap (a
 * size_t), by which it is taken out or moved from the middle, and by which container_of finds it.
 * Never fails (base/alloc.h). One thread. */
#pragma once

#include <stddef.h>
#include <stdint.h>

/* The place of an element that is in no heap, where its owner has to know. */
#define HEAP_OUT SIZE_MAX

struct heap_entry {
	int64_t key;
	size_t *place; /* the element's own index, kept current */
};

struct heap {
	struct heap_entry *entries;
	size_t n, cap;
};

void heap_deinit(struct heap *heap);
void heap_push(struct heap *heap, int64_t key, size_t *place);
/* Takes the element at `index` out. */
void heap_take(struct heap *heap, size_t index);
/* Gives the element at `index` another key. */
void heap_move(struct heap *heap, size_t index, int64_t key);

/* The earliest key; INT64_MAX: empty. */
static inline int64_t heap_first(const struct heap *heap)
{
	return heap->n ? heap->entries[0].key : INT64_MAX;
}
