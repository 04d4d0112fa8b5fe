/* A date is read in three steps, each once over the text:
 *
 *   1. date-token.c cuts it into words, numbers and signs; a character or word nobody writes in
 *      dates ends the reading there.
 *   2. date-clock.c finds the time and the zone and takes them out, wherever they stand.
 *   3. What is left is year, month and day, by name or by number: date-fields.c sorts it, and this
 *      file decides what it means.
 *
 * Principles, in this order:
 *   - No wrong date. Every reading that writers are known to mean is tried; if two different ones
 *     remain, the result is DATE_AMBIGUOUS. What speaks for one, strongest first: only one is
 *     possible (13/05), only one fits the weekday given, the language writes in that order.
 *   - A weekday that contradicts a date readable in one way only is a writer's slip and ignored.
 *     A month's name that two languages use differently is the feed's language's first.
 *   - A sign or letter where nobody writes one makes it no date: it has taken another one's place.
 *   - A word we do not know makes it no date: it could be anything ("before 12 May").
 *   - Two-digit years are POSIX's: 69–99 are 1969–1999, 00–68 are 2000–2068.
 *   - A date without time is its first second; without zone it is UTC, but Korean words mean
 *     Korea's time, as there is no other place that writes them.
 *   - ISO 8601 may leave out the day and the month ("2017", "2017-05": W3C's profile): the first
 *     instant. Prose may not: "October 2011" names a month, not a date.
 *   - Years before 1900 and after 2200 are slips of writers or other calendars'. */
#include "normalize/date.h"

#include "normalize/date-canonical.h"
#include "normalize/date-clock.h"
#include "normalize/date-fields.h"

#define YEAR_MIN 1900
#define YEAR_MAX 2200

struct day {
	int year, month, day;
};

static bool is_possible(const struct day *d)
{
	return d->year >= YEAR_MIN && d->year <= YEAR_MAX && d->month >= 1 && d->month <= 12 &&
	       d->day >= 1 && d->day <= calendar_month_length(d->year, d->month);
}

static int full_year(struct date_field f)
{
	if (f.digits != 2)
		return (int)f.value;
	return (int)f.value + (f.value < 69 ? 2000 : 1900);
}

static bool fits_weekday(const struct day *d, unsigned days)
{
	return days >> calendar_weekday(calendar_days(d->year, d->month, d->day)) & 1;
}

/* The readings of a date that are possible, and those of them that fit the weekday given. */
struct choice {
	struct day possible, fitting, preferred;
	unsigned n_possible, n_fitting; /* different ones */
	bool has_preferred;
};

static bool is_same(const struct day *a, const struct day *b)
{
	return a->year == b->year && a->month == b->month && a->day == b->day;
}

/* `preferred`: the reading the language speaks for. */
static void offer(struct choice *choice, const struct day *day, unsigned days, bool preferred)
{
	if (!is_possible(day))
		return;
	if (!choice->n_possible || !is_same(day, &choice->possible)) {
		choice->possible = *day;
		choice->n_possible++;
	}
	if (fits_weekday(day, days) && (!choice->n_fitting || !is_same(day, &choice->fitting))) {
		choice->fitting = *day;
		choice->n_fitting++;
	}
	if (preferred) {
		choice->preferred = *day;
		choice->has_preferred = true;
	}
}

static enum date_result choose(const struct choice *choice, struct day *ret)
{
	if (!choice->n_possible)
		return DATE_INVALID;
	if (choice->n_possible == 1)
		*ret = choice->possible;
	else if (choice->n_fitting == 1)
		*ret = choice->fitting;
	else if (choice->has_preferred)
		*ret = choice->preferred;
	else
		return DATE_AMBIGUOUS;
	return DATE_OK;
}

/* What speaks for the reading that choose() takes. */
static const char *decided_by(const struct choice *choice)
{
	if (choice->n_possible < 2)
		return NULL;
	return choice->n_fitting == 1 ? "weekday" : choice->has_preferred ? "language" : NULL;
}

/* 12 May 2017, May 12 2017, 2017 May 12, and with two digits as RFC 822 has it: day first. */
static enum date_result read_named(const struct date_fields *f, struct str language,
	struct day *ret, struct date_reading *reading)
{
	bool year_first =
		f->number[0].digits == 4 || (f->number[1].digits != 4 && f->number[0].value > 31);
	struct date_field year = f->number[!year_first], day = f->number[year_first];
	int usual = date_name_month_in(f->month_name, language);
	unsigned months = usual ? 1u << (usual - 1) : f->months;
	struct choice choice = {0};

