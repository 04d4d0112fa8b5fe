/* The writer: what it opens, what it keeps, what it gives back. */
#include "store_fixture.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#include "base/alloc.h"
#include "base/list.h"
#include "journal/encoding.h"

#include <sqlite3.h>

static void begin(struct store *store)
{
	assert_int_equal(journal_begin(store->journal, &store->error), 0);
}

static void commit(struct store *store)
{
	assert_int_equal(journal_commit(store->journal, &store->error), 0);
}

static void test_varints(void **state)
{
	const uint64_t values[] = {0, 1, 127, 128, 300, UINT32_MAX, UINT64_MAX};
	struct buf b = BUF_INIT;
	uint64_t v;

	(void)state;
	for (size_t i = 0; i < sizeof values / sizeof *values; i++)
		varint_add(&b, values[i]);
	struct str rest = buf_view(&b);
	for (size_t i = 0; i < sizeof values / sizeof *values; i++) {
		assert_true(varint_take(&rest, &v));
		assert_true(v == values[i]);
	}
	assert_false(varint_take(&rest, &v));
	rest = STR("\x80\x80");
	assert_false(varint_take(&rest, &v));
	rest = STR("\xff\xff\xff\xff\xff\xff\xff\xff\xff\x02");
	assert_false(varint_take(&rest, &v));
	buf_deinit(&b);
}

static void test_sequences(void **state)
{
	struct store *store = *state;
	char epoch[JOURNAL_EPOCH_MAX];

	assert_int_equal(journal_head(store->journal), 0);
	assert_null(store->notice);
	for (uint64_t i = 1; i <= 5; i++) {
		assert_int_equal(store_commit_one(store, 1000), i);
		assert_int_equal(journal_head(store->journal), i);
	}
	memcpy(epoch, journal_epoch(store->journal), sizeof epoch);
	assert_true(strlen(epoch) > 0);
	assert_int_equal(strspn(epoch, "abcdefghijklmnopqrstuvwxyz0123456789"), strlen(epoch));
	store_close(store);
	store_open(store);
	assert_null(store->notice);
	assert_string_equal(journal_epoch(store->journal), epoch);
	assert_int_equal(store_commit_one(store, 1000), 6);
}

/* Nothing of a rolled back transaction is left: numbers, topics and their last sequences. */
static void test_rollback(void **state)
{
	struct store *store = *state;
	const char *topics[] = {"feed/a/", "theme/new/", NULL};
	struct journal_feed feed;
	struct checker checker = checker_new();
	struct journal_reader *reader;
	uint32_t n_topics;

	store_commit_one(store, 1000);
	for (int i = 0; i < 3; i++) {
		begin(store);
		assert_int_equal(store_append(store, 2000, "{}", topics, NULL), 2);
		assert_int_equal(store_append(store, 2000, "{}", topics, NULL), 3);
		assert_int_equal(
			journal_feed(store->journal, store->feed, &feed, &store->error), 0);
		assert_int_equal(feed.number, 1);
		if (i < 2)
			journal_rollback(store->journal);
		assert_int_equal(journal_head(store->journal), 1);
	}
	commit(store);
	assert_int_equal(journal_head(store->journal), 3);
	assert_int_equal(journal_reader_open(&reader, store->path, &store->error), 0);
	checker_run(&checker, reader, 10);
	assert_int_equal(checker.n, 3);
	assert_int_equal(checker.breaks, 0);
	assert_int_equal(journal_reader_topics(reader, &n_topics, &store->error), 0);
	assert_int_equal(n_topics, 2);
	journal_reader_close(reader);
}

/* Closing in the middle of a transaction is a rollback too. */
static void test_close_rolls_back(void **state)
{
	struct store *store = *state;
	const char *topics[] = {"feed/a/", NULL};

	begin(store);
	store_append(store, 1, "{}", topics, NULL);
	store_close(store);
	store_open(store);
	assert_null(store->notice);
	assert_int_equal(store_commit_one(store, 1), 1);
}

