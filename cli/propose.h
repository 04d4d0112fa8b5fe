/* Ids and names for what a person is about to configure: proposals, to be looked over, because ids are for
 * ever. */
#pragma once

#include "base/buf.h"

/* Appends what an id may have of a text: letters without accents and digits, '-' between; at most 36
 * bytes, so that "x-" and a number have room; "feed" where nothing is left. */
void propose_id(struct buf *out, struct str text);
/* "https://www.medellin.gov.co/x" → "medellin": the word that people know a site by; "feed" for an
 * address without a name. */
struct str propose_host(struct str url);
/* Appends "{ es: \"ACI Medellín\" }"; `language` may be NULL or empty: "und". */
void propose_name(struct buf *out, struct str language, struct str text);
