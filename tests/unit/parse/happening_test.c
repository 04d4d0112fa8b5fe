/* What is typed: places, events, alerts. */
#include "checks.h"

#define RSS(namespaces, inside) \
	"<rss version=\"2.0\" " namespaces "><channel><item>" inside "</item></channel></rss>"

#define GEORSS "xmlns:georss=\"http://www.georss.org/georss\" "
#define GML    "xmlns:gml=\"http://www.opengis.net/gml\" "
#define W3C    "xmlns:geo=\"http://www.w3.org/2003/01/geo/wgs84_pos#\" "

static void test_georss(void **state)
{
	(void)state;
	CHECK(RSS(GEORSS, "<georss:point>45.2 -71.9</georss:point>"),
		"geo(point)=45.2 -71.9\nflaws=[]");
	CHECK(RSS(GEORSS, "<georss:line>1 2 3 4</georss:line><georss:box>1 2 3 4</georss:box>"
			  "<georss:polygon>1 2 3 4 5 6 1 2</georss:polygon>"
			  "<georss:circle>1 2 500</georss:circle>"),
		"geo(line)=1 2 3 4\ngeo(box)=1 2 3 4\ngeo(polygon)=1 2 3 4 5 6 1 2\n"
		"geo(circle)=1 2 500");
	/* Of several of a kind all; of the feed, too. */
	CHECK(RSS(GEORSS, "<georss:point>1 2</georss:point><georss:point>3 4</georss:point>"),
		"geo(point)=1 2\ngeo(point)=3 4");
	CHECK("<rss " GEORSS "><channel><georss:box>1 2 3 4</georss:box></channel></rss>",
		"geo(box)=1 2 3 4");
}

#define WHERE(inside) RSS(GEORSS GML, "<georss:where>" inside "</georss:where>")

static void test_gml(void **state)
{
	(void)state;
	CHECK(WHERE("<gml:Point><gml:pos>1 2</gml:pos></gml:Point>"), "geo(point)=1 2");
	CHECK(WHERE("<gml:Polygon><gml:exterior><gml:LinearRing><gml:posList>"
		    "1 2 3 4 5 6 1 2</gml:posList></gml:LinearRing></gml:exterior>"
		    "<gml:interior><gml:LinearRing><gml:posList>9 9 8 8 7 7 9 9</gml:posList>"
		    "</gml:LinearRing></gml:interior></gml:Polygon>"),
		"geo(polygon)=1 2 3 4 5 6 1 2\n!geo(polygon)=9 9 8 8 7 7 9 9");
	CHECK(WHERE("<gml:LineString><gml:posList>1 2 3 4</gml:posList></gml:LineString>"),
		"geo(line)=1 2 3 4");
	/* Each point in an element of its own. */
	CHECK(WHERE("<gml:LineString><gml:pos>1 2</gml:pos><gml:pos>3 "
		    "4</gml:pos></gml:LineString>"),
		"geo(line)=1 2 3 4\n!geo(point)=1 2");
	CHECK(WHERE("<gml:MultiPoint><gml:pointMember><gml:Point><gml:pos>1 2</gml:pos></gml:Point>"
		    "</gml:pointMember><gml:pointMember><gml:Point><gml:pos>3 4</gml:pos>"
		    "</gml:Point></gml:pointMember></gml:MultiPoint>"),
		"geo(point)=1 2\ngeo(point)=3 4");
	/* Half an envelope is none. */
	CHECK(WHERE("<gml:Envelope><gml:upperCorner>3 4</gml:upperCorner></gml:Envelope>"),
		"!geo(box)=3 4");
	/* Without georss:where around it. */
	CHECK(RSS(GML, "<gml:Point><gml:pos>1 2</gml:pos></gml:Point>"), "geo(point)=1 2");
}

