/* What the control socket says, read back: pure functions of a snapshot. */
#include "control/render.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>
#include <cmocka.h>
#include <jansson.h>

#include "base/address.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "base/metrics.h"

/* 2017-05-12T09:00:00Z */
#define TIME_US (INT64_C(1494579600) * SEC_US)

static struct control_snapshot *snapshot_new(size_t n_feeds)
{
	struct control_snapshot *s = mem_zalloc(1, sizeof *s);

	s->version = "1.2.3";
	s->taken_us = TIME_US + 60 * SEC_US;
	s->started_us = TIME_US;
	s->head = 4213;
	memcpy(s->epoch, "k3v9", 5);
	s->feeds = mem_zalloc(n_feeds ? n_feeds : 1, sizeof *s->feeds);
	s->n_feeds = n_feeds;
	for (size_t i = 0; i < n_feeds; i++) {
		s->feeds[i].feed = feed_new();
		s->feeds[i].feed->id = "co-mde.aci.noticias";
		s->feeds[i].feed->url = "https://aci.example/feed?a=\"b\"";
		s->feeds[i].feed->interval_us = 15 * MIN_US;
		s->feeds[i].feed->enabled = true;
	}
	return s;
}

static json_t *rendered(struct control_snapshot *s,
	void (*render)(struct buf *out, const struct control_snapshot *snapshot))
{
	cleanup(buf_deinit) struct buf out = BUF_INIT;

	render(&out, s);
	control_snapshot_free(s);
	assert_int_equal(out.p[out.n - 1], '\n');
	json_t *root = json_loadb(out.p, out.n, JSON_REJECT_DUPLICATES, NULL);
	assert_non_null(root);
	return root;
}

static void has_text(const json_t *o, const char *name, const char *expected)
{
	const char *text = json_string_value(json_object_get(o, name));

	assert_non_null(text);
	assert_string_equal(text, expected);
}

static void has_number(const json_t *o, const char *name, int64_t expected)
{
	const json_t *value = json_object_get(o, name);

	if (!json_is_integer(value))
		print_error("%s is no number\n", name);
	assert_true(json_is_integer(value));
	assert_int_equal(json_integer_value(value), expected);
}

static void has_bool(const json_t *o, const char *name, bool expected)
{
	const json_t *value = json_object_get(o, name);

	assert_true(json_is_boolean(value));
	assert_int_equal(json_is_true(value), expected);
}

static void test_status(void **state)
{
	struct control_snapshot *s = snapshot_new(3);

	(void)state;
	s->bus_pid = 4711;
	s->bus.head = 4212;
	s->bus.live_sent = 1;
	s->bus.live_subscriptions = 2;
	s->bus.replay_requests = 3;
	s->bus.replay_events = 4;
	s->bus.replay_errors = 5;
	s->bus.replay_waiting = 6;
	s->transfers = 7;
	s->lanes[LANE_QUICK] = (struct control_lane){5, {400, 12001, 250000}};
	s->lanes[LANE_SLOW].busy = 2;
	s->n_all = 3;
	s->counts[FEED_NEW] = 1;
	s->counts[FEED_FAILING] = 2;
	metric_set(METRIC_civicwire_bus_starts_total, 2);
	metric_set(METRIC_civicwire_polls_total, 99);
	json_t *root = rendered(s, render_status);
	has_text(root, "version", "1.2.3");
	has_text(root, "now", "2017-05-12T09:01:00.000Z");
	has_text(root, "started", "2017-05-12T09:00:00.000Z");
	const json_t *journal = json_object_get(root, "journal");
	has_text(journal, "epoch", "k3v9");
	has_number(journal, "head", 4213);
	has_bool(journal, "writable", true);
	assert_null(json_object_get(journal, "trouble"));
	const json_t *bus = json_object_get(root, "bus");
	has_bool(bus, "running", true);
	has_number(bus, "pid", 4711);
	has_number(bus, "starts", 2);
	has_number(bus, "head", 4212);
	has_number(bus, "live_sent", 1);
	has_number(bus, "live_subscriptions", 2);
	has_number(bus, "replay_requests", 3);
	has_number(bus, "replay_events", 4);
	has_number(bus, "replay_errors", 5);
	has_number(bus, "replay_waiting", 6);
	const json_t *feeds = json_object_get(root, "feeds");
	has_number(feeds, "total", 3);
	has_number(feeds, "new", 1);
	has_number(feeds, "fine", 0);
	has_number(feeds, "failing", 2);
	has_number(feeds, "gone", 0);
	has_number(root, "transfers", 7);
	const json_t *lanes = json_object_get(root, "lanes");
	const json_t *quick = json_object_get(lanes, "quick");
	has_number(quick, "busy", 5);
	has_number(quick, "polls", 400);
	has_number(quick, "late_p99_ms", 13);
	has_number(quick, "late_worst_ms", 250);
	has_number(json_object_get(lanes, "slow"), "busy", 2);
	const json_t *counters = json_object_get(root, "counters");
	assert_int_equal(json_object_size(counters), METRIC_COUNT);
	has_number(counters, "civicwire_polls_total", 99);
	json_decref(root);
}

