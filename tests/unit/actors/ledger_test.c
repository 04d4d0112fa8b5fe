/* What is to be kept of subscriptions, on its way into a journal that cannot be written for a while. */
#include "actors/ledger.h"

#include <setjmp.h>
#include <sqlite3.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include "base/alloc.h"
#include "base/hash.h"
#include "base/list.h"

struct fixture {
	char dir[64], path[96];
	struct journal *journal;
	struct ledger ledger;
};

static int setup(void **state)
{
	struct fixture *f = mem_zalloc(1, sizeof *f);
	struct error error = {0};
	char *notice = NULL;

	assert_int_equal(hash_global_init(), 0);
	snprintf(f->dir, sizeof f->dir, "/tmp/civicwire-ledger-XXXXXX");
	assert_non_null(mkdtemp(f->dir));
	snprintf(f->path, sizeof f->path, "%s/journal.db", f->dir);
	const struct journal_settings settings = {.path = f->path};
	assert_int_equal(journal_open(&f->journal, &settings, &notice, &error), 0);
	free(notice);
	ledger_init(&f->ledger);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	static const char *const endings[] = {"", "-wal", "-shm", ".head"};
	struct fixture *f = *state;
	char path[128];

	ledger_deinit(&f->ledger);
	journal_close(f->journal);
	for (size_t i = 0; i < sizeof endings / sizeof *endings; i++) {
		snprintf(path, sizeof path, "%s%s", f->path, endings[i]);
		(void)unlink(path); /* the log is gone, perhaps */
	}
	assert_int_equal(rmdir(f->dir), 0);
	free(f);
	return 0;
}

static void put(struct fixture *f, const char *token, uint32_t failures)
{
	struct hub_subscription s = {.feed_id = (char *)(uintptr_t) "x-test.feeds.a",
		.hub = (char *)(uintptr_t) "https://hub.example/",
		.topic = (char *)(uintptr_t) "https://feed.example/a",
		.callback = (char *)(uintptr_t) "https://wire.example/websub",
		.failures = failures};

	snprintf(s.token, sizeof s.token, "%s", token);
	ledger_put(&f->ledger, &s);
}

static int write_all(struct fixture *f)
{
	struct error error = {0};

	return ledger_write(&f->ledger, f->journal, &error);
}

struct found {
	struct journal_subscription_walk walk;
	char text[64]; /* "token failures" each, in the order of tokens */
};

static void on_found(struct journal_subscription_walk *walk, const struct hub_subscription *s)
{
	struct found *found = container_of(walk, struct found, walk);
	size_t n = strlen(found->text);

	snprintf(found->text + n, sizeof found->text - n, "%s %u, ", s->token, s->failures);
}

static void assert_kept(struct fixture *f, const char *expected)
{
	struct found found = {.walk.subscription = on_found};
	struct error error = {0};

	assert_int_equal(journal_subscriptions_each(f->journal, &found.walk, &error), 0);
	assert_string_equal(found.text, expected);
}

static void test_last_word_counts(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(write_all(f), 0); /* nothing */
	put(f, "a", 1);
	put(f, "b", 1);
	put(f, "a", 2);
	ledger_drop(&f->ledger, "b");
	ledger_drop(&f->ledger, "never-heard-of");
	put(f, "c", 1);
	assert_int_equal(write_all(f), 0);
	assert_kept(f, "a 2, c 1, ");
	ledger_drop(&f->ledger, "a");
	put(f, "a", 3);
	ledger_drop(&f->ledger, "c");
	assert_int_equal(write_all(f), 0);
	assert_kept(f, "a 3, ");
}

/* Somebody else holds the store: all waits, and what comes meanwhile is newer. */
static void test_what_cannot_be_written_waits(void **state)
{
	struct fixture *f = *state;
	sqlite3 *other;

	put(f, "a", 1);
	put(f, "b", 1);
	put(f, "d", 1);
	assert_int_equal(write_all(f), 0);
	assert_int_equal(sqlite3_open(f->path, &other), SQLITE_OK);
	assert_int_equal(sqlite3_exec(other, "BEGIN IMMEDIATE", NULL, NULL, NULL), SQLITE_OK);
	put(f, "a", 2);
	put(f, "b", 2);
	ledger_drop(&f->ledger, "d");
	assert_true(write_all(f) < 0);
	put(f, "a", 3);
	ledger_drop(&f->ledger, "b");
	assert_true(write_all(f) < 0);
	assert_int_equal(sqlite3_exec(other, "ROLLBACK", NULL, NULL, NULL), SQLITE_OK);
	sqlite3_close(other);
	assert_kept(f, "a 1, b 1, d 1, ");
	assert_int_equal(write_all(f), 0);
	assert_kept(f, "a 3, ");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_last_word_counts, setup, teardown),
		cmocka_unit_test_setup_teardown(test_what_cannot_be_written_waits, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
