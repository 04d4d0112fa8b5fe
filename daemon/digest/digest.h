/* One reply → batches of items: parse, normalize, find themes, render. Pure but for reading the
 * body. The daemon's workers and `civicwire parse` share it, so that what one prints is what the
 * other publishes. */
#pragma once

#include "base/error.h"
#include "model/batch.h"
#include "normalize/normalize.h"
#include "normalize/theme.h"
#include "parse/parse.h"

struct digester;

/* One per worker, reused. `rules` (may be NULL) must outlive it. */
struct digester *digester_new(const struct theme_rules *rules);
/* Other rules from now on. */
void digester_set_rules(struct digester *digester, const struct theme_rules *rules);
struct digester *digester_free(struct digester *digester);

struct digest_summary {
	enum document_format format;
	unsigned flaws; /* of the document */
	size_t items;
	bool guids_repeat;
	int64_t ttl_us; /* the feed's own hint; -1: none */
	/* Where that is the syndication module's period: one of the moments, that far apart, at which
	 * it publishes, between 1 and the period; 0: it names none (sy:updateBase). */
	int64_t phase_us;
	/* When it asks not to be polled: bits of hours, and of days from Sunday, in GMT (RSS 2.0). */
	uint32_t skip_hours, skip_days;
};

/* Takes each full batch (its owner from then on). Return 0, or a negative errno to stop. */
struct digest_sink {
	int (*batch)(struct digest_sink *sink, struct batch *batch);
};

/* Digests a REPLY_BODY. Batches that are not the last go to the sink as they fill; the last one,
 * its state still to be settled, is *ret_last. -EBADMSG: no feed (error says what instead). An item
 * whose key came before in the same document is left out (the first one counts). */
int digest_run(struct digester *digester, const struct reply *reply, int64_t now_us,
	struct digest_sink *sink, struct batch **ret_last, struct digest_summary *ret_summary,
	struct error *error);

/* The document of the last digest_run() that returned 0, until the digester is used again; its entries are
 * gone. */
const struct document *digest_document(const struct digester *digester);
/* What the document of the last digest_run() that returned 0 says of the feed itself; texts live in the
 * arena and the digester, until that is used again. The reply must still be there. */
void digest_feed_info(struct digester *digester, struct arena *arena, struct feed_info *ret);

/* `civicwire parse`: the whole document as one JSON Feed, given to `out` in pieces while it is read: the
 * items first, then what the feed says of itself, some of which is known only at its end. */
struct digest_print_options {
	struct parse_hints hints;
	struct str language;
	bool emails;
	bool explain;            /* each item and the feed say why they are what they are */
	const struct feed *feed; /* with `explain`: for its id and themes; may be NULL */
	int64_t now_s;
};
struct digest_out {
	/* Return 0, or a negative errno to stop. */
	int (*write)(struct digest_out *out, struct str piece);
};
/* -EBADMSG: no feed, and nothing was written. When something fails later (the body cannot be read to
 * its end), the document is ended all the same, with a member "error" that says so. */
int digest_print(struct digester *digester, const struct body *body,
	const struct digest_print_options *options, struct digest_out *out, struct error *error);
