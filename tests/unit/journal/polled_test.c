/* What most polls change is written alone, and goes before what the feed's row says of it. */
#include "store_fixture.h"

#include <setjmp.h>
#include <sqlite3.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#include "base/list.h"
#include "journal/statement.h"

#define FEED 1
#define ETAG "\"a\""

typedef int put_state(struct journal *, int64_t, const struct feed_state *, struct error *);

static void write_by(put_state *put, struct store *store, const struct feed_state *state)
{
	struct journal_feed feed;

	assert_int_equal(journal_begin(store->journal, &store->error), 0);
	assert_int_equal(journal_feed(store->journal, store->feed, &feed, &store->error), 0);
	assert_int_equal(feed.number, FEED);
	assert_int_equal(put(store->journal, FEED, state, &store->error), 0);
	assert_int_equal(journal_commit(store->journal, &store->error), 0);
}

struct state_walk {
	struct journal_state_walk walk;
	struct feed_state got; /* without texts */
	bool has_etag;
	size_t n;
};

static int on_state(struct journal_state_walk *walk, struct str id, const struct feed_state *state)
{
	struct state_walk *w = container_of(walk, struct state_walk, walk);

	assert_true(str_is(id, "aa-bbb.cc.dd"));
	w->got = *state;
	w->has_etag = state->etag && !strcmp(state->etag, ETAG);
	w->n++;
	return 0;
}

/* As the next start reads it. */
static struct state_walk read_state(struct store *store)
{
	struct state_walk walk = {.walk = {on_state}};

	store_close(store);
	store_open(store);
	assert_int_equal(journal_states_each(store->journal, &walk.walk, &store->error), 0);
	assert_int_equal(walk.n, 1);
	return walk;
}

static const struct feed_state whole = {.etag = (char *)ETAG,
	.last_poll_us = 1,
	.last_success_us = 2,
	.next_due_us = 3,
	.http_status = 200,
	.items = 4};

static void test_goes_before(void **state)
{
	struct store *store = *state;
	struct feed_state polled = {.last_poll_us = 11,
		.last_success_us = 12,
		.next_due_us = 13,
		.http_status = 304,
		.items = 7};

	write_by(journal_feed_state_put, store, &whole);
	for (int i = 0; i < 2; i++, polled.last_poll_us++) {
		write_by(journal_feed_polled, store, &polled);
		struct state_walk walk = read_state(store);
		assert_int_equal(walk.got.number, FEED);
		assert_int_equal(walk.got.last_poll_us, 11 + i);
		assert_int_equal(walk.got.last_success_us, 12);
		assert_int_equal(walk.got.next_due_us, 13);
		assert_int_equal(walk.got.http_status, 304);
		assert_int_equal(walk.got.items, 4);
		assert_true(walk.has_etag);
	}
}

static void test_whole_goes_before(void **state)
{
	struct store *store = *state;
	const struct feed_state polled = {.last_poll_us = 11, .next_due_us = 13};

	write_by(journal_feed_polled, store, &polled);
	write_by(journal_feed_state_put, store, &whole);
	struct state_walk walk = read_state(store);
	assert_int_equal(walk.got.last_poll_us, 1);
	assert_int_equal(walk.got.last_success_us, 2);
	assert_int_equal(walk.got.next_due_us, 3);
	assert_int_equal(walk.got.http_status, 200);
}

/* Nobody knows when the feed was polled: it is due, and asked whether its document has changed. */
static void test_damaged(void **state)
{
	const struct feed_state polled = {.last_poll_us = 11, .next_due_us = 13};
	struct store *store = *state;
	sqlite3 *db;
	char *what;

	write_by(journal_feed_state_put, store, &whole);
	write_by(journal_feed_polled, store, &polled);
	store_close(store);
	assert_int_equal(
		statement_open(store->path, SQLITE_OPEN_READWRITE, 1000, &db, &store->error), 0);
	assert_int_equal(statement_exec(db, "UPDATE polled SET next_due_us=next_due_us+1",
				 "meddling", &store->error),
		0);
	sqlite3_close(db);
	store_open(store);
	struct state_walk walk = read_state(store);
	assert_int_equal(walk.got.next_due_us, 0);
	assert_true(walk.has_etag);
	assert_int_equal(journal_damage(store->journal, &what), 1);
	assert_non_null(strstr(what, "feed aa-bbb.cc.dd: when it was polled last was damaged"));
	free(what);
	write_by(journal_feed_polled, store, &polled);
	walk = read_state(store);
	assert_int_equal(walk.got.next_due_us, 13);
	assert_int_equal(journal_damage(store->journal, &what), 0);
}

int main(void)
{
#define TEST(test) cmocka_unit_test_setup_teardown(test, store_setup, store_teardown)
	const struct CMUnitTest tests[] = {
		TEST(test_goes_before),
		TEST(test_whole_goes_before),
		TEST(test_damaged),
	};
#undef TEST

	return cmocka_run_group_tests(tests, NULL, NULL);
}
