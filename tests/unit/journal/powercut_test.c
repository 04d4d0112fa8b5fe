/* The power goes, or the disk fails: what commit said is durable is there, whole, and the store opens.
 *
 * A session writes a journal through the recorder; then the files are made anew as a power cut after
 * some operation may have left them, and looked at. CIVICWIRE_CUTS (default 50) says how often. */
#include "store_fixture.h"

#include <errno.h>
#include <setjmp.h>
#include <sqlite3.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <unistd.h>
#include <cmocka.h>

#include "base/alloc.h"
#include "journal/upkeep.h"
#include "recorder_vfs.h"

#define CUTS_DEFAULT 50
/* Of one session, so that its recording stays small: each cut writes it once. */
#define CUTS_A_SESSION 50
/* Commits of a session: some MiB, so that the log is checkpointed and begun afresh several times. */
#define COMMITS 220
/* What a fault may take of patience: tries until a commit goes through. */
#define TRIES_MAX 1000

struct session {
	struct store store;
	struct recorder_vfs *vfs;
	char **witnesses; /* the file's text at each mark */
	size_t n_marks, cap_marks;
	uint64_t *heads; /* the sequence that was durable at each mark */
	size_t cap_heads;
	size_t created; /* operations until the store was there */
	uint64_t failed_commits;
	unsigned seed;
};

static unsigned wanted_cuts(void)
{
	const char *text = getenv("CIVICWIRE_CUTS");

	return text ? (unsigned)strtoul(text, NULL, 10) : CUTS_DEFAULT;
}

static struct hash key_of(uint64_t seq)
{
	return hash_of(str_make((const char *)&seq, sizeof seq));
}

static char *witness_text(const struct store *store)
{
	char path[128], text[128] = "";
	snprintf(path, sizeof path, "%s.head", store->path);
	FILE *file = fopen(path, "re");
	assert_non_null(file);
	size_t n = fread(text, 1, sizeof text - 1, file);
	fclose(file);
	return mem_strndup(text, n);
}

/* A moment at which the writer says: this is durable. */
static void mark(struct session *s)
{
	MEM_GROW(s->witnesses, s->cap_marks, s->n_marks + 1);
	MEM_GROW(s->heads, s->cap_heads, s->n_marks + 1);
	s->witnesses[s->n_marks] = witness_text(&s->store);
	s->heads[s->n_marks] = journal_head(s->store.journal);
	recorder_vfs_mark(s->vfs, (int64_t)++s->n_marks);
}

/* Some events and the rows of their items. 0 or -errno, rolled back. */
static int commit_some(struct session *s)
{
	struct journal *j = s->store.journal;
	struct journal_feed feed;
	char *data = mem_alloc(12000), theme[32];
	const char *topics[] = {"feed/aa-bbb/cc/dd/", theme, NULL};
	int r = journal_begin(j, &s->store.error);

	if (r >= 0)
		r = journal_feed(j, s->store.feed, &feed, &s->store.error);
	for (int i = 1 + rand_r(&s->seed) % 5; i > 0 && r >= 0; i--) {
		size_t n = 200 + (size_t)rand_r(&s->seed) % 10000;
		memset(data, '1', n);
		data[n] = 0;
		snprintf(theme, sizeof theme, "theme/t%d/", rand_r(&s->seed) % 5);
		struct str views[] = {str_of(topics[0]), str_of(theme)};
		struct event event = {.type = EVENT_ITEM_PUBLISHED,
			.feed = s->store.feed,
			.publisher = "https://wire.example",
			.version = 1,
			.time_s = TIME_NONE,
			.recorded_us = 1,
			.data = str_make(data, n),
			.views = views,
			.n_views = 2};
		uint64_t seq;
		struct seen row = {.version = 1};
		r = journal_append(j, &event, &row, &seq, &s->store.error);
		if (r < 0)
			break;
		row.key = row.item = key_of(seq);
		r = journal_seen_put(j, feed.number, &row, &s->store.error);
		free((char *)row.views.p);
	}
	if (r >= 0)
		r = journal_commit(j, &s->store.error);
	if (r < 0)
		journal_rollback(j);
	free(data);
	return r;
}

static void write_session(struct session *s)
{
	for (int i = 0; i < COMMITS; i++) {
		uint64_t before = journal_head(s->store.journal);
		int tries = 0;
		while (commit_some(s) < 0) {
			assert_int_equal(journal_head(s->store.journal), before);
			s->failed_commits++;
			assert_true(++tries < TRIES_MAX);
		}
		mark(s);
		journal_rest(s->store.journal);
	}
}

/* Recorded from its creation on; looked at from the moment it is there. */
static void begin_session(struct session *s, unsigned seed)
{
	void *state;

	memset(s, 0, sizeof *s);
	s->seed = seed;
	s->vfs = recorder_vfs_install();
	store_setup(&state);
	s->store = *(struct store *)state;
	free(state);
	s->store.settings.path = s->store.path;
	mark(s);
	s->created = s->vfs->n;
}

static void end_session(struct session *s)
{
	store_close(&s->store);
	store_remove(&s->store);
	feed_unref(s->store.feed);
	recorder_vfs_forget(s->vfs);
	for (size_t i = 0; i < s->n_marks; i++)
		free(s->witnesses[i]);
	free(s->witnesses);
	free(s->heads);
}

