/* JSON Feed, with the types that people give it, and broken. */
#include "checks.h"

#define FEED(members, items) \
	"{\"version\":\"https://jsonfeed.org/version/1.1\",\"title\":\"T\"" members \
	",\"items\":[" items "]}"
#define ITEM(members) FEED("", "{\"id\":\"i\"" members "}")

static void test_versions(void **state)
{
	(void)state;
	CHECK("{\"version\":\"https://jsonfeed.org/version/1\",\"title\":\"T\",\"items\":[]}",
		"format=json1\ntitle(plain)=T\nflaws=[]");
	CHECK("{\"version\":\"http://jsonfeed.org/version/1.1\",\"items\":[]}", "format=json11");
	CHECK("{\"version\":\"https://www.jsonfeed.org/version/1.1/\",\"items\":[]}",
		"format=json11");
	/* No version, or a number: what only a feed has says as much. */
	CHECK("{\"title\":\"T\",\"items\":[]}", "format=json1\ntitle(plain)=T");
	CHECK("{\"version\":1.1,\"home_page_url\":\"http://h/\",\"items\":[]}", "format=json11");
	CHECK("{\"version\":1,\"feed_url\":\"http://h/\",\"items\":[]}", "format=json1");
	CHECK("{\"items\":[{\"id\":1,\"content_text\":\"x\"}]}", "format=json1\nid=1");
	/* A feed without items is one; something else with items is none. */
	check_not_feed(STR("{\"items\":[{\"id\":1}]}"), "no JSON Feed");
	check_not_feed(STR("{\"title\":\"T\",\"items\":{}}"), "no JSON Feed");
	check_not_feed(STR("{\"a\":1}"), "no JSON Feed");
	check_not_feed(STR("[1,2]"), "no JSON Feed");
	check_not_feed(STR("{\"a\":"), "broken JSON");
}

static void test_feed(void **state)
{
	(void)state;
	CHECK(FEED(",\"home_page_url\":\"http://h/\",\"feed_url\":\"http://h/"
		   "f\",\"description\":\"D\","
		   "\"icon\":{\"url\":\"http://h/i\"},\"favicon\":\"http://h/"
		   "l\",\"language\":\"pt\","
		   "\"next_url\":\"http://h/2\",\"hubs\":[{\"type\":\"WebSub\",\"url\":\"http://"
		   "hub/\"}],"
		   "\"authors\":[{\"name\":\"A\",\"url\":\"http://a/\"}]",
		      ""),
		"link=http://h/\nfeed_url=http://h/f\nsubtitle(plain)=D\nicon=http://h/i\n"
		"logo=http://h/l\nlanguage=pt\nlinks=next|http://h/2||\nlinks=hub|http://hub/||\n"
		"author=A||http://a/\nflaws=[]");
	CHECK(FEED(",\"author\":\"Ana <ana@city.test>\"", ""), "author=Ana|ana@city.test|");
	/* One item where there should be a list of them, and things that are none. */
	CHECK("{\"version\":\"https://jsonfeed.org/version/1.1\",\"items\":{\"id\":\"i\"}}",
		"id=i");
	CHECK(FEED("", "null,\"x\",7,[],{\"id\":\"i\"}"), "id=i\nflaws=[]");
}

static void test_item(void **state)
{
	(void)state;
	CHECK(ITEM(",\"url\":\"http://h/7\",\"external_url\":\"http://x/\",\"title\":\"x\\u0000y\","
		   "\"content_html\":\"<p>\",\"content_text\":\"no\",\"summary\":\"s\","
		   "\"image\":\"http://h/i\",\"banner_image\":\"no\",\"language\":\"ca\","
		   "\"date_published\":\"2020-01-01T00:00:00Z\",\"date_modified\":\"2021\""),
		"id=i\nlink=http://h/7\nlinks=alternate|http://h/7||\nlinks=related|http://x/||\n"
		"title(plain)=x\ncontent(html)=<p>\nsummary(plain)=s\nimage=http://h/"
		"i\nlanguage=ca\n"
		"published=2020-01-01T00:00:00Z\nupdated=2021\nflaws=[]");
	CHECK(ITEM(",\"content_text\":\"a < b\""), "content(plain)=a < b");
	CHECK(ITEM(",\"content\":\"<p>a\""), "content(likely)=<p>a");
	CHECK(ITEM(",\"external_url\":\"http://x/\""), "link=http://x/");
	CHECK(ITEM(",\"image\":{\"url\":\"http://h/i\"}"), "image=http://h/i");
}

