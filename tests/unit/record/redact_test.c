/* What was redacted is not told again: not by the next poll, not changed, not when it is gone, not when
 * its row is. */
#include "wire_fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#include "base/clock.h"
#include "groups.h"
#include "journal/statement.h"
#include "journal/upkeep.h"

static void see_id(void *with, const struct wire_event *event)
{
	snprintf(with, sizeof event->id, "%s", event->id);
}

/* The id of the event journaled last. */
static struct wire_event last(struct wire *wire)
{
	struct wire_event event = {0};

	wire_each(wire, see_id, event.id);
	return event;
}

static void redact(struct wire *wire, const char *id, uint64_t events)
{
	struct journal_redaction done;

	if (journal_redact(wire->journal, str_of(id), wire->now_us, &done, &wire->error) < 0)
		fail_msg("%s", wire->error.text);
	assert_int_equal(done.events, events);
}

/* "feed/key/", of an event's id. */
static void item_of(struct wire_event *event)
{
	strrchr(event->id, '/')[1] = 0;
}

static void test_an_item(void **state)
{
	struct wire *wire = *state;

	WIRE_DOCUMENT(wire, ITEM("b", "lb", "B", "x"));
	WIRE_DOCUMENT(wire, ITEM("b", "lb", "B", "x"), ITEM("a", "la", "A", "secret"));
	WIRE_DOCUMENT(wire, ITEM("b", "lb", "B", "x"), ITEM("a", "la", "A", "more secret"));
	struct wire_event item = last(wire);
	item_of(&item);
	redact(wire, item.id, 2);
	wire_expect(wire, "redacted  3\n");
	/* The next poll; another text, another link; with news beside it. */
	WIRE_DOCUMENT(wire, ITEM("b", "lb", "B", "x"), ITEM("a", "la", "A", "more secret"));
	WIRE_DOCUMENT(wire, ITEM("b", "lb", "B", "y"), ITEM("a", "la2", "A", "again"));
	wire_expect(wire, "updated b 2\n");
	/* Its tombstone, its return, its absence from a feed that lists everything. */
	WIRE_DOCUMENT(wire, ITEM("b", "lb", "B", "y"), STONE("a"));
	WIRE_DOCUMENT(wire, ITEM("b", "lb", "B", "y"), ITEM("a", "la", "A", "back"));
	struct batch *complete = WIRE_BATCH(wire, ITEM("c", "lc", "C", "x"));
	complete->complete = true;
	wire_commit_one(wire, complete);
	wire_expect(wire, "published c 1\nwithdrawn b 3\n");
}

/* Its row is forgotten long after the feed has dropped it, or was damaged. */
static void test_without_its_row(void **state)
{
	struct wire *wire = *state;
	struct journal_feed feed;

	WIRE_DOCUMENT(wire, ITEM("b", "lb", "B", "x"));
	WIRE_DOCUMENT(wire, ITEM("a", "la", "A", "secret"));
	struct wire_event item = last(wire);
	item_of(&item);
	redact(wire, item.id, 1);
	wire_expect(wire, "redacted  2\n");
	struct hash key = hash_of(STR("a"));
	assert_int_equal(journal_begin(wire->journal, &wire->error), 0);
	assert_int_equal(journal_feed(wire->journal, wire->feed, &feed, &wire->error), 0);
	assert_int_equal(journal_seen_drop(wire->journal, feed.number, &key, &wire->error), 0);
	assert_int_equal(journal_commit(wire->journal, &wire->error), 0);
	WIRE_DOCUMENT(wire, ITEM("a", "la", "A", "secret"));
	WIRE_DOCUMENT(wire, ITEM("a", "la", "A", "other"));
	wire_expect(wire, "");
	/* Three years in the feed, polled each month. */
	for (int month = 0; month < 36; month++) {
		wire->now_us += 30 * DAY_US;
		WIRE_DOCUMENT(wire, ITEM("a", "la", "A", "secret"));
	}
	wire_expect(wire, "");
	/* Gone for as long, and back. */
	for (int month = 0; month < 36; month++) {
		wire->now_us += 30 * DAY_US;
		WIRE_DOCUMENT(wire, ITEM("b", "lb", "B", "x"));
	}
	WIRE_DOCUMENT(wire, ITEM("a", "la", "A", "secret"));
	wire_expect(wire, "published b 1\n");
	/* Damaged: it counts as changed, and is no less redacted. */
	sqlite3 *db;
	assert_int_equal(
		statement_open(wire->path, SQLITE_OPEN_READWRITE, 1000, &db, &wire->error), 0);
	assert_int_equal(
		statement_exec(db, "UPDATE seen SET version=version+1", "", &wire->error), 0);
	sqlite3_close(db);
	WIRE_DOCUMENT(wire, ITEM("a", "la", "A", "secret"));
	char *what = NULL;
	assert_true(journal_damage(wire->journal, &what) > 0);
	free(what);
	wire_expect(wire, "");
}

/* Of one version only what it said: what the item says next is news. */
static void test_a_version(void **state)
{
	struct wire *wire = *state;

	WIRE_DOCUMENT(wire, ITEM("b", "lb", "B", "x"));
	WIRE_DOCUMENT(wire, ITEM("a", "la", "A", "first"));
	struct wire_event first = last(wire);
	WIRE_DOCUMENT(wire, ITEM("a", "la", "A", "secret"));
	struct wire_event second = last(wire);
	redact(wire, second.id, 1);
	wire_expect(wire, "redacted  3\n");
	WIRE_DOCUMENT(wire, ITEM("a", "la", "A", "secret"));
	wire_expect(wire, "");
	WIRE_DOCUMENT(wire, ITEM("a", "la", "A", "corrected"));
	wire_expect(wire, "updated a 4\n");
	WIRE_DOCUMENT(wire, ITEM("a", "la", "A", "secret"));
	wire_expect(wire, "");
	WIRE_DOCUMENT(wire, ITEM("a", "la", "A", "corrected again"));
	wire_expect(wire, "updated a 5\n");
	/* An older one takes nothing from the newest. */
	redact(wire, first.id, 1);
	wire_expect(wire, "redacted  6\n");
	WIRE_DOCUMENT(wire, ITEM("a", "la", "A", "and more"));
	wire_expect(wire, "updated a 7\n");
}

int redact_tests(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, wire_setup, wire_teardown)
	const struct CMUnitTest tests[] = {
		TEST(test_an_item),
		TEST(test_without_its_row),
		TEST(test_a_version),
	};

	return cmocka_run_group_tests_name("redact", tests, NULL, NULL);
}
