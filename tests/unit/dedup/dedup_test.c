#include "dedup/dedup.h"

#include "base/clock.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <cmocka.h>

/* Noon, so that a few hours either way stay within the day. */
#define NOON (INT64_C(20000) * DAY_US + 12 * HOUR_US)

static struct hash h(const char *text)
{
	return hash_of(str_of(text));
}

static struct batch_item item_of(const char *key, const char *change)
{
	return (struct batch_item){.key = h(key),
		.key_link = h("key+link"),
		.link_key = h("link"),
		.title_key = h("title"),
		.change = h(change),
		.subject = str_of(key),
		.time_s = TIME_NONE};
}

static struct seen first(const struct batch_item *item)
{
	struct seen row;
	bool write = false;

	assert_int_equal(dedup_judge(NULL, &item->key, item, NOON, &row, &write), VERDICT_NEW);
	assert_true(write);
	return row;
}

static void test_key(void **state)
{
	struct batch_item item = item_of("guid", "a");
	struct hash plain = dedup_key(&item, false), linked = dedup_key(&item, true);

	(void)state;
	assert_true(hash_eq(&plain, &item.key));
	assert_true(hash_eq(&linked, &item.key_link));
}

static void test_new(void **state)
{
	struct batch_item item = item_of("guid", "a");
	struct seen row = first(&item);

	(void)state;
	assert_int_equal(row.version, 1);
	assert_true(hash_eq(&row.item, &item.key));
	assert_true(hash_eq(&row.key, &item.key));
	assert_true(hash_eq(&row.change, &item.change));
	assert_int_equal(row.last_seen_us, NOON);
	assert_int_equal(row.updates_today, 0);
	assert_int_equal(row.day_us, NOON - 12 * HOUR_US);
	assert_true(str_is(row.subject, "guid"));
	assert_false(row.withdrawn);
}

static void test_same_is_written_once_a_day(void **state)
{
	struct batch_item item = item_of("guid", "a");
	struct seen old = first(&item), row;
	bool write = true;

	(void)state;
	assert_int_equal(
		dedup_judge(&old, &item.key, &item, NOON + DEDUP_SEEN_STEP_US - 1, &row, &write),
		VERDICT_SAME);
	assert_false(write);
	assert_int_equal(row.last_seen_us, NOON);
	assert_int_equal(
		dedup_judge(&old, &item.key, &item, NOON + DEDUP_SEEN_STEP_US, &row, &write),
		VERDICT_SAME);
	assert_true(write);
	assert_int_equal(row.last_seen_us, NOON + DEDUP_SEEN_STEP_US);
	/* A clock that was set back moves nothing back. */
	assert_int_equal(
		dedup_judge(&old, &item.key, &item, NOON - 9 * DAY_US, &row, &write), VERDICT_SAME);
	assert_false(write);
	assert_int_equal(row.last_seen_us, NOON);
	/* Not even where there is something to tell. */
	struct batch_item changed = item_of("guid", "b");
	assert_int_equal(dedup_judge(&old, &item.key, &changed, NOON - 9 * DAY_US, &row, &write),
		VERDICT_UPDATED);
	assert_int_equal(row.last_seen_us, NOON);
	changed.withdrawn = true;
	assert_int_equal(dedup_judge(&old, &item.key, &changed, NOON - 9 * DAY_US, &row, &write),
		VERDICT_WITHDRAWN);
	assert_int_equal(row.last_seen_us, NOON);
}

static void test_moved_link_is_remembered_untold(void **state)
{
	struct batch_item item = item_of("guid", "a");
	struct seen old = first(&item), row;
	bool write = false;

	(void)state;
	item.link_key = h("another link");
	assert_int_equal(dedup_judge(&old, &item.key, &item, NOON, &row, &write), VERDICT_SAME);
	assert_true(write);
	assert_true(hash_eq(&row.link_key, &item.link_key));
	assert_int_equal(row.version, 1);
}

static void test_update(void **state)
{
	struct batch_item item = item_of("guid", "a");
	struct seen old = first(&item), row;
	bool write = false;

	(void)state;
	old.item = h("an older name");
	item.change = h("b");
	assert_int_equal(dedup_judge(&old, &item.key, &item, NOON, &row, &write), VERDICT_UPDATED);
	assert_true(write);
	assert_int_equal(row.version, 2);
	assert_int_equal(row.updates_today, 1);
	assert_true(hash_eq(&row.change, &item.change));
	assert_true(hash_eq(&row.item, &old.item));
}

/* The limit is per day, what is held stays a change, and the next day's first update knows it. */
static void test_held(void **state)
{
	struct batch_item item = item_of("guid", "0");
	struct seen row = first(&item), next;
	bool write;
	char change[16];

	(void)state;
	for (int i = 1; i <= DEDUP_UPDATES_PER_DAY; i++) {
		snprintf(change, sizeof change, "%d", i);
		item.change = h(change);
		assert_int_equal(dedup_judge(&row, &item.key, &item, NOON + i, &next, &write),
			VERDICT_UPDATED);
		row = next;
	}
	assert_int_equal(row.version, DEDUP_UPDATES_PER_DAY + 1);
	item.change = h("one too many");
	assert_int_equal(
		dedup_judge(&row, &item.key, &item, NOON + HOUR_US, &next, &write), VERDICT_HELD);
	assert_true(write);
	assert_int_equal(next.version, row.version);
	assert_true(hash_eq(&next.change, &row.change));
	assert_false(dedup_was_held(&next, NOON + HOUR_US));
	row = next;
	assert_int_equal(
		dedup_judge(&row, &item.key, &item, NOON + HOUR_US, &next, &write), VERDICT_HELD);
	assert_false(write);
	int64_t tomorrow = NOON + 12 * HOUR_US;
	assert_true(dedup_was_held(&row, tomorrow));
	assert_int_equal(
		dedup_judge(&row, &item.key, &item, tomorrow, &next, &write), VERDICT_UPDATED);
	assert_int_equal(next.version, DEDUP_UPDATES_PER_DAY + 2);
	assert_int_equal(next.updates_today, 1);
	assert_false(dedup_was_held(&next, tomorrow + DAY_US));
}

