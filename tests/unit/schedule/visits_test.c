/* Polls that a redirect leads to another host: they wait there like any of that host's own. */
#include "schedule/schedule.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "schedule/address.h"
#include "chance.h"

#define START  (INT64_C(1790000000) * SEC_US)
#define TARGET "http://target.example/feed"

static const struct fetch_settings polite = {.host_default = {NULL, SEC_US, 1}};

static void add(struct schedule *s, struct schedule_slot *slot, unsigned host, int64_t due_us)
{
	char url[64];

	*slot = (struct schedule_slot){0};
	snprintf(url, sizeof url, "http://h%u.example/feed", host);
	schedule_add(s, slot, url, due_us);
}

static void hop(struct schedule *s, struct schedule_slot *slot, const char *url, int64_t now_us)
{
	struct hop hop = {.url = mem_strdup(url), .number = 1};

	schedule_hop(s, slot, &hop, now_us);
	assert_null(hop.url);
}

/* Its request begins and is redirected at once. */
static void take_and_hop(
	struct schedule *s, struct schedule_slot *slot, const char *url, int64_t now_us)
{
	assert_ptr_equal(schedule_take(s, now_us), slot);
	schedule_began(s, slot, now_us);
	hop(s, slot, url, now_us);
}

static void take_all(struct schedule *s, size_t n, int64_t now_us)
{
	struct schedule_slot *slot;

	for (; (slot = schedule_take(s, now_us)); n--)
		schedule_began(s, slot, now_us);
	assert_int_equal(n, 0);
}

static const char *url_of(const struct schedule *s, const struct schedule_slot *slot)
{
	bool is_over = true;
	const struct hop *hop = schedule_hop_of(s, slot, &is_over);

	assert_true(!hop || !is_over);
	return hop ? hop->url : "";
}

static bool is_over(const struct schedule *s, const struct schedule_slot *slot)
{
	bool over = false;

	assert_non_null(schedule_hop_of(s, slot, &over));
	return over;
}

/* Forty hosts lead to one, which has a feed of its own: one at a time, a second between. */
static void test_gap_is_kept(void **state)
{
	enum { N = 40 };
	static struct schedule_slot slots[N + 1];
	struct schedule *s = schedule_new(&polite);
	int64_t now = START, last = 0;
	unsigned served[N + 1] = {0};

	(void)state;
	for (unsigned i = 0; i < N; i++)
		add(s, &slots[i], i, START);
	slots[N] = (struct schedule_slot){0};
	schedule_add(s, &slots[N], TARGET, START + 20 * SEC_US);
	take_all(s, N, START);
	for (unsigned i = 0; i < N; i++)
		hop(s, &slots[i], TARGET, START);
	/* They wait without a place. */
	for (enum schedule_lane lane = 0; lane < LANE_COUNT; lane++)
		assert_int_equal(schedule_busy(s, lane), 0);
	for (unsigned n = 0; n <= N; n++) {
		struct schedule_slot *slot;
		do
			now = schedule_wake(s, now);
		while (!(slot = schedule_take(s, now)));
		assert_null(schedule_take(s, now)); /* one connection */
		unsigned i = (unsigned)(slot - slots);
		assert_string_equal(url_of(s, slot), i < N ? TARGET : "");
		assert_int_equal(schedule_began(s, slot, now), 0);
		assert_true(!last || now - last >= SEC_US);
		now += 50 * MSEC_US;
		assert_int_equal(schedule_answered(s, slot, now), 50 * MSEC_US);
		schedule_done(s, slot, now, START + DAY_US);
		last = now;
		served[i]++;
	}
	for (unsigned i = 0; i <= N; i++)
		assert_int_equal(served[i], 1);
	assert_true(now < START + N * (SEC_US + 60 * MSEC_US));
	/* And at home again: the next day all forty at once. */
	assert_int_equal(schedule_wake(s, now), START + DAY_US);
	take_all(s, N + 1, START + DAY_US);
	schedule_free(s);
}

