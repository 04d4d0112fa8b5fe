#include "date_written.h"

#include "normalize/text.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#define N(array) (sizeof(array) / sizeof(array)[0])

/* ---- writing ---- */

struct moment {
	int64_t year;
	int month, day, hour, minute, second, weekday, day_of_year;
};

static struct moment moment_of(int64_t s)
{
	int64_t days = s / DAY_S - (s % DAY_S < 0);
	int rest = (int)(s - days * DAY_S);
	struct moment m = {.hour = rest / 3600,
		.minute = rest / 60 % 60,
		.second = rest % 60,
		.weekday = calendar_weekday(days)};

	calendar_date(days, &m.year, &m.month, &m.day);
	m.day_of_year = (int)(days - calendar_days(m.year, 1, 1)) + 1;
	return m;
}

static void add(struct written *w, enum part part, const char *text)
{
	size_t n = strlen(text);

	assert_true(w->n + n < sizeof w->text && w->n_pieces < N(w->pieces));
	memcpy(w->text + w->n, text, n + 1);
	w->pieces[w->n_pieces++] = (struct piece){part, w->n, n, false};
	w->n += n;
}

static void add_number(struct written *w, enum part part, int width, int value)
{
	char text[16];

	snprintf(text, sizeof text, "%0*d", width, value);
	add(w, part, text);
	w->pieces[w->n_pieces - 1].is_loose = width == 1;
}

static void add_field(struct written *w, char c, const struct moment *m, const struct zone *zone)
{
	switch (c) {
	case 'a':
		return add(w, NOTHING, w->language->weekdays_short[m->weekday]);
	case 'A':
		return add(w, NOTHING, w->language->weekdays[m->weekday]);
	case 'b':
		return add(w, MONTH_NAME, w->language->months_short[m->month - 1]);
	case 'B':
		return add(w, MONTH_NAME, w->language->months[m->month - 1]);
	case 'D':
		return add_number(w, DAY, 2, m->day);
	case 'e':
		return add_number(w, DAY, 1, m->day);
	case 'm':
		return add_number(w, MONTH, 2, m->month);
	case 'n':
		return add_number(w, MONTH, 1, m->month);
	case 'Y':
		return add_number(w, YEAR, 4, (int)m->year);
	case 'y':
		return add_number(w, YEAR_SHORT, 2, (int)m->year % 100);
	case 'j':
		return add_number(w, DAY_OF_YEAR, 3, m->day_of_year);
	case 'H':
		return add_number(w, HOUR, 2, m->hour);
	case 'k':
		return add_number(w, HOUR, 1, m->hour);
	case 'I':
		return add_number(w, HOUR_12, 1, m->hour % 12 ? m->hour % 12 : 12);
	case 'p':
		return add(w, HALF, m->hour < 12 ? "AM" : "PM");
	case 'M':
		return add_number(w, MINUTE, 2, m->minute);
	case 'S':
		return add_number(w, SECOND, 2, m->second);
	case 'Z':
		return add(w, ZONE, zone->text);
	default:
		fail_msg("%%%c", c);
	}
}

struct written write_date(const struct date_language *language, const char *template,
	const struct zone *zone, int64_t s)
{
	const struct moment m = moment_of(s + zone->minutes * 60);
	struct written w = {.language = language, .month = m.month, .s = s};

	for (const char *c = template; *c; c++) {
		if (*c == '%') {
			add_field(&w, *++c, &m, zone);
		} else {
			size_t n = strcspn(c, "%");
			char text[64];

			snprintf(text, sizeof text, "%.*s", (int)n, c);
			add(&w, NOTHING, text);
			c += n - 1;
		}
	}
	/* What the template leaves out is not in the instant. */
	if (!strstr(template, "%S"))
		w.s -= m.second;
	if (!strstr(template, "%M"))
		w.s -= m.minute * 60;
	if (!strpbrk(template, "HkI"))
		w.s -= m.hour * 3600;
	return w;
}

/* ---- reading anew ---- */

