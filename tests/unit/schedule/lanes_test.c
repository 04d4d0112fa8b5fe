/* Servers that hang, and the places that they must not take. */
#include "schedule/schedule.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/alloc.h"
#include "chance.h"

#define START (INT64_C(1790000000) * SEC_US)

enum { PLACES = 10 };

static const struct fetch_settings few = {.parallel = PLACES, .host_default = {NULL, SEC_US, 1}};

/* Each on a host of its own, all due by then, the first one first. */
static struct schedule_slot *add(struct schedule *s, const char *name, size_t n, int64_t due_us)
{
	struct schedule_slot *slots = mem_zalloc(n, sizeof *slots);
	char url[64];

	for (size_t i = 0; i < n; i++) {
		snprintf(url, sizeof url, "http://%s%zu.example/", name, i);
		schedule_add(s, &slots[i], url, due_us - (int64_t)(n - 1 - i));
	}
	return slots;
}

static void answer(struct schedule *s, struct schedule_slot *slot, int64_t now_us, int64_t due_us)
{
	schedule_answered(s, slot, now_us);
	schedule_done(s, slot, now_us, due_us);
}

/* The same, and each has answered quickly a day before. */
static struct schedule_slot *add_known(
	struct schedule *s, const char *name, size_t n, int64_t due_us)
{
	struct schedule_slot *slots = add(s, name, n, due_us - DAY_US);

	for (size_t i = 0; i < n; i++) {
		assert_ptr_equal(schedule_take(s, due_us - DAY_US), &slots[i]);
		schedule_began(s, &slots[i], due_us - DAY_US);
		answer(s, &slots[i], due_us - DAY_US, due_us - (int64_t)(n - 1 - i));
	}
	return slots;
}

static size_t take_all(struct schedule *s, int64_t now_us)
{
	size_t n = 0;

	for (struct schedule_slot *slot; (slot = schedule_take(s, now_us)); n++)
		schedule_began(s, slot, now_us);
	return n;
}

static size_t slow_all(struct schedule *s, int64_t now_us)
{
	size_t n = 0;

	while (schedule_slow(s, now_us))
		n++;
	return n;
}

static void test_slow_ones_give_way(void **state)
{
	struct schedule *s = schedule_new(&few);
	struct schedule_slot *hang = add_known(s, "hang", PLACES, START);
	struct schedule_slot *good = add_known(s, "good", 3, START + SEC_US);

	(void)state;
	assert_int_equal(take_all(s, START), PLACES);
	assert_null(schedule_take(s, START + SEC_US));
	assert_int_equal(schedule_wake(s, START + SEC_US), START + SCHEDULE_SLOW_US);
	assert_null(schedule_slow(s, START + SCHEDULE_SLOW_US - 1));
	assert_ptr_equal(schedule_slow(s, START + SCHEDULE_SLOW_US), &hang[0]);
	assert_int_equal(schedule_busy(s, LANE_QUICK), PLACES - 1);
	assert_int_equal(schedule_busy(s, LANE_SLOW), 1);
	assert_ptr_equal(schedule_take(s, START + SCHEDULE_SLOW_US), &good[0]);
	assert_null(schedule_take(s, START + SCHEDULE_SLOW_US));
	assert_int_equal(slow_all(s, START + SCHEDULE_SLOW_US), PLACES - 1);
	assert_int_equal(take_all(s, START + SCHEDULE_SLOW_US), 2);
	/* An answer ends it, whoever comes late to ask. */
	schedule_began(s, &good[0], START + SCHEDULE_SLOW_US);
	schedule_answered(s, &good[0], START + SCHEDULE_SLOW_US + 1);
	assert_int_equal(slow_all(s, START + MIN_US), 2);
	schedule_free(s);
	free(hang);
	free(good);
}

