/* What was asked of hubs, over a restart; and who does not get it. */
#include "store_fixture.h"

#include <setjmp.h>
#include <sqlite3.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

#include "base/buf.h"
#include "base/list.h"
#include "journal/upkeep.h"

#define SECRET "between-us-and-the-hub"

static struct hub_subscription of(const char *token)
{
	struct hub_subscription s = {.feed_id = (char *)(uintptr_t) "x-test.feeds.a",
		.hub = (char *)(uintptr_t) "https://hub.example/",
		.topic = (char *)(uintptr_t) "https://feed.example/a",
		.reason = (char *)(uintptr_t) "no",
		.callback = (char *)(uintptr_t) "https://wire.example/websub",
		.secret = SECRET,
		.state = SUBSCRIPTION_FAILING,
		.distrusted = true,
		.failures = 3,
		.asked_us = 4,
		.next_us = 5,
		.verified_us = 6,
		.lease_us = 7,
		.push_us = 8,
		.failing_us = 9,
		.leaving_us = 10};

	snprintf(s.token, sizeof s.token, "%s", token);
	return s;
}

static void put(struct store *store, const struct hub_subscription *s)
{
	assert_int_equal(journal_begin(store->journal, &store->error), 0);
	assert_int_equal(journal_subscription_put(store->journal, s, &store->error), 0);
	assert_int_equal(journal_commit(store->journal, &store->error), 0);
}

struct found {
	struct journal_subscription_walk walk;
	size_t n;
};

static void on_found(struct journal_subscription_walk *walk, const struct hub_subscription *s)
{
	const struct hub_subscription is = of("token-1");

	container_of(walk, struct found, walk)->n++;
	assert_string_equal(s->token, is.token);
	assert_string_equal(s->secret, is.secret);
	assert_string_equal(s->feed_id, is.feed_id);
	assert_string_equal(s->hub, is.hub);
	assert_string_equal(s->topic, is.topic);
	assert_string_equal(s->reason, is.reason);
	assert_string_equal(s->callback, is.callback);
	assert_int_equal(s->state, is.state);
	assert_true(s->distrusted);
	assert_int_equal(s->failures, 3);
	assert_int_equal(s->asked_us * s->next_us * s->verified_us * s->lease_us, 4 * 5 * 6 * 7);
	assert_int_equal(s->push_us * s->failing_us * s->leaving_us, 8 * 9 * 10);
}

static size_t count(struct store *store)
{
	struct found found = {.walk = {on_found}};

	assert_int_equal(journal_subscriptions_each(store->journal, &found.walk, &store->error), 0);
	return found.n;
}

static void test_kept(void **state)
{
	struct store *store = *state;
	struct hub_subscription s = of("token-1"), other = of("token-2");
	struct stat st;

	other.failures = 1;
	put(store, &other);
	other.reason = NULL;
	put(store, &s);
	s.failures = 3;
	put(store, &s);
	assert_int_equal(journal_begin(store->journal, &store->error), 0);
	assert_int_equal(journal_subscription_drop(store->journal, "token-2", &store->error), 0);
	assert_int_equal(journal_commit(store->journal, &store->error), 0);
	assert_int_equal(count(store), 1);
	store_close(store);
	store_open(store);
	assert_int_equal(count(store), 1);
	/* What hubs sign with is the owner's alone. */
	assert_int_equal(stat(store->path, &st), 0);
	assert_int_equal(st.st_mode & 0077, 0);
}

static void test_damaged(void **state)
{
	struct store *store = *state;
	struct hub_subscription s = of("token-1");
	sqlite3 *db;
	char *what = NULL;

	put(store, &s);
	store_close(store);
	assert_int_equal(sqlite3_open(store->path, &db), SQLITE_OK);
	assert_int_equal(
		sqlite3_exec(db, "UPDATE subscription SET lease=lease+1", NULL, NULL, NULL),
		SQLITE_OK);
	sqlite3_close(db);
	store_open(store);
	assert_int_equal(count(store), 0);
	assert_int_equal(journal_damage(store->journal, &what), 1);
	assert_non_null(strstr(what, "the hub is asked anew"));
	free(what);
}

struct lines {
	struct journal_dump_sink sink;
	struct buf text;
};

static int on_line(struct journal_dump_sink *sink, struct str line)
{
	buf_str(&container_of(sink, struct lines, sink)->text, line);
	return 0;
}

/* Neither an export nor a backup has it, not even in pages that are free. */
static void test_not_given_away(void **state)
{
	struct store *store = *state;
	struct hub_subscription s = of("token-1");
	struct lines lines = {.sink = {on_line}};
	struct journal_dump_wish wish = {0};
	struct journal_dump_loss loss;
	struct buf copied = BUF_INIT;
	char path[120], piece[8192];
	size_t n;

	store_commit_one(store, 1);
	put(store, &s);
	assert_int_equal(journal_dump(store->path, &wish, &lines.sink, &loss, &store->error), 0);
	assert_non_null(strstr(buf_cstr(&lines.text), "feed/a/"));
	assert_null(strstr(buf_cstr(&lines.text), SECRET));
	snprintf(path, sizeof path, "%s/copy.db", store->dir);
	assert_int_equal(journal_backup(store->path, path, &store->error), 0);
	FILE *file = fopen(path, "re");
	assert_non_null(file);
	while ((n = fread(piece, 1, sizeof piece, file)))
		buf_add(&copied, piece, n);
	fclose(file);
	unlink(path);
	assert_true(str_find(buf_view(&copied), STR("feed/a/")) < copied.n);
	assert_int_equal(str_find(buf_view(&copied), STR(SECRET)), copied.n);
	assert_int_equal(str_find(buf_view(&copied), STR("token-1")), copied.n);
	buf_deinit(&copied);
	buf_deinit(&lines.text);
}

int main(void)
{
#define TEST(test) cmocka_unit_test_setup_teardown(test, store_setup, store_teardown)
	const struct CMUnitTest tests[] = {
		TEST(test_kept),
		TEST(test_damaged),
		TEST(test_not_given_away),
	};
#undef TEST

	return cmocka_run_group_tests(tests, NULL, NULL);
}
