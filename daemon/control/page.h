/* The status page: HTML of a snapshot, for people. Pure; any thread. */
#pragma once

#include "base/buf.h"
#include "control/control.h"

enum page_language { PAGE_ENGLISH, PAGE_SPANISH, PAGE_LANGUAGES };

/* What one word of the page says of a feed; in the order in which it wants attention. */
enum page_state {
	PAGE_FAILING,
	PAGE_BLOCKED, /* the server answers, and does not let us in */
	PAGE_GONE,
	PAGE_QUIET, /* it fell silent, going by its own rhythm */
	PAGE_MOVED, /* well, at another address than the configured one */
	PAGE_FINE,
	PAGE_NEW,
	PAGE_PAUSED, /* enabled: false */
	PAGE_STATES
};

/* What the reader asked for. Texts are the query's own, decoded. */
struct page_request {
	enum page_language language;
	struct str state; /* one word of page_state_words; others and none: all feeds */
	struct str words; /* only feeds with this in their id or names; empty: all */
	size_t page;      /* from 1 */
};

/* In addresses: "failing" … */
extern const char *const page_state_words[PAGE_STATES];

enum page_state page_state_of(const struct control_feed *feed);
/* The first language of an Accept-Language header (RFC 9110, 12.5.4) that we speak, by its order;
 * English if there is none. NULL: no header. */
enum page_language page_language_of(const char *accept);

void page_render(struct buf *out, const struct control_snapshot *snapshot,
	const struct page_request *request);

/* The style sheet and the script that the page refers to: page/, made into C by the build. */
extern const char page_css[], page_js[];
extern const size_t page_css_bytes, page_js_bytes;
