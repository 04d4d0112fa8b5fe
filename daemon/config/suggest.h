/* "did you mean …?": the nearest of the known words, if it is near enough. Pure. */
#pragma once

#include "base/str.h"

/* A running search for the word nearest to `text`. */
struct suggestion {
	struct str text;
	struct str best; /* STR_NONE: nothing near */
	size_t distance;
};

struct suggestion suggest_for(struct str text);
void suggest_offer(struct suggestion *suggestion, struct str candidate);
