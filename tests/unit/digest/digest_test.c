#include "digest/digest.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <unistd.h>
#include <cmocka.h>
#include <jansson.h>

#include "base/list.h"

/* 2017-05-12T12:00:00Z */
#define NOW_S INT64_C(1494590400)

#define RSS(channel) "<?xml version='1.0'?><rss version='2.0'><channel>" channel "</channel></rss>"
#define ITEM(guid, link, title) \
	"<item><guid isPermaLink='false'>" guid "</guid><link>" link "</link><title>" title \
	"</title></item>"

struct fixture {
	struct digester *digester;
	struct feed *feed;
	struct reply *reply;
	struct digest_sink sink;
	struct batch *batches[8];
	size_t n;
	int refuse; /* what the sink returns */
	struct digest_summary summary;
	struct error error;
	struct digest_out out;
	struct buf printed;
	size_t pieces, largest; /* in which it was printed */
	bool spoil;             /* the body cannot be read further after the first piece */
};

static int on_piece(struct digest_out *out, struct str piece)
{
	struct fixture *f = container_of(out, struct fixture, out);

	buf_str(&f->printed, piece);
	f->pieces++;
	f->largest = piece.n > f->largest ? piece.n : f->largest;
	if (f->spoil && f->pieces == 1) {
		int folder = open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		assert_true(folder >= 0);
		assert_int_equal(dup2(folder, f->reply->body.fd), f->reply->body.fd);
		close(folder);
	}
	return f->refuse;
}

static int on_batch(struct digest_sink *sink, struct batch *batch)
{
	struct fixture *f = container_of(sink, struct fixture, sink);

	assert_false(batch->last);
	assert_in_range(f->n, 0, 6);
	f->batches[f->n++] = batch;
	return f->refuse;
}

static int setup(void **state)
{
	struct fixture *f = mem_zalloc(1, sizeof *f);
	struct feed_state none = {0};

	assert_int_equal(hash_global_init(), 0);
	f->digester = digester_new(NULL);
	f->feed = feed_new();
	f->feed->id = "co-mde.aci.noticias";
	f->feed->url = "http://aci.example/feed";
	f->feed->language = "es";
	f->reply = reply_new(f->feed, &none);
	f->reply->outcome = REPLY_BODY;
	f->reply->finished_us = NOW_S * SEC_US;
	f->sink.batch = on_batch;
	f->out.write = on_piece;
	*state = f;
	return 0;
}

static void drop_batches(struct fixture *f)
{
	while (f->n)
		batch_free(f->batches[--f->n]);
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	drop_batches(f);
	buf_deinit(&f->printed);
	reply_free(f->reply);
	feed_unref(f->feed);
	digester_free(f->digester);
	free(f);
	return 0;
}

static int run(struct fixture *f, const char *body)
{
	struct batch *last = NULL;
	int r;

	drop_batches(f);
	body_deinit(&f->reply->body);
	f->reply->body = BODY_INIT;
	assert_int_equal(body_append(&f->reply->body, body, strlen(body)), 0);
	f->error = (struct error){0};
	r = digest_run(
		f->digester, f->reply, NOW_S * SEC_US, &f->sink, &last, &f->summary, &f->error);
	if (r == 0) {
		assert_non_null(last);
		assert_true(last->last);
		f->batches[f->n++] = last;
	} else {
		assert_null(last);
	}
	return r;
}

static int try_print(struct fixture *f)
{
	struct digest_print_options options = {.hints = {.url = STR("http://aci.example/feed")},
		.language = STR("es"),
		.now_s = NOW_S};

	buf_clear(&f->printed);
	f->pieces = f->largest = 0;
	return digest_print(f->digester, &f->reply->body, &options, &f->out, &f->error);
}

/* What was printed, read by another program's JSON reader. */
static json_t *printed(const struct fixture *f)
{
	json_t *document = json_loadb(f->printed.p, f->printed.n, 0, NULL);

	assert_non_null(document);
	return document;
}

/* What `civicwire parse` prints for the same body. */
static json_t *print(struct fixture *f)
{
	assert_int_equal(try_print(f), 0);
	return printed(f);
}

static const struct batch *last(const struct fixture *f)
{
	return f->batches[f->n - 1];
}