/* Which of two numbers is the latitude is the CRS' to say. */
static void test_axes(void **state)
{
	(void)state;
	CHECK(WHERE("<gml:Envelope srsName=\"urn:ogc:def:crs:OGC:1.3:CRS84\">"
		    "<gml:lowerCorner>1 2</gml:lowerCorner><gml:upperCorner>3 4</gml:upperCorner>"
		    "</gml:Envelope>"),
		"geo(box,lon)=1 2 3 4");
	CHECK(WHERE("<gml:Point srsName=\"urn:ogc:def:crs:EPSG::4326\"><gml:pos>1 2</gml:pos>"
		    "</gml:Point>"),
		"geo(point)=1 2");
	CHECK(WHERE("<gml:Point srsName=\"http://www.opengis.net/def/crs/EPSG/0/4326\">"
		    "<gml:pos>1 2</gml:pos></gml:Point>"),
		"geo(point)=1 2");
	CHECK(WHERE("<gml:Point><gml:pos srsName=\"EPSG:4326\">1 2</gml:pos></gml:Point>"),
		"geo(point,lon)=1 2");
	CHECK(WHERE("<gml:LineString srsName=\"urn:ogc:def:crs:EPSG::4979\" srsDimension=\"3\">"
		    "<gml:posList>1 2 3 4 5 6</gml:posList></gml:LineString>"),
		"geo(line,3)=1 2 3 4 5 6");
	/* Metres on some grid are no degrees. */
	CHECK(WHERE("<gml:Point srsName=\"urn:ogc:def:crs:EPSG::3857\"><gml:pos>1 2</gml:pos>"
		    "</gml:Point>"),
		"!geo(point)=1 2");
	/* A CRS holds for its shape, not for the next one. */
	CHECK(WHERE("<gml:Point srsName=\"CRS:84\"><gml:pos>1 2</gml:pos></gml:Point>"
		    "<gml:Point><gml:pos>3 4</gml:pos></gml:Point>"),
		"geo(point,lon)=1 2\ngeo(point)=3 4");
}

static void test_w3c_geo(void **state)
{
	(void)state;
	CHECK(RSS(W3C, "<geo:long>-75.5</geo:long><geo:lat>6.2</geo:lat>"), "geo(point)=6.2 -75.5");
	CHECK(RSS(W3C, "<geo:Point><geo:lat>1</geo:lat><geo:long>2</geo:long></geo:Point>"
		       "<geo:Point><geo:lat>3</geo:lat><geo:lon>4</geo:lon></geo:Point>"),
		"geo(point)=1 2\ngeo(point)=3 4");
	/* Half a point is none, and does not meet the next one's half. */
	CHECK("<rss " W3C "><channel>"
	      "<item><geo:lat>1</geo:lat></item><item><geo:long>2</geo:long></item></channel></"
	      "rss>",
		"!geo(point)=1 2");
	CHECK(RSS(W3C, "<geo:Point><geo:lat>1</geo:lat></geo:Point>"
		       "<geo:Point><geo:long>2</geo:long></geo:Point>"),
		"!geo(point)=1 2");
	/* GeoRSS says it better. */
	CHECK(RSS(W3C GEORSS, "<geo:lat>1</geo:lat><geo:long>2</geo:long>"
			      "<georss:point>3 4</georss:point><georss:line>1 2 3 4</georss:line>"),
		"geo(point)=3 4\ngeo(line)=1 2 3 4\n!geo(point)=1 2");
}

static void test_events(void **state)
{
	(void)state;
	CHECK(RSS("xmlns:ev=\"http://purl.org/rss/1.0/modules/event/\"",
		      "<ev:startdate>2021-05-01</ev:startdate><ev:enddate>2021-05-02</ev:enddate>"
		      "<ev:location>Plaza</ev:location><ev:organizer>Ana</ev:organizer>"
		      "<ev:type>concert</ev:type>"),
		"event.start=2021-05-01\nevent.end=2021-05-02\nevent.location=Plaza\n"
		"event.organizer=Ana\nevent.type=concert");
	CHECK(RSS("xmlns:xCal=\"urn:ietf:params:xml:ns:xcal\"",
		      "<xCal:dtstart TZID=\"America/Bogota\">20210501T190000</xCal:dtstart>"
		      "<xCal:dtend>20210501T220000Z</xCal:dtend><xCal:location>Plaza</"
		      "xCal:location>"
		      "<xCal:organizer>MAILTO:a@b.test</xCal:organizer><xCal:summary>S</"
		      "xCal:summary>"
		      "<xCal:url>http://u/</xCal:url><xCal:geo>6.25;-75.56</xCal:geo>"),
		"event.start=20210501T190000\nevent.start_zone=America/Bogota\n"
		"event.end=20210501T220000Z\nevent.location=Plaza\nevent.name=S\n"
		"event.url=http://u/\ngeo(point)=6.25;-75.56\n!event.organizer=MAILTO:a@b.test");
	CHECK(RSS("xmlns:x=\"urn:ietf:params:xml:ns:xcal\"",
		      "<x:vcalendar><x:vevent><x:dtstart>20210501</x:dtstart>"
		      "<x:organizer cn=\"Ana\">mailto:a@b.test</x:organizer></x:vevent>"
		      "</x:vcalendar>"),
		"event.start=20210501\nevent.organizer=Ana");
	/* An item's own link and title are not the event's. */
	CHECK(RSS("xmlns:ev=\"http://purl.org/rss/1.0/modules/event/\" "
		  "xmlns:xcal=\"urn:ietf:params:xml:ns:xcal\"",
		      "<ev:location>A</ev:location><xcal:location>B</xcal:location>"),
		"event.location=A\n!event.location=B");
}

