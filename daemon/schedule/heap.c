#include "schedule/heap.h"

#include <stdlib.h>

#include "base/alloc.h"

/* Four children: half the levels of a binary heap, and four keys of 16 bytes are one cache line. */
#define HEAP_ARITY 4

void heap_deinit(struct heap *heap)
{
	free(heap->entries);
	*heap = (struct heap){0};
}

static void put(struct heap *heap, size_t i, struct heap_entry entry)
{
	heap->entries[i] = entry;
	*entry.place = i;
}

static void sift_up(struct heap *heap, size_t i, struct heap_entry entry)
{
	while (i) {
		size_t parent = (i - 1) / HEAP_ARITY;
		if (heap->entries[parent].key <= entry.key)
			break;
		put(heap, i, heap->entries[parent]);
		i = parent;
	}
	put(heap, i, entry);
}

static void sift_down(struct heap *heap, size_t i, struct heap_entry entry)
{
	for (;;) {
		size_t first = i * HEAP_ARITY + 1, least = first;
		if (first >= heap->n)
			break;
		for (size_t c = first + 1; c < heap->n && c < first + HEAP_ARITY; c++)
			if (heap->entries[c].key < heap->entries[least].key)
				least = c;
		if (heap->entries[least].key >= entry.key)
			break;
		put(heap, i, heap->entries[least]);
		i = least;
	}
	put(heap, i, entry);
}

static void settle(struct heap *heap, size_t i, struct heap_entry entry)
{
	if (i && heap->entries[(i - 1) / HEAP_ARITY].key > entry.key)
		sift_up(heap, i, entry);
	else
		sift_down(heap, i, entry);
}

void heap_push(struct heap *heap, int64_t key, size_t *place)
{
	MEM_GROW(heap->entries, heap->cap, heap->n + 1);
	heap->n++;
	sift_up(heap, heap->n - 1, (struct heap_entry){key, place});
}

void heap_take(struct heap *heap, size_t index)
{
	struct heap_entry last = heap->entries[--heap->n];

	if (index < heap->n)
		settle(heap, index, last);
}

void heap_move(struct heap *heap, size_t index, int64_t key)
{
	settle(heap, index, (struct heap_entry){key, heap->entries[index].place});
}