/* The host that redirects is free for its next feed, after its gap. */
static void test_own_host_goes_on(void **state)
{
	struct schedule *s = schedule_new(&polite);
	struct schedule_slot a, b;

	(void)state;
	add(s, &a, 1, START);
	add(s, &b, 1, START);
	take_and_hop(s, &a, TARGET, START);
	assert_ptr_equal(schedule_take(s, START), &a); /* there */
	assert_null(schedule_take(s, START + SEC_US - 1));
	assert_ptr_equal(schedule_take(s, START + SEC_US), &b);
	/* Back and forth: each turn is waited for. */
	hop(s, &a, "http://h1.example/other", START + SEC_US);
	assert_null(schedule_take(s, START + SEC_US));
	schedule_done(s, &b, START + 2 * SEC_US, START + DAY_US);
	assert_null(schedule_take(s, START + 3 * SEC_US - 1));
	assert_ptr_equal(schedule_take(s, START + 3 * SEC_US), &a);
	assert_string_equal(url_of(s, &a), "http://h1.example/other");
	schedule_done(s, &a, START + 3 * SEC_US, START + DAY_US);
	assert_null(schedule_hop_of(s, &a, NULL));
	assert_int_equal(schedule_wake(s, START + 3 * SEC_US), START + DAY_US);
	schedule_free(s);
}

static void test_hold(void **state)
{
	struct schedule *s = schedule_new(&polite);
	struct schedule_slot a, b, c;

	(void)state;
	add(s, &a, 1, START);
	add(s, &b, 2, START + SEC_US);
	add(s, &c, 3, START + SEC_US + 1);
	assert_int_equal(schedule_held_us(s, TARGET, START), 0);
	take_and_hop(s, &a, TARGET, START);
	assert_ptr_equal(schedule_take(s, START), &a);
	/* Who answers 429 there is the target: it is held, the feed's own host is not. */
	schedule_hold_host(s, &a, START + 60 * SEC_US);
	schedule_done(s, &a, START, START + 2 * SEC_US);
	assert_int_equal(schedule_held_us(s, TARGET, START), 60 * SEC_US);
	assert_int_equal(schedule_held_us(s, "http://h1.example/", START), 0);
	take_and_hop(s, &b, TARGET, START + SEC_US);
	assert_null(schedule_take(s, START + SEC_US));
	assert_ptr_equal(schedule_take(s, START + SEC_US + 1), &c);
	schedule_remove(s, &c, START + SEC_US + 1);
	assert_ptr_equal(schedule_take(s, START + 2 * SEC_US), &a);
	schedule_done(s, &a, START + 2 * SEC_US, START + DAY_US);
	assert_int_equal(schedule_wake(s, START + 2 * SEC_US), START + 60 * SEC_US);
	assert_null(schedule_take(s, START + 60 * SEC_US - 1));
	assert_ptr_equal(schedule_take(s, START + 60 * SEC_US), &b);
	assert_string_equal(url_of(s, &b), TARGET);
	/* A gap is no hold. */
	schedule_done(s, &b, START + 60 * SEC_US, START + DAY_US);
	assert_int_equal(schedule_held_us(s, TARGET, START + 60 * SEC_US), 0);
	schedule_free(s);
}

/* A host without feeds of its own is held, too, however many others come and go meanwhile. */
static void test_hold_by_name(void **state)
{
	struct schedule *s = schedule_new(&polite);
	struct schedule_slot slot;

	(void)state;
	schedule_hold_named(s, "target.example", START + DAY_US);
	schedule_hold_named(s, "target.example", START + HOUR_US); /* no shorter one shortens it */
	for (unsigned i = 0; i < 1000; i++) {
		add(s, &slot, i, START + i * SEC_US);
		schedule_remove(s, &slot, START + i * SEC_US);
	}
	assert_int_equal(schedule_held_us(s, TARGET, START), DAY_US);
	add(s, &slot, 1, START);
	schedule_hold_named(s, "h1.example", START + MIN_US);
	assert_null(schedule_take(s, START + MIN_US - 1));
	assert_ptr_equal(schedule_take(s, START + MIN_US), &slot);
	schedule_free(s);
}

