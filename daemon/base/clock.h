/* What time it is, and how dates are counted. Stages never ask the clock: time is an argument, so
 * that tests can turn it. Durations and points in time are int64_t microseconds with the suffix
 * _us, or seconds with the suffix _s. */
#pragma once

#include "base/str.h"

#include <stdbool.h>
#include <stdint.h>

#define MSEC_US INT64_C(1000)
#define SEC_US  INT64_C(1000000)
#define MIN_US  (60 * SEC_US)
#define HOUR_US (60 * MIN_US)
#define DAY_US  (24 * HOUR_US)
#define DAY_S   INT64_C(86400)

/* "No date": no feed can mean it. */
#define TIME_NONE INT64_MIN

/* Microseconds since 1970-01-01 UTC; may jump when the clock is set. */
int64_t clock_real_us(void);
/* Microseconds of a clock that never jumps; no relation to dates. */
int64_t clock_monotonic_us(void);
/* The same, and it goes on while the machine sleeps: for what is hours and days away. */
int64_t clock_boot_us(void);

/* Proleptic Gregorian calendar. Days count from 1970-01-01; months 1–12, days 1–31. */
int64_t calendar_days(int64_t year, int month, int day);
void calendar_date(int64_t days, int64_t *ret_year, int *ret_month, int *ret_day);
int calendar_month_length(int64_t year, int month);
/* 0 = Sunday. */
int calendar_weekday(int64_t days);

/* "2017-05-12T15:04:05Z" needs 21 bytes with its NUL, with ".123" 25; years are 4 digits. */
#define TIME_TEXT_MAX 40
/* RFC 3339 in UTC, whole seconds. Returns the length. */
size_t time_format_s(int64_t unix_s, char out[TIME_TEXT_MAX]);
/* RFC 3339 in UTC with milliseconds. */
size_t time_format_us(int64_t unix_us, char out[TIME_TEXT_MAX]);
/* Strict RFC 3339 (any offset, fraction to the microsecond). False if s is anything else. For
 * what programs send us; the dates of feeds are normalize/date.h's business. */
bool time_parse_rfc3339(struct str s, int64_t *ret_unix_us);
