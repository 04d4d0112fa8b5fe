/* Many hosts that are one machine. */
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

#define START (INT64_C(1790000000) * SEC_US)

static const struct fetch_settings polite = {.host_default = {NULL, SEC_US, 1}};

/* 203.0.113.n */
static void address_of(unsigned n, uint8_t out[16])
{
	const uint8_t bytes[16] = {[10] = 0xff, 0xff, 203, 0, 113, (uint8_t)n};

	memcpy(out, bytes, 16);
}

static void add(struct schedule *s, struct schedule_slot *slot, unsigned host, int64_t due_us)
{
	char url[64];

	snprintf(url, sizeof url, "http://h%u.example/feed", host);
	schedule_add(s, slot, url, due_us);
}

/* A fetcher whose requests all take as long, and that asks before it connects. */
enum { SLOTS = 300 };
struct machine {
	struct schedule *schedule;
	struct schedule_slot slots[SLOTS];
	unsigned at[SLOTS]; /* its address; 0: none, it is never asked about */
	int64_t ends_us[SLOTS];
	bool busy[SLOTS];
	unsigned served[SLOTS];
	size_t under_way[256], most[256], turned_away;
	int64_t now_us, last_us[256]; /* when a request there ended */
	int64_t least_gap_us;
};

static struct machine *machine_new(const struct fetch_settings *settings, unsigned n_addresses)
{
	struct machine *m = mem_zalloc(1, sizeof *m);

	m->schedule = schedule_new(settings);
	m->now_us = START;
	m->least_gap_us = INT64_MAX;
	for (unsigned i = 0; i < SLOTS; i++) {
		m->at[i] = 1 + i % n_addresses;
		add(m->schedule, &m->slots[i], i, START);
	}
	return m;
}

static void machine_free(struct machine *m)
{
	schedule_free(m->schedule);
	free(m);
}

static void start(struct machine *m, unsigned i, int64_t took_us)
{
	uint8_t address[16];
	unsigned at = m->at[i];

	address_of(at, address);
	if (at && !schedule_meets(m->schedule, &m->slots[i], address, m->now_us)) {
		schedule_put_back(m->schedule, &m->slots[i], address, m->now_us);
		m->turned_away++;
		return;
	}
	if (m->last_us[at] && m->now_us - m->last_us[at] < m->least_gap_us)
		m->least_gap_us = m->now_us - m->last_us[at];
	m->busy[i] = true;
	m->ends_us[i] = m->now_us + took_us;
	if (++m->under_way[at] > m->most[at])
		m->most[at] = m->under_way[at];
}

static void end(struct machine *m, unsigned i, int64_t next_us)
{
	m->busy[i] = false;
	m->served[i]++;
	m->under_way[m->at[i]]--;
	m->last_us[m->at[i]] = m->now_us;
	schedule_done(m->schedule, &m->slots[i], m->now_us, next_us);
}

/* Goes on until nothing is due or under way. */
static void run(struct machine *m, int64_t took_us)
{
	for (;;) {
		struct schedule_slot *slot;
		while ((slot = schedule_take(m->schedule, m->now_us)))
			start(m, (unsigned)(slot - m->slots), took_us);
		int64_t next = schedule_wake(m->schedule, m->now_us);
		for (unsigned i = 0; i < SLOTS; i++)
			if (m->busy[i] && m->ends_us[i] < next)
				next = m->ends_us[i];
		if (next > START + 12 * HOUR_US)
			return;
		m->now_us = next;
		for (unsigned i = 0; i < SLOTS; i++)
			if (m->busy[i] && m->ends_us[i] <= m->now_us)
				end(m, i, START + DAY_US);
	}
}

static void expect_all_served(const struct machine *m)
{
	for (unsigned i = 0; i < SLOTS; i++)
		if (m->served[i] != 1)
			fail_msg("slot %u was served %u times", i, m->served[i]);
}

