/* Limits on what foreign input may cost, and what is said when one is reached. */
#include <stdio.h>

#include "checks.h"

static void test_bombs(void **state)
{
	struct buf xml = BUF_INIT;

	(void)state;
	/* Billion laughs: declared entities are not expanded again. */
	buf_lit(&xml, "<!DOCTYPE rss [<!ENTITY a \"lol\">");
	for (char c = 'b'; c <= 'j'; c++)
		buf_printf(&xml, "<!ENTITY %c \"&%c;&%c;&%c;&%c;&%c;&%c;&%c;&%c;&%c;&%c;\">", c,
			c - 1, c - 1, c - 1, c - 1, c - 1, c - 1, c - 1, c - 1, c - 1, c - 1);
	buf_lit(&xml, "]><rss><channel><title>&a; &j;</title></channel></rss>");
	check(buf_view(&xml), NULL, "title(likely)=lol &i;&i;&i;&i;&i;&i;&i;&i;&i;&i;");
	/* No file is read. */
	CHECK("<!DOCTYPE rss [<!ENTITY x SYSTEM \"file:///etc/hostname\">]><rss><channel>"
	      "<title>[&x;]</title></channel></rss>",
		"title(likely)=[&x;]");
	/* Nor a DTD, or what a parameter entity names. */
	CHECK("<!DOCTYPE rss SYSTEM \"http://127.0.0.1:1/x.dtd\" [<!ENTITY % p SYSTEM "
	      "\"http://127.0.0.1:1/p\">%p;]><rss><channel><title>t</title></channel></rss>",
		"title(likely)=t");
	/* Deeper than anybody writes. */
	buf_clear(&xml);
	buf_lit(&xml, "<rss><channel><item><title>t</title><description>");
	for (int i = 0; i < 2000; i++)
		buf_lit(&xml, "<b>");
	buf_lit(&xml, "</description></item><item><title>after</title></item></channel></rss>");
	check(buf_view(&xml), NULL,
		"title(likely)=t\ntitle(likely)=after\nflaws=[\"limit-reached\"]");
	buf_deinit(&xml);
}

static void test_limits(void **state)
{
	struct buf xml = BUF_INIT;
	struct collector c = {.out = BUF_INIT};
	struct parser *parser = parser_new();
	struct error error;

	(void)state;
	buf_lit(&xml, "<rss><channel><item><title>");
	for (int i = 0; i < 600000; i++)
		buf_lit(&xml, "0123456789");
	buf_lit(&xml, "</title></item><item>");
	for (int i = 0; i < 1000; i++)
		buf_printf(&xml, "<category>%d</category>", i);
	buf_lit(&xml, "</item></channel></rss>");
	assert_int_equal(collect_run(&c, parser, buf_view(&xml), NULL, &error), 0);
	assert_int_equal(c.entries, 2);
	assert_true(c.out.n < 5 * 1024 * 1024 && c.out.n > 4 * 1024 * 1024);
	assert_true(str_find(buf_view(&c.out), STR("flaws=[\"limit-reached\"]")) < c.out.n);
	assert_true(str_find(buf_view(&c.out), STR("category=499||")) < c.out.n);
	assert_false(str_find(buf_view(&c.out), STR("category=500||")) < c.out.n);
	collect_deinit(&c);
	buf_deinit(&xml);
	parser_free(parser);
}

/* What libxml2 does not bound itself, or pays for with the square: such a document is read all the
 * same, but for what is beyond. */
static void test_beyond(void **state)
{
	struct buf xml = BUF_INIT;

	(void)state;
	buf_lit(&xml, "<rss><channel><item><title>a</title><category domain=\"d\"");
	for (int i = 0; i < 20000; i++)
		buf_printf(&xml, " a%d=\"\"", i);
	buf_lit(&xml, ">c</category></item><item><title>b</title></item></channel></rss>");
	check(buf_view(&xml), NULL,
		"title(likely)=a\ncategory=c|d|\ntitle(likely)=b\nflaws=[\"limit-reached\"]");

	buf_clear(&xml);
	buf_lit(&xml, "<rss><channel><item><title>a</title></item><item>");
	for (int i = 0; i < 100; i++) {
		buf_lit(&xml, "<x");
		for (int k = 0; k < 30; k++)
			buf_printf(&xml, " xmlns:n%d=\"urn:%d\"", i * 100 + k, i * 100 + k);
		buf_lit(&xml, ">");
	}
	for (int i = 0; i < 100; i++)
		buf_lit(&xml, "</x>");
	buf_lit(&xml, "<dc:title xmlns:dc=\"http://purl.org/dc/elements/1.1/\">b</dc:title></item>"
		      "</channel></rss>");
	check(buf_view(&xml), NULL, "title(likely)=a\ntitle(likely)=b\nflaws=[\"limit-reached\"]");
	buf_deinit(&xml);
}