	if (f->n != 2 || day.digits > 2 || (year.digits != 4 && year.digits != 2))
		return DATE_INVALID;
	/* "36-Nov-03" is no day; the weekday says that somebody meant to write one. */
	if (year_first && year.digits == 2 && (year.value < 69 || f->days))
		return DATE_INVALID;
	for (int month = 1; month <= 12; month++) {
		struct day d = {full_year(year), month, (int)day.value};

		if (months >> (month - 1) & 1)
			offer(&choice, &d, f->days, false);
	}
	reading->form = "month by name";
	reading->decided_by = usual ? "language" : decided_by(&choice);
	return choose(&choice, ret);
}

#define ORDER(order) (1u << DATE_ORDER_##order)

/* The orders in which somebody may have written three numbers. */
static unsigned orders_of(const struct date_fields *f)
{
	unsigned first = f->number[0].digits, middle = f->number[1].digits,
		 last = f->number[2].digits;

	if (f->separator == 'x' || middle > 2)
		return 0;
	if (first == 4)
		return last <= 2 ? ORDER(YMD) : 0;
	if (f->separator == 'u' || first > 2)
		return 0;
	if (last == 4)
		return f->separator == '.' ? ORDER(DMY) : ORDER(DMY) | ORDER(MDY);
	if (last > 2)
		return 0;
	return (last == 2 ? ORDER(DMY) : 0) | (first == 2 ? ORDER(YMD) : 0) |
	       (last == 2 && f->separator != '.' ? ORDER(MDY) : 0);
}

static struct day in_order(const struct date_fields *f, enum date_order order)
{
	const struct date_field *n = f->number;

	switch (order) {
	case DATE_ORDER_DMY:
		return (struct day){full_year(n[2]), (int)n[1].value, (int)n[0].value};
	case DATE_ORDER_MDY:
		return (struct day){full_year(n[2]), (int)n[0].value, (int)n[1].value};
	default:
		return (struct day){full_year(n[0]), (int)n[1].value, (int)n[2].value};
	}
}

static enum date_result read_numbers(const struct date_fields *f, struct str language,
	struct day *ret, struct date_reading *reading)
{
	static const char *const forms[] = {[DATE_ORDER_DMY] = "numbers, day first",
		[DATE_ORDER_MDY] = "numbers, month first",
		[DATE_ORDER_YMD] = "numbers, year first"};
	enum date_order usual = date_order_in(language);
	unsigned orders = orders_of(f);
	struct choice choice = {0};
	enum date_result result;

	for (enum date_order order = DATE_ORDER_DMY; order <= DATE_ORDER_YMD; order++) {
		struct day day = in_order(f, order);

		if (orders >> order & 1)
			offer(&choice, &day, f->days, order == usual);
	}
	result = choose(&choice, ret);
	reading->form = "numbers";
	reading->decided_by = decided_by(&choice);
	for (enum date_order order = DATE_ORDER_YMD; !result && order >= DATE_ORDER_DMY; order--) {
		struct day day = in_order(f, order);

		if (orders >> order & 1 && is_same(&day, ret))
			reading->form = forms[order];
	}
	/* ISO 8601 once had "03-05-12", and some write years in front; where others do, "81.12.03" is
	 * a day that cannot be. */
	if (!result && f->number[0].digits == 2 && f->separator != '-' && usual != DATE_ORDER_YMD &&
		ret->year == full_year(f->number[0]) && ret->year != full_year(f->number[2]))
		return DATE_INVALID;
	return result;
}

static enum date_result from_day_of_year(unsigned year, unsigned ordinal, struct day *ret)
{
	int64_t first = calendar_days(year, 1, 1), y;

	if (year < YEAR_MIN || year > YEAR_MAX || !ordinal || ordinal > 366)
		return DATE_INVALID;
	calendar_date(first + ordinal - 1, &y, &ret->month, &ret->day);
	ret->year = (int)y;
	return y == year ? DATE_OK : DATE_INVALID;
}

