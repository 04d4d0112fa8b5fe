/* A site changes all its guids: nobody gets its old items again, and no news is lost over it. */
#include "wire_fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "groups.h"

#define N 8

struct series {
	char texts[3][N][24];
	struct words words[N];
};

/* Items 0 … N − 1; NULL for what the items shall not have. */
static void fill(struct series *d, const char *guid, const char *link, const char *title)
{
	const char *prefixes[3] = {guid, link, title};

	for (int i = 0; i < N; i++) {
		const char *made[3];
		for (int k = 0; k < 3; k++) {
			snprintf(d->texts[k][i], sizeof d->texts[k][i], "%s-%d",
				prefixes[k] ? prefixes[k] : "", i);
			made[k] = prefixes[k] ? d->texts[k][i] : NULL;
		}
		d->words[i] = (struct words)ITEM(made[0], made[1], made[2], "x");
	}
}

static void commit(struct wire *wire, const struct series *d, size_t n)
{
	wire_commit_one(wire, wire_batch(wire, d->words, n));
}

static void skip_events(struct wire *wire)
{
	wire->read_to = journal_head(wire->journal);
}

static void test_new_guids_same_links(void **state)
{
	struct wire *wire = *state;
	struct series d;

	fill(&d, "old", "l", "t");
	commit(wire, &d, N);
	skip_events(wire);
	fill(&d, "new", "l", "t");
	commit(wire, &d, N);
	wire_expect(wire, "");
	assert_int_equal(wire->counts.remapped, N);
	/* Known under the new guids from now on, with their versions. */
	commit(wire, &d, N);
	assert_int_equal(wire->counts.remapped, 0);
	assert_int_equal(wire->counts.same, N);
	d.words[3].text = "changed";
	commit(wire, &d, N);
	wire_expect(wire, "updated new-3 2\n");
}

static void test_new_domain_same_titles(void **state)
{
	struct wire *wire = *state;
	struct series d;

	fill(&d, "old", "l", "t");
	commit(wire, &d, N);
	skip_events(wire);
	fill(&d, "new", "m", "t");
	d.words[0].title = "Really new";
	commit(wire, &d, N);
	wire_expect(wire, "published new-0 1\n");
	assert_int_equal(wire->counts.remapped, N - 1);
}

/* The site goes back to its old guids: silent again, and no event id comes twice. */
static void test_there_and_back(void **state)
{
	struct wire *wire = *state;
	struct series old, new;

	fill(&old, "old", "l", "t");
	fill(&new, "new", "l", "t");
	commit(wire, &old, N);
	skip_events(wire);
	for (int i = 0; i < 3; i++) {
		commit(wire, &new, N);
		commit(wire, &old, N);
	}
	wire_expect(wire, "");
	old.words[2].text = "changed";
	commit(wire, &old, N);
	wire_expect(wire, "updated old-2 2\n");
}

static void see_id(void *with, const struct wire_event *event)
{
	buf_printf(with, "%s\n", event->id);
}

/* After the move an item turns up under an old guid that is not the old item: its events need a name
 * of their own. */
static void test_a_name_is_given_once(void **state)
{
	struct wire *wire = *state;
	struct series d;
	struct buf got = BUF_INIT;

	fill(&d, "old", "l", "t");
	commit(wire, &d, N);
	fill(&d, "new", "l", "t");
	commit(wire, &d, N);
	WIRE_DOCUMENT(wire, ITEM("old-1", "another link", "Another title", "x"));
	wire_expect(wire, "published old-0 1 +b\npublished old-1 1 +b\npublished old-2 1 +b\n"
			  "published old-3 1 +b\npublished old-4 1 +b\npublished old-5 1 +b\n"
			  "published old-6 1 +b\npublished old-7 1 +b\npublished old-1 1\n");
	wire->read_to = 0;
	wire_each(wire, see_id, &got);
	struct str ids[N + 1], rest = buf_view(&got);
	for (int i = 0; i <= N; i++)
		assert_true(str_split(&rest, '\n', &ids[i]));
	for (int i = 0; i < N; i++)
		assert_false(str_eq(ids[i], ids[N]));
	buf_deinit(&got);
}

