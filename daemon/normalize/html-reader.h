/* What a person reads of HTML, piece by piece: the plain text of html.h, for who has the pieces. The
 * layout is kept as a gap that the next word writes: so gaps never add up, and none stands at the
 * beginning or the end. */
#pragma once

#include "base/buf.h"
#include "normalize/html-element.h"

/* In rising order: the widest of those that meet is written. A no-break space is one that somebody
 * chose: it stays, with a blank on the sides that have one, unless a line ends there. */
enum html_gap { HTML_GAP_NONE, HTML_GAP_NBSP, HTML_GAP_SPACE, HTML_GAP_LINE, HTML_GAP_PARAGRAPH };

struct html_reader {
	struct buf *out;
	size_t start; /* of our text in it */
	enum html_gap gap;
	bool nbsp, space_before; /* in this gap, and a blank before it */
	bool bullet;             /* the next word is a list item's first */
	unsigned pre;            /* <pre> elements open: line ends count */
};

static inline struct html_reader html_reader_to(struct buf *out)
{
	return (struct html_reader){.out = out, .start = out->n};
}

void html_reader_start(struct html_reader *r, enum html_tag tag);
void html_reader_end(struct html_reader *r, enum html_tag tag);

/* Text between tags, its references still in it if it has `references`. Behind it, `behind` more bytes
 * may be read. */
void html_reader_text(struct html_reader *r, struct str text, size_t behind, bool references);

/* The same, and appends it to `html` too, decoded and escaped again, so that it shows what it showed
 * before: one sweep for both. Control characters are dropped, line ends become LF. */
void html_reader_copy(
	struct html_reader *r, struct buf *html, struct str text, size_t behind, bool references);

/* What stands in the place of an image: its alt text. */
void html_reader_alt(struct html_reader *r, struct str alt);
