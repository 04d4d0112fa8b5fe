/* A set of topic prefixes that is asked millions of times whether a topic begins with one of them.
 * Topics are numbers there; the answer to each is remembered in two bits. One thread at a time. */
#pragma once

#include "base/arena.h"
#include "base/buf.h"
#include "journal/journal.h"

struct prefixes {
	struct arena arena;
	struct str *items; /* sorted, none begins with another */
	size_t n;
	uint64_t *answers; /* two bits per topic number */
	size_t n_words;
};

/* Copies the texts. An empty text matches everything; no text at all nothing. */
void prefixes_init(struct prefixes *prefixes, const struct str *texts, size_t n);
void prefixes_deinit(struct prefixes *prefixes);
bool prefixes_match(const struct prefixes *prefixes, struct str topic);
/* The same of a topic by its number; `names` knows it, or the answer is no. */
bool prefixes_have(struct prefixes *prefixes, uint32_t topic, const struct journal_reader *names);
/* The set as one text: equal sets have equal keys. */
void prefixes_key(const struct prefixes *prefixes, struct buf *out);