const struct zone zones[] = {
	{"GMT", 0},
	{"UTC", 0},
	{"UT", 0},
	{"Z", 0},
	{"WET", 0},
	{"WEST", 60},
	{"CET", 60},
	{"CEST", 120},
	{"MET", 60},
	{"MEST", 120},
	{"MEZ", 60},
	{"MESZ", 120},
	{"EET", 120},
	{"EEST", 180},
	{"CAT", 120},
	{"EAT", 180},
	{"WAT", 60},
	{"SAST", 120},
	{"PKT", 300},
	{"NPT", 345},
	{"WIB", 420},
	{"ICT", 420},
	{"WITA", 480},
	{"SGT", 480},
	{"HKT", 480},
	{"MYT", 480},
	{"PHT", 480},
	{"AWST", 480},
	{"JST", 540},
	{"KST", 540},
	{"WIT", 540},
	{"ACST", 570},
	{"ACDT", 630},
	{"AEST", 600},
	{"AEDT", 660},
	{"NZST", 720},
	{"NZDT", 780},
	{"AST", -240},
	{"ADT", -180},
	{"EST", -300},
	{"EDT", -240},
	{"CST", -360},
	{"CDT", -300},
	{"MST", -420},
	{"MDT", -360},
	{"PST", -480},
	{"PDT", -420},
	{"AKST", -540},
	{"AKDT", -480},
	{"HST", -600},
	{"NST", -210},
	{"NDT", -150},
	{"ART", -180},
	{"BRT", -180},
	{"BRST", -120},
	{"UYT", -180},
	{"COT", -300},
	{"PET", -300},
	{"BOT", -240},
	{"CLT", -240},
	{"CLST", -180},
	{"+0000", 0},
	{"-0000", 0},
	{"+0200", 120},
	{"-0300", -180},
	{"+0530", 330},
	{"-0930", -570},
	{"+1345", 825},
	{"+02:00", 120},
	{"-05:00", -300},
	{"+05:45", 345},
	{"GMT+0200", 120},
	{"GMT-03:00", -180},
	{"UTC+2", 120},
	{"UTC-05:00", -300},
	{"+02", 120},
	{"-0500 (EST)", -300},
	{"+0200 (Central European Summer Time)", 120},
	{"GMT+0200 (CEST)", 120},
	{"(CEST)", 120},
	{"M", 0}, /* the letters of RFC 822, as RFC 2822 reads them */
	{"Y", 0},
};

const size_t n_zones = N(zones);

/* A zone's text to minutes; false if it is none. Offsets are read by their shape. */
static bool read_zone(const char *text, int *ret)
{
	char sign;
	unsigned hours, minutes = 0;
	int end = 0;

	for (size_t i = 0; i < N(zones); i++)
		if (str_ieq(str_of(zones[i].text), str_of(text))) {
			*ret = zones[i].minutes;
			return strlen(text) > 1 || *text < 'a' || *text == 'z';
		}
	if (!strncmp(text, "GMT", 3) || !strncmp(text, "UTC", 3))
		text += 3;
	while (*text == ' ')
		text++;
	if (sscanf(text, "%c%2u%2u%n", &sign, &hours, &minutes, &end) != 3 || text[end]) {
		minutes = 0;
		end = 0;
		if (sscanf(text, "%c%1u%2u%n", &sign, &hours, &minutes, &end) != 3 || text[end]) {
			end = 0;
			if (sscanf(text, "%c%2u:%2u%n", &sign, &hours, &minutes, &end) != 3 ||
				text[end]) {
				minutes = 0;
				end = 0;
				if (sscanf(text, "%c%2u%n", &sign, &hours, &end) != 2 || text[end])
					return false;
			}
		}
	}
	if (sign != '+' && sign != '-')
		return false;
	*ret = (int)(hours * 60 + minutes) * (sign == '-' ? -1 : 1);
	return hours <= 14 && minutes < 60;
}

/* A careful reader takes a comma or semicolon for a blank, and "2." for an ordinal. */
static struct str trim(struct str s)
{
	while (s.n && strchr(" ,;.", s.p[s.n - 1]))
		s.n--;
	while (s.n && strchr(" ,;", s.p[0]))
		s = str_skip(s, 1);
	return s;
}

