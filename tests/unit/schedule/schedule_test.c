/* A fortnight of polling with a turned clock, and the rules one by one. */
#include "schedule/schedule.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "schedule/heap.h"
#include "schedule/host.h"
#include "schedule/when.h"
#include "chance.h"

#define START (INT64_C(1790000000) * SEC_US)

static const struct fetch_settings polite = {.host_default = {NULL, SEC_US, 1}};

/* ---- settling ---- */

struct fixture {
	struct feed *feed;
	struct feed_state state;
	bool unchanged; /* what the last settling said */
};

static void fixture_init(struct fixture *f, int64_t interval_us)
{
	*f = (struct fixture){.feed = feed_new()};
	f->feed->id = "co-mde.aci.noticias";
	f->feed->url = "https://aci.example/feed/";
	f->feed->interval_us = interval_us;
}

static void fixture_deinit(struct fixture *f)
{
	feed_unref(f->feed);
	feed_state_deinit(&f->state);
}

static struct reply *reply_with(struct fixture *f, enum reply_outcome outcome, int status)
{
	struct reply *reply = reply_new(f->feed, &f->state);

	reply->outcome = outcome;
	reply->http_status = status;
	if (outcome > REPLY_OUTDATED)
		reply->error = mem_strdup("it did not work");
	return reply;
}

static void settle_with(struct fixture *f, struct reply *reply, struct settle settle)
{
	f->unchanged = schedule_settle(reply, &settle);
	feed_state_deinit(&f->state);
	feed_state_copy(&f->state, &reply->state);
	reply_free(reply);
}

static void settle_plain(struct fixture *f, enum reply_outcome outcome, int status, int64_t now)
{
	settle_with(f, reply_with(f, outcome, status),
		(struct settle){.hint_us = -1, .now_us = now, .items = 10});
}

static void body(struct fixture *f, const char *etag, const char *modified, uint8_t hash,
	struct settle settle)
{
	struct reply *reply = reply_with(f, REPLY_BODY, 200);

	reply->etag = etag ? mem_strdup(etag) : NULL;
	reply->last_modified = modified ? mem_strdup(modified) : NULL;
	memset(reply->body_hash.b, hash, HASH_SIZE);
	settle_with(f, reply, settle);
}

static void test_validators(void **state)
{
	const struct settle good = {.hint_us = -1, .now_us = START, .items = 7};
	struct fixture f;

	(void)state;
	fixture_init(&f, HOUR_US);
	body(&f, "\"1\"", "Mon", 1, good);
	assert_string_equal(f.state.etag, "\"1\"");
	assert_string_equal(f.state.last_modified, "Mon");
	assert_string_equal(f.state.url, f.feed->url);
	assert_int_equal(f.state.body_hash.b[0], 1);
	assert_int_equal(f.state.items, 7);
	assert_int_equal(f.state.last_change_us, START);
	assert_int_equal(f.state.health, FEED_FINE);

	/* A page that is no feed leaves the set of the last good body. */
	struct settle bad = good;
	bad.digested = -EBADMSG;
	bad.why = "an HTML page";
	body(&f, "\"2\"", "Tue", 2, bad);
	assert_string_equal(f.state.etag, "\"1\"");
	assert_int_equal(f.state.body_hash.b[0], 1);
	assert_int_equal(f.state.health, FEED_FAILING);
	assert_string_equal(f.state.error, "an HTML page");
	assert_int_equal(f.state.failures, 1);

	/* 304 may renew what was sent. */
	struct reply *reply = reply_with(&f, REPLY_NOT_MODIFIED, 304);
	reply->etag = mem_strdup("W/\"1\"");
	settle_with(&f, reply, good);
	assert_string_equal(f.state.etag, "W/\"1\"");
	assert_string_equal(f.state.last_modified, "Mon");
	assert_int_equal(f.state.failures, 0);
	assert_null(f.state.error);
	assert_int_equal(f.state.last_change_us, START);

	/* A new body without validators has none. */
	body(&f, NULL, NULL, 3, good);
	assert_null(f.state.etag);
	assert_null(f.state.last_modified);
	assert_int_equal(f.state.body_hash.b[0], 3);
	fixture_deinit(&f);
}