static void on_finding(struct journal_verify_sink *sink, enum journal_finding kind, uint64_t from,
	uint64_t to, const char *sentence)
{
	(void)sink, (void)kind, (void)from, (void)to;
	print_error("%s\n", sentence);
}

static void check_rows(struct store *store, uint64_t head)
{
	struct journal_feed feed;
	struct seen row;

	assert_int_equal(journal_begin(store->journal, &store->error), 0);
	assert_int_equal(journal_feed(store->journal, store->feed, &feed, &store->error), 0);
	for (uint64_t seq = head > 3 ? head - 3 : 1; seq <= head + 1; seq++) {
		struct hash key = key_of(seq);
		int r = journal_seen_get(store->journal, feed.number, &key, &row, &store->error);
		assert_int_equal(r, seq <= head);
		if (r)
			seen_deinit(&row);
	}
	journal_rollback(store->journal);
}

static void write_text(const char *path, const char *text)
{
	FILE *file = fopen(path, "we");

	assert_non_null(file);
	fputs(text, file);
	assert_int_equal(fclose(file), 0);
}

/* Makes the files of one cut, opens them, and looks. */
static void check_cut(struct session *s, size_t cut)
{
	struct store after = {.feed = s->store.feed};
	struct journal_verify_sink sink = {.finding = on_finding};
	struct journal_verdict verdict;
	char path[160];

	snprintf(after.dir, sizeof after.dir, "/tmp/civicwire-cut-XXXXXX");
	assert_non_null(mkdtemp(after.dir));
	snprintf(after.path, sizeof after.path, "%s/journal.db", after.dir);
	after.settings.path = after.path;
	s->vfs->paused = true;
	size_t marks = (size_t)recorder_vfs_cut(s->vfs, cut, after.path, &s->seed);
	/* The witness is not synced: it is of any moment up to this one. */
	if (marks) {
		size_t back = (size_t)rand_r(&s->seed) % 3;
		snprintf(path, sizeof path, "%s.head", after.path);
		write_text(path, s->witnesses[marks - 1 - (back < marks ? back : 0)]);
	}
	store_open(&after);
	if (after.notice)
		fail_msg("cut after operation %zu: %s", cut, after.notice);
	uint64_t durable = marks ? s->heads[marks - 1] : 0;
	if (journal_head(after.journal) < durable)
		fail_msg("cut after operation %zu: %llu was durable, %llu is there", cut,
			(unsigned long long)durable,
			(unsigned long long)journal_head(after.journal));
	check_rows(&after, journal_head(after.journal));
	if (journal_verify(after.path, &sink, &verdict, &after.error) < 0)
		fail_msg("%s", after.error.text);
	assert_int_equal(verdict.damage, 0);
	assert_int_equal(verdict.readable, journal_head(after.journal));
	/* And it goes on. */
	assert_true(store_commit_one(&after, 2) > durable);
	store_close(&after);
	store_remove(&after);
	s->vfs->paused = false;
}

static void check_cuts(struct session *s, unsigned cuts)
{
	for (unsigned i = 0; i < cuts; i++)
		check_cut(s, s->created + (size_t)rand_r(&s->seed) % (s->vfs->n - s->created + 1));
}

static void test_power_cuts(void **state)
{
	unsigned cuts = wanted_cuts(), done = 0;

	(void)state;
	for (unsigned seed = 1; done < cuts; seed++) {
		struct session s;
		begin_session(&s, seed);
		write_session(&s);
		check_cuts(&s, CUTS_A_SESSION);
		done += CUTS_A_SESSION;
		end_session(&s);
	}
	print_message("%u power cuts: no durable event lost, every store opens\n", done);
}

/* Writes or syncs fail at every n-th call: nothing counts that is not durable, and the journal goes on
 * by itself once they work again. After each, power cuts: a sync that failed is never trusted. */
static void test_faults(void **state)
{
	static const struct {
		int write, sync;
	} kinds[] = {
		{SQLITE_FULL, 0},
		{SQLITE_IOERR_WRITE, 0},
		{0, SQLITE_IOERR_FSYNC},
		{SQLITE_IOERR_WRITE, SQLITE_IOERR_FSYNC},
	};
	unsigned cuts = wanted_cuts() / 10, failures = 0;
	uint64_t failed = 0;

	(void)state;
	for (size_t kind = 0; kind < sizeof kinds / sizeof *kinds; kind++)
		for (unsigned every = 3; every < 100; every = every * 3 + 2) {
			struct session s;
			begin_session(&s, every);
			s.vfs->calls = s.vfs->failures = 0;
			s.vfs->fail_write = kinds[kind].write;
			s.vfs->fail_sync = kinds[kind].sync;
			s.vfs->fail_every = kinds[kind].write ? every * 10 : every;
			write_session(&s);
			assert_true(s.vfs->failures > 0);
			failures += s.vfs->failures;
			failed += s.failed_commits;
			s.vfs->fail_every = 0;
			check_cuts(&s, cuts);
			end_session(&s);
		}
	print_message("%u injected failures, %llu commits refused and tried again\n", failures,
		(unsigned long long)failed);
	assert_true(failed > 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_power_cuts),
		cmocka_unit_test(test_faults),
	};

	if (hash_global_init() < 0)
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
