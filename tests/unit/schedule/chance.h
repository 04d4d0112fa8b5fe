/* Chance that is the same in each run. */
#pragma once

#include <stdint.h>

/* xorshift64: the same numbers in each run. */
static inline uint64_t next_random(uint64_t *seed)
{
	*seed ^= *seed << 13;
	*seed ^= *seed >> 7;
	*seed ^= *seed << 17;
	return *seed;
}

static inline double next_chance(uint64_t *seed)
{
	return (double)(next_random(seed) >> 11) / (double)(UINT64_C(1) << 53);
}