/* A host that was slow begins in the slow lane, until it is quick. */
static void test_lane_of_next(void **state)
{
	struct schedule *s = schedule_new(&few);
	struct schedule_slot *slot = add_known(s, "host", 1, START);

	(void)state;
	assert_ptr_equal(schedule_take(s, START), slot);
	assert_int_equal(slot->lane, LANE_QUICK);
	schedule_began(s, slot, START);
	assert_ptr_equal(schedule_slow(s, START + SCHEDULE_SLOW_US), slot);
	answer(s, slot, START + 20 * SEC_US, START + HOUR_US);
	assert_int_equal(schedule_busy(s, LANE_SLOW), 0);
	assert_int_equal(schedule_wake(s, START + MIN_US), START + HOUR_US);
	assert_ptr_equal(schedule_take(s, START + HOUR_US), slot);
	assert_int_equal(slot->lane, LANE_SLOW);
	assert_int_equal(schedule_began(s, slot, START + HOUR_US + 5), 5);
	assert_null(schedule_slow(s, START + DAY_US));
	answer(s, slot, START + HOUR_US + SEC_US, START + 2 * HOUR_US);
	assert_ptr_equal(schedule_take(s, START + 2 * HOUR_US), slot);
	assert_int_equal(slot->lane, LANE_QUICK);
	/* It is the request that counts, not what comes before and after it. */
	schedule_began(s, slot, START + 3 * HOUR_US);
	schedule_answered(s, slot, START + 3 * HOUR_US + SEC_US);
	schedule_done(s, slot, START + 4 * HOUR_US, START + 5 * HOUR_US);
	assert_ptr_equal(schedule_take(s, START + 5 * HOUR_US), slot);
	assert_int_equal(slot->lane, LANE_QUICK);
	schedule_remove(s, slot, START + 5 * HOUR_US);
	assert_int_equal(schedule_busy(s, LANE_QUICK), 0);
	schedule_free(s);
	free(slot);
}

/* Those known to be slow take half of the slow lane, and what turns slow the other half; what finds no
 * room there keeps the place it has. */
static void test_slow_lane_is_bounded(void **state)
{
	enum { KNOWN = SCHEDULE_SLOW_PLACES_MIN, MORE = 250 };
	const struct fetch_settings many = {.parallel = KNOWN, .host_default = {NULL, SEC_US, 1}};
	struct schedule *s = schedule_new(&many);
	struct schedule_slot *known = add_known(s, "known", KNOWN, START), *more;
	int64_t now = START;

	(void)state;
	assert_int_equal(take_all(s, now), KNOWN);
	now += 10 * SEC_US;
	assert_int_equal(slow_all(s, now), KNOWN);
	for (size_t i = 0; i < KNOWN; i++)
		answer(s, &known[i], now, now + HOUR_US);
	now += HOUR_US;
	assert_int_equal(take_all(s, now), KNOWN / 2);
	assert_int_equal(schedule_wake(s, now), INT64_MAX);
	more = add_known(s, "more", MORE, now);
	now += SEC_US;
	assert_int_equal(take_all(s, now), MORE);
	now += SCHEDULE_SLOW_US;
	assert_int_equal(slow_all(s, now), KNOWN / 2);
	assert_int_equal(schedule_busy(s, LANE_SLOW), KNOWN);
	assert_int_equal(schedule_busy(s, LANE_QUICK), MORE - KNOWN / 2);
	assert_int_equal(schedule_wake(s, now), INT64_MAX); /* no spinning on what cannot be */
	/* Each that ends lets one of them go over; that there are more waiting changes nothing. */
	answer(s, &known[0], now, now + HOUR_US);
	assert_int_equal(schedule_wake(s, now), now);
	assert_int_equal(slow_all(s, now), 1);
	assert_null(schedule_take(s, now));
	schedule_free(s);
	free(known);
	free(more);
}

/* Hosts of which nothing is known have half of the places, and leave the others to those that are. */
static void test_new_hosts(void **state)
{
	struct schedule *s = schedule_new(&few);
	struct schedule_slot *known = add_known(s, "known", PLACES, START);
	struct schedule_slot *fresh = add(s, "new", PLACES, START - SEC_US);

	(void)state;
	assert_int_equal(take_all(s, START - SEC_US), PLACES / 2);
	assert_int_equal(schedule_busy(s, LANE_NEW), PLACES / 2);
	assert_int_equal(take_all(s, START), PLACES / 2);
	assert_int_equal(schedule_busy(s, LANE_QUICK), PLACES / 2);
	/* One place is free: whoever has waited longest. One answer, and it is known. */
	answer(s, &fresh[0], START + SEC_US, START + HOUR_US);
	assert_ptr_equal(schedule_take(s, START + SEC_US), &fresh[PLACES / 2]);
	answer(s, &known[0], START + SEC_US, START + DAY_US);
	assert_ptr_equal(schedule_take(s, START + SEC_US), &known[PLACES / 2]);
	schedule_remove(s, &known[1], START + SEC_US);
	schedule_remove(s, &known[PLACES - 1], START + SEC_US);
	assert_int_equal(schedule_busy(s, LANE_QUICK), PLACES / 2 - 1);
	schedule_free(s);
	free(fresh);
	free(known);
}

