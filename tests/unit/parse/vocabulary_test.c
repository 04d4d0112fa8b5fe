/* The vocabularies, right and misspelt. */
#include "checks.h"

#define RSS(namespaces, inside) \
	"<rss version=\"2.0\" " namespaces "><channel><item>" inside "</item></channel></rss>"

static void test_dublin_core(void **state)
{
	(void)state;
	CHECK(RSS("xmlns:dc=\"http://purl.org/dc/elements/1.1/\" "
		  "xmlns:dcterms=\"http://purl.org/dc/terms/\"",
		      "<dc:title>low</dc:title><title>high</title><dc:creator>A</dc:creator>"
		      "<dc:creator>B</dc:creator><dc:language>ca</dc:language><dc:rights>r</"
		      "dc:rights>"
		      "<dcterms:issued>2001</dcterms:issued><dcterms:modified>2002</"
		      "dcterms:modified>"
		      "<dcterms:created>2000</dcterms:created>"
		      "<dcterms:valid>start=2002; end=2003-01-01</dcterms:valid>"),
		"title(likely)=high\n!title(likely)=low\nauthor=A||\nauthor=B||\nlanguage=ca\n"
		"rights(likely)=r\npublished=2001\nupdated=2002\ncreated=2000\nexpires=2003-01-01");
	/* RSS's own author goes before dc:creator, whichever comes first. */
	CHECK(RSS("xmlns:dc=\"http://purl.org/dc/elements/1.1/\"",
		      "<dc:creator>A</dc:creator><author>b@c.test "
		      "(B)</author><dc:creator>C</dc:creator>"),
		"author=B|b@c.test|\n!author=A||\n!author=C||");
}

static void test_content(void **state)
{
	(void)state;
	CHECK(RSS("xmlns:content=\"http://purl.org/rss/1.0/modules/content/\"",
		      "<content:encoded><![CDATA[<p>all</p>]]></content:encoded>"
		      "<description>short</description>"),
		"content(html)=<p>all</p>\nsummary(likely)=short");
}

static void test_media(void **state)
{
	(void)state;
	CHECK(RSS("xmlns:media=\"http://search.yahoo.com/mrss/\"",
		      "<media:group><media:content url=\"v.mp4\" type=\"video/mp4\" fileSize=\"5\">"
		      "<media:title>V</media:title></media:content>"
		      "<media:content url=\"p\" medium=\"image\"/></media:group>"
		      "<media:thumbnail url=\"t.jpg\"/><media:keywords>a, b</media:keywords>"
		      "<media:description type=\"html\">&lt;i></media:description>"),
		"enclosure=v.mp4|video/mp4|5|V\nenclosure=p|image||\nimage=t.jpg\n"
		"category=a||\ncategory=b||\nsummary(html)=<i>\ntitle(likely)=V");
}

static void test_podcast(void **state)
{
	(void)state;
	CHECK(RSS("xmlns:itunes=\"http://www.itunes.com/dtds/podcast-1.0.dtd\"",
		      "<itunes:summary>S</itunes:summary><itunes:author>A</itunes:author>"
		      "<itunes:image href=\"i.png\"/>"),
		"summary(likely)=S\nauthor=A||\nimage=i.png");
	CHECK(RSS("xmlns:itunes=\"http://www.itunes.com/dtds/podcast-1.0.dtd\"",
		      "<itunes:keywords>city hall, open data,, parks </itunes:keywords>"),
		"category=city hall|http://www.itunes.com/|\n"
		"category=open "
		"data|http://www.itunes.com/|\ncategory=parks|http://www.itunes.com/|\n"
		"!category=city|http://www.itunes.com/|");
	CHECK(RSS("xmlns:media=\"http://search.yahoo.com/mrss/\"",
		      "<media:keywords>city hall, parks</media:keywords>"
		      "<category>Roads, bridges</category>"),
		"category=city hall||\ncategory=parks||\ncategory=Roads, bridges||");
}

