/* Real transfers against a server that misbehaves. */
#include "harness.h"

#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "base/metrics.h"

static void test_conditional(void **state)
{
	struct stand *f = *state;
	struct feed_state known = {0};

	harness_open(&f->h);
	cleanup(feed_unref_p) struct feed *feed =
		harness_feed("http://127.0.0.1:%d/conditional", f->origin.port);
	struct reply *r = harness_poll(&f->h, feed, NULL);
	assert_int_equal(r->outcome, REPLY_BODY);
	assert_int_equal(r->http_status, 200);
	assert_string_equal(r->etag, "W/\"a  b\"");
	assert_string_equal(r->last_modified, "Tue, 03 Nov 2026 10:00:00 GMT");
	assert_string_equal(r->content_type, "application/rss+xml; charset=utf-8");
	assert_string_equal(r->content_language, "es");
	assert_string_equal(r->content_location, "/feed.es");
	assert_int_equal(r->fresh_us, 600 * SEC_US);
	assert_string_equal(r->url, feed->url);
	assert_null(r->error);
	expect_in_body(r, "<title>Noticias</title>");

	known.etag = strdup(r->etag);
	known.last_modified = strdup(r->last_modified);
	known.body_hash = r->body_hash;
	known.url = strdup(feed->url);
	known.last_change_us = known.last_success_us = clock_real_us();
	reply_free(r);
	int64_t before = metric_get(METRIC_civicwire_polls_not_modified_total);
	r = harness_poll(&f->h, feed, &known);
	assert_int_equal(r->outcome, REPLY_NOT_MODIFIED);
	assert_int_equal(r->http_status, 304);
	reply_free(r);
	assert_int_equal(metric_get(METRIC_civicwire_polls_not_modified_total), before + 1);

	/* The same body, though the server did not say so. */
	free(known.etag);
	known.etag = strdup("\"other\"");
	r = harness_poll(&f->h, feed, &known);
	assert_int_equal(r->outcome, REPLY_SAME_BODY);
	assert_int_equal(r->body.n, 0);
	assert_string_equal(r->etag, "W/\"a  b\"");
	reply_free(r);

	/* What was learnt from another URL is not sent, and is no "same body". */
	free(known.etag);
	known.etag = strdup("W/\"a  b\"");
	free(known.url);
	known.url = strdup("http://127.0.0.1/old");
	r = harness_poll(&f->h, feed, &known);
	assert_int_equal(r->outcome, REPLY_BODY);
	reply_free(r);
	feed_state_deinit(&known);
}

/* Once a week a feed that does not change is asked for the whole. */
static void test_full_get(void **state)
{
	struct stand *f = *state;
	struct feed_state known = {0};

	harness_open(&f->h);
	cleanup(feed_unref_p) struct feed *feed =
		harness_feed("http://127.0.0.1:%d/conditional", f->origin.port);
	known.etag = (char *)"W/\"a  b\"";
	known.last_modified = (char *)"Tue, 03 Nov 2026 10:00:00 GMT";
	known.url = (char *)feed->url;
	known.last_change_us = clock_real_us() - 30 * DAY_US;
	known.last_success_us = clock_real_us() - 8 * DAY_US;
	struct reply *r = harness_poll(&f->h, feed, &known);
	assert_int_equal(r->outcome, REPLY_BODY);
	assert_null(r->state.etag);
	assert_true(r->forgot);
	reply_free(r);
	known.last_change_us = clock_real_us() - 6 * DAY_US;
	r = harness_poll(&f->h, feed, &known);
	assert_int_equal(r->outcome, REPLY_NOT_MODIFIED);
	assert_false(r->forgot);
	reply_free(r);
}

