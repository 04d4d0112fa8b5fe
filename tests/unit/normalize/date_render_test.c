/* No wrong date: what the parser makes of dates that we know, and of the same with a slip in them.
 *
 * A date is written as a row of pieces from a template, in a language, with a zone. The text must be
 * read as exactly that instant; only what this file says to be ambiguous may be refused.
 *
 * Then every character is left out, changed to another one, or swapped with its neighbour. The
 * result must be one of three: no date; the instant as it was; or the instant that the pieces give
 * when the one piece that was hit is read anew, as a careful reader would who has only the text: a
 * "2" for the lost "12" is a day, "PST" for "EST" a zone, "Jun" for "Jul" a month. Anything else is
 * a date that nobody wrote. Not checked is what makes another text that is as good as the first: a
 * separator turned into a digit between two others, a digit that changes sides, the lost sign of an
 * offset that sticks to the time. */
#include "normalize/date.h"

#include "date_written.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#define N(array) (sizeof(array) / sizeof(array)[0])

static unsigned long n_read, n_refused, n_mutants, n_mutants_read, n_wrong;

static enum date_result parse(struct str text, const char *language, int64_t *ret)
{
	const struct date_context context = {.language = str_of(language)};

	return date_parse(text, &context, ret);
}

static void complain(const struct written *w, struct str text, int64_t got)
{
	char time[TIME_TEXT_MAX];

	time_format_s(got, time);
	print_error("\"%.*s\" (from \"%s\", %s) read as %s\n", STR_FMT(text), w->text,
		w->context ? w->context : "no language", time);
	n_wrong++;
}

static void check_mutant(const struct written *w, struct str text, size_t at, size_t n, int grown)
{
	int64_t s;

	n_mutants++;
	if (parse(text, w->context, &s) != DATE_OK)
		return;
	n_mutants_read++;
	if (s == w->s)
		return;
	/* The piece that was hit, if it was one alone; or the one that the new character joins. */
	for (size_t i = 0; i < w->n_pieces; i++) {
		const struct piece *p = &w->pieces[i];
		size_t from = p->at, to = p->at + p->n;
		char anew[64];

		from -= at + 1 == from && n == 1 && !grown;
		to += at == to && n == 1 && !grown;
		if (at < from || at + n > to)
			continue;
		snprintf(anew, sizeof anew, "%.*s", (int)(to - from) + grown, text.p + from);
		if (says(w, i, anew, s))
			return;
	}
	complain(w, text, s);
}

static bool is_digit_at(const struct written *w, size_t i)
{
	return i < w->n && ascii_is_digit((unsigned char)w->text[i]);
}

static const struct piece *piece_at(const struct written *w, size_t i)
{
	for (size_t p = 0; p < w->n_pieces; p++)
		if (i >= w->pieces[p].at && i < w->pieces[p].at + w->pieces[p].n)
			return &w->pieces[p];
	return NULL;
}

/* Two digits of numbers that stand side by side without a sign, or a digit and the sign between
 * numbers of any length: "1/25" is as good a text as "12/5" was. */
static bool moves_digit(const struct written *w, size_t i)
{
	const struct piece *left = piece_at(w, i), *right = piece_at(w, i + 1);

	if (is_digit_at(w, i) && is_digit_at(w, i + 1))
		return left != right;
	if (is_digit_at(w, i) && is_digit_at(w, i + 2))
		return left->is_loose || piece_at(w, i + 2)->is_loose;
	if (i && is_digit_at(w, i - 1) && is_digit_at(w, i + 1))
		return right->is_loose || piece_at(w, i - 1)->is_loose;
	return false;
}

/* Without its sign an offset right behind the time is a part of the time. */
static bool is_glued_sign(const struct written *w, size_t i)
{
	return (w->text[i] == '+' || w->text[i] == '-') && piece_at(w, i)->part == ZONE && i &&
	       is_digit_at(w, i - 1);
}

/* Two numbers that become one are another text, in which nothing shows that there were two. */
static bool joins_numbers(const struct written *w, size_t i, char c)
{
	return ascii_is_digit((unsigned char)c) && !is_digit_at(w, i) && i &&
	       is_digit_at(w, i - 1) && is_digit_at(w, i + 1);
}

static void mutate(const struct written *w)
{
	static const char letters[] = "0123456789 -+:/.,;TZaMpohdsrme";
	char text[sizeof w->text];

	for (size_t i = 0; i < w->n; i++) {
		if ((unsigned char)w->text[i] >= 0x80)
			continue; /* half a character is a matter for other tests */
		if (is_glued_sign(w, i))
			continue;
		memcpy(text, w->text, i);
		memcpy(text + i, w->text + i + 1, w->n - i - 1);
		check_mutant(w, str_make(text, w->n - 1), i, 1, -1);
		for (const char *c = letters; *c; c++) {
			memcpy(text, w->text, w->n);
			text[i] = *c;
			if (joins_numbers(w, i, *c))
				continue;
			check_mutant(w, str_make(text, w->n), i, 1, 0);
		}
		if (i + 1 < w->n && (unsigned char)w->text[i + 1] < 0x80 && !moves_digit(w, i)) {
			memcpy(text, w->text, w->n);
			text[i] = w->text[i + 1];
			text[i + 1] = w->text[i];
			check_mutant(w, str_make(text, w->n), i, 2, 0);
		}
	}
}