/* What was made before what is known leaves all of that, and the feed is well. */
static void test_outdated(void **state)
{
	const struct settle good = {.hint_us = -1, .now_us = START};
	struct fixture f;

	(void)state;
	fixture_init(&f, HOUR_US);
	body(&f, "\"1\"", "Mon", 1, good);
	settle_plain(&f, REPLY_NETWORK, 0, START + HOUR_US);
	assert_int_equal(f.state.failures, 1);
	struct reply *reply = reply_with(&f, REPLY_OUTDATED, 200);
	reply->etag = mem_strdup("\"0\"");
	reply->last_modified = mem_strdup("Sun");
	settle_with(&f, reply, good);
	assert_string_equal(f.state.etag, "\"1\"");
	assert_string_equal(f.state.last_modified, "Mon");
	assert_int_equal(f.state.body_hash.b[0], 1);
	assert_int_equal(f.state.failures, 0);
	assert_int_equal(f.state.health, FEED_FINE);
	assert_int_equal(f.state.last_change_us, START);
	fixture_deinit(&f);
}

/* A cluster whose members each have their own ETag for one body: asked by date alone. */
static void test_useless_etag(void **state)
{
	const struct settle good = {.hint_us = -1, .now_us = START};
	struct fixture f;

	(void)state;
	fixture_init(&f, HOUR_US);
	body(&f, "\"a\"", "Mon", 1, good);
	struct reply *reply = reply_with(&f, REPLY_SAME_BODY, 200);
	reply->etag = mem_strdup("\"b\"");
	reply->last_modified = mem_strdup("Mon");
	settle_with(&f, reply, good);
	assert_null(f.state.etag);
	assert_string_equal(f.state.last_modified, "Mon");
	reply = reply_with(&f, REPLY_NOT_MODIFIED, 304);
	reply->etag = mem_strdup("\"a\"");
	settle_with(&f, reply, good);
	assert_null(f.state.etag);
	assert_int_equal(f.state.body_hash.b[0], 1);
	/* Without a date the ETag is all there is. */
	body(&f, "\"c\"", NULL, 2, good);
	reply = reply_with(&f, REPLY_SAME_BODY, 200);
	reply->etag = mem_strdup("\"d\"");
	settle_with(&f, reply, good);
	assert_string_equal(f.state.etag, "\"d\"");
	fixture_deinit(&f);
}

/* A document that broke off is read, but what comes of it is not believed to be all. */
static void test_partial(void **state)
{
	struct settle settle = {.hint_us = -1, .now_us = START, .partial = true};
	struct fixture f;

	(void)state;
	fixture_init(&f, HOUR_US);
	body(&f, "\"a\"", "Mon", 1, settle);
	assert_null(f.state.etag);
	assert_null(f.state.last_modified);
	assert_int_equal(f.state.body_hash.b[0], 1);
	assert_int_equal(f.state.health, FEED_FINE);
	/* The same again: that is how the feed is. */
	struct reply *reply = reply_with(&f, REPLY_SAME_BODY, 200);
	reply->etag = mem_strdup("\"a\"");
	settle_with(&f, reply, (struct settle){.hint_us = -1, .now_us = START});
	assert_string_equal(f.state.etag, "\"a\"");
	fixture_deinit(&f);
}

static void test_url_change(void **state)
{
	struct fixture f;

	(void)state;
	fixture_init(&f, HOUR_US);
	body(&f, "\"a\"", "Mon", 1, (struct settle){.hint_us = -1, .now_us = START});
	for (int i = 0; i < 5; i++)
		settle_plain(&f, REPLY_HTTP_ERROR, 404, START);
	assert_int_equal(f.state.failures, 5);
	f.state.told_failing = f.state.backfilled = true;
	assert_false(schedule_forget(&f.state, f.feed->url));
	f.feed->url = "https://aci.example/new/";
	settle_plain(&f, REPLY_NETWORK, 0, START);
	assert_null(f.state.etag);
	assert_null(f.state.last_modified);
	assert_true(hash_is_zero(&f.state.body_hash));
	assert_string_equal(f.state.url, f.feed->url);
	assert_int_equal(f.state.failures, 1);
	assert_true(f.state.told_failing && f.state.backfilled);
	assert_true(schedule_forget(&f.state, "https://aci.example/newer/"));
	assert_int_equal(schedule_first(&f.state, 1, 0.5, START), START);
	fixture_deinit(&f);
}

