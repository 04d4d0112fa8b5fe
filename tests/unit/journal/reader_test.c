/* Reading: slices and their limits, what a record says, other processes, and what readers do to the
 * write-ahead log. */
#include "store_fixture.h"

#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#include "base/list.h"

#include <sqlite3.h>

static void append_many(struct store *store, int n, size_t bytes, int64_t from_us)
{
	const char *topics[] = {"feed/a/", "theme/x/", NULL};
	char data[5000];

	memset(data, '1', bytes);
	data[bytes] = 0;
	assert_int_equal(journal_begin(store->journal, &store->error), 0);
	for (int i = 0; i < n; i++)
		store_append(store, from_us + i, data, topics, NULL);
	assert_int_equal(journal_commit(store->journal, &store->error), 0);
}

static struct journal_reader *reader_of(struct store *store)
{
	struct journal_reader *reader;

	if (journal_reader_open(&reader, store->path, &store->error) < 0)
		fail_msg("%s", store->error.text);
	return reader;
}

struct listener {
	struct journal_visitor visitor;
	size_t asked, shown, bodies;
	uint64_t stop_at, last;
	int verdict;
	uint64_t odd_only;
};

static bool want(struct journal_visitor *visitor, const struct journal_record *record)
{
	struct listener *l = container_of(visitor, struct listener, visitor);

	l->asked++;
	assert_true(str_is_none(record->body));
	assert_int_equal(record->n_views, 2);
	return !l->odd_only || record->seq % 2;
}

static int show(struct journal_visitor *visitor, const struct journal_record *record)
{
	struct listener *l = container_of(visitor, struct listener, visitor);

	l->shown++;
	l->last = record->seq;
	l->bodies += record->body.n;
	return record->seq == l->stop_at ? l->verdict : 0;
}

static struct listener listener_new(void)
{
	return (struct listener){.visitor = {want, show}};
}

static int read_slice(struct store *store, struct journal_reader *reader, uint64_t after,
	struct journal_read_limits limits, struct listener *listener, uint64_t *next)
{
	return journal_read(reader, after, &limits, &listener->visitor, next, &store->error);
}

static void test_limits(void **state)
{
	struct store *store = *state;
	struct journal_reader *reader = reader_of(store);
	struct listener l = listener_new();
	uint64_t next;

	append_many(store, 100, 1000, 1);
	assert_int_equal(read_slice(store, reader, 10,
				 (struct journal_read_limits){100, 7, SIZE_MAX, 0}, &l, &next),
		0);
	assert_int_equal(next, 17);
	assert_int_equal(l.shown, 7);
	/* Nothing beyond the head that the reader was told. */
	l = listener_new();
	assert_int_equal(read_slice(store, reader, 90,
				 (struct journal_read_limits){95, 50, SIZE_MAX, 0}, &l, &next),
		0);
	assert_int_equal(next, 95);
	assert_int_equal(l.last, 95);
	/* A body over the limit on bytes ends the slice before it, unless it is the first. */
	l = listener_new();
	assert_int_equal(read_slice(store, reader, 0,
				 (struct journal_read_limits){100, 50, 5000, 0}, &l, &next),
		0);
	assert_in_range(l.bodies, 3000, 5000);
	assert_int_equal(next, l.shown);
	assert_int_equal(l.asked, l.shown); /* what is left for the next slice is asked there */
	l = listener_new();
	assert_int_equal(read_slice(store, reader, 0, (struct journal_read_limits){100, 50, 1, 0},
				 &l, &next),
		0);
	assert_int_equal(next, 1);
	/* At the head there is nothing, and `next` stays. */
	l = listener_new();
	assert_int_equal(read_slice(store, reader, 100,
				 (struct journal_read_limits){100, 50, 5000, 0}, &l, &next),
		0);
	assert_int_equal(next, 100);
	assert_int_equal(l.asked, 0);
	journal_reader_close(reader);
}

