/* The CAP messages that the store remembers, and stores of before it did. */
#include "store_fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

static struct journal_alert get(struct store *store, int64_t feed, const char *message)
{
	const struct hash name = hash_of(str_of(message));
	struct journal_alert alert = {.last_seen_us = -1};
	int r = journal_alert_get(store->journal, feed, &name, &alert, &store->error);

	assert_int_equal(r, alert.last_seen_us != -1);
	return alert;
}

static void put(struct store *store, int64_t feed, const char *message, const char *key,
	int64_t last_seen_us)
{
	const struct journal_alert alert = {.message = hash_of(str_of(message)),
		.key = key ? hash_of(str_of(key)) : (struct hash){{0}},
		.cancelled = !key,
		.last_seen_us = last_seen_us};

	assert_int_equal(journal_alert_put(store->journal, feed, &alert, &store->error), 0);
}

static void test_messages(void **state)
{
	struct store *store = *state;
	const struct hash key = hash_of(STR("k"));

	assert_int_equal(journal_begin(store->journal, &store->error), 0);
	put(store, 1, "m", "k", 7);
	put(store, 1, "gone", NULL, 8);
	assert_int_equal(get(store, 2, "m").last_seen_us, -1);
	struct journal_alert alert = get(store, 1, "m");
	assert_true(hash_eq(&alert.key, &key) && !alert.cancelled && alert.last_seen_us == 7);
	alert = get(store, 1, "gone");
	assert_true(hash_is_zero(&alert.key) && alert.cancelled && alert.last_seen_us == 8);
	/* A key is one message's, in each feed. */
	put(store, 2, "n", "k", 9);
	alert = get(store, 1, "m");
	assert_true(hash_eq(&alert.key, &key));
	put(store, 1, "n", "k", 9);
	alert = get(store, 1, "m");
	assert_true(hash_is_zero(&alert.key));
	alert = get(store, 1, "n");
	assert_true(hash_eq(&alert.key, &key));
	assert_int_equal(journal_commit(store->journal, &store->error), 0);
}

static void test_old_messages_are_forgotten(void **state)
{
	struct store *store = *state;
	const int64_t now = 20000 * DAY_US;
	struct journal_feed feed;

	assert_int_equal(journal_begin(store->journal, &store->error), 0);
	assert_int_equal(journal_feed(store->journal, store->feed, &feed, &store->error), 0);
	put(store, feed.number, "old", NULL, now - 401 * DAY_US);
	put(store, feed.number, "new", NULL, now - 399 * DAY_US);
	put(store, feed.number + 1, "old", NULL, now - 401 * DAY_US);
	assert_int_equal(
		journal_seen_prune(store->journal, feed.number, now - 400 * DAY_US, &store->error),
		0);
	assert_int_equal(get(store, feed.number, "old").last_seen_us, -1);
	assert_true(get(store, feed.number, "new").cancelled);
	assert_true(get(store, feed.number + 1, "old").cancelled);
	assert_int_equal(journal_commit(store->journal, &store->error), 0);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, store_setup, store_teardown)
	const struct CMUnitTest tests[] = {
		TEST(test_messages),
		TEST(test_old_messages_are_forgotten),
	};

	assert_int_equal(hash_global_init(), 0);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