static void answer_304(struct fixture *f, const char *etag, const char *modified, int64_t now)
{
	struct reply *reply = reply_with(f, REPLY_NOT_MODIFIED, 304);

	reply->etag = etag ? mem_strdup(etag) : NULL;
	reply->last_modified = modified ? mem_strdup(modified) : NULL;
	settle_with(f, reply, (struct settle){.hint_us = -1, .now_us = now});
}

/* That nothing has changed is said of those polls alone of which it is true. */
static void test_unchanged(void **state)
{
	struct fixture f;

	(void)state;
	fixture_init(&f, HOUR_US);
	body(&f, "\"1\"", "Mon", 1, (struct settle){.hint_us = -1, .now_us = START});
	assert_false(f.unchanged);
	for (int i = 1; i <= 2; i++) {
		answer_304(&f, "\"1\"", "Mon", START + i);
		assert_true(f.unchanged);
		assert_int_equal(f.state.last_success_us, START + i);
		assert_int_equal(f.state.http_status, 304);
	}
	answer_304(&f, NULL, NULL, START + 3);
	assert_true(f.unchanged);
	answer_304(&f, "\"2\"", NULL, START + 4);
	assert_false(f.unchanged);
	answer_304(&f, "\"2\"", "Tue", START + 5);
	assert_false(f.unchanged);
	settle_plain(&f, REPLY_NETWORK, 0, START + 6);
	assert_false(f.unchanged);
	settle_plain(&f, REPLY_NETWORK, 0, START + 7);
	assert_false(f.unchanged);
	answer_304(&f, NULL, NULL, START + 8);
	assert_false(f.unchanged);
	answer_304(&f, NULL, NULL, START + 9);
	assert_true(f.unchanged);
	/* The whole was asked for, and came without validators. */
	struct reply *reply = reply_with(&f, REPLY_SAME_BODY, 304);
	free(reply->state.etag);
	free(reply->state.last_modified);
	reply->state.etag = reply->state.last_modified = NULL;
	reply->forgot = true;
	settle_with(&f, reply, (struct settle){.hint_us = -1, .now_us = START + 10});
	assert_false(f.unchanged);
	/* The feed is at another address, of which nothing is known. */
	f.feed->url = "https://aci.example/new/";
	settle_plain(&f, REPLY_LOCAL, 0, START + 11);
	assert_false(f.unchanged);
	fixture_deinit(&f);
}

static void test_back_off(void **state)
{
	struct fixture f;
	int64_t now = START, want = HOUR_US;

	(void)state;
	fixture_init(&f, HOUR_US);
	for (int i = 1; i <= 40; i++) {
		settle_plain(&f, i % 2 ? REPLY_NETWORK : REPLY_HTTP_ERROR, i % 2 ? 0 : 500, now);
		assert_int_equal(f.state.failures, i);
		assert_int_equal(f.state.failing_since_us, START);
		assert_int_equal(f.state.next_due_us - now, want);
		assert_int_equal(f.state.last_success_us, 0);
		assert_string_equal(f.state.error, "it did not work");
		want = want * 2 < DAY_US ? want * 2 : DAY_US;
		now = f.state.next_due_us;
	}
	/* Our own trouble counts for nothing and is over soon. */
	settle_plain(&f, REPLY_LOCAL, 0, now);
	assert_int_equal(f.state.failures, 40);
	assert_int_equal(f.state.health, FEED_FAILING);
	assert_int_equal(f.state.next_due_us - now, WHEN_LOCAL_RETRY);
	settle_with(&f, reply_with(&f, REPLY_BODY, 200),
		(struct settle){.hint_us = -1, .now_us = now, .digested = -EIO, .why = "EIO"});
	assert_int_equal(f.state.failures, 40);
	settle_plain(&f, REPLY_BODY, 200, now);
	assert_int_equal(f.state.failures, 0);
	assert_int_equal(f.state.failing_since_us, 0);
	assert_int_equal(f.state.health, FEED_FINE);
	assert_int_equal(f.state.next_due_us - now, HOUR_US);
	fixture_deinit(&f);
	fixture_init(&f, 3 * DAY_US); /* slower than the back-off's end already */
	for (int i = 0; i < 3; i++)
		settle_plain(&f, REPLY_NETWORK, 0, START);
	assert_int_equal(f.state.next_due_us - START, 3 * DAY_US);
	fixture_deinit(&f);
}

