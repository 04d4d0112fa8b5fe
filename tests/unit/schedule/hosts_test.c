/* The heap of due times and the queues of hosts. */
#include "schedule/schedule.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "schedule/heap.h"
#include "schedule/host.h"
#include "schedule/when.h"
#include "chance.h"

#define START (INT64_C(1790000000) * SEC_US)

static const struct fetch_settings polite = {.host_default = {NULL, SEC_US, 1}};

/* ---- the heap ---- */

static void test_heap(void **state)
{
	enum { N = 3000 };
	static size_t places[N];
	static int64_t keys[N];
	struct heap heap = {0};
	uint64_t seed = 7;

	(void)state;
	assert_int_equal(heap_first(&heap), INT64_MAX);
	for (size_t i = 0; i < N; i++) {
		keys[i] = (int64_t)(next_random(&seed) % 1000);
		heap_push(&heap, keys[i], &places[i]);
	}
	for (size_t i = 0; i < N; i += 3) {
		keys[i] = (int64_t)(next_random(&seed) % 1000);
		heap_move(&heap, places[i], keys[i]);
	}
	for (size_t i = 1; i < N; i += 3)
		heap_take(&heap, places[i]);
	int64_t last = INT64_MIN;
	for (size_t n = 0; n < N - N / 3; n++) {
		size_t i = (size_t)(heap.entries[0].place - places);
		assert_true(i % 3 != 1);
		assert_int_equal(heap_first(&heap), keys[i]);
		assert_true(keys[i] >= last);
		last = keys[i];
		heap_take(&heap, 0);
	}
	assert_int_equal(heap.n, 0);
	heap_deinit(&heap);
}

/* ---- hosts ---- */

static void test_hosts(void **state)
{
	static const char *const cases[][2] = {
		{"https://Example.ORG/feed", "example.org"},
		{"http://example.org:80/feed", "example.org"},
		{"https://example.org:443", "example.org"},
		{"https://example.org:80/", "example.org:80"},
		{"http://example.org:8080?x", "example.org:8080"},
		{"http://example.org.:/x", "example.org"},
		{"http://user:p@ss@example.org/x@y", "example.org"},
		{"http://[2001:DB8::1]:8080/x", "[2001:db8::1]:8080"},
		{"http://[::1]/x", "[::1]"},
		{"file:///tmp/a.xml", "file:"},
		{"FILE:/tmp/a.xml", "file:"},
		{"no url", ""},
	};
	struct host_settings entries[] = {
		{"example.org", 5, 1}, {"example.org:8080", 6, 1}, {"[::1]", 7, 1}};
	const struct fetch_settings settings = {.hosts = entries, .n_hosts = 3};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct buf host = BUF_INIT;
		host_of_url(&host, str_of(cases[i][0]));
		assert_string_equal(buf_cstr(&host), cases[i][1]);
		buf_deinit(&host);
	}
	assert_int_equal(host_find(&settings, STR("example.org"))->gap_us, 5);
	assert_int_equal(host_find(&settings, STR("example.org:9090"))->gap_us, 5);
	assert_int_equal(host_find(&settings, STR("example.org:8080"))->gap_us, 6);
	assert_int_equal(host_find(&settings, STR("[::1]:99"))->gap_us, 7);
	assert_null(host_find(&settings, STR("other.example")));
}

