/* What feeds ask for and what their own past says: hints, hours to skip, rhythm, moves, and whether a
 * failure is theirs at all. */
#include "schedule/schedule.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "schedule/outage.h"
#include "schedule/when.h"
#include "chance.h"

/* Saturday, 3 October 2026, 10:30 GMT. */
#define SATURDAY   (INT64_C(1791023400) * SEC_US)
#define HOUR_OF(t) ((t) / HOUR_US % 24)

struct fixture {
	struct feed *feed;
	struct feed_state state;
};

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof *f);

	f->feed = feed_new();
	f->feed->id = "co-mde.aci.noticias";
	f->feed->url = "https://aci.example/feed/";
	f->feed->interval_us = HOUR_US;
	f->feed->interval_max_us = DAY_US;
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	feed_unref(f->feed);
	feed_state_deinit(&f->state);
	free(f);
	return 0;
}

/* A poll that ended so; when the next one is due, from `now`. */
static int64_t poll(struct fixture *f, enum reply_outcome outcome, const char *moved_to,
	int64_t fresh_us, struct settle settle)
{
	struct reply *reply = reply_new(f->feed, &f->state);

	reply->outcome = outcome;
	reply->http_status = outcome == REPLY_BODY ? 200 : 304;
	reply->fresh_us = fresh_us;
	reply->permanent_url = moved_to ? mem_strdup(moved_to) : NULL;
	if (outcome > REPLY_OUTDATED)
		reply_fail(reply, FAULT_HTTP_STATUS, mem_strdup("it did not work"));
	schedule_settle(reply, &settle);
	feed_state_deinit(&f->state);
	feed_state_copy(&f->state, &reply->state);
	reply_free(reply);
	return f->state.next_due_us - settle.now_us;
}

static int64_t read_at(struct fixture *f, uint32_t hours, uint32_t days, int64_t now_us)
{
	return poll(f, REPLY_BODY, NULL, -1,
		(struct settle){
			.hint_us = -1, .skip_hours = hours, .skip_days = days, .now_us = now_us});
}

static void test_hours_to_skip(void **state)
{
	struct fixture *f = *state;

	/* Due at 11:30, which is to be skipped, as is noon. */
	assert_int_equal(read_at(f, 1u << 11 | 1u << 12, 0, SATURDAY), 150 * MIN_US);
	assert_int_equal(HOUR_OF(f->state.next_due_us), 13);
	/* A 304 has not forgotten it. */
	assert_int_equal(poll(f, REPLY_NOT_MODIFIED, NULL, -1,
				 (struct settle){.hint_us = -1, .now_us = SATURDAY}),
		150 * MIN_US);
	/* Over midnight. */
	assert_int_equal(read_at(f, 1u << 23 | 1u << 0 | 1u << 1, 0, SATURDAY + 12 * HOUR_US),
		(3 * 60 + 30) * MIN_US);
	/* With chance, later within the tenth of an hour, never earlier. */
	int64_t us = poll(f, REPLY_BODY, NULL, -1,
		(struct settle){
			.hint_us = -1, .skip_hours = 1u << 11, .chance = 0.5, .now_us = SATURDAY});
	assert_in_range(us, 90 * MIN_US + 1, 96 * MIN_US);
	/* All hours: once a day after all. */
	assert_int_equal(read_at(f, 0xffffff, 0, SATURDAY), HOUR_US + DAY_US);
	/* Another document, other hours. */
	assert_int_equal(read_at(f, 0, 0, SATURDAY), HOUR_US);
}

static void test_days_to_skip(void **state)
{
	struct fixture *f = *state;

	/* From Friday night to Sunday; on Saturday likewise; then all of the weekend, which is too long. */
	assert_int_equal(read_at(f, 0, 1u << 6, SATURDAY - 11 * HOUR_US), (24 * 60 + 30) * MIN_US);
	assert_int_equal(read_at(f, 0, 1u << 6, SATURDAY), (13 * 60 + 30) * MIN_US);
	assert_int_equal(read_at(f, 0, 1u << 6 | 1u << 0, SATURDAY), HOUR_US + DAY_US);
	/* A long interval is not made shorter. */
	f->feed->interval_us = 3 * DAY_US;
	assert_int_equal(read_at(f, 0xffffff, 0x7f, SATURDAY), 4 * DAY_US);
}

