/* Raw entries → items, by the rules of EVENT: text, HTML, dates, identity, language. Pure: time,
 * language and permissions are arguments. */
#pragma once

#include "model/item.h"

struct normalizer;

/* Reused from item to item (its buffers stay warm); one thread at a time. NULL-safe free. */
struct normalizer *normalizer_new(void);
struct normalizer *normalizer_free(struct normalizer *normalizer);

struct normalize_context {
	struct str url;      /* the document's, after redirects; STR_NONE: links stay relative */
	struct str language; /* configured; what the feed itself says goes before */
	const char *timezone;
	bool emails;   /* author e-mail addresses may be published */
	bool explain;  /* write down why (struct item, explain) */
	int64_t now_s; /* to know future dates; TIME_NONE: do not look */
};

/* Texts of *ret are in `arena`, the body's in the normalizer until it is used again; or they are the
 * entry's and the context's own, where nothing had to be changed: *ret lives no longer than these. */
void normalize_entry(struct normalizer *normalizer, const struct normalize_context *context,
	const struct document *document, const struct entry *entry, struct arena *arena,
	struct item *ret);

/* The feed's own data. */
void normalize_feed(struct normalizer *normalizer, const struct normalize_context *context,
	const struct document *document, struct arena *arena, struct feed_info *ret);
