/* The stores of older versions, as they were (store-N.sql), are taken over: all that they hold, in one
 * step or not at all, however the upgrade is cut short. Those of newer versions are not touched. */
#include "store_fixture.h"

#include <errno.h>
#include <setjmp.h>
#include <sqlite3.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

#include "base/alloc.h"
#include "base/list.h"
#include "journal/statement.h"
#include "journal/upkeep.h"
#include "recorder_vfs.h"

#define OLDEST     1
#define NEWEST     9
#define TO_COME    10
#define TEXT_OF(x) #x
#define SAYS_SCHEMA(n) \
	"UPDATE meta SET value=" TEXT_OF(n) ",checksum=row_checksum(name," TEXT_OF( \
		n) ") WHERE name='schema'"
/* Which sectors of what was not synced are there is chance: each cut is made so often. */
#define ROUNDS 3
/* What each stored journal holds. */
#define EVENTS 3
#define ITEMS  3

static char *read_stored(int schema)
{
	const char *folder = getenv("CIVICWIRE_STORES");
	char path[400];
	size_t n;

	assert_non_null(folder);
	snprintf(path, sizeof path, "%s/store-%d.sql", folder, schema);
	FILE *file = fopen(path, "re");
	if (!file)
		fail_msg("%s is missing", path);
	char *text = mem_zalloc(1, 65536);
	n = fread(text, 1, 65535, file);
	fclose(file);
	assert_true(n > 0 && n < 65535);
	return text;
}

static void begin(struct store *store, int schema)
{
	char *sql = read_stored(schema);
	sqlite3 *db;

	*store = (struct store){0};
	snprintf(store->dir, sizeof store->dir, "/tmp/civicwire-upgrade-XXXXXX");
	assert_non_null(mkdtemp(store->dir));
	snprintf(store->path, sizeof store->path, "%s/journal.db", store->dir);
	store->settings = (struct journal_settings){.path = store->path};
	store->feed = feed_new();
	store->feed->id = "x-test.feeds.a";
	store->feed->city = "x-test";
	store->feed->path = "x-test/feeds/a";
	assert_int_equal(sqlite3_open(store->path, &db), SQLITE_OK);
	assert_int_equal(sqlite3_exec(db, "PRAGMA synchronous=FULL", NULL, NULL, NULL), SQLITE_OK);
	if (sqlite3_exec(db, sql, NULL, NULL, NULL) != SQLITE_OK)
		fail_msg("%s", sqlite3_errmsg(db));
	sqlite3_close(db);
	free(sql);
}

static void end(struct store *store)
{
	store_close(store);
	store_remove(store);
	feed_unref(store->feed);
}

static void on_finding(struct journal_verify_sink *sink, enum journal_finding kind, uint64_t from,
	uint64_t to, const char *sentence)
{
	(void)sink, (void)kind, (void)from, (void)to;
	print_error("%s\n", sentence);
}

static void assert_whole(struct store *store, uint64_t events)
{
	struct journal_verify_sink sink = {.finding = on_finding};
	struct journal_verdict verdict;

	if (journal_verify(store->path, &sink, &verdict, &store->error) < 0)
		fail_msg("%s", store->error.text);
	assert_int_equal(verdict.damage, 0);
	assert_int_equal(verdict.readable, events);
}

struct counted {
	struct journal_seen_walk walk;
	size_t n;
};

static int count(struct journal_seen_walk *walk, const struct seen *row)
{
	assert_int_equal(row->version, 1);
	assert_true(row->views.n > 0);
	container_of(walk, struct counted, walk)->n++;
	return 0;
}

struct restored {
	struct journal_state_walk walk;
	size_t n;
};

static int on_state(struct journal_state_walk *walk, struct str id, const struct feed_state *state)
{
	assert_true(str_is(id, "x-test.feeds.a"));
	assert_true(state->backfilled);
	assert_int_equal(state->items, ITEMS);
	assert_string_equal(state->url, "file:///srv/feeds/a.xml");
	assert_non_null(state->last_modified);
	container_of(walk, struct restored, walk)->n++;
	return 0;
}

/* All that the old program knew is there, by the same name, and nothing was mended. */
static void assert_taken_over(struct store *store)
{
	struct counted seen = {.walk = {count}};
	struct restored states = {.walk = {on_state}};
	struct checker checker = checker_new();
	struct journal_reader *reader;
	struct journal_feed feed;
	char *what;

	assert_null(store->notice);
	assert_int_equal(journal_head(store->journal), EVENTS);
	assert_int_equal(journal_states_each(store->journal, &states.walk, &store->error), 0);
	assert_int_equal(states.n, 1);
	assert_int_equal(journal_begin(store->journal, &store->error), 0);
	assert_int_equal(journal_feed(store->journal, store->feed, &feed, &store->error), 0);
	assert_int_equal(feed.number, 1);
	assert_true(feed.backfilled);
	assert_int_equal(
		journal_seen_each(store->journal, feed.number, &seen.walk, &store->error), 0);
	assert_int_equal(seen.n, ITEMS);
	journal_rollback(store->journal);
	assert_int_equal(journal_damage(store->journal, &what), 0);
	assert_int_equal(journal_reader_open(&reader, store->path, &store->error), 0);
	checker_run(&checker, reader, 2);
	assert_int_equal(checker.n, EVENTS);
	assert_int_equal(checker.breaks, 0);
	journal_reader_close(reader);
	assert_whole(store, EVENTS);
}