static void test_retry_after(void **state)
{
	static const struct {
		int64_t retry_s, want_s;
	} cases[] = {{7201, 7201}, {-1, 3600}, {60, 3600}, {0, 3600}, {200000, 200000}};
	struct fixture f;

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		fixture_init(&f, HOUR_US);
		struct reply *reply = reply_with(&f, REPLY_BUSY, i % 2 ? 503 : 429);
		reply->retry_after_us = cases[i].retry_s < 0 ? -1 : cases[i].retry_s * SEC_US;
		settle_with(&f, reply, (struct settle){.hint_us = -1, .now_us = START});
		assert_int_equal(f.state.next_due_us - START, cases[i].want_s * SEC_US);
		/* 429 speaks for the host, as long as it said and no longer; until it answers. */
		bool held = i % 2 == 0 && cases[i].retry_s > 0;
		assert_int_equal(
			f.state.held_until_us, held ? START + cases[i].retry_s * SEC_US : 0);
		settle_plain(&f, REPLY_LOCAL, 0, START + SEC_US);
		assert_int_equal(f.state.held_until_us != 0, held);
		settle_plain(&f, i ? REPLY_NOT_MODIFIED : REPLY_NETWORK, 0, START + HOUR_US);
		assert_int_equal(f.state.held_until_us, 0);
		fixture_deinit(&f);
	}
	/* For the host that has said so, which a redirect may have led to. */
	static const char *const asked[][2] = {
		{"https://Other.example:8443/x", "other.example:8443"},
		{"https://aci.example/elsewhere", NULL}};
	for (size_t i = 0; i < 2; i++) {
		fixture_init(&f, HOUR_US);
		struct reply *reply = reply_with(&f, REPLY_BUSY, 429);
		reply->retry_after_us = 2 * HOUR_US;
		free(reply->url);
		reply->url = mem_strdup(asked[i][0]);
		settle_with(&f, reply, (struct settle){.hint_us = -1, .now_us = START});
		assert_int_equal(f.state.held_until_us, START + 2 * HOUR_US);
		if (asked[i][1])
			assert_string_equal(f.state.held_host, asked[i][1]);
		else
			assert_null(f.state.held_host);
		settle_plain(&f, REPLY_NOT_MODIFIED, 304, START + 3 * HOUR_US);
		assert_null(f.state.held_host);
		fixture_deinit(&f);
	}
	/* For a whole host, to the microsecond. */
	struct schedule *s = schedule_new(&polite);
	struct schedule_slot a = {0}, b = {0};
	schedule_add(s, &a, "http://one.example/a", START);
	schedule_add(s, &b, "http://one.example/b", START);
	assert_ptr_equal(schedule_take(s, START), &a);
	schedule_hold_host(s, &a, START + 120 * SEC_US);
	schedule_hold_host(s, &a, START + 60 * SEC_US); /* a shorter one does not shorten it */
	schedule_done(s, &a, START, START + HOUR_US);
	assert_int_equal(schedule_wake(s, START), START + 120 * SEC_US);
	assert_null(schedule_take(s, START + 120 * SEC_US - 1));
	assert_ptr_equal(schedule_take(s, START + 120 * SEC_US), &b);
	schedule_free(s);
}