static void test_publishing_moments(void **state)
{
	/* It publishes at six o'clock, and each half day before and after. */
	const int64_t period = DAY_US / 2, phase = 6 * HOUR_US;
	const int64_t day = SATURDAY / DAY_US * DAY_US;
	struct fixture *f = *state;

	/* Due up to a quarter of the period before such a moment: at that moment. Else when it is due. */
	for (int64_t minute = 0; minute < 24 * 60; minute++) {
		int64_t due = day + minute * MIN_US;
		int64_t to_go = (phase - minute * MIN_US + DAY_US) % period;
		int64_t at = when_published(due, period, phase);
		assert_int_equal(at - due, to_go <= period / 4 ? to_go : 0);
	}
	assert_int_equal(when_published(-phase, period, phase), -phase);
	assert_int_equal(when_published(day + 1, 0, phase), day + 1);
	assert_int_equal(when_published(day + 1, period, 0), day + 1);
	/* Of a week it is a quarter of the day that is followed of it. */
	const int64_t week = 7 * DAY_US;
	int64_t moment = SATURDAY / week * week + phase;
	assert_int_equal(when_published(moment - 6 * HOUR_US, week, phase), moment);
	assert_int_equal(when_published(moment - 7 * HOUR_US, week, phase), moment - 7 * HOUR_US);
	/* Never earlier than the interval or the hint after the last poll, whatever the moments are. */
	uint64_t seed = 5;
	for (int i = 0; i < 20000; i++) {
		struct feed_state known = {
			.hint_us = 1 + (int64_t)(next_random(&seed) % (3 * DAY_US))};
		known.phase_us = 1 + (int64_t)(next_random(&seed) % (uint64_t)known.hint_us);
		f->feed->interval_us = 15 * MIN_US + (int64_t)(next_random(&seed) % (2 * DAY_US));
		int64_t hint = known.hint_us < DAY_US ? known.hint_us : DAY_US;
		int64_t least = hint > f->feed->interval_us ? hint : f->feed->interval_us;
		int64_t wait = when_next(f->feed, &known, -1, next_chance(&seed), SATURDAY);
		assert_in_range(wait - SATURDAY, least, (least + hint / 4) / 10 * 11 + 10);
		f->feed->ignore_hints = true;
		wait = when_next(f->feed, &known, -1, 0, SATURDAY);
		assert_int_equal(wait - SATURDAY, f->feed->interval_us);
		f->feed->ignore_hints = false;
	}
}

static void test_hints_ignored(void **state)
{
	struct fixture *f = *state;
	const struct settle settle = {
		.hint_us = 5 * HOUR_US, .skip_hours = 0xffffff, .now_us = SATURDAY};

	assert_int_equal(poll(f, REPLY_BODY, NULL, 7 * HOUR_US, settle), 7 * HOUR_US + DAY_US);
	f->feed->ignore_hints = true;
	assert_int_equal(poll(f, REPLY_BODY, NULL, 7 * HOUR_US, settle), HOUR_US);
}

/* What a hub delivers is polled rarely; from the moment on when it does not, as ever. */
static void test_hub_delivers(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(read_at(f, 0, 0, SATURDAY), HOUR_US);
	f->state.least_us = 6 * HOUR_US;
	assert_int_equal(read_at(f, 0, 0, SATURDAY), 6 * HOUR_US);
	f->state.least_us = 0;
	assert_true(schedule_hasten(&f->state, f->feed, 0));
	assert_int_equal(f->state.next_due_us, SATURDAY + HOUR_US);
	assert_int_equal(f->state.wait_us, HOUR_US);
	/* Nothing is put off by it, and nothing that fails is asked earlier. */
	f->state.next_due_us = SATURDAY + MIN_US;
	assert_false(schedule_hasten(&f->state, f->feed, 0));
	assert_int_equal(f->state.next_due_us, SATURDAY + MIN_US);
	f->state.next_due_us = SATURDAY + DAY_US;
	f->state.failures = 1;
	assert_false(schedule_hasten(&f->state, f->feed, 0));
	f->state.failures = 0;
	f->state.health = FEED_GONE;
	assert_false(schedule_hasten(&f->state, f->feed, 0));
	assert_int_equal(f->state.next_due_us, SATURDAY + DAY_US);
}

