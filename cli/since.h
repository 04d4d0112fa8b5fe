/* Points in time as people say them. */
#pragma once

#include <stddef.h>
#include <time.h>

#define SINCE_TEXT_MAX 32

/* RFC 3339 in UTC ("2017-05-12T15:04:05Z") → time; -1: it is none, or NULL. */
time_t since_parse(const char *rfc3339);
/* "12 s", "5 min", "3 h", "6 d" of a number of seconds ≥ 0. */
void since_span(long long seconds, char out[SINCE_TEXT_MAX]);