static void test_authority(void **state)
{
	static const char *const cases[][2] = {
		{"https://User@Example.ORG:443/feed?a@b", "User@Example.ORG:443"},
		{"https://a-name-of-more-than-sixteen-bytes.example.org",
			"a-name-of-more-than-sixteen-bytes.example.org"},
		{"http://one.example?two", "one.example"},
		{"http://one.example#two", "one.example"},
		{"http://one.example\\two", "one.example"},
		{"http:///path", ""},
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
		assert_true(str_is(host_authority(str_of(cases[i][0])), cases[i][1]));
	assert_true(str_is_none(host_authority(STR("http:/one.example/"))));
	assert_true(str_is_none(host_authority(STR("no url"))));
}

/* One number for one host, however its URL is written; none has 0. */
static void test_number(void **state)
{
	(void)state;
	assert_int_equal(host_number(STR("http://one.example/a")),
		host_number(STR("http://ONE.example:80/b")));
	assert_int_not_equal(
		host_number(STR("http://one.example/")), host_number(STR("http://two.example/")));
	assert_int_not_equal(host_number(STR("http://one.example/")),
		host_number(STR("http://one.example:81/")));
	assert_int_not_equal(host_number(STR("no url")), 0);
}

static void test_gap(void **state)
{
	struct schedule *s = schedule_new(&polite);
	struct schedule_slot a = {0}, b = {0}, c = {0}, d = {0};

	(void)state;
	schedule_add(s, &a, "http://one.example/a", START);
	schedule_add(s, &b, "http://one.example/b", START + 1);
	schedule_add(s, &c, "http://two.example/c", START + 2);
	assert_int_equal(schedule_count(s), 3);
	assert_null(schedule_take(s, START - 1));
	assert_int_equal(schedule_wake(s, START - 1), START);
	assert_ptr_equal(schedule_take(s, START + 5), &a);
	assert_ptr_equal(schedule_take(s, START + 5), &c);
	assert_null(schedule_take(s, START + 5));
	assert_int_equal(schedule_wake(s, START + 5), INT64_MAX); /* b waits for a's end */
	schedule_done(s, &a, START + 10 * SEC_US, START + HOUR_US);
	assert_int_equal(schedule_wake(s, START + 10 * SEC_US), START + 11 * SEC_US);
	assert_null(schedule_take(s, START + 11 * SEC_US - 1));
	assert_ptr_equal(schedule_take(s, START + 11 * SEC_US), &b);
	/* Taking out the busy one frees its host, after the gap; out and in again does not help. */
	schedule_add(s, &d, "http://one.example/d", START);
	schedule_remove(s, &b, START + 12 * SEC_US);
	assert_null(schedule_take(s, START + 13 * SEC_US - 1));
	assert_ptr_equal(schedule_take(s, START + 13 * SEC_US), &d);
	schedule_free(s);
}

static void test_vacant_host_rests(void **state)
{
	struct schedule *s = schedule_new(&polite);
	struct schedule_slot a = {0};

	(void)state;
	schedule_add(s, &a, "http://one.example/a", START);
	assert_ptr_equal(schedule_take(s, START), &a);
	schedule_hold_host(s, &a, START + MIN_US);
	schedule_remove(s, &a, START);
	assert_int_equal(schedule_count(s), 0);
	schedule_add(s, &a, "http://one.example/a", START);
	assert_null(schedule_take(s, START + MIN_US - 1));
	assert_ptr_equal(schedule_take(s, START + MIN_US), &a);
	schedule_remove(s, &a, START + MIN_US);
	for (int i = 0; i < 3; i++) { /* hosts that have rested are forgotten, and come back */
		schedule_add(s, &a, "http://two.example/", START + HOUR_US);
		schedule_remove(s, &a, START + HOUR_US);
	}
	schedule_free(s);
}

/* What its feeds remember of their last polls holds for the host. */
static void test_asked_before(void **state)
{
	struct schedule *s = schedule_new(&polite);
	struct schedule_slot a = {0}, b = {0};

	(void)state;
	schedule_add(s, &a, "http://one.example/a", START + HOUR_US);
	schedule_add(s, &b, "http://one.example/b", START);
	schedule_asked(s, &a, START - SEC_US / 4);
	schedule_asked(s, &b, START - HOUR_US); /* an older one does not shorten it */
	assert_null(schedule_take(s, START));
	assert_int_equal(schedule_wake(s, START), START + 3 * SEC_US / 4);
	assert_ptr_equal(schedule_take(s, START + 3 * SEC_US / 4), &b);
	schedule_free(s);
}

static void test_agreed_host(void **state)
{
	struct host_settings agreed = {"one.example", 0, 3};
	const struct fetch_settings settings = {
		.hosts = &agreed, .n_hosts = 1, .host_default = {NULL, SEC_US, 1}};
	struct schedule *s = schedule_new(&settings);
	struct schedule_slot slots[5] = {0}, files[50] = {0};

	(void)state;
	for (int i = 0; i < 5; i++)
		schedule_add(s, &slots[i], "http://one.example/", START);
	for (int i = 0; i < 3; i++)
		assert_non_null(schedule_take(s, START));
	assert_null(schedule_take(s, START));
	schedule_done(s, &slots[0], START, START + HOUR_US);
	assert_non_null(schedule_take(s, START));
	assert_null(schedule_take(s, START));
	for (int i = 0; i < 50; i++)
		schedule_add(s, &files[i], "file:///x", START);
	for (int i = 0; i < 50; i++)
		assert_non_null(schedule_take(s, START));
	schedule_free(s);
}

/* ---- another configuration ---- */

static void test_other_settings(void **state)
{
	const struct fetch_settings generous = {.host_default = {NULL, 0, 2}};
	struct schedule *s = schedule_new(&polite);
	struct schedule_slot slots[3] = {0};

	(void)state;
	for (size_t i = 0; i < 3; i++)
		schedule_add(s, &slots[i], "https://aci.example/", START - 3 + (int64_t)i);
	assert_ptr_equal(schedule_take(s, START), &slots[0]);
	assert_null(schedule_take(s, START));
	schedule_set(s, &generous);
	assert_ptr_equal(schedule_take(s, START), &slots[1]);
	assert_null(schedule_take(s, START));
	schedule_set(s, &polite);
	schedule_done(s, &slots[0], START, INT64_MAX);
	schedule_done(s, &slots[1], START, INT64_MAX);
	assert_null(schedule_take(s, START));
	assert_ptr_equal(schedule_take(s, START + SEC_US), &slots[2]);
	schedule_free(s);
}

static void test_reconsider(void **state)
{
	static const char *nets[] = {"10.0.0.0/8"};
	const struct feed was = {.url = "https://aci.example/", .interval_us = HOUR_US};
	struct feed is = was;
	struct feed_state known = {.last_poll_us = START, .next_due_us = START + HOUR_US};
	struct feed_state s = known;
	int64_t now = START + MIN_US;

	(void)state;
	is.emails = true; /* nothing that matters here */
	assert_int_equal(schedule_reconsider(&s, &was, &is, 0, now), START + HOUR_US);
	is.interval_us = 2 * HOUR_US;
	assert_int_equal(schedule_reconsider(&s, &was, &is, 0, now), START + 2 * HOUR_US);
	is.interval_us = 15 * MIN_US;
	assert_int_equal(schedule_reconsider(&s, &was, &is, 0, now), START + 15 * MIN_US);
	s.hint_us = 3 * HOUR_US; /* the document's wish still counts */
	assert_int_equal(schedule_reconsider(&s, &was, &is, 0, now), START + 3 * HOUR_US);
	s.failures = 3; /* so does what failures have earned */
	assert_int_equal(schedule_reconsider(&s, &was, &is, 0, now), START + HOUR_US);
	is.access.allow_net = nets;
	is.access.n_allow_net = 1;
	assert_int_equal(schedule_reconsider(&s, &was, &is, 0, now), now);
	s = known;
	s.url = mem_strdup(was.url);
	s.etag = mem_strdup("x");
	is = was;
	is.url = "https://other.example/";
	assert_int_equal(schedule_reconsider(&s, &was, &is, 0, now), now);
	assert_null(s.etag);
	feed_state_deinit(&s);
	s = (struct feed_state){0}; /* never polled: it is due, whatever it is called */
	is = was;
	is.interval_us = 2 * HOUR_US;
	assert_int_equal(schedule_reconsider(&s, &was, &is, 0, now), now);
}

/* When a feed will be polled, by what waits before it at its host. */
static void test_expect(void **state)
{
	struct schedule *s = schedule_new(&polite);
	struct schedule_slot slots[3] = {{.due_us = 0}};
	size_t ahead;

	(void)state;
	for (int i = 0; i < 3; i++)
		schedule_add(s, &slots[i], "http://a.example/x", START + i);
	assert_int_equal(schedule_expect(s, &slots[2], START - SEC_US, &ahead), START + 2);
	assert_ptr_equal(schedule_take(s, START + 5), &slots[0]);
	assert_int_equal(schedule_expect(s, &slots[0], START + 5, &ahead), START + 5);
	assert_int_equal(schedule_expect(s, &slots[1], START + 5, &ahead), START + 5 + SEC_US);
	assert_int_equal(ahead, 0);
	assert_int_equal(schedule_expect(s, &slots[2], START + 5, &ahead), START + 5 + 2 * SEC_US);
	assert_int_equal(ahead, 1);
	/* What it says is what happens. */
	schedule_done(s, &slots[0], START + SEC_US, START + DAY_US);
	int64_t first = schedule_expect(s, &slots[1], START + SEC_US, &ahead);
	int64_t second = schedule_expect(s, &slots[2], START + SEC_US, &ahead);
	assert_int_equal(first, START + 2 * SEC_US);
	assert_null(schedule_take(s, first - 1));
	assert_ptr_equal(schedule_take(s, first), &slots[1]);
	schedule_done(s, &slots[1], first, START + DAY_US);
	assert_int_equal(second, first + SEC_US);
	assert_null(schedule_take(s, second - 1));
	assert_ptr_equal(schedule_take(s, second), &slots[2]);
	assert_int_equal(schedule_expect(s, &slots[0], second, &ahead), START + DAY_US);
	schedule_free(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_heap),
		cmocka_unit_test(test_hosts),
		cmocka_unit_test(test_authority),
		cmocka_unit_test(test_number),
		cmocka_unit_test(test_expect),
		cmocka_unit_test(test_gap),
		cmocka_unit_test(test_vacant_host_rests),
		cmocka_unit_test(test_asked_before),
		cmocka_unit_test(test_agreed_host),
		cmocka_unit_test(test_other_settings),
		cmocka_unit_test(test_reconsider),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
