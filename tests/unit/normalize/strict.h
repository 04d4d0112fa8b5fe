/* What the sanitiser may write, said a second time and by other means: a reader of its output that
 * accepts nothing else. It shares no code and no table with the sanitiser. */
#pragma once

#include "base/str.h"

/* NULL if `html` is in the sanitiser's form: allowed elements and attributes in lower case, values in
 * double quotes, every '<', '>' and '&' escaped, balanced, no control characters, URLs with
 * schemes that run no code. Otherwise what is wrong; *ret_at is where. */
const char *strict_check(struct str html, size_t *ret_at);
