/* Entries → struct feed: inherits what is not said from agency, city and the defaults. Used by
 * resolve.c alone. */
#pragma once

#include "config/resolve.h"

/* Makes config->feeds, sorted by id. Ids must be defined and networks joined. */
/* `before`: the configuration in force, whose feeds are taken where they are the same; may be NULL. */
void feeds_make(struct binder *binder, const struct sources *sources, const struct config *before,
	struct config *config);
