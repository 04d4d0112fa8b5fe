/* A time of day looks like one of these, and stands anywhere:
 *
 *   7:02  07:02:00  07:02:00.123  07:02:00,123      two numbers with a colon
 *   T0702  T070200  T07                             after the T of ISO 8601
 *   7h  7h02  7h 02min  7時02分  오후 7시 2분       numbers with units
 *   7 pm  7:02 p. m.  오후 7:02                     with the half of the day, before or after
 *   2017 07.02                                      dots, only right after a year
 *
 * The zone follows it (+0200, GMT+2, CEST, "(CEST)", Z, a military letter) or, as a name, stands
 * anywhere: asctime puts the year behind it. Two zones must agree. */
#include "normalize/date-clock.h"

/* The inhabited zones end at −12:00 and +14:00. */
#define OFFSET_MIN (-12 * 60)
#define OFFSET_MAX (14 * 60)

static bool is_short_number(const struct date_token *t)
{
	return date_token_is_number(t) && t->digits <= 2;
}

static bool is_letter(const struct date_token *t, char lower)
{
	return t->kind == DATE_TOKEN_WORD && t->letter && ascii_lower(t->letter) == lower;
}

static void take(struct date_tokens *tokens, unsigned from, unsigned to)
{
	for (unsigned i = from; i < to; i++)
		date_token_take(&tokens->at[i]);
}

/* "pm", "p.m.", "p. m.": how many tokens, 0 if this is none. */
static unsigned meridiem(const struct date_token *t, bool *ret_pm)
{
	unsigned n = 1;

	if (date_token_has_role(t, DATE_ROLE_AM) || date_token_has_role(t, DATE_ROLE_PM)) {
		*ret_pm = t->name->role == DATE_ROLE_PM;
		return date_token_is_sign(t + 1, '.') ? 2 : 1;
	}
	if (!is_letter(t, 'a') && !is_letter(t, 'p'))
		return 0;
	n += date_token_is_sign(t + n, '.');
	if (!is_letter(t + n, 'm'))
		return 0;
	n++;
	*ret_pm = is_letter(t, 'p');
	return n + date_token_is_sign(t + n, '.');
}

/* Midnight is 12 am, noon 12 pm. "15:21 pm" says the same twice and "0:30 am" is what programs
 * write; "15:21 am" and "0:30 pm" contradict themselves. */
static bool apply_meridiem(struct date_clock *clock, bool pm)
{
	if (pm && !clock->hour)
		return false;
	if (!pm && clock->hour > 12)
		return false;
	if (pm && clock->hour < 12)
		clock->hour += 12;
	else if (!pm && clock->hour == 12)
		clock->hour = 0;
	return true;
}

/* A year, or a filler after it, before "10.30": without one it would be the tenth of a month. */
static bool begins_dotted(const struct date_tokens *tokens, unsigned i)
{
	const struct date_token *t = &tokens->at[i];

	if (!i || !t->spaced || !is_short_number(t) || !date_token_is_sign(t + 1, '.') ||
		t[1].spaced || !date_token_is_number(t + 2) || t[2].digits != 2 || t[2].spaced ||
		date_token_is_sign(t + 3, '.'))
		return false;
	while (i && (date_token_is_sign(&tokens->at[i - 1], ',') ||
			    date_token_is_sign(&tokens->at[i - 1], '.') ||
			    date_token_has_role(&tokens->at[i - 1], DATE_ROLE_AT) ||
			    date_token_has_role(&tokens->at[i - 1], DATE_ROLE_FILLER)))
		i--;
	return i && date_token_is_number(&tokens->at[i - 1]) && tokens->at[i - 1].digits == 4;
}

/* "7 pm", but not the day in "25 오후 11:23", where the half of the day goes before the time. */
static bool begins_hour(const struct date_token *t)
{
	bool pm;
	unsigned n = meridiem(t + 1, &pm);

	return n && t->value <= 12 &&
	       !(is_short_number(t + 1 + n) &&
		       (date_token_is_sign(t + 2 + n, ':') ||
			       date_token_has_role(t + 2 + n, DATE_ROLE_HOUR)));
}