static void test_podcasting_20(void **state)
{
	(void)state;
	CHECK("<rss xmlns:podcast=\"https://podcastindex.org/namespace/1.0\" "
	      "xmlns:itunes=\"http://www.itunes.com/dtds/podcast-1.0.dtd\"><channel>"
	      "<podcast:guid>9b0c</podcast:guid><podcast:locked>yes</podcast:locked>"
	      "<podcast:funding url=\"http://p.test/pay\">Help</podcast:funding>"
	      "<podcast:license url=\"http://l.test/\">by</podcast:license>"
	      "<item><enclosure url=\"a.mp3\" type=\"audio/mpeg\" length=\"1\"/>"
	      "<itunes:duration>1:02:03</itunes:duration>"
	      "<podcast:transcript url=\"t.vtt\" type=\"text/vtt\" language=\"es\"/>"
	      "<podcast:chapters url=\"c.json\" type=\"application/json+chapters\"/>"
	      "<podcast:person role=\"guest\" href=\"http://ana.test/\">Ana</podcast:person>"
	      "<podcast:location geo=\"geo:6.25,-75.56;u=10\" "
	      "osm=\"R1\">Medellín</podcast:location>"
	      "<podcast:license>cc-by-4.0</podcast:license>"
	      "<podcast:socialInteract protocol=\"disabled\"/>"
	      "<podcast:socialInteract uri=\"https://social.test/1\" protocol=\"activitypub\"/>"
	      "<podcast:season>1</podcast:season><podcast:episode>2</podcast:episode>"
	      "</item></channel></rss>",
		"id=9b0c\nlinks=payment|http://p.test/pay||\nlinks=license|http://l.test/||\n"
		"enclosure=a.mp3|audio/mpeg|1|\nduration=1:02:03\n"
		"links=transcript|t.vtt|text/vtt|es\n"
		"links=chapters|c.json|application/json+chapters|\n"
		"contributor=Ana||http://ana.test/\ngeo(point)=6.25,-75.56\n"
		"comments=https://social.test/1\nflaws=[]");
}

static void test_syndication(void **state)
{
	(void)state;
	CHECK("<rss xmlns:sy=\"http://purl.org/rss/1.0/modules/syndication/\"><channel>"
	      "<sy:updatePeriod>daily</sy:updatePeriod><sy:updateFrequency>2</sy:updateFrequency>"
	      "<sy:updateBase>2000-01-01T12:00+00:00</sy:updateBase>"
	      "</channel></rss>",
		"update_period=daily\nupdate_frequency=2\n"
		"update_base=2000-01-01T12:00+00:00\nflaws=[]");
}

/* RFC 5005: a whole feed says so, pages are links. */
static void test_history(void **state)
{
	(void)state;
	CHECK("<rss xmlns:fh=\"http://purl.org/syndication/history/1.0\" "
	      "xmlns:atom=\"http://www.w3.org/2005/Atom\"><channel><fh:complete/>"
	      "<atom:link rel=\"self\" href=\"http://me/\"/>"
	      "<atom:link rel=\"prev-archive\" href=\"http://me/2\"/>"
	      "<atom:link rel=\"next\" href=\"http://me/3\"/></channel></rss>",
		"complete\nfeed_url=http://me/\nlinks=prev-archive|http://me/2||\n"
		"links=next|http://me/3||");
	CHECK("<feed xmlns=\"http://www.w3.org/2005/Atom\" "
	      "xmlns:fh=\"http://purl.org/syndication/history/1.0\"><fh:archive/></feed>",
		"!complete");
	/* Only of the feed. */
	CHECK(RSS("xmlns:fh=\"http://purl.org/syndication/history/1.0\"", "<fh:complete/>"),
		"!complete");
}

