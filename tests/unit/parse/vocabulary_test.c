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

static void test_places(void **state)
{
	(void)state;
	CHECK(RSS("xmlns:georss=\"http://www.georss.org/georss\"",
		      "<georss:point>45.2 -71.9</georss:point>"),
		"geo(point)=45.2 -71.9");
	CHECK(RSS("xmlns:georss=\"http://www.georss.org/georss\" "
		  "xmlns:gml=\"http://www.opengis.net/gml\"",
		      "<georss:where><gml:Polygon><gml:exterior><gml:LinearRing><gml:posList>"
		      "1 2 3 4 5 6 1 2</gml:posList></gml:LinearRing></gml:exterior></gml:Polygon>"
		      "</georss:where>"),
		"geo(polygon)=1 2 3 4 5 6 1 2");
	CHECK(RSS("xmlns:gml=\"http://www.opengis.net/gml\" "
		  "xmlns:georss=\"http://www.georss.org/georss\"",
		      "<georss:where><gml:Envelope srsName=\"urn:ogc:def:crs:OGC:1.3:CRS84\">"
		      "<gml:lowerCorner>1 2</gml:lowerCorner><gml:upperCorner>3 4</gml:upperCorner>"
		      "</gml:Envelope></georss:where>"),
		"geo(box,lon)=1 2 3 4");
	CHECK(RSS("xmlns:geo=\"http://www.w3.org/2003/01/geo/wgs84_pos#\"",
		      "<geo:long>-75.5</geo:long><geo:lat>6.2</geo:lat>"),
		"geo(point)=6.2 -75.5");
	/* Half a point is none, and does not meet the next item's half. */
	CHECK("<rss xmlns:geo=\"http://www.w3.org/2003/01/geo/wgs84_pos#\"><channel>"
	      "<item><geo:lat>1</geo:lat></item><item><geo:long>2</geo:long></item></channel></"
	      "rss>",
		"!geo(point)=1 2");
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

static void test_small(void **state)
{
	(void)state;
	CHECK("<rss xmlns:sy=\"http://purl.org/rss/1.0/modules/syndication/\" "
	      "xmlns:fh=\"http://purl.org/syndication/history/1.0\" "
	      "xmlns:at=\"http://purl.org/atompub/tombstones/1.0\" "
	      "xmlns:atom=\"http://www.w3.org/2005/Atom\" "
	      "xmlns:cc=\"http://web.resource.org/cc/\" "
	      "xmlns:feedburner=\"http://rssnamespace.org/feedburner/ext/1.0\"><channel>"
	      "<sy:updatePeriod>daily</sy:updatePeriod><sy:updateFrequency>2</sy:updateFrequency>"
	      "<fh:complete/><atom:link rel=\"self\" href=\"http://me/\"/>"
	      "<item><feedburner:origLink>http://o/</feedburner:origLink><link>http://fb/</link>"
	      "<atom:link rel=\"alternate\" "
	      "href=\"http://a/\"/><cc:license>http://l/</cc:license></item>"
	      "<at:deleted-entry ref=\"urn:9\" when=\"2020-01-01T00:00:00Z\"/></channel></rss>",
		"update_period=daily\nupdate_frequency=2\ncomplete\nfeed_url=http://me/\n"
		"orig_link=http://o/\nlink=http://fb/\nlicense=http://l/\nentry "
		"withdrawn\nid=urn:9\n"
		"updated=2020-01-01T00:00:00Z");
}

static void test_events(void **state)
{
	(void)state;
	CHECK(RSS("xmlns:ev=\"http://purl.org/rss/1.0/modules/event/\"",
		      "<ev:startdate>2021-05-01</ev:startdate><ev:enddate>2021-05-02</ev:enddate>"
		      "<ev:location>Plaza</ev:location>"),
		"event.start=2021-05-01\nevent.end=2021-05-02\nevent.location=Plaza");
	CHECK(RSS("xmlns:xCal=\"urn:ietf:params:xml:ns:xcal\"",
		      "<xCal:dtstart>20210501</xCal:dtstart>"),
		"event.start=20210501");
}

static void test_alerts(void **state)
{
	(void)state;
	CHECK("<feed xmlns=\"http://www.w3.org/2005/Atom\" "
	      "xmlns:cap=\"urn:oasis:names:tc:emergency:cap:1.1\"><entry><title>Flood</title>"
	      "<cap:severity>Severe</cap:severity><cap:areaDesc>River</cap:areaDesc>"
	      "<cap:expires>2020-01-02T00:00:00Z</cap:expires></entry></feed>",
		"format=atom10\nalert.severity=Severe\nalert.areaDesc=River\n"
		"expires=2020-01-02T00:00:00Z\ntitle(plain)=Flood");
	CHECK("<alert xmlns=\"urn:oasis:names:tc:emergency:cap:1.2\"><identifier>i1</identifier>"
	      "<sent>2020-01-01T00:00:00Z</sent><msgType>Alert</msgType><info><event>Fire</event>"
	      "<severity>Minor</severity><headline>Smoke</headline><description>D</description></"
	      "info>"
	      "<info><event>Feu</event></info></alert>",
		"format=cap12\nid=i1\nalert.identifier=i1\nalert.msgType=Alert\nalert.event=Fire\n"
		"alert.headline=Smoke\ntitle(plain)=Smoke\nsummary(plain)=D\n"
		"published=2020-01-01T00:00:00Z");
}

static void test_namespaces(void **state)
{
	(void)state;
	CHECK(RSS("xmlns:dc=\"https://purl.org/DC/elements/1.1\"", "<dc:creator>A</dc:creator>"),
		"author=A||\nflaws=[\"namespace-repaired\"]");
	CHECK(RSS("", "<dc:creator>A</dc:creator>"),
		"author=A||\nflaws=[\"undeclared-namespace\"]");
	CHECK("<rss version=\"2.0\" "
	      "xmlns=\"http://unknown.test/ns\"><channel><title>t</title></channel>"
	      "</rss>",
		"title(likely)=t\nflaws=[]");
	/* Any prefix, if its namespace is the right one. */
	CHECK("<a:feed xmlns:a=\"http://www.w3.org/2005/Atom\"><a:title>t</a:title></a:feed>",
		"format=atom10\ntitle(plain)=t");
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
		cmocka_unit_test(test_places),
		cmocka_unit_test(test_podcast),
		cmocka_unit_test(test_small),
		cmocka_unit_test(test_events),
		cmocka_unit_test(test_alerts),
		cmocka_unit_test(test_namespaces),
	};

	return cmocka_run_group_tests_name("parse vocabularies", tests, NULL, NULL);
}
