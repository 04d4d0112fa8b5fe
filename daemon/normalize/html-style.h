/* The style attribute: what of it only dresses the text.
 *
 * Declarations come through if their property is in a table and every token of the value has one of
 * four shapes: a length within bounds, a colour, a word, a font's name. There is no way to write
 * anything else: no URL, no function but those that name a colour, no escape, no comment, no at-rule,
 * no property that takes a box out of its place (position, transform, negative margins), so a
 * text cannot cover the page it is shown in, load anything or run anything.
 *
 * Declarations that hide a text (display: none and the like) go: what is published is seen. Colours
 * are not judged. */
#pragma once

#include "base/buf.h"

enum html_style_result {
	HTML_STYLE_REMOVED = 1 << 0, /* a declaration was taken out, or its "!important" */
	HTML_STYLE_HIDES = 1 << 1,   /* it would have hidden the element */
};

/* Appends what may stay of `css` (references decoded) as "property: value; property: value;": bytes
 * that an attribute can hold unescaped, and that come through unchanged the next time. Returns a set
 * of enum html_style_result. */
unsigned html_style(struct buf *out, struct str css);

/* The value of a property in what html_style() wrote; STR_NONE without it. */
struct str html_style_value(struct str style, const char *property);