/* Numbers, and types that mean nothing. */
static void test_types(void **state)
{
	(void)state;
	CHECK(FEED("", "{\"id\":7},{\"id\":3.5},{\"id\":-1},{\"id\":1e3}"),
		"id=7\nid=3.5\nid=-1\nid=1000");
	CHECK(ITEM(",\"title\":1000,\"date_published\":1577836800,\"date_modified\":1577836800000."
		   "0"),
		"title(plain)=1000\npublished=1577836800\nupdated=1577836800000");
	CHECK(ITEM(",\"title\":[\"x\"],\"content_html\":true,\"url\":{},\"summary\":null,"
		   "\"authors\":7,\"tags\":{},\"attachments\":[7,{},{\"url\":\"\"}],\"language\":"
		   "false"),
		"id=i\n!title(plain)=x\nflaws=[]");
}

static void test_authors(void **state)
{
	(void)state;
	CHECK(ITEM(",\"authors\":[{\"name\":\"A\"},{\"name\":\"B\",\"url\":\"mailto:b@c.test\"}],"
		   "\"author\":{\"name\":\"no\"}"),
		"author=A||\nauthor=B|b@c.test|\n!author=no||");
	CHECK(ITEM(",\"author\":{\"name\":\"A\",\"url\":\"http://a/\"}"), "author=A||http://a/");
	CHECK(ITEM(",\"author\":[{\"name\":\"A\",\"email\":\"a@b.test\"}]"), "author=A|a@b.test|");
	CHECK(ITEM(",\"authors\":{\"name\":\"A\"}"), "author=A||");
	CHECK(ITEM(",\"authors\":\"A\""), "author=A||");
	CHECK(ITEM(",\"authors\":[\"A\",\"B\"]"), "author=A||\nauthor=B||");
	/* Authors who say nothing leave the word to the other member. */
	CHECK(ITEM(",\"authors\":[],\"author\":\"A\""), "author=A||");
	CHECK(ITEM(",\"authors\":[{\"name\":[]}],\"author\":\"A\""), "author=A||");
}

static void test_tags(void **state)
{
	(void)state;
	CHECK(ITEM(",\"tags\":[\"a\",3,\"a\",{\"name\":\"b\"},null]"),
		"category=a||\ncategory=3||\ncategory=b||");
	CHECK(ITEM(",\"tags\":\"city hall, parks\""), "category=city hall||\ncategory=parks||");
}

static void test_attachments(void **state)
{
	(void)state;
	CHECK(ITEM(",\"attachments\":[{\"url\":\"u\",\"mime_type\":\"m/n\",\"size_in_bytes\":12,"
		   "\"title\":\"t\",\"duration_in_seconds\":9},{\"url\":\"v\"},\"w\","
		   "{\"mime_type\":\"m\"}]"),
		"enclosure=u|m/n|12|t\nenclosure=v|||\nenclosure=w|||");
	CHECK(ITEM(",\"attachments\":{\"url\":\"u\",\"size_in_bytes\":\"12\"}"),
		"enclosure=u||12|");
}

#define BROKEN "flaws=[\"not-well-formed\"]"

/* What a strict reader would refuse altogether. */
static void test_broken(void **state)
{
	(void)state;
	CHECK(ITEM(",\"title\":\"two\nlines\tand \x01 more\""),
		"title(plain)=two lines and   more\n" BROKEN);
	CHECK(ITEM(",\"title\":\"t\","), "id=i\ntitle(plain)=t\n" BROKEN);
	CHECK(FEED("", "{\"id\":\"i\",\"tags\":[\"a\",\n],},"), "id=i\ncategory=a||\n" BROKEN);
	CHECK(ITEM("") "<!-- cached -->", "id=i\n" BROKEN);
	CHECK(ITEM("") "]}", "id=i\n" BROKEN);
	CHECK(ITEM(",\"title\":\"C:\\dir \\ud83d\\ude00 \\ud83d \\ude00 \\u12\""),
		"title(plain)=C:\\dir \xF0\x9F\x98\x80 \xEF\xBF\xBD \xEF\xBF\xBD \\u12\n" BROKEN);
	check_not_feed(
		STR("{\"version\":\"https://jsonfeed.org/version/1\",\"items\":[}"), "broken JSON");
	check_not_feed(STR("}"), "neither");
	check_not_feed(STR("{]"), "broken JSON");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_versions),
		cmocka_unit_test(test_feed),
		cmocka_unit_test(test_item),
		cmocka_unit_test(test_types),
		cmocka_unit_test(test_authors),
		cmocka_unit_test(test_tags),
		cmocka_unit_test(test_attachments),
		cmocka_unit_test(test_broken),
	};

	return cmocka_run_group_tests_name("parse JSON Feed", tests, NULL, NULL);
}