static void test_gone(void **state)
{
	struct fixture f;
	int64_t now = START;

	(void)state;
	fixture_init(&f, 15 * MIN_US);
	settle_plain(&f, REPLY_GONE, 410, now);
	assert_int_equal(f.state.health, FEED_FAILING);
	assert_int_equal(f.state.gone_since_us, START);
	assert_int_equal(f.state.next_due_us - now, HOUR_US);
	settle_plain(&f, REPLY_GONE, 410, now + MIN_US); /* a refresh in between is no proof */
	assert_int_equal(f.state.health, FEED_FAILING);
	settle_plain(&f, REPLY_NETWORK, 0, now + 2 * MIN_US);
	assert_int_equal(f.state.gone_since_us, START);
	settle_plain(&f, REPLY_HTTP_ERROR, 500, now + 3 * MIN_US);
	assert_int_equal(f.state.gone_since_us, 0);
	settle_plain(&f, REPLY_GONE, 410, now);
	now += HOUR_US;
	settle_plain(&f, REPLY_GONE, 410, now);
	assert_int_equal(f.state.health, FEED_GONE);
	assert_int_equal(f.state.next_due_us - now, 30 * DAY_US);
	settle_plain(&f, REPLY_HTTP_ERROR, 404, now); /* parked: gone it stays */
	assert_int_equal(f.state.health, FEED_GONE);
	assert_int_equal(f.state.next_due_us - now, 30 * DAY_US);
	settle_plain(&f, REPLY_NOT_MODIFIED, 304, now);
	assert_int_equal(f.state.health, FEED_FINE);
	assert_int_equal(f.state.gone_since_us, 0);
	assert_int_equal(f.state.next_due_us - now, 15 * MIN_US);
	fixture_deinit(&f);
}

static void test_hints(void **state)
{
	static const struct {
		int64_t hint, fresh, want;
	} cases[] = {
		{-1, -1, HOUR_US},
		{2 * HOUR_US, -1, 2 * HOUR_US},
		{2 * HOUR_US, 3 * HOUR_US, 3 * HOUR_US},
		{MIN_US, 0, HOUR_US},
		{31 * DAY_US, -1, DAY_US},
		{-1, 366 * DAY_US, DAY_US},
	};
	struct fixture f;

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		fixture_init(&f, HOUR_US);
		struct reply *reply = reply_with(&f, REPLY_BODY, 200);
		reply->fresh_us = cases[i].fresh;
		settle_with(&f, reply, (struct settle){.hint_us = cases[i].hint, .now_us = START});
		assert_int_equal(f.state.next_due_us - START, cases[i].want);
		fixture_deinit(&f);
	}
}

/* What the document asked for holds until there is another document. */
static void test_hint_outlives_304(void **state)
{
	const struct settle plain = {.hint_us = -1, .now_us = START};
	struct settle asks = plain;
	struct fixture f;

	(void)state;
	fixture_init(&f, HOUR_US);
	asks.hint_us = 2 * HOUR_US;
	body(&f, "\"a\"", "Mon", 1, asks);
	settle_plain(&f, REPLY_NOT_MODIFIED, 304, START);
	assert_int_equal(f.state.next_due_us - START, 2 * HOUR_US);
	settle_with(&f, reply_with(&f, REPLY_SAME_BODY, 200), plain);
	assert_int_equal(f.state.next_due_us - START, 2 * HOUR_US);
	/* Nor does a page in between take it back. */
	struct settle bad = plain;
	bad.digested = -EBADMSG;
	body(&f, NULL, NULL, 2, bad);
	assert_int_equal(f.state.next_due_us - START, HOUR_US);
	settle_plain(&f, REPLY_NOT_MODIFIED, 304, START);
	assert_int_equal(f.state.next_due_us - START, 2 * HOUR_US);
	/* Headers that ask for longer still count, for themselves alone. */
	struct reply *reply = reply_with(&f, REPLY_NOT_MODIFIED, 304);
	reply->fresh_us = 3 * HOUR_US;
	settle_with(&f, reply, plain);
	assert_int_equal(f.state.next_due_us - START, 3 * HOUR_US);
	settle_plain(&f, REPLY_NOT_MODIFIED, 304, START);
	assert_int_equal(f.state.next_due_us - START, 2 * HOUR_US);
	/* The next document does not ask. */
	body(&f, NULL, NULL, 3, plain);
	assert_int_equal(f.state.hint_us, 0);
	settle_plain(&f, REPLY_NOT_MODIFIED, 304, START);
	assert_int_equal(f.state.next_due_us - START, HOUR_US);
	/* Another URL's hint is not this one's. */
	body(&f, NULL, NULL, 4, asks);
	assert_true(schedule_forget(&f.state, "https://other.example/"));
	assert_int_equal(f.state.hint_us, 0);
	fixture_deinit(&f);
}

