/* The two forms that nine of ten dates have, read at their fixed places:
 *
 *	Fri, 12 May 2017 15:04:05 +0200      RFC 822; the zone also GMT, UTC or Z
 *	2017-05-12T15:04:05+02:00            RFC 3339; the zone also Z
 *
 * Whatever differs in one character from them, and all that takes a second thought (leap seconds,
 * midnight as 24:00, odd zones), is left to the general reader. What is read here means there what it
 * means here: a test compares them. */
#include "normalize/date-canonical.h"

#include "base/clock.h"
#include "normalize/date.h"

/* Two decimal digits, or a number that nothing allows. */
static unsigned two(const char *p)
{
	unsigned tens = (unsigned)(p[0] - '0'), ones = (unsigned)(p[1] - '0');

	return tens > 9 || ones > 9 ? 1000 : tens * 10 + ones;
}

static unsigned four(const char *p)
{
	unsigned century = two(p), year = two(p + 2);

	return century > 99 || year > 99 ? 0 : century * 100 + year;
}

/* "Jan" … "Dec": 1–12, else 0. */
static int month_of(const char *p)
{
	static const char names[] = "JanFebMarAprMayJunJulAugSepOctNovDec";

	for (int i = 0; i < 12; i++)
		if (!memcmp(names + 3 * i, p, 3))
			return i + 1;
	return 0;
}

static bool is_weekday(const char *p)
{
	static const char names[] = "SunMonTueWedThuFriSat";

	for (int i = 0; i < 7; i++)
		if (!memcmp(names + 3 * i, p, 3))
			return true;
	return false;
}

/* "15:04:05": seconds of the day, -1 if it is none. */
static int clock_of(const char *p)
{
	unsigned hour = two(p), minute = two(p + 3), second = two(p + 6);

	if (p[2] != ':' || p[5] != ':' || hour > 23 || minute > 59 || second > 59)
		return -1;
	return (int)(hour * 3600 + minute * 60 + second);
}

/* "+0200" or, with a colon, "+02:00": seconds. False: none, or of no inhabited place. */
static bool offset_of(const char *p, bool colon, int *ret)
{
	unsigned hours = two(p + 1), minutes = two(p + 3 + colon);
	int seconds = (int)(hours * 3600 + minutes * 60);

	if ((p[0] != '+' && p[0] != '-') || (colon && p[3] != ':') || hours > 11 ||
		(minutes != 0 && minutes != 30 && minutes != 45))
		return false;
	*ret = p[0] == '-' ? -seconds : seconds;
	return true;
}

static bool join(unsigned year, int month, unsigned day, int clock, int offset, int64_t *ret_s)
{
	/* The general reader has the same bounds. */
	if (year < 1900 || year > 2200 || month < 1 || month > 12 || day < 1 || clock < 0)
		return false;
	if (day > 28 && day > (unsigned)calendar_month_length(year, month))
		return false;
	*ret_s = calendar_days(year, month, (int)day) * DAY_S + clock - offset;
	return true;
}

static bool read_rfc822(struct str s, int64_t *ret_s)
{
	const char *p = s.p;
	struct str zone = str_skip(s, 26);
	int offset = 0;

	if (!is_weekday(p) || p[3] != ',' || p[4] != ' ' || p[7] != ' ' || p[11] != ' ' ||
		p[16] != ' ' || p[25] != ' ')
		return false;
	if (zone.n == 5 ? !offset_of(zone.p, false, &offset)
			: !str_eq(zone, STR("GMT")) && !str_eq(zone, STR("UTC")) &&
				  !str_eq(zone, STR("Z")))
		return false;
	return join(four(p + 12), month_of(p + 8), two(p + 5), clock_of(p + 17), offset, ret_s);
}

static bool read_rfc3339(struct str s, int64_t *ret_s)
{
	const char *p = s.p;
	int offset = 0;

	if (p[4] != '-' || p[7] != '-' || p[10] != 'T')
		return false;
	if (s.n == 25 ? !offset_of(p + 19, true, &offset) : p[19] != 'Z')
		return false;
	return join(four(p), (int)two(p + 5), two(p + 8), clock_of(p + 11), offset, ret_s);
}

bool date_canonical(struct str s, int64_t *ret_s)
{
	switch (s.n) {
	case 20:
	case 25:
		return read_rfc3339(s, ret_s);
	case 27:
	case 29:
	case 31:
		return read_rfc822(s, ret_s);
	default:
		return false;
	}
}