static void assert_member(struct str data, const char *name, const char *want)
{
	json_t *object = json_loadb(data.p, data.n, 0, NULL);

	assert_non_null(object);
	assert_string_equal(json_string_value(json_object_get(object, name)), want);
	json_decref(object);
}

static void test_one_batch(void **state)
{
	struct fixture *f = *state;
	const struct batch_item *item;

	f->feed->themes = (const char *[]){"awards", "resilience"};
	f->feed->n_themes = 2;
	assert_int_equal(
		run(f, RSS("<title>ACI</title><ttl>30</ttl>"
			   "<item><guid>http://aci.example/?p=1</guid><title>Premio</title>"
			   "<pubDate>Fri, 12 May 2017 09:00:00 GMT</pubDate></item>" ITEM(
				   "2", "http://aci.example/2", "Dos"))),
		0);
	assert_int_equal(f->n, 1);
	assert_true(last(f)->first && last(f)->parsed);
	assert_false(last(f)->complete || last(f)->guids_repeat);
	assert_int_equal(last(f)->n_items, 2);
	assert_int_equal(last(f)->received_us, NOW_S * SEC_US);
	assert_ptr_equal(last(f)->feed, f->feed);
	item = &last(f)->items[0];
	assert_true(str_is(item->subject, "http://aci.example/?p=1"));
	assert_true(str_is(item->language, "es"));
	assert_int_equal(item->time_s, NOW_S - 3 * 3600);
	assert_int_equal(item->n_themes, 2);
	assert_true(str_is(item->themes[0], "awards"));
	assert_member(item->data, "title", "Premio");
	assert_int_equal(last(f)->items[1].time_s, TIME_NONE);
	assert_int_equal(f->summary.items, 2);
	assert_int_equal(f->summary.format, FORMAT_RSS20);
	assert_int_equal(f->summary.ttl_us, 30 * MIN_US);
}

static void test_future_has_no_time(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(run(f, RSS("<item><guid>1</guid>"
				    "<pubDate>Fri, 12 May 2028 09:00:00 GMT</pubDate></item>")),
		0);
	assert_int_equal(last(f)->items[0].time_s, TIME_NONE);
	assert_member(last(f)->items[0].data, "date_published", "2028-05-12T09:00:00Z");
}

/* The same items, in the same words, whoever asks. */
static void test_print_agrees(void **state)
{
	struct fixture *f = *state;
	json_t *document, *items;

	assert_int_equal(run(f, RSS("<title>ACI</title>" ITEM("1", "http://a.example/1", "Uno")
						ITEM("1", "http://a.example/1", "Uno otra vez")
							ITEM("2", "http://a.example/2", "Dos"))),
		0);
	document = print(f);
	items = json_object_get(document, "items");
	assert_int_equal(last(f)->n_items, 2);
	assert_int_equal(json_array_size(items), 2);
	for (size_t i = 0; i < 2; i++) {
		json_t *item =
			json_loadb(last(f)->items[i].data.p, last(f)->items[i].data.n, 0, NULL);
		assert_true(json_equal(item, json_array_get(items, i)));
		json_decref(item);
	}
	assert_string_equal(json_string_value(json_object_get(document, "title")), "ACI");
	assert_int_equal(
		json_array_size(json_object_get(json_object_get(document, "_feed"), "flaws")), 0);
	json_decref(document);
}

static void test_guids_repeat(void **state)
{
	struct fixture *f = *state;
	json_t *document, *flaws;

	assert_int_equal(run(f, RSS(ITEM("1", "http://a.example/1", "Uno") ITEM(
					"1", "http://a.example/2", "Dos") ITEM("1", "", "Tres"))),
		0);
	assert_int_equal(last(f)->n_items, 2); /* a guid again without a link is the first one */
	assert_true(last(f)->guids_repeat && f->summary.guids_repeat);
	assert_true(hash_eq(&last(f)->items[0].key, &last(f)->items[1].key));
	assert_false(hash_eq(&last(f)->items[0].key_link, &last(f)->items[1].key_link));
	assert_true(str_is(last(f)->items[0].subject, "1"));
	assert_true(str_is(last(f)->items[1].subject, "1 http://a.example/2"));
	document = print(f);
	flaws = json_object_get(json_object_get(document, "_feed"), "flaws");
	assert_string_equal(json_string_value(json_array_get(flaws, 0)), "guids-repeat");
	assert_int_equal(json_array_size(json_object_get(document, "items")), 2);
	json_decref(document);

	assert_int_equal(run(f, RSS(ITEM("1", "http://a.example/1", "Uno"))), 0);
	assert_false(f->summary.guids_repeat); /* each document speaks for itself */
	assert_true(str_is(last(f)->items[0].subject, "1"));
	/* Of a feed that is known for it, in whatever order they come. */
	f->reply->state.guids_repeat = true;
	assert_int_equal(run(f, RSS(ITEM("1", "http://a.example/1", "Uno"))), 0);
	assert_true(str_is(last(f)->items[0].subject, "1 http://a.example/1"));
}