static void test_request(void **state)
{
	struct stand *f = *state;

	harness_open(&f->h);
	struct reply *r = harness_get(&f->h, &f->origin, "/echo");
	assert_int_equal(r->outcome, REPLY_BODY);
	expect_in_body(r, "GET /echo HTTP/1.1\n");
	expect_in_body(r, "user-agent: civicwire/");
	expect_in_body(r, " (+https://wire.example.org/about)\n");
	expect_in_body(r, "accept: application/atom+xml");
	expect_in_body(r, "gzip");
	char text[4096];
	text[body_read(&r->body, 0, text, sizeof text - 1)] = '\0';
	assert_null(strstr(text, "cookie"));
	assert_null(strstr(text, "referer"));
	assert_null(strstr(text, "if-none-match"));
	reply_free(r);
}

static void test_bodies(void **state)
{
	struct stand *f = *state;
	static const char *const paths[] = {"/gzip", "/drop-once"};

	harness_open(&f->h);
	/* A connection to be reused, which the server drops when it is: asked again unseen. */
	reply_free(harness_get(&f->h, &f->origin, "/echo"));
	for (size_t i = 0; i < 2; i++) {
		struct reply *r = harness_get(&f->h, &f->origin, paths[i]);
		assert_int_equal(r->outcome, REPLY_BODY);
		expect_in_body(r, "<title>Noticias</title>");
		reply_free(r);
	}
	struct reply *r = harness_get(&f->h, &f->origin, "/large");
	assert_int_equal(r->body.n, 300000);
	assert_true(r->body.fd >= 0);
	reply_free(r);
	r = harness_get(&f->h, &f->origin, "/empty");
	assert_int_equal(r->outcome, REPLY_BODY);
	assert_int_equal(r->body.n, 0);
	reply_free(r);
}

static void test_truncated(void **state)
{
	struct stand *f = *state;

	harness_open(&f->h);
	expect_failure(harness_get(&f->h, &f->origin, "/cut"), REPLY_NETWORK, "cut the body off");
	expect_failure(
		harness_get(&f->h, &f->origin, "/chunk-cut"), REPLY_NETWORK, "cut the body off");
	expect_failure(harness_get(&f->h, &f->origin, "/damaged"), REPLY_NETWORK, "unpacked");
	expect_failure(
		harness_get(&f->h, &f->origin, "/nothing"), REPLY_NETWORK, "without an answer");
	expect_failure(harness_get(&f->h, &f->origin, "/noise"), REPLY_NETWORK, "HTTP");
}

static void test_limits(void **state)
{
	struct stand *f = *state;

	f->h.limits.wire = 1 << 20;
	harness_open(&f->h);
	expect_failure(harness_get(&f->h, &f->origin, "/bomb"), REPLY_TOO_LARGE, "200 times");
	expect_failure(harness_get(&f->h, &f->origin, "/endless"), REPLY_TOO_LARGE, "1 MiB");
	/* What comes with a redirect or an error is not waited for. */
	struct reply *r = harness_get(&f->h, &f->origin, "/endless-redirect");
	assert_int_equal(r->outcome, REPLY_BODY);
	expect_in_body(r, "GET /echo");
	reply_free(r);
	expect_failure(harness_get(&f->h, &f->origin, "/endless-404"), REPLY_HTTP_ERROR, "404");
	expect_failure(harness_get(&f->h, &f->origin, "/bomb-404"), REPLY_HTTP_ERROR, "404");
	expect_failure(harness_get(&f->h, &f->origin, "/announced"), REPLY_TOO_LARGE, "1 MiB");
	expect_failure(harness_get(&f->h, &f->origin, "/headers"), REPLY_TOO_LARGE, "64 KiB");
	cleanup(feed_unref_p) struct feed *feed =
		harness_feed("http://127.0.0.1:%d/large", f->origin.port);
	feed->max_body = 100000;
	expect_failure(harness_poll(&f->h, feed, NULL), REPLY_TOO_LARGE, "97 KiB");
	/* A feed that may be larger than the common limit is. */
	feed->max_body = 2 << 20;
	reply_free(harness_poll(&f->h, feed, NULL));
}

