/* Which hub a feed names, and under what topic (W3C WebSub § 4): the links of the HTTP answer, else
 * those of the document. Pure. */
#pragma once

#include "base/arena.h"
#include "base/buf.h"
#include "model/document.h"

/* The first is asked, the others are for when it does not serve; nobody names more. */
#define DISCOVERY_HUBS_MAX 4
/* Longer ones are nobody's, and each is kept for as long as the feed is. */
#define DISCOVERY_URL_MAX 2048

/* Texts lie in `arena`, or where they were found. */
struct discovery {
	struct arena *arena;
	struct str topic; /* rel=self; n == 0: none */
	struct str base;  /* what is relative in the document is relative to; n == 0: not said */
	struct str hubs[DISCOVERY_HUBS_MAX];
	size_t n_hubs;
};

/* Adds the rel=hub and the first rel=self of Link header fields (RFC 8288), several joined by commas,
 * resolved against `base`. What is not well-formed is passed over. */
void discover_header(struct discovery *d, struct str header, struct str base);
/* The same of the document's links: nothing where a header has said it before. */
void discover_document(struct discovery *d, const struct document *document, struct str base);
/* What is remembered of a feed (feed_state.hubs): topic, base and hubs, each behind a blank but the first.
 * `url` is the topic where there was no rel=self, and the base where none is said. Appends nothing where
 * there is no hub. */
void discovery_write(struct buf *out, const struct discovery *d, struct str url);
/* The way back: false, where the text names no hub. */
bool discovery_read(struct str text, struct discovery *ret);
