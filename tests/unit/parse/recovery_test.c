/* Broken documents, limits, things that are no feed, and codes of characters. */
#include <stdio.h>

#include "checks.h"

#include <errno.h>
#include <iconv.h>

#include "base/list.h"

#define NWF "flaws=[\"not-well-formed\"]"

static void test_characters(void **state)
{
	(void)state;
	CHECK("<rss><channel><item><title>AT&T a & b&c; \x01<3 &nbsp;&eacute;</title>"
	      "<link>http://x/?a=1&b=2&copy=3</link></item>"
	      "<item><title>two</title></item></channel></rss>",
		"title(likely)=AT&T a & b&c; <3 \xC2\xA0\xC3\xA9\nlink=http://x/?a=1&b=2&copy=3\n"
		"title(likely)=two\n" NWF);
	CHECK("<rss><channel><item><title>&nbsp;&eacute;&unknown;</title>"
	      "<enclosure url='&eacute;&amp;'/></item></channel></rss>",
		"title(likely)=\xC2\xA0\xC3\xA9&unknown;\nenclosure=\xC3\xA9&|||\n" NWF);
	CHECK("<rss><channel><item><enclosure url=\"a?b&c=d\" type=x/><title>t</title></item>"
	      "</channel></rss>",
		"enclosure=a?b&c=d|x||\ntitle(likely)=t");
	CHECK("<rss><channel><item><title><![CDATA[a & \x02 <b> "
	      "&amp;]]></title></item></channel></rss>",
		"title(likely)=a &  <b> &amp;\n" NWF);
	CHECK("<rss><channel><item><title>&#X41;&#0;</title></item></channel></rss>",
		"title(likely)=A&#0;\n" NWF);
}

static void test_around(void **state)
{
	(void)state;
	CHECK("\n\n <?xml version=\"1.0\" "
	      "encoding=\"utf-8\"?><rss><channel><title>t</title></channel>"
	      "</rss>",
		"title(likely)=t\n" NWF);
	CHECK("<br />\n<b>Warning</b>: mysql & co\n<?xml version=\"1.0\"?><rss><channel><title>t"
	      "</title></channel></rss>",
		"title(likely)=t\n" NWF);
	CHECK("<rss><channel><item><title>t</title></item></channel></rss><!-- x "
	      "--><script>y</script>",
		"title(likely)=t\n" NWF);
	CHECK("<rss><channel><item><title>a</title></item></channel></rss>"
	      "<item><title>b</title></item>",
		"title(likely)=a\ntitle(likely)=b\n"
		"flaws=[\"not-well-formed\",\"items-outside-channel\"]");
}

static void test_tags(void **state)
{
	(void)state;
	CHECK("<rss><channel><item><title>a</title><description>x <b>y</description></item>"
	      "<item><title>b</title></item></channel></rss>",
		"title(likely)=a\nsummary(xhtml)=x <b>y</b>\ntitle(likely)=b\n" NWF);
	CHECK("<rss><channel><item><title>a</title><item><title>b</title></item></channel></rss>",
		"title(likely)=a\ntitle(likely)=b\n" NWF);
	CHECK("<rss><channel><item></p><title>a</title></item></channel></rss>",
		"title(likely)=a\n" NWF);
	CHECK("<rss a='1' a='2'><channel><title>a < b</title></channel></rss>",
		"title(likely)=a < b\n" NWF);
	CHECK("<rss><channel><item><title>a</title></item><item><title>b</tit",
		"title(likely)=a\ntitle(likely)=b\nflaws=[\"not-well-formed\",\"truncated\"]");
	/* The beginning of an entry that says nothing yet is none. */
	CHECK("<rss><channel><item><title>a</title></item><item><pubDate>b</pub",
		"title(likely)=a\n!published=b\nflaws=[\"not-well-formed\",\"truncated\"]");
	CHECK("<rss><channel><item><title>a</title></item><item><![CDATA[zzz",
		"title(likely)=a\nflaws=[\"not-well-formed\",\"truncated\"]");
}

