/* What is told of a feed's own life: once per turn. */
#include "wire_fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#include "base/alloc.h"
#include "base/list.h"
#include "groups.h"

static void fail_poll(struct wire *wire, enum feed_health health)
{
	struct feed_state *state = &wire->state;

	if (!state->failing_since_us)
		state->failing_since_us = wire->now_us;
	state->failures++;
	state->health = health;
	state->http_status = 503;
	if (!state->error)
		state->error = mem_strdup("503 Service \"Unavailable\"");
	wire_state_only(wire);
}

static void recover(struct wire *wire)
{
	struct feed_state *state = &wire->state;

	free(state->error);
	state->error = NULL;
	state->failures = 0;
	state->failing_since_us = state->gone_since_us = 0;
	state->http_status = 304;
	state->health = FEED_FINE;
	state->last_success_us = wire->now_us;
	wire_state_only(wire);
}

static void see_data(void *with, const struct wire_event *event)
{
	buf_printf(with, "%s %s %s\n", event->type, event->topics, strstr(event->body, "\"data\""));
}

static void test_failing_once(void **state)
{
	struct wire *wire = *state;
	struct buf got = BUF_INIT;

	for (int i = 0; i < 10; i++) {
		fail_poll(wire, FEED_FAILING);
		wire->now_us += MIN_US;
		assert_int_equal(wire->counts.feed_events, i == 2);
	}
	recover(wire);
	recover(wire);
	assert_int_equal(wire->counts.feed_events, 0);
	wire_each(wire, see_data, &got);
	assert_string_equal(buf_cstr(&got),
		"feed.failing sys/feed/aa-bbb/cc/dd/  \"data\":{\"state\":\"failing\","
		"\"since\":\"2024-10-04T10:00:00Z\",\"http_status\":503,"
		"\"error\":\"503 Service \\\"Unavailable\\\"\",\"count\":3,"
		"\"url\":\"https://feed.example/rss\"}}\n"
		"feed.recovered sys/feed/aa-bbb/cc/dd/  \"data\":{\"state\":\"fine\","
		"\"since\":\"2024-10-04T10:10:00Z\",\"http_status\":304,\"count\":10,"
		"\"url\":\"https://feed.example/rss\"}}\n");
	buf_deinit(&got);
}

/* Short failures are nobody's news, and then neither is their end. */
static void test_short_failure(void **state)
{
	struct wire *wire = *state;

	fail_poll(wire, FEED_FAILING);
	wire->now_us += 59 * MIN_US;
	fail_poll(wire, FEED_FAILING);
	recover(wire);
	wire_expect(wire, "");
}

static void test_two_failures_far_apart(void **state)
{
	struct wire *wire = *state;

	fail_poll(wire, FEED_FAILING);
	wire->now_us += HOUR_US;
	fail_poll(wire, FEED_FAILING);
	recover(wire);
	fail_poll(wire, FEED_FAILING);
	wire_expect(wire, "failing\nrecovered\n");
}

static void test_gone(void **state)
{
	struct wire *wire = *state;

	wire->state.gone_since_us = wire->now_us;
	fail_poll(wire, FEED_FAILING);
	fail_poll(wire, FEED_GONE);
	fail_poll(wire, FEED_GONE);
	recover(wire);
	wire_expect(wire, "gone\nrecovered\n");
}

/* A long outage that ends as 410 is told of twice: the second is another fact. */
static void test_failing_then_gone(void **state)
{
	struct wire *wire = *state;

	for (int i = 0; i < 4; i++)
		fail_poll(wire, FEED_FAILING);
	fail_poll(wire, FEED_GONE);
	recover(wire);
	wire_expect(wire, "failing\ngone\nrecovered\n");
}

/* A restart between the two does not forget that the recovery is owed. */
static void test_recovery_after_restart(void **state)
{
	struct wire *wire = *state;

	for (int i = 0; i < 3; i++)
		fail_poll(wire, FEED_FAILING);
	assert_true(wire->state.told_failing);
	wire->recorder = recorder_free(wire->recorder);
	wire->recorder = recorder_new(wire->journal, "https://wire.example");
	WIRE_DOCUMENT(wire, ITEM("a", "la", "A", "x"));
	wire_expect(wire, "failing\npublished a 1 +b\nrecovered\n");
}

