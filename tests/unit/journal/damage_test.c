/* Rows that do not fit their checksum, met by the writer: what it makes of them. The rules are in
 * journal.h. */
#include "store_fixture.h"

#include <errno.h>
#include <setjmp.h>
#include <sqlite3.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "base/list.h"
#include "journal/statement.h"
#include "journal/upkeep.h"

#define NOW (20000 * DAY_US)

static const struct hash key = {{1, 2, 3}}, message = {{4}};

/* One event of one item, and a row in each table. */
static void fill(struct store *store)
{
	const char *topics[] = {"feed/aa-bbb/cc/dd/", "theme/x/", NULL};
	struct seen row = {.key = key,
		.item = key,
		.change = {{9}},
		.version = 5,
		.subject = STR("https://aa.example/1"),
		.last_seen_us = NOW};
	struct journal_alert alert = {.message = message, .cancelled = true, .last_seen_us = NOW};
	struct feed_state state = {.etag = mem_strdup("\"e\""),
		.last_modified = mem_strdup("m"),
		.next_due_us = NOW,
		.guids_repeat = true,
		.failures = 7};
	struct journal_feed feed;

	assert_int_equal(journal_begin(store->journal, &store->error), 0);
	assert_int_equal(journal_feed(store->journal, store->feed, &feed, &store->error), 0);
	assert_int_equal(feed.number, 1);
	store_append(store, NOW, "{}", topics, &row);
	assert_int_equal(journal_seen_put(store->journal, 1, &row, &store->error), 0);
	free((char *)row.views.p);
	assert_int_equal(journal_alert_put(store->journal, 1, &alert, &store->error), 0);
	assert_int_equal(journal_recent_put(store->journal, 1, STR("abc"), &store->error), 0);
	assert_int_equal(journal_feed_state_put(store->journal, 1, &state, &store->error), 0);
	assert_int_equal(journal_commit(store->journal, &store->error), 0);
	feed_state_deinit(&state);
}

static void meddle(struct store *store, const char *sql)
{
	sqlite3 *db;

	store_close(store);
	if (statement_open(store->path, SQLITE_OPEN_READWRITE, 1000, &db, &store->error) < 0 ||
		statement_exec(db, sql, "meddling", &store->error) < 0)
		fail_msg("%s", store->error.text);
	sqlite3_close(db);
	store_open(store);
	assert_int_equal(journal_begin(store->journal, &store->error), 0);
}

/* So many rows were met, and a sentence with these words is there for the log. */
static void assert_told(struct store *store, uint64_t rows, const char *words)
{
	char *what = NULL;

	assert_int_equal(journal_damage(store->journal, &what), rows);
	assert_non_null(what);
	if (!strstr(what, words))
		fail_msg("'%s' does not say '%s'", what, words);
	free(what);
	assert_int_equal(journal_damage(store->journal, &what), 0);
	assert_null(what);
}

static void on_finding(struct journal_verify_sink *sink, enum journal_finding kind, uint64_t from,
	uint64_t to, const char *sentence)
{
	(void)sink, (void)kind, (void)from, (void)to;
	print_error("%s\n", sentence);
}

static void commit_and_assert_whole(struct store *store)
{
	struct journal_verify_sink sink = {.finding = on_finding};
	struct journal_verdict verdict;

	assert_int_equal(journal_commit(store->journal, &store->error), 0);
	assert_int_equal(journal_verify(store->path, &sink, &verdict, &store->error), 0);
	assert_int_equal(verdict.damage, 0);
}

static int refuse_row(struct journal_seen_walk *walk, const struct seen *row)
{
	(void)walk, (void)row;
	fail_msg("a damaged row was shown");
	return -1;
}

/* Whatever of it is damaged: known, changed, with a version that no other event has, for nobody but
 * those whom the next event is for. */