/* A slot that has its place and waits for its request to begin (for a look-up, say) is not slow. */
static void test_waiting_is_not_slow(void **state)
{
	struct schedule *s = schedule_new(&few);
	struct schedule_slot *slot = add(s, "host", 1, START);

	(void)state;
	assert_ptr_equal(schedule_take(s, START), slot);
	assert_null(schedule_slow(s, START + HOUR_US));
	assert_int_equal(schedule_wake(s, START), INT64_MAX);
	schedule_began(s, slot, START + HOUR_US);
	assert_int_equal(schedule_wake(s, START), START + HOUR_US + SCHEDULE_SLOW_US);
	schedule_free(s);
	free(slot);
}

/* ---- a town with bad servers ---- */

enum { GOOD = 1900, BAD = 100, SECONDS = 600, INTERVAL_S = 30 };

struct polled {
	struct schedule_slot slot;
	int64_t ends_us; /* 0: no request is under way */
	bool hangs;
};

struct town {
	struct schedule *schedule;
	struct polled polled[GOOD + BAD];
	uint64_t seed;
	size_t late, polls;
};

static void begin(struct town *town, int64_t now)
{
	for (struct schedule_slot *slot; (slot = schedule_take(town->schedule, now));) {
		struct polled *p = container_of(slot, struct polled, slot);
		int64_t late = schedule_began(town->schedule, slot, now);
		bool good = !p->hangs && slot->lane != LANE_NEW;
		assert_true(late >= 0);
		p->ends_us = now + (p->hangs ? 60 * SEC_US : 50 * MSEC_US);
		town->polls += good;
		town->late += good && late > SEC_US;
	}
}

static void end(struct town *town, int64_t now)
{
	for (size_t i = 0; i < GOOD + BAD; i++) {
		struct polled *p = &town->polled[i];
		if (!p->ends_us || p->ends_us > now)
			continue;
		p->ends_us = 0;
		int64_t wait = (int64_t)(INTERVAL_S * (1 + next_chance(&town->seed) / 10) * SEC_US);
		answer(town->schedule, &p->slot, now, now + wait);
	}
}

/* A twentieth hangs for a minute each time, and is asked again every half minute: without any back-off,
 * sixty at a time. Of the others none is a second late once it is known, with twenty places. */
static void test_town(void **state)
{
	static const struct fetch_settings settings = {
		.parallel = 20, .host_default = {NULL, SEC_US, 1}};
	struct town *town = mem_zalloc(1, sizeof *town);
	char url[64];

	(void)state;
	town->schedule = schedule_new(&settings);
	town->seed = 3;
	for (size_t i = 0; i < GOOD + BAD; i++) {
		struct polled *p = &town->polled[i];
		p->hangs = i % 20 == 7;
		snprintf(url, sizeof url, "http://host%zu.example/", i);
		schedule_add(town->schedule, &p->slot, url,
			START + (int64_t)(next_chance(&town->seed) * INTERVAL_S * SEC_US));
	}
	for (int64_t now = START; now < START + SECONDS * SEC_US; now += 10 * MSEC_US) {
		end(town, now);
		while (schedule_slow(town->schedule, now))
			continue;
		begin(town, now);
	}
	assert_true(town->polls > GOOD * (SECONDS - INTERVAL_S) / INTERVAL_S * 9 / 10);
	assert_int_equal(town->late, 0);
	schedule_free(town->schedule);
	free(town);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_slow_ones_give_way),
		cmocka_unit_test(test_lane_of_next),
		cmocka_unit_test(test_slow_lane_is_bounded),
		cmocka_unit_test(test_new_hosts),
		cmocka_unit_test(test_waiting_is_not_slow),
		cmocka_unit_test(test_town),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