/* Three hundred sites at one provider, none of them asked before. */
static void test_one_machine(void **state)
{
	struct machine *m = machine_new(&polite, 1);

	(void)state;
	/* But for some, which are elsewhere: they are not kept waiting. */
	for (unsigned i = 290; i < SLOTS; i++)
		m->at[i] = i - 200;
	run(m, 50 * MSEC_US);
	expect_all_served(m);
	assert_int_equal(m->most[1], ADDRESS_PARALLEL);
	assert_int_equal(m->turned_away, 290 - ADDRESS_PARALLEL); /* each once */
	assert_true(m->least_gap_us >= ADDRESS_GAP_US);
	/* As fast as may be: a gap between ends and starts, and no place that stays empty. */
	assert_in_range(m->now_us - START, 290 / ADDRESS_PARALLEL * 50 * MSEC_US,
		290 * (50 * MSEC_US + ADDRESS_GAP_US) / ADDRESS_PARALLEL + SEC_US);
	for (unsigned i = 290; i < SLOTS; i++)
		assert_int_equal(m->last_us[m->at[i]], START + 50 * MSEC_US);
	/* The next day it is known where they are. */
	m->now_us = START + DAY_US;
	while (schedule_take(m->schedule, m->now_us))
		m->under_way[0]++;
	assert_int_equal(m->under_way[0], ADDRESS_PARALLEL + 10);
	machine_free(m);
}

/* Addresses of their own: as if there were no such bound. */
static void test_own_machines(void **state)
{
	struct machine *m = machine_new(&polite, 255);

	(void)state;
	run(m, 50 * MSEC_US);
	expect_all_served(m);
	assert_int_equal(m->turned_away, 0);
	assert_int_equal(m->now_us, START + 50 * MSEC_US);
	machine_free(m);
}

static void test_agreed(void **state)
{
	struct host_settings one = {"203.0.113.1", 0, 20}, site = {"h7.example", 10 * MSEC_US, 9};
	struct host_settings v6 = {"[2001:db8::7]", 5, 2};
	const struct fetch_settings cases[] = {
		{.hosts = &one, .n_hosts = 1, .host_default = {NULL, SEC_US, 1}},
		{.hosts = &site, .n_hosts = 1, .host_default = {NULL, SEC_US, 1}},
		{.host_default = {NULL, 0, 100}},
	};
	const int64_t parallel[] = {20, 9, 100}, gap[] = {0, 10 * MSEC_US, 0};

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		struct machine *m = machine_new(&cases[i], 1);
		struct schedule_slot *slot = &m->slots[7];
		uint8_t address[16];
		address_of(1, address);
		/* The site that has agreed is at the machine before the others come. */
		while (schedule_take(m->schedule, m->now_us))
			continue;
		assert_true(schedule_meets(m->schedule, slot, address, m->now_us));
		schedule_put_back(m->schedule, slot, address, m->now_us);
		for (unsigned k = 0; k < SLOTS; k++)
			if (k != 7)
				start(m, k, 50 * MSEC_US);
		run(m, 50 * MSEC_US);
		expect_all_served(m);
		assert_int_equal(m->most[1], parallel[i]);
		assert_in_range(m->least_gap_us, gap[i], gap[i] + 50 * MSEC_US);
		machine_free(m);
	}
	/* IPv6 is named as in a URL. */
	struct address_book book;
	struct guest guest;
	const struct fetch_settings settings = {.hosts = &v6, .n_hosts = 1};
	const uint8_t bytes[16] = {0x20, 0x01, 0x0d, 0xb8, [15] = 7};
	address_book_init(&book);
	guest_init(&guest);
	guest_arrive(&book, &guest, bytes, 0, &settings);
	assert_int_equal(guest.at->parallel, 2);
	assert_int_equal(guest.at->gap_us, 5);
	guest_leave(&book, &guest, 0);
	address_book_deinit(&book);
}

/* A reload that allows more has the parked ones go. */
static void test_other_settings(void **state)
{
	struct host_settings one = {"203.0.113.1", 0, 50};
	const struct fetch_settings more = {
		.hosts = &one, .n_hosts = 1, .host_default = {NULL, SEC_US, 1}};
	struct machine *m = machine_new(&polite, 1);
	struct schedule_slot *slot;

	(void)state;
	while ((slot = schedule_take(m->schedule, m->now_us)))
		start(m, (unsigned)(slot - m->slots), SEC_US);
	assert_int_equal(m->under_way[1], ADDRESS_PARALLEL);
	schedule_set(m->schedule, &more);
	while ((slot = schedule_take(m->schedule, m->now_us)))
		start(m, (unsigned)(slot - m->slots), SEC_US);
	assert_int_equal(m->under_way[1], 50);
	run(m, SEC_US);
	expect_all_served(m);
	machine_free(m);
}