/* The months that a word means in any of our languages, accents aside, as bits. */
static unsigned months_named(const char *word)
{
	static struct buf sought, name;
	unsigned found = 0;

	buf_clear(&sought);
	text_fold_word(&sought, trim(str_of(word)));
	for (size_t i = 0; i < n_date_languages * 24; i++) {
		const struct date_language *language = &date_languages[i / 24];
		unsigned month = i % 12;

		buf_clear(&name);
		text_fold_word(&name, trim(str_of(i / 12 % 2 ? language->months_short[month]
							     : language->months[month])));
		if (str_eq(buf_view(&sought), buf_view(&name)))
			found |= 1u << month;
	}
	return found;
}

struct reading {
	int64_t year;
	int month, day, day_of_year, hour, minute, second, zone;
	bool is_pm, has_half, is_bad;
};

static int number(struct reading *r, const char *text, int digits_max)
{
	struct str s = trim(str_of(text));
	unsigned long long v;

	if (s.n > (size_t)digits_max || !str_u64(s, 9999, &v)) {
		r->is_bad = true;
		return 0;
	}
	return (int)v;
}

static void read_piece(struct reading *r, enum part part, const char *text, int month)
{
	switch (part) {
	case YEAR:
		r->year = number(r, text, 4);
		if (str_trim(str_of(text)).n == 2)
			r->year += r->year < 69 ? 2000 : 1900;
		break;
	case YEAR_SHORT:
		r->year = number(r, text, 2);
		r->year += r->year < 69 ? 2000 : 1900;
		r->is_bad |= str_trim(str_of(text)).n != 2;
		break;
	case MONTH:
		r->month = number(r, text, 2);
		break;
	case MONTH_NAME:
		r->month = month;
		break;
	case DAY:
		r->day = number(r, text, 2);
		break;
	case DAY_OF_YEAR:
		r->day_of_year = number(r, text, 3);
		break;
	case HOUR:
	case HOUR_12:
		r->hour = number(r, text, 2);
		break;
	case HALF:
		r->has_half = true;
		r->is_pm = *text == 'P' || *text == 'p';
		break;
	case MINUTE:
		r->minute = number(r, text, 2);
		break;
	case SECOND:
		r->second = number(r, text, 2);
		break;
	case ZONE:
		r->is_bad |= !read_zone(text, &r->zone);
		break;
	case NOTHING:
		break;
	}
}

/* The instant of a reading; false if there is none. */
static bool instant(const struct reading *r, int64_t *ret)
{
	int hour = r->hour;
	int64_t days;

	if (r->is_bad || hour > 24 || r->minute > 59 || r->second > 60)
		return false;
	if (r->has_half)
		hour = hour % 12 + (r->is_pm ? 12 : 0);
	if (r->day_of_year) {
		days = calendar_days(r->year, 1, 1) + r->day_of_year - 1;
	} else {
		if (r->month < 1 || r->month > 12 || r->day < 1 ||
			r->day > calendar_month_length(r->year, r->month))
			return false;
		days = calendar_days(r->year, r->month, r->day);
	}
	*ret = days * DAY_S + hour * 3600 + r->minute * 60 + r->second - r->zone * 60;
	return true;
}

/* Is this what the pieces say when piece `hit` has the text `anew`, and a name there is `month`? */
static bool says_with(const struct written *w, size_t hit, const char *anew, int month, int64_t s)
{
	struct reading r = {0};
	int64_t read;

	for (size_t i = 0; i < w->n_pieces; i++) {
		const struct piece *p = &w->pieces[i];
		char text[64];

		snprintf(text, sizeof text, "%.*s", (int)p->n, w->text + p->at);
		read_piece(&r, p->part, i == hit ? anew : text, i == hit ? month : w->month);
	}
	if (instant(&r, &read) && read == s)
		return true;
	if (!w->either_order)
		return false;
	int day = r.day;
	r.day = r.month;
	r.month = day;
	return instant(&r, &read) && read == s;
}

bool says(const struct written *w, size_t hit, const char *anew, int64_t s)
{
	unsigned months = w->pieces[hit].part == MONTH_NAME ? months_named(anew) : 1;

	for (int month = 1; month <= 12; month++)
		if (months >> (month - 1) & 1 && says_with(w, hit, anew, month, s))
			return true;
	return false;
}
