/* From documents to events: new, changed, withdrawn, back; long replies; failing commits. */
#include "wire_fixture.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <cmocka.h>

#include "base/alloc.h"
#include "groups.h"

static void test_backfill_then_news(void **state)
{
	struct wire *wire = *state;

	WIRE_DOCUMENT(wire, ITEM("a", "la", "A", "x"), ITEM("b", "lb", "B", "x"));
	wire_expect(wire, "published a 1 +b\npublished b 1 +b\n");
	assert_true(wire->state.backfilled);
	assert_int_equal(wire->counts.published, 2);
	WIRE_DOCUMENT(wire, ITEM("c", "lc", "C", "x"), ITEM("a", "la", "A", "x"),
		ITEM("b", "lb", "B", "y"));
	wire_expect(wire, "published c 1\nupdated b 2\n");
	assert_int_equal(wire->counts.published, 1);
	assert_int_equal(wire->counts.updated, 1);
	assert_int_equal(wire->counts.same, 1);
	WIRE_DOCUMENT(wire, ITEM("c", "lc", "C", "x"), ITEM("b", "lb", "B", "y"));
	wire_expect(wire, "");
}

/* The first document was empty, or a 304 came first: backfill is what the first document has. */
static void test_empty_first_document(void **state)
{
	struct wire *wire = *state;

	wire_state_only(wire);
	assert_false(wire->state.backfilled);
	wire_commit_one(wire, wire_batch(wire, NULL, 0));
	assert_true(wire->state.backfilled);
	WIRE_DOCUMENT(wire, ITEM("a", "la", "A", "x"));
	wire_expect(wire, "published a 1\n");
}

static void see_topics(void *with, const struct wire_event *event)
{
	buf_printf(with, "%s: %s\n", event->type, event->topics);
}

/* An update reaches those who had the version before. */
static void test_views_are_united(void **state)
{
	struct wire *wire = *state;
	struct buf got = BUF_INIT;

	WIRE_DOCUMENT(wire, THEMED("a", "la", "A", "x", "climate"));
	WIRE_DOCUMENT(wire, THEMED("a", "la", "A", "y", "health"));
	WIRE_DOCUMENT(wire, THEMED("a", "la", "A", "z", "health"));
	wire_each(wire, see_topics, &got);
#define OWN(theme) "feed/aa-bbb/cc/dd/ theme/" theme "/aa-bbb/cc/dd/ kind/news/aa-bbb/cc/dd/ "
	assert_string_equal(buf_cstr(&got),
		"item.published: " OWN("climate") "\n"
						  "item.updated: " OWN(
							  "health") "theme/climate/aa-bbb/cc/dd/ \n"
								    "item.updated: " OWN(
									    "health") "\n");
	buf_deinit(&got);
}

static void test_tombstones(void **state)
{
	struct wire *wire = *state;

	WIRE_DOCUMENT(wire, ITEM("a", "la", "A", "x"), ITEM("b", "lb", "B", "x"));
	WIRE_DOCUMENT(wire, STONE("a"), STONE("never"));
	WIRE_DOCUMENT(wire, STONE("a"));
	WIRE_DOCUMENT(wire, ITEM("a", "la", "A", "x"));
	wire_expect(wire, "published a 1 +b\npublished b 1 +b\nwithdrawn a 2\nupdated a 3\n");
}

static void see_withdrawn(void *with, const struct wire_event *event)
{
	if (strcmp(event->type, "item.withdrawn") == 0)
		buf_printf(with, "%s", strstr(event->body, "\"data\""));
}

