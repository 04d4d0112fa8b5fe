/* CAP's Cancel: in any order, for good, and nothing but what it names. */
#include "wire_fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "digest/digest.h"
#include "groups.h"

static void test_cancel_withdraws(void **state)
{
	struct wire *wire = *state;

	WIRE_DOCUMENT(wire, ALERT("a", "m1", "Rain"), ALERT("b", "m2", "Wind"));
	wire_expect(wire, "published a 1 +b\npublished b 1 +b\n");
	WIRE_DOCUMENT(
		wire, CANCEL("c", "m3", "m1"), ALERT("a", "m1", "Rain"), ALERT("b", "m2", "Wind"));
	wire_expect(wire, "withdrawn a 2\npublished c 1\n");
	assert_int_equal(wire->counts.withdrawn, 1);
	/* Whatever is listed afterwards, and however it looks. */
	WIRE_DOCUMENT(wire, ALERT("a", "m1", "Heavy rain"), CANCEL("c", "m3", "m1"));
	WIRE_DOCUMENT(wire, ALERT("a", "m1", "Rain"));
	WIRE_DOCUMENT(wire, ALERT("b", "m2", "Wind"));
	WIRE_DOCUMENT(wire, ALERT("a", "m1", "Rain"), ALERT("b", "m2", "Wind"));
	wire_expect(wire, "");
}

static void test_cancel_comes_first(void **state)
{
	struct wire *wire = *state;

	WIRE_DOCUMENT(wire, CANCEL("c", "m3", "m1"));
	WIRE_DOCUMENT(wire, ALERT("a", "m1", "Rain"));
	WIRE_DOCUMENT(wire, ALERT("a", "m1", "Heavy rain"), ALERT("b", "m2", "Wind"));
	wire_expect(wire, "published c 1 +b\npublished b 1\n");
}

/* The order inside of a document decides nothing: what is taken back is not told at all. */
static void test_both_in_one_document(void **state)
{
	struct wire *wire = *state;

	WIRE_DOCUMENT(wire, ALERT("a", "m1", "Rain"), CANCEL("c", "m3", "m1"));
	wire_expect(wire, "published c 1 +b\n");
	WIRE_DOCUMENT(wire, CANCEL("d", "m5", "m4"), ALERT("e", "m4", "Snow"));
	wire_expect(wire, "published d 1\n");
}

static void test_cancel_in_a_later_batch(void **state)
{
	struct wire *wire = *state;
	struct batch *batches[] = {WIRE_BATCH(wire, ALERT("a", "m1", "Rain")),
		WIRE_BATCH(wire, CANCEL("c", "m3", "m1"))};

	batches[0]->last = batches[1]->first = false;
	wire_commit(wire, batches, 2);
	wire_expect(wire, "published a 1 +b\nwithdrawn a 2\npublished c 1 +b\n");
}

/* Entries without anything of CAP, whose guid is the identifier. */
static void test_guid_is_the_identifier(void **state)
{
	struct wire *wire = *state;

	WIRE_DOCUMENT(wire, ITEM("m1", NULL, "Rain", "x"), ITEM("m2", NULL, "Wind", "x"));
	WIRE_DOCUMENT(wire, CANCEL("m3", "m3", "m1 m9"), ITEM("m1", NULL, "Rain", "x"));
	WIRE_DOCUMENT(wire, ITEM("m1", NULL, "Rain", "y"), ITEM("m9", NULL, "Snow", "x"));
	wire_expect(wire, "published m1 1 +b\npublished m2 1 +b\nwithdrawn m1 2\npublished m3 1\n");
}