/* Whatever views events have, each topic's chain of `prev` is whole. */
static void test_prev_chains(void **state)
{
	struct store *store = *state;
	char names[40][32];
	const char *topics[9];
	unsigned seed = 7;

	for (int i = 0; i < 40; i++)
		snprintf(names[i], sizeof names[i], "theme/t%d/", i);
	for (int transaction = 0; transaction < 60; transaction++) {
		begin(store);
		int n_events = 1 + rand_r(&seed) % 20;
		for (int i = 0; i < n_events; i++) {
			int n = 1 + rand_r(&seed) % 8;
			for (int k = 0; k < n; k++)
				topics[k] = names[rand_r(&seed) % 40];
			topics[n] = NULL;
			store_append(store, 5, "{\"x\":1}", topics, NULL);
		}
		if (rand_r(&seed) % 4)
			commit(store);
		else
			journal_rollback(store->journal);
		if (transaction % 20 == 19) {
			store_close(store);
			store_open(store);
			assert_null(store->notice);
		}
	}
	struct checker checker = checker_new();
	struct journal_reader *reader;
	assert_int_equal(journal_reader_open(&reader, store->path, &store->error), 0);
	checker_run(&checker, reader, 17);
	assert_int_equal(checker.first, 1);
	assert_int_equal(checker.last, journal_head(store->journal));
	assert_int_equal(checker.n, checker.last);
	assert_true(checker.n > 200);
	assert_int_equal(checker.breaks, 0);
	journal_reader_close(reader);
}

struct view_counter {
	struct journal_visitor visitor;
	size_t n;
};

static int count_record(struct journal_visitor *visitor, const struct journal_record *record)
{
	container_of(visitor, struct view_counter, visitor)->n = record->n_views;
	return 1;
}

static size_t count_views(struct store *store, uint64_t seq)
{
	struct view_counter counter = {{NULL, count_record}, 0};
	const struct journal_read_limits limits = {seq, 1, SIZE_MAX, 0};
	struct journal_reader *reader;
	uint64_t next;

	assert_int_equal(journal_reader_open(&reader, store->path, &store->error), 0);
	assert_int_equal(
		journal_read(reader, seq - 1, &limits, &counter.visitor, &next, &store->error), 0);
	journal_reader_close(reader);
	return counter.n;
}

/* An update goes to who had the version before as well; what is kept is the new version's. */
static void test_union_of_views(void **state)
{
	struct store *store = *state;
	const char *first[] = {"feed/a/", "theme/x/", "theme/y/", NULL};
	const char *second[] = {"feed/a/", "theme/z/", NULL};
	struct seen row = {.version = 1};

	begin(store);
	uint64_t one = store_append(store, 1, "{}", first, &row);
	char *old = (char *)row.views.p;
	assert_int_equal(row.views.n, 3);
	uint64_t two = store_append(store, 1, "{}", second, &row);
	free(old);
	old = (char *)row.views.p;
	assert_int_equal(row.views.n, 2);
	uint64_t three = store_append(store, 1, "{}", second, &row);
	free(old);
	free((char *)row.views.p);
	commit(store);
	assert_int_equal(count_views(store, one), 3);
	assert_int_equal(count_views(store, two), 4);
	assert_int_equal(count_views(store, three), 2);
}

/* A withdrawal says nothing of its own: who heard of it will hear of the item's return. */
static void test_withdrawal_keeps_the_union(void **state)
{
	struct store *store = *state;
	const char *first[] = {"feed/a/", "theme/x/", NULL};
	struct str bare = STR("feed/a/");
	struct seen row = {.version = 1};
	uint64_t seq;

	begin(store);
	store_append(store, 1, "{}", first, &row);
	char *old = (char *)row.views.p;
	struct event event = {.type = EVENT_ITEM_WITHDRAWN,
		.feed = store->feed,
		.publisher = "https://wire.example",
		.time_s = TIME_NONE,
		.data = STR("{}"),
		.views = &bare,
		.n_views = 1};
	assert_int_equal(journal_append(store->journal, &event, &row, &seq, &store->error), 0);
	commit(store);
	assert_int_equal(count_views(store, seq), 2);
	assert_int_equal(row.views.n, 2);
	free(old);
	free((char *)row.views.p);
}

struct state_walk {
	struct journal_state_walk walk;
	struct feed_state got;
	char id[64];
	int n;
};

static int keep_state(
	struct journal_state_walk *walk, struct str id, const struct feed_state *state)
{
	struct state_walk *w = container_of(walk, struct state_walk, walk);

	feed_state_deinit(&w->got);
	feed_state_copy(&w->got, state);
	snprintf(w->id, sizeof w->id, "%.*s", STR_FMT(id));
	w->n++;
	return 0;
}