static void test_absence(void **state)
{
	struct wire *wire = *state;
	struct buf got = BUF_INIT;

	WIRE_DOCUMENT(wire, THEMED("a", "la", "A", "x", "climate"), ITEM("b", "lb", "B", "x"));
	/* A window feed: what has scrolled out is not gone. */
	WIRE_DOCUMENT(wire, THEMED("a", "la", "A", "x", "climate"));
	wire_expect(wire, "published a 1 +b\npublished b 1 +b\n");
	struct batch *batch = WIRE_BATCH(wire, ITEM("b", "lb", "B", "x"));
	batch->complete = true;
	wire_commit_one(wire, batch);
	assert_int_equal(wire->counts.withdrawn, 1);
	uint64_t before = wire->read_to;
	wire_expect(wire, "withdrawn a 2\n");
	wire->read_to = before;
	wire_each(wire, see_withdrawn, &got);
	assert_string_equal(buf_cstr(&got), "\"data\":{\"id\":\"a\"}}");
	buf_clear(&got);
	wire->read_to = before;
	wire_each(wire, see_topics, &got);
	assert_non_null(strstr(buf_cstr(&got), "theme/climate/"));
	/* Once. */
	batch = WIRE_BATCH(wire, ITEM("b", "lb", "B", "x"));
	batch->complete = true;
	wire_commit_one(wire, batch);
	wire_expect(wire, "");
	/* And those who heard that it is gone hear that it is back, whatever its themes now. */
	WIRE_DOCUMENT(wire, ITEM("a", "la", "A", "x"), ITEM("b", "lb", "B", "x"));
	before = wire->read_to;
	wire_expect(wire, "updated a 3\n");
	wire->read_to = before;
	buf_clear(&got);
	wire_each(wire, see_topics, &got);
	assert_non_null(strstr(buf_cstr(&got), "theme/climate/"));
	buf_deinit(&got);
}

static struct batch *part(struct wire *wire, const char *guid, bool first, bool last)
{
	struct batch *batch = WIRE_BATCH(wire, ITEM(guid, guid, guid, "x"));

	batch->first = first;
	batch->last = last;
	return batch;
}

/* Three batches of one reply in two calls: the state comes with the last one, and only what none of
 * the three has is missing. */
static void test_long_reply(void **state)
{
	struct wire *wire = *state;
	struct batch *batches[2] = {part(wire, "a", true, false), part(wire, "b", false, false)};

	WIRE_DOCUMENT(wire, ITEM("z", "lz", "Z", "x"));
	wire_expect(wire, "published z 1 +b\n");
	wire_commit(wire, batches, 2);
	struct batch *last = part(wire, "c", false, true);
	last->complete = true;
	wire_commit_one(wire, last);
	wire_expect(wire, "published a 1\npublished b 1\npublished c 1\nwithdrawn z 2\n");
}

static void test_long_first_reply_is_backfill_to_its_end(void **state)
{
	struct wire *wire = *state;

	wire_commit_one(wire, part(wire, "a", true, false));
	assert_false(wire->state.backfilled);
	wire_commit_one(wire, part(wire, "b", false, true));
	assert_true(wire->state.backfilled);
	wire_expect(wire, "published a 1 +b\npublished b 1 +b\n");
}

/* A reply whose first part was lost (the daemon began anew) withdraws nothing. */
static void test_half_a_reply_withdraws_nothing(void **state)
{
	struct wire *wire = *state;

	WIRE_DOCUMENT(wire, ITEM("z", "lz", "Z", "x"));
	struct batch *last = part(wire, "c", false, true);
	last->complete = true;
	wire_commit_one(wire, last);
	wire_expect(wire, "published z 1 +b\npublished c 1\n");
}

/* An abandoned long reply must not lend its keys to the next one. */
static void test_abandoned_reply(void **state)
{
	struct wire *wire = *state;

	WIRE_DOCUMENT(wire, ITEM("a", "a", "a", "x"), ITEM("b", "b", "b", "x"));
	wire_commit_one(wire, part(wire, "a", true, false));
	struct batch *whole = WIRE_BATCH(wire, ITEM("b", "b", "b", "x"));
	whole->complete = true;
	wire_commit_one(wire, whole);
	wire_expect(wire, "published a 1 +b\npublished b 1 +b\nwithdrawn a 2\n");
}

static void test_one_key_twice_in_a_batch(void **state)
{
	struct wire *wire = *state;

	WIRE_DOCUMENT(wire, ITEM("a", "la", "A", "x"), ITEM("a", "la", "A", "x"),
		ITEM("a", "la", "A", "y"));
	wire_expect(wire, "published a 1 +b\nupdated a 2 +b\n");
}