/* One entry for a region: one message after the other in the same place. */
static void test_place_is_used_again(void **state)
{
	struct wire *wire = *state;

	WIRE_DOCUMENT(wire, ALERT("region", "m1", "Rain"));
	WIRE_DOCUMENT(wire, CANCEL("c", "m2", "m1"), ALERT("region", "m1", "Rain"));
	wire_expect(wire, "published region 1 +b\nwithdrawn region 2\npublished c 1\n");
	WIRE_DOCUMENT(wire, ALERT("region", "m4", "Storm"), CANCEL("c", "m2", "m1"));
	wire_expect(wire, "updated region 3\n");
	/* A late Cancel of what was there before takes nothing from what is there now. */
	WIRE_DOCUMENT(wire, ALERT("region", "m5", "Storm II"));
	WIRE_DOCUMENT(wire, CANCEL("d", "m6", "m4"));
	wire_expect(wire, "updated region 4\npublished d 1\n");
	WIRE_DOCUMENT(wire, CANCEL("e", "m7", "m5"));
	wire_expect(wire, "withdrawn region 5\npublished e 1\n");
}

/* The Cancel stands where the alert stood. */
static void test_cancel_takes_the_place(void **state)
{
	struct wire *wire = *state;

	WIRE_DOCUMENT(wire, ALERT("region", "m1", "Rain"));
	WIRE_DOCUMENT(wire, CANCEL("region", "m2", "m1"));
	WIRE_DOCUMENT(wire, CANCEL("region", "m2", "m1"));
	wire_expect(wire, "published region 1 +b\nwithdrawn region 2\n");
	WIRE_DOCUMENT(wire, ALERT("region", "m3", "Rain again"));
	wire_expect(wire, "updated region 3\n");
}

static void test_mark_outlasts_a_year_of_listing(void **state)
{
	struct wire *wire = *state;

	WIRE_DOCUMENT(wire, CANCEL("c", "m3", "m1"));
	for (int month = 0; month < 20; month++) {
		wire->now_us += 30 * DAY_US;
		WIRE_DOCUMENT(wire, ALERT("a", "m1", "Rain"));
	}
	wire_expect(wire, "published c 1 +b\n");
}

static void test_feeds_guids_repeat(void **state)
{
	struct wire *wire = *state;
	struct batch *batch = WIRE_BATCH(wire, ALERT("a", "m1", "Rain"), ALERT("b", "m2", "Wind"));

	wire_commit_one(wire, batch);
	batch = WIRE_BATCH(wire, ALERT("a", "m1", "Rain"), ALERT("b", "m2", "Wind"));
	batch->guids_repeat = true;
	wire_commit_one(wire, batch);
	WIRE_DOCUMENT(
		wire, CANCEL("c", "m3", "m2"), ALERT("a", "m1", "Rain"), ALERT("b", "m2", "Wind"));
	wire_expect(wire, "published a 1 +b\npublished b 1 +b\nwithdrawn b 2\npublished c 1\n");
}

/* From the bytes of a feed to its events: days of a weather office. */

#define FEED(entries) \
	"<?xml version='1.0'?><feed xmlns='http://www.w3.org/2005/Atom'" \
	" xmlns:cap='urn:oasis:names:tc:emergency:cap:1.2'>" \
	"<title>Office</title><id>tag:office.example,2017:f</id>" entries "</feed>"
#define ENTRY(id, sender, identifier, type, more) \
	"<entry><id>" id "</id><title>" id "</title><updated>2017-05-12T10:00:00Z</updated>" \
	"<cap:identifier>" identifier "</cap:identifier><cap:sender>" sender "</cap:sender>" \
	"<cap:msgType>" type "</cap:msgType>" more "</entry>"
#define PLAIN(id) \
	"<entry><id>" id "</id><title>" id "</title><updated>2017-05-12T10:00:00Z</updated></" \
	"entry>"
#define REFERENCES(text) "<cap:references>" text "</cap:references>"

static int refuse_batch(struct digest_sink *sink, struct batch *batch)
{
	(void)sink;
	batch_free(batch);
	return -1;
}