static void test_status_in_trouble(void **state)
{
	struct control_snapshot *s = snapshot_new(0);

	(void)state;
	s->trouble = mem_strdup("the disk is \"full\"");
	json_t *root = rendered(s, render_status);
	const json_t *journal = json_object_get(root, "journal");
	has_bool(journal, "writable", false);
	has_text(journal, "trouble", "the disk is \"full\"");
	const json_t *bus = json_object_get(root, "bus");
	has_bool(bus, "running", false);
	assert_null(json_object_get(bus, "pid"));
	has_number(json_object_get(root, "feeds"), "total", 0);
	json_decref(root);
}

static void test_feeds(void **state)
{
	struct control_snapshot *s = snapshot_new(2);
	struct feed_state *failing = &s->feeds[1].state;

	(void)state;
	const char *networks[] = {"al-las"};
	s->feeds[1].busy = true;
	s->feeds[1].feed->kind = FEED_ALERT;
	s->feeds[1].feed->city = "co-mde";
	s->feeds[1].feed->networks = networks;
	s->feeds[1].feed->n_networks = 1;
	failing->health = FEED_FAILING;
	failing->last_poll_us = TIME_US;
	failing->last_success_us = TIME_US - SEC_US;
	failing->last_change_us = TIME_US - 2 * SEC_US;
	failing->next_due_us = TIME_US + SEC_US;
	failing->failing_since_us = TIME_US - 3 * SEC_US;
	failing->failures = 4;
	failing->http_status = 503;
	failing->items = 20;
	failing->error = mem_strdup("HTTP 503");
	json_t *root = rendered(s, render_feeds);
	assert_int_equal(json_array_size(root), 2);
	const json_t *f = json_array_get(root, 1);
	has_text(f, "id", "co-mde.aci.noticias");
	has_text(f, "url", "https://aci.example/feed?a=\"b\"");
	has_text(f, "host", "aci.example");
	has_text(f, "city", "co-mde");
	assert_string_equal(
		json_string_value(json_array_get(json_object_get(f, "networks"), 0)), "al-las");
	has_text(f, "kind", "alert");
	has_text(f, "health", "failing");
	has_bool(f, "polling", true);
	has_text(f, "last_poll", "2017-05-12T09:00:00.000Z");
	has_text(f, "last_success", "2017-05-12T08:59:59.000Z");
	has_text(f, "last_change", "2017-05-12T08:59:58.000Z");
	has_text(f, "next_due", "2017-05-12T09:00:01.000Z");
	has_text(f, "failing_since", "2017-05-12T08:59:57.000Z");
	has_number(f, "failures", 4);
	has_number(f, "http_status", 503);
	has_number(f, "items", 20);
	has_number(f, "interval_s", 900);
	has_text(f, "error", "HTTP 503");
	assert_int_equal(json_object_size(f), 19);
	/* What has not happened is not there. */
	f = json_array_get(root, 0);
	has_text(f, "health", "new");
	has_bool(f, "polling", false);
	assert_null(json_object_get(f, "last_poll"));
	assert_null(json_object_get(f, "failing_since"));
	assert_null(json_object_get(f, "error"));
	json_decref(root);
}

/* When a refreshed feed is polled. */
static void test_refresh(void **state)
{
	const struct control_refresh when = {TIME_US, 3};
	cleanup(buf_deinit) struct buf out = BUF_INIT;

	(void)state;
	render_refresh(&out, &when);
	json_t *root = json_loadb(out.p, out.n, JSON_REJECT_DUPLICATES, NULL);
	has_text(root, "next", "2017-05-12T09:00:00.000Z");
	has_number(root, "ahead", 3);
	json_decref(root);
}

static void test_no_feeds(void **state)
{
	json_t *root = rendered(snapshot_new(0), render_feeds);

	(void)state;
	assert_true(json_is_array(root));
	assert_int_equal(json_array_size(root), 0);
	json_decref(root);
	assert_null(control_snapshot_free(NULL));
}

