/* The formats: RSS, RDF, Atom, JSON Feed, and their dialects. */
#include <stdio.h>

#include "checks.h"

static void test_rss20(void **state)
{
	(void)state;
	CHECK("<?xml version=\"1.0\"?><rss version=\"2.0\"><channel><title>City news</title>"
	      "<link>http://city.test/</link><description>All of it</description>"
	      "<language>es-mx</language><managingEditor>ana@city.test (Ana)</managingEditor>"
	      "<lastBuildDate>Mon, 06 Sep 2021 00:01:00 GMT</lastBuildDate><ttl>60</ttl>"
	      "<category domain=\"d\">c</category><generator>hand</generator>"
	      "<image><url>http://city.test/i.png</url><title>It</title><link>http://l/</link></"
	      "image>"
	      "<skipHours><hour>1</hour><hour>2</hour></skipHours>"
	      "<item><title>One &amp; only</title><link>http://city.test/1</link>"
	      "<description>&lt;p&gt;Text&lt;/p&gt;</description><guid>g1</guid>"
	      "<pubDate>Sun, 05 Sep 2021 10:00:00 GMT</pubDate><author>bo@city.test (Bo)</author>"
	      "<category>a</category><category domain=\"x\">b</category><category>a</category>"
	      "<enclosure url=\"http://city.test/e.mp3?a=1&amp;b=2\" type=\"audio/mpeg\" "
	      "length=\"7\"/>"
	      "<comments>http://city.test/1#c</comments>"
	      "<source url=\"http://other.test/rss\">Other</source></item>"
	      "<item><guid isPermaLink=\"false\">g2</guid></item></channel></rss>",
		"format=rss20\nencoding=utf-8\ntitle(likely)=City news\nlink=http://city.test/\n"
		"subtitle(likely)=All of it\nlanguage=es-mx\nauthor=Ana|ana@city.test|\n"
		"updated=Mon, 06 Sep 2021 00:01:00 GMT\nttl=60\ncategory=c|d|\ngenerator=hand\n"
		"image=http://city.test/i.png\nimage_title=It\nskip_hours=1 2\n"
		"title(likely)=One & only\nsummary(likely)=<p>Text</p>\npermalink=g1\nid=g2\n"
		"author=Bo|bo@city.test|\ncategory=a||\ncategory=b|x|\n"
		"enclosure=http://city.test/e.mp3?a=1&b=2|audio/mpeg|7|\n"
		"comments=http://city.test/1#c\nsource.title(likely)=Other\n"
		"source.url=http://other.test/rss\nflaws=[]");
}

static void test_versions(void **state)
{
	(void)state;
	CHECK("<rss version=\"0.91\"><channel/></rss>", "format=rss091u");
	CHECK("<!DOCTYPE rss PUBLIC \"-//Netscape Communications//DTD RSS 0.91//EN\" \"http://x/\">"
	      "<rss version=\"0.91\"><channel/></rss>",
		"format=rss091n\nflaws=[]");
	CHECK("<rss version=\"0.90\"><channel/></rss>", "format=rss090");
	CHECK("<rss version=\"0.92\"><channel/></rss>", "format=rss092");
	CHECK("<rss version=\"0.93\"><channel><item><pubDate>2001</pubDate>"
	      "<expirationDate>2002</expirationDate></item></channel></rss>",
		"format=rss093\npublished=2001\nexpires=2002\nflaws=[]");
	CHECK("<rss version=\"0.94\"><channel/></rss>", "format=rss094");
	CHECK("<rss version=\" 2.0 \"><channel/></rss>", "format=rss20");
	CHECK("<RSS version=\"2.0\"><channel/></RSS>", "format=rss20");
	CHECK("<rss version=\"4\"><channel/></rss>", "format=rss\nflaws=[]");
	CHECK("<rss><channel/></rss>", "format=rss");
	CHECK("<rss version=\"2.01\"><channel/></rss>", "format=rss20");
	CHECK("<rdf:RDF xmlns:rdf=\"http://www.w3.org/1999/02/22-rdf-syntax-ns#\" "
	      "xmlns=\"http://my.netscape.com/rdf/simple/0.9/\"><channel><title>t</title></channel>"
	      "<item><title>i</title></item></rdf:RDF>",
		"format=rss090\ntitle(likely)=t\ntitle(likely)=i\nflaws=[]");
	CHECK("<feed version=\"0.3\" xmlns=\"http://purl.org/atom/ns#\"/>", "format=atom03");
	CHECK("<feed xmlns=\"http://www.w3.org/2005/Atom\"/>", "format=atom10");
	CHECK("<feed><title>t</title></feed>", "format=atom\ntitle(plain)=t");
	CHECK("<rss version=\"2.0\"><channel/><item><title>t</title></item></rss>",
		"title(likely)=t\nflaws=[\"items-outside-channel\"]");
}