/* One place, which the first of three has; the others are parked. */
static struct machine *machine_full(const struct fetch_settings *settings)
{
	struct machine *m = machine_new(settings, 1);
	struct schedule_slot *slot;

	for (unsigned i = 3; i < SLOTS; i++)
		schedule_remove(m->schedule, &m->slots[i], START);
	while ((slot = schedule_take(m->schedule, m->now_us)))
		start(m, (unsigned)(slot - m->slots), SEC_US);
	assert_true(m->busy[0] && !m->busy[1] && !m->busy[2]);
	assert_int_equal(m->turned_away, 2);
	assert_int_equal(schedule_wake(m->schedule, START), INT64_MAX);
	return m;
}

/* Who is called and does not go keeps nobody waiting. */
static void test_called(void **state)
{
	struct host_settings one = {"203.0.113.1", SEC_US, 1};
	const struct fetch_settings settings = {
		.hosts = &one, .n_hosts = 1, .host_default = {NULL, SEC_US, 1}};
	uint8_t elsewhere[16];

	(void)state;
	address_of(2, elsewhere);
	struct machine *m = machine_full(&settings);
	end(m, 0, START + DAY_US);
	assert_int_equal(schedule_wake(m->schedule, START), START + SEC_US);
	schedule_remove(m->schedule, &m->slots[1], START);
	assert_int_equal(schedule_wake(m->schedule, START), START + SEC_US);
	assert_ptr_equal(schedule_take(m->schedule, START + SEC_US), &m->slots[2]);
	machine_free(m);

	m = machine_full(&settings);
	schedule_hold_host(m->schedule, &m->slots[1], START + HOUR_US);
	end(m, 0, START + DAY_US);
	assert_int_equal(schedule_wake(m->schedule, START), START + SEC_US);
	assert_ptr_equal(schedule_take(m->schedule, START + SEC_US), &m->slots[2]);
	machine_free(m);

	/* The request that had the place turns out to be made elsewhere. */
	m = machine_full(&settings);
	assert_true(schedule_meets(m->schedule, &m->slots[0], elsewhere, START));
	assert_ptr_equal(schedule_take(m->schedule, START), &m->slots[1]);
	assert_null(schedule_take(m->schedule, START));
	machine_free(m);
}

/* Who was turned away comes before who became due later. */
static void test_keeps_its_turn(void **state)
{
	struct host_settings one = {"203.0.113.1", SEC_US, 1};
	const struct fetch_settings settings = {
		.hosts = &one, .n_hosts = 1, .host_default = {NULL, SEC_US, 1}};
	struct machine *m = machine_new(&settings, 1);

	(void)state;
	for (unsigned i = 2; i < SLOTS; i++)
		schedule_remove(m->schedule, &m->slots[i], START);
	add(m->schedule, &m->slots[2], 1, START + 1);
	m->now_us++;
	assert_ptr_equal(schedule_take(m->schedule, m->now_us), &m->slots[0]);
	start(m, 0, 0);
	assert_ptr_equal(schedule_take(m->schedule, m->now_us), &m->slots[1]);
	start(m, 1, 0);
	assert_int_equal(m->turned_away, 1);
	end(m, 0, START + DAY_US);
	m->now_us += SEC_US;
	assert_ptr_equal(schedule_take(m->schedule, m->now_us), &m->slots[1]);
	machine_free(m);
}

/* One poll, which is answered at once; the next one is due then. */
static void serve(struct machine *m, unsigned i, int64_t next_us)
{
	assert_ptr_equal(schedule_take(m->schedule, m->now_us), &m->slots[i]);
	schedule_began(m->schedule, &m->slots[i], m->now_us);
	start(m, i, 0);
	schedule_answered(m->schedule, &m->slots[i], m->now_us);
	end(m, i, next_us);
	m->now_us += SEC_US;
}