/* No descriptor, no disk: our own trouble, said so. */
static void test_our_trouble(void **state)
{
	struct stand *f = *state;
	struct rlimit before, none;

	harness_open(&f->h);
	setenv("TMPDIR", "/nonexistent", 1);
	expect_failure(
		harness_get(&f->h, &f->origin, "/large"), REPLY_LOCAL, "could not be stored");
	unsetenv("TMPDIR");
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
	none = before;
	none.rlim_cur = 3;
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
	struct reply *r = harness_get(&f->h, &f->origin, "/echo");
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
	expect_failure(r, REPLY_LOCAL, "no socket for 127.0.0.1: Too many open files");
	r = harness_get(&f->h, &f->origin, "/echo");
	assert_int_equal(r->outcome, REPLY_BODY);
	reply_free(r);
}

static void test_decoded_limit(void **state)
{
	struct stand *f = *state;

	f->h.limits.decoded = 8 << 20;
	f->h.limits.ratio = 100000;
	harness_open(&f->h);
	expect_failure(harness_get(&f->h, &f->origin, "/bomb"), REPLY_TOO_LARGE, "8 MiB");
}

static void test_slow(void **state)
{
	struct stand *f = *state;

	f->h.limits.total_ms = 1000;
	harness_open(&f->h);
	expect_failure(harness_get(&f->h, &f->origin, "/silent"), REPLY_NETWORK,
		"timed out after 1 s with 0 bytes");
	expect_failure(
		harness_get(&f->h, &f->origin, "/drip"), REPLY_NETWORK, "timed out after 1 s");
}

static void test_low_speed(void **state)
{
	struct stand *f = *state;

	f->h.limits.low_speed_s = 2;
	harness_open(&f->h);
	expect_failure(harness_get(&f->h, &f->origin, "/drip"), REPLY_NETWORK,
		"less than 100 bytes/s for 2 s");
}

static void test_status(void **state)
{
	struct stand *f = *state;

	harness_open(&f->h);
	struct reply *r = harness_get(&f->h, &f->origin, "/429");
	assert_int_equal(r->http_status, 429);
	assert_int_equal(r->retry_after_us, 120 * SEC_US);
	expect_failure(r, REPLY_BUSY, "127.0.0.1 answered 429 Too Many Requests");
	r = harness_get(&f->h, &f->origin, "/503");
	assert_in_range(r->retry_after_us, 297 * SEC_US, 301 * SEC_US);
	expect_failure(r, REPLY_BUSY, "503 Service Unavailable, to be asked again after");
	r = harness_get(&f->h, &f->origin, "/404");
	assert_int_equal(r->retry_after_us, -1);
	expect_failure(r, REPLY_HTTP_ERROR, "127.0.0.1 answered 404 Not Found");
	expect_failure(harness_get(&f->h, &f->origin, "/410"), REPLY_GONE, "410 Gone");
	expect_failure(harness_get(&f->h, &f->origin, "/204"), REPLY_HTTP_ERROR, "204");
	expect_failure(harness_get(&f->h, &f->origin, "/304"), REPLY_HTTP_ERROR,
		"though we had asked for the whole");
}

/* What a watcher is told, kept as one line per request. */
struct watcher {
	struct fetch_trace trace;
	char lines[2048];
};

static void on_hop(struct fetch_trace *trace, const struct fetch_hop *hop)
{
	struct watcher *w = container_of(trace, struct watcher, trace);
	const char *path = strrchr(hop->url, '/');
	size_t n = strlen(w->lines);

	snprintf(w->lines + n, sizeof w->lines - n, "%s %d %s %s %s %s\n", path, hop->status,
		hop->reason ? hop->reason : "-", hop->address ? hop->address : "-",
		hop->refused ? hop->refused : "-", hop->subject ? hop->subject : "-");
}

static void test_trace(void **state)
{
	struct stand *f = *state;
	struct watcher watcher = {.trace.hop = on_hop};

	harness_open(&f->h);
	fetcher_trace(f->h.fetcher, &watcher.trace);
	reply_free(harness_get(&f->h, &f->origin, "/moved"));
	reply_free(harness_get(&f->h, &f->origin, "/to-private"));
	reply_free(harness_get(&f->h, &f->origin, "/404"));
	assert_non_null(strstr(watcher.lines, "/moved 301 Moved Permanently 127.0.0.1 - -\n"));
	assert_non_null(strstr(watcher.lines, "/conditional 200 OK 127.0.0.1 - -\n"));
	assert_non_null(strstr(watcher.lines, " 0 - - a private address -\n"));
	assert_non_null(strstr(watcher.lines, "/404 404 Not Found 127.0.0.1 - -\n"));
}

