/* Parsing one document several ways that must come to the same. */
#pragma once

#include "../unit/parse/collect.h"

struct twice {
	const struct parse_hints *hints;
	struct collector first; /* what came out */
	int result;
};

/* Ends the process when a text is not UTF-8, or when a second run with the same parser, or one from a
 * file, which comes in other pieces, says anything else. */
void twice_parse(struct twice *twice, struct str bytes);
void twice_deinit(struct twice *twice);