static void test_rdf(void **state)
{
	(void)state;
	CHECK("<rdf:RDF xmlns:rdf=\"http://www.w3.org/1999/02/22-rdf-syntax-ns#\" "
	      "xmlns=\"http://purl.org/rss/1.0/\" xmlns:dc=\"http://purl.org/dc/elements/1.1/\" "
	      "xmlns:x=\"urn:x\"><channel rdf:about=\"http://c/\"><title>T</title>"
	      "<items><rdf:Seq><rdf:li resource=\"r\"/></rdf:Seq></items></channel>"
	      "<item rdf:about=\"http://c/1\"><title>One</title><x:title>no</x:title>"
	      "<dc:date>2020-01-02</dc:date><dc:creator>Ana</dc:creator><dc:subject>s</dc:subject>"
	      "</item></rdf:RDF>",
		"format=rss10\nid=http://c/\nid=http://c/1\ntitle(likely)=One\nupdated=2020-01-02\n"
		"author=Ana||\ncategory=s||\n!title(likely)=no\nflaws=[]");
}

/* HTML that nobody escaped is HTML all the same, also where there is no word in it. */
static void test_raw_markup_without_text(void **state)
{
	(void)state;
	CHECK("<rss><channel><item><title>t</title><description><br/><center><img src=\"a.jpg\"/>"
	      "</center></description></item></channel></rss>",
		"summary(xhtml)=<br /><center><img src=\"a.jpg\" /></center>");
	/* Not well-formed either, and among blanks. */
	CHECK("<rss><channel><item><title>t</title><description>\n <p><img src=\"a.jpg\"></p>\n"
	      "</description></item><item><title>u</title></item></channel></rss>",
		"title(likely)=t\ntitle(likely)=u\nsummary(xhtml)=<p><img src=\"a.jpg\" /></p>");
}

/* What a converter from RSS left as it was. */
static void test_atom_with_rss_elements(void **state)
{
	(void)state;
	CHECK("<feed xmlns=\"http://www.w3.org/2005/Atom\"><entry><id>urn:1</id><title>t</title>"
	      "<enclosure url=\"a.mp3\" type=\"audio/mpeg\" length=\"7\"/></entry></feed>",
		"enclosure=a.mp3|audio/mpeg|7|");
	CHECK("<a:feed xmlns:a=\"http://www.w3.org/2005/Atom\"><a:entry><a:id>urn:1</a:id>"
	      "<enclosure url=\"b.mp3\"/></a:entry></a:feed>",
		"enclosure=b.mp3|||");
	CHECK("<feed xmlns=\"http://www.w3.org/2005/Atom\"><entry><id>urn:1</id><title>t</title>"
	      "<pubDate>Fri, 30 Sep 2011 00:00 EDT</pubDate></entry></feed>",
		"published=Fri, 30 Sep 2011 00:00 EDT");
	/* Atom's own goes first. */
	CHECK("<feed xmlns=\"http://www.w3.org/2005/Atom\"><entry><id>urn:1</id><title>t</title>"
	      "<published>2020-01-01</published><pubDate>Fri, 30 Sep 2011</pubDate></entry></feed>",
		"published=2020-01-01");
}

static void test_atom(void **state)
{
	(void)state;
	CHECK("<feed xmlns=\"http://www.w3.org/2005/Atom\" xml:lang=\"fr\" "
	      "xml:base=\"http://b.test/a/\"><title type=\"html\">A &amp;lt; B</title>"
	      "<link href=\"http://b.test/\"/><link rel=\"self\" href=\"feed\"/><id>urn:f</id>"
	      "<updated>2020-01-01T00:00:00Z</updated><author><name>N</name><email>n@b.test</email>"
	      "<uri>u</uri></author><generator uri=\"http://g/\" version=\"2\">G</generator>"
	      "<entry xml:base=\"c/\" xml:lang=\"es\"><id>urn:1</id><title>One &lt;b></title>"
	      "<link href=\"x\" type=\"text/html\"/><link rel=\"enclosure\" href=\"y.mp3\" "
	      "length=\"9\"/>"
	      "<published>2020-01-01</published><updated>2020-01-02</updated>"
	      "<summary type=\"html\">&lt;i>s&lt;/i></summary>"
	      "<content type=\"xhtml\" xml:base=\"d/\"><div "
	      "xmlns=\"http://www.w3.org/1999/xhtml\">a "
	      "<b title=\"&quot;&amp;\">&amp;</b><br/></div></content>"
	      "<category term=\"t\" scheme=\"s\" "
	      "label=\"l\"/><contributor><name>C</name></contributor>"
	      "<source><id>urn:s</id><title>S</title><link "
	      "href=\"http://s/\"/></source></entry></feed>",
		"format=atom10\nlanguage=fr\nbase=http://b.test/a/\ntitle(html)=A &lt; B\n"
		"link=http://b.test/\nfeed_url=feed\nid=urn:f\nauthor=N|n@b.test|u\ngenerator=G\n"
		"generator_url=http://g/\ngenerator_version=2\nlanguage=es\nbase=http://b.test/a/c/"
		"\n"
		"id=urn:1\ntitle(plain)=One <b>\nlink=x\nlink.base=http://b.test/a/c/\n"
		"enclosure=y.mp3||9|\nsummary(html)=<i>s</i>\nsummary.base=http://b.test/a/c/\n"
		"content(xhtml)=a <b title=\"&quot;&amp;\">&amp;</b><br />\n"
		"content.base=http://b.test/a/c/d/"
		"\ncontent.lang=es\ncategory=t|s|l\ncontributor=C||\n"
		"source.id=urn:s\nsource.title(plain)=S\nsource.url=http://s/\nflaws=[]");
}