/* Does a time begin at token i? */
static bool begins_clock(const struct date_tokens *tokens, unsigned i)
{
	const struct date_token *t = &tokens->at[i];

	if (!date_token_is_number(t))
		return i && date_token_has_role(t, DATE_ROLE_T) && date_token_is_number(t + 1) &&
		       (t[1].digits > 1 || !t->spaced) &&
		       ((date_token_is_number(t - 1) && t[-1].digits > 1) ||
			       t[-1].kind == DATE_TOKEN_TAKEN);
	if (i && t->spaced && date_token_is_number(t - 1) && t[-1].digits == 8)
		return t->digits == 4 || t->digits == 6;
	if (t->digits > 2)
		return false;
	if (date_token_is_sign(t + 1, ':'))
		return is_short_number(t + 2) && !(i && date_token_is_sign(t - 1, '+'));
	return date_token_has_role(t + 1, DATE_ROLE_HOUR) || begins_hour(t) ||
	       begins_dotted(tokens, i);
}

/* hhmm or hhmmss in one number, or hh where `iso` says that it is one. */
static bool split_compact(struct date_clock *clock, const struct date_token *t)
{
	uint64_t v = t->value;

	if (t->digits != 2 && t->digits != 4 && t->digits != 6)
		return false;
	clock->compact = t->digits > 2;
	if (t->digits == 6) {
		clock->second = (unsigned)(v % 100);
		clock->has_seconds = true;
		v /= 100;
	}
	clock->minute = t->digits > 2 ? (unsigned)(v % 100) : 0;
	clock->hour = (unsigned)(t->digits > 2 ? v / 100 : v);
	return true;
}

/* ".123" or ",123" right after the seconds, ":123" from some loggers. Whole seconds are all that
 * is kept. */
static unsigned fraction(const struct date_token *t)
{
	if (t->kind != DATE_TOKEN_SIGN || t->spaced || !date_token_is_number(t + 1) || t[1].spaced)
		return 0;
	if (t->sign == '.' || t->sign == ',')
		return 2;
	return t->sign == ':' && t[1].digits == 3 ? 2 : 0;
}

/* ":02:30.5" after the hour. */
static unsigned read_colons(struct date_clock *clock, const struct date_token *t)
{
	clock->minute = (unsigned)t[1].value;
	if (!date_token_is_sign(t + 2, ':') || !is_short_number(t + 3))
		return 2;
	clock->second = (unsigned)t[3].value;
	clock->has_seconds = true;
	return 4 + fraction(t + 4);
}

/* "h30", "時30分15秒" after the hour. */
static unsigned read_units(struct date_clock *clock, const struct date_token *t)
{
	unsigned n = 1;

	/* "à 13 h 31" at the end; before a month it would be the day. */
	bool is_apart = t[0].spaced && t[n].digits == 2 && t[n + 1].kind == DATE_TOKEN_END;

	if (!is_short_number(t + n) ||
		(t[n].spaced && !is_apart && !date_token_has_role(t + n + 1, DATE_ROLE_MINUTE)))
		return n;
	clock->minute = (unsigned)t[n].value;
	n += 1 + date_token_has_role(t + n + 1, DATE_ROLE_MINUTE);
	if (!is_short_number(t + n) || !date_token_has_role(t + n + 1, DATE_ROLE_SECOND))
		return n;
	clock->second = (unsigned)t[n].value;
	clock->has_seconds = true;
	return n + 2;
}

/* Returns how many tokens the time has, 0 if it is none. */
static unsigned read_clock(struct date_clock *clock, const struct date_token *t)
{
	unsigned n = 0;

	clock->iso = date_token_has_role(t, DATE_ROLE_T);
	n += clock->iso;
	if (date_token_is_number(t + n) && !date_token_is_sign(t + n + 1, ':') &&
		(clock->iso || t[n].digits > 2)) {
		if (!split_compact(clock, t + n))
			return 0;
		n++;
		return n + (clock->has_seconds ? fraction(t + n) : 0);
	}
	if (!is_short_number(t + n))
		return 0;
	clock->hour = (unsigned)t[n++].value;
	if (date_token_is_sign(t + n, ':'))
		return is_short_number(t + n + 1) ? n + read_colons(clock, t + n) : 0;
	if (date_token_has_role(t + n, DATE_ROLE_HOUR))
		return n + read_units(clock, t + n);
	if (date_token_is_sign(t + n, '.')) {
		clock->minute = (unsigned)t[n + 1].value;
		return n + 2;
	}
	return n; /* the hour alone: am or pm follows */
}

/* "2017-05-12-05:00": a date and its zone (XML Schema), or the end of an interval? */
static bool is_glued(const struct date_tokens *tokens, unsigned i)
{
	const struct date_token *t = &tokens->at[i];

	return i > 1 && date_token_is_number(t - 2) && date_token_is_sign(t - 1, '-') &&
	       !t->spaced && !t[-1].spaced && !date_token_is_sign(t + 3, ':') &&
	       t->value * 60 <= OFFSET_MAX;
}