/* Whatever is cut off, what was complete stays. */
static void test_every_truncation(void **state)
{
	const char *xml = "<?xml version=\"1.0\"?><rss version=\"2.0\"><channel><title>c</title>"
			  "<item><guid>1</guid><title>a&amp;b</title></item>"
			  "<item><guid>2</guid><description><![CDATA[<p>]]></description></item>"
			  "<!-- c --><item><guid>3</guid></item></channel></rss>";
	size_t length = strlen(xml), first = (size_t)(strstr(xml, "</item>") - xml) + 7;
	struct collector c = {.out = BUF_INIT};
	struct parser *parser = parser_new();
	struct error error;

	(void)state;
	for (size_t n = 0; n <= length; n++) {
		int r = collect_run(&c, parser, str_make(xml, n), NULL, &error);
		assert_true(r == 0 || r == -EBADMSG);
		size_t complete = 0;
		for (const char *at = xml; (at = strstr(at, "</item>")) && at + 7 <= xml + n; at++)
			complete++;
		assert_true(c.entries >= complete && c.entries <= complete + 1);
		if (n >= first)
			assert_int_equal(r, 0);
	}
	collect_deinit(&c);
	parser_free(parser);
}

static void test_not_feeds(void **state)
{
	(void)state;
	check_not_feed(STR(""), "empty");
	check_not_feed(STR(" \n"), "empty");
	check_not_feed(STR("<!DOCTYPE html><html><head><title>x</title></head><p>y</html>"),
		"this is an HTML page, not a feed");
	check_not_feed(STR("<html><head><link rel=\"alternate\" type=\"application/rss+xml\" "
			   "href=\"/rss?a=1&amp;b=2\"></head></html>"),
		"/rss?a=1&b=2");
	check_not_feed(STR("<opml version=\"2.0\"><body/></opml>"), "OPML");
	check_not_feed(STR("<foo/>"), "<foo>");
	check_not_feed(STR("hello"), "neither XML nor JSON");
	check_not_feed(STR("%PDF-1.4 \x01\x02"), "PDF");
}

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

/* What the sink answers ends the run. */
static void test_sink_stops(void **state)
{
	struct collector c = {.out = BUF_INIT, .answer = -ENOSPC};
	struct parser *parser = parser_new();
	struct error error;

	(void)state;
	assert_int_equal(collect_run(&c, parser,
				 STR("<rss><channel><item/><item/></channel></rss>"), NULL, &error),
		-ENOSPC);
	assert_int_equal(c.entries, 1);
	collect_deinit(&c);
	parser_free(parser);
}

/* ---- codes of characters ---- */

static struct str converted(struct buf *out, const char *code, const char *text)
{
	char *in = (char *)(uintptr_t)text;
	size_t n_in = strlen(text), room = n_in * 5 + 16;
	iconv_t converter = iconv_open(code, "UTF-8");

	assert_true(converter != (iconv_t)-1);
	buf_clear(out);
	char *to = buf_room(out, room), *begin = to;
	assert_int_equal(iconv(converter, &in, &n_in, &to, &room), 0);
	out->n += (size_t)(to - begin);
	iconv_close(converter);
	return buf_view(out);
}

static void check_code(const char *code, const char *label, const char *mark, const char *title,
	const char *encoding)
{
	struct buf out = BUF_INIT, all = BUF_INIT;
	char xml[1024], want[1024];

	snprintf(xml, sizeof xml,
		"%s<?xml version=\"1.0\"%s%s%s?><rss version=\"2.0\"><channel><title>%s</title>"
		"</channel></rss>",
		mark, label[0] ? " encoding=\"" : "", label, label[0] ? "\"" : "", title);
	snprintf(want, sizeof want, "title(likely)=%s\n%s", title, encoding);
	check(converted(&out, code, xml), NULL, want);
	buf_deinit(&out);
	buf_deinit(&all);
}

#define MARK     "\xEF\xBB\xBF"
#define OVERRIDE "flaws=[\"encoding-override\"]"

