/* Inside of the digest: what its files share. */
#pragma once

#include "digest/digest.h"
#include "digest/repeats.h"

/* The buffer of what is written, between items. */
#define JSON_KEEP (64 * 1024)

struct digester {
	struct parser *parser;
	struct normalizer *normalizer;
	const struct theme_rules *rules;
	struct theme_rules *no_rules; /* owned: an empty set, where none was given */
	const struct feed *explained; /* whose id and themes count for the reasons; may be NULL */
	/* Of the last digest_run(); the document is the parser's. */
	const struct document *document;
	struct normalize_context context;
	struct repeats repeats;
	bool guids_repeat;  /* the feed is known for it */
	struct arena arena; /* of the item in work */
	struct buf json;    /* what is being written: the item in work, or the end of a document */
};

/* Normalizes an entry into d->arena and writes it to `j`, within the size of an event. False, and
 * nothing written: it came already. */
bool digest_entry(struct digester *d, const struct normalize_context *context,
	const struct document *document, const struct entry *entry, struct json *j,
	struct item *ret);
