/* The time of day and the zone of a date. */
#pragma once

#include "normalize/date-token.h"
#include "normalize/date.h"

struct date_clock {
	bool found;   /* the text gives a time of day */
	bool iso;     /* after a T */
	bool compact; /* hhmm, without colons */
	bool has_seconds;
	unsigned hour, minute, second; /* as written, am and pm resolved; not checked */
	bool has_zone;
	int zone_minutes;             /* east of UTC, today */
	const char *zone_from;        /* what says so, in words; NULL: nothing, and it is UTC */
	const struct date_name *zone; /* its name, where nothing but the name says it; or NULL */
};

/* Finds time and zone wherever they stand and takes their tokens out. DATE_OK also where there is
 * neither. */
enum date_result date_clock_take(
	struct date_tokens *tokens, struct str language, struct date_clock *ret);
