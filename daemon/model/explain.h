/* Why an item became what it is: which rule gave which date, id, link, language, theme. The stages
 * write it down where they decide, if anybody asks; nobody decides by it. */
#pragma once

#include "base/arena.h"
#include "base/json.h"

/* Texts that say how are for people, and static; NULL: nothing to say. */
struct explain_date {
	const char *member; /* of the item: "date_published" */
	struct str raw;
	const char *form, *decided_by, *zone;
	const char *flaw; /* what it was not read for */
	int64_t s;        /* TIME_NONE: not read */
};

struct explain_theme {
	struct str theme;
	const char *by; /* "configuration", "category", "word" */
	struct str what, where;
};

struct explain {
	struct arena *arena; /* of the item */
	struct explain_date *dates;
	size_t n_dates, cap_dates;
	struct explain_theme *themes;
	size_t n_themes, cap_themes;
	const char *id_from, *url_from, *language_from;
	struct str alias; /* what the key is the hash of, where that is a text */
	struct str language_raw;
	struct str key; /* as in event ids */
};

struct explain *explain_new(struct arena *arena);
/* All three are for `explain` that may be NULL: then nothing happens. */
void explain_date(struct explain *explain, const struct explain_date *date);
void explain_theme(struct explain *explain, const struct explain_theme *theme);
/* The member "_explain". */
void explain_write(struct json *j, const struct explain *explain);