static void test_codes(void **state)
{
	const char *e = "ca\xC3\xB1\xC3\xB3n";

	(void)state;
	check_code("UTF-8", "", "", e, "encoding=utf-8\nflaws=[]");
	check_code("UTF-8", "utf-8", MARK, e, "encoding=utf-8\nflaws=[]");
	check_code("UTF-16LE", "utf-16", MARK, e, "encoding=utf-16le\nflaws=[]");
	check_code("UTF-16BE", "utf-16", "", e, "encoding=utf-16be\nflaws=[]");
	check_code("UTF-32BE", "utf-32", MARK, e, "encoding=utf-32be\nflaws=[]");
	check_code("ISO-8859-1", "ISO-8859-1", "", e, "encoding=iso-8859-1\nflaws=[]");
	check_code("CP1252", "iso-8859-1", "",
		"\xE2\x80\x9C"
		"a\xE2\x80\x9D",
		"encoding=iso-8859-1");
	check_code("GB18030", "gb2312", "", "\xE6\x9C\xB1\xE9\x95\x95\xE5\x9F\xBA",
		"encoding=gb18030\nflaws=[]");
	check_code("CP949", "euc-kr", "", "\xEB\x85\x84\xEA\xB0\x80", "encoding=euc-kr\nflaws=[]");
	check_code("CP932", "Shift_JIS", "", "\xE2\x91\xA0\xE6\x97\xA5\xE6\x9C\xAC",
		"encoding=shift_jis\nflaws=[]");
	check_code("IBM037", "ebcdic-cp-us", "", "abc", "title(likely)=abc");
	/* The label lies: valid UTF-8 is UTF-8. */
	check_code("UTF-8", "iso-8859-1", "", e, "encoding=utf-8\n" OVERRIDE);
	check_code("UTF-8", "utf-16", "", e, "encoding=utf-8\n" OVERRIDE);
	check_code("UTF-8", "utf-16", "", "abc", "encoding=utf-8\n" OVERRIDE);
	check_code("UTF-8", "iso-8859-1", MARK, e, "encoding=utf-8\n" OVERRIDE);
	check_code("UTF-8", "shift_jis", "", e, "encoding=utf-8\n" OVERRIDE);
	check_code("UTF-8", "iso-2022-jp", "", e, "encoding=utf-8\n" OVERRIDE);
	check_code("UTF-8", "x-nonsense", "", e, "encoding=utf-8\n" OVERRIDE);
	check_code(
		"ISO-2022-JP", "iso-2022-jp", "", "\xE6\x97\xA5", "encoding=iso-2022-jp\nflaws=[]");
	/* Nothing said, or UTF-8 said, and it is not. */
	check_code("CP1252", "", "", e, "encoding=windows-1252\n" OVERRIDE);
	check_code("CP1252", "utf-8", "", e, "encoding=windows-1252\n" OVERRIDE);
	check_code("CP1252", "x-nonsense", "", e,
		"encoding=windows-1252\nflaws=[\"encoding-unknown\"]");
	/* Mostly UTF-8, with a stray byte. */
	check(STR("<rss><channel><title>\xC3\xA1\xC3\xA9\xC3\xAD \xE9</title></channel></rss>"),
		NULL, "encoding=utf-8\ntitle(likely)=\xC3\xA1\xC3\xA9\xC3\xAD \xC3\xA9\n" OVERRIDE);
}

/* A site in UTF-8 whose template is not, with the template's label. */
static void test_stray_bytes_under_a_label(void **state)
{
	(void)state;
	CHECK("<?xml version=\"1.0\" encoding=\"ISO-8859-1\"?><rss><channel>"
	      "<title>\xC3\xA1\xC3\xA9\xC3\xAD \xE9</title></channel></rss>",
		"encoding=utf-8\ntitle(likely)=\xC3\xA1\xC3\xA9\xC3\xAD \xC3\xA9\n" OVERRIDE);
	CHECK("<?xml version=\"1.0\" encoding=\"gb2312\"?><rss><channel>"
	      "<title>\xC3\xA1\xC3\xA9\xC3\xAD\xC3\xB3\xC3\xBA\xC3\xB1\xC3\xA1\xC3\xA9\xC3\xAD"
	      " \xE9</title></channel></rss>",
		"encoding=utf-8\n" OVERRIDE);
	/* As many of the one as of the other: no reason to doubt the label. */
	CHECK("<?xml version=\"1.0\" encoding=\"ISO-8859-1\"?><rss><channel>"
	      "<title>\xC3\xA1 \xE9</title></channel></rss>",
		"encoding=iso-8859-1\ntitle(likely)=\xC3\x83\xC2\xA1 \xC3\xA9\nflaws=[]");
	/* A few pairs of Chinese bytes do look like UTF-8. */
	CHECK("<?xml version=\"1.0\" encoding=\"gb2312\"?><rss><channel>"
	      "<title>\xC4\xA3\xC4\xA3\xC4\xA3\xD6\xD0</title></channel></rss>",
		"encoding=gb18030\nflaws=[]");
}

/* text/xml without charset said us-ascii in RFC 3023, and what the declaration says in RFC 7303,
 * which is the same where the text is ASCII. */