/* A long section in pieces, with a '>' that makes libxml2 take it piece by piece. */
static void test_long_section(void **state)
{
	struct buf xml = BUF_INIT;

	(void)state;
	buf_lit(&xml, "<rss><channel><item><title>a</title><description><![CDATA[");
	for (int i = 0; i < 100000; i++)
		buf_lit(&xml, "<p>]] > ");
	buf_lit(&xml,
		"<i>end]]></description></item><item><title>b</title></item></channel></rss>");
	struct collector c = {.out = BUF_INIT};
	struct parser *parser = parser_new();
	struct error error;
	assert_int_equal(collect_run(&c, parser, buf_view(&xml), NULL, &error), 0);
	assert_int_equal(c.entries, 2);
	assert_true(c.out.n > 800000);
	assert_true(str_find(buf_view(&c.out), STR("<p>]] > <i>end\n")) < c.out.n);
	assert_true(str_find(buf_view(&c.out), STR("flaws=[]")) < c.out.n);
	collect_deinit(&c);
	parser_free(parser);
	buf_deinit(&xml);
}

/* What begins and never ends: one end that is looked for serves all beginnings. */
static void test_never_ending(void **state)
{
	/* A tag with so many attributes is given up before anybody knows that it never ends. */
	static const char *const openings[] = {
		"<!--", "<![CDATA[", "<?", "<!DOCTYPE a [", "<a ", "<a b='"};
	struct buf xml = BUF_INIT, lines = BUF_INIT;

	(void)state;
	for (size_t k = 0; k < sizeof openings / sizeof *openings; k++) {
		bool limit = strchr(openings[k], '=');
		buf_clear(&xml);
		buf_clear(&lines);
		buf_lit(&xml, "<rss><channel><item><title>a</title></item><item><title>b</title>");
		for (int i = 0; i < 200000; i++)
			buf_str(&xml, str_of(openings[k]));
		buf_printf(&lines, "title(likely)=a\ntitle(likely)=b\nflaws=[%s]",
			limit ? "\"truncated\",\"limit-reached\""
			      : "\"not-well-formed\",\"truncated\"");
		check(buf_view(&xml), NULL, buf_cstr(&lines));
	}
	buf_deinit(&xml);
	buf_deinit(&lines);
}

#define LIMITED "flaws=[\"limit-reached\"]"

/* Well-formed, and so nothing but too much. */
static void test_depth(void **state)
{
	struct buf xml = BUF_INIT;

	(void)state;
	buf_lit(&xml, "<rss><channel><item><title>t</title><description>");
	for (int i = 0; i < 300; i++)
		buf_lit(&xml, "<b>");
	buf_lit(&xml, "deep");
	for (int i = 0; i < 300; i++)
		buf_lit(&xml, "</b>");
	buf_lit(&xml, "</description></item><item><title>after</title></item></channel></rss>");
	check(buf_view(&xml), NULL, "title(likely)=t\ntitle(likely)=after\n" LIMITED);
	buf_deinit(&xml);
}

static void test_long_names(void **state)
{
	struct buf xml = BUF_INIT;

	(void)state;
	buf_lit(&xml, "<rss><channel><item><title>a</title><");
	for (int i = 0; i < 60000; i++)
		buf_char(&xml, 'n');
	buf_lit(&xml, "/></item><item><title>b</title></item></channel></rss>");
	check(buf_view(&xml), NULL, "title(likely)=a\ntitle(likely)=b\n" LIMITED);
	buf_deinit(&xml);
}

static void test_long_attributes(void **state)
{
	struct buf xml = BUF_INIT;
	struct collector c = {.out = BUF_INIT};
	struct parser *parser = parser_new();
	struct error error;

	(void)state;
	buf_lit(&xml, "<rss><channel><item><enclosure url=\"");
	for (int i = 0; i < 70000; i++)
		buf_char(&xml, 'u');
	buf_lit(&xml, "\"/></item></channel></rss>");
	assert_int_equal(collect_run(&c, parser, buf_view(&xml), NULL, &error), 0);
	assert_true(c.out.n > 64 * 1024 && c.out.n < 65 * 1024);
	assert_true(str_find(buf_view(&c.out), STR(LIMITED)) < c.out.n);
	collect_deinit(&c);
	parser_free(parser);
	buf_deinit(&xml);
}

