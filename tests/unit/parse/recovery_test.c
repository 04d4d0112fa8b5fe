/* Broken documents, and things that are no feed. */
#include <stdio.h>

#include "checks.h"

#include <errno.h>

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

/* Several documents in one, and one in another. */
static void test_roots(void **state)
{
	(void)state;
	CHECK("<rss><channel><item><title>a</title></item></channel></rss>\n"
	      "<?xml version=\"1.0\"?><rss><channel><item><title>b</title></item></channel></rss>",
		"title(likely)=a\ntitle(likely)=b\n" NWF);
	CHECK("<rss version=\"2.0\"><rss version=\"2.0\"><channel><title>t</title>"
	      "<item><title>a</title></item></channel></rss></rss>",
		"format=rss20\ntitle(likely)=t\ntitle(likely)=a");
	CHECK("<channel><title>t</title><item><title>a</title></item></channel>",
		"format=rss\ntitle(likely)=t\ntitle(likely)=a");
	CHECK("<rss><item><title>a</title></item></rss>",
		"title(likely)=a\nflaws=[\"items-outside-channel\"]");
	CHECK("<rss><channel><items><item><title>a</title></item></items></channel></rss>",
		"title(likely)=a\nflaws=[]");
}

/* Bytes that XML has no place for. */
static void test_bytes(void **state)
{
	(void)state;
	check(STR("<rss><channel><item><ti\0tle>x</ti\0tle><title>a\0b</title></item></channel></"
		  "rss>"
		  "\0\0"),
		NULL, "title(likely)=ab\n" NWF);
	CHECK("<rss><channel><item><t\xFFx>no</t\xFFx><title>a</title></item></channel></rss>",
		"title(likely)=a\nflaws=[\"encoding-override\"]");
	CHECK("<rss><channel><item><t\xC3\xA9x>no</t\xC3\xA9x><title>a</title></item></channel>",
		"title(likely)=a\nflaws=[\"not-well-formed\",\"truncated\"]");
	CHECK("<rss><channel><item><title>a\x0B\x0C\x1F\xEF\xBF\xBF\x7F"
	      "b</title></item></channel></rss>",
		"title(likely)=a\x7F"
		"b\n" NWF);
	CHECK("<rss><channel><item><title>&#0;&#11;&#xFFFF;&#x110000;&#65;</title></item></"
	      "channel></rss>",
		"title(likely)=&#0;&#11;&#xFFFF;&#x110000;A\n" NWF);
}

static void test_attributes(void **state)
{
	(void)state;
	CHECK("<rss version=2.0><channel><item><enclosure url=http://x/?a=1&b=2 type=a/b length=7 "
	      "/>"
	      "<title>a</title></item></channel></rss>",
		"format=rss20\nenclosure=http://x/?a=1&b=2|a/b|7|\ntitle(likely)=a\n" NWF);
	CHECK("<rss><channel><item><enclosure url=\"u\" url=\"v\" type=\"a<b\" checked/>"
	      "<title>a</title></item></channel></rss>",
		"enclosure=u|a<b||\ntitle(likely)=a\n" NWF);
	CHECK("<rss><channel><item><enclosure url=\"u></enclosure><title>a</title></item>"
	      "<item><title>b</title></item></channel></rss>",
		"title(likely)=b\n" NWF);
	CHECK("<rss><channel><item><title>a</title><description><![CDATA[x</description></item>"
	      "<item><title>b</title></item></channel></rss>",
		"title(likely)=a\nsummary(likely)=x\ntitle(likely)=b\n" NWF);
}

/* xml:base and xml:lang hold for what is inside, at every level. */
static void test_base_and_language(void **state)
{
	(void)state;
	CHECK("<feed xmlns=\"http://www.w3.org/2005/Atom\" xml:base=\"http://b.test/\" "
	      "xml:lang=\"es\">"
	      "<title xml:lang=\"ca\">t</title><entry xml:base=\"e/\" xml:lang=\"fr\">"
	      "<title xml:base=\"t/\">x</title><link href=\"l\"/>"
	      "<content xml:base=\"c/\" xml:lang=\"pt\" type=\"xhtml\">"
	      "<div xmlns=\"http://www.w3.org/1999/xhtml\"><p xml:base=\"p/\"><a "
	      "href=\"a\">y</a></p>"
	      "<a href=\"b\">z</a></div></content></entry><entry><id>2</id></entry></feed>",
		"base=http://b.test/\nlanguage=es\ntitle.lang=ca\nbase=http://b.test/e/\n"
		"language=fr\ntitle.base=http://b.test/e/t/\ncontent.base=http://b.test/e/c/\n"
		"content.lang=pt\n"
		"content(xhtml)=<p><a href=\"http://b.test/e/c/p/a\">y</a></p><a href=\"b\">z</a>\n"
		"flaws=[]");
}