static void test_redirects(void **state)
{
	struct stand *f = *state;
	char want[128];

	harness_open(&f->h);
	snprintf(want, sizeof want, "http://127.0.0.1:%d/conditional", f->origin.port);
	struct reply *r = harness_get(&f->h, &f->origin, "/moved");
	assert_int_equal(r->outcome, REPLY_BODY);
	assert_string_equal(r->url, want);
	assert_string_equal(r->permanent_url, want);
	expect_in_body(r, "Noticias");
	reply_free(r);
	static const char *const broken[] = {"/moved-for-now", "/for-now-moved"};
	for (size_t i = 0; i < 2; i++) {
		r = harness_get(&f->h, &f->origin, broken[i]);
		assert_string_equal(r->url, want);
		assert_null(r->permanent_url);
		reply_free(r);
	}
	expect_failure(harness_get(&f->h, &f->origin, "/loop"), REPLY_REFUSED,
		"redirects more than 5 times");
	expect_failure(harness_get(&f->h, &f->origin, "/to-private"), REPLY_REFUSED,
		"10.11.12.13 is a private address");
	expect_failure(
		harness_get(&f->h, &f->origin, "/to-ftp"), REPLY_REFUSED, "neither http nor https");
	expect_failure(harness_get(&f->h, &f->origin, "/to-file"), REPLY_REFUSED,
		"neither http nor https");
}

static void test_guard(void **state)
{
	struct stand *f = *state;

	harness_open(&f->h);
	/* A connection is open to where the next feed may not go. */
	reply_free(harness_get(&f->h, &f->origin, "/echo"));
	cleanup(feed_unref_p) struct feed *feed =
		harness_feed("http://127.0.0.1:%d/echo", f->origin.port);
	feed->access.n_allow_net = 0;
	expect_failure(
		harness_poll(&f->h, feed, NULL), REPLY_REFUSED, "127.0.0.1 is a loopback address");
	feed->url = arena_printf(&feed->arena, "http://localhost:%d/echo", f->origin.port).p;
	expect_failure(harness_poll(&f->h, feed, NULL), REPLY_REFUSED, "localhost is at ");
	feed->url = arena_printf(&feed->arena, "http://2130706433:%d/echo", f->origin.port).p;
	expect_failure(harness_poll(&f->h, feed, NULL), REPLY_REFUSED, "loopback");
	/* Behind a proxy no socket of ours shows the address: the name is judged. */
	feed->access.proxy = arena_printf(&feed->arena, "http://127.0.0.1:%d", f->origin.port).p;
	expect_failure(harness_poll(&f->h, feed, NULL), REPLY_REFUSED, "loopback");
	feed->url = "http://news.example/echo";
	struct reply *r = harness_poll(&f->h, feed, NULL);
	assert_int_equal(r->outcome, REPLY_BODY);
	expect_in_body(r, "GET http://news.example/echo HTTP/1.1\n");
	reply_free(r);
	feed->url = "http://news.example/to-private";
	expect_failure(harness_poll(&f->h, feed, NULL), REPLY_REFUSED, "10.11.12.13 is a private");
	feed->access.proxy = NULL;
	feed->access.n_allow_net = 1;
	feed->access.allow_net[0] = "127.0.0.300/8";
	expect_failure(harness_poll(&f->h, feed, NULL), REPLY_LOCAL, "127.0.0.300/8");
}

