/* What the tests of the parse stage share: parsing a text or a file, and printing what came out in
 * one line per field, so that a test says what it expects in a few words. */
#pragma once

#include "base/buf.h"
#include "model/flaw.h"
#include "parse/parse.h"

struct collector {
	struct parse_sink sink;
	struct buf out;
	size_t entries;
	size_t with_id, with_link, with_title;
	bool invalid; /* a text was not valid UTF-8 */
	int answer;   /* what the sink returns */
};

/* Prints everything the document and its entries say into collector->out. */
int collect_run(struct collector *c, struct parser *parser, struct str bytes,
	const struct parse_hints *hints, struct error *error);
int collect_body(struct collector *c, struct parser *parser, const struct body *body,
	const struct parse_hints *hints, struct error *error);
void collect_deinit(struct collector *c);
