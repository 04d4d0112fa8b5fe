/* The dates of feeds, read right or not at all. Pure: the time now is an argument. */
#pragma once

#include "base/clock.h"

enum date_result {
	DATE_OK,
	DATE_NONE,      /* empty */
	DATE_INVALID,   /* not a date, or one that cannot be (31 February) */
	DATE_AMBIGUOUS, /* could be read two ways: dd/mm or mm/dd */
};

/* By which rules a date was read, in words for people; NULL: no such rule was needed. */
struct date_reading {
	const char *form, *decided_by, *zone;
};

struct date_context {
	struct str language;  /* BCP 47: decides dd/mm where the digits do not; may be STR_NONE */
	const char *timezone; /* unused where the date names its zone; a date without any is UTC */
	struct date_reading *reading; /* filled as far as it came, unless NULL */
};

/* Reads RFC 822/2822 with every variation seen (odd weekdays, missing time or zone, two-digit
 * years, zone names, military letters, comments), ISO 8601 / RFC 3339 (also basic, week and
 * ordinal dates, reduced precision), asctime, epoch seconds and milliseconds, JavaScript's
 * Date text, and month names in Spanish, Portuguese, French, Italian, Catalan, German, Dutch,
 * English, Greek, Russian, Polish, Hungarian, Korean, Japanese, Chinese … by table. Never guesses:
 * what can be read two ways is DATE_AMBIGUOUS. Two-digit years are 1969–2068; years outside
 * 1900–2200, months without a day in prose and words nobody writes in dates are DATE_INVALID. What
 * decides between readings is told at the head of date.c. Linear, allocates nothing, any thread.
 * *ret_s (seconds since 1970) only with DATE_OK. */
enum date_result date_parse(struct str text, const struct date_context *context, int64_t *ret_s);

/* The same without the shortcut for dates that are written to the letter, for tests. */
enum date_result date_parse_general(
	struct str text, const struct date_context *context, int64_t *ret_s);