static void test_unreachable(void **state)
{
	struct stand *f = *state;

	harness_open(&f->h);
	cleanup(feed_unref_p) struct feed *feed = harness_feed("http://127.0.0.1:1/");
	expect_failure(harness_poll(&f->h, feed, NULL), REPLY_NETWORK,
		"127.0.0.1: connection refused by 127.0.0.1 port 1");
	feed->url = "http://no-such-name.invalid/feed";
	expect_failure(harness_poll(&f->h, feed, NULL), REPLY_NETWORK,
		"the name no-such-name.invalid is not known to DNS");
	feed->url = "gopher://127.0.0.1/";
	expect_failure(harness_poll(&f->h, feed, NULL), REPLY_REFUSED, "neither http nor https");
	feed->url = "http://user:word@127.0.0.1/";
	expect_failure(harness_poll(&f->h, feed, NULL), REPLY_REFUSED, "user name");
}

static void write_file(const char *path, const char *text)
{
	FILE *file = fopen(path, "w");

	assert_non_null(file);
	fputs(text, file);
	fclose(file);
}

static void test_secrets(void **state)
{
	struct stand *f = *state;
	char path[] = "/tmp/fetch-test-XXXXXX";

	harness_open(&f->h);
	close(mkstemp(path));
	write_file(path, "s3cret\n");
	cleanup(feed_unref_p) struct feed *feed =
		harness_feed("http://127.0.0.1:%d/to-self", f->origin.port);
	feed->access.auth = FEED_AUTH_BEARER;
	feed->access.secret_file = path;
	struct reply *r = harness_poll(&f->h, feed, NULL);
	expect_in_body(r, "authorization: Bearer s3cret\n");
	reply_free(r);
	feed->access.auth = FEED_AUTH_BASIC;
	feed->access.user = "feeds";
	r = harness_poll(&f->h, feed, NULL);
	expect_in_body(r, "authorization: Basic ZmVlZHM6czNjcmV0\n");
	reply_free(r);
	/* Another host is not told, and neither is the next feed's. */
	feed->url = arena_printf(&feed->arena, "http://127.0.0.1:%d/to-other", f->origin.port).p;
	for (int i = 0; i < 2; i++) {
		char text[4096];
		feed->access.auth = i ? FEED_AUTH_NONE : FEED_AUTH_BEARER;
		r = harness_poll(&f->h, feed, NULL);
		assert_int_equal(r->outcome, REPLY_BODY);
		text[body_read(&r->body, 0, text, sizeof text - 1)] = '\0';
		assert_null(strstr(text, "authorization"));
		reply_free(r);
	}
	feed->access.auth = FEED_AUTH_BEARER;
	write_file(path, "two\nlines");
	r = harness_poll(&f->h, feed, NULL);
	assert_null(strstr(r->error, "two"));
	expect_failure(r, REPLY_LOCAL, path);
	unlink(path);
	expect_failure(harness_poll(&f->h, feed, NULL), REPLY_LOCAL, "No such file");
	feed->access.auth = FEED_AUTH_CERTIFICATE;
	feed->access.certificate_file = path;
	expect_failure(harness_poll(&f->h, feed, NULL), REPLY_LOCAL, path);
}

