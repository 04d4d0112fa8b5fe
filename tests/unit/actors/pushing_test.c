/* What hubs push, among the poller's feeds. No poll is made: none is due. */
#include "actors/poller.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include <uv.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "base/hash.h"
#include "base/list.h"
#include "../sample_feed.h"

static const char id[] = "co-mde.aci.noticias", new_id[] = "co-mde.aci.nueva";
/* One under way and those that may wait for it. */
#define PUSHES   9
#define LEAST_US (6 * HOUR_US)

struct fixture {
	uv_loop_t loop;
	struct fetch_settings settings;
	struct feed *feeds[2];
	struct poller_sink sink;
	struct poller *poller;
	struct reply *reply; /* of the push under way */
	struct poller_push pushes[PUSHES + 1];
	int ends[PUSHES + 1]; /* -1: it has not ended */
	size_t n_ended;
	int64_t polled_us, due_us;
};

static void on_reply(struct poller_sink *sink, struct reply *reply)
{
	struct fixture *f = container_of(sink, struct fixture, sink);

	assert_true(reply->pushed);
	assert_null(f->reply); /* one at a time */
	f->reply = reply;
}

static struct fixture *fixture; /* done() knows its push alone */

static void on_done(struct poller_push *push, enum push_end end)
{
	size_t i = (size_t)(push - fixture->pushes);

	assert_int_equal(i, fixture->n_ended++); /* in the order in which they came */
	assert_int_equal(fixture->ends[i], -1);
	fixture->ends[i] = (int)end;
}

static int setup(void **state)
{
	struct fixture *f = mem_zalloc(1, sizeof *f);
	struct error error = {0};

	assert_int_equal(hash_global_init(), 0);
	assert_int_equal(uv_loop_init(&f->loop), 0);
	f->settings.parallel = 4;
	f->sink.reply = on_reply;
	f->feeds[0] = sample_polled(id, HOUR_US);
	f->feeds[1] = sample_polled(new_id, HOUR_US);
	const struct poller_config config = {&f->settings, f->feeds, 2};
	assert_int_equal(poller_new(&f->poller, &f->loop, &config, &f->sink, &error), 0);
	f->polled_us = clock_real_us();
	f->due_us = f->polled_us + LEAST_US;
	const struct feed_state known = {.url = (char *)(uintptr_t) "https://aci.example/feed",
		.last_poll_us = f->polled_us,
		.next_due_us = f->due_us,
		.health = FEED_FINE,
		.backfilled = true};
	struct feed_state first = known;
	first.backfilled = false;
	poller_restore(f->poller, str_of(id), &known);
	poller_restore(f->poller, str_of(new_id), &first);
	poller_start(f->poller);
	for (size_t i = 0; i <= PUSHES; i++) {
		f->pushes[i] = (struct poller_push){.body = BODY_INIT,
			.url = "https://aci.example/feed",
			.received_us = f->polled_us + 1,
			.done = on_done};
		f->ends[i] = -1;
	}
	*state = fixture = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	reply_free(f->reply);
	poller_free(f->poller);
	uv_run(&f->loop, UV_RUN_DEFAULT);
	assert_int_equal(uv_loop_close(&f->loop), 0);
	for (size_t i = 0; i < 2; i++)
		feed_unref(f->feeds[i]);
	free(f);
	return 0;
}

static int push(struct fixture *f, size_t i)
{
	return poller_push(f->poller, id, &f->pushes[i]);
}

/* The journal's word on the push under way; the next begins meanwhile. */
static void settle(struct fixture *f, enum push_end end)
{
	struct reply *reply = f->reply;
	struct feed_state state;

	assert_non_null(reply);
	f->reply = NULL;
	feed_state_copy(&state, &reply->state);
	poller_settled(f->poller, str_of(id), end == PUSH_DROPPED ? NULL : &state, end);
	if (end == PUSH_DROPPED)
		feed_state_deinit(&state);
	reply_free(reply);
}

struct view {
	struct poller_view view;
	int64_t due_us, wait_us;
	bool busy;
};

static bool on_feed(struct poller_view *view, const struct feed *feed,
	const struct feed_state *state, int64_t due_us, bool busy)
{
	struct view *v = container_of(view, struct view, view);

	if (strcmp(feed->id, id) != 0)
		return true;
	v->due_us = due_us;
	v->wait_us = state->next_due_us - state->last_poll_us;
	v->busy = busy;
	return false;
}

