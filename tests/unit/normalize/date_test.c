#include "normalize/date-canonical.h"
#include "normalize/date-names.h"

#include "date_cases.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#define N(array) (sizeof(array) / sizeof(array)[0])

static enum date_result parse(struct str text, const char *language, int64_t *ret_s)
{
	const struct date_context context = {.language = str_of(language)};

	return date_parse(text, &context, ret_s);
}

static void test_cases(void **state)
{
	unsigned wrong = 0;

	(void)state;
	assert_true(n_date_cases >= 250);
	for (size_t i = 0; i < n_date_cases; i++) {
		const struct date_case *c = &date_cases[i];
		char time[TIME_TEXT_MAX] = "";
		int64_t s = 4711;
		enum date_result result = parse(c->text, c->language, &s);

		if (result == DATE_OK)
			time_format_s(s, time);
		else
			assert_int_equal(s, 4711); /* untouched */
		if (result != c->result || (c->time && strcmp(time, c->time))) {
			print_error("\"%.*s\": result %d %s, want %d %s\n", STR_FMT(c->text),
				result, time, c->result, c->time ? c->time : "");
			wrong++;
		}
	}
	assert_int_equal(wrong, 0);
}

/* Cut, and changed in every byte: whatever comes out is a year we accept. The text ends where its
 * memory ends, so that the sanitizer sees any step beyond. */
static void check_sane(struct str text, const char *language)
{
	char *copy = malloc(text.n + !text.n);
	int64_t s;

	memcpy(copy, text.p, text.n);
	if (parse(str_make(copy, text.n), language, &s) == DATE_OK)
		assert_in_range(s / DAY_S + 30000, calendar_days(1899, 12, 31) + 30000,
			calendar_days(2201, 1, 2) + 30000);
	free(copy);
}

static void test_prefixes(void **state)
{
	(void)state;
	for (size_t i = 0; i < n_date_cases; i++)
		for (size_t n = 0; n <= date_cases[i].text.n; n++) {
			check_sane(str_head(date_cases[i].text, n), date_cases[i].language);
			check_sane(str_skip(date_cases[i].text, n), date_cases[i].language);
		}
}

static void test_damaged(void **state)
{
	static const char bytes[] = "\0 -+:.,/(9TZm\x80\xE2\xFF";
	char text[256];

	(void)state;
	for (size_t i = 0; i < n_date_cases; i++) {
		struct str original = date_cases[i].text;

		if (original.n > sizeof text)
			continue;
		for (size_t at = 0; at < original.n; at++)
			for (size_t b = 0; b < sizeof bytes - 1; b++) {
				memcpy(text, original.p, original.n);
				text[at] = bytes[b];
				check_sane(str_make(text, original.n), date_cases[i].language);
			}
	}
}

static const char *const english_months[] = {
	"Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
static const char *const english_days[] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};

struct moment {
	int64_t year, days;
	int month, day, hour, minute, second;
};

/* The ways in which a date is written whole. */
static size_t format(char *out, size_t size, unsigned way, const struct moment *m)
{
	int year = (int)m->year;
	const char *weekday = english_days[calendar_weekday(m->days)];
	const char *month = english_months[m->month - 1];

	switch (way) {
	case 0:
		return (size_t)snprintf(out, size, "%s, %02d %s %04d %02d:%02d:%02d GMT", weekday,
			m->day, month, year, m->hour, m->minute, m->second);
	case 1:
		return (size_t)snprintf(out, size, "%04d-%02d-%02dT%02d:%02d:%02dZ", year, m->month,
			m->day, m->hour, m->minute, m->second);
	case 2:
		return (size_t)snprintf(out, size, "%s %s %2d %02d:%02d:%02d %04d", weekday, month,
			m->day, m->hour, m->minute, m->second, year);
	case 3:
		return (size_t)snprintf(out, size, "%04d%02d%02dT%02d%02d%02d+0000", year, m->month,
			m->day, m->hour, m->minute, m->second);
	case 4:
		return (size_t)snprintf(out, size, "%d.%d.%04d %d:%02d:%02d", m->day, m->month,
			year, m->hour, m->minute, m->second);
	case 5:
		return (size_t)snprintf(out, size, "%s %d, %04d, %d:%02d:%02d %s", month, m->day,
			year, m->hour % 12 ? m->hour % 12 : 12, m->minute, m->second,
			m->hour < 12 ? "AM" : "PM");
	case 6:
		return (size_t)snprintf(out, size, "%04d-%03d %02d:%02d:%02d", year,
			(int)(m->days - calendar_days(m->year, 1, 1) + 1), m->hour, m->minute,
			m->second);
	default:
		return (size_t)snprintf(out, size, "%04d年%d月%d日 %d時%d分%d秒", year, m->month,
			m->day, m->hour, m->minute, m->second);
	}
}