static void test_feed_states(void **state)
{
	struct store *store = *state;
	char etag[] = "W/\"a\xe9\"", url[] = "https://x.example/", why[] = "it said 503";
	struct feed_state put = {.etag = etag,
		.body_hash = hash_of(STR("b")),
		.url = url,
		.last_poll_us = 1,
		.last_success_us = 2,
		.last_change_us = 3,
		.next_due_us = 4,
		.failing_since_us = 5,
		.gone_since_us = 6,
		.told_noisy_us = 7,
		.hint_us = 10,
		.failures = 8,
		.http_status = 503,
		.items = 9,
		.backfilled = true,
		.guids_repeat = true,
		.told_failing = true,
		.health = FEED_FAILING,
		.error = why};
	struct state_walk walk = {.walk = {keep_state}};
	struct journal_feed feed;

	begin(store);
	assert_int_equal(journal_feed(store->journal, store->feed, &feed, &store->error), 0);
	assert_false(feed.backfilled || feed.guids_repeat);
	assert_int_equal(
		journal_feed_state_put(store->journal, feed.number, &put, &store->error), 0);
	commit(store);
	store_close(store);
	store_open(store);
	assert_int_equal(journal_states_each(store->journal, &walk.walk, &store->error), 0);
	assert_int_equal(walk.n, 1);
	assert_string_equal(walk.id, store->feed->id);
	assert_string_equal(walk.got.etag, etag);
	assert_null(walk.got.last_modified);
	assert_string_equal(walk.got.url, url);
	assert_string_equal(walk.got.error, why);
	/* The numbers lie side by side, byte for byte; behind them come bools and padding. */
	assert_memory_equal(&walk.got.body_hash, &put.body_hash, HASH_SIZE);
	assert_memory_equal(&walk.got.last_poll_us, &put.last_poll_us,
		offsetof(struct feed_state, backfilled) -
			offsetof(struct feed_state, last_poll_us));
	assert_true(walk.got.backfilled && walk.got.guids_repeat && walk.got.told_failing);
	assert_int_equal(walk.got.health, FEED_FAILING);
	feed_state_deinit(&walk.got);
	begin(store);
	assert_int_equal(journal_feed(store->journal, store->feed, &feed, &store->error), 0);
	assert_true(feed.backfilled && feed.guids_repeat);
	assert_int_equal(feed.health, FEED_FAILING);
	assert_int_equal(feed.failures, 8);
	journal_rollback(store->journal);
}

static void test_formerly(void **state)
{
	struct store *store = *state;
	const char *formerly[] = {"never.known.id", "aa-bbb.cc.dd"};
	struct feed *renamed = feed_new();
	struct journal_feed old, new, again;

	renamed->id = "aa-bbb.cc.news";
	renamed->formerly = formerly;
	renamed->n_formerly = 2;
	begin(store);
	assert_int_equal(journal_feed(store->journal, store->feed, &old, &store->error), 0);
	struct feed_state put = {.backfilled = true};
	assert_int_equal(
		journal_feed_state_put(store->journal, old.number, &put, &store->error), 0);
	assert_int_equal(journal_feed_marks(store->journal, renamed, &new, &store->error), 0);
	assert_int_equal(new.number, old.number);
	assert_true(new.backfilled);
	/* Whoever bears the old name now starts anew, and takes nothing back. */
	assert_int_equal(journal_feed(store->journal, store->feed, &again, &store->error), 0);
	assert_true(again.number != old.number);
	assert_int_equal(journal_feed(store->journal, renamed, &again, &store->error), 0);
	assert_int_equal(again.number, old.number);
	commit(store);
	feed_unref(renamed);
}

/* The clock is set back; the journal's times do not fall. */
static void test_recorded_times_never_fall(void **state)
{
	struct store *store = *state;
	struct journal_reader *reader;
	uint64_t seq;

	store_commit_one(store, 5 * DAY_US);
	store_commit_one(store, 2 * DAY_US);
	store_close(store);
	store_open(store);
	store_commit_one(store, 3 * DAY_US);
	store_commit_one(store, 6 * DAY_US);
	assert_int_equal(journal_reader_open(&reader, store->path, &store->error), 0);
	assert_int_equal(journal_seq_before(reader, 5 * DAY_US, &seq, &store->error), 0);
	assert_int_equal(seq, 0);
	assert_int_equal(journal_seq_before(reader, 5 * DAY_US + 1, &seq, &store->error), 0);
	assert_int_equal(seq, 3);
	assert_int_equal(journal_seq_before(reader, 6 * DAY_US + 1, &seq, &store->error), 0);
	assert_int_equal(seq, 4);
	journal_reader_close(reader);
}

static struct journal_extent extent_of(struct store *store)
{
	struct journal_extent extent;
	struct journal_reader *reader;

