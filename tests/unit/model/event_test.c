/* The envelope of an event, read back with another JSON library: what subscribers rely on. */
#include "model/event.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>
#include <jansson.h>

#include "base/cleanup.h"

/* 2017-05-12T15:04:05Z */
#define TIME_S INT64_C(1494601445)

static const char *networks[] = {"al-las", "uclg"};
static const struct str themes[] = {{"awards", 6}, {"resilience", 10}};

/* What the first example in the documentation of events says. */
static struct event example(struct feed *feed)
{
	feed->id = "co-mde.aci.noticias";
	feed->city = "co-mde";
	feed->agency = "aci";
	feed->name = "noticias";
	feed->path = "co-mde/aci/noticias";
	feed->networks = networks;
	feed->n_networks = 2;
	struct event e = {.type = EVENT_ITEM_PUBLISHED,
		.feed = feed,
		.publisher = "https://wire.example.org",
		.version = 1,
		.subject = STR("https://aci.example/?p=4711"),
		.time_s = TIME_S,
		.recorded_us = (TIME_S + 386) * SEC_US + 250 * MSEC_US,
		.language = STR("es-CO"),
		.themes = themes,
		.n_themes = 2,
		.data = STR("{\"id\":\"x\",\"content_text\":\"\"}")};
	for (unsigned i = 0; i < HASH_SIZE; i++)
		e.item.b[i] = (uint8_t)i;
	return e;
}

/* The event as another program reads it; strictly, so that a member twice is an error. */
static json_t *written(const struct event *e, uint64_t seq)
{
	cleanup(buf_deinit) struct buf out = BUF_INIT;
	json_error_t error = {0};

	event_write(&out, e, seq);
	json_t *root = json_loadb(out.p, out.n, JSON_REJECT_DUPLICATES, &error);
	if (!root)
		print_error("%.*s\n%s\n", STR_FMT(buf_view(&out)), error.text);
	assert_non_null(root);
	assert_true(json_is_object(root));
	return root;
}

static void has_text(const json_t *root, const char *name, const char *expected)
{
	const char *text = json_string_value(json_object_get(root, name));

	if (!text)
		print_error("%s is absent\n", name);
	assert_non_null(text);
	assert_string_equal(text, expected);
}

static void test_every_member(void **state)
{
	struct feed *feed = feed_new();
	struct event e = example(feed);

	(void)state;
	e.backfill = true;
	json_t *root = written(&e, 4213);
	has_text(root, "specversion", "1.0");
	has_text(root, "id", "co-mde.aci.noticias/AAECAwQFBgcICQoLDA0ODw/1");
	has_text(root, "source", "https://wire.example.org/co-mde/aci/noticias");
	has_text(root, "type", "org.civicwire.item.published.v1");
	has_text(root, "subject", "https://aci.example/?p=4711");
	has_text(root, "time", "2017-05-12T15:04:05Z");
	has_text(root, "recordedtime", "2017-05-12T15:10:31.250Z");
	has_text(root, "sequence", "00000000000000004213");
	has_text(root, "datacontenttype", "application/json");
	has_text(root, "dataschema", "https://wire.example.org/schema/item-1.json");
	has_text(root, "cwfeed", "co-mde.aci.noticias");
	has_text(root, "cwcity", "co-mde");
	has_text(root, "cwnetworks", "al-las uclg");
	has_text(root, "cwthemes", "awards resilience");
	has_text(root, "cwlang", "es-CO");
	has_text(root, "cwkind", "news");
	assert_true(json_is_true(json_object_get(root, "cwbackfill")));
	const json_t *data = json_object_get(root, "data");
	has_text(data, "id", "x");
	has_text(data, "content_text", "");
	assert_int_equal(json_object_size(data), 2);
	assert_int_equal(json_object_size(root), 18);
	json_decref(root);
	feed_unref(feed);
}

/* What is not known is absent: neither null nor empty, for a CloudEvents attribute may be neither. */
static void test_absent_members(void **state)
{
	static const char *const absent[] = {
		"subject", "time", "cwnetworks", "cwthemes", "cwlang", "cwbackfill"};
	struct feed *feed = feed_new();
	struct event e = example(feed);

	(void)state;
	feed->n_networks = e.n_themes = 0;
	e.subject = e.language = STR_NONE;
	e.time_s = TIME_NONE;
	json_t *root = written(&e, 1);
	for (size_t i = 0; i < sizeof absent / sizeof *absent; i++)
		assert_null(json_object_get(root, absent[i]));
	assert_int_equal(json_object_size(root), 12);
	json_decref(root);
	feed_unref(feed);
}

