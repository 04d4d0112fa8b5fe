#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <civicwire/event.h>

static const char whole[] =
	"{\"specversion\":\"1.0\",\"id\":\"co-mde.aci.noticias/k/2\","
	"\"source\":\"https://wire.example.org/co-mde/aci/noticias\","
	"\"type\":\"org.civicwire.item.updated.v1\",\"subject\":\"urn:x\","
	"\"time\":\"2017-05-12T15:04:05Z\",\"recordedtime\":\"2017-05-12T15:10:31Z\","
	"\"sequence\":\"00000000000000004213\",\"cwfeed\":\"co-mde.aci.noticias\","
	"\"cwcity\":\"co-mde\",\"cwnetworks\":\"al-las uclg\",\"cwthemes\":\"awards\","
	"\"cwlang\":\"es-CO\",\"cwkind\":\"news\",\"cwbackfill\":true,"
	"\"data\":{\"url\":\"https://aci.example/premio\",\"title\":\"Medell\\u00edn\","
	"\"summary\":\"s\",\"content_html\":\"<p>h</p>\",\"content_text\":\"t\","
	"\"date_published\":\"2017-05-12T09:00:00Z\",\"date_modified\":\"2017-05-12T15:04:05Z\","
	"\"authors\":[{\"name\":\"A\"},{\"name\":\"B\"}],\"a/b\":\"slash\",\"m~n\":\"tilde\","
	"\"\":\"empty\",\"size\":7}}";

static struct cw_event *make(const char *json)
{
	struct cw_event *event = NULL;

	assert_int_equal(cw_event_parse(json, strlen(json), &event), 0);
	return event;
}

static void test_getters(void **state)
{
	static const struct {
		const char *(*get)(struct cw_event *event);
		const char *want;
	} getters[] = {
		{cw_event_id, "co-mde.aci.noticias/k/2"},
		{cw_event_source, "https://wire.example.org/co-mde/aci/noticias"},
		{cw_event_type, "org.civicwire.item.updated.v1"},
		{cw_event_subject, "urn:x"},
		{cw_event_time, "2017-05-12T15:04:05Z"},
		{cw_event_recorded_time, "2017-05-12T15:10:31Z"},
		{cw_event_feed, "co-mde.aci.noticias"},
		{cw_event_city, "co-mde"},
		{cw_event_agency, "aci"},
		{cw_event_networks, "al-las uclg"},
		{cw_event_themes, "awards"},
		{cw_event_language, "es-CO"},
		{cw_event_kind, "news"},
		{cw_event_title, "Medell\xC3\xADn"},
		{cw_event_url, "https://aci.example/premio"},
		{cw_event_summary, "s"},
		{cw_event_content_text, "t"},
		{cw_event_content_html, "<p>h</p>"},
		{cw_event_published, "2017-05-12T09:00:00Z"},
		{cw_event_modified, "2017-05-12T15:04:05Z"},
	};
	struct cw_event *event = make(whole), *bare;

	(void)state;
	bare = make("{\"sequence\":\"1\",\"id\":\"i\",\"type\":\"t\",\"cwfeed\":\"odd\"}");
	for (size_t i = 0; i < sizeof getters / sizeof *getters; i++) {
		assert_string_equal(getters[i].get(event), getters[i].want);
		assert_ptr_equal(getters[i].get(event), getters[i].get(event));
		if (getters[i].get != cw_event_id && getters[i].get != cw_event_type &&
			getters[i].get != cw_event_feed)
			assert_null(getters[i].get(bare));
	}
	assert_int_equal(cw_event_seq(event), 4213);
	assert_int_equal(cw_event_is_backfill(event), 1);
	assert_int_equal(cw_event_is_backfill(bare), 0);
	cw_event_unref(event);
	cw_event_unref(bare);
}