/* A word that may stand right before a time: a unit, half of the day, or in a script that does not
 * separate words. */
static bool may_touch(const struct date_name *name)
{
	return name && (name->role == DATE_ROLE_AM || name->role == DATE_ROLE_PM ||
			       (unsigned char)name->name[0] >= 0xE3);
}

/* What sticks to the front of a time was once a part of it: "a1:30", ".3:30", and "2017 ,3:30" of
 * which nobody knows whether a digit is lost. */
static bool has_torn_front(const struct date_tokens *tokens, unsigned i)
{
	const struct date_token *t = &tokens->at[i], *before = t - 1;

	if (!i || t->spaced || date_token_has_role(t, DATE_ROLE_T))
		return false;
	if (before->kind == DATE_TOKEN_WORD)
		return !may_touch(before->name);
	if (before->kind != DATE_TOKEN_SIGN)
		return false;
	if (before->sign == ':') /* Apache writes "12/May/2017:10:00:00" */
		return i < 2 || before->spaced || t[-2].digits != 4 ||
		       !date_token_is_sign(t + 3, ':');
	if (before->sign == '-') /* "2017-05-12-10:04:09" */
		return i < 2 || t->digits < 2 || t[-2].digits != 2 || before->spaced ||
		       !date_token_is_sign(t + 3, ':');
	return before->sign != ',' || t->digits < 2;
}

/* "10:04:0a", "10:04:0,5": one digit of minutes or seconds, and something in the other's place. Nor
 * does who writes two digits of the hour write one of the minutes. */
static bool has_torn_end(const struct date_token *t, unsigned n, const struct date_clock *clock)
{
	bool has_fraction = clock->has_seconds && n > 4 && t[n - 2].kind == DATE_TOKEN_SIGN &&
			    t[n - 2].sign != ':';
	const struct date_token *last = &t[n - (has_fraction ? 3 : 1)], *behind = last + 1;

	if (n < 3 || !date_token_is_number(last))
		return false;
	if (date_token_is_number(t) && date_token_is_sign(t + 1, ':') && t->digits > t[2].digits)
		return true;
	if (last->digits != 1 || behind->spaced)
		return false;
	return behind->kind == DATE_TOKEN_WORD || date_token_is_sign(behind, ',') ||
	       date_token_is_sign(behind, '.') || date_token_is_sign(behind, '/');
}

/* am or pm behind the time, or before it as in Korea. False: it contradicts the time. */
static bool take_meridiem(
	struct date_tokens *tokens, struct date_clock *clock, unsigned start, unsigned *end)
{
	bool pm;
	unsigned n = meridiem(&tokens->at[*end], &pm);

	if (n) {
		take(tokens, *end, *end + n);
		*end += n;
	} else if (start && meridiem(&tokens->at[start - 1], &pm) == 1) {
		date_token_take(&tokens->at[start - 1]);
	} else {
		return true;
	}
	return apply_meridiem(clock, pm);
}

/* *ret_end: the token behind the time, or the end of all. */
static enum date_result take_clock(
	struct date_tokens *tokens, struct date_clock *clock, unsigned *ret_end)
{
	unsigned start = 0, n;

	while (start < tokens->n && !begins_clock(tokens, start))
		start++;
	*ret_end = tokens->n;
	if (start == tokens->n)
		return DATE_OK;
	if (is_glued(tokens, start))
		return DATE_AMBIGUOUS;
	if (has_torn_front(tokens, start))
		return DATE_INVALID;
	n = read_clock(clock, &tokens->at[start]);
	if (!n)
		return DATE_INVALID;
	clock->found = true;
	*ret_end = start + n;
	if (has_torn_end(&tokens->at[start], n, clock))
		return DATE_INVALID;
	take(tokens, start, *ret_end);
	if (start && tokens->at[start - 1].kind == DATE_TOKEN_SIGN && !tokens->at[start].spaced &&
		tokens->at[start - 1].sign != ',')
		date_token_take(&tokens->at[--start]); /* see has_torn_front() */
	if (!take_meridiem(tokens, clock, start, ret_end))
		return DATE_INVALID;
	while (date_token_has_role(&tokens->at[*ret_end], DATE_ROLE_HOUR))
		date_token_take(&tokens->at[(*ret_end)++]); /* "10:00 h", "10:00 Uhr" */
	return DATE_OK;
}

/* "+0200", "+02:00", "+02", "-300" at t: how many tokens and how many minutes; 0 if t begins no
 * offset. */
