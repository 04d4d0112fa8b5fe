/* `data`: an item as JSON, compared with what is written by hand from the documentation. */
#include "model/item.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>
#include <jansson.h>

#include "base/cleanup.h"

/* 2017-05-12T09:00:00Z */
#define TIME_S INT64_C(1494579600)

static struct item empty_item(void)
{
	return (struct item){.published_s = TIME_NONE,
		.modified_s = TIME_NONE,
		.created_s = TIME_NONE,
		.expires_s = TIME_NONE};
}

static void check(const struct item *item, const char *expected)
{
	cleanup(buf_deinit) struct buf out = BUF_INIT;
	struct json j = json_to(&out);
	json_error_t error = {0};

	item_write(&j, item);
	json_t *is = json_loadb(out.p, out.n, JSON_REJECT_DUPLICATES, &error);
	json_t *should = json_loads(expected, JSON_REJECT_DUPLICATES, &error);
	assert_non_null(should);
	if (!json_equal(is, should))
		print_error("%.*s\n", STR_FMT(buf_view(&out)));
	assert_true(json_equal(is, should));
	json_decref(is);
	json_decref(should);
}

static void test_full(void **state)
{
	struct item_person authors[] = {
		{STR("Ana \"la alcaldesa\""), STR("https://aci.example/ana"), STR_NONE},
		{STR("Bo"), STR_NONE, STR("bo@aci.example")}};
	struct item_person contributors[] = {{STR("Cy"), STR_NONE, STR_NONE}};
	struct category categories[] = {
		{STR("t"), STR("https://aci.example/s"), STR("T")}, {STR("u"), STR_NONE, STR_NONE}};
	struct str tags[] = {STR("T"), STR("u")};
	struct item_attachment attachments[] = {
		{STR("https://aci.example/a.mp3"), STR("audio/mpeg"), STR("Acta"), 1234, 60},
		{STR("https://aci.example/b"), STR_NONE, STR_NONE, -1, -1},
		{STR("https://aci.example/c"), STR_NONE, STR_NONE, 0, -1}};
	struct item_link links[] = {
		{STR("https://aci.example/rel"), STR("related"), STR("text/html"), STR("en"),
			STR("In English"), STR("99")},
		{STR("https://aci.example/x"), STR_NONE, STR_NONE, STR_NONE, STR_NONE, STR_NONE}};
	double points[][2] = {{-75.56, 6.25}};
	struct item_shape point = {GEO_POINT, points, NULL, 1, 0};
	struct item item = {.id = STR("https://aci.example/?p=4711"),
		.url = STR("https://aci.example/2017/05/premio"),
		.title = STR("Premio a \\ los barrios\n"),
		.summary = STR("Resumen"),
		.content_html = STR("<p>Texto &amp; m\xc3\xa1s</p>"),
		.content_text = STR("Texto & m\xc3\xa1s"),
		.published_s = TIME_S,
		.modified_s = TIME_S + 60,
		.created_s = TIME_S - 60,
		.expires_s = TIME_S + 3600,
		.authors = authors,
		.n_authors = 2,
		.contributors = contributors,
		.n_contributors = 1,
		.categories = categories,
		.n_categories = 2,
		.tags = tags,
		.n_tags = 2,
		.attachments = attachments,
		.n_attachments = 3,
		.links = links,
		.n_links = 2,
		.language = STR("es-CO"),
		.image = STR("https://aci.example/i.jpg"),
		.comments = STR("https://aci.example/c"),
		.rights = STR("\xc2\xa9 ACI"),
		.license = STR("https://creativecommons.org/licenses/by/4.0/"),
		.has_source = true,
		.source = {STR("Wire"), STR("https://w.example/"), STR("urn:w"), TIME_S},
		.geo = {&point, 1},
		.flaws = FLAW_DATE_MISSING | FLAW_HTML_RECOVERED};

	(void)state;
	check(&item,
		"{\"id\":\"https://aci.example/?p=4711\","
		"\"url\":\"https://aci.example/2017/05/premio\","
		"\"title\":\"Premio a \\\\ los barrios\\n\",\"summary\":\"Resumen\","
		"\"content_html\":\"<p>Texto &amp; m\xc3\xa1s</p>\","
		"\"content_text\":\"Texto & m\xc3\xa1s\","
		"\"date_published\":\"2017-05-12T09:00:00Z\","
		"\"date_modified\":\"2017-05-12T09:01:00Z\","
		"\"authors\":[{\"name\":\"Ana \\\"la alcaldesa\\\"\","
		"\"url\":\"https://aci.example/ana\"},"
		"{\"name\":\"Bo\",\"_email\":\"bo@aci.example\"}],"
		"\"tags\":[\"T\",\"u\"],\"language\":\"es-CO\","
		"\"image\":\"https://aci.example/i.jpg\","
		"\"attachments\":[{\"url\":\"https://aci.example/a.mp3\","
		"\"mime_type\":\"audio/mpeg\",\"size_in_bytes\":1234,\"duration_in_seconds\":60,"
		"\"title\":\"Acta\"},"
		"{\"url\":\"https://aci.example/b\"},"
		"{\"url\":\"https://aci.example/c\",\"size_in_bytes\":0}],"
		"\"_categories\":[{\"term\":\"t\",\"scheme\":\"https://aci.example/s\","
		"\"label\":\"T\"},{\"term\":\"u\"}],"
		"\"_links\":[{\"href\":\"https://aci.example/rel\",\"rel\":\"related\","
		"\"type\":\"text/html\",\"hreflang\":\"en\",\"title\":\"In English\","
		"\"length\":\"99\"},{\"href\":\"https://aci.example/x\"}],"
		"\"_contributors\":[{\"name\":\"Cy\"}],"
		"\"_source\":{\"title\":\"Wire\",\"url\":\"https://w.example/\","
		"\"id\":\"urn:w\",\"updated\":\"2017-05-12T09:00:00Z\"},"
		"\"_geo\":{\"type\":\"Point\",\"coordinates\":[-75.56,6.25]},"
		"\"_rights\":\"\xc2\xa9 ACI\","
		"\"_license\":\"https://creativecommons.org/licenses/by/4.0/\","
		"\"_comments\":\"https://aci.example/c\","
		"\"_created\":\"2017-05-12T08:59:00Z\","
		"\"_expires\":\"2017-05-12T10:00:00Z\","
		"\"_flaws\":[\"date-missing\",\"html-recovered\"]}");
}