/* Tags and nothing else in a text: they end with it, too. */
static void test_markup_without_end(void **state)
{
	struct buf xml = BUF_INIT;

	(void)state;
	buf_lit(&xml, "<rss><channel><item><title>a</title><description>");
	for (int i = 0; i < 700000; i++)
		buf_lit(&xml, "<br/>");
	buf_lit(&xml, "</description></item><item><title>b</title></item></channel></rss>");
	check(buf_view(&xml), NULL, "title(likely)=a\ntitle(likely)=b\n" LIMITED);
	buf_deinit(&xml);
}

static void test_entities(void **state)
{
	struct buf xml = BUF_INIT;

	(void)state;
	buf_lit(&xml, "<!DOCTYPE rss [");
	for (int i = 0; i < 600; i++)
		buf_printf(&xml, "<!ENTITY e%d \"v%d\">", i, i);
	buf_lit(&xml, "]><rss><channel><title>&e0; &e511; &e512;</title></channel></rss>");
	check(buf_view(&xml), NULL,
		"title(likely)=v0 v511 &e512;\nflaws=[\"not-well-formed\",\"limit-reached\"]");
	buf_clear(&xml);
	buf_lit(&xml, "<!DOCTYPE rss [<!ENTITY long \"");
	for (int i = 0; i < 300; i++)
		buf_char(&xml, 'x');
	buf_lit(&xml, "\">]><rss><channel><title>t</title></channel></rss>");
	check(buf_view(&xml), NULL, "title(likely)=t\n" LIMITED);
	buf_deinit(&xml);
}

/* Of everything an entry may have many of. */
static void test_lists(void **state)
{
	static const struct {
		const char *open, *each, *close, *last, *next;
	} cases[] = {
		{"<rss><channel><item>", "<enclosure url=\"u%d\"/>", "</item></channel></rss>",
			"enclosure=u499|||", "enclosure=u500|||"},
		{"<rss><channel><item>", "<author>a%d</author>", "</item></channel></rss>",
			"author=a499||", "author=a500||"},
		{"<rss xmlns:dc=\"http://purl.org/dc/elements/1.1/\"><channel><item>",
			"<dc:contributor>c%d</dc:contributor>", "</item></channel></rss>",
			"contributor=c499||", "contributor=c500||"},
		{"<feed xmlns=\"http://www.w3.org/2005/Atom\"><entry>", "<link href=\"l%d\"/>",
			"</entry></feed>", "links=|l499||", "links=|l500||"},
		{"<feed xmlns=\"http://www.w3.org/2005/Atom\">", "<link href=\"l%d\"/>", "</feed>",
			"links=|l499||", "links=|l500||"},
		{"<rss xmlns:georss=\"http://www.georss.org/georss\"><channel><item>",
			"<georss:point>1 %d</georss:point>", "</item></channel></rss>",
			"geo(point)=1 499", "geo(point)=1 500"},
		{"<alert xmlns=\"urn:oasis:names:tc:emergency:cap:1.2\">",
			"<info><event>e%d</event></info>", "</alert>", "event=e63", "event=e64"},
		{"<alert xmlns=\"urn:oasis:names:tc:emergency:cap:1.2\"><info><area>",
			"<areaDesc>a%d</areaDesc>", "</area></info></alert>", "areaDesc=a499",
			"areaDesc=a500"},
		{"<alert xmlns=\"urn:oasis:names:tc:emergency:cap:1.2\"><info><area>",
			"<geocode><value>g%d</value></geocode>", "</area></info></alert>",
			"geocode=|g499", "geocode=|g500"},
		{"{\"version\":\"https://jsonfeed.org/version/1\",\"items\":[{\"id\":1,\"tags\":[0",
			",\"t%d\"", "]}]}", "category=t498||", "category=t500||"},
	};

	(void)state;
	for (size_t k = 0; k < sizeof cases / sizeof *cases; k++) {
		struct buf xml = BUF_INIT;
		char lines[256], number[64];
		const char *at = strchr(cases[k].each, '%');
		buf_str(&xml, str_of(cases[k].open));
		for (int i = 0; i < 600; i++) {
			snprintf(number, sizeof number, "%d", i);
			buf_str(&xml, str_make(cases[k].each, (size_t)(at - cases[k].each)));
			buf_str(&xml, str_of(number));
			buf_str(&xml, str_of(at + 2));
		}
		buf_str(&xml, str_of(cases[k].close));
		snprintf(lines, sizeof lines, "%s\n!%s\n" LIMITED, cases[k].last, cases[k].next);
		check(buf_view(&xml), NULL, lines);
		buf_deinit(&xml);
	}
}