/* Both readers, which must agree on what the first one reads at all. */
static bool check_canonical(const char *text)
{
	static const char *const languages[] = {NULL, "en", "en-US", "es", "pt", "fr", "de", "it",
		"ca", "nl", "pl", "ru", "ko", "ja"};
	int64_t s = 0, general = 0;

	if (!date_canonical(str_of(text), &s))
		return false;
	for (size_t i = 0; i < N(languages); i++) {
		const struct date_context context = {.language = str_of(languages[i])};

		if (date_parse_general(str_of(text), &context, &general) != DATE_OK || s != general)
			fail_msg("\"%s\" in %s: %lld, and %lld in general", text,
				languages[i] ? languages[i] : "no language", (long long)s,
				(long long)general);
	}
	return true;
}

static void test_canonical(void **state)
{
	static const char *const days[] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
	static const char *const months[] = {
		"Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
	static const char *const zones[] = {
		"+0000", "-0500", "+0200", "GMT", "UTC", "Z", "+0530", "-0330", "+1145", "-1130"};
	char text[64];

	(void)state;
	/* All that is read, for each of its parts; the weekday is often wrong. */
	for (unsigned day = 1; day <= 31; day++)
		for (unsigned month = 0; month < 12; month++)
			for (unsigned year = 1900; year <= 2200; year += day == 29 ? 25 : 71) {
				snprintf(text, sizeof text, "%s, %02u %s %u %02u:%02u:%02u %s",
					days[(day + month) % 7], day, months[month], year, day % 24,
					day * 7 % 60, month * 5, zones[(day + year) % N(zones)]);
				check_canonical(text);
				snprintf(text, sizeof text, "%u-%02u-%02uT%02u:%02u:%02u%s", year,
					month + 1, day, month * 2, day, day * 11 % 60,
					year % 2 ? "Z" : "-03:30");
				check_canonical(text);
			}
	/* What is written to the letter is read; one character off, and it is not, or it means the same
	 * in general. */
	static const char *const good[] = {"Fri, 12 May 2017 15:04:05 +0200",
		"Tue, 01 Mar 2016 00:00:59 GMT", "Sat, 29 Feb 2020 23:59:00 Z",
		"2017-05-12T15:04:05Z", "2200-12-31T23:59:59-11:30"};
	for (size_t i = 0; i < N(good); i++) {
		assert_true(check_canonical(good[i]));
		for (size_t at = 0; at < strlen(good[i]); at++)
			for (unsigned c = 1; c < 256; c++) {
				strncpy(text, good[i], sizeof text - 1);
				text[at] = (char)c;
				check_canonical(text);
			}
	}
	assert_false(check_canonical("2017-02-29T00:00:00Z"));
	assert_false(check_canonical("2017-05-12T24:00:00Z"));
	assert_false(check_canonical("2016-12-31T23:59:60Z"));
	assert_false(check_canonical("1899-12-31T23:59:59Z"));
	assert_false(check_canonical("2017-05-12T15:04:05z"));
	assert_false(check_canonical(""));
}

static void test_round_trip(void **state)
{
	const int64_t first = calendar_days(1900, 1, 1) * DAY_S,
		      last = calendar_days(2201, 1, 1) * DAY_S;

	(void)state;
	/* A step of about three days that meets all hours, minutes and seconds. */
	for (int64_t s = first; s < last; s += 3 * DAY_S + 3671) {
		int64_t days = s >= 0 ? s / DAY_S : -((-s + DAY_S - 1) / DAY_S);
		int rest = (int)(s - days * DAY_S);
		struct moment m = {.days = days,
			.hour = rest / 3600,
			.minute = rest / 60 % 60,
			.second = rest % 60};

		calendar_date(days, &m.year, &m.month, &m.day);
		for (unsigned way = 0; way < 8; way++) {
			char text[80];
			size_t n = format(text, sizeof text, way, &m);
			int64_t read = 0;

			if (parse(str_make(text, n), NULL, &read) != DATE_OK || read != s)
				fail_msg("%s", text);
		}
	}
}

static void test_offsets(void **state)
{
	(void)state;
	for (int minutes = -12 * 60; minutes <= 14 * 60; minutes++) {
		static const char *const forms[] = {"2017-05-12T10:00:00%c%02d:%02d",
			"12 May 2017 10:00:00 %c%02d%02d", "12 May 2017 10:00 UTC%c%d:%02d"};

		for (size_t i = 0; i < N(forms); i++) {
			char text[80], sign = minutes < 0 ? '-' : '+';
			int64_t s = 0;

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
			snprintf(text, sizeof text, forms[i], sign, abs(minutes) / 60,
				abs(minutes) % 60);
#pragma GCC diagnostic pop
			assert_int_equal(parse(str_of(text), NULL, &s), DATE_OK);
			assert_int_equal(s, 1494583200 - minutes * 60);
		}
	}
}

/* No pair of numbers is read without a reason, and each reason decides alone. */
static void test_ambiguity(void **state)
{
	(void)state;
	for (int a = 1; a <= 31; a++)
		for (int b = 1; b <= 31; b++) {
			char text[80];
			int64_t s = 0, day_first = calendar_days(2019, b > 12 ? 1 : b, a) * DAY_S,
				month_first = calendar_days(2019, a > 12 ? 1 : a, b) * DAY_S;
			bool can_day_first = b <= 12 && a <= calendar_month_length(2019, b);
			bool can_month_first = a <= 12 && b <= calendar_month_length(2019, a);

			snprintf(text, sizeof text, "%02d/%02d/2019", a, b);
			enum date_result result = parse(str_of(text), NULL, &s);

			if (!can_day_first && !can_month_first) {
				assert_int_equal(result, DATE_INVALID);
				continue;
			}
			if (can_day_first && can_month_first && a != b) {
				assert_int_equal(result, DATE_AMBIGUOUS);
				assert_int_equal(parse(str_of(text), "es-AR", &s), DATE_OK);
				assert_int_equal(s, day_first);
				assert_int_equal(parse(str_of(text), "en-US", &s), DATE_OK);
				assert_int_equal(s, month_first);
				continue;
			}
			assert_int_equal(result, DATE_OK);
			assert_int_equal(s, can_day_first ? day_first : month_first);
		}
}

/* One string per language: the names that occur in its dates, January first. */
static const char *const months[] = {
	"January February March April May June July August September October November December",
	"enero febrero marzo abril mayo junio julio agosto septiembre octubre noviembre diciembre",
	"ene feb mar abr may jun jul ago sep oct nov dic",
	"janeiro fevereiro março abril maio junho julho agosto setembro outubro novembro dezembro",
	"jan fev mar abr mai jun jul ago set out nov dez",
	"xaneiro febreiro marzo abril maio xuño xullo agosto setembro outubro novembro decembro",
	"janvier février mars avril mai juin juillet août septembre octobre novembre décembre",
	"gennaio febbraio marzo aprile maggio giugno luglio agosto settembre ottobre novembre "
	"dicembre",
	"gen feb mar apr mag giu lug ago set ott nov dic",
	"gener febrer març abril maig juny juliol agost setembre octubre novembre desembre",
	"urtarrilaren otsailaren martxoaren apirilaren maiatzaren ekainaren uztailaren abuztuaren "
	"irailaren urriaren azaroaren abenduaren",
	"Januar Februar März April Mai Juni Juli August September Oktober November Dezember",
	"januari februari maart april mei juni juli augustus september oktober november december",
	"jan feb mrt apr mei jun jul aug sep okt nov dec",
	"januari februari mars april maj juni juli augusti september oktober november december",
	"januar februar marts april maj juni juli august september oktober november december",
	"januar februar mars april mai juni juli august september oktober november desember",
	"tammikuuta helmikuuta maaliskuuta huhtikuuta toukokuuta kesäkuuta heinäkuuta elokuuta "
	"syyskuuta lokakuuta marraskuuta joulukuuta",
	"jaanuar veebruar märts aprill mai juuni juuli august september oktoober november "
	"detsember",
	"stycznia lutego marca kwietnia maja czerwca lipca sierpnia września października "
	"listopada grudnia",
	"ledna února března dubna května června července srpna září října listopadu prosince",
	"januára februára marca apríla mája júna júla augusta septembra októbra novembra decembra",
	"siječnja veljače ožujka travnja svibnja lipnja srpnja kolovoza rujna listopada studenoga "
	"prosinca",
	"január február március április május június július augusztus szeptember október november "
	"december",
	"ianuarie februarie martie aprilie mai iunie iulie august septembrie octombrie noiembrie "
	"decembrie",
	"Ocak Şubat Mart Nisan Mayıs Haziran Temmuz Ağustos Eylül Ekim Kasım Aralık",
	"Januari Februari Maret April Mei Juni Juli Agustus September Oktober November Desember",
	"sausio vasario kovo balandžio gegužės birželio liepos rugpjūčio rugsėjo spalio lapkričio "
	"gruodžio",
	"Ιανουαρίου Φεβρουαρίου Μαρτίου Απριλίου Μαΐου Ιουνίου Ιουλίου Αυγούστου Σεπτεμβρίου "
	"Οκτωβρίου Νοεμβρίου Δεκεμβρίου",
	"ΙΑΝΟΥΑΡΙΟΥ ΦΕΒΡΟΥΑΡΙΟΥ ΜΑΡΤΙΟΥ ΑΠΡΙΛΙΟΥ ΜΑΪΟΥ ΙΟΥΝΙΟΥ ΙΟΥΛΙΟΥ ΑΥΓΟΥΣΤΟΥ ΣΕΠΤΕΜΒΡΙΟΥ "
	"ΟΚΤΩΒΡΙΟΥ ΝΟΕΜΒΡΙΟΥ ΔΕΚΕΜΒΡΙΟΥ",
	"января февраля марта апреля мая июня июля августа сентября октября ноября декабря",
	"січня лютого березня квітня травня червня липня серпня вересня жовтня листопада грудня",
	"януари февруари март април май юни юли август септември октомври ноември декември",
	"јануара фебруара марта априла маја јуна јула августа септембра октобра новембра децембра",
	"يناير فبراير مارس أبريل مايو يونيو يوليو أغسطس سبتمبر أكتوبر نوفمبر ديسمبر",
};

static void test_months(void **state)
{
	(void)state;
	for (size_t i = 0; i < N(months); i++) {
		struct str rest = str_of(months[i]), name;
		int month = 1;

		for (; str_word(&rest, &name); month++) {
			bool contested = str_is(name, "listopada"); /* Croatian or Polish */
			char text[80];
			int64_t s = 0;

			snprintf(text, sizeof text, "12 %.*s 2017", STR_FMT(name));
			if (contested)
				assert_int_equal(parse(str_of(text), NULL, &s), DATE_AMBIGUOUS);
			if (parse(str_of(text),
				    !contested    ? NULL
				    : month == 11 ? "pl"
						  : "hr",
				    &s) != DATE_OK ||
				s != calendar_days(2017, month, 12) * DAY_S)
				fail_msg("%s", text);
		}
		assert_int_equal(month, 13);
	}
}

/* The binary search needs the order; and what is in the table must be what words fold to. */
static void test_names(void **state)
{
	size_t n;
	const struct date_name *names = date_names(&n);

	(void)state;
	for (size_t i = 0; i < n; i++) {
		size_t length = strlen(names[i].name);

		if (i && strcmp(names[i - 1].name, names[i].name) >= 0)
			fail_msg("%s is not behind %s", names[i].name, names[i - 1].name);
		assert_true(length + 4 <= DATE_NAME_MAX);
		if (date_name_find(str_of(names[i].name)) != &names[i])
			fail_msg("%s is not folded", names[i].name);
	}
}

static void test_long(void **state)
{
	static char text[1 << 20];
	int64_t s;

	(void)state;
	for (const char *fill = " (1aT-\xE5"; *fill; fill++) {
		memset(text, *fill, sizeof text);
		memcpy(text, "12 May 2017", 11);
		for (size_t n = 240; n < 270; n++)
			check_sane(str_make(text, n), NULL);
		assert_int_equal(parse(str_make(text, sizeof text), NULL, &s), DATE_INVALID);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_cases),
		cmocka_unit_test(test_prefixes),
		cmocka_unit_test(test_damaged),
		cmocka_unit_test(test_canonical),
		cmocka_unit_test(test_round_trip),
		cmocka_unit_test(test_offsets),
		cmocka_unit_test(test_ambiguity),
		cmocka_unit_test(test_months),
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_long),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
