/* Who may open a connection, and who waits for another's. */
#include "harness.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/alloc.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "base/metrics.h"

struct fixture {
	struct stand s; /* the first: stand_teardown() takes it for all */
	bool shut;      /* the gate */
	size_t met, turned_away, begun, hops;
	struct hop hop; /* the last one */
};

static int setup(void **state)
{
	*state = stand_new(sizeof(struct fixture));
	return 0;
}

static bool meets(struct fetch_sink *sink, const struct feed *feed, const uint8_t address[16])
{
	static const uint8_t loopback[16] = {[10] = 0xff, 0xff, 127, 0, 0, 1};
	struct fixture *f = container_of(sink, struct fixture, s.h.sink);

	assert_non_null(feed);
	assert_memory_equal(address, loopback, 16);
	f->met++;
	return !f->shut;
}

static void turned_away(struct fetch_sink *sink, const struct feed *feed, const uint8_t address[16])
{
	struct fixture *f = container_of(sink, struct fixture, s.h.sink);

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

	f->s.h.sink.meets = meets;
	f->s.h.sink.turned_away = turned_away;
	harness_open(&f->s.h);
	cleanup(feed_unref_p) struct feed *feed =
		harness_feed("http://127.0.0.1:%d/echo", f->s.origin.port);
	f->shut = true;
	fetch_submit(f->s.h.fetcher, feed, &none, LANE_QUICK);
	harness_run(&f->s.h);
	assert_int_equal(f->s.h.done, 0);
	assert_int_equal(f->turned_away, 1);
	assert_int_equal(f->met, 1);
	assert_int_equal(metric_get(METRIC_civicwire_polls_total), polls);
	assert_int_equal(metric_get(METRIC_civicwire_transfers), 0);
	f->shut = false;
	struct reply *r = harness_poll(&f->s.h, feed, NULL);
	expect_in_body(r, "GET /echo HTTP/1.1\n");
	reply_free(r);
	assert_int_equal(f->met, 2);
	f->shut = true; /* the connection is kept */
	r = harness_poll(&f->s.h, feed, NULL);
	assert_int_equal(r->outcome, REPLY_BODY);
	reply_free(r);
	assert_int_equal(f->met, 2);
	feed->url = "http://news.example/echo";
	feed->access.proxy = arena_printf(&feed->arena, "http://127.0.0.1:%d", f->s.origin.port).p;
	r = harness_poll(&f->s.h, feed, NULL);
	assert_int_equal(r->outcome, REPLY_BODY);
	reply_free(r);
	assert_int_equal(f->met, 2);
}

static void began(struct fetch_sink *sink, const struct reply *reply)
{
	assert_true(reply->started_us > 0);
	container_of(sink, struct fixture, s.h.sink)->begun++;
}

static void hopped(struct fetch_sink *sink, const struct feed *feed, struct hop *hop)
{
	struct fixture *f = container_of(sink, struct fixture, s.h.sink);

	assert_string_equal(feed->id, "mx-mex.cgai.noticias");
	free(f->hop.url);
	f->hop = *hop;
	f->hops++;
}

static struct reply *go_on(
	struct fixture *f, const struct feed *feed, const struct feed_state *state)
{
	size_t done = f->s.h.done;

	fetch_go_on(f->s.h.fetcher, feed, state, &f->hop, LANE_QUICK);
	assert_int_equal(f->s.h.done, done); /* never from inside */
	harness_run(&f->s.h);
	struct reply *reply = f->s.h.last;
	f->s.h.last = NULL;
	return reply;
}

