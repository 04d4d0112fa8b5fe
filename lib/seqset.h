/* A set of sequences above a floor, kept as ranges in order: sequences come nearly in order and
 * nearly without holes, so that a hundred thousand of them are mostly one range. */
#ifndef LIB_SEQSET_H
#define LIB_SEQSET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct seqrange {
	uint64_t from, to; /* both inside */
};

struct seqset {
	struct seqrange *ranges;
	size_t n, cap;
};

void seqset_deinit(struct seqset *set);
bool seqset_has(const struct seqset *set, uint64_t seq);
/* 1: added; 0: it was there; -ENOMEM. */
int seqset_add(struct seqset *set, uint64_t seq);
/* Forgets all up to and including `seq`. */
void seqset_drop_to(struct seqset *set, uint64_t seq);

#endif