static void test_not_held_below_the_limit(void **state)
{
	struct batch_item item = item_of("guid", "0");
	struct seen row = first(&item);

	(void)state;
	row.updates_today = DEDUP_UPDATES_PER_DAY;
	assert_false(dedup_was_held(&row, NOON + DAY_US));
	assert_false(dedup_was_held(NULL, NOON));
}

static void test_withdrawn_and_back(void **state)
{
	struct batch_item item = item_of("guid", "a"), stone = item_of("guid", "");
	struct seen row = first(&item), next;
	bool write;

	(void)state;
	stone.withdrawn = true;
	assert_int_equal(
		dedup_judge(&row, &item.key, &stone, NOON, &next, &write), VERDICT_WITHDRAWN);
	assert_true(write);
	assert_int_equal(next.version, 2);
	assert_true(next.withdrawn);
	assert_true(hash_eq(&next.change, &item.change));
	row = next;
	assert_int_equal(dedup_judge(&row, &item.key, &stone, NOON, &next, &write), VERDICT_SAME);
	assert_false(write);
	/* Unchanged, but back: who heard that it was gone must hear that it is not. */
	assert_int_equal(dedup_judge(&row, &item.key, &item, NOON, &next, &write), VERDICT_UPDATED);
	assert_int_equal(next.version, 3);
	assert_false(next.withdrawn);
}

static void test_tombstone_of_a_stranger(void **state)
{
	struct batch_item stone = item_of("guid", "");
	struct seen row;
	bool write = true;

	(void)state;
	stone.withdrawn = true;
	assert_int_equal(dedup_judge(NULL, &stone.key, &stone, NOON, &row, &write), VERDICT_SAME);
	assert_false(write);
}

static void test_missing(void **state)
{
	struct batch_item item = item_of("guid", "a");
	struct seen row = first(&item), next;

	(void)state;
	assert_int_equal(dedup_missing(&row, NOON + DAY_US, &next), VERDICT_WITHDRAWN);
	assert_int_equal(next.version, 2);
	assert_true(next.withdrawn);
	assert_int_equal(next.last_seen_us, NOON);
	row = next;
	assert_int_equal(dedup_missing(&row, NOON + DAY_US, &next), VERDICT_SAME);
	assert_int_equal(next.version, 2);
}

/* Something that comes and goes with every poll is told at most as often as something that changes. */
static void test_flapping_is_bounded(void **state)
{
	struct batch_item item = item_of("guid", "a");
	struct seen row = first(&item), next;
	int told = 0;
	bool write;

	(void)state;
	for (int i = 0; i < 200; i++) {
		told += dedup_missing(&row, NOON + i, &next) == VERDICT_WITHDRAWN;
		row = next;
		told += dedup_judge(&row, &item.key, &item, NOON + i, &next, &write) ==
			VERDICT_UPDATED;
		row = next;
	}
	assert_int_equal(told, 2 * DEDUP_UPDATES_PER_DAY + 1);
	assert_true(row.withdrawn);
}

static void test_rekey(void **state)
{
	struct batch_item item = item_of("guid", "a");
	struct seen row = first(&item), next;
	struct hash key = h("new guid");

	(void)state;
	row.version = 7;
	item.change = h("b");
	dedup_rekey(&row, &key, &item, NOON + DAY_US, &next);
	assert_true(hash_eq(&next.key, &key));
	assert_true(hash_eq(&next.item, &row.item));
	assert_true(hash_eq(&next.change, &item.change));
	assert_int_equal(next.version, 7);
	assert_int_equal(next.last_seen_us, NOON + DAY_US);
}

static void test_long_subject_is_not_kept(void **state)
{
	char id[SEEN_SUBJECT_MAX + 1];
	struct batch_item item = item_of("guid", "a");

	(void)state;
	memset(id, 'x', sizeof id);
	item.subject = str_make(id, sizeof id);
	assert_true(str_is_none(first(&item).subject));
	item.subject = str_make(id, SEEN_SUBJECT_MAX);
	assert_int_equal(first(&item).subject.n, SEEN_SUBJECT_MAX);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_key),
		cmocka_unit_test(test_new),
		cmocka_unit_test(test_same_is_written_once_a_day),
		cmocka_unit_test(test_moved_link_is_remembered_untold),
		cmocka_unit_test(test_update),
		cmocka_unit_test(test_held),
		cmocka_unit_test(test_not_held_below_the_limit),
		cmocka_unit_test(test_withdrawn_and_back),
		cmocka_unit_test(test_tombstone_of_a_stranger),
		cmocka_unit_test(test_missing),
		cmocka_unit_test(test_flapping_is_bounded),
		cmocka_unit_test(test_rekey),
		cmocka_unit_test(test_long_subject_is_not_kept),
	};

	assert_int_equal(hash_global_init(), 0);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