static void test_declaration_under_text_xml(void **state)
{
	const struct parse_hints hints = {.content_type = STR("text/xml")};

	(void)state;
	check(STR("<?xml version=\"1.0\" encoding=\"Shift_JIS\"?><rss><channel>"
		  "<title>\x93\xFA\x96\x7B</title></channel></rss>"),
		&hints, "encoding=shift_jis\ntitle(likely)=\xE6\x97\xA5\xE6\x9C\xAC\nflaws=[]");
	check(STR("<?xml version=\"1.0\" encoding=\"ISO-8859-2\"?><rss><channel>"
		  "<title>\xB3</title></channel></rss>"),
		&hints, "encoding=iso-8859-2\ntitle(likely)=\xC5\x82\nflaws=[]");
	check(STR("<?xml version=\"1.0\" encoding=\"ISO-8859-1\"?><rss><channel>"
		  "<title>\xC3\xA1</title></channel></rss>"),
		&hints, "encoding=utf-8\ntitle(likely)=\xC3\xA1\n" OVERRIDE);
	check(STR("<?xml version=\"1.0\" encoding=\"utf-8\"?><rss><channel>"
		  "<title>\xC3\xA1</title></channel></rss>"),
		&hints, "encoding=utf-8\nflaws=[]");
	/* Said in so many words, it is a lie. */
	const struct parse_hints ascii = {.content_type = STR("text/xml; charset=us-ascii")};
	check(STR("<?xml version=\"1.0\" encoding=\"ISO-8859-2\"?><rss><channel>"
		  "<title>\xB3</title></channel></rss>"),
		&ascii, "encoding=iso-8859-2\ntitle(likely)=\xC5\x82\n" OVERRIDE);
}

static void test_content_types(void **state)
{
	static const struct {
		const char *type, *want;
	} cases[] = {
		{"application/rss+xml", "encoding=utf-8\nflaws=[]"},
		{"application/xml; charset=us-ascii", "encoding=us-ascii\nflaws=[]"},
		{"text/xml", "encoding=us-ascii\nflaws=[]"},
		{"text/xml; charset=\"ISO-8859-2\"", "encoding=iso-8859-2\nflaws=[]"},
		{"text/plain", "flaws=[\"non-xml-content-type\"]"},
		{"application/xml; charset=bogus", "encoding=utf-8\nflaws=[\"encoding-unknown\"]"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		const struct parse_hints hints = {.content_type = str_of(cases[i].type)};
		check(STR("<rss><channel/></rss>"), &hints, cases[i].want);
	}
}

static void test_hints(void **state)
{
	const struct parse_hints hints = {
		.content_location = STR("http://l.test/d/"), .content_language = STR("pt-BR")};

	(void)state;
	check(STR("<rss><channel/></rss>"), &hints, "base=http://l.test/d/\nlanguage=pt-BR");
	check(STR("<feed xmlns='http://www.w3.org/2005/Atom' xml:base='e/' xml:lang='fr'/>"),
		&hints, "base=http://l.test/d/e/\nlanguage=fr");
}

/* Wherever a piece ends, the characters stay whole. */
static void test_pieces(void **state)
{
	struct buf xml = BUF_INIT;
	struct collector c = {.out = BUF_INIT};
	struct parser *parser = parser_new();
	struct error error;

	(void)state;
	for (size_t pad = 0; pad < 8; pad++) {
		buf_clear(&xml);
		buf_lit(&xml, "<rss><channel><item><title>");
		for (size_t i = 0; i < pad; i++)
			buf_char(&xml, 'x');
		for (size_t i = 0; i < 5000; i++)
			buf_lit(&xml, "\xE2\x82\xAC\xF0\x9F\x98\x80");
		buf_lit(&xml, "</title></item></channel></rss>");
		assert_int_equal(collect_run(&c, parser, buf_view(&xml), NULL, &error), 0);
		assert_false(c.invalid);
		assert_true(str_find(buf_view(&c.out), STR("flaws=[]")) < c.out.n);
		assert_true(c.out.n > pad + 35000);
	}
	collect_deinit(&c);
	buf_deinit(&xml);
	parser_free(parser);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_characters),
		cmocka_unit_test(test_around),
		cmocka_unit_test(test_tags),
		cmocka_unit_test(test_every_truncation),
		cmocka_unit_test(test_not_feeds),
		cmocka_unit_test(test_bombs),
		cmocka_unit_test(test_limits),
		cmocka_unit_test(test_beyond),
		cmocka_unit_test(test_long_section),
		cmocka_unit_test(test_never_ending),
		cmocka_unit_test(test_sink_stops),
		cmocka_unit_test(test_codes),
		cmocka_unit_test(test_stray_bytes_under_a_label),
		cmocka_unit_test(test_declaration_under_text_xml),
		cmocka_unit_test(test_content_types),
		cmocka_unit_test(test_hints),
		cmocka_unit_test(test_pieces),
	};

	return cmocka_run_group_tests_name("parse recovery", tests, NULL, NULL);
}