#define CAP12 "xmlns=\"urn:oasis:names:tc:emergency:cap:1.2\""

/* An alert as the document itself. */
static void test_alert_document(void **state)
{
	(void)state;
	CHECK("<alert " CAP12 "><identifier>i1</identifier><sender>s@city.test</sender>"
	      "<sent>2020-01-01T00:00:00-05:00</sent><status>Exercise</status>"
	      "<msgType>Update</msgType><scope>Public</scope><code>c</code>"
	      "<references>s@city.test,i0,2019-12-31T00:00:00-05:00</references>"
	      "<info><language>es</language><category>Fire</category><category>Met</category>"
	      "<event>Incendio</event><responseType>Evacuate</responseType>"
	      "<urgency>Immediate</urgency><severity>Severe</severity>"
	      "<certainty>Observed</certainty><eventCode><valueName>SAME</valueName>"
	      "<value>FRW</value></eventCode><effective>e</effective><onset>o</onset>"
	      "<expires>x</expires><senderName>Ciudad</senderName><headline>Humo</headline>"
	      "<description>D</description><instruction>I</instruction><web>http://w/</web>"
	      "<parameter><valueName>n</valueName><value>v</value></parameter>"
	      "<resource><resourceDesc>map</resourceDesc><mimeType>image/png</mimeType>"
	      "<size>7</size><uri>http://r/</uri></resource>"
	      "<resource><resourceDesc>in</resourceDesc><uri>inside.png</uri></resource>"
	      "<area><areaDesc>Norte</areaDesc><polygon>1,2 3,4 5,6 1,2</polygon>"
	      "<polygon>1,2 3,4 5,9 1,2</polygon>"
	      "<geocode><valueName>UGC</valueName><value>A</value></geocode></area>"
	      "<area><areaDesc>Sur</areaDesc><circle>1,2 30</circle>"
	      "<geocode><valueName>UGC</valueName><value>B</value></geocode></area></info>"
	      "<info><language>fr</language><event>Feu</event></info></alert>",
		"format=cap12\nid=i1\npublished=2020-01-01T00:00:00-05:00\nalert.identifier=i1\n"
		"alert.sender=s@city.test\nalert.status=Exercise\nalert.msgType=Update\n"
		"alert.scope=Public\nalert.references=s@city.test,i0,2019-12-31T00:00:00-05:00\n"
		"language=es\ncategory=Fire\ncategory=Met\nevent=Incendio\n"
		"responseType=Evacuate\nurgency=Immediate\nseverity=Severe\n"
		"certainty=Observed\neffective=e\nonset=o\nexpires=x\nsenderName=Ciudad\n"
		"headline=Humo\ndescription=D\ninstruction=I\nweb=http://w/\n"
		"enclosure=http://r/|image/png|7|map\n!enclosure=inside.png|||in\n"
		"areaDesc=Norte\nareaDesc=Sur\ngeocode=UGC|A\ngeocode=UGC|B\n"
		"geo(polygon)=1,2 3,4 5,6 1,2\ngeo(polygon)=1,2 3,4 5,9 1,2\n"
		"geo(circle)=1,2 30\nlanguage=fr\nevent=Feu\n!geocode=SAME|FRW\nflaws=[]");
	CHECK("<cap:alert xmlns:cap=\"urn:oasis:names:tc:emergency:cap:1.1\">"
	      "<cap:identifier>i</cap:identifier></cap:alert>",
		"format=cap11\nid=i");
	CHECK("<alert xmlns=\"http://www.incident.com/cap/1.0\"><identifier>i</identifier></alert>",
		"format=cap11\nid=i");
}