static struct view look(struct fixture *f)
{
	struct view v = {.view.feed = on_feed};

	poller_each(f->poller, NULL, &v.view);
	return v;
}

/* By two clocks, which were asked one after the other. */
static void assert_near(int64_t a, int64_t b)
{
	assert_true(a - b < MIN_US && b - a < MIN_US);
}

static void test_one_after_the_other(void **state)
{
	struct fixture *f = *state;

	for (size_t i = 0; i < PUSHES; i++)
		assert_int_equal(push(f, i), 0);
	assert_int_equal(push(f, PUSHES), -EAGAIN);
	settle(f, PUSH_JOURNALED);
	assert_int_equal(f->ends[0], PUSH_JOURNALED);
	assert_int_equal(push(f, PUSHES), 0); /* there is room again */
	static const enum push_end ends[] = {
		PUSH_CONTESTED, PUSH_UNREADABLE, PUSH_DROPPED, PUSH_JOURNALED};
	for (size_t i = 1; i <= PUSHES; i++) {
		settle(f, ends[i % 4]);
		assert_int_equal(f->ends[i], ends[i % 4]);
	}
	assert_null(f->reply);
	assert_near(look(f).due_us, f->due_us);
	assert_near(look(f).wait_us, LEAST_US);
}

static void test_who_gets_none(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(poller_push(f->poller, "co-mde.aci.otra", &f->pushes[0]), -ENOENT);
	/* Its first document tells what was there before. */
	assert_int_equal(poller_push(f->poller, new_id, &f->pushes[0]), -EAGAIN);
	poller_hold(f->poller, true);
	assert_int_equal(push(f, 0), -EAGAIN);
	poller_hold(f->poller, false);
	assert_int_equal(push(f, 0), 0);
	settle(f, PUSH_JOURNALED);
}

/* A lease that ends while a push is on its way: when the feed was due before does not count any more. */
static void test_lease_ends_meanwhile(void **state)
{
	struct fixture *f = *state;

	poller_set_least(f->poller, id, LEAST_US);
	assert_int_equal(push(f, 0), 0);
	poller_set_least(f->poller, id, 0);
	settle(f, PUSH_JOURNALED);
	struct view v = look(f);
	assert_true(v.wait_us >= HOUR_US && v.wait_us <= HOUR_US + HOUR_US / 10);
	assert_near(v.due_us, f->polled_us + v.wait_us);
}

/* … and one that begins leaves it as it is. */
static void test_lease_begins_meanwhile(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(push(f, 0), 0);
	poller_set_least(f->poller, id, 2 * LEAST_US);
	settle(f, PUSH_JOURNALED);
	assert_near(look(f).due_us, f->due_us);
}

/* What a hub delivered before the start put off. */
static void test_hastens(void **state)
{
	struct fixture *f = *state;

	poller_hasten(f->poller, "co-mde.aci.otra");
	assert_near(look(f).due_us, f->due_us);
	poller_hasten(f->poller, id);
	struct view v = look(f);
	assert_true(v.wait_us >= HOUR_US && v.wait_us <= HOUR_US + HOUR_US / 10);
	assert_near(v.due_us, f->polled_us + v.wait_us);
}

/* Configured no more: what is under way ends as it would; what waits is dropped. */
static void test_feed_goes_meanwhile(void **state)
{
	struct fixture *f = *state;
	struct poller_changes changes;
	const struct poller_config config = {&f->settings, f->feeds + 1, 1};

	for (size_t i = 0; i < 3; i++)
		assert_int_equal(push(f, i), 0);
	poller_change(f->poller, &config, NULL, &changes);
	assert_int_equal(changes.removed, 1);
	assert_int_equal(push(f, 3), -ENOENT);
	settle(f, PUSH_JOURNALED);
	assert_int_equal(f->ends[0], PUSH_JOURNALED);
	assert_int_equal(f->ends[1], PUSH_DROPPED);
	assert_int_equal(f->ends[2], PUSH_DROPPED);
	assert_null(f->reply);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_one_after_the_other, setup, teardown),
		cmocka_unit_test_setup_teardown(test_who_gets_none, setup, teardown),
		cmocka_unit_test_setup_teardown(test_lease_ends_meanwhile, setup, teardown),
		cmocka_unit_test_setup_teardown(test_lease_begins_meanwhile, setup, teardown),
		cmocka_unit_test_setup_teardown(test_hastens, setup, teardown),
		cmocka_unit_test_setup_teardown(test_feed_goes_meanwhile, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