static void test_tombstones(void **state)
{
	(void)state;
	CHECK("<feed xmlns=\"http://www.w3.org/2005/Atom\" "
	      "xmlns:at=\"http://purl.org/atompub/tombstones/1.0\">"
	      "<at:deleted-entry ref=\"urn:9\" when=\"2020-01-01T00:00:00Z\"><at:by><name>x</name>"
	      "</at:by><at:comment>y</at:comment><link href=\"http://z/\"/></at:deleted-entry>"
	      "<entry><id>urn:8</id></entry></feed>",
		"entry withdrawn\nid=urn:9\nupdated=2020-01-01T00:00:00Z\nentry\nid=urn:8\n"
		"!author=x||");
	CHECK("<rss xmlns:at=\"http://purl.org/atompub/tombstones/1.0\"><channel>"
	      "<at:deleted-entry ref=\"urn:9\" when=\"2020\"/></channel></rss>",
		"entry withdrawn\nid=urn:9");
}

static void test_licences(void **state)
{
	(void)state;
	CHECK(RSS("xmlns:cc=\"http://web.resource.org/cc/\" "
		  "xmlns:rdf=\"http://www.w3.org/1999/02/22-rdf-syntax-ns#\"",
		      "<cc:license rdf:resource=\"http://l/\"/>"),
		"license=http://l/");
	CHECK(RSS("xmlns:creativeCommons=\"http://backend.userland.com/creativeCommonsRssModule\"",
		      "<creativeCommons:license>http://l/</creativeCommons:license>"),
		"license=http://l/");
}

static void test_links_before_the_tracker(void **state)
{
	(void)state;
	CHECK(RSS("xmlns:feedburner=\"http://rssnamespace.org/feedburner/ext/1.0\" "
		  "xmlns:atom=\"http://www.w3.org/2005/Atom\"",
		      "<feedburner:origLink>http://o/</feedburner:origLink><link>http://fb/</link>"
		      "<atom:link rel=\"alternate\" href=\"http://a/\"/>"),
		"orig_link=http://o/\nlink=http://fb/\nlinks=alternate|http://a/||");
}

/* Where comments are is said; how many there are is not: it changes with every reader. */
static void test_comments(void **state)
{
	(void)state;
	CHECK(RSS("xmlns:slash=\"http://purl.org/rss/1.0/modules/slash/\" "
		  "xmlns:wfw=\"http://wellformedweb.org/CommentAPI/\" "
		  "xmlns:thr=\"http://purl.org/syndication/thread/1.0\" "
		  "xmlns:atom=\"http://www.w3.org/2005/Atom\"",
		      "<slash:comments>17</slash:comments><slash:section>city</slash:section>"
		      "<wfw:commentRss>http://c/feed</wfw:commentRss><thr:total>18</thr:total>"
		      "<thr:in-reply-to ref=\"urn:1\" href=\"http://c/1\" type=\"text/html\"/>"
		      "<atom:link rel=\"replies\" href=\"http://c/2\" thr:count=\"19\" "
		      "type=\"text/html\"/>"),
		"category=city||\nlinks=replies|http://c/feed|application/rss+xml|\n"
		"links=in-reply-to|http://c/1|text/html|\nlinks=replies|http://c/2|text/html|\n"
		"comments=http://c/2\n!comments=17");
}

#define REPAIRED   "flaws=[\"namespace-repaired\"]"
#define UNDECLARED "flaws=[\"undeclared-namespace\"]"