/* Who cannot go because his lane is full does not keep the place from others. */
static void test_lane_is_full(void **state)
{
	struct host_settings one = {"203.0.113.1", SEC_US, 1};
	const struct fetch_settings settings = {
		.hosts = &one, .n_hosts = 1, .host_default = {NULL, SEC_US, 1}, .parallel = 4};
	struct machine *m = machine_new(&settings, 1);

	(void)state;
	for (unsigned i = 0; i < SLOTS; i++)
		schedule_remove(m->schedule, &m->slots[i], START);
	/* 0 and 2 are known to be quick; 1 has not been asked yet, and finds the place taken. */
	for (unsigned i = 0; i < 3; i += 2) {
		add(m->schedule, &m->slots[i], i, START);
		serve(m, i, START + MIN_US + i);
	}
	add(m->schedule, &m->slots[1], 1, START + MIN_US + 1);
	m->now_us = START + 2 * MIN_US;
	assert_ptr_equal(schedule_take(m->schedule, m->now_us), &m->slots[0]);
	start(m, 0, 0);
	assert_ptr_equal(schedule_take(m->schedule, m->now_us), &m->slots[1]);
	start(m, 1, 0);
	assert_int_equal(m->turned_away, 1);
	assert_null(schedule_take(m->schedule, m->now_us));
	/* Two others that have not been asked yet have all places of such. */
	for (unsigned i = 3; i < 5; i++) {
		m->at[i] = i;
		add(m->schedule, &m->slots[i], i, m->now_us);
		assert_ptr_equal(schedule_take(m->schedule, m->now_us), &m->slots[i]);
		start(m, i, 0);
	}
	end(m, 0, START + DAY_US);
	m->now_us += SEC_US;
	assert_ptr_equal(schedule_take(m->schedule, m->now_us), &m->slots[2]);
	start(m, 2, 0);
	end(m, 3, START + DAY_US);
	assert_null(schedule_take(m->schedule, m->now_us));
	end(m, 2, START + DAY_US);
	m->now_us += SEC_US;
	assert_ptr_equal(schedule_take(m->schedule, m->now_us), &m->slots[1]);
	machine_free(m);
}

/* Hosts that move, vanish, come back and are held: never too many at a machine, and in the end nobody
 * has been forgotten. */
static void test_turmoil(void **state)
{
	uint64_t seed = 11;

	(void)state;
	for (int round = 0; round < 30; round++) {
		struct machine *m = machine_new(&polite, 1 + (unsigned)(next_random(&seed) % 7));
		for (int step = 0; step < 400; step++) {
			unsigned i = (unsigned)(next_random(&seed) % SLOTS);
			struct schedule_slot *slot = &m->slots[i];
			switch (next_random(&seed) % 6) {
			case 0:
				if (!m->busy[i])
					m->at[i] = 1 + (unsigned)(next_random(&seed) % 7);
				break;
			case 1:
				if (m->busy[i])
					m->under_way[m->at[i]]--;
				m->busy[i] = false;
				schedule_remove(m->schedule, slot, m->now_us);
				add(m->schedule, slot, i, m->now_us);
				m->served[i] = 0;
				break;
			case 2:
				schedule_hold_host(m->schedule, slot, m->now_us + 10 * SEC_US);
				break;
			case 3:
				if (m->busy[i])
					end(m, i, START + DAY_US);
				break;
			default:
				m->now_us += 20 * MSEC_US;
				slot = schedule_take(m->schedule, m->now_us);
				if (slot)
					start(m, (unsigned)(slot - m->slots), 70 * MSEC_US);
			}
		}
		run(m, 70 * MSEC_US);
		expect_all_served(m);
		for (unsigned at = 1; at < 256; at++)
			assert_true(m->most[at] <= ADDRESS_PARALLEL);
		machine_free(m);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_one_machine),
		cmocka_unit_test(test_own_machines),
		cmocka_unit_test(test_agreed),
		cmocka_unit_test(test_other_settings),
		cmocka_unit_test(test_called),
		cmocka_unit_test(test_keeps_its_turn),
		cmocka_unit_test(test_lane_is_full),
		cmocka_unit_test(test_turmoil),
	};

	assert_int_equal(hash_global_init(), 0);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