/* A document that broke off may have lost the hubs that it names. */
static void test_hubs_are_kept(void **state)
{
	static const char hubs[] = "https://t.example/ https://t.example/ https://hub.example/";
	struct fixture *f = *state;

	poll(f, REPLY_BODY, NULL, -1, (struct settle){.hubs = hubs, .now_us = SATURDAY});
	assert_string_equal(f->state.hubs, hubs);
	poll(f, REPLY_BODY, NULL, -1, (struct settle){.partial = true, .now_us = SATURDAY});
	assert_string_equal(f->state.hubs, hubs);
	poll(f, REPLY_NOT_MODIFIED, NULL, -1, (struct settle){.now_us = SATURDAY});
	assert_string_equal(f->state.hubs, hubs);
	poll(f, REPLY_BODY, NULL, -1, (struct settle){.now_us = SATURDAY});
	assert_null(f->state.hubs);
}

static void test_adaptive(void **state)
{
	struct fixture *f = *state;
	const struct settle settle = {.hint_us = -1, .now_us = SATURDAY};

	f->feed->adaptive = true;
	/* Not known yet. */
	assert_int_equal(poll(f, REPLY_NOT_MODIFIED, NULL, -1, settle), HOUR_US);
	f->state.rhythm_us = 20 * HOUR_US;
	f->state.news_us = SATURDAY - HOUR_US;
	assert_int_equal(poll(f, REPLY_NOT_MODIFIED, NULL, -1, settle), 5 * HOUR_US);
	/* Silence is a rhythm, too. */
	f->state.news_us = SATURDAY - 40 * HOUR_US;
	assert_int_equal(poll(f, REPLY_NOT_MODIFIED, NULL, -1, settle), 10 * HOUR_US);
	f->state.news_us = SATURDAY - 400 * DAY_US;
	assert_int_equal(poll(f, REPLY_NOT_MODIFIED, NULL, -1, settle), DAY_US);
	f->feed->interval_max_us = 6 * HOUR_US;
	assert_int_equal(poll(f, REPLY_NOT_MODIFIED, NULL, -1, settle), 6 * HOUR_US);
	f->state.rhythm_us = MIN_US;
	f->state.news_us = SATURDAY - MIN_US;
	assert_int_equal(poll(f, REPLY_NOT_MODIFIED, NULL, -1, settle), HOUR_US);
	/* Bounds in the wrong order: never more often than agreed. */
	f->state.rhythm_us = 30 * DAY_US;
	f->feed->interval_us = 8 * HOUR_US;
	assert_int_equal(poll(f, REPLY_NOT_MODIFIED, NULL, -1, settle), 8 * HOUR_US);
}

static void test_move(void **state)
{
	struct fixture *f = *state;
	struct settle settle = {.hint_us = -1, .now_us = SATURDAY};

	for (unsigned i = 1; i <= 3; i++, settle.now_us += HOUR_US) {
		poll(f, REPLY_SAME_BODY, "https://new.example/feed", -1, settle);
		assert_int_equal(f->state.moving_polls, i);
		assert_int_equal(f->state.moving_since_us, SATURDAY);
	}
	/* A failure says nothing of the move; another target begins anew; none ends it. */
	poll(f, REPLY_HTTP_ERROR, NULL, -1, settle);
	assert_int_equal(f->state.moving_polls, 3);
	poll(f, REPLY_SAME_BODY, "https://newer.example/feed", -1, settle);
	assert_int_equal(f->state.moving_polls, 1);
	assert_int_equal(f->state.moving_since_us, settle.now_us);
	poll(f, REPLY_SAME_BODY, NULL, -1, settle);
	assert_null(f->state.moving_url);
	assert_int_equal(f->state.moving_polls, 0);

	/* What has moved is polled at its new place, until that fails three times. */
	f->state.moved_url = mem_strdup("https://new.example/feed");
	assert_string_equal(feed_state_url(&f->state, f->feed->url), "https://new.example/feed");
	assert_string_equal(feed_state_url(&f->state, "https://corrected.example/"),
		"https://corrected.example/");
	for (int i = 0; i < 2; i++) {
		poll(f, REPLY_HTTP_ERROR, NULL, -1, settle);
		assert_non_null(f->state.moved_url);
	}
	poll(f, REPLY_HTTP_ERROR, NULL, -1, settle);
	assert_string_equal(feed_state_url(&f->state, f->feed->url), f->feed->url);

	/* A corrected address starts anew. */
	f->state.moved_url = mem_strdup("https://new.example/feed");
	assert_true(schedule_forget(&f->state, "https://corrected.example/"));
	assert_null(f->state.moved_url);
}