/* `may_refuse`: what this date is called if it is not read. */
static void check(const struct written *w, enum date_result may_refuse)
{
	int64_t s = 0;
	enum date_result result = parse(str_make(w->text, w->n), w->context, &s);

	n_read += result == DATE_OK;
	n_refused += result != DATE_OK;
	if (result == DATE_OK && s != w->s) {
		complain(w, str_make(w->text, w->n), s);
	} else if (result != DATE_OK && result != may_refuse) {
		print_error("\"%s\" (%s): result %d\n", w->text,
			w->context ? w->context : "no language", result);
		n_wrong++;
	}
}

static const int64_t instants[] = {
	INT64_C(1494583449), /* 2017-05-12T10:04:09Z */
	INT64_C(1070236798), /* 2003-11-30T23:59:58Z */
	INT64_C(1582934400), /* 2020-02-29T00:00:00Z */
	INT64_C(946643445),  /* 1999-12-31T12:30:45Z */
	INT64_C(1722560523), /* 2024-08-02T01:02:03Z */
	INT64_C(1286705410), /* 2010-10-10T10:10:10Z */
	INT64_C(1328216461), /* 2012-02-02T21:01:01Z */
};

/* Names and numbers that do not depend on a language. */
static const char *const english_templates[] = {
	"%a, %D %b %Y %H:%M:%S %Z",
	"%a, %e %b %Y %H:%M:%S %Z",
	"%D %b %Y %H:%M:%S %Z",
	"%a, %D %b %y %H:%M:%S %Z",
	"%A, %D-%b-%y %H:%M:%S %Z",
	"%a, %D-%b-%Y %H:%M:%S %Z",
	"%a, %D %B %Y %H:%M:%S %Z",
	"%a %D %b %Y %k:%M %Z",
	"%a, %b %D, %Y %H:%M:%S %Z",
	"%A, %B %e, %Y, %I:%M:%S %p %Z",
	"%B %e, %Y %I:%M %p %Z",
	"%a %b %e %H:%M:%S %Z %Y",
	"%a %b %D %Y %H:%M:%S %Z",
	"%e %b. %Y, %k:%M %Z",
	"%a,%D %b %Y %H:%M:%S %Z",
	"%Y-%m-%D %H:%M:%S %Z",
	"%Y-%m-%DT%H:%M:%S%Z",
	"%Y-%m-%DT%H:%M:%S.123%Z",
	"%Y-%m-%Dt%H:%M:%S,5%Z",
	"%Y-%m-%DT%H:%M%Z",
	"%Y-%m-%DT%H%Z",
	"%Y%m%DT%H%M%S%Z",
	"%Y-%m-%D %H:%M:%S.123456 %Z",
	"%Y/%m/%D %H:%M:%S %Z",
	"%Y-%jT%H:%M:%S%Z",
};

/* Where a zone of letters alone would run into what stands before it, or stands after T. */
static bool fits(const char *template, const struct zone *zone)
{
	size_t n = strlen(template);
	bool glued = n > 2 && template[n - 3] != ' ';
	bool hours_alone = strstr(template, "T%H%Z");

	if (*zone->text == '+' || *zone->text == '-')
		return true;
	return !glued || (!strcmp(zone->text, "Z") || (!hours_alone && strlen(zone->text) > 1));
}

static void test_templates_and_zones(void **state)
{
	(void)state;
	for (size_t t = 0; t < N(english_templates); t++)
		for (size_t z = 0; z < n_zones; z++)
			for (size_t i = 0; i < N(instants); i++) {
				struct written w;

				if (!fits(english_templates[t], &zones[z]))
					continue;
				w = write_date(&date_languages[0], english_templates[t], &zones[z],
					instants[i]);
				check(&w, DATE_OK);
			}
	assert_int_equal(n_wrong, 0);
}

static const char *const language_templates[] = {
	"%e %B %Y %H:%M:%S %Z",
	"%A, %e %B %Y %H:%M:%S %Z",
	"%a, %D %b %Y %H:%M:%S %Z",
	"%D-%b-%Y %H:%M %Z",
	"%B %e, %Y %H:%M %Z",
	"%Y %B %e %H:%M:%S %Z",
	"%e. %B %Y %H:%M:%S %Z",
};