/* Foreign bytes, and the operator's, stay inside their quotes. */
static void test_escaping(void **state)
{
	static const char subject[] = "a\"b\\c\n\t\x01\x7f</script>\xe2\x80\xa8\xf0\x9f\x8c\x8d";
	struct feed *feed = feed_new();
	struct event e = example(feed);

	(void)state;
	e.subject = str_of(subject);
	e.language = STR("e\"s");
	e.publisher = "https://wire.example.org/a\"b\\";
	json_t *root = written(&e, UINT64_MAX);
	has_text(root, "subject", subject);
	has_text(root, "cwlang", "e\"s");
	has_text(root, "source", "https://wire.example.org/a\"b\\/co-mde/aci/noticias");
	has_text(root, "dataschema", "https://wire.example.org/a\"b\\/schema/item-1.json");
	has_text(root, "sequence", "18446744073709551615");
	json_decref(root);
	feed_unref(feed);
}

static void test_types_and_ids(void **state)
{
	static const struct {
		enum event_type type;
		const char *name, *id;
	} cases[] = {
		{EVENT_ITEM_PUBLISHED, "item.published", "/_____________________w/2"},
		{EVENT_ITEM_UPDATED, "item.updated", "/_____________________w/2"},
		{EVENT_ITEM_WITHDRAWN, "item.withdrawn", "/_____________________w/2"},
		{EVENT_FEED_FAILING, "feed.failing", "/~failing/77"},
		{EVENT_FEED_RECOVERED, "feed.recovered", "/~recovered/77"},
		{EVENT_FEED_MOVED, "feed.moved", "/~moved/77"},
		{EVENT_FEED_GONE, "feed.gone", "/~gone/77"},
		{EVENT_FEED_QUIET, "feed.quiet", "/~quiet/77"},
		{EVENT_FEED_NOISY, "feed.noisy", "/~noisy/77"},
	};
	struct feed *feed = feed_new();
	struct event e = example(feed);
	char text[100];

	(void)state;
	assert_int_equal(sizeof cases / sizeof *cases, EVENT_TYPE_COUNT);
	memset(e.item.b, 0xff, sizeof e.item.b);
	e.version = 2;
	for (size_t i = 0; i < EVENT_TYPE_COUNT; i++) {
		e.type = cases[i].type;
		json_t *root = written(&e, 77);
		snprintf(text, sizeof text, "org.civicwire.%s.v1", cases[i].name);
		has_text(root, "type", text);
		snprintf(text, sizeof text, "co-mde.aci.noticias%s", cases[i].id);
		has_text(root, "id", text);
		snprintf(text, sizeof text, "https://wire.example.org/schema/%s-1.json",
			event_is_item(e.type) ? "item" : "feed");
		has_text(root, "dataschema", text);
		assert_string_equal(event_type_names[e.type], cases[i].name);
		assert_int_equal(event_is_item(e.type), !strncmp(cases[i].name, "item.", 5));
		json_decref(root);
	}
	feed_unref(feed);
}

static void test_kinds(void **state)
{
	static const char *const kinds[FEED_KIND_COUNT] = {"news", "alert", "event"};
	struct feed *feed = feed_new();
	struct event e = example(feed);

	(void)state;
	for (unsigned i = 0; i < FEED_KIND_COUNT; i++) {
		feed->kind = (enum feed_kind)i;
		json_t *root = written(&e, 1);
		has_text(root, "cwkind", kinds[i]);
		json_decref(root);
	}
	feed_unref(feed);
}

/* The journal writes one event after another into one buffer. */
static void test_appends(void **state)
{
	cleanup(buf_deinit) struct buf out = BUF_INIT;
	struct feed *feed = feed_new();
	struct event e = example(feed);

	(void)state;
	buf_lit(&out, "before");
	event_write(&out, &e, 1);
	size_t one = out.n - 6;
	event_write(&out, &e, 1);
	assert_int_equal(out.n, 6 + 2 * one);
	assert_memory_equal(out.p, "before{\"specversion\":\"1.0\"", 26);
	assert_memory_equal(out.p + 6, out.p + 6 + one, one);
	feed_unref(feed);
}

