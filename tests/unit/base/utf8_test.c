/* The fast ways through UTF-8 against one character after another. */
#include "base/str.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/buf.h"

/* One good character of each kind, then what is none. */
static const char *const good[] = {"a", "\x7F", "\xC2\x80", "\xC3\xA9", "\xDF\xBF", "\xE0\xA0\x80",
	"\xE0\xBF\xBF", "\xE1\x80\x80", "\xE2\x80\x99", "\xEC\xBF\xBF", "\xED\x9F\xBF",
	"\xEE\x80\x80", "\xEF\xBF\xBF", "\xF0\x90\x80\x80", "\xF0\x9F\x98\x80", "\xF1\x80\x80\x80",
	"\xF4\x8F\xBF\xBF"};
static const char *const bad[] = {"\x80", "\xBF", "\xC0\x80", "\xC1\xBF", "\xC3", "\xC3\xC3\xA9",
	"\xC3\x28", "\xE0\x9F\xBF", "\xE2\x80", "\xE2\x28\xA1", "\xED\xA0\x80", "\xEF\xBF",
	"\xF0\x8F\xBF\xBF", "\xF0\x9F\x98", "\xF4\x90\x80\x80", "\xF5\x80\x80\x80", "\xFE", "\xFF"};
#define N(list) (sizeof(list) / sizeof *(list))

static size_t slow_prefix(struct str s)
{
	size_t i = 0;

	while (i < s.n) {
		int n = utf8_sequence(str_skip(s, i));
		if (n <= 0)
			break;
		i += (size_t)n;
	}
	return i;
}

static size_t slow_ascii(struct str s)
{
	size_t i = 0;

	while (i < s.n && (unsigned char)s.p[i] < 0x80)
		i++;
	return i;
}

static void check(struct str s)
{
	assert_int_equal(utf8_valid_prefix(s), slow_prefix(s));
	assert_int_equal(utf8_ascii_prefix(s), slow_ascii(s));
}

static void test_sequences(void **state)
{
	size_t n;

	(void)state;
	for (size_t i = 0; i < N(good); i++) {
		struct str s = str_of(good[i]);
		assert_int_equal(utf8_sequence(s), s.n);
		utf8_decode(s, &n);
		assert_int_equal(n, s.n);
		for (size_t cut = 1; cut < s.n; cut++)
			assert_int_equal(utf8_sequence(str_head(s, cut)), -1);
	}
	for (size_t i = 0; i < N(bad); i++) {
		assert_true(utf8_sequence(str_of(bad[i])) <= 0);
		assert_int_equal(utf8_decode(str_of(bad[i]), &n), 0xFFFD);
		assert_int_equal(n, 1);
	}
}

/* Each at every place of a longer text, alone and beside another. */
static void test_places(void **state)
{
	struct buf b = BUF_INIT;

	(void)state;
	for (size_t i = 0; i < N(good) + N(bad); i++)
		for (size_t k = 0; k < N(good); k++)
			for (size_t at = 0; at < 40; at++) {
				buf_clear(&b);
				for (size_t fill = 0; fill < at; fill++)
					buf_char(&b, 'x');
				buf_str(&b, str_of(good[k]));
				buf_str(&b, str_of(i < N(good) ? good[i] : bad[i - N(good)]));
				for (size_t fill = 0; fill < 40; fill++) {
					check(buf_view(&b));
					buf_char(&b, 'y');
				}
			}
	buf_deinit(&b);
}

/* Texts of every mixture; each fault stands in another place. */
static void test_mixtures(void **state)
{
	struct buf b = BUF_INIT;
	uint32_t seed = 1;

	(void)state;
	for (size_t round = 0; round < 4000; round++) {
		buf_clear(&b);
		while (b.n < round % 300) {
			seed = seed * 1664525 + 1013904223;
			unsigned pick = seed >> 24;
			if (pick < 2)
				buf_str(&b, str_of(bad[(seed >> 8) % N(bad)]));
			else if (pick < 64 + round % 128)
				buf_str(&b, str_of(good[(seed >> 8) % N(good)]));
			else
				buf_char(&b, (char)('a' + pick % 26));
		}
		check(buf_view(&b));
	}
	buf_deinit(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_sequences),
		cmocka_unit_test(test_places),
		cmocka_unit_test(test_mixtures),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