/* The ways in which the names of vocabularies are misspelt. */
static void test_misspelt_namespaces(void **state)
{
	(void)state;
	CHECK(RSS("xmlns:dc=\"http://purl.org/dc/elements/1.1/\"", "<dc:creator>A</dc:creator>"),
		"author=A||\nflaws=[]");
	CHECK(RSS("xmlns:dc=\"http://purl.org/dc/elements/1.1\"", "<dc:creator>A</dc:creator>"),
		"author=A||\n" REPAIRED);
	CHECK(RSS("xmlns:dc=\"https://purl.org/dc/elements/1.1/\"", "<dc:creator>A</dc:creator>"),
		"author=A||\n" REPAIRED);
	CHECK(RSS("xmlns:dc=\"http://www.purl.org/DC/Elements/1.1/\"",
		      "<dc:creator>A</dc:creator>"),
		"author=A||\n" REPAIRED);
	CHECK(RSS("xmlns:dc=\"\n  http://purl.org/dc/elements/1.1/\n \"",
		      "<dc:creator>A</dc:creator>"),
		"author=A||\n" REPAIRED);
	CHECK(RSS("xmlns:dc=\"http://purl.org/dc/\n    elements/1.1/\"",
		      "<dc:creator>A</dc:creator>"),
		"author=A||\n" REPAIRED);
	CHECK(RSS("xmlns:media=\"http://search.yahoo.com/mrss\"", "<media:thumbnail url=\"t\"/>"),
		"image=t\n" REPAIRED);
	CHECK(RSS("xmlns:media=\"//search.yahoo.com/mrss/\"", "<media:thumbnail url=\"t\"/>"),
		"image=t\n" REPAIRED);
	CHECK(RSS("xmlns:itunes=\"http://www.itunes.com/DTDs/Podcast-1.0.dtd\"",
		      "<itunes:author>A</itunes:author>"),
		"author=A||\n" REPAIRED);
	CHECK("<feed xmlns=\"http://www.w3.org/2005/atom\"><title>t</title></feed>",
		"format=atom10\ntitle(plain)=t\n" REPAIRED);
	CHECK("<feed xmlns=\"https://www.w3.org/2005/Atom/\"><title>t</title></feed>",
		"format=atom10\ntitle(plain)=t\n" REPAIRED);
	/* A known prefix whose URI is nothing we know means what it says all the same. */
	CHECK(RSS("xmlns:dc=\"http://purl.org/dc/elements\"", "<dc:creator>A</dc:creator>"),
		"author=A||\n" REPAIRED);
	CHECK(RSS("xmlns:content=\"http://purl.org/rss/1.0/modules/contents/\"",
		      "<content:encoded>&lt;p&gt;</content:encoded>"),
		"content(html)=<p>\n" REPAIRED);
	/* But not where another vocabulary uses the same prefix. */
	CHECK(RSS("xmlns:media=\"http://player.test/types\"", "<media:title>T</media:title>"),
		"!title(likely)=T\nflaws=[]");
	CHECK(RSS("xmlns:cc=\"http://counter.test/\"", "<cc:license>L</cc:license>"),
		"!license=L\nflaws=[]");
}

static void test_namespaces(void **state)
{
	(void)state;
	CHECK(RSS("", "<dc:creator>A</dc:creator>"), "author=A||\n" UNDECLARED);
	CHECK(RSS("", "<media:thumbnail url=\"t\"/><foo:bar/>"), "image=t\n" UNDECLARED);
	CHECK("<rss version=\"2.0\" "
	      "xmlns=\"http://unknown.test/ns\"><channel><title>t</title></channel>"
	      "</rss>",
		"title(likely)=t\nflaws=[]");
	/* Any prefix, if its namespace is the right one. */
	CHECK("<a:feed xmlns:a=\"http://www.w3.org/2005/Atom\"><a:title>t</a:title></a:feed>",
		"format=atom10\ntitle(plain)=t");
	CHECK("<r:rss version=\"2.0\" xmlns:r=\"http://backend.userland.com/rss2\"><r:channel>"
	      "<r:item><r:title>t</r:title></r:item></r:channel></r:rss>",
		"format=rss20\ntitle(likely)=t\nflaws=[]");
	/* The same local name of a foreign vocabulary is another element. */
	CHECK(RSS("xmlns:x=\"urn:x\"",
		      "<x:w><link>no</link></x:w><x:link>no</x:link><link>yes</link>"),
		"link=yes\n!link=no");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_dublin_core),
		cmocka_unit_test(test_content),
		cmocka_unit_test(test_media),
		cmocka_unit_test(test_podcast),
		cmocka_unit_test(test_podcasting_20),
		cmocka_unit_test(test_syndication),
		cmocka_unit_test(test_history),
		cmocka_unit_test(test_tombstones),
		cmocka_unit_test(test_licences),
		cmocka_unit_test(test_links_before_the_tracker),
		cmocka_unit_test(test_comments),
		cmocka_unit_test(test_misspelt_namespaces),
		cmocka_unit_test(test_namespaces),
	};

	return cmocka_run_group_tests_name("parse vocabularies", tests, NULL, NULL);
}