/* A podcast that names its home page as the link of every episode, and no guids. */
static void test_links_repeat(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(
		run(f, RSS("<item><link>http://a.example/</link><title>1</title></item>"
			   "<item><link>http://a.example/</link><title>2</title></item>"
			   "<item><link>http://a.example/</link><title>2</title></item>"
			   "<item><link>http://a.example/3</link><title>2</title></item>")),
		0);
	assert_int_equal(last(f)->n_items, 3);
	assert_true(f->summary.guids_repeat);
	assert_false(str_eq(last(f)->items[0].subject, last(f)->items[1].subject));
	assert_true(hash_eq(&last(f)->items[0].key, &last(f)->items[1].key));
	assert_false(hash_eq(&last(f)->items[0].key_link, &last(f)->items[1].key_link));
	assert_int_equal(run(f, RSS("<item><link>http://a.example/</link></item>"
				    "<item><link>https://www.a.example/</link></item>")),
		0);
	assert_int_equal(last(f)->n_items, 1);
	assert_false(f->summary.guids_repeat);
}

static void test_complete(void **state)
{
	struct fixture *f = *state;

	f->feed->complete = true;
	assert_int_equal(run(f, RSS(ITEM("1", "http://a.example/1", "Uno"))), 0);
	assert_true(last(f)->complete);
	assert_int_equal(run(f, "<rss version='2.0'><channel>" ITEM(
					"1", "http://a.example/1", "U") "<item><guid>2</guid>"),
		0);
	assert_false(last(f)->complete); /* cut off: what is missing may only be lost */
	assert_true(f->summary.flaws & (FLAW_NOT_WELL_FORMED | FLAW_TRUNCATED));
	assert_int_equal(run(f, RSS("<item><guid>1</guid></b></item>")), 0);
	assert_false(last(f)->complete);
}

static void add_items(struct buf *out, size_t n, size_t bytes)
{
	buf_lit(out, "<rss version='2.0'><channel>");
	for (size_t i = 0; i < n; i++) {
		buf_printf(out, "<item><guid>http://a.example/%zu</guid><description>", i);
		for (size_t k = 0; k < bytes; k += 8)
			buf_lit(out, "palabra ");
		buf_lit(out, "</description></item>");
	}
	buf_lit(out, "</channel></rss>");
}

static void test_batches_are_bounded(void **state)
{
	struct fixture *f = *state;
	struct buf body = BUF_INIT;
	size_t items = 0;

	add_items(&body, BATCH_ITEMS_MAX * 2, 8);
	assert_int_equal(run(f, buf_cstr(&body)), 0);
	assert_int_equal(f->n, 2);
	assert_true(f->batches[0]->first && !f->batches[1]->first);
	assert_int_equal(f->batches[0]->n_items, BATCH_ITEMS_MAX);
	assert_int_equal(f->batches[1]->n_items, BATCH_ITEMS_MAX);
	assert_int_equal(f->summary.items, BATCH_ITEMS_MAX * 2);

	buf_clear(&body);
	add_items(&body, 100, 256 * 1024);
	assert_int_equal(run(f, buf_cstr(&body)), 0);
	assert_true(f->n > 2);
	for (size_t i = 0; i < f->n; i++) {
		assert_in_range(f->batches[i]->bytes, 1, BATCH_BYTES_MAX);
		items += f->batches[i]->n_items;
	}
	assert_int_equal(items, 100);
	buf_deinit(&body);
}

