#include "base/clock.h"

#include <stdio.h>
#include <time.h>

static int64_t clock_us(clockid_t id)
{
	struct timespec ts;

	clock_gettime(id, &ts);
	return (int64_t)ts.tv_sec * SEC_US + ts.tv_nsec / 1000;
}

int64_t clock_real_us(void)
{
	return clock_us(CLOCK_REALTIME);
}

int64_t clock_monotonic_us(void)
{
	return clock_us(CLOCK_MONOTONIC);
}

int64_t clock_boot_us(void)
{
	return clock_us(CLOCK_BOOTTIME);
}

/* Days are counted in 400-year eras that begin on 1 March, so that the leap day comes last in its
 * year and the lengths of the other months follow (153 m + 2) / 5. */
int64_t calendar_days(int64_t year, int month, int day)
{
	int64_t y = year - (month <= 2);
	int64_t era = (y >= 0 ? y : y - 399) / 400;
	int64_t year_of_era = y - era * 400;
	int64_t day_of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
	int64_t day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;

	return era * 146097 + day_of_era - 719468;
}

void calendar_date(int64_t days, int64_t *ret_year, int *ret_month, int *ret_day)
{
	days += 719468;
	int64_t era = (days >= 0 ? days : days - 146096) / 146097;
	int64_t doe = days - era * 146097;
	int64_t yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
	int64_t doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
	int64_t m = (5 * doy + 2) / 153;

	*ret_day = (int)(doy - (153 * m + 2) / 5 + 1);
	*ret_month = (int)(m < 10 ? m + 3 : m - 9);
	*ret_year = yoe + era * 400 + (*ret_month <= 2);
}

int calendar_month_length(int64_t year, int month)
{
	return (int)(calendar_days(month == 12 ? year + 1 : year, month == 12 ? 1 : month + 1, 1) -
		     calendar_days(year, month, 1));
}

int calendar_weekday(int64_t days)
{
	return (int)(((days + 4) % 7 + 7) % 7);
}

static int64_t floor_div(int64_t a, int64_t b)
{
	return a / b - (a % b < 0);
}

size_t time_format_s(int64_t unix_s, char out[TIME_TEXT_MAX])
{
	int64_t days = floor_div(unix_s, DAY_S), s = unix_s - days * DAY_S, year;
	int month, day;
	char *p = out;

	calendar_date(days, &year, &month, &day);
	if (year < 0 || year > 9999) /* no date of ours, but somebody's argument */
		return (size_t)snprintf(out, TIME_TEXT_MAX, "%04lld-%02d-%02dT%02d:%02d:%02dZ",
			(long long)year % 100000, month, day, (int)(s / 3600), (int)(s / 60 % 60),
			(int)(s % 60));
	p = decimal_put(p, 4, (uint64_t)year);
	*p++ = '-';
	p = decimal_put(p, 2, (uint64_t)month);
	*p++ = '-';
	p = decimal_put(p, 2, (uint64_t)day);
	*p++ = 'T';
	p = decimal_put(p, 2, (uint64_t)(s / 3600));
	*p++ = ':';
	p = decimal_put(p, 2, (uint64_t)(s / 60 % 60));
	*p++ = ':';
	p = decimal_put(p, 2, (uint64_t)(s % 60));
	*p++ = 'Z';
	*p = '\0';
	return (size_t)(p - out);
}

size_t time_format_us(int64_t unix_us, char out[TIME_TEXT_MAX])
{
	int64_t s = floor_div(unix_us, SEC_US);
	char *p = out + time_format_s(s, out) - 1; /* the Z goes behind them */

	*p++ = '.';
	p = decimal_put(p, 3, (uint64_t)(unix_us - s * SEC_US) / 1000);
	*p++ = 'Z';
	*p = '\0';
	return (size_t)(p - out);
}

static bool digits(struct str *s, size_t n, int *ret)
{
	int v = 0;

	if (s->n < n)
		return false;
	for (size_t i = 0; i < n; i++) {
		if (!ascii_is_digit((unsigned char)s->p[i]))
			return false;
		v = v * 10 + (s->p[i] - '0');
	}
	*s = str_skip(*s, n);
	*ret = v;
	return true;
}

static bool one_of(struct str *s, const char *chars)
{
	if (!s->n || !strchr(chars, s->p[0]))
		return false;
	*s = str_skip(*s, 1);
	return true;
}

static int fraction_us(struct str *s)
{
	int us = 0, scale = 100000;

	for (; s->n && ascii_is_digit((unsigned char)s->p[0]); *s = str_skip(*s, 1), scale /= 10)
		us += (s->p[0] - '0') * scale;
	return us;
}

bool time_parse_rfc3339(struct str s, int64_t *ret_unix_us)
{
	int year, month, day, hour, minute, second, us = 0, off_h = 0, off_m = 0, sign = 1;

	if (!digits(&s, 4, &year) || !one_of(&s, "-") || !digits(&s, 2, &month) ||
		!one_of(&s, "-") || !digits(&s, 2, &day) || !one_of(&s, "Tt ") ||
		!digits(&s, 2, &hour) || !one_of(&s, ":") || !digits(&s, 2, &minute) ||
		!one_of(&s, ":") || !digits(&s, 2, &second))
		return false;
	if (one_of(&s, ".")) {
		if (!s.n || !ascii_is_digit((unsigned char)s.p[0]))
			return false;
		us = fraction_us(&s);
	}
	if (!one_of(&s, "Zz")) {
		sign = s.n && s.p[0] == '-' ? -1 : 1;
		if (!one_of(&s, "+-") || !digits(&s, 2, &off_h) || !one_of(&s, ":") ||
			!digits(&s, 2, &off_m))
			return false;
	}
	if (s.n || month < 1 || month > 12 || day < 1 || day > calendar_month_length(year, month) ||
		hour > 23 || minute > 59 || second > 60 || off_h > 23 || off_m > 59)
		return false;
	int64_t t = calendar_days(year, month, day) * DAY_S + hour * 3600 + minute * 60 + second;
	*ret_unix_us = (t - sign * (off_h * 3600 + off_m * 60)) * SEC_US + us;
	return true;
}
