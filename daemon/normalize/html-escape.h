/* Attribute values into HTML, where they stand in double quotes. */
#pragma once

#include "base/buf.h"

/* Appends a value with its references decoded and then escaped again, so that it shows what it showed
 * before; control characters are dropped, line ends become LF. */
void html_put_value(struct buf *out, struct str value);

/* Escapes what stands in out from byte `from` on: for writing in place. */
void html_escape_tail(struct buf *out, size_t from);