static void test_want_and_stop(void **state)
{
	struct store *store = *state;
	struct journal_reader *reader = reader_of(store);
	struct listener l = listener_new();
	const struct journal_read_limits limits = {100, 100, SIZE_MAX, 0};
	uint64_t next;

	append_many(store, 100, 100, 1);
	l.odd_only = 1;
	assert_int_equal(read_slice(store, reader, 0, limits, &l, &next), 0);
	assert_int_equal(l.asked, 100);
	assert_int_equal(l.shown, 50);
	assert_int_equal(next, 100);
	/* Stopped: after the record. Failed: before it, and *ret_next untouched. */
	l = listener_new();
	l.stop_at = 5;
	l.verdict = 1;
	assert_int_equal(read_slice(store, reader, 0, limits, &l, &next), 0);
	assert_int_equal(next, 5);
	l.verdict = -ECANCELED;
	next = 77;
	assert_int_equal(read_slice(store, reader, 0, limits, &l, &next), -ECANCELED);
	assert_int_equal(next, 77);
	journal_reader_close(reader);
}

static int dawdle(struct journal_visitor *visitor, const struct journal_record *record)
{
	usleep(1000);
	return show(visitor, record);
}

static void test_limit_of_time(void **state)
{
	struct store *store = *state;
	struct journal_reader *reader = reader_of(store);
	struct listener l = {.visitor = {NULL, dawdle}};
	uint64_t next;

	append_many(store, 100, 100, 1);
	assert_int_equal(read_slice(store, reader, 0,
				 (struct journal_read_limits){100, 100, SIZE_MAX, 5000}, &l, &next),
		0);
	assert_in_range(l.shown, 1, 6);
	assert_int_equal(next, l.shown);
	journal_reader_close(reader);
}

