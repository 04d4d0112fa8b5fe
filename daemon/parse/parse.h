/* Bytes in, entries out, one at a time: RSS 0.9x/1.0/2.0, Atom 0.3/1.0, JSON Feed 1.0/1.1, with
 * the vocabularies cities use. Pure: no network, no external entity, no log, no clock. What cannot
 * be read right is a flaw of the document, not an error; broken XML keeps every entry read so far
 * and those that recovery finds after it. */
#pragma once

#include "base/error.h"
#include "model/body.h"
#include "model/document.h"

struct parser;

/* A parser is reused from document to document, so that the steady state allocates nothing; one
 * thread at a time. parser_free() is NULL-safe and returns NULL. */
struct parser *parser_new(void);
struct parser *parser_free(struct parser *parser);

/* What is known of the bytes besides themselves; all may be STR_NONE. */
struct parse_hints {
	struct str url;          /* where they came from */
	struct str content_type; /* HTTP header fields, raw */
	struct str content_location;
	struct str content_language;
};

/* Embed this and find the owner with container_of. Entry and document are valid during the call;
 * `document` is what was read of the feed's own data so far. Return 0, or a negative errno to stop
 * (parse_run() returns it). */
struct parse_sink {
	int (*entry)(struct parse_sink *sink, const struct document *document, struct entry *entry);
};

/* Reads a whole body. 0: *ret_document is the feed's own data, valid until the parser is used
 * again or freed. -EBADMSG: this is no feed, and *error says in one line what it is instead.
 * Other errors: the body could not be read, or the sink's. */
int parse_run(struct parser *parser, const struct body *body, const struct parse_hints *hints,
	struct parse_sink *sink, const struct document **ret_document, struct error *error);