/* Its elements in an entry of Atom, with and without CAP's namespace on the codes. */
static void test_alert_in_entry(void **state)
{
	(void)state;
	CHECK("<feed xmlns=\"http://www.w3.org/2005/Atom\" "
	      "xmlns:cap=\"urn:oasis:names:tc:emergency:cap:1.1\"><entry><title>Flood</title>"
	      "<cap:status>Test</cap:status><cap:message_type>Alert</cap:message_type>"
	      "<cap:severity>Severe</cap:severity><cap:areaDesc>River</cap:areaDesc>"
	      "<cap:polygon>1,2 3,4 5,6 1,2</cap:polygon>"
	      "<cap:geocode><valueName>FIPS6</valueName><value>1 2</value>"
	      "<cap:valueName>UGC</cap:valueName><cap:value>3</cap:value></cap:geocode>"
	      "<cap:expires>2020-01-02T00:00:00Z</cap:expires></entry>"
	      "<entry><title>Calm</title></entry></feed>",
		"format=atom10\nalert.status=Test\nalert.msgType=Alert\nseverity=Severe\n"
		"areaDesc=River\ngeo(polygon)=1,2 3,4 5,6 1,2\ngeocode=FIPS6|1 2\n"
		"geocode=UGC|3\nexpires=2020-01-02T00:00:00Z\ntitle(plain)=Flood\n"
		"title(plain)=Calm");
	CHECK(RSS("xmlns:cap=\"urn:oasis:names:tc:emergency:cap:1.2\"",
		      "<title>T</title><cap:event>Flood</cap:event>"
		      "<cap:certainty>Likely</cap:certainty>"),
		"format=rss20\nevent=Flood\ncertainty=Likely");
}

/* A whole alert as the content of an entry. */
static void test_alert_in_content(void **state)
{
	(void)state;
	CHECK("<feed xmlns=\"http://www.w3.org/2005/Atom\"><entry><id>urn:e</id><title>T</title>"
	      "<content type=\"text/xml\">\n <alert " CAP12 "><identifier>i1</identifier>"
	      "<info><headline>H</headline><description>D</description></info>"
	      "<Signature xmlns=\"http://www.w3.org/2000/09/xmldsig#\"><a/></Signature></alert>"
	      "</content><updated>2020</updated></entry><entry><id>urn:f</id></entry></feed>",
		"format=atom10\nid=urn:e\nalert.identifier=i1\nheadline=H\ndescription=D\n"
		"updated=2020\nid=urn:f\nflaws=[]");
	/* An element of the same name that is no alert is markup. */
	CHECK("<feed xmlns=\"http://www.w3.org/2005/Atom\"><entry><content type=\"xhtml\">"
	      "<div xmlns=\"http://www.w3.org/1999/xhtml\">x <alert>y</alert></div></content>"
	      "</entry></feed>",
		"content(xhtml)=x <alert>y</alert>");
}

/* A Cancel is told like others, and withdraws what it names, by the ids that those have here. */
static void test_cancel(void **state)
{
	(void)state;
	CHECK("<alert " CAP12 "><identifier>i3</identifier><sent>2020</sent>"
	      "<msgType>Cancel</msgType><references>s,i1,t s,i2,t</references></alert>",
		"entry\nid=i3\nalert.msgType=Cancel\nentry withdrawn\nid=i1\nid=i2\n"
		"updated=2020");
	CHECK("<feed xmlns=\"http://www.w3.org/2005/Atom\" "
	      "xmlns:cap=\"urn:oasis:names:tc:emergency:cap:1.2\"><entry>"
	      "<id>https://api.test/alerts/urn:3/v</id><cap:identifier>urn:3</cap:identifier>"
	      "<cap:msgType>Cancel</cap:msgType><cap:references>s,urn:1,t s,urn:3,t nonsense"
	      "</cap:references></entry></feed>",
		"id=https://api.test/alerts/urn:3/v\nentry withdrawn\n"
		"id=https://api.test/alerts/urn:1/v\n!id=nonsense\n!id=urn:1");
	CHECK("<alert " CAP12 "><identifier>i3</identifier><msgType>Update</msgType>"
	      "<references>s,i1,t</references></alert>",
		"id=i3\n!entry withdrawn");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_georss),
		cmocka_unit_test(test_gml),
		cmocka_unit_test(test_axes),
		cmocka_unit_test(test_w3c_geo),
		cmocka_unit_test(test_events),
		cmocka_unit_test(test_alert_document),
		cmocka_unit_test(test_alert_in_entry),
		cmocka_unit_test(test_alert_in_content),
		cmocka_unit_test(test_cancel),
	};

	return cmocka_run_group_tests_name("parse happenings", tests, NULL, NULL);
}
