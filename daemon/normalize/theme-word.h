/* The words of a text, folded, one after the other, without allocating. */
#pragma once

#include "base/str.h"

#include <stdint.h>

/* Words longer than this are cut: no word of any language comes near it, only URLs do. */
#define THEME_WORD_MAX 96
/* Folding makes at most four bytes of one, and asks for room before it writes: for a scan's last step
 * too. */
#define THEME_FOLDED_MAX (4 * THEME_WORD_MAX + 32)

struct theme_words {
	struct str rest;
	struct str word; /* folded, in `folded`; valid until the next one */
	uint32_t hash;   /* of the word's bytes */
	bool broken;     /* more than blanks, hyphens and apostrophes lie before it */
	char folded[THEME_FOLDED_MAX];
};

static inline void theme_words_begin(struct theme_words *words, struct str text)
{
	words->rest = text;
}

/* Goes on to the next word; false when there is none. */
bool theme_words_next(struct theme_words *words);