/* What ISO 8601 can write with less than three numbers. */
static enum date_result read_reduced(
	const struct date_fields *f, const struct date_clock *clock, struct day *ret)
{
	unsigned v = f->number[0].value, w = f->number[1].value;
	unsigned digits = f->number[0].digits;
	bool bare = !clock->found && !clock->has_zone && !f->n_words;

	if (f->n == 1 && digits == 8) {
		*ret = (struct day){(int)(v / 10000), (int)(v / 100 % 100), (int)(v % 100)};
		return DATE_OK;
	}
	if (f->n == 1 && digits == 4 && bare) {
		*ret = (struct day){(int)v, 1, 1};
		return DATE_OK;
	}
	if (f->n != 2 || f->separator != '-' || digits != 4)
		return DATE_INVALID;
	if (f->number[1].digits == 3 && !clock->compact)
		return from_day_of_year(v, w, ret);
	if (f->number[1].digits != 2 || !bare)
		return DATE_INVALID;
	*ret = (struct day){(int)v, (int)w, 1};
	return DATE_OK;
}

/* 2017-W19-5, 2017W195, 2017-W19. Week 1 is the one with 4 January; weeks begin on Monday. Takes
 * its tokens; DATE_NONE if this is no week date. */
static enum date_result take_week(struct date_tokens *tokens, struct day *ret)
{
	struct date_token *t = tokens->at;
	unsigned i = 1 + date_token_is_sign(&t[1], '-'), week, day = 1, end = i + 2;
	int64_t jan4, start, year;

	if (!date_token_is_number(&t[0]) || t[0].digits != 4 ||
		!date_token_has_role(&t[i], DATE_ROLE_WEEK) || !date_token_is_number(&t[i + 1]))
		return DATE_NONE;
	week = (unsigned)t[i + 1].value;
	if (t[i + 1].digits == 3) {
		day = week % 10;
		week /= 10;
	} else if (t[i + 1].digits != 2) {
		return DATE_INVALID;
	} else if (date_token_is_sign(&t[end], '-') && t[end + 1].digits == 1) {
		day = (unsigned)t[end + 1].value;
		end += 2;
	}
	year = (int64_t)t[0].value;
	if (year < YEAR_MIN || year > YEAR_MAX || !week || week > 53 || !day || day > 7)
		return DATE_INVALID;
	jan4 = calendar_days(year, 1, 4);
	start = jan4 - (calendar_weekday(jan4) + 6) % 7 + (week - 1) * 7;
	calendar_date(start + 3, &year, &ret->month, &ret->day); /* its Thursday has the year */
	if (year != (int64_t)t[0].value)
		return DATE_INVALID;
	calendar_date(start + day - 1, &year, &ret->month, &ret->day);
	ret->year = (int)year;
	for (i = 0; i < end; i++)
		date_token_take(&t[i]);
	tokens->reading.form = "week of the year (ISO 8601)";
	return DATE_OK;
}

/* 20170512100000 or 201705121000 in front: databases write so. Takes its token; DATE_NONE if this
 * is none. */
static enum date_result take_stamp(
	struct date_tokens *tokens, struct day *ret, struct date_clock *ret_clock)
{
	struct date_token *t = &tokens->at[0];
	uint64_t v = t->value;

	if (!date_token_is_number(t) || (t->digits != 14 && t->digits != 12))
		return DATE_NONE;
	*ret_clock = (struct date_clock){.found = true};
	if (t->digits == 14) {
		ret_clock->second = (unsigned)(v % 100);
		v /= 100;
	}
	ret_clock->minute = (unsigned)(v % 100);
	ret_clock->hour = (unsigned)(v / 100 % 100);
	v /= 10000;
	*ret = (struct day){(int)(v / 10000), (int)(v / 100 % 100), (int)(v % 100)};
	date_token_take(t);
	tokens->reading.form = "digits alone, with the time";
	return DATE_OK;
}

static enum date_result join(const struct day *day, const struct date_clock *clock, int64_t *ret_s)
{
	unsigned hour = clock->hour, minute = clock->minute, second = clock->second;
	int64_t s;

	if (!is_possible(day) || minute > 59 || second > 60 || hour > 24 ||
		(hour == 24 && (minute || second)))
		return DATE_INVALID;
	s = calendar_days(day->year, day->month, day->day) * DAY_S + hour * 3600 + minute * 60 +
	    second;
	s -= 60 * (clock->zone ? date_name_zone_at(clock->zone, s) : clock->zone_minutes);
	/* A leap second ends a UTC day; with a wrong zone at least an hour. It counts as the
	 * second after it, as everywhere. */
	if (second == 60 && minute != 59 && s % DAY_S)
		return DATE_INVALID;
	*ret_s = s;
	return DATE_OK;
}