static unsigned read_offset(const struct date_token *t, int *ret_minutes)
{
	unsigned n = 2;
	int minutes;

	if ((!date_token_is_sign(t, '+') && !date_token_is_sign(t, '-')) ||
		!date_token_is_number(t + 1) || t[1].spaced || t[1].digits > 4)
		return 0;
	minutes = (int)t[1].value;
	/* "-300", but not what is left of "+0200" cut short: zones are whole quarters apart. */
	if (t[1].digits == 3 && (minutes < 100 || minutes % 100 % 15))
		minutes = 100 * 60;
	else if (t[1].digits > 2) {
		minutes = minutes / 100 * 60 + (minutes % 100 < 60 ? minutes % 100 : 24 * 60);
	} else {
		minutes *= 60;
		if (date_token_is_sign(t + 2, ':') && date_token_is_number(t + 3) &&
			t[3].digits == 2 && !t[2].spaced && !t[3].spaced) {
			minutes += t[3].value < 60 ? (int)t[3].value : 24 * 60;
			n = 4;
		}
	}
	if (t[n].kind == DATE_TOKEN_SIGN && t[n].sign != ',' && !t[n].spaced)
		return 0; /* "10:00 -12/05/2017", "-02:00:00" */
	*ret_minutes = date_token_is_sign(t, '-') ? -minutes : minutes;
	return n;
}

/* Takes an offset at i, if there is one. */
static enum date_result take_offset(
	struct date_tokens *tokens, unsigned i, bool *ret_found, int *ret_minutes)
{
	unsigned n = read_offset(&tokens->at[i], ret_minutes);

	*ret_found = n;
	take(tokens, i, i + n);
	return n && (*ret_minutes < OFFSET_MIN || *ret_minutes > OFFSET_MAX) ? DATE_INVALID
									     : DATE_OK;
}

static enum date_result merge_zone(struct date_clock *clock, int minutes, const char *from)
{
	if (clock->has_zone && clock->zone_minutes != minutes)
		return DATE_AMBIGUOUS;
	clock->has_zone = true;
	clock->zone_minutes = minutes;
	if (!clock->zone_from)
		clock->zone_from = from;
	return DATE_OK;
}

/* The zone's name at i, and an offset behind it: "GMT+2" means +2, "EST-0500" must agree. In
 * Etc/GMT+2 the sign is the other way round, which half of the writers do not know. */
static enum date_result take_named(
	struct date_tokens *tokens, unsigned i, struct str language, struct date_clock *clock)
{
	struct date_token *t = &tokens->at[i];
	bool area = i > 1 && date_token_is_sign(t - 1, '/') &&
		    date_token_has_role(t - 2, DATE_ROLE_AREA);
	bool found;
	int minutes = t->name->minutes, offset;
	enum date_result result = take_offset(tokens, i + 1, &found, &offset);

	if (result)
		return result;
	if (t->name->role == DATE_ROLE_CONTESTED && !found &&
		!date_name_zone_in(t->name, language, &minutes))
		return DATE_AMBIGUOUS;
	if (found && clock->has_zone)
		return DATE_INVALID; /* "+02UTC+2" */
	if (area)
		take(tokens, i - 2, i);
	if (found && offset && (area || is_letter(t, 'z') || (minutes && minutes != offset)))
		return DATE_AMBIGUOUS;
	if (found && !minutes)
		minutes = offset;
	date_token_take(t);
	if (!found && !clock->has_zone && t->name->role == DATE_ROLE_ZONE)
		clock->zone = t->name;
	return merge_zone(clock, minutes, found ? "name and offset" : "name");
}

/* RFC 822 gave the letters a meaning and its sign the wrong way round; RFC 2822 (4.3) has them
 * read as UTC. Right behind the time and in capitals only; J was never used. */
static bool is_military(const struct date_token *t)
{
	return t->kind == DATE_TOKEN_WORD && t->letter >= 'A' && t->letter <= 'Z' &&
	       t->letter != 'J' && t->letter != 'Z';
}

/* Where an offset may stand without a time before it: "+0200" anywhere, "-0300" behind a year. */
static bool begins_lone_offset(const struct date_tokens *tokens, unsigned i)
{
	const struct date_token *t = &tokens->at[i];

	if (!i || t[1].digits < 2)
		return false;
	if (date_token_is_sign(t, '+')) /* "2017-05-12+02:00" (XML Schema), "12 May 2017 +0200" */
		return t->spaced || (i > 1 && date_token_is_sign(t - 2, '-') && t[1].digits > 1 &&
					    t[3].value % 15 == 0);
	return date_token_is_sign(t, '-') && t->spaced && date_token_is_number(t - 1) &&
	       t[-1].digits == 4 && t[1].digits == 4;
}

