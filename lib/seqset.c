#include "seqset.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

void seqset_deinit(struct seqset *set)
{
	free(set->ranges);
	*set = (struct seqset){0};
}

/* Index of the first range that ends at or after seq. The end of the list is tried first: that is
 * where nearly all sequences go. */
static size_t position(const struct seqset *set, uint64_t seq)
{
	size_t low = 0, high = set->n;

	if (!set->n || set->ranges[set->n - 1].to < seq)
		return set->n;
	while (low < high) {
		size_t mid = low + (high - low) / 2;
		if (set->ranges[mid].to < seq)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

bool seqset_has(const struct seqset *set, uint64_t seq)
{
	size_t i = position(set, seq);

	return i < set->n && set->ranges[i].from <= seq;
}

static int make_room(struct seqset *set)
{
	if (set->n < set->cap)
		return 0;
	size_t cap = set->cap ? set->cap * 2 : 16;
	struct seqrange *p = realloc(set->ranges, cap * sizeof *p);
	if (!p)
		return -ENOMEM;
	set->ranges = p;
	set->cap = cap;
	return 0;
}

int seqset_add(struct seqset *set, uint64_t seq)
{
	size_t i = position(set, seq);

	if (i < set->n && set->ranges[i].from <= seq)
		return 0;
	bool joins_before = i > 0 && set->ranges[i - 1].to + 1 == seq;
	bool joins_after = i < set->n && set->ranges[i].from == seq + 1;
	if (joins_before && joins_after) {
		set->ranges[i - 1].to = set->ranges[i].to;
		set->n--;
		memmove(set->ranges + i, set->ranges + i + 1, (set->n - i) * sizeof *set->ranges);
	} else if (joins_before) {
		set->ranges[i - 1].to = seq;
	} else if (joins_after) {
		set->ranges[i].from = seq;
	} else {
		if (make_room(set) < 0)
			return -ENOMEM;
		memmove(set->ranges + i + 1, set->ranges + i, (set->n - i) * sizeof *set->ranges);
		set->ranges[i] = (struct seqrange){seq, seq};
		set->n++;
	}
	return 1;
}

void seqset_drop_to(struct seqset *set, uint64_t seq)
{
	size_t gone = 0;

	if (!set->n)
		return;
	while (gone < set->n && set->ranges[gone].to <= seq)
		gone++;
	set->n -= gone;
	memmove(set->ranges, set->ranges + gone, set->n * sizeof *set->ranges);
	if (set->n && set->ranges[0].from <= seq)
		set->ranges[0].from = seq + 1;
}