/* Who waits for too long goes home, and is told. */
static void test_waiting_is_bounded(void **state)
{
	struct schedule *s = schedule_new(&polite);
	struct schedule_slot a, b, c;
	const int64_t end = START + SCHEDULE_HOP_WAIT_US;

	(void)state;
	add(s, &a, 1, START);
	add(s, &b, 2, START + 1);
	add(s, &c, 2, START + DAY_US + 1);
	schedule_hold_named(s, "target.example", START + HOUR_US);
	take_and_hop(s, &a, TARGET, START);
	take_and_hop(s, &b, TARGET, START + 1);
	assert_int_equal(schedule_wake(s, START + 1), end);
	assert_null(schedule_take(s, end - 1));
	assert_ptr_equal(schedule_take(s, end), &a);
	assert_true(is_over(s, &a));
	assert_null(schedule_take(s, end));
	assert_ptr_equal(schedule_take(s, end + 1), &b);
	assert_true(is_over(s, &b));
	schedule_done(s, &a, end + 1, START + DAY_US);
	schedule_remove(s, &b, end + 1);
	assert_null(schedule_hop_of(s, &a, NULL));
	/* All are where they belong. */
	assert_ptr_equal(schedule_take(s, START + DAY_US), &a);
	assert_null(schedule_take(s, START + DAY_US));
	assert_ptr_equal(schedule_take(s, START + DAY_US + 1), &c);
	/* All turns of a poll together: a chain of hosts does not get more. */
	schedule_done(s, &a, START + DAY_US, START + 2 * DAY_US);
	take_and_hop(s, &a, "http://x.example/", START + 2 * DAY_US);
	assert_ptr_equal(schedule_take(s, START + 2 * DAY_US), &a);
	schedule_hold_named(s, "y.example", START + 3 * DAY_US);
	hop(s, &a, "http://y.example/", START + 2 * DAY_US + SCHEDULE_HOP_WAIT_US / 2);
	assert_null(schedule_take(s, START + 2 * DAY_US + SCHEDULE_HOP_WAIT_US - 1));
	assert_ptr_equal(schedule_take(s, START + 2 * DAY_US + SCHEDULE_HOP_WAIT_US), &a);
	assert_true(is_over(s, &a));
	schedule_free(s);
}

/* Many hosts that redirect to as many others, which are one machine. */
static void test_machine(void **state)
{
	enum { N = 12 };
	const uint8_t machine[16] = {[10] = 0xff, 0xff, 203, 0, 113, 7};
	static struct schedule_slot slots[N];
	struct schedule *s = schedule_new(&polite);
	struct schedule_slot *slot, *under_way[N];
	size_t n = 0, turned_away = 0, served = 0;
	char url[64];

	(void)state;
	for (unsigned i = 0; i < N; i++)
		add(s, &slots[i], i, START);
	take_all(s, N, START);
	for (unsigned i = 0; i < N; i++) {
		snprintf(url, sizeof url, "http://site%u.example/", i);
		hop(s, &slots[i], url, START);
	}
	for (int64_t now = START; served < N; now += ADDRESS_GAP_US) {
		while ((slot = schedule_take(s, now))) {
			if (schedule_meets(s, slot, machine, now)) {
				under_way[n++] = slot;
				continue;
			}
			schedule_put_back(s, slot, machine, now);
			turned_away++;
		}
		assert_in_range(n, 1, ADDRESS_PARALLEL);
		for (; n; served++)
			schedule_done(s, under_way[--n], now, START + DAY_US);
	}
	assert_int_equal(turned_away, N - ADDRESS_PARALLEL); /* then it is known where they are */
	assert_int_equal(schedule_wake(s, START), START + DAY_US);
	schedule_free(s);
}

/* A target that hangs is a slow host; the feed's own is not. */
static void test_lanes(void **state)
{
	struct schedule *s = schedule_new(&polite);
	struct schedule_slot a;

	(void)state;
	add(s, &a, 1, START);
	take_and_hop(s, &a, TARGET, START);
	assert_null(schedule_slow(s, START + HOUR_US)); /* whoever waits is not slow */
	assert_ptr_equal(schedule_take(s, START), &a);
	assert_int_equal(a.lane, LANE_NEW);
	schedule_began(s, &a, START);
	assert_ptr_equal(schedule_slow(s, START + SCHEDULE_SLOW_US), &a);
	assert_int_equal(schedule_busy(s, LANE_SLOW), 1);
	schedule_answered(s, &a, START + 20 * SEC_US);
	schedule_done(s, &a, START + 20 * SEC_US, START + 21 * SEC_US);
	assert_int_equal(schedule_busy(s, LANE_SLOW), 0);
	take_and_hop(s, &a, TARGET, START + 21 * SEC_US);
	assert_int_equal(a.lane, LANE_QUICK); /* as it was taken at home */
	assert_ptr_equal(schedule_take(s, START + 21 * SEC_US), &a);
	assert_int_equal(a.lane, LANE_SLOW);
	schedule_free(s);
}