/* "10:00 P" is UTC to the army and ten at night to Americans; it makes no difference but for
 * these hours. */
static bool is_half_of_day(const struct date_token *t, const struct date_clock *clock)
{
	return (t->letter == 'A' && clock->hour == 12) || (t->letter == 'P' && clock->hour < 12);
}

/* "Z" stands right behind the time, or behind a date without one. */
static bool is_misplaced(const struct date_tokens *tokens, const struct date_clock *clock,
	unsigned i, unsigned after)
{
	const struct date_token *t = &tokens->at[i];

	if (!is_letter(t, 'z'))
		return false;
	if (clock->found)
		return i != after;
	return !i || !date_token_is_number(t - 1) || t[-1].digits < 2;
}

/* An interval, "10:00-12:00", or a zone far in the west? ISO 8601 writes the first otherwise. */
static bool is_interval(const struct date_token *t, const struct date_clock *clock)
{
	return !clock->iso && !clock->has_seconds && date_token_is_sign(t, '-') && !t->spaced &&
	       date_token_is_sign(t + 2, ':');
}

static enum date_result take_numeric(
	struct date_tokens *tokens, struct date_clock *clock, unsigned i)
{
	bool found;
	int minutes;
	enum date_result result;

	if (clock->found && is_interval(&tokens->at[i], clock))
		return DATE_AMBIGUOUS;
	if (tokens->at[i + 1].digits == 1 && !tokens->at[i].spaced)
		return DATE_INVALID; /* "10:00+2": of which more digits are lost? */
	result = take_offset(tokens, i, &found, &minutes);
	return result || !found ? result : merge_zone(clock, minutes, "offset");
}

static enum date_result take_zones(
	struct date_tokens *tokens, struct str language, struct date_clock *clock, unsigned after)
{
	enum date_result result = DATE_OK;

	if (clock->found) {
		if (is_military(&tokens->at[after])) {
			if (is_half_of_day(&tokens->at[after], clock))
				return DATE_AMBIGUOUS;
			date_token_take(&tokens->at[after]);
			/* Nobody gives two zones: the letter is what is left of "am". */
			result = date_token_has_role(&tokens->at[after + 1], DATE_ROLE_ZONE)
					 ? DATE_INVALID
					 : merge_zone(clock, 0, "letter of RFC 822");
		} else {
			result = take_numeric(tokens, clock, after);
		}
	}
	for (unsigned i = 0; !result && i < tokens->n; i++) {
		struct date_token *t = &tokens->at[i];

		if (date_token_has_role(t, DATE_ROLE_ZONE) ||
			date_token_has_role(t, DATE_ROLE_CONTESTED)) {
			if (is_misplaced(tokens, clock, i, after))
				result = DATE_INVALID;
			/* But in front "Čet" is a Thursday, and "Út," a Tuesday. */
			else if (i || !(t->name->days || date_token_is_sign(t + 1, ',')))
				result = take_named(tokens, i, language, clock);
		} else if (!clock->found && begins_lone_offset(tokens, i)) {
			result = take_numeric(tokens, clock, i);
		}
	}
	return result;
}

/* "10:00:00 (CEST)". Where there is a zone already, a comment only explains it; where there is
 * none, one behind the time that we do not understand may well be it. */
static enum date_result apply_comment(const struct date_tokens *tokens, struct str language,
	struct date_clock *clock, unsigned after)
{
	const struct date_name *name = tokens->comment;
	int minutes;

	if (clock->has_zone || !clock->found || !tokens->comment_at || tokens->comment_at < after)
		return DATE_OK;
	if (name && name->role == DATE_ROLE_ZONE) {
		clock->zone = name;
		return merge_zone(clock, name->minutes, "name in a comment");
	}
	if (name && (name->days || name->months))
		return DATE_OK;
	return name && date_name_zone_in(name, language, &minutes)
		       ? merge_zone(clock, minutes, "name in a comment, by the language")
		       : DATE_AMBIGUOUS;
}

enum date_result date_clock_take(
	struct date_tokens *tokens, struct str language, struct date_clock *ret)
{
	unsigned after;
	enum date_result result;

	*ret = (struct date_clock){0};
	result = take_clock(tokens, ret, &after);
	if (!result)
		result = take_zones(tokens, language, ret, after);
	return result ? result : apply_comment(tokens, language, ret, after);
}