static void poll(struct wire *wire, struct digester *digester, const char *document)
{
	struct reply *reply = reply_new(wire->feed, &wire->state);
	struct digest_sink sink = {refuse_batch};
	struct digest_summary summary;
	struct batch *batch = NULL;

	wire->now_us += HOUR_US;
	reply->outcome = REPLY_BODY;
	reply->finished_us = wire->now_us;
	assert_int_equal(body_append(&reply->body, document, strlen(document)), 0);
	assert_int_equal(
		digest_run(digester, reply, wire->now_us, &sink, &batch, &summary, &wire->error),
		0);
	feed_state_copy(&batch->state, &wire->state);
	batch->state.health = FEED_FINE;
	batch->state.last_success_us = batch->state.last_change_us = wire->now_us;
	wire_commit_one(wire, batch);
	reply_free(reply);
}

static void test_series(void **state)
{
	struct wire *wire = *state;
	struct digester *digester = digester_new(NULL);

	poll(wire, digester,
		FEED(ENTRY("urn:1", "w@o.example", "M1", "Alert", "")
				ENTRY("urn:2", "w@o.example", "M2", "Alert", "")));
	/* An update takes nothing back; another office's message of that name is another one; and
	 * nobody acts on a draft. */
	poll(wire, digester,
		FEED(ENTRY("urn:3", "w@o.example", "M3", "Update",
			REFERENCES("w@o.example,M1,2017-05-12T10:00:00-00:00")) ENTRY("urn:4",
			"w@o.example", "M4", "Cancel",
			REFERENCES("x@p.example,M1,2017-05-12T10:00:00-00:00"))
				ENTRY("urn:9", "w@o.example", "M9", "Cancel",
					"<cap:status>Draft</cap:status>" REFERENCES(
						"w@o.example,M1,2017-05-12T10:00:00-00:00"))));
	wire_expect(wire, "published urn:1 1 +b\npublished urn:2 1 +b\n"
			  "published urn:3 1\npublished urn:4 1\npublished urn:9 1\n");
	poll(wire, digester,
		FEED(ENTRY("urn:5", "w@o.example", "M5", "Cancel",
			REFERENCES("w@o.example,M1,2017-05-12T10:00:00-00:00\n "
				   "w@o.example,M3,2017-05-12T11:00:00-00:00"))
				ENTRY("urn:1", "w@o.example", "M1", "Alert", "")));
	wire_expect(wire, "withdrawn urn:1 2\nwithdrawn urn:3 2\npublished urn:5 1\n");
	/* A mirror that lags behind lists it once more, and not for the last time. */
	poll(wire, digester,
		FEED(ENTRY("urn:1", "w@o.example", "M1", "Alert", "")
				ENTRY("urn:2", "w@o.example", "M2", "Alert", "")));
	poll(wire, digester, FEED(""));
	poll(wire, digester, FEED(ENTRY("urn:1", "w@o.example", "M1", "Alert", "")));
	wire_expect(wire, "");
	/* Entries that have nothing of CAP, and references that have no sender. */
	poll(wire, digester, FEED(PLAIN("M7") PLAIN("M8")));
	wire_expect(wire, "published M7 1\npublished M8 1\n");
	poll(wire, digester,
		FEED(PLAIN("M7") PLAIN("M8") ENTRY("urn:10", "w@o.example", "M10", "cancel",
			REFERENCES(" ,, w@o.example,M7,2017-05-12T10:00:00-00:00 M8 "))));
	wire_expect(wire, "withdrawn M7 2\nwithdrawn M8 2\npublished urn:10 1\n");
	digester_free(digester);
}

int cancel_tests(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, wire_setup, wire_teardown)
	const struct CMUnitTest tests[] = {
		TEST(test_cancel_withdraws),
		TEST(test_cancel_comes_first),
		TEST(test_both_in_one_document),
		TEST(test_cancel_in_a_later_batch),
		TEST(test_guid_is_the_identifier),
		TEST(test_place_is_used_again),
		TEST(test_cancel_takes_the_place),
		TEST(test_mark_outlasts_a_year_of_listing),
		TEST(test_feeds_guids_repeat),
		TEST(test_series),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