static void test_files(void **state)
{
	struct stand *f = *state;
	char path[] = "/tmp/fetch test-XXXXXX";
	struct feed_state known = {0};

	close(mkstemp(path));
	write_file(path, "<rss/>");
	cleanup(feed_unref_p) struct feed *feed =
		harness_feed("file:///tmp/fetch%%20test-%s", path + sizeof "/tmp/fetch test-" - 1);
	harness_open(&f->h);
	expect_failure(harness_poll(&f->h, feed, NULL), REPLY_REFUSED, "allow_file");
	f->h.settings.allow_file = true;
	struct reply *r = harness_poll(&f->h, feed, NULL);
	assert_int_equal(r->outcome, REPLY_BODY);
	expect_in_body(r, "<rss/>");
	known.url = (char *)feed->url;
	known.last_modified = strdup(r->last_modified);
	known.body_hash = r->body_hash;
	reply_free(r);
	r = harness_poll(&f->h, feed, &known);
	assert_int_equal(r->outcome, REPLY_NOT_MODIFIED);
	reply_free(r);
	const struct timespec old[2] = {{.tv_sec = 1000}, {.tv_sec = 1000}};
	assert_int_equal(utimensat(AT_FDCWD, path, old, 0), 0);
	r = harness_poll(&f->h, feed, &known);
	assert_int_equal(r->outcome, REPLY_SAME_BODY);
	reply_free(r);
	feed->max_body = 3;
	known.url = NULL;
	expect_failure(harness_poll(&f->h, feed, &known), REPLY_TOO_LARGE, "too large");
	unlink(path);
	expect_failure(harness_poll(&f->h, feed, NULL), REPLY_NETWORK, "No such file");
	feed->url = "file:///tmp";
	expect_failure(harness_poll(&f->h, feed, NULL), REPLY_REFUSED, "no regular file");
	feed->url = "file:///dev/zero";
	expect_failure(harness_poll(&f->h, feed, NULL), REPLY_REFUSED, "no regular file");
	feed->url = "file://elsewhere/tmp/x";
	expect_failure(harness_poll(&f->h, feed, NULL), REPLY_REFUSED, "no path");
	free(known.last_modified);
}

/* Two thousand polls, a few at a time, over the connections that are there. */
static void test_keep_alive(void **state)
{
	enum { POLLS = 2000, PARALLEL = 10 };
	struct stand *f = *state;
	static const struct feed_state none;

	harness_open(&f->h);
	cleanup(feed_unref_p) struct feed *feed =
		harness_feed("http://127.0.0.1:%d/conditional", f->origin.port);
	for (int i = 0; i < POLLS; i += PARALLEL) {
		for (int k = 0; k < PARALLEL; k++)
			fetch_submit(f->h.fetcher, feed, &none, LANE_QUICK);
		assert_int_equal(metric_get(METRIC_civicwire_transfers), PARALLEL);
		harness_run(&f->h);
	}
	assert_int_equal(f->h.outcomes[REPLY_BODY], POLLS);
	assert_int_equal(metric_get(METRIC_civicwire_transfers), 0);
	struct reply *r = harness_get(&f->h, &f->origin, "/connections");
	char text[16];
	text[body_read(&r->body, 0, text, sizeof text - 1)] = '\0';
	assert_in_range(strtol(text, NULL, 10), 1, PARALLEL);
	reply_free(r);
}

/* One key, many certificates: tests/origin/tls/make.py says which. */
static char *tls_file(const char *name)
{
	return mem_printf("%s/%s", getenv("FETCH_TLS"), name);
}

static void test_tls(void **state)
{
	struct stand *f = *state;
	cleanup(free_p) char *valid = tls_file("self-signed.pem"), *key = tls_file("key.pem");
	struct watcher watcher = {.trace.hop = on_hop};
	struct origin origin;

	f->h.limits.ca_file = valid;
	harness_open(&f->h);
	fetcher_trace(f->h.fetcher, &watcher.trace);
	origin_start(&origin, valid, key);
	cleanup(feed_unref_p) struct feed *feed =
		harness_feed("https://localhost:%d/conditional", origin.port);
	for (int i = 0; i < 3; i++) {
		struct reply *r = harness_poll(&f->h, feed, NULL);
		assert_int_equal(r->outcome, REPLY_BODY);
		reply_free(r);
	}
	assert_non_null(strstr(watcher.lines, "/conditional 200 OK "));
	assert_non_null(strstr(watcher.lines, "localhost\n"));
	expect_failure(harness_get(&f->h, &origin, "/echo"), REPLY_NETWORK,
		"without an answer"); /* http to a TLS port */
	feed->url = arena_printf(&feed->arena, "https://127.0.0.1:%d/", origin.port).p;
	expect_failure(harness_poll(&f->h, feed, NULL), REPLY_NETWORK,
		"the TLS certificate of 127.0.0.1 is for another name");
	/* A client certificate is sent where it belongs, and a broken one is our own trouble. */
	feed->url = arena_printf(&feed->arena, "https://localhost:%d/echo", origin.port).p;
	feed->access.auth = FEED_AUTH_CERTIFICATE;
	feed->access.certificate_file = valid;
	feed->access.key_file = valid;
	expect_failure(
		harness_poll(&f->h, feed, NULL), REPLY_LOCAL, "self-signed.pem cannot be used");
	feed->access.key_file = key;
	struct reply *r = harness_poll(&f->h, feed, NULL);
	assert_int_equal(r->outcome, REPLY_BODY);
	reply_free(r);
	origin_stop(&origin);
}