#define LATENESS(part, label, value) \
	"civicwire_poll_lateness_seconds" part "{lane=\"quick\"" label "} " value "\n"

/* The format of Prometheus: HELP, TYPE and the samples, in this order, each on its line; every name
 * once, and as many lines as there are metrics, however many feeds. */
static void test_metrics(void **state)
{
	cleanup(buf_deinit) struct buf out = BUF_INIT, seen = BUF_INIT;
	struct control_snapshot *s = snapshot_new(0);
	struct str rest, line, name = STR_NONE;
	size_t samples = 0, parts = 0;

	(void)state;
	metric_set(METRIC_civicwire_transfers, 7);
	histogram_observe(HISTOGRAM_POLL_LATENESS_QUICK, 1000);
	histogram_observe(HISTOGRAM_POLL_LATENESS_QUICK, 1001);
	histogram_observe(HISTOGRAM_POLL_LATENESS_QUICK, 90 * SEC_US);
	s->n_all = 100000;
	s->counts[FEED_FINE] = 99990;
	s->counts[FEED_FAILING] = 7;
	s->n_paused = 3;
	s->trouble = mem_strdup("disk full");
	render_metrics(&out, s);
	control_snapshot_free(s);
	rest = buf_view(&out);
	assert_true(
		str_find(rest, STR("# HELP civicwire_transfers Transfers in progress\n"
				   "# TYPE civicwire_transfers gauge\ncivicwire_transfers 7\n")) <
		rest.n);
	assert_true(str_find(rest, STR("\ncivicwire_feeds{state=\"failing\"} 7\n")) < rest.n);
	assert_true(str_find(rest, STR("\ncivicwire_feeds{state=\"paused\"} 3\n")) < rest.n);
	assert_true(str_find(rest, STR("\ncivicwire_journal_writable 0\n")) < rest.n);
	assert_true(str_find(rest, STR("\ncivicwire_build_info{version=\"1.2.3\"} 1\n")) < rest.n);
	assert_true(
		str_find(rest, STR("\n# TYPE civicwire_poll_lateness_seconds histogram\n" LATENESS(
				       "_bucket", ",le=\"0.001\"", "1") LATENESS("_bucket",
				       ",le=\"0.005\"", "2"))) < rest.n);
	assert_true(str_find(rest, STR(LATENESS("_bucket", ",le=\"60\"", "2") LATENESS("_bucket",
					   ",le=\"+Inf\"", "3") LATENESS("_sum", "", "90.002001")
						   LATENESS("_count", "", "3"))) < rest.n);
	while (str_split(&rest, '\n', &line) && line.n) {
		if (str_starts(line, STR("# HELP "))) {
			name = str_skip(line, 7);
			name = str_head(name, str_chr(name, ' '));
			assert_true(str_find(buf_view(&seen), name) == seen.n);
			buf_str(&seen, name);
			buf_char(&seen, '\n');
			assert_true(str_split(&rest, '\n', &line));
			assert_true(str_starts(line, STR("# TYPE ")));
			assert_true(str_starts(str_skip(line, 7), name));
			continue;
		}
		assert_true(str_starts(line, name));
		assert_true(strchr(" {_", line.p[name.n]));
		samples += line.p[name.n] != '_';
		parts += line.p[name.n] == '_';
	}
	assert_in_range(samples, METRIC_COUNT + 10, METRIC_COUNT + 20);
	assert_int_equal(parts, HISTOGRAM_COUNT * (HISTOGRAM_BOUNDS + 3));
}

static void test_addresses(void **state)
{
	struct sockaddr_storage address;
	const struct sockaddr_in *in4 = (const struct sockaddr_in *)&address;
	const struct sockaddr_in6 *in6 = (const struct sockaddr_in6 *)&address;
	struct error error = {0};

	(void)state;
	assert_int_equal(address_read("127.0.0.1:8570", &address, &error), 0);
	assert_int_equal(in4->sin_family, AF_INET);
	assert_int_equal(ntohs(in4->sin_port), 8570);
	assert_int_equal(ntohl(in4->sin_addr.s_addr), INADDR_LOOPBACK);
	assert_int_equal(address_read("[::1]:65535", &address, &error), 0);
	assert_int_equal(in6->sin6_family, AF_INET6);
	assert_int_equal(ntohs(in6->sin6_port), 65535);
	assert_true(IN6_IS_ADDR_LOOPBACK(&in6->sin6_addr));
	assert_int_equal(error.code, 0);
}