	assert_int_equal(journal_reader_open(&reader, store->path, &store->error), 0);
	assert_int_equal(journal_extent(reader, &extent, &store->error), 0);
	journal_reader_close(reader);
	return extent;
}

static int retain_all(struct store *store, int64_t now_us)
{
	int slices = 0, r;

	while ((r = journal_retain(store->journal, now_us, &store->error)) > 0)
		slices++;
	assert_int_equal(r, 0);
	return slices;
}

static void test_retention_by_age(void **state)
{
	struct store *store = *state;
	const char *topics[] = {"feed/a/", NULL};

	store_close(store);
	store->settings.keep_us = 90 * DAY_US;
	store_open(store);
	begin(store);
	for (int i = 0; i < 2500; i++)
		store_append(store, (1 + i) * HOUR_US, "{}", topics, NULL);
	commit(store);
	/* Of 2,500 hours, those before hour 2,400 are older than 90 days at hour 4,560. */
	assert_int_equal(retain_all(store, 4560 * HOUR_US), 2);
	struct journal_extent extent = extent_of(store);
	assert_int_equal(extent.oldest, 2400);
	assert_int_equal(extent.head, 2500);
	/* The newest stays whatever its age. */
	retain_all(store, INT64_MAX / 2);
	extent = extent_of(store);
	assert_int_equal(extent.oldest, 2500);
	assert_int_equal(extent.head, 2500);
	store_close(store);
	store_open(store);
	assert_null(store->notice);
	assert_int_equal(store_commit_one(store, 1), 2501);
}

/* By which clock events were removed last is known to the next process, whatever clock their times
 * come from. */
static void test_retention_remembers_the_time(void **state)
{
	struct store *store = *state;

	assert_int_equal(journal_retained_us(store->journal), 0);
	store_commit_one(store, 700 * DAY_US);
	assert_int_equal(journal_retained_us(store->journal), 700 * DAY_US);
	retain_all(store, 20 * DAY_US);
	assert_int_equal(journal_retained_us(store->journal), 20 * DAY_US);
	retain_all(store, 20 * DAY_US + HOUR_US - 1); /* not worth a write */
	store_close(store);
	store_open(store);
	assert_int_equal(journal_retained_us(store->journal), 20 * DAY_US);
	retain_all(store, 20 * DAY_US + HOUR_US);
	assert_int_equal(journal_retained_us(store->journal), 20 * DAY_US + HOUR_US);
	retain_all(store, 10 * DAY_US); /* the clock was set back for good */
	store_close(store);
	store_open(store);
	assert_int_equal(journal_retained_us(store->journal), 10 * DAY_US);
}

static void test_retention_by_size(void **state)
{
	struct store *store = *state;
	const char *topics[] = {"feed/a/", NULL};
	char data[3000];
	struct stat before, after;

	memset(data, 'x', sizeof data);
	data[0] = data[sizeof data - 2] = '"';
	data[sizeof data - 1] = 0;
	store_close(store);
	store->settings.max_size = 2 * 1024 * 1024;
	store_open(store);
	begin(store);
	for (int i = 0; i < 4000; i++)
		store_append(store, 1, data, topics, NULL);
	commit(store);
	store_close(store);
	assert_int_equal(stat(store->path, &before), 0);
	store_open(store);
	assert_true(retain_all(store, 1) >= 3);
	struct journal_extent extent = extent_of(store);
	/* 2 MiB hold some 500 events of 3.4 KB; not far fewer are left. */
	assert_int_equal(extent.head, 4000);
	assert_in_range(4000 - extent.oldest, 350, 620);
	store_close(store);
	assert_int_equal(stat(store->path, &after), 0);
	assert_true(after.st_size < before.st_size / 2);
}

static int try_open(const char *path, struct error *error)
{
	const struct journal_settings settings = {.path = path};
	struct journal *journal;
	char *notice;
	int r = journal_open(&journal, &settings, &notice, error);

	if (r >= 0) {
		journal_close(journal);
		free(notice);
	}
	return r;
}