/* The commit fails; nothing has happened; the same call succeeds, with the same numbers. */
static void test_failed_commit_changes_nothing(void **state)
{
	struct wire *wire = *state;
	struct rlimit was, tight;
	char title[4096];

	memset(title, 't', sizeof title - 1);
	title[sizeof title - 1] = 0;
	wire_commit_one(wire, part(wire, "first part", true, false));
	struct words words[200];
	char guids[200][16];
	for (int i = 0; i < 200; i++) {
		snprintf(guids[i], sizeof guids[i], "g%d", i);
		words[i] = (struct words)ITEM(guids[i], guids[i], title, "x");
	}
	struct batch *batch = wire_batch(wire, words, 200);
	batch->first = false;
	batch->complete = true;
	batch->state.health = FEED_FAILING;
	batch->state.failures = 5;

	assert_int_equal(getrlimit(RLIMIT_FSIZE, &was), 0);
	tight = was;
	tight.rlim_cur = 300000;
	signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &tight), 0);
	for (int i = 0; i < 3; i++) {
		struct record_counts counts = {.same = 77};
		assert_true(recorder_commit(wire->recorder, &batch, 1, wire->now_us, &counts,
				    &wire->error) < 0);
		assert_int_equal(counts.same, 77);
		assert_int_equal(journal_head(wire->journal), 1);
		assert_false(batch->state.backfilled);
		assert_false(batch->state.told_failing);
	}
	setrlimit(RLIMIT_FSIZE, &was);
	wire_commit_one(wire, batch);
	assert_int_equal(wire->counts.published, 200);
	assert_int_equal(wire->counts.withdrawn, 0);
	assert_int_equal(wire->counts.feed_events, 1);
	assert_int_equal(journal_head(wire->journal), 202);
	assert_true(wire->state.told_failing);
}

static void see_flaws(void *with, const struct wire_event *event)
{
	const char *flaws = strstr(event->body, "_flaws");

	if (flaws)
		buf_printf(with, "%s %s\n", event->type, flaws);
}

/* A counter in the title: 24 updates a day, then silence, one notice, and a flag the next day. */
static void test_too_many_updates(void **state)
{
	struct wire *wire = *state;
	struct buf got = BUF_INIT;
	char text[16];
	int told = 0, held = 0;

	for (int i = 0; i < 60; i++) {
		snprintf(text, sizeof text, "%d visits", i);
		WIRE_DOCUMENT(wire, ITEM("a", "la", "A", text));
		told += (int)wire->counts.updated;
		held += (int)wire->counts.held;
		assert_int_equal(wire->counts.feed_events, i == 25);
	}
	assert_int_equal(told, 24);
	assert_int_equal(held, 60 - 1 - 24);
	wire->now_us += DAY_US;
	WIRE_DOCUMENT(wire, ITEM("a", "la", "A", "61 visits"));
	assert_int_equal(wire->counts.updated, 1);
	WIRE_DOCUMENT(wire, ITEM("a", "la", "A", "62 visits"));
	wire_each(wire, see_flaws, &got);
	assert_string_equal(buf_cstr(&got), "item.updated _flaws\":[\"updates-coalesced\"]}}\n");
	buf_deinit(&got);
}

/* One guid with two links: who was known stays known, whatever the order of the document. */
static void test_guids_repeat(void **state)
{
	struct wire *wire = *state;

	WIRE_DOCUMENT(wire, ITEM("g", "l1", "One", "x"));
	struct batch *batch = WIRE_BATCH(wire, ITEM("g", "l2", "Two", "x"),
		ITEM("g", "l1", "One", "x"), ITEM("h", "l3", "Three", "x"));
	batch->guids_repeat = true;
	wire_commit_one(wire, batch);
	wire_expect(wire, "published g 1 +b\npublished g 1\npublished h 1\n");
	assert_true(wire->state.guids_repeat);
	assert_int_equal(wire->counts.same, 1);
	/* For good: the next document does not show it. */
	WIRE_DOCUMENT(wire, ITEM("g", "l2", "Two", "x"), ITEM("h", "l3", "Three", "x"));
	WIRE_DOCUMENT(wire, ITEM("g", "l1", "One", "changed"));
	wire_expect(wire, "updated g 2\n");
}