static void test_seen(void **state)
{
	static const char *const damages[] = {
		"UPDATE seen SET views=NULL",
		"UPDATE seen SET version=1",
		"UPDATE seen SET change=x'09000000000000000000000000000001'",
		"UPDATE seen SET withdrawn=1",
		"UPDATE seen SET views=x'7f'",
		"UPDATE seen SET subject='https://aa.example/2'",
		"UPDATE seen SET last_seen=last_seen+1",
		"UPDATE seen SET day=1",
		"UPDATE seen SET updates=25",
		"UPDATE seen SET link=x'01000000000000000000000000000001'",
		"UPDATE seen SET checksum=checksum+1",
		"UPDATE seen SET version='5'",
	};
	struct store *store = *state;
	struct journal_seen_walk walk = {refuse_row};
	const struct hash zero = {{0}};
	struct seen row;

	fill(store);
	for (size_t i = 0; i < sizeof damages / sizeof *damages; i++) {
		meddle(store, damages[i]);
		assert_int_equal(journal_seen_each(store->journal, 1, &walk, &store->error), 0);
		assert_told(store, 1, "feed aa-bbb.cc.dd: ");
		assert_int_equal(journal_seen_get(store->journal, 1, &key, &row, &store->error), 1);
		assert_told(store, 1, "told as updated");
		assert_memory_equal(&row.key, &key, sizeof key);
		assert_memory_equal(&row.change, &zero, sizeof zero);
		assert_int_equal(row.version, NOW / (60 * SEC_US));
		assert_false(row.withdrawn);
		assert_int_equal(row.updates_today, 0);
		assert_null(row.views.p);
		assert_null(row.subject.p);
		assert_int_equal(journal_seen_put(store->journal, 1, &row, &store->error), 0);
		seen_deinit(&row);
		commit_and_assert_whole(store);
	}
}

static void test_alert_and_recent(void **state)
{
	struct store *store = *state;
	struct journal_alert alert = {.message = message, .last_seen_us = NOW};
	struct str items = STR_NONE;

	fill(store);
	meddle(store, "UPDATE alert SET cancelled=0;UPDATE recent SET items=x'00'");
	assert_int_equal(journal_alert_get(store->journal, 1, &message, &alert, &store->error), 0);
	assert_told(store, 1, "may be told again");
	assert_int_equal(journal_recent_get(store->journal, 1, &items, &store->error), 0);
	assert_told(store, 1, "last items");
	assert_int_equal(journal_alert_put(store->journal, 1, &alert, &store->error), 0);
	assert_int_equal(journal_recent_put(store->journal, 1, STR("abc"), &store->error), 0);
	commit_and_assert_whole(store);
}

struct states {
	struct journal_state_walk walk;
	size_t n;
};

static int on_state(struct journal_state_walk *walk, struct str id, const struct feed_state *state)
{
	assert_true(str_is(id, "aa-bbb.cc.dd"));
	assert_null(state->etag);
	assert_null(state->last_modified);
	assert_int_equal(state->next_due_us, 0);
	assert_true(state->backfilled);
	assert_true(state->guids_repeat);
	container_of(walk, struct states, walk)->n++;
	return 0;
}

/* What is learnt of the feed's document is learnt anew; what is new in it is news. */
static void test_feed(void **state)
{
	struct store *store = *state;
	struct states states = {.walk = {on_state}};
	struct feed_state fresh = {0};
	struct journal_feed feed;

	fill(store);
	meddle(store, "UPDATE feed SET etag='\"f\"'");
	assert_int_equal(journal_states_each(store->journal, &states.walk, &store->error), 0);
	assert_int_equal(states.n, 1);
	assert_told(store, 1, "feed aa-bbb.cc.dd: its state was damaged");
	assert_int_equal(journal_feed(store->journal, store->feed, &feed, &store->error), 0);
	assert_told(store, 1, "its state was damaged");
	assert_int_equal(feed.number, 1);
	assert_true(feed.backfilled && feed.guids_repeat);
	assert_int_equal(journal_feed_state_put(store->journal, 1, &fresh, &store->error), 0);
	commit_and_assert_whole(store);
}

/* A poll that brought no document judges nothing by the row, and mends it by writing it anew. */
static void test_feed_marks(void **state)
{
	struct store *store = *state;
	struct feed_state fresh = {.backfilled = true, .failures = 8};
	struct journal_feed feed;
	char *what;

	fill(store);
	meddle(store, "UPDATE feed SET health=77, etag='\"f\"'");
	assert_int_equal(journal_feed_marks(store->journal, store->feed, &feed, &store->error), 0);
	assert_int_equal(feed.number, 1);
	assert_int_equal(feed.health, FEED_NEW);
	assert_int_equal(feed.failures, 7);
	assert_true(feed.guids_repeat && !feed.backfilled);
	assert_int_equal(journal_feed_state_put(store->journal, 1, &fresh, &store->error), 0);
	commit_and_assert_whole(store);
	assert_int_equal(journal_begin(store->journal, &store->error), 0);
	assert_int_equal(journal_feed(store->journal, store->feed, &feed, &store->error), 0);
	assert_true(feed.backfilled && feed.failures == 8);
	assert_int_equal(journal_damage(store->journal, &what), 0);
}