static void test_sink_stops(void **state)
{
	struct fixture *f = *state;
	struct buf body = BUF_INIT;

	add_items(&body, BATCH_ITEMS_MAX * 3, 8);
	f->refuse = -ECANCELED;
	assert_int_equal(run(f, buf_cstr(&body)), -ECANCELED);
	assert_int_equal(f->n, 1);
	buf_deinit(&body);
}

static void set_body(struct fixture *f, const struct buf *bytes)
{
	body_deinit(&f->reply->body);
	assert_int_equal(body_append(&f->reply->body, bytes->p, bytes->n), 0);
}

static void test_prints_in_pieces(void **state)
{
	struct fixture *f = *state;
	struct buf body = BUF_INIT;

	add_items(&body, 2000, 1000);
	set_body(f, &body);
	json_t *document = print(f);
	assert_int_equal(json_array_size(json_object_get(document, "items")), 2000);
	assert_int_equal(f->pieces > 100, true);
	assert_in_range(f->largest, 1, 32 * 1024);
	json_decref(document);

	f->refuse = -EPIPE;
	assert_int_equal(try_print(f), -EPIPE);
	assert_int_equal(f->pieces, 1);
	buf_deinit(&body);
}

/* What cannot be read to its end is a document all the same, that says so. */
static void test_prints_to_where_it_fails(void **state)
{
	struct fixture *f = *state;
	struct buf body = BUF_INIT;

	add_items(&body, 2000, 1000);
	set_body(f, &body);
	assert_true(f->reply->body.fd >= 0);
	f->spoil = true;
	assert_int_equal(try_print(f), -EISDIR);
	json_t *document = printed(f);
	assert_in_range(json_array_size(json_object_get(document, "items")), 10, 1000);
	assert_string_equal(json_string_value(json_object_get(document, "error")), f->error.text);
	json_decref(document);
	buf_deinit(&body);
}

/* Nothing is printed of what is no feed, however long it is. */
static void test_prints_no_feed(void **state)
{
	struct fixture *f = *state;
	struct buf body = BUF_INIT;

	buf_lit(&body, "<opml>");
	for (size_t i = 0; i < 20000; i++)
		buf_lit(&body, "<outline text='a'/>");
	buf_lit(&body, "</opml>");
	set_body(f, &body);
	assert_int_equal(try_print(f), -EBADMSG);
	assert_int_equal(f->pieces, 0);
	buf_deinit(&body);
}

/* One key after another, far beyond what is kept between documents, and again. */
static void test_repeats_of_many(void **state)
{
	struct fixture *f = *state;
	struct buf body = BUF_INIT;

	for (size_t round = 0; round < 2; round++) {
		buf_clear(&body);
		buf_lit(&body, "<rss version='2.0'><channel>");
		for (size_t i = 0; i < 6000; i++)
			buf_printf(&body, "<item><guid>%zu</guid></item>", i % 3000);
		buf_lit(&body, "</channel></rss>");
		assert_int_equal(run(f, buf_cstr(&body)), 0);
		assert_int_equal(f->summary.items, 3000);
		assert_false(f->summary.guids_repeat);
	}
	buf_deinit(&body);
}

static void test_no_feed(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(run(f, "<html><body>Error</body></html>"), -EBADMSG);
	assert_true(f->error.text[0]);
	assert_int_equal(run(f, ""), -EBADMSG);
	assert_true(f->error.text[0]);
	assert_int_equal(run(f, RSS(ITEM("1", "", "Uno"))), 0); /* and goes on working */
}

/* What escapes and lists make too long for an event is cut down, and still JSON. */
static void test_too_long(void **state)
{
	struct fixture *f = *state;
	struct buf body = BUF_INIT;
	const struct batch_item *item;
	json_t *data, *flaws;

	buf_lit(&body, "<rss version='2.0'><channel><item><guid>1</guid><description>");
	for (size_t i = 0; i < 700000; i++)
		buf_lit(&body, "\"");
	buf_lit(&body, "</description></item></channel></rss>");
	assert_int_equal(run(f, buf_cstr(&body)), 0);
	item = &last(f)->items[0];
	assert_in_range(item->data.n, 1000, 1024 * 1024);
	data = json_loadb(item->data.p, item->data.n, 0, NULL);
	assert_non_null(data);
	assert_true(json_string_length(json_object_get(data, "content_text")) > 1000);
	flaws = json_object_get(data, "_flaws");
	assert_string_equal(json_string_value(json_array_get(flaws, json_array_size(flaws) - 1)),
		"content-cut");
	json_decref(data);
	buf_deinit(&body);
}