static void test_happenings(void **state)
{
	struct str words[] = {STR("Met"), STR("Geo")};
	struct geocode codes[] = {{STR("UGC"), STR("A")}, {STR_NONE, STR("B")}};
	struct item item = {.published_s = TIME_NONE,
		.modified_s = TIME_NONE,
		.created_s = TIME_NONE,
		.expires_s = TIME_NONE,
		.has_event = true,
		.event = {.start = {.s = TIME_S},
			.end = {.s = TIME_S + 7200},
			.name = STR("Fiesta"),
			.location = STR("Plaza Mayor"),
			.organizer = STR("El alcalde"),
			.type = STR("Festival"),
			.url = STR("https://aci.example/f")},
		.has_alert = true,
		.alert = {.identifier = STR("urn:1"),
			.sender = STR("x@aci.example"),
			.sent_s = TIME_S - 60,
			.status = STR("Exercise"),
			.msg_type = STR("Alert"),
			.scope = STR("Public"),
			.categories = words,
			.n_categories = 2,
			.event = STR("Inundaci\xc3\xb3n"),
			.response_types = words,
			.n_response_types = 1,
			.urgency = STR("Expected"),
			.severity = STR("Severe"),
			.certainty = STR("Likely"),
			.effective_s = TIME_S,
			.onset_s = TIME_S + 30,
			.expires_s = TIME_S + 60,
			.sender_name = STR("ACI"),
			.headline = STR("Sube el r\xc3\xado"),
			.instruction = STR("Suban"),
			.area_desc = STR("Comuna 8"),
			.geocodes = codes,
			.n_geocodes = 2,
			.references = STR("a,b,c")}};

	(void)state;
	check(&item, "{\"_event\":{\"name\":\"Fiesta\",\"startDate\":\"2017-05-12T09:00:00Z\","
		     "\"endDate\":\"2017-05-12T11:00:00Z\",\"location\":\"Plaza Mayor\","
		     "\"organizer\":\"El alcalde\",\"additionalType\":\"Festival\","
		     "\"url\":\"https://aci.example/f\"},"
		     "\"_alert\":{\"identifier\":\"urn:1\",\"sender\":\"x@aci.example\","
		     "\"sent\":\"2017-05-12T08:59:00Z\",\"status\":\"Exercise\","
		     "\"msgType\":\"Alert\",\"scope\":\"Public\",\"category\":[\"Met\",\"Geo\"],"
		     "\"event\":\"Inundaci\xc3\xb3n\",\"responseType\":[\"Met\"],"
		     "\"urgency\":\"Expected\",\"severity\":\"Severe\",\"certainty\":\"Likely\","
		     "\"effective\":\"2017-05-12T09:00:00Z\",\"onset\":\"2017-05-12T09:00:30Z\","
		     "\"expires\":\"2017-05-12T09:01:00Z\",\"senderName\":\"ACI\","
		     "\"headline\":\"Sube el r\xc3\xado\",\"instruction\":\"Suban\","
		     "\"areaDesc\":\"Comuna 8\",\"geocode\":[{\"valueName\":\"UGC\","
		     "\"value\":\"A\"},{\"value\":\"B\"}],\"references\":\"a,b,c\"}}");
}