static void test_few_are_no_flood(void **state)
{
	struct wire *wire = *state;
	struct series d;

	fill(&d, "old", "l", "t");
	commit(wire, &d, 4);
	skip_events(wire);
	fill(&d, "new", "l", "t");
	commit(wire, &d, 4);
	wire_expect(wire, "published new-0 1\npublished new-1 1\npublished new-2 1\n"
			  "published new-3 1\n");
}

static void test_half_is_no_flood(void **state)
{
	struct wire *wire = *state;
	struct words words[12];
	struct series old, new;

	fill(&old, "old", "l", "t");
	fill(&new, "new", "l", "t");
	commit(wire, &old, N);
	skip_events(wire);
	for (int i = 0; i < 6; i++) {
		words[i] = new.words[i];
		words[6 + i] = (struct words)ITEM(old.texts[1][i], old.texts[1][i], NULL, "y");
	}
	wire_commit_one(wire, wire_batch(wire, words, 12));
	assert_int_equal(wire->counts.remapped, 0);
	assert_int_equal(wire->counts.published, 12);
}

/* Titles that repeat say nothing about which item it is. */
static void test_shared_titles(void **state)
{
	struct wire *wire = *state;
	struct series d;

	fill(&d, "old", "l", "t");
	for (int i = 0; i < N; i++)
		d.words[i].title = "Bulletin";
	commit(wire, &d, N);
	skip_events(wire);
	fill(&d, "new", "m", "t");
	for (int i = 0; i < N; i++)
		d.words[i].title = "Bulletin";
	commit(wire, &d, N);
	assert_int_equal(wire->counts.published, N);
	assert_int_equal(wire->counts.remapped, 0);
}

/* Each alert is its own, however like the last one it sounds. */
static void test_alerts_with_known_titles(void **state)
{
	struct wire *wire = *state;
	struct series d;

	wire->feed->kind = FEED_ALERT;
	fill(&d, "old", "l", "t");
	commit(wire, &d, N);
	skip_events(wire);
	fill(&d, "new", "m", "t");
	commit(wire, &d, N);
	assert_int_equal(wire->counts.published, N);
}

/* Last year's titles come again, as they do each spring: that is news. */
static void test_titles_of_long_ago(void **state)
{
	struct wire *wire = *state;
	struct series d;

	fill(&d, "old", "l", "t");
	commit(wire, &d, N);
	wire->now_us += 100 * DAY_US;
	WIRE_DOCUMENT(wire, ITEM("x", "lx", "X", "x"));
	skip_events(wire);
	wire->now_us += 100 * DAY_US;
	fill(&d, "new", "m", "t");
	commit(wire, &d, N);
	assert_int_equal(wire->counts.published, N);
	assert_int_equal(wire->counts.remapped, 0);
}

/* Unless nothing came in between: then they were in the feed all the time. */
static void test_a_feed_that_slept(void **state)
{
	struct wire *wire = *state;
	struct series d;

	fill(&d, "old", "l", "t");
	commit(wire, &d, N);
	skip_events(wire);
	wire->now_us += 200 * DAY_US;
	fill(&d, "new", "m", "t");
	commit(wire, &d, N);
	wire_expect(wire, "");
	assert_int_equal(wire->counts.remapped, N);
}

int flood_tests(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, wire_setup, wire_teardown)
	const struct CMUnitTest tests[] = {
		TEST(test_new_guids_same_links),
		TEST(test_new_domain_same_titles),
		TEST(test_there_and_back),
		TEST(test_a_name_is_given_once),
		TEST(test_few_are_no_flood),
		TEST(test_half_is_no_flood),
		TEST(test_shared_titles),
		TEST(test_alerts_with_known_titles),
		TEST(test_titles_of_long_ago),
		TEST(test_a_feed_that_slept),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
