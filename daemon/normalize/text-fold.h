/* The table behind text_fold_word(); text-fold-table.c is written by text-fold.py. */
#pragma once

#include <stdint.h>

/* A cell is the folded letter, or with TEXT_FOLD_PAIR two ASCII letters of seven bits each. */
#define TEXT_FOLD_PAIR 0x8000u

struct text_fold_range {
	uint16_t first, last;
	const uint16_t *cells;
};

/* Latin-1 to Latin Extended-B; Greek; Cyrillic; Latin Extended Additional and Greek Extended. */
#define TEXT_FOLD_RANGES 4
extern const struct text_fold_range text_fold_ranges[TEXT_FOLD_RANGES];
