/* What the store remembers of each feed's items. */
#include "store_fixture.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/list.h"

static void begin(struct store *store)
{
	assert_int_equal(journal_begin(store->journal, &store->error), 0);
}

static void commit(struct store *store)
{
	assert_int_equal(journal_commit(store->journal, &store->error), 0);
}

static void test_seen_rows(void **state)
{
	struct store *store = *state;
	struct seen row = {.key = hash_of(STR("k")),
		.item = hash_of(STR("k")),
		.link_key = hash_of(STR("l")),
		.change = hash_of(STR("c")),
		.version = 3,
		.last_seen_us = 77,
		.day_us = 5,
		.updates_today = 2,
		.withdrawn = true,
		.views = STR("\1\2"),
		.subject = STR("tag:x")};
	struct seen got;

	begin(store);
	assert_int_equal(journal_seen_get(store->journal, 1, &row.key, &got, &store->error), 0);
	assert_int_equal(journal_seen_put(store->journal, 1, &row, &store->error), 0);
	commit(store);
	begin(store);
	assert_int_equal(journal_seen_get(store->journal, 2, &row.key, &got, &store->error), 0);
	assert_int_equal(journal_seen_get(store->journal, 1, &row.key, &got, &store->error), 1);
	assert_true(hash_eq(&got.key, &row.key) && hash_eq(&got.item, &row.item));
	assert_true(hash_eq(&got.link_key, &row.link_key) && hash_eq(&got.change, &row.change));
	assert_true(hash_is_zero(&got.title_key));
	assert_int_equal(got.version, 3);
	assert_int_equal(got.last_seen_us, 77);
	assert_int_equal(got.day_us, 5);
	assert_int_equal(got.updates_today, 2);
	assert_true(got.withdrawn);
	assert_true(str_eq(got.views, row.views) && str_eq(got.subject, row.subject));
	seen_deinit(&got);
	assert_int_equal(journal_seen_drop(store->journal, 1, &row.key, &store->error), 0);
	assert_int_equal(journal_seen_get(store->journal, 1, &row.key, &got, &store->error), 0);
	journal_rollback(store->journal);
}

static void test_names_that_moved_are_taken(void **state)
{
	struct store *store = *state;
	struct seen row = {
		.key = hash_of(STR("new key")), .item = hash_of(STR("name")), .version = 1};
	struct journal *j = store->journal;

	begin(store);
	assert_int_equal(journal_item_taken(j, 1, &row.item, &store->error), 0);
	assert_int_equal(journal_seen_put(j, 1, &row, &store->error), 0);
	assert_int_equal(journal_item_taken(j, 1, &row.item, &store->error), 1);
	assert_int_equal(journal_item_taken(j, 2, &row.item, &store->error), 0);
	assert_int_equal(journal_item_taken(j, 1, &row.key, &store->error), 0);
	row.item = row.key;
	assert_int_equal(journal_seen_put(j, 1, &row, &store->error), 0);
	assert_int_equal(journal_item_taken(j, 1, &row.item, &store->error), 0);
	commit(store);
}

static struct hash numbered_key(int n)
{
	char text[32];

	snprintf(text, sizeof text, "key %d", n);
	return hash_of(str_of(text));
}

/* 1: the store has a row of that key. */
static int has_row(struct store *store, int64_t feed, int n)
{
	const struct hash key = numbered_key(n);
	struct seen got;
	int r = journal_seen_get(store->journal, feed, &key, &got, &store->error);

	if (r > 0)
		seen_deinit(&got);
	return r;
}

static void put_row(struct store *store, int64_t feed, int n, const char *name)
{
	struct seen row = {.key = numbered_key(n), .version = 1};

	row.item = name ? hash_of(str_of(name)) : row.key;
	assert_int_equal(journal_seen_put(store->journal, feed, &row, &store->error), 0);
}