static unsigned mode_of(const struct store *store, const char *end)
{
	char path[sizeof store->path + 8];
	struct stat st;

	snprintf(path, sizeof path, "%s%s", store->path, end);
	assert_int_equal(stat(path, &st), 0);
	return st.st_mode & 0777;
}

/* What hubs sign with comes into a file that others could read. */
static void test_is_closed_to_others(void **state)
{
	struct store store;

	(void)state;
	begin(&store, 6);
	assert_int_equal(chmod(store.path, 0644), 0);
	store_open(&store);
	assert_int_equal(mode_of(&store, ""), 0600);
	assert_int_equal(mode_of(&store, "-wal"), 0600);
	assert_int_equal(mode_of(&store, "-shm"), 0600);
	store_close(&store);
	/* Whoever opens it to his group has said so. */
	assert_int_equal(chmod(store.path, 0640), 0);
	store_open(&store);
	assert_int_equal(mode_of(&store, ""), 0640);
	end(&store);
}

static void test_each_is_taken_over(void **state)
{
	(void)state;
	for (int schema = OLDEST; schema < NEWEST; schema++) {
		struct store store;
		begin(&store, schema);
		/* Looked at before it is upgraded: it only reads. */
		assert_whole(&store, EVENTS);
		for (int i = 0; i < 2; i++) {
			store_open(&store);
			assert_taken_over(&store);
			store_close(&store);
		}
		store_open(&store);
		assert_string_equal(journal_epoch(store.journal),
			schema == 1 ? "v5tgn5ul65wx" : "qltkcilgcscd");
		assert_int_equal(store_commit_one(&store, INT64_MAX), EVENTS + 1);
		end(&store);
	}
}

/* The power goes after each operation of the upgrade in turn. */
static void test_cut_short(void **state)
{
	struct recorder_vfs *vfs = recorder_vfs_install();
	unsigned seed = 1, cuts = 0;

	(void)state;
	for (int schema = OLDEST; schema < NEWEST; schema++) {
		struct store store;
		begin(&store, schema);
		size_t first = vfs->n;
		store_open(&store);
		size_t last = vfs->n;
		store_close(&store);
		assert_true(last > first + 4);
		vfs->paused = true;
		for (size_t i = 0; i < ROUNDS * (last - first + 1); i++, cuts++) {
			size_t cut = first + i % (last - first + 1);
			struct store after = {.feed = store.feed};
			snprintf(after.dir, sizeof after.dir, "/tmp/civicwire-cut-XXXXXX");
			assert_non_null(mkdtemp(after.dir));
			snprintf(after.path, sizeof after.path, "%s/journal.db", after.dir);
			after.settings.path = after.path;
			recorder_vfs_cut(vfs, cut, after.path, &seed);
			store_open(&after);
			assert_taken_over(&after);
			store_close(&after);
			store_remove(&after);
		}
		end(&store);
		recorder_vfs_forget(vfs);
		vfs->paused = false;
	}
	print_message("%u cuts during upgrades\n", cuts);
}

static void execute(struct store *store, const char *sql)
{
	sqlite3 *db;

	if (statement_open(store->path, SQLITE_OPEN_READWRITE, 1000, &db, &store->error) < 0 ||
		statement_exec(db, sql, "preparing", &store->error) < 0)
		fail_msg("%s", store->error.text);
	sqlite3_close(db);
}

static void assert_refused(struct store *store, int code, const char *words)
{
	struct journal_verify_sink sink = {.finding = on_finding};
	struct journal_verdict verdict;
	struct journal *journal;
	char *notice;

	assert_int_equal(journal_open(&journal, &store->settings, &notice, &store->error), -code);
	assert_non_null(strstr(store->error.text, words));
	/* Those that only read say the same. */
	assert_int_equal(journal_verify(store->path, &sink, &verdict, &store->error), -code);
	assert_non_null(strstr(store->error.text, words));
}

/* A version to come, and one that a flipped bit made up. */
static void test_what_is_refused(void **state)
{
	struct store store;

	(void)state;
	begin(&store, 2);
	store_open(&store);
	store_close(&store);
	execute(&store, "UPDATE meta SET value=2 WHERE name='schema'");
	assert_refused(&store, EBADMSG, "put a backup in its place");
	execute(&store, SAYS_SCHEMA(TO_COME));
	assert_refused(&store, EPROTONOSUPPORT, "Install that version again");
	execute(&store, SAYS_SCHEMA(NEWEST));
	store_open(&store);
	assert_taken_over(&store);
	end(&store);
}

/* An upgrade gives no damaged row a checksum that fits. */
static void test_damage_stays_damage(void **state)
{
	struct journal_verify_sink sink = {.finding = on_finding};
	struct journal_verdict verdict;
	struct store store;

	(void)state;
	begin(&store, 3);
	execute(&store, "UPDATE feed SET items=items+1;UPDATE topic SET last_seq=2 WHERE id=2;"
			"UPDATE seen SET version=2 WHERE key=(SELECT min(key) FROM seen)");
	store_open(&store);
	assert_int_equal(journal_verify(store.path, &sink, &verdict, &store.error), 0);
	assert_int_equal(verdict.damage, 3);
	end(&store);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_is_closed_to_others),
		cmocka_unit_test(test_each_is_taken_over),
		cmocka_unit_test(test_what_is_refused),
		cmocka_unit_test(test_damage_stays_damage),
		cmocka_unit_test(test_cut_short),
	};

	if (hash_global_init() < 0)
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
