/* A clock that jumps for a while is not followed; one that stands is. */
#include "base/steady.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "base/clock.h"

#define STEP HOUR_US
#define HOLD DAY_US
#define REAL (INT64_C(1764000000) * SEC_US)
#define YEAR (365 * DAY_US)

static struct steady started(void)
{
	struct steady s;

	steady_init(&s, STEP, HOLD, REAL, 0);
	return s;
}

static void test_follows_small_steps(void **state)
{
	struct steady s = started();

	(void)state;
	assert_int_equal(steady_us(&s, REAL + 5, 5), REAL + 5);
	assert_int_equal(steady_us(&s, REAL + MIN_US, 6), REAL + MIN_US);
	assert_int_equal(steady_us(&s, REAL - MIN_US, 7), REAL - MIN_US);
	/* Many small ones that come to a large one, as a time server does it. */
	for (int64_t i = 1; i < 100; i++)
		assert_int_equal(
			steady_us(&s, REAL + i * 50 * MIN_US, 7 + i), REAL + i * 50 * MIN_US);
	assert_false(s.is_doubting);
}

/* There and back: time goes on as if nothing had been. */
static void test_jump_and_return(void **state)
{
	static const int64_t jumps[] = {YEAR, -10 * YEAR, 80 * YEAR, STEP, -STEP};

	(void)state;
	for (size_t i = 0; i < sizeof jumps / sizeof *jumps; i++) {
		struct steady s = started();
		for (int64_t t = MIN_US; t < HOLD; t += MIN_US) {
			assert_int_equal(steady_us(&s, REAL + jumps[i] + t, t), REAL + t);
			assert_true(s.is_doubting);
		}
		assert_int_equal(steady_us(&s, REAL + HOLD, HOLD), REAL + HOLD);
		assert_false(s.is_doubting);
	}
}

static void test_stands(void **state)
{
	struct steady s = started();
	int64_t t = MIN_US;

	(void)state;
	for (; t < HOLD + MIN_US; t += MIN_US)
		assert_int_equal(steady_us(&s, REAL + YEAR + t, t), REAL + t);
	assert_int_equal(steady_us(&s, REAL + YEAR + t, t), REAL + YEAR + t);
	assert_false(s.is_doubting);
}

/* One that jumps about is believed nowhere: each jump begins the wait anew. */
static void test_jumps_about(void **state)
{
	struct steady s = started();

	(void)state;
	for (int64_t t = HOUR_US; t < 20 * HOLD; t += HOUR_US) {
		int64_t by = t / (HOLD / 2) % 2 ? YEAR : 2 * YEAR;
		assert_int_equal(steady_us(&s, REAL + by + t, t), REAL + t);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_follows_small_steps),
		cmocka_unit_test(test_jump_and_return),
		cmocka_unit_test(test_stands),
		cmocka_unit_test(test_jumps_about),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
