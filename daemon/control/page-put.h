/* Texts, numbers and times as the status page shows them. Inside control/ only. */
#pragma once

#include "control/page-words.h"

/* Text into HTML, in content and in attributes in double quotes. */
void page_put_text(struct buf *out, struct str text);
/* Into a query: all but unreserved characters (RFC 3986, 2.3) escaped. */
void page_put_query(struct buf *out, struct str text);
/* 1234567 is 1,234,567 in English and 1.234.567 in Spanish. */
void page_put_number(struct buf *out, enum page_language language, uint64_t n);
/* "3 min ago", "in 2 h", with the exact time for whoever asks; 0 is "never". */
void page_put_time(struct buf *out, enum page_language language, int64_t us, int64_t now_us);
