/* The scanner beside the loop that anybody would write, at all alignments and lengths. Compiled twice:
 * with this machine's instructions, and with SCAN_PORTABLE. */
#include "base/scan.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#define LENGTH_MAX 70

SCAN_INLINE scan_bytes blank_or_high(scan_bytes v)
{
	return scan_is(v, ' ') | scan_from(v, 0x80) | scan_up_to(v, 0x07) | scan_in(v, 'a', 'f');
}

static bool is_blank_or_high(unsigned char c)
{
	return c == ' ' || c >= 0x80 || c <= 0x07 || (c >= 'a' && c <= 'f');
}

static size_t naive(struct str s, size_t i)
{
	while (i < s.n && !is_blank_or_high((unsigned char)s.p[i]))
		i++;
	return i;
}

static void test_every_byte(void **state)
{
	char bytes[SCAN_SIZE];

	(void)state;
	for (unsigned c = 0; c < 256; c++)
		for (size_t at = 0; at < SCAN_SIZE; at++) {
			memset(bytes, 'X', sizeof bytes);
			bytes[at] = (char)c;
			size_t want = is_blank_or_high((unsigned char)c) ? at : SCAN_SIZE;
			assert_int_equal(scan_first(blank_or_high(scan_load(bytes))), want);
		}
}

/* In memory of its own, so that a sanitizer sees the byte too much. */
static void check(size_t n, size_t from, size_t stop, char stopper)
{
	char *p = malloc(n ? n : 1), to[LENGTH_MAX + 2 * SCAN_SIZE];
	struct str s = str_make(p, n);

	memset(p, 'X', n);
	for (size_t i = 0; i < from; i++)
		p[i] = ' '; /* what lies before is not looked at */
	if (stop < n)
		p[stop] = stopper;
	size_t want = naive(s, from);
	assert_int_equal(scan_find(s, from, blank_or_high), want);
	memset(to, '?', sizeof to);
	assert_int_equal(scan_copy(to, s, from, blank_or_high), want);
	assert_memory_equal(to, p + from, want - from);
	for (size_t i = n - from + SCAN_SIZE; i < sizeof to; i++)
		assert_int_equal(to[i], '?');
	free(p);
}

static void test_all_lengths(void **state)
{
	(void)state;
	for (size_t n = 0; n <= LENGTH_MAX; n++)
		for (size_t from = 0; from <= n; from++)
			for (size_t stop = from; stop <= n; stop++)
				check(n, from, stop, stop % 2 ? '\xC3' : ' ');
}

static void test_part(void **state)
{
	static const char text[] = "\xF1"
				   "bcdefghijklmn\x80";

	(void)state;
	for (size_t n = 1; n < SCAN_SIZE; n++) {
		char want[SCAN_SIZE] = {0}, got[SCAN_SIZE];
		memcpy(want, text, n);
		scan_store(got, scan_load_part(text, n));
		assert_memory_equal(got, want, SCAN_SIZE);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_byte),
		cmocka_unit_test(test_all_lengths),
		cmocka_unit_test(test_part),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