#define ADDRESS "https://new.example/rss"

/* As schedule_settle() leaves it after a poll by way of a permanent redirect. */
static void redirect(struct wire *wire)
{
	struct feed_state *state = &wire->state;

	if (!state->url)
		state->url = mem_strdup(wire->feed->url);
	if (!state->moving_url) {
		state->moving_url = mem_strdup(ADDRESS);
		state->moving_since_us = wire->now_us;
	}
	state->moving_polls++;
	state->health = FEED_FINE;
}

static void test_moved(void **state)
{
	struct wire *wire = *state;
	struct buf got = BUF_INIT;

	WIRE_DOCUMENT(wire, ITEM("a", "la", "A", "x"));
	wire_expect(wire, "published a 1 +b\n");
	/* Three polls, but not a day; then a day. */
	for (int i = 0; i < 4; i++, wire->now_us += 6 * HOUR_US) {
		redirect(wire);
		if (i % 2)
			wire_state_only(wire);
		else
			WIRE_DOCUMENT(wire, ITEM("a", "la", "A", "x"));
		assert_int_equal(wire->counts.feed_events, 0);
		assert_null(wire->state.moved_url);
	}
	redirect(wire);
	wire_state_only(wire);
	assert_int_equal(wire->counts.feed_events, 1);
	assert_string_equal(wire->state.moved_url, ADDRESS);
	assert_null(wire->state.moving_url);
	assert_int_equal(wire->state.moving_polls, 0);
	wire_each(wire, see_data, &got);
	assert_string_equal(buf_cstr(&got),
		"feed.moved sys/feed/aa-bbb/cc/dd/  \"data\":{\"state\":\"fine\","
		"\"since\":\"2024-10-05T10:00:00Z\",\"count\":0,\"url\":\"" ADDRESS "\"}}\n");
	buf_deinit(&got);
	wire_state_only(wire);
	wire_expect(wire, "");
	assert_string_equal(wire->state.moved_url, ADDRESS);
}

/* A parked domain redirects, too, and has never heard of our items. */
static void test_moved_to_strangers(void **state)
{
	struct wire *wire = *state;

	WIRE_DOCUMENT(wire, ITEM("a", "la", "A", "x"));
	for (int i = 0; i < 9; i++, wire->now_us += DAY_US) {
		char guid[8];
		snprintf(guid, sizeof guid, "s%d", i);
		redirect(wire);
		WIRE_DOCUMENT(wire, ITEM(guid, guid, guid, "x"));
		assert_int_equal(wire->counts.feed_events, 0);
		assert_null(wire->state.moving_url);
	}
	assert_null(wire->state.moved_url);
}

static void see_types(void *with, const struct wire_event *event)
{
	if (!strncmp(event->type, "feed.", 5))
		buf_printf(with, "%s ", event->type);
}

static void news(struct wire *wire, int n)
{
	char guid[16];

	snprintf(guid, sizeof guid, "n%d", n);
	wire->state.health = FEED_FINE;
	WIRE_DOCUMENT(wire, ITEM(guid, guid, guid, "x"));
}

static void test_quiet(void **state)
{
	struct wire *wire = *state;
	struct buf got = BUF_INIT;

	/* News each three days. */
	for (int i = 0; i < 8; i++, wire->now_us += 3 * DAY_US)
		news(wire, i);
	assert_int_equal(wire->state.news, 7);
	assert_int_equal(wire->state.rhythm_us, 3 * DAY_US);
	int64_t last = wire->state.news_us;
	assert_int_equal(last, wire->now_us - 3 * DAY_US);
	int told_after = 0;
	for (int day = 4; day <= 60; day++) {
		wire->now_us = last + day * DAY_US;
		wire_state_only(wire);
		if (wire->counts.feed_events)
			told_after = day;
	}
	assert_int_equal(told_after, 18);
	/* News, then silence again: told again. While it fails it is told as failing, not as quiet. */
	news(wire, 100);
	wire->now_us += 300 * DAY_US;
	for (int i = 0; i < 3; i++)
		fail_poll(wire, FEED_FAILING);
	recover(wire);
	wire_each(wire, see_types, &got);
	assert_string_equal(buf_cstr(&got), "feed.quiet feed.failing feed.recovered feed.quiet ");
	buf_deinit(&got);
}