/* What leads to another host is no poll's end, and asks there once it is told to, as the poll that it is. */
static void test_hops(void **state)
{
	struct fixture *f = *state;
	const int64_t polls = metric_get(METRIC_civicwire_polls_total);
	cleanup(free_p) char *target = mem_printf("http://localhost:%d/echo", f->s.origin.port);

	f->s.h.sink.began = began;
	f->s.h.sink.meets = meets;
	f->s.h.sink.turned_away = turned_away;
	f->s.h.sink.hopped = hopped;
	harness_open(&f->s.h);
	cleanup(feed_unref_p) struct feed *feed =
		harness_feed("http://127.0.0.1:%d/to-other", f->s.origin.port);
	const struct feed_state known = {.url = (char *)feed->url,
		.etag = (char *)"\"one\"",
		.last_change_us = clock_real_us()};
	fetch_submit(f->s.h.fetcher, feed, &known, LANE_QUICK);
	harness_run(&f->s.h);
	assert_int_equal(f->s.h.done, 0);
	assert_int_equal(f->hops, 1);
	assert_int_equal(metric_get(METRIC_civicwire_polls_total), polls);
	assert_int_equal(metric_get(METRIC_civicwire_transfers), 0);
	assert_string_equal(f->hop.url, target);
	assert_int_equal(f->hop.number, 1);
	assert_false(f->hop.permanent);
	assert_true(f->hop.spent_us > 0);

	/* The gate is asked of that other host. */
	f->shut = true;
	assert_null(go_on(f, feed, &known));
	assert_int_equal(f->turned_away, 1);
	assert_int_equal(metric_get(METRIC_civicwire_polls_total), polls);
	f->shut = false;
	struct reply *r = go_on(f, feed, &known);
	assert_int_equal(f->begun, 3);
	assert_int_equal(metric_get(METRIC_civicwire_polls_total), polls + 1);
	expect_in_body(r, "GET /echo HTTP/1.1\n");
	expect_in_body(r, "if-none-match: \"one\"\n");
	assert_string_equal(r->url, target);
	assert_null(r->permanent_url);
	assert_int_equal(r->started_us, f->hop.started_us);
	reply_free(r);

	/* Redirects are counted on, and so is the time that requests take: not what was waited. */
	f->hop.permanent = true;
	r = go_on(f, feed, &known);
	assert_string_equal(r->permanent_url, target);
	reply_free(r);
	f->hop.number = 5;
	free(f->hop.url);
	f->hop.url = mem_printf("http://localhost:%d/to-self", f->s.origin.port);
	expect_failure(go_on(f, feed, &known), REPLY_REFUSED, "redirects more than 5 times");
	f->hop.number = 1;
	f->hop.started_us -= HOUR_US;
	r = go_on(f, feed, &known);
	assert_int_equal(r->outcome, REPLY_BODY);
	reply_free(r);
	free(f->hop.url);
	f->hop.url = mem_printf("http://localhost:%d/silent", f->s.origin.port);
	f->hop.spent_us = f->s.h.limits.total_ms * MSEC_US;
	expect_failure(go_on(f, feed, &known), REPLY_NETWORK, "timed out");
	free(f->hop.url);
}

/* Within a host nobody is asked, and where nobody schedules all is followed at once; what may not be asked
 * for is refused at once, too. */
static void test_hops_at_once(void **state)
{
	struct fixture *f = *state;

	f->s.h.sink.meets = meets;
	f->s.h.sink.turned_away = turned_away;
	f->s.h.sink.hopped = hopped;
	harness_open(&f->s.h);
	reply_free(harness_get(&f->s.h, &f->s.origin, "/hops/5/within"));
	expect_failure(harness_get(&f->s.h, &f->s.origin, "/loop"), REPLY_REFUSED,
		"redirects more than 5 times");
	expect_failure(harness_get(&f->s.h, &f->s.origin, "/to-ftp"), REPLY_REFUSED,
		"neither http nor https");
	expect_failure(harness_get(&f->s.h, &f->s.origin, "/to-file"), REPLY_REFUSED,
		"neither http nor https");
	expect_failure(harness_get(&f->s.h, &f->s.origin, "/to-user"), REPLY_REFUSED, "user name");
	assert_int_equal(f->hops, 0);
	f->s.h.sink.hopped = NULL;
	struct reply *r = harness_get(&f->s.h, &f->s.origin, "/to-other");
	expect_in_body(r, "GET /echo HTTP/1.1\n");
	reply_free(r);
}

/* What a server gives to be carried about stays where it was. */
static void test_no_cookies(void **state)
{
	struct fixture *f = *state;
	char text[4096];

	harness_open(&f->s.h);
	for (int i = 0; i < 2; i++) {
		reply_free(harness_get(&f->s.h, &f->s.origin, "/login")); /* Set-Cookie */
		struct reply *r = harness_get(&f->s.h, &f->s.origin, "/echo");
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

	f->s.h.limits.ca_file = valid;
	harness_open(&f->s.h);
	origin_start(&origin, valid, key);
	for (size_t i = 0; i < 8; i++) {
		/* The last two are for a host that has no valid certificate. */
		feeds[i] = harness_feed("https://%s:%d/echo?%zu", i < 6 ? "localhost" : "127.0.0.1",
			origin.port, i);
		fetch_submit(f->s.h.fetcher, feeds[i], &none, LANE_QUICK);
	}
	assert_true(fetch_cancel(f->s.h.fetcher, feeds[0])); /* the one that leads */
	assert_true(fetch_cancel(f->s.h.fetcher, feeds[1])); /* leads now, or follows */
	harness_run(&f->s.h);
	assert_int_equal(f->s.h.outcomes[REPLY_BODY], 4);
	assert_int_equal(f->s.h.outcomes[REPLY_NETWORK], 2);
	for (size_t i = 0; i < 8; i++) {
		fetch_submit(f->s.h.fetcher, feeds[i], &none, LANE_QUICK);
		feed_unref(feeds[i]);
	}
	assert_int_equal(fetch_active(f->s.h.fetcher), 8); /* teardown drops them all */
	origin_stop(&origin);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_gate, setup, stand_teardown),
		cmocka_unit_test_setup_teardown(test_hops, setup, stand_teardown),
		cmocka_unit_test_setup_teardown(test_hops_at_once, setup, stand_teardown),
		cmocka_unit_test_setup_teardown(test_no_cookies, setup, stand_teardown),
		cmocka_unit_test_setup_teardown(test_followers, setup, stand_teardown),
	};

	signal(SIGPIPE, SIG_IGN);
	assert_int_equal(hash_global_init(), 0);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