static void test_useless_etag_stays_away(void **state)
{
	struct fixture *f = *state;

	f->state.url = mem_strdup(f->feed->url);
	f->state.etag = mem_strdup("\"a\"");
	f->state.last_modified = mem_strdup("Mon");
	for (int i = 0; i < 4; i++) {
		struct reply *reply = reply_new(f->feed, &f->state);
		reply->outcome = REPLY_SAME_BODY;
		reply->http_status = 200;
		reply->etag = mem_printf("\"%d\"", i);
		reply->last_modified = mem_strdup("Mon");
		schedule_settle(reply, &(struct settle){.hint_us = -1, .now_us = SATURDAY + i});
		feed_state_deinit(&f->state);
		feed_state_copy(&f->state, &reply->state);
		reply_free(reply);
		assert_null(f->state.etag);
		assert_string_equal(f->state.last_modified, "Mon");
	}
}

static void note(struct outage *outage, int host, enum fault fault, int64_t now)
{
	char url[64];

	snprintf(url, sizeof url, "https://host%d.example/feed", host);
	outage_note(outage, str_of(url), fault, now);
}

static void test_outage(void **state)
{
	struct outage outage = {0};
	int64_t now = SATURDAY;

	(void)state;
	/* Ten hosts answer, each in its way; one feed after another of a single host fails. */
	for (int i = 0; i < 10; i++)
		note(&outage, i, i % 2 ? FAULT_HTTP_STATUS : FAULT_NONE, now);
	for (int i = 0; i < 40; i++)
		note(&outage, 99, FAULT_UNREACHABLE, now);
	assert_false(outage_is(&outage, now));
	/* Then the line is cut. */
	for (int i = 0; i < 5; i++) {
		assert_false(outage_is(&outage, now));
		note(&outage, i, FAULT_NAME_TIMEOUT, now += SEC_US);
	}
	assert_true(outage_is(&outage, now));
	/* It comes back. */
	note(&outage, 0, FAULT_NONE, now);
	assert_false(outage_is(&outage, now));
	/* What was heard long ago is no witness. */
	note(&outage, 0, FAULT_TIMEOUT, now);
	assert_true(outage_is(&outage, now));
	assert_false(outage_is(&outage, now + 61 * MIN_US));

	/* Refused connections and certificates come from the other end. */
	outage = (struct outage){0};
	for (int i = 0; i < 20; i++)
		note(&outage, i, i % 2 ? FAULT_CONNECTION_REFUSED : FAULT_CERTIFICATE_EXPIRED, now);
	assert_false(outage_is(&outage, now));
	/* More hosts than are remembered. */
	for (int i = 0; i < 1000; i++)
		note(&outage, i, FAULT_UNREACHABLE, now + i);
	assert_true(outage_is(&outage, now + 1000));
	/* Files and our own trouble are nobody's host. */
	outage = (struct outage){0};
	for (int i = 0; i < 20; i++) {
		note(&outage, i, FAULT_LOCAL, now);
		outage_note(&outage, STR("file:///a"), FAULT_FILE, now);
	}
	assert_false(outage_is(&outage, now));
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(test_hours_to_skip),
		TEST(test_days_to_skip),
		TEST(test_publishing_moments),
		TEST(test_hints_ignored),
		TEST(test_hub_delivers),
		TEST(test_hubs_are_kept),
		TEST(test_adaptive),
		TEST(test_move),
		TEST(test_useless_etag_stays_away),
		TEST(test_outage),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
