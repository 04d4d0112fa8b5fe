/* What the poller tells of its feeds while they change. No poll is made: it is held. */
#include "actors/poller.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>
#include <uv.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "base/hash.h"
#include "base/list.h"
#include "../sample_feed.h"

#define FEEDS 3
static const char *const ids[FEEDS] = {
	"co-mde.aci.avisos", "co-mde.aci.eventos", "co-mde.aci.noticias"};

struct fixture {
	uv_loop_t loop;
	struct fetch_settings settings;
	struct feed *feeds[FEEDS], *next[FEEDS];
	struct poller_sink sink;
	struct poller *poller;
	size_t told; /* feeds, since poller_change() */
};

/* Whoever is told of one feed may ask about any of them, as the subscriber does when a lease is over. */
static void on_known(struct poller_sink *sink, const struct feed *feed,
	const struct feed_state *state, const struct poller_news *news)
{
	struct fixture *f = container_of(sink, struct fixture, sink);

	(void)state;
	assert_null(news);
	assert_ptr_equal(poller_feed(f->poller, feed->id), feed);
	for (size_t i = 0; i < FEEDS; i++) {
		assert_ptr_equal(poller_feed(f->poller, ids[i]), f->next[i]);
		assert_null(poller_hubs(f->poller, ids[i]));
		poller_set_least(f->poller, ids[i], HOUR_US);
	}
	f->told++;
}

static void on_reply(struct poller_sink *sink, struct reply *reply)
{
	(void)sink;
	(void)reply;
	fail();
}

static int setup(void **state)
{
	struct fixture *f = mem_zalloc(1, sizeof *f);
	struct error error = {0};

	assert_int_equal(hash_global_init(), 0);
	assert_int_equal(uv_loop_init(&f->loop), 0);
	f->settings.parallel = 4;
	f->sink = (struct poller_sink){.reply = on_reply, .known = on_known};
	for (size_t i = 0; i < FEEDS; i++)
		f->feeds[i] = sample_polled(ids[i], HOUR_US);
	const struct poller_config config = {&f->settings, f->feeds, FEEDS};
	assert_int_equal(poller_new(&f->poller, &f->loop, &config, &f->sink, &error), 0);
	poller_hold(f->poller, true);
	poller_start(f->poller);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	poller_free(f->poller);
	uv_run(&f->loop, UV_RUN_DEFAULT);
	assert_int_equal(uv_loop_close(&f->loop), 0);
	for (size_t i = 0; i < FEEDS; i++) {
		feed_unref(f->feeds[i]);
		feed_unref(f->next[i]);
	}
	free(f);
	return 0;
}

static void test_asks_while_told(void **state)
{
	struct fixture *f = *state;
	struct poller_changes changes;

	for (size_t i = 0; i < FEEDS; i++)
		f->next[i] = sample_polled(ids[i], 2 * HOUR_US);
	const struct poller_config config = {&f->settings, f->next, FEEDS};
	poller_change(f->poller, &config, NULL, &changes);
	assert_int_equal(changes.changed, FEEDS);
	assert_int_equal(f->told, FEEDS);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_asks_while_told, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
