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
	/* Deeper than anybody writes. */
	buf_clear(&xml);
	buf_lit(&xml, "<rss><channel><item><title>t</title><description>");
	for (int i = 0; i < 2000; i++)
		buf_lit(&xml, "<b>");
	buf_lit(&xml, "</description></item><item><title>after</title></item></channel></rss>");
	check(buf_view(&xml), NULL, "title(likely)=t\ntitle(likely)=after");
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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_bombs),
		cmocka_unit_test(test_limits),
		cmocka_unit_test(test_beyond),
		cmocka_unit_test(test_long_section),
		cmocka_unit_test(test_never_ending),
	};

	return cmocka_run_group_tests_name("parse limits", tests, NULL, NULL);
}