static void test_jitter(void **state)
{
	int64_t least = INT64_MAX, most = 0;
	uint64_t seed = 3;

	(void)state;
	for (int i = 0; i < 100000; i++) {
		int64_t wait = when_jitter(HOUR_US, next_chance(&seed));
		least = wait < least ? wait : least;
		most = wait > most ? wait : most;
	}
	assert_in_range(least, HOUR_US, HOUR_US + SEC_US);
	assert_in_range(most, HOUR_US + 6 * MIN_US - SEC_US, HOUR_US + 6 * MIN_US);
}

static void test_first(void **state)
{
	struct feed_state s = {0};

	(void)state;
	assert_int_equal(schedule_first(&s, 1000, 0.9, START), START);
	s.last_poll_us = START - DAY_US;
	s.next_due_us = START + MIN_US;
	assert_int_equal(schedule_first(&s, 1000, 0.9, START), START + MIN_US);
	s.next_due_us = START - 1;
	assert_int_equal(schedule_first(&s, 1000, 0.5, START), START + 10 * SEC_US);
	assert_int_equal(schedule_first(&s, 1000000, 0.5, START), START + 5 * MIN_US);
	s.next_due_us = START + 365 * DAY_US; /* the clock was set back */
	assert_int_equal(schedule_first(&s, 50, 0.5, START), START + SEC_US / 2);
	/* By less than the longest wait, too: what was polled tomorrow is due now, not in three weeks. */
	s.last_poll_us = START + 20 * DAY_US;
	s.next_due_us = START + 20 * DAY_US + HOUR_US;
	assert_true(schedule_is_overdue(&s, START));
	assert_int_equal(schedule_first(&s, 50, 0.5, START), START + SEC_US / 2);
}

/* What was noted by a clock that was ahead does not stand in the way of what is. */
static void test_clock_was_ahead(void **state)
{
	struct fixture f;

	(void)state;
	fixture_init(&f, 15 * MIN_US);
	settle_plain(&f, REPLY_GONE, 410, START + 3650 * DAY_US);
	settle_plain(&f, REPLY_GONE, 410, START);
	assert_int_equal(f.state.failing_since_us, START);
	assert_int_equal(f.state.gone_since_us, START);
	assert_int_equal(f.state.health, FEED_FAILING);
	settle_plain(&f, REPLY_GONE, 410, START + HOUR_US);
	assert_int_equal(f.state.health, FEED_GONE);
	fixture_deinit(&f);
}

/* How long to wait is said without reference to any clock, as well. */
static void test_wait(void **state)
{
	static const enum reply_outcome outcomes[] = {
		REPLY_NOT_MODIFIED, REPLY_NETWORK, REPLY_GONE, REPLY_BUSY, REPLY_LOCAL};

	(void)state;
	for (size_t i = 0; i < sizeof outcomes / sizeof *outcomes; i++) {
		struct fixture f;
		fixture_init(&f, 15 * MIN_US);
		settle_plain(&f, outcomes[i], 0, START);
		assert_true(f.state.wait_us > 0);
		assert_int_equal(f.state.wait_us, f.state.next_due_us - START);
		fixture_deinit(&f);
	}
}

/* ---- a fortnight ---- */

enum { FEEDS = 1200, HOSTS = 300, TRANSFERS = 20 };

struct town {
	struct schedule_slot slot;
	struct fixture f;
	char url[48];
	size_t host;
	int64_t earliest_us; /* no poll before: what the rules said last time */
	int64_t ends_us;     /* of the request under way */
	size_t polls;
};

struct world {
	struct schedule *schedule;
	struct town *towns;
	int64_t free_us[HOSTS]; /* end of the host's last request, and the gap */
	bool busy[HOSTS];
	int64_t now;
	uint64_t seed;
	size_t under_way, polls, failures;
	int64_t lateness;
};

