/* What is left of a date when time and zone are out: numbers, and words that are months, weekdays
 * or say nothing. */
#pragma once

#include "normalize/date-token.h"

struct date_field {
	unsigned value, digits;
};

struct date_fields {
	struct date_field number[3];
	unsigned n;
	char separator; /* between the numbers: one of "-/. ", 'u' units, 'x' mixed */
	const struct date_name *words[2];
	unsigned before[2]; /* how many numbers stand before each word */
	unsigned n_words;
	unsigned days;   /* bits of the weekday given; 0: none */
	unsigned months; /* bits of the month named; 0: none */
	const struct date_name *month_name;
};

/* False: this is no date. */
bool date_fields_read(struct date_fields *fields, const struct date_tokens *tokens);