/* Seconds (10 digits: 2001–2286) or milliseconds (13) since 1970, with or without a fraction. Ten
 * digits that are also a date and an hour could be either. DATE_NONE if this is none. */
static enum date_result read_epoch(struct date_tokens *tokens, int64_t *ret_s)
{
	const struct date_token *t = &tokens->at[0];
	const struct date_clock midnight = {0};
	unsigned v = (unsigned)(t->value / 100);
	struct day day = {(int)(v / 10000), (int)(v / 100 % 100), (int)(v % 100)};
	int64_t ignored;
	bool fraction = tokens->n == 3 && date_token_is_sign(&t[1], '.') &&
			date_token_is_number(&t[2]) && !t[1].spaced && !t[2].spaced;

	if (!date_token_is_number(t) || (t->digits != 10 && t->digits != 13) || t->value == 0 ||
		(tokens->n != 1 && !fraction))
		return DATE_NONE;
	if (t->digits == 10 && t->value % 100 < 24 && !join(&day, &midnight, &ignored))
		return DATE_AMBIGUOUS;
	tokens->reading.form = t->digits == 10 ? "seconds since 1970" : "milliseconds since 1970";
	*ret_s = (int64_t)(t->digits == 10 ? t->value : t->value / 1000);
	calendar_date(*ret_s / DAY_S, &ignored, &day.month, &day.day);
	return ignored <= YEAR_MAX ? DATE_OK : DATE_INVALID;
}

static enum date_result read_fields(struct date_tokens *tokens, struct str language,
	const struct date_clock *clock, struct day *ret)
{
	struct date_fields f;

	if (!date_fields_read(&f, tokens))
		return DATE_INVALID;
	if (f.months)
		return read_named(&f, language, ret, &tokens->reading);
	if (f.n == 3)
		return read_numbers(&f, language, ret, &tokens->reading);
	tokens->reading.form = "ISO 8601, basic or shortened";
	return read_reduced(&f, clock, ret);
}

/* Nothing but commas may be left around a date that was read whole. */
static bool is_used_up(const struct date_tokens *tokens)
{
	for (unsigned i = 0; i < tokens->n; i++)
		if (tokens->at[i].kind != DATE_TOKEN_TAKEN &&
			!date_token_is_sign(&tokens->at[i], ','))
			return false;
	return true;
}

static enum date_result read_tokens(struct date_tokens *tokens, struct str language, int64_t *ret_s)
{
	struct date_clock clock, stamp = {0};
	struct day day;
	enum date_result result = read_epoch(tokens, ret_s), whole;

	if (result != DATE_NONE)
		return result;
	whole = take_week(tokens, &day);
	if (whole == DATE_NONE)
		whole = take_stamp(tokens, &day, &stamp);
	if (whole == DATE_INVALID)
		return whole;
	result = date_clock_take(tokens, language, &clock);
	if (!result && whole == DATE_OK && !is_used_up(tokens))
		result = DATE_INVALID;
	if (!result && whole == DATE_NONE)
		result = read_fields(tokens, language, &clock, &day);
	if (result)
		return result;
	if (stamp.found) {
		if (clock.found)
			return DATE_INVALID;
		stamp.zone_minutes = clock.zone_minutes;
		stamp.zone = clock.zone;
		clock = stamp;
	}
	tokens->reading.zone = clock.zone_from;
	if (tokens->korean && !clock.has_zone) {
		clock.zone_minutes = 9 * 60;
		tokens->reading.zone = "Korea's, as the words are Korean";
	}
	return join(&day, &clock, ret_s);
}

enum date_result date_parse_general(
	struct str text, const struct date_context *context, int64_t *ret_s)
{
	struct date_tokens tokens;
	enum date_result result;
	int64_t s;

	if (!date_tokens_read(&tokens, text))
		return DATE_INVALID;
	if (!tokens.n)
		return str_trim(text).n ? DATE_INVALID : DATE_NONE;
	result = read_tokens(&tokens, context->language, &s);
	if (context->reading)
		*context->reading = tokens.reading;
	if (result == DATE_OK)
		*ret_s = s;
	return result;
}

enum date_result date_parse(struct str text, const struct date_context *context, int64_t *ret_s)
{
	struct str trimmed = str_trim(text);

	if (!trimmed.n)
		return DATE_NONE;
	/* Who asks how a date was read is told by the general reader. */
	if (!context->reading && date_canonical(trimmed, ret_s))
		return DATE_OK;
	return date_parse_general(text, context, ret_s);
}