static void test_bad_certificates(void **state)
{
	struct stand *f = *state;
	cleanup(free_p) char *expired = tls_file("expired.pem"),
			     *valid = tls_file("self-signed.pem");
	cleanup(free_p) char *key = tls_file("key.pem"), *authority = tls_file("authority.pem");
	struct origin origin, other;

	f->h.limits.ca_file = authority;
	harness_open(&f->h);
	origin_start(&origin, expired, key);
	origin_start(&other, valid, key);
	cleanup(feed_unref_p) struct feed *feed =
		harness_feed("https://localhost:%d/echo", origin.port);
	expect_failure(harness_poll(&f->h, feed, NULL), REPLY_NETWORK,
		"the TLS certificate of localhost has expired");
	feed->url = arena_printf(&feed->arena, "https://localhost:%d/", other.port).p;
	expect_failure(harness_poll(&f->h, feed, NULL), REPLY_NETWORK,
		"the TLS certificate of localhost is signed by itself");
	origin_stop(&origin);
	origin_stop(&other);
}

/* More at once than the resolver may have, among them many that fail. */
static void test_many(void **state)
{
	struct stand *f = *state;
	static const struct feed_state none;
	static const char *const paths[] = {"/echo", "/404", "/cut", "/moved", "/loop"};
	enum { POLLS = 300 };

	f->h.limits.resolving = 4;
	f->h.settings.parallel = 4;
	harness_open(&f->h);
	for (int i = 0; i < POLLS; i++) {
		cleanup(feed_unref_p) struct feed *feed =
			harness_feed("http://localhost:%d%s", f->origin.port, paths[i % 5]);
		fetch_submit(f->h.fetcher, feed, &none, LANE_QUICK);
	}
	assert_int_equal(fetch_active(f->h.fetcher), POLLS);
	harness_run(&f->h);
	assert_int_equal(f->h.outcomes[REPLY_BODY], 2 * POLLS / 5);
	assert_int_equal(f->h.outcomes[REPLY_HTTP_ERROR], POLLS / 5);
	assert_int_equal(f->h.outcomes[REPLY_NETWORK], POLLS / 5);
	assert_int_equal(f->h.outcomes[REPLY_REFUSED], POLLS / 5);
}

/* The end in the middle of everything: nothing is delivered, nothing is left. */
static void test_freed_busy(void **state)
{
	struct stand *f = *state;
	static const struct feed_state none;
	static const char *const paths[] = {"/silent", "/drip", "/endless", "/echo"};

	f->h.limits.resolving = 8;
	f->h.settings.parallel = 8;
	harness_open(&f->h);
	for (int i = 0; i < 40; i++) {
		cleanup(feed_unref_p) struct feed *feed =
			harness_feed("http://127.0.0.1:%d%s", f->origin.port, paths[i % 4]);
		fetch_submit(f->h.fetcher, feed, &none, LANE_QUICK);
		if (i % 10 == 0)
			for (int k = 0; k < 20; k++)
				uv_run(&f->h.loop, UV_RUN_NOWAIT);
	}
	assert_true(fetch_active(f->h.fetcher) > 20);
}