struct restored {
	struct journal_state_walk walk;
	struct feed_state state; /* without texts */
};

static int on_restored(
	struct journal_state_walk *walk, struct str id, const struct feed_state *state)
{
	(void)id;
	container_of(walk, struct restored, walk)->state = *state;
	return 0;
}

static struct feed_state restored(struct wire *wire)
{
	struct restored found = {.walk = {on_restored}};

	assert_int_equal(journal_states_each(wire->journal, &found.walk, &wire->error), 0);
	return found.state;
}

/* Of a poll that changed nothing its time is kept, and nothing else is written. */
static void test_unchanged(void **state)
{
	struct wire *wire = *state;

	/* A feed that the journal does not know yet is made known. */
	wire->state.items = 5;
	wire_unchanged(wire);
	assert_int_equal(wire->state.number, 1);
	assert_int_equal(restored(wire).items, 5);
	wire->state.items = 6;
	wire->state.next_due_us = wire->now_us + HOUR_US;
	wire_unchanged(wire);
	assert_int_equal(wire->state.number, 1);
	assert_int_equal(restored(wire).next_due_us, wire->state.next_due_us);
	assert_int_equal(restored(wire).items, 5);
	wire_state_only(wire);
	assert_int_equal(restored(wire).items, 6);
}

/* Silence is told of when it has lasted, though nothing has changed; that it was is kept. */
static void test_quiet_unchanged(void **state)
{
	struct wire *wire = *state;
	struct buf got = BUF_INIT;

	for (int i = 0; i < 8; i++, wire->now_us += 3 * DAY_US)
		news(wire, i);
	for (int day = 0; day < 40; day++, wire->now_us += DAY_US)
		wire_unchanged(wire);
	assert_true(restored(wire).told_quiet);
	wire_each(wire, see_types, &got);
	assert_string_equal(buf_cstr(&got), "feed.quiet ");
	buf_deinit(&got);
}

/* What is new counts today, what was there before we looked on its own day; nothing counts twice. */
static void test_activity(void **state)
{
	struct wire *wire = *state;
	const struct activity *activity = &wire->state.activity;
	struct batch *first = WIRE_BATCH(wire, ITEM("a", "la", "A", "x"), ITEM("b", "lb", "B", "x"),
		ITEM("c", "lc", "C", "x"));

	first->items[0].time_s = (wire->now_us - 3 * DAY_US) / SEC_US;
	first->items[1].time_s = (wire->now_us + 3 * DAY_US) / SEC_US; /* a date to come */
	first->items[2].time_s = TIME_NONE;
	wire_commit_one(wire, first);
	assert_int_equal(activity_on(activity, wire->now_us, 3), 1);
	assert_int_equal(activity_on(activity, wire->now_us, 0), 0);
	wire->now_us += DAY_US;
	WIRE_DOCUMENT(wire, ITEM("a", "la", "A", "changed"), ITEM("d", "ld", "D", "x"),
		ITEM("e", "le", "E", "x"));
	assert_int_equal(activity_on(activity, wire->now_us, 0), 2);
	assert_int_equal(activity_on(activity, wire->now_us, 4), 1);
	assert_true(activity->last_us == wire->now_us);
	wire_state_only(wire);
	assert_int_equal(activity_on(activity, wire->now_us, 0), 2);
}

/* Nothing is known of the rhythm of a feed that had news four times. */
static void test_not_quiet(void **state)
{
	struct wire *wire = *state;
	struct buf got = BUF_INIT;

	for (int i = 0; i < 5; i++, wire->now_us += DAY_US)
		news(wire, i);
	wire->now_us += 900 * DAY_US;
	wire_state_only(wire);
	wire_each(wire, see_types, &got);
	assert_string_equal(buf_cstr(&got), "");
	buf_deinit(&got);
}

int feed_tests(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, wire_setup, wire_teardown)
	const struct CMUnitTest tests[] = {
		TEST(test_failing_once),
		TEST(test_short_failure),
		TEST(test_two_failures_far_apart),
		TEST(test_gone),
		TEST(test_failing_then_gone),
		TEST(test_recovery_after_restart),
		TEST(test_moved),
		TEST(test_moved_to_strangers),
		TEST(test_quiet),
		TEST(test_not_quiet),
		TEST(test_unchanged),
		TEST(test_quiet_unchanged),
		TEST(test_activity),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
