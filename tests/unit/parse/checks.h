/* Expectations about a parsed document, by the lines that collect.h prints. */
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "collect.h"

/* Parses; every one of `lines` (separated by '\n') must be printed as a whole line; a line that
 * begins with '!' must not be. */
void check(struct str bytes, const struct parse_hints *hints, const char *lines);
#define CHECK(xml, lines) check(str_of(xml), NULL, lines)
/* It is no feed, and the error says so with `words` in it. */
void check_not_feed(struct str bytes, const char *words);
void check_not_feed_at(struct str bytes, const struct parse_hints *hints, const char *words);
