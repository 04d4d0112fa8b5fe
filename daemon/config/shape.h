/* What a single text of each type must look like. Pure, but for the list of time zones. */
#pragma once

#include "base/arena.h"
#include "config/schema.h"

struct shape {
	/* NULL if the text is fine, else the rest of a sentence that begins with the key and the
	 * text: "is not …". In the arena, or constant. */
	const char *(*refuse)(struct arena *arena, struct str text);
	const char *pattern; /* the same for JSON Schema, as far as a regular expression goes */
};

/* For the types before KEY_TEXTS_END. */
extern const struct shape shapes[KEY_TEXTS_END];

/* The host of an http or https URL, lower-cased into the arena; STR_NONE for other URLs. */
struct str shape_url_host(struct arena *arena, const char *url);
/* Can only this machine reach a ZeroMQ endpoint (that has the shape of one)? */
bool shape_endpoint_is_local(const char *endpoint);
/* "lat" or "lon" as decimal number. */
bool shape_number(struct str text, double *ret);
