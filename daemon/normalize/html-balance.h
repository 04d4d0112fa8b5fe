/* Which elements are open, and what a start or an end tag closes: the part of the standard's tree
 * construction (§ 13.2.6) that gives balanced output without a tree.
 *
 * - A tag that ends others by rule (<p> before <div>, <li> before <li>, <tr> before <tr> …) does so.
 * - Misnested formatting (<b><i></b></i>) goes on after what cut it off: it waits in `pending` and is
 *   opened again when the next text or inline element comes, as the standard reconstructs its
 *   list of active formatting elements.
 * - An inline end tag does not close blocks. Its element is `dying`: closed when they are.
 *
 * Everything is bounded by constants, so each tag costs O(1). What must hold for the output to be
 * idempotent: no rule looks at dying entries but to skip them, for the second run does not see
 * them. */
#pragma once

#include "base/buf.h"
#include "normalize/html-element.h"
#include "normalize/html-reader.h"
#include "normalize/html.h"

/* The standard has no bound, which is how one misnested tag per paragraph makes a page of
 * thousands of them; real articles misnest two or three. */
#define HTML_PENDING_MAX 4

struct html_open {
	uint8_t tag;
	bool dying;
};

struct html_balance {
	struct buf *out;
	struct html_reader reader; /* is told of every tag that is written */
	unsigned result;           /* set of enum html_result */
	size_t n;                  /* open elements */
	size_t n_pending;
	struct html_open stack[HTML_DEPTH_MAX];
	uint8_t pending[HTML_PENDING_MAX];
	uint32_t live[HTML_TAG_COUNT];     /* open, not dying */
	uint32_t overflow[HTML_TAG_COUNT]; /* not opened, for want of depth */
};

/* Closes what the start tag of `tag` ends, opens what it needs. False: the tag makes no sense here
 * and is to be dropped. */
bool html_balance_before(struct html_balance *b, enum html_tag tag);
/* The start tag has been written from `mark` on: the element is open now, unless too many are. */
void html_balance_open(struct html_balance *b, enum html_tag tag, size_t mark);
void html_balance_close(struct html_balance *b, enum html_tag tag);
/* Before text that is not blank. */
void html_balance_text(struct html_balance *b);
void html_balance_end(struct html_balance *b);
