/* Dates as feeds write them, and what they mean. */
#pragma once

#include "normalize/date.h"

struct date_case {
	struct str text;
	const char *language; /* NULL: unknown */
	enum date_result result;
	const char *time; /* RFC 3339, with DATE_OK */
};

extern const struct date_case date_cases[];
extern const size_t n_date_cases;