static void test_not_feeds(void **state)
{
	(void)state;
	check_not_feed(STR(""), "empty");
	check_not_feed(STR(" \n"), "empty");
	check_not_feed(STR("<!DOCTYPE html><html><head><title>x</title></head><p>y</html>"),
		"this is an HTML page, not a feed");
	check_not_feed(STR("<?xml version=\"1.0\"?><rss version"), "cut off before it says");
	check_not_feed(STR("<opml version=\"2.0\"><body/></opml>"), "OPML");
	check_not_feed(STR("<foo/>"), "<foo>");
	check_not_feed(STR("hello"), "neither XML nor JSON");
	check_not_feed(STR("%PDF-1.4 \x01\x02"), "PDF");
}

/* A feed without items is a feed, and nothing is wrong with it. */
static void test_empty_feeds(void **state)
{
	(void)state;
	CHECK("<rss version=\"2.0\"><channel/></rss>", "format=rss20\n!entry\nflaws=[]");
	CHECK("<rss version=\"2.0\"/>", "format=rss20\nflaws=[]");
	CHECK("<feed xmlns=\"http://www.w3.org/2005/Atom\"/>", "format=atom10\nflaws=[]");
	CHECK("<rdf:RDF xmlns:rdf=\"http://www.w3.org/1999/02/22-rdf-syntax-ns#\"/>",
		"format=rss10\nflaws=[]");
}

/* All feeds that a page names, against its <base>, else its own address. */
static void test_advertised_feeds(void **state)
{
	const struct parse_hints at = {.url = STR("http://city.test/news/today.html")};

	(void)state;
	check_not_feed(STR("<html><head><link rel=\"alternate\" type=\"application/rss+xml\" "
			   "href=\"/rss?a=1&amp;b=2\"></head></html>"),
		"this is an HTML page, not a feed; it names a feed at /rss?a=1&b=2");
	check_not_feed_at(
		STR("<!DOCTYPE html><HTML><HEAD><LINK REL=Alternate TYPE=application/rss+xml "
		    "HREF=../rss.xml><link href='atom.xml' title=\"a > b href=no\" "
		    "type='application/atom+xml; charset=utf-8' rel='nofollow alternate'/>"
		    "<link rel=alternate type='application/feed+json' "
		    "href=https://cdn.test/f.json>"
		    "<link rel='alternate' type='application/rss+xml' href='/rss.xml'>"
		    "<!-- <link rel=alternate type=application/rss+xml href=/old> -->"
		    "<link rel=stylesheet type=text/css href=/s.css>"
		    "<link rel=alternate hreflang=en href=/en>"
		    "<link rel=alternate type=application/rss+xml href=''>"
		    "<linkrel=alternate type=application/rss+xml href=/no>"),
		&at,
		"it names feeds at http://city.test/rss.xml http://city.test/news/atom.xml "
		"https://cdn.test/f.json");
	check_not_feed_at(STR("<html><head><base href=\"/portal/\"><link rel=feed href=rss>"
			      "</head>"),
		&at, "names a feed at http://city.test/portal/rss");
	check_not_feed_at(STR("<html><link rel=alternate type=application/rss+xml href=\"/a"), &at,
		"names a feed at http://city.test/a");
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
		cmocka_unit_test(test_roots),
		cmocka_unit_test(test_bytes),
		cmocka_unit_test(test_attributes),
		cmocka_unit_test(test_base_and_language),
		cmocka_unit_test(test_not_feeds),
		cmocka_unit_test(test_empty_feeds),
		cmocka_unit_test(test_advertised_feeds),
		cmocka_unit_test(test_sink_stops),
		cmocka_unit_test(test_hints),
		cmocka_unit_test(test_pieces),
	};

	return cmocka_run_group_tests_name("parse recovery", tests, NULL, NULL);
}