static void test_redact(void **state)
{
	cleanup(buf_deinit) struct buf out = BUF_INIT, json = BUF_INIT;
	struct feed *feed = feed_new();
	struct event e = example(feed);

	(void)state;
	/* What looks like members inside of strings is none. */
	e.subject = STR("a\",\"data\":{\"type\":\"x\\");
	e.data =
		STR("{\"id\":\"1\",\"content_text\":\"who asked to be forgotten, and much more\"}");
	event_write(&json, &e, 42);
	assert_true(event_redact(&out, buf_view(&json), 1500000000000000));
	assert_int_equal(out.n, json.n);
	json_error_t why;
	json_t *before = json_loadb(json.p, json.n, 0, &why),
	       *root = json_loadb(out.p, out.n, 0, &why);
	assert_non_null(before);
	assert_non_null(root);
	has_text(root, "type", "org.civicwire.item.redacted.v1");
	assert_null(json_object_get(root, "subject"));
	assert_true(str_eq(event_id_of(buf_view(&json)), event_id_of(buf_view(&out))));
	has_text(root, "id", json_string_value(json_object_get(before, "id")));
	has_text(json_object_get(root, "data"), "_redacted", "2017-07-14T02:40:00.000Z");
	has_text(json_object_get(root, "data"), "content_text", "");
	const char *name;
	json_t *value;
	json_object_foreach(before, name,
		value) if (strcmp(name, "subject") && strcmp(name, "type") && strcmp(name, "data"))
		assert_true(json_equal(value, json_object_get(root, name)));
	json_decref(root);
	json_decref(before);
	/* The shortest there is has no room to say when. */
	buf_clear(&json);
	buf_clear(&out);
	e.subject = STR("1");
	e.data = STR("{\"id\":\"1\",\"content_text\":\"\"}");
	event_write(&json, &e, 42);
	assert_true(event_redact(&out, buf_view(&json), 1500000000000000));
	assert_int_equal(out.n, json.n);
	buf_clear(&out);
	assert_false(event_redact(&out, STR("{}"), 0));
	assert_false(event_redact(&out, STR("{\"a\":1,\"data\":{}}"), 0));
	assert_int_equal(out.n, 0);
	feed_unref(feed);
}

static void check_topics(const struct str *views, size_t n, const char *const *expected)
{
	for (size_t i = 0; i < n; i++) {
		assert_non_null(expected[i]);
		if (!str_is(views[i], expected[i]))
			print_error("%.*s instead of %s\n", STR_FMT(views[i]), expected[i]);
		assert_true(str_is(views[i], expected[i]));
	}
	assert_null(expected[n]);
}

static void test_views(void **state)
{
	static const char *const item[] = {"feed/co-mde/aci/noticias/",
		"theme/awards/co-mde/aci/noticias/", "theme/resilience/co-mde/aci/noticias/",
		"network/al-las/co-mde/aci/noticias/", "network/uclg/co-mde/aci/noticias/",
		"kind/alert/co-mde/aci/noticias/", NULL};
	static const char *const bare[] = {
		"feed/co-mde/aci/noticias/", "kind/alert/co-mde/aci/noticias/", NULL};
	static const char *const feed_event[] = {"sys/feed/co-mde/aci/noticias/", NULL};
	struct arena arena = ARENA_INIT;
	struct feed *feed = feed_new();
	struct event e = example(feed);
	struct str views[EVENT_VIEWS_OWN + 4];

	(void)state;
	feed->kind = FEED_ALERT;
	check_topics(views, event_views(&arena, &e, views), item);
	e.type = EVENT_ITEM_WITHDRAWN;
	check_topics(views, event_views(&arena, &e, views), item);
	e.type = EVENT_FEED_GONE;
	check_topics(views, event_views(&arena, &e, views), feed_event);
	e.type = EVENT_ITEM_UPDATED;
	e.n_themes = feed->n_networks = 0;
	check_topics(views, event_views(&arena, &e, views), bare);
	arena_deinit(&arena);
	feed_unref(feed);
}

/* With ids as long as the configuration allows, and a theme that is called like a network, topics
 * stay within what ZeroMQ delivers, and differ. */
static void test_longest_views(void **state)
{
#define ID_40(c) c "234567890123456789012345678901234567890"
	static const char *long_networks[] = {ID_40("a"), ID_40("b")};
	static const struct str long_themes[] = {{ID_40("a"), 40}, {ID_40("c"), 40}};
	struct arena arena = ARENA_INIT;
	struct feed *feed = feed_new();
	struct event e = example(feed);
	struct str views[EVENT_VIEWS_OWN + 4];

	(void)state;
	feed->path = ID_40("x") "/" ID_40("y") "/" ID_40("z");
	feed->networks = long_networks;
	e.themes = long_themes;
	size_t n = event_views(&arena, &e, views);
	assert_int_equal(n, EVENT_VIEWS_OWN + 4);
	for (size_t i = 0; i < n; i++) {
		assert_in_range(views[i].n, 1, TOPIC_BYTES_MAX);
		assert_int_equal(views[i].p[views[i].n - 1], '/');
		for (size_t k = 0; k < i; k++)
			assert_false(str_eq(views[i], views[k]));
	}
	arena_deinit(&arena);
	feed_unref(feed);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_member),
		cmocka_unit_test(test_absent_members),
		cmocka_unit_test(test_escaping),
		cmocka_unit_test(test_types_and_ids),
		cmocka_unit_test(test_kinds),
		cmocka_unit_test(test_appends),
		cmocka_unit_test(test_redact),
		cmocka_unit_test(test_views),
		cmocka_unit_test(test_longest_views),
	};

	return cmocka_run_group_tests_name("event", tests, NULL, NULL);
}