/* Absent is absent, and empty is empty: content_text is there even if it says nothing. */
static void test_absent(void **state)
{
	struct item item = empty_item();

	(void)state;
	check(&item, "{}");
	item.id = STR("x");
	item.content_text = STR("");
	check(&item, "{\"id\":\"x\",\"content_text\":\"\"}");
	item.has_source = item.has_event = item.has_alert = true;
	item.source.updated_s = item.event.start.s = item.event.end.s = TIME_NONE;
	item.alert.effective_s = item.alert.expires_s = TIME_NONE;
	item.alert.onset_s = item.alert.sent_s = TIME_NONE;
	item.alert.msg_type = STR("Cancel");
	check(&item, "{\"id\":\"x\",\"content_text\":\"\",\"_source\":{},\"_event\":{},"
		     "\"_alert\":{\"msgType\":\"Cancel\"}}");
}

/* The second of 1970 is a date like others, and so are those before. */
static void test_early_dates(void **state)
{
	struct item item = empty_item();

	(void)state;
	item.published_s = 0;
	item.modified_s = -1;
	check(&item, "{\"date_published\":\"1970-01-01T00:00:00Z\","
		     "\"date_modified\":\"1969-12-31T23:59:59Z\"}");
}

/* RFC 7946: longitude first, rings closed and counter-clockwise. */
static void test_geometries(void **state)
{
	double points[][2] = {{-75.5, 6.25}, {-75, 6.5}, {-74.5, 6}, {-75.5, 6.25}};
	double altitudes[] = {1495, 0, -1, 1495};
	struct item item = empty_item();

	(void)state;
	struct item_shape shapes[2] = {{GEO_POINT, points, altitudes, 1, 0}};
	item.geo = (struct item_geo){shapes, 1};
	check(&item, "{\"_geo\":{\"type\":\"Point\",\"coordinates\":[-75.5,6.25,1495]}}");
	shapes[0] = (struct item_shape){GEO_LINE, points, altitudes, 3, 0};
	check(&item, "{\"_geo\":{\"type\":\"LineString\",\"coordinates\":"
		     "[[-75.5,6.25,1495],[-75,6.5,0],[-74.5,6,-1]]}}");
	shapes[0] = (struct item_shape){GEO_POLYGON, points, NULL, 4, 0};
	check(&item, "{\"_geo\":{\"type\":\"Polygon\",\"coordinates\":"
		     "[[[-75.5,6.25],[-75,6.5],[-74.5,6],[-75.5,6.25]]]}}");
	points[0][1] = 6;
	shapes[0] = (struct item_shape){GEO_BOX, points, NULL, 2, 0};
	check(&item, "{\"_geo\":{\"type\":\"Polygon\",\"coordinates\":"
		     "[[[-75.5,6],[-75,6],[-75,6.5],[-75.5,6.5],[-75.5,6]]]}}");
	shapes[1] = (struct item_shape){GEO_CIRCLE, points, NULL, 1, 250};
	item.geo.n = 2;
	check(&item, "{\"_geo\":{\"type\":\"GeometryCollection\",\"geometries\":["
		     "{\"type\":\"Polygon\",\"coordinates\":"
		     "[[[-75.5,6],[-75,6],[-75,6.5],[-75.5,6.5],[-75.5,6]]]},"
		     "{\"type\":\"Point\",\"coordinates\":[-75.5,6],\"_radius\":250}]}}");
	shapes[0] = shapes[1];
	check(&item, "{\"_geo\":{\"type\":\"GeometryCollection\",\"geometries\":["
		     "{\"type\":\"Point\",\"coordinates\":[-75.5,6],\"_radius\":250},"
		     "{\"type\":\"Point\",\"coordinates\":[-75.5,6],\"_radius\":250}]}}");
	shapes[0] = shapes[1] = (struct item_shape){GEO_POINT, points, NULL, 1, 0};
	check(&item, "{\"_geo\":{\"type\":\"MultiPoint\",\"coordinates\":[[-75.5,6],[-75.5,6]]}}");
	item.geo.n = 0;
	check(&item, "{}");
}