/* Those that nobody wants any more end without a word; the others do not notice. */
static void test_cancel(void **state)
{
	struct stand *f = *state;
	static const struct feed_state none;
	static const char *const paths[] = {"/silent", "/drip", "/echo"};
	struct feed *feeds[24];

	f->h.limits.resolving = 4;
	f->h.settings.parallel = 4;
	harness_open(&f->h);
	for (size_t i = 0; i < 24; i++) {
		feeds[i] = harness_feed("http://127.0.0.1:%d%s", f->origin.port, paths[i % 3]);
		fetch_submit(f->h.fetcher, feeds[i], &none, LANE_QUICK);
		/* Some wait, some have begun. */
		for (int k = 0; i % 6 == 0 && k < 20; k++)
			uv_run(&f->h.loop, UV_RUN_NOWAIT);
	}
	for (size_t i = 0; i < 24; i++)
		if (i % 3 != 2) {
			assert_true(fetch_cancel(f->h.fetcher, feeds[i]));
			assert_false(fetch_cancel(f->h.fetcher, feeds[i]));
		}
	harness_run(&f->h);
	assert_int_equal(f->h.done, 8);
	assert_int_equal(f->h.outcomes[REPLY_BODY], 8);
	for (size_t i = 0; i < 24; i++) {
		assert_false(fetch_cancel(f->h.fetcher, feeds[i]));
		feed_unref(feeds[i]);
	}
}

/* Handles that have been used before tell the new contact, too. */
static void test_other_settings(void **state)
{
	struct stand *f = *state;
	const struct fetch_settings other = {.contact = "https://other.example/"};

	f->h.settings.contact = "https://one.example/";
	harness_open(&f->h);
	struct reply *reply = harness_get(&f->h, &f->origin, "/echo");
	expect_in_body(reply, "(+https://one.example/)");
	reply_free(reply);
	fetcher_set(f->h.fetcher, &other);
	reply = harness_get(&f->h, &f->origin, "/echo");
	expect_in_body(reply, "(+https://other.example/)");
	reply_free(reply);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_conditional, stand_setup, stand_teardown),
		cmocka_unit_test_setup_teardown(test_full_get, stand_setup, stand_teardown),
		cmocka_unit_test_setup_teardown(test_request, stand_setup, stand_teardown),
		cmocka_unit_test_setup_teardown(test_bodies, stand_setup, stand_teardown),
		cmocka_unit_test_setup_teardown(test_truncated, stand_setup, stand_teardown),
		cmocka_unit_test_setup_teardown(test_limits, stand_setup, stand_teardown),
		cmocka_unit_test_setup_teardown(test_our_trouble, stand_setup, stand_teardown),
		cmocka_unit_test_setup_teardown(test_decoded_limit, stand_setup, stand_teardown),
		cmocka_unit_test_setup_teardown(test_slow, stand_setup, stand_teardown),
		cmocka_unit_test_setup_teardown(test_low_speed, stand_setup, stand_teardown),
		cmocka_unit_test_setup_teardown(test_status, stand_setup, stand_teardown),
		cmocka_unit_test_setup_teardown(test_redirects, stand_setup, stand_teardown),
		cmocka_unit_test_setup_teardown(test_guard, stand_setup, stand_teardown),
		cmocka_unit_test_setup_teardown(test_unreachable, stand_setup, stand_teardown),
		cmocka_unit_test_setup_teardown(test_secrets, stand_setup, stand_teardown),
		cmocka_unit_test_setup_teardown(test_files, stand_setup, stand_teardown),
		cmocka_unit_test_setup_teardown(test_keep_alive, stand_setup, stand_teardown),
		cmocka_unit_test_setup_teardown(test_trace, stand_setup, stand_teardown),
		cmocka_unit_test_setup_teardown(test_tls, stand_setup, stand_teardown),
		cmocka_unit_test_setup_teardown(test_bad_certificates, stand_setup, stand_teardown),
		cmocka_unit_test_setup_teardown(test_many, stand_setup, stand_teardown),
		cmocka_unit_test_setup_teardown(test_freed_busy, stand_setup, stand_teardown),
		cmocka_unit_test_setup_teardown(test_cancel, stand_setup, stand_teardown),
		cmocka_unit_test_setup_teardown(test_other_settings, stand_setup, stand_teardown),
	};

	signal(SIGPIPE, SIG_IGN);
	assert_int_equal(hash_global_init(), 0);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
