/* Text into HTML and out of it: the inner loops shared by the sanitiser and the plain text. */
#pragma once

#include "base/buf.h"

enum html_escape_mode {
	HTML_ESCAPE_TEXT,      /* between tags: &, <, > */
	HTML_ESCAPE_ATTRIBUTE, /* in double quotes: those and " */
};

/* Appends text with its references decoded and then escaped again, so that it shows what it showed
 * before; control characters are dropped, line ends become LF. */
void html_put(struct buf *out, struct str html, enum html_escape_mode mode);

/* The same for text that has no references: "&lt;" shows "&lt;". */
void html_put_literal(struct buf *out, struct str text, enum html_escape_mode mode);

/* Escapes what stands in out from byte `from` on, for an attribute: for writing in place. */
void html_escape_tail(struct buf *out, size_t from);