static void test_atom_types(void **state)
{
	(void)state;
	CHECK("<feed version=\"0.3\" xmlns=\"http://purl.org/atom/ns#\"><entry>"
	      "<title mode=\"escaped\" type=\"text/html\">&lt;b></title><issued>2003-01-01</issued>"
	      "<modified>2003-01-02</modified><summary mode=\"base64\">PGk+cw==</summary>"
	      "<content type=\"application/xhtml+xml\" mode=\"xml\"><div>a<b>c</b></div></content>"
	      "</entry></feed>",
		"title(html)=<b>\npublished=2003-01-01\nupdated=2003-01-02\nsummary(likely)=<i>s\n"
		"content(xhtml)=<div>a<b>c</b></div>");
	CHECK("<feed xmlns=\"http://www.w3.org/2005/Atom\"><entry><content src=\"http://x/v.mp4\" "
	      "type=\"video/mp4\"/><title "
	      "type=\"application/octet-stream\">PGI+</title></entry></feed>",
		"enclosure=http://x/v.mp4|video/mp4||\ntitle(likely)=<b>");
	/* One entry alone is a document, too. */
	CHECK("<entry xmlns=\"http://www.w3.org/2005/Atom\"><id>urn:e</id></entry>",
		"format=atom10\nid=urn:e");
}

static void test_markup_in_rss(void **state)
{
	(void)state;
	CHECK("<rss version=\"2.0\"><channel><item><title>a &lt; <b>b</b></title>"
	      "<description>&lt;p>x <br/> y</description></item></channel></rss>",
		"title(html)=a < <b>b</b>\nsummary(html)=<p>x <br /> y");
	CHECK("<rss version=\"2.0\"><channel><item><title>a &amp; <b>b</b></title></item>"
	      "</channel></rss>",
		"title(xhtml)=a &amp; <b>b</b>");
	CHECK("<rss version=\"2.0\"><channel><item><xhtml:body "
	      "xmlns:xhtml=\"http://www.w3.org/1999/"
	      "xhtml\"><xhtml:p>x</xhtml:p></xhtml:body><description>d</description></item>"
	      "</channel></rss>",
		"content(xhtml)=<p>x</p>\nsummary(likely)=d");
}

static void test_persons(void **state)
{
	static const char *const forms[] = {"ana@city.test (Ana)", "Ana <ana@city.test>",
		"Ana (ana@city.test)", "mailto:ana@city.test (Ana)", "\"Ana\" <ana@city.test>"};
	char xml[512];

	(void)state;
	for (size_t i = 0; i < sizeof forms / sizeof *forms; i++) {
		snprintf(xml, sizeof xml,
			"<rss><channel><item><author><![CDATA[%s]]></author></item></channel></"
			"rss>",
			forms[i]);
		CHECK(xml, "author=Ana|ana@city.test|");
	}
	CHECK("<rss><channel><item><author>ana@city.test</author></item></channel></rss>",
		"author=|ana@city.test|");
	CHECK("<rss><channel><item><author>Ana @ home</author></item></channel></rss>",
		"author=Ana @ home||");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rss20),
		cmocka_unit_test(test_versions),
		cmocka_unit_test(test_rdf),
		cmocka_unit_test(test_atom),
		cmocka_unit_test(test_raw_markup_without_text),
		cmocka_unit_test(test_atom_with_rss_elements),
		cmocka_unit_test(test_atom_types),
		cmocka_unit_test(test_markup_in_rss),
		cmocka_unit_test(test_persons),
	};

	return cmocka_run_group_tests_name("parse formats", tests, NULL, NULL);
}
