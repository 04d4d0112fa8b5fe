/* What is told of the last minute. */
#include "schedule/lateness.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "schedule/schedule.h"
#include "chance.h"

#define START (INT64_C(1790000000) * SEC_US)

static struct lateness_summary sum_at(const struct lateness *lateness, int64_t now_us)
{
	struct lateness_summary sum;

	lateness_sum(lateness, now_us, &sum);
	return sum;
}

static void test_nothing(void **state)
{
	struct lateness l = {0};
	struct lateness_summary sum = sum_at(&l, START);

	(void)state;
	assert_int_equal(sum.polls, 0);
	assert_int_equal(sum.p99_us, 0);
	assert_int_equal(sum.worst_us, 0);
	lateness_note(&l, 0, START);
	sum = sum_at(&l, START);
	assert_int_equal(sum.polls, 1);
	assert_int_equal(sum.worst_us, 0);
	assert_int_equal(sum.p99_us, 0);
}

/* Of a hundred, one may be above; of fewer, none. */
static void test_hundredth(void **state)
{
	struct lateness l = {0};

	(void)state;
	for (int i = 0; i < 98; i++)
		lateness_note(&l, 20 * MSEC_US, START);
	lateness_note(&l, 7 * SEC_US, START);
	assert_int_equal(sum_at(&l, START).p99_us, 7 * SEC_US);
	lateness_note(&l, 20 * MSEC_US, START);
	assert_int_equal(sum_at(&l, START).worst_us, 7 * SEC_US);
	assert_in_range(sum_at(&l, START).p99_us, 20 * MSEC_US, 24 * MSEC_US);
	lateness_note(&l, 7 * SEC_US, START);
	assert_int_equal(sum_at(&l, START).p99_us, 7 * SEC_US);
	assert_int_equal(sum_at(&l, START).polls, 101);
}

/* Whatever they are, it is no lower than the true one, and less than a fifth above. */
static void test_bounds(void **state)
{
	uint64_t seed = 11;

	(void)state;
	for (int round = 0; round < 200; round++) {
		struct lateness l = {0};
		int64_t most = INT64_C(1) << (10 + round % 26), top[3] = {0};
		for (int i = 0; i < 200; i++) {
			int64_t late = (int64_t)(next_random(&seed) % (uint64_t)most);
			lateness_note(&l, late, START);
			for (int k = 0; k < 3; k++) {
				if (late <= top[k])
					continue;
				int64_t swap = top[k];
				top[k] = late;
				late = swap;
			}
		}
		struct lateness_summary sum = sum_at(&l, START);
		assert_int_equal(sum.worst_us, top[0]);
		assert_true(sum.p99_us >= top[2] && sum.p99_us <= sum.worst_us);
		if (top[2] > MSEC_US)
			assert_true(sum.p99_us <= top[2] + top[2] / 5);
	}
}

static void test_forgets(void **state)
{
	struct lateness l = {0};

	(void)state;
	lateness_note(&l, HOUR_US, START);
	for (int64_t now = START; now < START + 30 * SEC_US; now += SEC_US)
		lateness_note(&l, MSEC_US, now);
	assert_int_equal(sum_at(&l, START + 53 * SEC_US).worst_us, HOUR_US);
	assert_int_equal(sum_at(&l, START + 53 * SEC_US).polls, 31);
	assert_int_equal(sum_at(&l, START + 66 * SEC_US).worst_us, MSEC_US);
	assert_int_equal(sum_at(&l, START + 2 * MIN_US).polls, 0);
	/* A long silence, and the spans that are used again. */
	lateness_note(&l, SEC_US, START + HOUR_US);
	assert_int_equal(sum_at(&l, START + HOUR_US).polls, 1);
	assert_int_equal(sum_at(&l, START + HOUR_US).worst_us, SEC_US);
	lateness_note(&l, INT64_MAX / 2, START + HOUR_US);
	assert_int_equal(sum_at(&l, START + HOUR_US).worst_us, INT64_MAX / 2);
}

/* ---- what counts as late ---- */

static const struct fetch_settings polite = {.host_default = {NULL, SEC_US, 1}};

static void test_from_when(void **state)
{
	struct schedule *s = schedule_new(&polite);
	struct schedule_slot a = {0}, b = {0};

	(void)state;
	schedule_add(s, &a, "http://one.example/a", START);
	schedule_add(s, &b, "http://one.example/b", START);
	assert_ptr_equal(schedule_take(s, START + 3), &a);
	assert_int_equal(schedule_began(s, &a, START + 7), 7);
	assert_int_equal(schedule_answered(s, &a, START + SEC_US), SEC_US - 7);
	/* Its host's place is taken until the answer is journaled, and then the gap is kept. */
	schedule_done(s, &a, START + 2 * SEC_US, START + HOUR_US);
	assert_ptr_equal(schedule_take(s, START + 3 * SEC_US), &b);
	assert_int_equal(schedule_began(s, &b, START + 3 * SEC_US + 5), 5);
	schedule_hold_host(s, &b, START + 2 * HOUR_US);
	schedule_done(s, &b, START + 4 * SEC_US, START + 2 * DAY_US);
	/* a was due after an hour, but its host wanted to be left alone for two. */
	assert_ptr_equal(schedule_take(s, START + 2 * HOUR_US + 2), &a);
	assert_int_equal(schedule_began(s, &a, START + 2 * HOUR_US + 2), 2);
	schedule_done(s, &a, START + 2 * HOUR_US + 2, START + DAY_US);
	assert_ptr_equal(schedule_take(s, START + DAY_US), &a);
	assert_int_equal(schedule_began(s, &a, START + DAY_US - 1), -1);
	schedule_free(s);
}

/* Another answer of the same host makes nobody less late, where there was room beside it. */
static void test_without_gap(void **state)
{
	struct host_settings agreed = {"one.example", 0, 2};
	const struct fetch_settings settings = {
		.hosts = &agreed, .n_hosts = 1, .host_default = {NULL, SEC_US, 1}};
	struct schedule *s = schedule_new(&settings);
	struct schedule_slot a = {0}, b = {0}, c = {0};

	(void)state;
	schedule_add(s, &a, "http://one.example/a", START);
	schedule_add(s, &b, "http://one.example/b", START + 1);
	schedule_add(s, &c, "http://one.example/c", START + 2);
	assert_ptr_equal(schedule_take(s, START), &a);
	schedule_done(s, &a, START + SEC_US, START + HOUR_US);
	assert_ptr_equal(schedule_take(s, START + SEC_US), &b);
	assert_int_equal(schedule_began(s, &b, START + SEC_US), SEC_US - 1);
	assert_ptr_equal(schedule_take(s, START + SEC_US), &c);
	assert_int_equal(schedule_began(s, &c, START + SEC_US), SEC_US - 2);
	/* Both connections are in use: from when one is not. */
	struct schedule_slot d = {0};
	schedule_add(s, &d, "http://one.example/d", START);
	assert_null(schedule_take(s, START + 2 * SEC_US));
	schedule_done(s, &b, START + 3 * SEC_US, START + HOUR_US);
	assert_ptr_equal(schedule_take(s, START + 3 * SEC_US + 4), &d);
	assert_int_equal(schedule_began(s, &d, START + 3 * SEC_US + 4), 4);
	schedule_free(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_nothing),
		cmocka_unit_test(test_hundredth),
		cmocka_unit_test(test_bounds),
		cmocka_unit_test(test_forgets),
		cmocka_unit_test(test_from_when),
		cmocka_unit_test(test_without_gap),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
