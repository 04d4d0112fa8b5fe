/* Dates written from templates, piece by piece, and read again with one piece changed. */
#pragma once

#include "base/clock.h"

#include "date_languages.h"

/* What a piece of the text says. */
enum part {
	NOTHING,
	YEAR,
	YEAR_SHORT,
	MONTH,
	MONTH_NAME,
	DAY,
	DAY_OF_YEAR,
	HOUR,
	HOUR_12,
	HALF,
	MINUTE,
	SECOND,
	ZONE,
};

struct piece {
	enum part part;
	size_t at, n;  /* in the text */
	bool is_loose; /* a number as long as it needs to be */
};

struct zone {
	const char *text;
	int minutes;
};

struct written {
	char text[200];
	size_t n;
	struct piece pieces[48];
	size_t n_pieces;
	const struct date_language *language;
	const char *context; /* the feed's language; NULL: not known */
	int month;           /* by name; which of them a word is that means several */
	bool either_order; /* day and month in numbers: if one order is not possible, the other is */
	int64_t s;
};

extern const struct zone zones[];
extern const size_t n_zones;

/* The letters of a template are strftime's, but: D and e are the day with and without a zero, m and
 * n the month, H and k the hour; Z is the zone. */
struct written write_date(const struct date_language *language, const char *template,
	const struct zone *zone, int64_t s);
/* Is this what the pieces say when piece `hit` has the text `anew`? */
bool says(const struct written *w, size_t hit, const char *anew, int64_t s);