static void start_one(struct world *w, struct town *t)
{
	assert_true(w->now >= t->earliest_us);
	assert_true(w->now >= w->free_us[t->host]);
	assert_false(w->busy[t->host]);
	w->busy[t->host] = true;
	w->under_way++;
	w->polls++;
	t->polls++;
	w->lateness += w->now - t->slot.due_us;
	t->ends_us = w->now + MSEC_US + (int64_t)(next_random(&w->seed) % (2 * SEC_US));
}

/* One host in ten is down on odd days; one in ten says 429 now and then; the rest work. */
static void end_one(struct world *w, struct town *t)
{
	bool down = t->host % 10 == 3 && (w->now - START) / DAY_US % 2;
	bool busy = t->host % 10 == 7 && next_random(&w->seed) % 20 == 0;
	struct reply *reply = reply_with(&t->f,
		down   ? REPLY_NETWORK
		: busy ? REPLY_BUSY
		       : REPLY_NOT_MODIFIED,
		down   ? 0
		: busy ? 429
		       : 304);
	uint32_t failures = t->f.state.failures + 1;

	if (busy)
		reply->retry_after_us = 90 * MIN_US;
	settle_with(&t->f, reply,
		(struct settle){.hint_us = -1, .now_us = w->now, .chance = next_chance(&w->seed)});
	int64_t least = t->f.feed->interval_us;
	if (down || busy) {
		assert_int_equal(t->f.state.failures, failures);
		least = when_failed(least, failures, 0);
		w->failures++;
	}
	if (busy && least < 90 * MIN_US)
		least = 90 * MIN_US;
	int64_t wait = t->f.state.next_due_us - w->now;
	assert_true(wait >= least && wait <= least + least / 10);
	t->earliest_us = w->now + least;
	w->busy[t->host] = false;
	w->free_us[t->host] = w->now + SEC_US;
	if (busy) {
		schedule_hold_host(w->schedule, &t->slot, w->now + 90 * MIN_US);
		w->free_us[t->host] = w->now + 90 * MIN_US;
	}
	schedule_done(w->schedule, &t->slot, w->now, t->f.state.next_due_us);
	w->under_way--;
	t->ends_us = 0;
}

static int64_t next_end(const struct world *w, struct town **ret)
{
	int64_t first = INT64_MAX;

	*ret = NULL;
	for (size_t i = 0; w->under_way && i < FEEDS; i++)
		if (w->towns[i].ends_us && w->towns[i].ends_us < first) {
			*ret = &w->towns[i];
			first = w->towns[i].ends_us;
		}
	return first;
}

static void run_until(struct world *w, int64_t end)
{
	while (w->now < end) {
		struct schedule_slot *slot;
		struct town *ending;

		while (w->under_way < TRANSFERS && (slot = schedule_take(w->schedule, w->now)))
			start_one(w, container_of(slot, struct town, slot));
		int64_t done = next_end(w, &ending);
		int64_t wake =
			w->under_way < TRANSFERS ? schedule_wake(w->schedule, w->now) : INT64_MAX;
		assert_true(wake > w->now); /* or the loop would spin */
		w->now = done < wake ? done : wake;
		if (done <= wake)
			end_one(w, ending);
	}
}

static void test_fortnight(void **state)
{
	struct world *w = mem_zalloc(1, sizeof *w);

	(void)state;
	w->schedule = schedule_new(&polite);
	w->towns = mem_zalloc(FEEDS, sizeof *w->towns);
	w->now = START;
	w->seed = 42;
	for (size_t i = 0; i < FEEDS; i++) {
		struct town *t = &w->towns[i];
		fixture_init(&t->f, (15 + (int64_t)(i % 4) * 15) * MIN_US);
		t->host = i % HOSTS;
		snprintf(t->url, sizeof t->url, "http://host%zu.example/%zu", t->host, i);
		t->f.feed->url = t->url;
		schedule_add(w->schedule, &t->slot, t->url,
			schedule_first(&t->f.state, FEEDS, next_chance(&w->seed), w->now));
	}
	run_until(w, START + 14 * DAY_US);
	for (size_t i = 0; i < FEEDS; i++) {
		struct town *t = &w->towns[i];
		int64_t fit = 14 * DAY_US / t->f.feed->interval_us;
		assert_true((int64_t)t->polls <= fit + 1);
		if (t->host % 10 != 3 && t->host % 10 != 7) /* mean jitter 5 %: none is forgotten */
			assert_true((int64_t)t->polls >= fit * 93 / 100);
		assert_true(t->polls >= 14);
		fixture_deinit(&t->f);
	}
	assert_true(w->failures > 1000);
	/* Without crowds, a feed waits for its host's other feeds alone. */
	assert_true(w->lateness / (int64_t)w->polls < 3 * MIN_US);
	schedule_free(w->schedule);
	free(w->towns);
	free(w);
}

