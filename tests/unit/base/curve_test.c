#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/curve.h"
#include "base/hash.h"

static void test_keys(void **state)
{
	/* The example pair of RFC 26. */
	static const char *const good[] = {"Yne@$w-vo<fVvi]a<NY6T1ed:M$fCG*[IaLV{hID",
		"D:)Q[IlAW!ahhC2ac:9*A}h:p?([4%wOTJ%JR%cs",
		"0000000000000000000000000000000000000000",
		"%nSc0%nSc0%nSc0%nSc0%nSc0%nSc0%nSc0%nSc0"};
	static const char *const bad[] = {"", "Yne@$w-vo<fVvi]a<NY6T1ed:M$fCG*[IaLV{hI",
		"Yne@$w-vo<fVvi]a<NY6T1ed:M$fCG*[IaLV{hIDD",
		"Yne@$w-vo<fVvi]a<NY6T1ed:M$fCG*[IaLV{hI~",
		"Yne@$w-vo<fVvi]a<NY6T1ed:M$fCG*[IaLV{h D",
		"%nSc1%nSc0%nSc0%nSc0%nSc0%nSc0%nSc0%nSc0", /* 2^32 */
		"#####0000000000000000000000000000000000000"};

	(void)state;
	for (size_t i = 0; i < sizeof good / sizeof *good; i++)
		assert_true(curve_is_key(str_of(good[i])));
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		assert_false(curve_is_key(str_of(bad[i])));
	assert_false(curve_is_key(str_make("Yne@$w-vo<fVvi]a<NY6T1ed:M$fCG*[IaLV{hI", 40)));
}

static void test_pairs(void **state)
{
	char a[CURVE_TEXT_SIZE], b[CURVE_TEXT_SIZE], secret[CURVE_TEXT_SIZE];

	(void)state;
	for (int i = 0; i < 50; i++) {
		curve_keypair(a, secret);
		assert_true(curve_is_key(str_of(a)) && curve_is_key(str_of(secret)));
		assert_string_not_equal(a, secret);
		curve_keypair(b, secret);
		assert_string_not_equal(a, b);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_keys), cmocka_unit_test(test_pairs)};

	if (hash_global_init())
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