enum { SLOTS = 60, HOSTS = 12 };
struct crowd {
	struct schedule *schedule;
	struct schedule_slot slots[SLOTS];
	int64_t rested_us[HOSTS]; /* no request before */
	int at[SLOTS];            /* the host of its request; -1: none is under way */
	int leads[SLOTS];         /* the host where it goes on; -1: its own */
	unsigned busy[HOSTS];
};

static void begin(struct crowd *c, struct schedule_slot *slot, int64_t now)
{
	unsigned i = (unsigned)(slot - c->slots);
	bool over = false;
	const struct hop *hop = schedule_hop_of(c->schedule, slot, &over);
	int at = hop && !over ? c->leads[i] : (int)(i % HOSTS);

	assert_int_equal(!!hop, c->leads[i] >= 0);
	/* One at a time, and the gap; who is told that it is over makes no request. */
	if (!over)
		assert_true(c->busy[at] == 0 && now >= c->rested_us[at]);
	c->busy[at]++;
	c->at[i] = at;
}

static void end(struct crowd *c, unsigned i, int64_t now)
{
	c->busy[c->at[i]]--;
	c->rested_us[c->at[i]] = now + SEC_US;
	c->at[i] = -1;
	c->leads[i] = -1;
}

/* Hops, reloads, holds and answers by chance: hosts are asked one at a time, and in the end all are at
 * home. */
static void test_turmoil(void **state)
{
	struct crowd *c = mem_zalloc(1, sizeof *c);
	uint64_t seed = 5;
	int64_t now = START;
	char url[64];

	(void)state;
	c->schedule = schedule_new(&polite);
	for (unsigned i = 0; i < SLOTS; i++) {
		add(c->schedule, &c->slots[i], i % HOSTS, START);
		c->at[i] = c->leads[i] = -1;
	}
	for (int step = 0; step < 200000; step++) {
		unsigned i = (unsigned)(next_random(&seed) % SLOTS);
		struct schedule_slot *slot = &c->slots[i];
		switch (next_random(&seed) % 16) {
		case 0:
			if (c->at[i] >= 0)
				end(c, i, now);
			c->leads[i] = -1;
			schedule_remove(c->schedule, slot, now);
			add(c->schedule, slot, i % HOSTS, now);
			break;
		case 1:
			snprintf(url, sizeof url, "h%u.example", i % HOSTS);
			if (step % 64 == 0)
				schedule_hold_named(c->schedule, url, now + HOUR_US);
			break;
		case 2:
		case 3:
		case 4:
			if (c->at[i] < 0)
				break;
			end(c, i, now);
			c->leads[i] = (int)(next_random(&seed) % HOSTS);
			snprintf(url, sizeof url, "http://h%d.example/", c->leads[i]);
			hop(c->schedule, slot, url, now);
			break;
		case 5:
		case 6:
			if (c->at[i] < 0)
				break;
			end(c, i, now);
			schedule_done(c->schedule, slot, now, now + MIN_US);
			break;
		default:
			now += 200 * MSEC_US;
			while ((slot = schedule_take(c->schedule, now)))
				begin(c, slot, now);
		}
	}
	for (unsigned i = 0; i < SLOTS; i++)
		schedule_remove(c->schedule, &c->slots[i], now);
	for (enum schedule_lane lane = 0; lane < LANE_COUNT; lane++)
		assert_int_equal(schedule_busy(c->schedule, lane), 0);
	assert_int_equal(schedule_count(c->schedule), 0);
	assert_int_equal(schedule_wake(c->schedule, now), INT64_MAX);
	schedule_free(c->schedule);
	free(c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_gap_is_kept),
		cmocka_unit_test(test_own_host_goes_on),
		cmocka_unit_test(test_hold),
		cmocka_unit_test(test_hold_by_name),
		cmocka_unit_test(test_waiting_is_bounded),
		cmocka_unit_test(test_machine),
		cmocka_unit_test(test_lanes),
		cmocka_unit_test(test_turmoil),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