/* After a start: everything that was due while we were away, spread and within the hosts' gaps. */
static void test_start(void **state)
{
	enum { N = 6000 };
	struct schedule *s = schedule_new(&polite);
	struct schedule_slot *slots = mem_zalloc(N, sizeof *slots);
	const struct feed_state overdue = {.last_poll_us = 1, .next_due_us = 1};
	size_t by_minute[3] = {0};
	uint64_t seed = 5;
	char url[48];

	(void)state;
	for (size_t i = 0; i < N; i++) {
		snprintf(url, sizeof url, "http://host%zu.example/", i);
		schedule_add(
			s, &slots[i], url, schedule_first(&overdue, N, next_chance(&seed), START));
	}
	for (int64_t now = START; now < START + 3 * MIN_US; now += 100 * MSEC_US) {
		size_t burst = 0;
		for (struct schedule_slot *slot; (slot = schedule_take(s, now)); burst++)
			by_minute[(now - START) / MIN_US]++;
		assert_true(burst <= 30); /* 5 on average: 50 a second */
	}
	assert_in_range(by_minute[0], 2700, 3300);
	assert_in_range(by_minute[1], 2700, 3300);
	assert_int_equal(by_minute[0] + by_minute[1] + by_minute[2], N);
	schedule_free(s);
	free(slots);
}

/* A hundred thousand feeds on ten thousand hosts, all due at once: each step stays cheap. */
static void test_scale(void **state)
{
	enum { N = 100000, H = 10000 };
	struct schedule *s = schedule_new(&polite);
	struct schedule_slot *slots = mem_zalloc(N, sizeof *slots);
	int64_t began = clock_monotonic_us(), now = START;
	size_t taken = 0;
	char url[48];

	(void)state;
	for (size_t i = 0; i < N; i++) {
		snprintf(url, sizeof url, "http://host%zu.example/%zu", i % H, i);
		schedule_add(s, &slots[i], url, START);
	}
	for (; taken < N; now += SEC_US) {
		struct schedule_slot *slot;
		size_t round = 0;
		while ((slot = schedule_take(s, now))) {
			schedule_done(s, slot, now, now + DAY_US);
			taken++;
			round++;
		}
		assert_int_equal(round, H); /* each host once a second */
	}
	assert_int_equal(now, START + N / H * SEC_US);
	for (size_t i = 0; i < N; i++)
		schedule_remove(s, &slots[i], now + HOUR_US);
	assert_int_equal(schedule_count(s), 0);
	schedule_free(s);
	free(slots);
	/* 0.1 s here; what is quadratic would take minutes. */
	int64_t took = clock_monotonic_us() - began;
	print_message("100,000 feeds added, taken, done and removed in %lld ms\n",
		(long long)(took / MSEC_US));
	assert_true(took < 20 * SEC_US);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_validators),
		cmocka_unit_test(test_outdated),
		cmocka_unit_test(test_useless_etag),
		cmocka_unit_test(test_partial),
		cmocka_unit_test(test_url_change),
		cmocka_unit_test(test_unchanged),
		cmocka_unit_test(test_back_off),
		cmocka_unit_test(test_retry_after),
		cmocka_unit_test(test_gone),
		cmocka_unit_test(test_hints),
		cmocka_unit_test(test_hint_outlives_304),
		cmocka_unit_test(test_jitter),
		cmocka_unit_test(test_first),
		cmocka_unit_test(test_clock_was_ahead),
		cmocka_unit_test(test_wait),
		cmocka_unit_test(test_fortnight),
		cmocka_unit_test(test_start),
		cmocka_unit_test(test_scale),
	};

	assert_int_equal(hash_global_init(), 0);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
