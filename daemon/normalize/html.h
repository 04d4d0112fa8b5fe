/* HTML as agencies write it → HTML that is safe, balanced and absolute, and the plain text of it.
 * One streaming tokenizer (the states of the HTML standard, § 13.2.5) with an allow-list; linear
 * time, no tree. What it writes is idempotent: cleaning it again changes nothing. Pure. */
#pragma once

#include "base/buf.h"

/* Elements open at a time; deeper ones are dropped, their text stays. Real articles stay below
 * 40; browsers stop at 512. */
#define HTML_DEPTH_MAX 200

struct html_options {
	struct str base; /* absolute; or empty: links stay as they are */
	/* Where to append, in the same sweep; NULL: nowhere. */
	struct buf *text;      /* what html_text() reads of the output */
	struct buf *addresses; /* url_alias() of each href and src of the output, and a NUL */
};

enum html_result {
	HTML_CLEAN = 0,
	HTML_RECOVERED = 1 << 0, /* misnested, unclosed or malformed markup was mended */
	HTML_REMOVED = 1 << 1,   /* something not allowed was taken out */
};

/* Appends the sanitised form of `html` to `out`. Returns a set of enum html_result. */
unsigned html_clean(struct buf *out, struct str html, const struct html_options *options);

/* Appends the readable text of `html`: paragraphs on lines of their own (a blank line between),
 * list items with "- ", links as their text, images as their alt text, references decoded, white
 * space folded. No markup is left. */
void html_text(struct buf *out, struct str html);

/* Appends `text` as HTML that shows just these characters (&, <, >, " escaped). */
void html_escape(struct buf *out, struct str text);

/* Decodes character references (HTML standard § 13.2.5.72 ff.), once, in text. */
void html_decode(struct buf *out, struct str text);

/* Does this look like (escaped) HTML rather than plain text? True if it holds a tag of a known
 * element, a comment, or a character reference; "a < b" and "AT&T" are text. */
bool html_likely(struct str text);

/* The longest prefix of sanitised `html` of at most `max` bytes that ends at a tag boundary or
 * between words, with its open elements closed. Appends it to out. */
void html_cut(struct buf *out, struct str html, size_t max);
