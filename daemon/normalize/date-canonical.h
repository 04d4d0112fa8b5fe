/* Dates as their standards write them, without a second thought. */
#pragma once

#include "base/str.h"

#include <stdint.h>

/* The date, if s is one of RFC 3339 or RFC 822 to the letter, and date_parse() would read it so in
 * every language. False: it takes the general reader. */
bool date_canonical(struct str s, int64_t *ret_s);
