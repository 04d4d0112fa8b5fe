/* Who may open a connection, and who waits for another's. */
#include "harness.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/alloc.h"
#include "base/cleanup.h"
#include "base/metrics.h"

struct fixture {
	struct origin origin;
	struct harness h;
	bool shut; /* the gate */
	size_t met, turned_away;
};

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof *f);

	origin_start(&f->origin, NULL, NULL);
	harness_init(&f->h);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	harness_close(&f->h);
	origin_stop(&f->origin);
	free(f);
	return 0;
}

static bool meets(struct fetch_sink *sink, const struct feed *feed, const uint8_t address[16])
{
	static const uint8_t loopback[16] = {[10] = 0xff, 0xff, 127, 0, 0, 1};
	struct fixture *f = container_of(sink, struct fixture, h.sink);

	assert_non_null(feed);
	assert_memory_equal(address, loopback, 16);
	f->met++;
	return !f->shut;
}

static void turned_away(struct fetch_sink *sink, const struct feed *feed, const uint8_t address[16])
{
	struct fixture *f = container_of(sink, struct fixture, h.sink);

	assert_non_null(feed);
	assert_int_equal(address[15], 1);
	f->turned_away++;
}

/* Who is turned away is not polled, and that is no failure; nobody is asked about a connection that is
 * there, a redirect, or a proxy. */
static void test_gate(void **state)
{
	struct fixture *f = *state;
	static const struct feed_state none;
	int64_t polls = metric_get(METRIC_civicwire_polls_total);

	f->h.sink.meets = meets;
	f->h.sink.turned_away = turned_away;
	harness_open(&f->h);
	cleanup(feed_unref_p) struct feed *feed =
		harness_feed("http://127.0.0.1:%d/echo", f->origin.port);
	f->shut = true;
	fetch_submit(f->h.fetcher, feed, &none, LANE_QUICK);
	harness_run(&f->h);
	assert_int_equal(f->h.done, 0);
	assert_int_equal(f->turned_away, 1);
	assert_int_equal(f->met, 1);
	assert_int_equal(metric_get(METRIC_civicwire_polls_total), polls);
	assert_int_equal(metric_get(METRIC_civicwire_transfers), 0);
	f->shut = false;
	struct reply *r = harness_poll(&f->h, feed, NULL);
	expect_in_body(r, "GET /echo HTTP/1.1\n");
	reply_free(r);
	assert_int_equal(f->met, 2);
	f->shut = true; /* the connection is kept */
	r = harness_poll(&f->h, feed, NULL);
	assert_int_equal(r->outcome, REPLY_BODY);
	reply_free(r);
	assert_int_equal(f->met, 2);
	feed->url = "http://news.example/echo";
	feed->access.proxy = arena_printf(&feed->arena, "http://127.0.0.1:%d", f->origin.port).p;
	r = harness_poll(&f->h, feed, NULL);
	assert_int_equal(r->outcome, REPLY_BODY);
	reply_free(r);
	assert_int_equal(f->met, 2);
}

/* What a server gives to be carried about stays where it was. */
static void test_no_cookies(void **state)
{
	struct fixture *f = *state;
	char text[4096];

	harness_open(&f->h);
	for (int i = 0; i < 2; i++) {
		reply_free(harness_get(&f->h, &f->origin, "/login")); /* Set-Cookie */
		struct reply *r = harness_get(&f->h, &f->origin, "/echo");
		text[body_read(&r->body, 0, text, sizeof text - 1)] = '\0';
		assert_non_null(strstr(text, "GET /echo"));
		assert_null(strstr(text, "cookie"));
		assert_null(strstr(text, "session"));
		reply_free(r);
	}
}

/* One connects, the others to the same host wait for what comes of it; they do not depend on it. */
static void test_followers(void **state)
{
	struct fixture *f = *state;
	cleanup(free_p) char *valid = mem_printf("%s/self-signed.pem", getenv("FETCH_TLS"));
	cleanup(free_p) char *key = mem_printf("%s/key.pem", getenv("FETCH_TLS"));
	static const struct feed_state none;
	struct feed *feeds[8];
	struct origin origin;

	f->h.limits.ca_file = valid;
	harness_open(&f->h);
	origin_start(&origin, valid, key);
	for (size_t i = 0; i < 8; i++) {
		/* The last two are for a host that has no valid certificate. */
		feeds[i] = harness_feed("https://%s:%d/echo?%zu", i < 6 ? "localhost" : "127.0.0.1",
			origin.port, i);
		fetch_submit(f->h.fetcher, feeds[i], &none, LANE_QUICK);
	}
	assert_true(fetch_cancel(f->h.fetcher, feeds[0])); /* the one that leads */
	assert_true(fetch_cancel(f->h.fetcher, feeds[1])); /* leads now, or follows */
	harness_run(&f->h);
	assert_int_equal(f->h.outcomes[REPLY_BODY], 4);
	assert_int_equal(f->h.outcomes[REPLY_NETWORK], 2);
	for (size_t i = 0; i < 8; i++) {
		fetch_submit(f->h.fetcher, feeds[i], &none, LANE_QUICK);
		feed_unref(feeds[i]);
	}
	assert_int_equal(fetch_active(f->h.fetcher), 8); /* teardown drops them all */
	origin_stop(&origin);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_gate, setup, teardown),
		cmocka_unit_test_setup_teardown(test_no_cookies, setup, teardown),
		cmocka_unit_test_setup_teardown(test_followers, setup, teardown),
	};

	signal(SIGPIPE, SIG_IGN);
	assert_int_equal(hash_global_init(), 0);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
