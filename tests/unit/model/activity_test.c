/* The counts of days: they move with the clock and lose nothing of the last fortnight. */
#include "model/activity.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/clock.h"

#define DAY(n) ((INT64_C(20000) + (n)) * DAY_US + 5 * HOUR_US)

static void days_pass(void **state)
{
	struct activity a = {0};

	(void)state;
	activity_add(&a, DAY(0), 3);
	activity_add(&a, DAY(0), 2);
	activity_add(&a, DAY(2), 7);
	assert_int_equal(activity_on(&a, DAY(2), 0), 7);
	assert_int_equal(activity_on(&a, DAY(2), 1), 0);
	assert_int_equal(activity_on(&a, DAY(2), 2), 5);
	assert_int_equal(activity_on(&a, DAY(10), 8), 7);
	assert_int_equal(activity_on(&a, DAY(13), 13), 5);
	assert_int_equal(activity_on(&a, DAY(14), 13), 0);
	assert_true(a.last_us == DAY(2));
	activity_add(&a, DAY(40), 1);
	for (unsigned ago = 1; ago < ACTIVITY_DAYS; ago++)
		assert_int_equal(activity_on(&a, DAY(40), ago), 0);
	assert_int_equal(activity_on(&a, DAY(40), 0), 1);
}

/* Items that a first poll finds bear their own dates. */
static void days_before(void **state)
{
	struct activity a = {0};

	(void)state;
	activity_add(&a, DAY(20), 1);
	activity_add(&a, DAY(19), 4);
	activity_add(&a, DAY(7), 2);
	activity_add(&a, DAY(6), 9); /* too old to be told */
	activity_add(&a, INT64_C(-1), 1);
	activity_add(&a, 0, 1);
	assert_int_equal(activity_on(&a, DAY(20), 0), 1);
	assert_int_equal(activity_on(&a, DAY(20), 1), 4);
	assert_int_equal(activity_on(&a, DAY(20), 13), 2);
	assert_true(a.last_us == DAY(20));
	/* A clock that was ahead for a while: nothing is read outside. */
	assert_int_equal(activity_on(&a, DAY(0), 0), 0);
	assert_int_equal(activity_on(&a, 0, 13), 0);
	activity_add(&a, DAY(20), 0);
	assert_int_equal(activity_on(&a, DAY(20), 0), 1);
}

static void stops_at_the_most(void **state)
{
	struct activity a = {0};

	(void)state;
	activity_add(&a, DAY(0), 65000);
	activity_add(&a, DAY(0), 535);
	assert_int_equal(activity_on(&a, DAY(0), 0), UINT16_MAX);
	activity_add(&a, DAY(0), SIZE_MAX);
	assert_int_equal(activity_on(&a, DAY(0), 0), UINT16_MAX);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(days_pass),
		cmocka_unit_test(days_before),
		cmocka_unit_test(stops_at_the_most),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