/* A day, a moment, and what a clock shows somewhere are three things. */
static void test_event_times(void **state)
{
	struct item item = empty_item();

	(void)state;
	item.has_event = true;
	item.event.start = (struct item_time){.s = 1494547200, .day = true};
	item.event.end = (struct item_time){.s = TIME_NONE};
	check(&item, "{\"_event\":{\"startDate\":\"2017-05-12\"}}");
	item.event.start = (struct item_time){.s = TIME_S, .is_local = true};
	item.event.end = (struct item_time){.s = TIME_S + 60, .is_local = true};
	item.event.time_zone = STR("America/Bogota");
	check(&item, "{\"_event\":{\"startLocal\":\"2017-05-12T09:00:00\","
		     "\"endLocal\":\"2017-05-12T09:01:00\",\"timeZone\":\"America/Bogota\"}}");
}

/* Each word on its own, in the order of the list, and all at once. */
static void test_flaws(void **state)
{
	static const char *const words[] = {"not-well-formed", "truncated", "encoding-override",
		"encoding-unknown", "non-xml-content-type", "undeclared-namespace",
		"namespace-repaired", "items-outside-channel", "guids-repeat", "limit-reached",
		"id-synthesized", "link-missing", "date-missing", "date-invalid", "date-ambiguous",
		"date-future", "html-recovered", "text-repaired", "content-cut",
		"updates-coalesced"};
	cleanup(buf_deinit) struct buf out = BUF_INIT;
	cleanup(buf_deinit) struct buf all = BUF_INIT;
	struct json j;

	(void)state;
	assert_int_equal(sizeof words / sizeof *words, FLAW_COUNT);
	for (unsigned i = 0; i < FLAW_COUNT; i++) {
		char expected[64];
		buf_clear(&out);
		j = json_to(&out);
		flaws_write(&j, 1u << i);
		snprintf(expected, sizeof expected, "[\"%s\"]", words[i]);
		assert_string_equal(buf_cstr(&out), expected);
		buf_printf(&all, "%c\"%s\"", i ? ',' : '[', words[i]);
	}
	buf_char(&all, ']');
	buf_clear(&out);
	j = json_to(&out);
	flaws_write(&j, ~0u);
	assert_string_equal(buf_cstr(&out), buf_cstr(&all));
	buf_clear(&out);
	j = json_to(&out);
	flaws_write(&j, FLAW_NONE);
	assert_string_equal(buf_cstr(&out), "[]");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_full),
		cmocka_unit_test(test_happenings),
		cmocka_unit_test(test_absent),
		cmocka_unit_test(test_early_dates),
		cmocka_unit_test(test_geometries),
		cmocka_unit_test(test_event_times),
		cmocka_unit_test(test_flaws),
	};

	return cmocka_run_group_tests_name("item", tests, NULL, NULL);
}
