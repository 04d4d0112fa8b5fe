/* Which feeds a web page names, for who configures them: those it advertises in its head (<link
 * rel="alternate">), then those its text links to under the names that sites give their feeds. */
#pragma once

#include "parse/parse.h"

struct discovered {
	struct str url;         /* absolute, if the page's own address is known */
	struct str type, title; /* as the page says; may be empty */
	bool advertised;        /* in the head; else only linked */
};

/* Of a longer page the beginning is looked at: no head is longer, and few pages are. */
#define DISCOVER_BYTES_MAX (1024 * 1024)

/* At most `max` into found[], in the order of the page, each address once; texts live until the parser
 * is used again. How many, or -errno when the body cannot be read. */
int parse_discover(struct parser *parser, const struct body *body, const struct parse_hints *hints,
	struct discovered *found, size_t max);