/* Of a feed that is new the store has what was put since, however many, and nothing else. */
static void test_new_feed(void **state)
{
	enum { KEYS = 200 };
	struct store *store = *state;
	struct journal *j = store->journal;
	const struct hash name = hash_of(STR("name")), message = hash_of(STR("message"));
	struct journal_alert alert = {.message = message, .key = name};
	struct journal_feed feed;

	for (int round = 0; round < 2; round++) {
		begin(store);
		assert_int_equal(journal_feed(j, store->feed, &feed, &store->error), 0);
		assert_int_equal(journal_item_taken(j, feed.number, &name, &store->error), 0);
		for (int i = 0; i < KEYS; i++) {
			assert_int_equal(has_row(store, feed.number, i), 0);
			put_row(store, feed.number, i, NULL);
			put_row(store, feed.number, i, NULL);
			for (int k = 0; k <= i; k++)
				assert_int_equal(has_row(store, feed.number, k), 1);
		}
		put_row(store, feed.number + 1, KEYS, NULL);
		assert_int_equal(has_row(store, feed.number, KEYS), 0);
		assert_int_equal(has_row(store, feed.number + 1, KEYS), 1);
		assert_int_equal(journal_item_taken(j, feed.number, &name, &store->error), 0);
		put_row(store, feed.number, 0, "name");
		assert_int_equal(journal_item_taken(j, feed.number, &name, &store->error), 1);
		assert_int_equal(
			journal_alert_get(j, feed.number, &message, &alert, &store->error), 0);
		assert_int_equal(journal_alert_put(j, feed.number, &alert, &store->error), 0);
		assert_int_equal(
			journal_alert_get(j, feed.number, &message, &alert, &store->error), 1);
		if (!round)
			journal_rollback(j);
	}
	commit(store);
	begin(store);
	for (int i = 0; i < KEYS; i++)
		assert_int_equal(has_row(store, feed.number, i), 1);
	assert_int_equal(journal_item_taken(j, feed.number, &name, &store->error), 1);
	assert_int_equal(journal_alert_get(j, feed.number, &message, &alert, &store->error), 1);
	journal_rollback(j);
}

struct counting_walk {
	struct journal_seen_walk walk;
	int n, stop_at;
};

static int count_row(struct journal_seen_walk *walk, const struct seen *row)
{
	struct counting_walk *c = container_of(walk, struct counting_walk, walk);

	assert_true(row->version > 0);
	return ++c->n == c->stop_at ? -ECANCELED : 0;
}

static void put_rows(struct store *store, int64_t feed, int n, int64_t last_seen_us)
{
	for (int i = 0; i < n; i++) {
		char text[32];
		snprintf(text, sizeof text, "%lld-%d", (long long)last_seen_us, i);
		struct seen row = {
			.key = hash_of(str_of(text)), .version = 1, .last_seen_us = last_seen_us};
		row.item = row.key;
		assert_int_equal(journal_seen_put(store->journal, feed, &row, &store->error), 0);
	}
}

static void test_seen_walk_and_prune(void **state)
{
	struct store *store = *state;
	struct counting_walk all = {{count_row}, 0, 0}, some = {{count_row}, 0, 3};
	struct journal *j = store->journal;
	struct journal_feed feed;
	int64_t now = 1000 * DAY_US;

	begin(store);
	assert_int_equal(journal_feed(j, store->feed, &feed, &store->error), 0);
	put_rows(store, feed.number, 5, now);
	put_rows(store, feed.number, 4, now - 500 * DAY_US);
	put_rows(store, feed.number + 1, 7, now - 500 * DAY_US);
	assert_int_equal(journal_seen_each(j, feed.number, &all.walk, &store->error), 0);
	assert_int_equal(all.n, 9);
	assert_int_equal(journal_seen_each(j, feed.number, &some.walk, &store->error), -ECANCELED);
	assert_int_equal(some.n, 3);
	assert_int_equal(journal_seen_prune(j, feed.number, now - 400 * DAY_US, &store->error), 0);
	all.n = 0;
	assert_int_equal(journal_seen_each(j, feed.number, &all.walk, &store->error), 0);
	assert_int_equal(all.n, 5);
	/* Once a day is enough. */
	put_rows(store, feed.number, 4, now - 500 * DAY_US);
	assert_int_equal(
		journal_seen_prune(j, feed.number, now - 400 * DAY_US + 5, &store->error), 0);
	all.n = 0;
	assert_int_equal(journal_seen_each(j, feed.number, &all.walk, &store->error), 0);
	assert_int_equal(all.n, 9);
	assert_int_equal(journal_seen_prune(j, feed.number, now - 399 * DAY_US, &store->error), 0);
	all.n = 0;
	assert_int_equal(journal_seen_each(j, feed.number, &all.walk, &store->error), 0);
	assert_int_equal(all.n, 5);
	all.n = 0;
	assert_int_equal(journal_seen_each(j, feed.number + 1, &all.walk, &store->error), 0);
	assert_int_equal(all.n, 7);
	commit(store);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, store_setup, store_teardown)
	const struct CMUnitTest tests[] = {
		TEST(test_seen_rows),
		TEST(test_names_that_moved_are_taken),
		TEST(test_new_feed),
		TEST(test_seen_walk_and_prune),
	};

	assert_int_equal(hash_global_init(), 0);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