/* A topic's chain goes on from its true last event, whatever its row says. */
static void test_topic(void **state)
{
	struct store *store = *state;
	const char *topics[] = {"theme/x/", NULL};
	const char *other[] = {"theme/y/", NULL};

	fill(store);
	for (int i = 0; i < 3; i++)
		store_commit_one(store, NOW);
	meddle(store, "UPDATE topic SET last_seq=4 WHERE name='theme/x/'");
	store_append(store, NOW, "{}", topics, NULL);
	store_append(store, NOW, "{}", other, NULL);
	assert_told(store, 1, "topic theme/x/ was damaged");
	commit_and_assert_whole(store);
	/* One whose events are all gone by now. */
	store->settings.keep_us = 1;
	store_close(store);
	store_open(store);
	while (journal_retain(store->journal, NOW + 10, &store->error) > 0)
		;
	meddle(store, "UPDATE topic SET last_seq=1 WHERE name='theme/x/'");
	store_append(store, NOW, "{}", topics, NULL);
	assert_told(store, 1, "topic theme/x/ was damaged");
	commit_and_assert_whole(store);
}

/* Nobody's events go out under a name that is not theirs. */
static void test_topic_name(void **state)
{
	struct store *store = *state;
	struct journal_reader *reader;
	uint32_t n;

	fill(store);
	store_close(store);
	meddle(store, "UPDATE topic SET name='theme/z/' WHERE name='theme/x/'");
	journal_rollback(store->journal);
	assert_int_equal(journal_reader_open(&reader, store->path, &store->error), 0);
	assert_int_equal(journal_reader_topics(reader, &n, &store->error), 0);
	assert_int_equal(n, 2);
	assert_true(str_is(journal_reader_topic(reader, 1), "feed/aa-bbb/cc/dd/"));
	assert_true(str_is_none(journal_reader_topic(reader, 2)));
	journal_reader_close(reader);
}

/* A head or an epoch that cannot be trusted is a loss: nobody's cursor may count on it. */
static void test_head(void **state)
{
	static const char *const damages[] = {
		"UPDATE meta SET value=value+64 WHERE name='head'",
		"UPDATE meta SET value=0 WHERE name='head'",
		"UPDATE meta SET name='hfad' WHERE name='head'",
		"UPDATE meta SET value='abc' WHERE name='epoch'",
		"UPDATE meta SET value='../../../../../../../../../' WHERE name='epoch'",
	};
	struct store *store = *state;
	char epoch[JOURNAL_EPOCH_MAX];
	struct journal_reader *reader;
	struct journal_extent extent;
	uint64_t head = 1;

	fill(store);
	for (size_t i = 0; i < sizeof damages / sizeof *damages; i++) {
		memcpy(epoch, journal_epoch(store->journal), sizeof epoch);
		meddle(store, damages[i]);
		assert_non_null(store->notice);
		assert_non_null(strstr(store->notice, "head or epoch"));
		assert_string_not_equal(journal_epoch(store->journal), epoch);
		assert_int_equal(journal_head(store->journal), head);
		journal_rollback(store->journal);
		assert_int_equal(store_commit_one(store, NOW), ++head);
		assert_int_equal(journal_reader_open(&reader, store->path, &store->error), 0);
		assert_int_equal(journal_extent(reader, &extent, &store->error), 0);
		assert_int_equal(extent.head, head);
		journal_reader_close(reader);
	}
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, store_setup, store_teardown)
	const struct CMUnitTest tests[] = {
		TEST(test_seen),
		TEST(test_alert_and_recent),
		TEST(test_feed),
		TEST(test_feed_marks),
		TEST(test_topic),
		TEST(test_topic_name),
		TEST(test_head),
	};

	if (hash_global_init() < 0)
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