/* Months and weekdays that are the same word cannot be told apart without the language. */
static void test_languages(void **state)
{
	static const struct zone some[] = {
		{"GMT", 0}, {"+0200", 120}, {"-0300", -180}, {"CEST", 120}};

	(void)state;
	for (size_t l = 0; l < n_date_languages; l++)
		for (size_t i = 0; i < 12 * N(some); i++) {
			const struct date_language *language = &date_languages[l];
			int64_t s = INT64_C(1483272069) + (int64_t)(i / N(some)) * 2629800;

			for (size_t t = 0; t < N(language_templates); t++) {
				struct written w = write_date(
					language, language_templates[t], &some[i % N(some)], s);

				w.context = language->tag;
				check(&w, DATE_OK);
				w.context = NULL;
				check(&w, DATE_AMBIGUOUS);
			}
			for (size_t t = 0; language->templates[t]; t++) {
				struct written w =
					write_date(language, language->templates[t], &some[0], s);

				w.context = language->tag;
				w.s -= language->minutes * 60;
				check(&w, DATE_OK);
				w.context = NULL;
				check(&w, DATE_AMBIGUOUS);
			}
		}
	assert_int_equal(n_wrong, 0);
}

static const struct {
	const char *template, *context;
} numeric[] = {
	{"%D/%m/%Y %H:%M:%S %Z", "es-CO"},
	{"%e/%n/%Y %k:%M %Z", "pt"},
	{"%D-%m-%Y %H:%M:%S %Z", "fr"},
	{"%D.%m.%Y %H:%M:%S %Z", "de"},
	{"%D.%m.%y %H:%M %Z", "de"},
	{"%m/%D/%Y %H:%M:%S %Z", "en-US"},
	{"%n/%e/%Y %I:%M:%S %p %Z", "en-US"},
	{"%D/%m/%Y %H:%M:%S %Z", NULL},
	{"%m/%D/%Y %H:%M:%S %Z", NULL},
	{"%D/%m/%y %H:%M:%S %Z", "es"},
};

static void test_numbers(void **state)
{
	static const struct zone some[] = {{"GMT", 0}, {"+0200", 120}, {"-0300", -180}};

	(void)state;
	for (size_t t = 0; t < N(numeric); t++)
		for (size_t i = 0; i < 366 * N(some); i++) {
			struct written w = write_date(&date_languages[0], numeric[t].template,
				&some[i % N(some)],
				INT64_C(1577880069) + (int64_t)(i / N(some)) * DAY_S);

			w.context = numeric[t].context;
			w.either_order = true;
			check(&w, w.context ? DATE_OK : DATE_AMBIGUOUS);
		}
	assert_int_equal(n_wrong, 0);
}

static void test_slips(void **state)
{
	static const struct zone some[] = {{"GMT", 0}, {"EST", -300}, {"+0200", 120},
		{"-03:00", -180}, {"UTC+2", 120}, {"Z", 0}};

	(void)state;
	for (size_t z = 0; z < N(some); z++)
		for (size_t i = 0; i < N(instants); i++) {
			for (size_t t = 0; t < N(english_templates); t++) {
				struct written w;

				if (!fits(english_templates[t], &some[z]))
					continue;
				w = write_date(&date_languages[0], english_templates[t], &some[z],
					instants[i]);
				mutate(&w);
			}
			for (size_t t = 0; t < N(numeric); t++) {
				struct written w = write_date(&date_languages[0],
					numeric[t].template, &some[z], instants[i]);

				w.context = numeric[t].context;
				w.either_order = true;
				mutate(&w);
			}
		}
	assert_int_equal(n_wrong, 0);
}

static void test_slips_in_languages(void **state)
{
	static const struct zone zone = {"+0200", 120};

	(void)state;
	for (size_t l = 0; l < n_date_languages; l++)
		for (size_t i = 0; i < 12; i++)
			for (size_t t = 0; t < 3; t++) {
				struct written w =
					write_date(&date_languages[l], language_templates[t], &zone,
						INT64_C(1483272069) + (int64_t)i * 2629800);

				w.context = date_languages[l].tag;
				mutate(&w);
			}
	assert_int_equal(n_wrong, 0);
}

static void test_enough_was_done(void **state)
{
	(void)state;
	print_message(
		"%lu renderings read, %lu refused as ambiguous; %lu slips, %lu of them read\n",
		n_read, n_refused, n_mutants, n_mutants_read);
	assert_true(n_read > 20000 && n_mutants > 500000 && n_mutants_read > n_mutants / 10);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_templates_and_zones),
		cmocka_unit_test(test_languages),
		cmocka_unit_test(test_numbers),
		cmocka_unit_test(test_slips),
		cmocka_unit_test(test_slips_in_languages),
		cmocka_unit_test(test_enough_was_done),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