static void test_no_addresses(void **state)
{
	static const char *const bad[] = {"", ":", "8570", ":8570", "127.0.0.1",
		"127.0.0.1:", "127.0.0.1:65536", "127.0.0.1:-1", "127.0.0.1:+1", "127.0.0.1: 1",
		"127.0.0.1:1 ", "127.0.0.1:1a", "127.0.0:80", "256.0.0.1:80", "localhost:80",
		"::1:80", "[::1]80", "[::1]", "[::1:80", "[]:80", "[127.0.0.1]:80", "[::g]:80",
		"[::1%lo]:80", "111111111111111111111111111111111111111111111111111111:80",
		"[1111111111111111111111111111111111111111111111111111]:80"};
	struct sockaddr_storage address, before;

	(void)state;
	memset(&address, 0x55, sizeof address);
	before = address;
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		struct error error = {0};
		if (address_read(bad[i], &address, &error) != -EINVAL)
			fail_msg("'%s' was taken", bad[i]);
		assert_int_equal(error.code, EINVAL);
		assert_non_null(strstr(error.text, bad[i]));
		assert_memory_equal(&address, &before, sizeof address);
	}
}

static void test_reload(void **state)
{
	static const char *problems[] = {"feeds.d/a.yaml:1:2: \"x\""}, *next[] = {"live"};
	struct reload report = {.number = 3,
		.finished_us = TIME_US,
		.took_us = 1500,
		.feeds = 7,
		.added = 1,
		.changed = 2,
		.removed = 4,
		.problems = problems,
		.n_problems = 1,
		.next_start = next,
		.n_next_start = 1};
	cleanup(buf_deinit) struct buf out = BUF_INIT;

	(void)state;
	render_reload(&out, &report);
	json_t *root = json_loadb(out.p, out.n, JSON_REJECT_DUPLICATES, NULL);
	has_number(root, "reload", 3);
	has_text(root, "finished", "2017-05-12T09:00:00.000Z");
	has_number(root, "took_ms", 1);
	has_number(root, "added", 1);
	has_number(root, "changed", 2);
	has_number(root, "removed", 4);
	assert_null(json_object_get(root, "failed"));
	assert_string_equal(json_string_value(json_array_get(json_object_get(root, "problems"), 0)),
		problems[0]);
	assert_string_equal(
		json_string_value(json_array_get(json_object_get(root, "next_start"), 0)), "live");
	json_decref(root);
	buf_clear(&out);
	report.failed = "no folder";
	render_reload(&out, &report);
	root = json_loadb(out.p, out.n, JSON_REJECT_DUPLICATES, NULL);
	has_text(root, "failed", "no folder");
	json_decref(root);
}

static void test_paused(void **state)
{
	struct control_snapshot *s = snapshot_new(2);

	(void)state;
	s->n_all = 2;
	s->counts[FEED_FINE] = s->n_paused = 1;
	s->feeds[1].feed->enabled = false;
	s->feeds[0].state.health = s->feeds[1].state.health = FEED_FINE;
	s->feeds[0].state.next_due_us = s->feeds[1].state.next_due_us = TIME_US;
	s->reload = reload_new(9);
	s->is_reloading = true;
	cleanup(buf_deinit) struct buf out = BUF_INIT;
	render_feeds(&out, s);
	json_t *root = json_loadb(out.p, out.n, JSON_REJECT_DUPLICATES, NULL);
	has_bool(json_array_get(root, 0), "paused", false);
	assert_non_null(json_object_get(json_array_get(root, 0), "next_due"));
	has_bool(json_array_get(root, 1), "paused", true);
	assert_null(json_object_get(json_array_get(root, 1), "next_due"));
	json_decref(root);
	root = rendered(s, render_status);
	json_t *feeds = json_object_get(root, "feeds"), *config = json_object_get(root, "config");
	has_number(feeds, "total", 2);
	has_number(feeds, "fine", 1);
	has_number(feeds, "paused", 1);
	has_number(config, "reload", 9);
	has_bool(config, "reading", true);
	json_decref(root);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_status),
		cmocka_unit_test(test_status_in_trouble),
		cmocka_unit_test(test_feeds),
		cmocka_unit_test(test_refresh),
		cmocka_unit_test(test_no_feeds),
		cmocka_unit_test(test_metrics),
		cmocka_unit_test(test_addresses),
		cmocka_unit_test(test_no_addresses),
		cmocka_unit_test(test_reload),
		cmocka_unit_test(test_paused),
	};

	return cmocka_run_group_tests_name("render", tests, NULL, NULL);
}
