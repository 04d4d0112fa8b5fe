/* How people write dates: names as they stand in one, and whole dates in the language's own way. For
 * tests; written down without looking at the parser's table. */
#pragma once

#include <stddef.h>

struct date_language {
	const char *tag;
	const char *months[12], *months_short[12];
	const char *weekdays[7], *weekdays_short[7]; /* from Sunday */
	const char *templates[6];                    /* see date_render_test.c; ends with NULL */
	int minutes; /* east of UTC, where the language alone says so */
};

extern const struct date_language date_languages[];
extern const size_t n_date_languages;
