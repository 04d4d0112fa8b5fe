/* `civicwire opml`: lists of feeds from other readers, and for them. */
#pragma once

#include "base/buf.h"
#include "config/config.h"
#include "parse/opml.h"

struct opml_import {
	const char *from;  /* the file's name, for the comment at the top */
	const char *place; /* id of the city or body that all of it goes to; NULL: proposed */
	const struct config *config; /* feeds that are there already are left out; NULL: none */
	size_t taken, known, twice, unusable;
};
/* The file for feeds.d/, with what must be looked at in comments. */
void opml_write_yaml(struct buf *out, const struct opml *opml, struct opml_import *import);
/* The configuration's feeds as OPML 2.0: a folder for each city and, in it, for each agency. */
void opml_write(struct buf *out, const struct config *config);