static void test_hints_of_period(void **state)
{
	struct fixture *f = *state;
	static const struct {
		const char *channel;
		int64_t us;
	} cases[] = {
		{RSS(""), -1},
		{RSS("<ttl>0</ttl>"), -1},
		{RSS("<ttl>-5</ttl>"), -1},
		{RSS("<ttl> 15 </ttl>"), 15 * MIN_US},
		{"<rss version='2.0' "
		 "xmlns:sy='http://purl.org/rss/1.0/modules/syndication/'><channel>"
		 "<sy:updatePeriod>hourly</sy:updatePeriod><sy:updateFrequency>4</"
		 "sy:updateFrequency>"
		 "</channel></rss>",
			HOUR_US / 4},
		{"<rss version='2.0' "
		 "xmlns:sy='http://purl.org/rss/1.0/modules/syndication/'><channel>"
		 "<sy:updatePeriod>daily</sy:updatePeriod><sy:updateFrequency>0</"
		 "sy:updateFrequency>"
		 "</channel></rss>",
			DAY_US},
	};

	/* When it publishes: moments on the grid of its period. */
#define SY_DAILY(base) \
	"<rss version='2.0' xmlns:sy='http://purl.org/rss/1.0/modules/syndication/'><channel>" \
	"<sy:updatePeriod>daily</sy:updatePeriod><sy:updateFrequency>2</sy:updateFrequency>" \
	"<sy:updateBase>" base "</sy:updateBase></channel></rss>"
	static const struct {
		const char *channel;
		int64_t us;
	} bases[] = {
		{SY_DAILY("2000-01-01T15:30+00:00"), 3 * HOUR_US + 30 * MIN_US},
		{SY_DAILY("2000-01-01T15:30-06:00"), 9 * HOUR_US + 30 * MIN_US},
		{SY_DAILY("1970-01-01T00:00+00:00"), DAY_US / 2},
		{SY_DAILY("1969-12-31T23:00+00:00"), 11 * HOUR_US},
		{SY_DAILY("noon"), 0},
		{SY_DAILY(""), 0},
		{RSS("<ttl>60</ttl>"), 0},
	};
	for (size_t i = 0; i < sizeof bases / sizeof *bases; i++) {
		assert_int_equal(run(f, bases[i].channel), 0);
		assert_int_equal(f->summary.phase_us, bases[i].us);
	}
	/* When it is not to be asked: RSS 0.91 counts hours to 24, and what is no hour or day is none. */
	assert_int_equal(
		run(f, "<rss version='2.0'><channel><skipHours><hour>0</hour><hour> 5 </hour>"
		       "<hour>24</hour><hour>25</hour><hour>x</hour></skipHours><skipDays>"
		       "<day>Sunday</day><day>saturday</day><day>Sonntag</day></skipDays>"
		       "</channel></rss>"),
		0);
	assert_int_equal(f->summary.skip_hours, 1u << 0 | 1u << 5);
	assert_int_equal(f->summary.skip_days, 1u << 0 | 1u << 6);
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		assert_int_equal(run(f, cases[i].channel), 0);
		assert_int_equal(f->summary.skip_hours, 0);
		assert_int_equal(f->summary.ttl_us, cases[i].us);
	}
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_one_batch),
		TEST(test_future_has_no_time),
		TEST(test_print_agrees),
		TEST(test_guids_repeat),
		TEST(test_links_repeat),
		TEST(test_complete),
		TEST(test_batches_are_bounded),
		TEST(test_sink_stops),
		TEST(test_prints_in_pieces),
		TEST(test_prints_to_where_it_fails),
		TEST(test_prints_no_feed),
		TEST(test_repeats_of_many),
		TEST(test_no_feed),
		TEST(test_too_long),
		TEST(test_hints_of_period),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