static void test_two_writers(void **state)
{
	struct store *store = *state;
	int status;
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (pid == 0) {
		struct error error = {0};
		int r = try_open(store->path, &error);
		_exit(r == -EBUSY && strstr(error.text, "in use") ? 0 : 1);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

static void write_file(const char *path, const char *text)
{
	FILE *f = fopen(path, "w");

	assert_non_null(f);
	fputs(text, f);
	fclose(f);
}

static void test_what_is_no_journal(void **state)
{
	struct store *store = *state;
	struct error error;
	char path[128], text[64];
	sqlite3 *db;

	snprintf(path, sizeof path, "%s/nowhere/journal.db", store->dir);
	assert_int_equal(try_open(path, &error), -ENOENT);
	assert_non_null(strstr(error.text, "folder"));

	snprintf(path, sizeof path, "%s/other.db", store->dir);
	write_file(path, "This is a text that is long enough to be looked at as a database header, "
			 "a hundred bytes and more than that.");
	assert_int_equal(try_open(path, &error), -EINVAL);
	assert_non_null(strstr(error.text, "no database"));

	write_file(path, "");
	assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
	assert_int_equal(sqlite3_exec(db, "CREATE TABLE t(x)", NULL, NULL, NULL), SQLITE_OK);
	sqlite3_close(db);
	assert_int_equal(try_open(path, &error), -EINVAL);
	assert_non_null(strstr(error.text, "another program"));
	/* It was not changed: still not in WAL mode. */
	assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
	sqlite3_stmt *stmt;
	assert_int_equal(sqlite3_prepare_v2(db, "PRAGMA journal_mode", -1, &stmt, NULL), SQLITE_OK);
	assert_int_equal(sqlite3_step(stmt), SQLITE_ROW);
	snprintf(text, sizeof text, "%s", sqlite3_column_text(stmt, 0));
	assert_string_equal(text, "delete");
	sqlite3_finalize(stmt);
	sqlite3_close(db);
}

static void test_read_only_folder(void **state)
{
	struct store *store = *state;
	char path[128];
	int status;

	snprintf(path, sizeof path, "%s/another.db", store->dir);
	assert_int_equal(chmod(store->dir, 0555), 0);
	pid_t pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		/* The superuser writes anywhere: be nobody. */
		struct error error = {0};
		if (geteuid() == 0 && setuid(65534) < 0)
			_exit(2);
		int r = try_open(path, &error);
		_exit(r == -EACCES && strstr(error.text, "another.db") ? 0 : 1);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	chmod(store->dir, 0755);
	assert_int_equal(status, 0);
}

/* A disk that is full (a limit on file size is as good): the commit fails as a whole, says why, and
 * works once there is room again. */
static void test_full_disk(void **state)
{
	struct store *store = *state;
	struct rlimit was, tight;
	struct stat log;
	char path[128];
	struct str view = STR("feed/a/");
	char *data = mem_zalloc(200001, 1);
	uint64_t seq;

	memset(data, '1', 200000);
	struct event event = {.type = EVENT_ITEM_PUBLISHED,
		.feed = store->feed,
		.publisher = "https://wire.example",
		.data = str_of(data),
		.views = &view,
		.n_views = 1};
	store_commit_one(store, 1);
	snprintf(path, sizeof path, "%s-wal", store->path);
	assert_int_equal(stat(path, &log), 0);
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &was), 0);
	tight = was;
	tight.rlim_cur = (rlim_t)log.st_size + 50000;
	signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &tight), 0);
	begin(store);
	int r = journal_append(store->journal, &event, NULL, &seq, &store->error);
	if (r >= 0)
		r = journal_commit(store->journal, &store->error);
	setrlimit(RLIMIT_FSIZE, &was);
	assert_true(r < 0);
	assert_true(strlen(store->error.text) > 0);
	journal_rollback(store->journal);
	assert_int_equal(journal_head(store->journal), 1);
	begin(store);
	assert_int_equal(journal_append(store->journal, &event, NULL, &seq, &store->error), 0);
	assert_int_equal(seq, 2);
	commit(store);
	free(data);
	store_close(store);
	store_open(store);
	assert_null(store->notice);
	assert_int_equal(journal_head(store->journal), 2);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, store_setup, store_teardown)
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_varints),
		TEST(test_sequences),
		TEST(test_rollback),
		TEST(test_close_rolls_back),
		TEST(test_prev_chains),
		TEST(test_union_of_views),
		TEST(test_withdrawal_keeps_the_union),
		TEST(test_feed_states),
		TEST(test_formerly),
		TEST(test_recorded_times_never_fall),
		TEST(test_retention_by_age),
		TEST(test_retention_remembers_the_time),
		TEST(test_retention_by_size),
		TEST(test_two_writers),
		TEST(test_what_is_no_journal),
		TEST(test_read_only_folder),
		TEST(test_full_disk),
	};

	assert_int_equal(hash_global_init(), 0);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