static void damage(struct store *store, const char *sql)
{
	sqlite3 *db;

	assert_int_equal(sqlite3_open(store->path, &db), SQLITE_OK);
	assert_int_equal(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
	sqlite3_close(db);
}

static void test_damage_is_named(void **state)
{
	static const char *const damages[] = {
		"UPDATE event SET body=CAST(upper(CAST(body AS TEXT)) AS BLOB) WHERE seq=7",
		"UPDATE event SET recorded=recorded+1 WHERE seq=7",
		"UPDATE event SET views=x'0102' WHERE seq=7",
		"UPDATE event SET views=x'01' WHERE seq=7",
		"UPDATE event SET checksum=checksum+1 WHERE seq=7",
	};
	struct store *store = *state;
	const struct journal_read_limits limits = {10, 100, SIZE_MAX, 0};

	append_many(store, 10, 100, 1);
	store_close(store);
	for (size_t i = 0; i < sizeof damages / sizeof *damages; i++) {
		struct store copy;
		struct listener l = {.visitor = {NULL, show}};
		uint64_t next = 99;
		store_copy(store, &copy);
		damage(&copy, damages[i]);
		struct journal_reader *reader = reader_of(&copy);
		assert_int_equal(read_slice(&copy, reader, 0, limits, &l, &next), -EBADMSG);
		assert_non_null(strstr(copy.error.text, "event 7"));
		assert_int_equal(l.shown, 6);
		assert_int_equal(next, 99);
		journal_reader_close(reader);
		store_remove(&copy);
	}
	store_open(store);
}

static void test_extent_and_time(void **state)
{
	struct store *store = *state;
	struct journal_reader *reader = reader_of(store);
	struct journal_extent extent;
	uint64_t seq;

	assert_int_equal(journal_extent(reader, &extent, &store->error), 0);
	assert_int_equal(extent.oldest, 0);
	assert_int_equal(extent.head, 0);
	assert_int_equal(journal_seq_before(reader, 5, &seq, &store->error), 0);
	assert_int_equal(seq, 0);
	/* Event n is recorded at 1000 + n − 1, three of them at one time. */
	append_many(store, 100, 10, 1000);
	append_many(store, 3, 10, 1050);
	for (int64_t t = 990; t < 1110; t++) {
		uint64_t expected = t <= 1000 ? 0 : t > 1099 ? 103 : (uint64_t)(t - 1000);
		assert_int_equal(journal_seq_before(reader, t, &seq, &store->error), 0);
		assert_int_equal(seq, expected);
	}
	assert_int_equal(journal_extent(reader, &extent, &store->error), 0);
	assert_int_equal(extent.oldest, 1);
	assert_int_equal(extent.head, 103);
	assert_string_equal(extent.epoch, journal_epoch(store->journal));
	journal_reader_close(reader);
}

static void test_topics(void **state)
{
	struct store *store = *state;
	struct journal_reader *reader = reader_of(store);
	const char *more[] = {"theme/y/", "feed/a/", "theme/z/", NULL};
	uint32_t n = 9;

	assert_int_equal(journal_reader_topics(reader, &n, &store->error), 0);
	assert_int_equal(n, 0);
	assert_true(str_is_none(journal_reader_topic(reader, 0)));
	assert_true(str_is_none(journal_reader_topic(reader, 1)));
	append_many(store, 2, 10, 1);
	assert_int_equal(journal_reader_topics(reader, &n, &store->error), 0);
	assert_int_equal(n, 2);
	struct str first = journal_reader_topic(reader, 1);
	assert_true(str_is(first, "feed/a/"));
	assert_int_equal(journal_begin(store->journal, &store->error), 0);
	store_append(store, 3, "{}", more, NULL);
	assert_int_equal(journal_commit(store->journal, &store->error), 0);
	assert_int_equal(journal_reader_topics(reader, &n, &store->error), 0);
	assert_int_equal(n, 4);
	assert_true(str_is(first, "feed/a/"));
	assert_true(str_is(journal_reader_topic(reader, 3), "theme/y/"));
	assert_true(str_is(journal_reader_topic(reader, 4), "theme/z/"));
	journal_reader_close(reader);
}

static void test_no_store(void **state)
{
	struct store *store = *state;
	struct journal_reader *reader;
	char path[128];

	snprintf(path, sizeof path, "%s/nothing.db", store->dir);
	assert_int_equal(journal_reader_open(&reader, path, &store->error), -ENOENT);
	assert_non_null(strstr(store->error.text, "nothing.db"));
}

/* A reader may look at a store whose writer is gone. */
static void test_reading_without_a_writer(void **state)
{
	struct store *store = *state;
	struct checker checker = checker_new();

	append_many(store, 20, 100, 1);
	store_close(store);
	struct journal_reader *reader = reader_of(store);
	checker_run(&checker, reader, 6);
	assert_int_equal(checker.n, 20);
	journal_reader_close(reader);
	store_open(store);
	assert_null(store->notice);
}

#define FOLLOWED 3000

/* In its own process: follows the journal until it has seen FOLLOWED events. */
static int follow(const char *path)
{
	struct checker checker = checker_new();
	struct journal_reader *reader;
	struct error error;

	if (journal_reader_open(&reader, path, &error) < 0)
		return 10;
	while (checker.last < FOLLOWED) {
		struct journal_extent extent;
		if (journal_extent(reader, &extent, &error) < 0)
			return 11;
		const struct journal_read_limits limits = {extent.head, 50, 1 << 20, 5000};
		uint64_t next = checker.last;
		if (journal_read(reader, checker.last, &limits, &checker.visitor, &next, &error) <
			0)
			return 12;
		if (next > extent.head || next < checker.last)
			return 13;
	}
	journal_reader_close(reader);
	return checker.breaks ? 14 : 0;
}

static void test_another_process_follows(void **state)
{
	struct store *store = *state;
	pid_t pids[2];
	int status;

	for (int i = 0; i < 2; i++) {
		pids[i] = fork();
		assert_true(pids[i] >= 0);
		if (pids[i] == 0)
			_exit(follow(store->path));
	}
	for (int i = 0; i < FOLLOWED / 10; i++)
		append_many(store, 10, 1000, i * 10);
	for (int i = 0; i < 2; i++) {
		assert_int_equal(waitpid(pids[i], &status, 0), pids[i]);
		assert_int_equal(status, 0);
	}
}

/* Reads the whole journal over and over, in the slices that a bus reads, until it is killed. */
static void read_for_ever(const char *path)
{
	const struct journal_read_limits limits = {
		.to = UINT64_MAX, .records = 500, .bytes = SIZE_MAX, .us = 5000};
	struct listener l = {.visitor = {NULL, show}};
	struct journal_reader *reader;
	struct error error;
	uint64_t after = 0, next;

	if (journal_reader_open(&reader, path, &error) < 0)
		_exit(1);
	for (;;) {
		if (journal_read(reader, after, &limits, &l.visitor, &next, &error) < 0)
			_exit(2);
		after = next == after ? 0 : next;
	}
}

static off_t log_size(const struct store *store)
{
	char path[128];
	struct stat st;

	snprintf(path, sizeof path, "%s-wal", store->path);
	return stat(path, &st) < 0 ? 0 : st.st_size;
}

/* Readers that overlap all the time, each within its slices, do not make the log grow without bound:
 * 120 MB are written here, and the log stays near its first steps. */
static void test_overlapping_readers(void **state)
{
	struct store *store = *state;
	pid_t pids[2];
	off_t largest = 0;

	append_many(store, 100, 3000, 1);
	for (int i = 0; i < 2; i++) {
		pids[i] = fork();
		assert_true(pids[i] >= 0);
		if (pids[i] == 0)
			read_for_ever(store->path);
	}
	for (int i = 0; i < 400; i++) {
		append_many(store, 100, 3000, 1);
		off_t size = log_size(store);
		largest = size > largest ? size : largest;
	}
	for (int i = 0; i < 2; i++) {
		kill(pids[i], SIGKILL);
		waitpid(pids[i], NULL, 0);
	}
	print_message("the log grew to %lld KiB\n", (long long)largest / 1024);
	assert_in_range(largest, 1, 64 * 1024 * 1024);
}

/* A reader that does not end its transaction: the log grows, the writer asks for a pause and is not
 * slowed down, and once the reader has gone the log starts afresh. */
static void test_a_stuck_reader(void **state)
{
	struct store *store = *state;
	sqlite3 *db;
	sqlite3_stmt *stmt;
	int batches = 0;

	append_many(store, 100, 4000, 1);
	assert_int_equal(sqlite3_open_v2(store->path, &db, SQLITE_OPEN_READONLY, NULL), SQLITE_OK);
	assert_int_equal(
		sqlite3_prepare_v2(db, "SELECT seq FROM event", -1, &stmt, NULL), SQLITE_OK);
	assert_int_equal(sqlite3_step(stmt), SQLITE_ROW);
	assert_false(journal_wants_pause(store->journal));
	while (!journal_wants_pause(store->journal) && batches++ < 400)
		append_many(store, 100, 4000, 1);
	assert_in_range(batches, 50, 399);
	assert_true(log_size(store) > 60 * 1024 * 1024);
	append_many(store, 1, 10, 1);
	assert_true(journal_wants_pause(store->journal));
	sqlite3_finalize(stmt);
	sqlite3_close(db);
	usleep(1100000);
	append_many(store, 1, 10, 1);
	append_many(store, 1, 10, 1);
	assert_false(journal_wants_pause(store->journal));
}

/* A writer that rests keeps the log short; one that does not lets it grow to the first step. */
static void test_rest(void **state)
{
	struct store *store = *state;

	journal_rest(store->journal);
	for (int i = 0; i < 40; i++) {
		append_many(store, 100, 4000, 1);
		journal_rest(store->journal);
	}
	assert_in_range(log_size(store), 1024 * 1024, 3 * 1024 * 1024);
	for (int i = 0; i < 40; i++)
		append_many(store, 100, 4000, 1);
	assert_true(log_size(store) > 6 * 1024 * 1024);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, store_setup, store_teardown)
	const struct CMUnitTest tests[] = {
		TEST(test_limits),
		TEST(test_want_and_stop),
		TEST(test_limit_of_time),
		TEST(test_damage_is_named),
		TEST(test_extent_and_time),
		TEST(test_topics),
		TEST(test_no_store),
		TEST(test_reading_without_a_writer),
		TEST(test_another_process_follows),
		TEST(test_overlapping_readers),
		TEST(test_a_stuck_reader),
		TEST(test_rest),
	};

	assert_int_equal(hash_global_init(), 0);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