static void test_pointer(void **state)
{
	static const char *const found[][2] = {
		{"/id", "co-mde.aci.noticias/k/2"},
		{"/data/authors/0/name", "A"},
		{"/data/authors/1/name", "B"},
		{"/data/a~1b", "slash"},
		{"/data/m~0n", "tilde"},
		{"/data/", "empty"},
	};
	static const char *const nothing[] = {"", "id", "/", "/nowhere", "/data", "/data/size",
		"/data/authors", "/data/authors/2/name", "/data/authors/-/name",
		"/data/authors/00/name", "/data/authors/01/name", "/data/authors/ 1/name",
		"/data/authors/+1/name", "/data/authors/1x/name", "/data/authors//name",
		"/data/authors/99999999999999999999999/name", "/data/m~n", "/data/m~", "/data/m~2n",
		"/data/title/x", "/id/"};
	struct cw_event *event = make(whole);
	char longer[512];

	(void)state;
	for (size_t i = 0; i < sizeof found / sizeof *found; i++)
		assert_string_equal(cw_event_get(event, found[i][0]), found[i][1]);
	for (size_t i = 0; i < sizeof nothing / sizeof *nothing; i++)
		assert_null(cw_event_get(event, nothing[i]));
	memset(longer, 'x', sizeof longer);
	longer[0] = '/';
	longer[sizeof longer - 1] = '\0';
	assert_null(cw_event_get(event, longer));
	cw_event_unref(event);
}

/* What was given back is freed (the sanitizers see to it), what is held is not. */
static void test_references(void **state)
{
	struct cw_event *event = make(whole);
	const char *title = cw_event_title(event);

	(void)state;
	assert_ptr_equal(cw_event_ref(event), event);
	assert_null(cw_event_unref(event));
	assert_string_equal(title, cw_event_title(event));
	assert_null(cw_event_unref(event));
	assert_null(cw_event_unref(NULL));
}

static void test_json_is_kept(void **state)
{
	char copy[sizeof whole];
	struct cw_event *event;
	size_t n = 0;

	(void)state;
	memcpy(copy, whole, sizeof whole);
	event = make(copy);
	memset(copy, 0, sizeof copy);
	assert_string_equal(cw_event_json(event, &n), whole);
	assert_int_equal(n, sizeof whole - 1);
	assert_string_equal(cw_event_json(event, NULL), whole);
	cw_event_unref(event);
}

static void test_what_is_none(void **state)
{
	static const char *const none[] = {"", "{", "{}", "[]", "null", "\"sequence\"",
		"{\"sequence\":\"1\"}", "{\"sequence\":\"1\",\"id\":\"i\"}",
		"{\"sequence\":\"1\",\"type\":\"t\"}", "{\"id\":\"i\",\"type\":\"t\"}",
		"{\"id\":\"i\",\"type\":\"t\",\"sequence\":1}",
		"{\"id\":\"i\",\"type\":\"t\",\"sequence\":\"\"}",
		"{\"id\":\"i\",\"type\":\"t\",\"sequence\":\"-1\"}",
		"{\"id\":\"i\",\"type\":\"t\",\"sequence\":\"1x\"}",
		"{\"id\":\"i\",\"type\":\"t\",\"sequence\":\"18446744073709551616\"}",
		"{\"id\":\"i\",\"type\":\"t\",\"data\":{\"sequence\":\"1\"}}",
		"{\"id\":1,\"type\":\"t\",\"sequence\":\"1\"}",
		"{\"sequence\":\"1\",\"id\":\"i\",\"type\":\"t\"",
		"{\"sequence\":\"1\",\"id\":\"i\",\"type\":\"t\"}x",
		"{\"sequence\":\"1\",\"id\":\"\xFF\",\"type\":\"t\"}"};
	struct cw_event *event = NULL;

	(void)state;
	for (size_t i = 0; i < sizeof none / sizeof *none; i++) {
		assert_int_equal(cw_event_parse(none[i], strlen(none[i]), &event), -EINVAL);
		assert_null(event);
	}
	/* Cut off anywhere; each time in memory of its own, so that a reader that goes on is seen. */
	for (size_t n = 0; n < sizeof whole - 1; n++) {
		char *part = malloc(n + 1);
		assert_non_null(part);
		memcpy(part, whole, n);
		char *exact = realloc(part, n ? n : 1);
		assert_non_null(exact);
		assert_int_equal(cw_event_parse(exact, n, &event), -EINVAL);
		free(exact);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_getters),
		cmocka_unit_test(test_pointer),
		cmocka_unit_test(test_references),
		cmocka_unit_test(test_json_is_kept),
		cmocka_unit_test(test_what_is_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