/* What one document leaves behind does not grow, nor change the next. */
static void test_names_between_documents(void **state)
{
	struct buf xml = BUF_INIT;
	struct collector c = {.out = BUF_INIT};
	struct parser *parser = parser_new();
	struct error error;

	(void)state;
	for (int round = 0; round < 3; round++) {
		buf_clear(&xml);
		buf_lit(&xml, "<rss><channel><item><title>a</title>");
		for (int i = 0; i < 6000; i++)
			buf_printf(&xml, "<n%d-%d/>", round, i);
		buf_lit(&xml, "</item></channel></rss>");
		assert_int_equal(collect_run(&c, parser, buf_view(&xml), NULL, &error), 0);
		assert_int_equal(c.with_title, 1);
		assert_true(str_find(buf_view(&c.out), STR("flaws=[]")) < c.out.n);
	}
	collect_deinit(&c);
	parser_free(parser);
	buf_deinit(&xml);
}

/* Items are handed on one by one: there may be any number. */
static void test_many_items(void **state)
{
	struct buf xml = BUF_INIT;
	struct collector c = {.out = BUF_INIT};
	struct parser *parser = parser_new();
	struct error error;

	(void)state;
	buf_lit(&xml, "<rss><channel>");
	for (int i = 0; i < 50000; i++)
		buf_printf(&xml, "<item><guid>%d</guid></item>", i);
	buf_lit(&xml, "</channel></rss>");
	assert_int_equal(collect_run(&c, parser, buf_view(&xml), NULL, &error), 0);
	assert_int_equal(c.with_id, 50000);
	assert_true(str_find(buf_view(&c.out), STR("flaws=[]")) < c.out.n);
	collect_deinit(&c);
	parser_free(parser);
	buf_deinit(&xml);
}

static void test_large_json(void **state)
{
	struct buf json = BUF_INIT;
	struct collector c = {.out = BUF_INIT};
	struct parser *parser = parser_new();
	struct error error;

	(void)state;
	/* More than is read at all. */
	buf_lit(&json, "{\"version\":\"https://jsonfeed.org/version/1\",\"items\":[],\"x\":\"");
	while (json.n <= 32 * 1024 * 1024)
		buf_lit(&json, "0123456789012345678901234567890123456789012345678901234567890123");
	buf_lit(&json, "\"}");
	check_not_feed(buf_view(&json), "larger than 32 MiB");
	/* Deeper than is read. */
	buf_clear(&json);
	buf_lit(&json, "{\"items\":");
	for (int i = 0; i < 100000; i++)
		buf_char(&json, '[');
	for (int i = 0; i < 100000; i++)
		buf_char(&json, ']');
	buf_char(&json, '}');
	check_not_feed(buf_view(&json), "broken JSON: maximum parsing depth");
	/* One text too long. */
	buf_clear(&json);
	buf_lit(&json, "{\"version\":\"https://jsonfeed.org/version/1\",\"items\":[{\"id\":1,"
		       "\"content_text\":\"");
	while (json.n < 5 * 1024 * 1024)
		buf_lit(&json, "0123456789012345678901234567890123456789012345678901234567890123");
	buf_lit(&json, "\"}]}");
	assert_int_equal(collect_run(&c, parser, buf_view(&json), NULL, &error), 0);
	assert_true(c.out.n > 4 * 1024 * 1024 && c.out.n < 4 * 1024 * 1024 + 1024);
	assert_true(str_find(buf_view(&c.out), STR(LIMITED)) < c.out.n);
	collect_deinit(&c);
	parser_free(parser);
	buf_deinit(&json);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_bombs),
		cmocka_unit_test(test_limits),
		cmocka_unit_test(test_depth),
		cmocka_unit_test(test_long_names),
		cmocka_unit_test(test_long_attributes),
		cmocka_unit_test(test_markup_without_end),
		cmocka_unit_test(test_entities),
		cmocka_unit_test(test_lists),
		cmocka_unit_test(test_names_between_documents),
		cmocka_unit_test(test_many_items),
		cmocka_unit_test(test_large_json),
		cmocka_unit_test(test_beyond),
		cmocka_unit_test(test_long_section),
		cmocka_unit_test(test_never_ending),
	};

	return cmocka_run_group_tests_name("parse limits", tests, NULL, NULL);
}