/* Where there are no guids, one page is the link of many items: the one that was known is the one
 * of the same title. */
static void test_siblings_under_one_link(void **state)
{
	struct wire *wire = *state;

	WIRE_DOCUMENT(wire, ITEM(NULL, "page", "One", "x"));
	struct batch *batch =
		WIRE_BATCH(wire, ITEM(NULL, "page", "Two", "x"), ITEM(NULL, "page", "One", "x"));
	batch->guids_repeat = true;
	/* The keys of a feed without guids: the link alone, and link + title. */
	for (size_t i = 0; i < batch->n_items; i++) {
		assert_true(hash_eq(&batch->items[i].key, &batch->items[i].link_key));
		batch->items[i].key_link = batch->items[i].title_key;
	}
	wire_commit_one(wire, batch);
	wire_expect(wire, "published page 1 +b\npublished page 1\n");
	assert_int_equal(wire->counts.same, 1);
}

static void see_id(void *with, const struct wire_event *event)
{
	buf_printf(with, "%s\n", event->id);
}

/* An adopted item's versions carry one name. */
static void test_adopted_item_keeps_its_name(void **state)
{
	struct wire *wire = *state;
	struct buf got = BUF_INIT;

	WIRE_DOCUMENT(wire, ITEM("g", "l1", "One", "x"));
	wire_each(wire, see_id, &got);
	struct batch *batch = WIRE_BATCH(wire, ITEM("g", "l1", "One", "y"));
	batch->guids_repeat = true;
	wire_commit_one(wire, batch);
	wire_each(wire, see_id, &got);
	struct str rest = buf_view(&got), first = STR_NONE, second = STR_NONE;
	assert_true(str_split(&rest, '\n', &first));
	assert_true(str_split(&rest, '\n', &second));
	assert_true(str_ends(first, STR("/1")) && str_ends(second, STR("/2")));
	assert_true(str_eq(str_head(first, first.n - 1), str_head(second, second.n - 1)));
	buf_deinit(&got);
}

/* A renamed feed goes on under its new id: known items, backfill done. */
static void test_renamed_feed(void **state)
{
	struct wire *wire = *state;
	const char *formerly[] = {"aa-bbb.cc.dd"};

	WIRE_DOCUMENT(wire, ITEM("a", "la", "A", "x"));
	wire->feed->id = "aa-bbb.cc.ee";
	wire->feed->formerly = formerly;
	wire->feed->n_formerly = 1;
	feed_state_deinit(&wire->state);
	WIRE_DOCUMENT(wire, ITEM("a", "la", "A", "x"), ITEM("b", "lb", "B", "x"));
	wire_expect(wire, "published a 1 +b\npublished b 1\n");
	assert_true(wire->state.backfilled);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, wire_setup, wire_teardown)
	const struct CMUnitTest tests[] = {
		TEST(test_backfill_then_news),
		TEST(test_empty_first_document),
		TEST(test_views_are_united),
		TEST(test_tombstones),
		TEST(test_absence),
		TEST(test_long_reply),
		TEST(test_long_first_reply_is_backfill_to_its_end),
		TEST(test_half_a_reply_withdraws_nothing),
		TEST(test_abandoned_reply),
		TEST(test_one_key_twice_in_a_batch),
		TEST(test_failed_commit_changes_nothing),
		TEST(test_too_many_updates),
		TEST(test_guids_repeat),
		TEST(test_siblings_under_one_link),
		TEST(test_adopted_item_keeps_its_name),
		TEST(test_renamed_feed),
	};

	assert_int_equal(hash_global_init(), 0);
	int failed = cmocka_run_group_tests(tests, NULL, NULL);
	return failed + flood_tests() + feed_tests() + cancel_tests() + redact_tests();
}
