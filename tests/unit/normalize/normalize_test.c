#include "normalize/normalize.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "model/flaw.h"

/* 2017-05-12T12:00:00Z */
#define NOW_S INT64_C(1494590400)

struct fixture {
	struct normalizer *normalizer;
	struct arena arena;
	struct normalize_context context;
	struct document document;
	struct entry entry;
	struct item item;
};

static int setup(void **state)
{
	static struct fixture f;

	f = (struct fixture){.arena = ARENA_INIT,
		.normalizer = normalizer_new(),
		.context = {.url = STR("http://city.example/feeds/news.xml"), .now_s = NOW_S},
		.document = {.format = FORMAT_RSS20}};
	*state = &f;
	return hash_global_init();
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	normalizer_free(f->normalizer);
	arena_deinit(&f->arena);
	return 0;
}

static const struct item *run(struct fixture *f)
{
	normalize_entry(f->normalizer, &f->context, &f->document, &f->entry, &f->arena, &f->item);
	return &f->item;
}

static struct text likely(const char *s)
{
	return (struct text){.value = str_of(s), .type = TEXT_LIKELY};
}

static void assert_text(struct str s, const char *want)
{
	if (!want) {
		assert_null(s.p);
		return;
	}
	assert_non_null(s.p);
	if (!str_is(s, want))
		fail_msg("got \"%.*s\", want \"%s\"", STR_FMT(s), want);
}

/* Everything an item must have when its entry says nothing at all. */
static void test_empty_entry(void **state)
{
	const struct item *item = run(*state);

	assert_text(item->content_text, "");
	assert_text(item->content_html, NULL);
	assert_text(item->title, NULL);
	assert_text(item->summary, NULL);
	assert_text(item->url, NULL);
	assert_true(str_starts(item->id, STR("tag:")));
	assert_int_equal(item->flaws, FLAW_ID_SYNTHESIZED | FLAW_LINK_MISSING | FLAW_DATE_MISSING);
	assert_false(hash_is_zero(&item->key));
	assert_true(hash_is_zero(&item->link_key));
	assert_true(hash_is_zero(&item->title_key));
}

static void test_one_text_is_content(void **state)
{
	struct fixture *f = *state;
	const struct item *item;

	f->entry.summary = likely("<p>Uno <b>dos</b></p><script>x()</script>");
	item = run(f);
	assert_text(item->content_html, "<p>Uno <b>dos</b></p>");
	assert_text(item->content_text, "Uno dos");
	assert_text(item->summary, NULL);

	f->entry.summary = likely("Agua < fuego & tierra");
	item = run(f);
	assert_text(item->content_html, NULL);
	assert_text(item->content_text, "Agua < fuego & tierra");
	assert_text(item->summary, NULL);

	f->entry.summary.type = TEXT_PLAIN; /* the feed calls it a summary, and means it */
	assert_text(run(f)->summary, "Agua < fuego & tierra");
}

/* HTML of which no markup is left says nothing that its text does not. */
static void test_body_without_markup(void **state)
{
	static const struct {
		const char *html, *text;
	} bodies[] = {{"Agua &amp; fuego", "Agua & fuego"}, {"<tr>Uno</tr>", "Uno"},
		{"<img src=t.gif width=1 height=1>", ""}, {"<script>x()</script>", ""},
		{"<math><mi>a</mi><mo>+</mo></math>", "a+"}, {"1 &lt; 2", "1 < 2"}};
	struct fixture *f = *state;

	for (size_t i = 0; i < sizeof bodies / sizeof *bodies; i++) {
		f->entry.content =
			(struct text){.value = str_of(bodies[i].html), .type = TEXT_HTML};
		assert_text(run(f)->content_html, NULL);
		assert_text(f->item.content_text, bodies[i].text);
	}
	f->entry.content.value = STR("<br>");
	assert_text(run(f)->content_html, "<br>");
}

static void test_summary_beside_content(void **state)
{
	struct fixture *f = *state;
	const struct item *item;

	f->entry.summary = likely("<em>En breve</em>");
	f->entry.content = (struct text){.value = STR("<p>Todo.</p>"), .type = TEXT_HTML};
	item = run(f);
	assert_text(item->summary, "En breve");
	assert_text(item->content_html, "<p>Todo.</p>");

	f->entry.summary = f->entry.content;
	assert_text(run(f)->summary, NULL); /* the same again is no summary */

	f->entry.content.value = STR(" \n ");
	f->entry.summary = likely("<p>Solo esto</p>");
	item = run(f);
	assert_text(item->content_html, "<p>Solo esto</p>"); /* an empty content is none */
	assert_text(item->summary, NULL);
}

static void test_windows_characters(void **state)
{
	struct fixture *f = *state;
	const struct item *item;

	f->entry.title = likely("2010\xC2\x96"
				"2012 \xC2\xAB\xC2\x80 5\xC2\xBB\xC2\x9D");
	f->entry.summary = likely("<p>don\xC2\x92t\xC2\x85</p>\xC2\x81");
	item = run(f);
	assert_text(item->title, "2010\u20132012 \u00AB\u20AC 5\u00BB");
	assert_text(item->content_html, "<p>don\u2019t\u2026</p>");
	assert_text(item->content_text, "don\u2019t\u2026");
	assert_true(item->flaws & FLAW_TEXT_REPAIRED);
	f->entry.title = likely("\xC2\xAB"
				"a\xC2\xBB \xC2"); /* cut in a character */
	f->entry.summary = likely("");
	assert_true(str_starts(run(f)->title, STR("\u00AB"
						  "a\u00BB")));
}

static void test_body_is_cut(void **state)
{
	struct fixture *f = *state;
	const struct item *item;
	size_t n = 2000000;
	char *long_html = arena_alloc(&f->arena, n);

	for (size_t i = 0; i < n; i++)
		long_html[i] = "<p>palabra</p>"[i % 14];
	f->entry.content = (struct text){.value = str_make(long_html, n), .type = TEXT_HTML};
	item = run(f);
	assert_true(item->flaws & FLAW_CONTENT_CUT);
	assert_true(item->content_html.n > 100000 && item->content_text.n > 10000);
	assert_true(item->content_html.n + item->content_text.n <= 700 * 1024);
	assert_true(str_ends(item->content_html, STR("</p>")));
}

static void test_urls(void **state)
{
	struct fixture *f = *state;
	const struct item *item;
	struct link links[] = {{.href = STR("/atom"), .rel = STR("self")},
		{.href = STR("pdf/1"), .type = STR("application/pdf")},
		{.href = STR("html/1"), .rel = STR("alternate"), .type = STR("TEXT/HTML; a=b")}};

	f->entry.links = links;
	f->entry.n_links = 3;
	item = run(f);
	assert_text(item->url, "http://city.example/feeds/html/1");
	assert_int_equal(item->n_links, 3);
	assert_text(item->links[2].type, "text/html");
	assert_text(item->links[1].rel, "alternate");

	f->document.link = STR("https://www.city.example/es/");
	assert_text(run(f)->url, "https://www.city.example/es/html/1");
	f->document.base = STR("/base/");
	assert_text(run(f)->url, "http://city.example/base/html/1");
	f->entry.link = STR("javascript:alert(1)");
	assert_text(run(f)->url, "http://city.example/base/html/1");
	f->entry.link = STR("file:///etc/passwd"); /* nor what starts programs */
	assert_text(run(f)->url, "http://city.example/base/html/1");

	f->context.url = f->document.base = f->document.link = STR_NONE;
	assert_text(run(f)->url, "html/1"); /* nobody knows from where */
}

static void test_guid_as_link(void **state)
{
	struct fixture *f = *state;

	f->entry.id = STR("https://city.example/a?id=1");
	f->entry.id_is_permalink = true;
	assert_text(run(f)->url, "https://city.example/a?id=1");
	f->entry.id = STR("noticia-1");
	assert_text(run(f)->url, NULL);
	assert_text(f->item.id, "noticia-1");
	f->entry.id = STR("noticia\u00a01"); /* a blank is a blank here */
	assert_text(run(f)->id, "noticia 1");
	f->entry.id = STR("/a/1");
	assert_text(run(f)->id, "/a/1"); /* never resolved */
	assert_text(f->item.url, "http://city.example/a/1");
	f->entry.id_is_permalink = false;
	assert_text(run(f)->url, NULL);
}

/* Atom's ids are absolute; the key is the id as it stands, wherever the feed is. */
static void test_atom_id(void **state)
{
	struct fixture *f = *state;

	f->entry.id = STR("/a/1");
	struct hash key = run(f)->key;
	f->document.format = FORMAT_ATOM10;
	assert_text(run(f)->id, "http://city.example/a/1");
	assert_true(hash_eq(&f->item.key, &key));
	f->entry.base = STR("http://other.example/b/");
	assert_text(run(f)->id, "http://other.example/a/1");
	assert_true(hash_eq(&f->item.key, &key));
	f->entry.id = STR("urn:a:1");
	assert_text(run(f)->id, "urn:a:1");
	f->entry.id = STR("a-1");
	assert_text(run(f)->id, "a-1");
	f->entry.id = STR("/a/1");
	f->entry.base = f->context.url = STR_NONE;
	assert_text(run(f)->id, "/a/1"); /* nobody knows from where */
}

static void test_dates(void **state)
{
	struct fixture *f = *state;
	const struct item *item;

	f->entry.dates.published = STR("Fri, 12 May 2017 09:00:00 GMT");
	f->entry.dates.updated = STR("2017-05-12T09:30:00Z");
	item = run(f);
	assert_int_equal(item->published_s, NOW_S - 3 * 3600);
	assert_int_equal(item->modified_s, NOW_S - 9000);
	assert_false(item->flaws & (FLAW_DATE_MISSING | FLAW_DATE_INVALID | FLAW_DATE_FUTURE));

	f->entry.dates.published = STR("31 February 2017");
	item = run(f);
	assert_int_equal(item->published_s, TIME_NONE);
	assert_true(item->flaws & FLAW_DATE_INVALID);

	f->entry.dates.published = STR("2017-05-12T12:30:00Z");
	item = run(f);
	assert_int_equal(item->published_s, NOW_S + 1800); /* kept and flagged */
	assert_true(item->flaws & FLAW_DATE_FUTURE);
	f->context.now_s = TIME_NONE;
	assert_false(run(f)->flaws & FLAW_DATE_FUTURE);
}

static void test_addresses_need_permission(void **state)
{
	struct fixture *f = *state;
	const struct item *item;
	struct person people[] = {{.name = STR("Ana"), .email = STR("ana@city.example")},
		{.name = STR("press@city.example")},
		{.name = STR("Luis"), .uri = STR("mailto:luis@city.example")}};

	f->entry.authors = people;
	f->entry.n_authors = 3;
	item = run(f);
	assert_int_equal(item->n_authors, 2);
	assert_text(item->authors[0].name, "Ana");
	assert_text(item->authors[0].email, NULL);
	assert_text(item->authors[1].name, "Luis");
	assert_text(item->authors[1].url, NULL);

	f->context.emails = true;
	item = run(f);
	assert_int_equal(item->n_authors, 3);
	assert_text(item->authors[0].email, "ana@city.example");
	assert_text(item->authors[1].name, "press@city.example");
	assert_text(item->authors[2].email, "luis@city.example");
}

static void test_lists(void **state)
{
	struct fixture *f = *state;
	const struct item *item;
	struct category categories[] = {{.term = STR("agua"), .label = STR("Agua")},
		{.term = STR("agua"), .label = STR("Agua")}, {.term = STR(" ")},
		{.term = STR("Agua"), .scheme = STR("urn:x")}};
	struct enclosure enclosures[] = {
		{.url = STR("a.mp3"), .type = STR("audio/mpeg"), .length = STR("1234")},
		{.url = STR("a.mp3")}, {.url = STR("b.mp3"), .length = STR("-5")},
		{.url = STR("data:text/html,x")}};

	f->entry.categories = categories;
	f->entry.n_categories = 4;
	f->entry.enclosures = enclosures;
	f->entry.n_enclosures = 4;
	item = run(f);
	assert_int_equal(item->n_categories, 2);
	assert_int_equal(item->n_tags, 1);
	assert_text(item->tags[0], "Agua");
	assert_int_equal(item->n_attachments, 2);
	assert_text(item->attachments[0].url, "http://city.example/feeds/a.mp3");
	assert_int_equal(item->attachments[0].size, 1234);
	assert_int_equal(item->attachments[1].size, -1);
}

static void assert_geo(
	struct fixture *f, enum geo_type type, const char *coordinates, const char *want)
{
	struct buf out = BUF_INIT;
	struct json j = json_to(&out);

	struct raw_geo place = {.type = type, .coordinates = str_of(coordinates), .metres = 1000};

	f->entry.places = &place;
	f->entry.n_places = 1;
	json_open(&j, '{');
	item_write_geo(&j, "_geo", &run(f)->geo);
	json_close(&j, '}');
	assert_text(buf_view(&out), want);
	buf_deinit(&out);
	f->entry.n_places = 0;
}

static void test_geo(void **state)
{
	struct fixture *f = *state;

	assert_geo(f, GEO_POINT, "6.25, -75.56",
		"{\"_geo\":{\"type\":\"Point\",\"coordinates\":[-75.56,6.25]}}");
	assert_geo(f, GEO_POINT, "42.3453 -156.2342 45",
		"{\"_geo\":{\"type\":\"Point\",\"coordinates\":[-156.2342,42.3453,45]}}");
	assert_geo(f, GEO_LINE, "1 2 3 4",
		"{\"_geo\":{\"type\":\"LineString\",\"coordinates\":[[2,1],[4,3]]}}");
	assert_geo(f, GEO_POLYGON, "0 0 0 1 1 1",
		"{\"_geo\":{\"type\":\"Polygon\",\"coordinates\":[[[0,0],[1,0],[1,1],[0,0]]]}}");
	assert_geo(f, GEO_BOX, "1 2 3 4",
		"{\"_geo\":{\"type\":\"Polygon\",\"coordinates\":[[[2,1],[4,1],[4,3],[2,3],[2,1]]]}"
		"}");
	assert_geo(f, GEO_POINT, "91 0", "{}");
	assert_geo(f, GEO_POINT, "0 -180.1", "{}");
	assert_geo(f, GEO_POINT, "6.25", "{}");
	assert_geo(f, GEO_POINT, "nan inf", "{}");
	assert_geo(f, GEO_POINT, "0x1 0x2", "{}");
	assert_geo(f, GEO_LINE, "1 2 3", "{}");
	assert_geo(f, GEO_POLYGON, "1 2 3 4 1 2", "{}");
	assert_geo(f, GEO_POINT, "", "{}");
	/* Rings have their inside on the left. */
	assert_geo(f, GEO_POLYGON, "0 0 1 1 0 1",
		"{\"_geo\":{\"type\":\"Polygon\",\"coordinates\":[[[0,0],[1,0],[1,1],[0,0]]]}}");
	/* Corners in any order; a box over the 180th meridian is two. */
	assert_geo(f, GEO_BOX, "3 2 1 4",
		"{\"_geo\":{\"type\":\"Polygon\",\"coordinates\":[[[2,1],[4,1],[4,3],[2,3],[2,1]]]}"
		"}");
	assert_geo(f, GEO_BOX, "-20 170 -10 -175",
		"{\"_geo\":{\"type\":\"MultiPolygon\",\"coordinates\":["
		"[[[170,-20],[180,-20],[180,-10],[170,-10],[170,-20]]],"
		"[[[-180,-20],[-175,-20],[-175,-10],[-180,-10],[-180,-20]]]]}}");
	/* CAP's circle is in kilometres; one of no size is a point. */
	assert_geo(f, GEO_CIRCLE, "6.25,-75.5 1.5",
		"{\"_geo\":{\"type\":\"Point\",\"coordinates\":[-75.5,6.25],\"_radius\":1500}}");
	assert_geo(f, GEO_CIRCLE, "6.25,-75.5 0",
		"{\"_geo\":{\"type\":\"Point\",\"coordinates\":[-75.5,6.25]}}");
	assert_geo(f, GEO_CIRCLE, "6.25,-75.5 -1", "{}");
	assert_geo(f, GEO_CIRCLE, "6.25,-75.5", "{}");
	assert_geo(f, GEO_CIRCLE, "6.25,-75.5 30000", "{}");
}

static void assert_places(struct fixture *f, struct raw_geo *places, size_t n, const char *want)
{
	struct buf out = BUF_INIT;
	struct json j = json_to(&out);

	f->entry.places = places;
	f->entry.n_places = n;
	json_open(&j, '{');
	item_write_geo(&j, "_geo", &run(f)->geo);
	json_close(&j, '}');
	assert_text(buf_view(&out), want);
	buf_deinit(&out);
}

static void test_several_places(void **state)
{
	struct fixture *f = *state;
	struct raw_geo places[] = {{.type = GEO_POINT, .coordinates = STR("1 2")},
		{.type = GEO_POINT, .coordinates = STR("99 2")}, /* impossible: left out */
		{.type = GEO_POINT, .coordinates = STR("3 4")},
		{.type = GEO_POINT, .coordinates = STR("1,2")}, /* said before */
		{.type = GEO_LINE, .coordinates = STR("1 2 3 4")}};
	struct raw_geo tall = {.type = GEO_LINE,
		.coordinates = STR("2 1 10 4 3 20"),
		.longitude_first = true,
		.has_altitudes = true};

	assert_places(
		f, places, 4, "{\"_geo\":{\"type\":\"MultiPoint\",\"coordinates\":[[2,1],[4,3]]}}");
	assert_places(f, places, 5,
		"{\"_geo\":{\"type\":\"GeometryCollection\",\"geometries\":["
		"{\"type\":\"Point\",\"coordinates\":[2,1]},{\"type\":\"Point\",\"coordinates\":[4,"
		"3]},"
		"{\"type\":\"LineString\",\"coordinates\":[[2,1],[4,3]]}]}}");
	assert_places(f, &tall, 1,
		"{\"_geo\":{\"type\":\"LineString\",\"coordinates\":[[2,1,10],[4,3,20]]}}");
	/* All together, no more than an event can carry. */
	struct buf many = BUF_INIT;
	for (int i = 0; i < 6000; i++)
		buf_printf(&many, "%d.%d 1 ", i % 90, i);
	struct raw_geo big[] = {{.type = GEO_LINE, .coordinates = buf_view(&many)},
		{.type = GEO_LINE, .coordinates = str_skip(buf_view(&many), 6)}, places[0]};
	f->entry.places = big;
	f->entry.n_places = 2;
	assert_int_equal(run(f)->geo.n, 1);
	assert_int_equal(f->item.geo.shapes[0].n, 6000);
	buf_deinit(&many);
}

static void test_identity(void **state)
{
	struct fixture *f = *state;
	struct hash key, key_link;

	f->entry.id = STR("http://www.city.example/?p=7");
	f->entry.link = STR("http://city.example/a?utm_source=rss");
	key = run(f)->key;
	key_link = f->item.key_link;
	assert_text(f->item.id, "http://www.city.example/?p=7");
	assert_false(f->item.flaws & FLAW_ID_SYNTHESIZED);

	f->entry.id = STR("https://city.example/?p=7"); /* the move to https */
	f->entry.link = STR("https://www.city.example/a");
	assert_true(hash_eq(&run(f)->key, &key));
	assert_true(hash_eq(&f->item.key_link, &key_link));

	f->entry.link = STR("https://www.city.example/b");
	assert_true(hash_eq(&run(f)->key, &key));
	assert_false(hash_eq(&f->item.key_link, &key_link));

	f->entry.id = STR_NONE; /* without guid the link is the key */
	key = run(f)->key;
	assert_true(f->item.flaws & FLAW_ID_SYNTHESIZED);
	assert_text(f->item.id, "https://www.city.example/b");
	assert_true(hash_eq(&f->item.link_key, &key));
	f->entry.id = f->entry.link; /* and a guid that says the link, the same one */
	assert_true(hash_eq(&run(f)->key, &key));
}

static void test_identity_without_link(void **state)
{
	struct fixture *f = *state;
	struct hash key;
	struct str id;

	f->entry.title = likely("Aviso");
	f->entry.dates.published = STR("2017-05-12T09:00:00Z");
	f->entry.summary = likely("a");
	key = run(f)->key;
	id = f->item.id;
	f->entry.summary = likely("b");
	assert_true(hash_eq(&run(f)->key, &key)); /* title + date */
	assert_true(str_eq(f->item.id, id));
	f->entry.dates.published = STR("2017-05-13T09:00:00Z");
	assert_false(hash_eq(&run(f)->key, &key));

	f->entry.title = likely("Aviso n\u00ba&nbsp;1");
	key = run(f)->key;
	f->entry.title = likely("Aviso n\u00ba 1"); /* however wide its blanks are */
	assert_true(hash_eq(&run(f)->key, &key));

	f->entry.dates.published = STR_NONE;
	key = run(f)->key;
	f->entry.summary = likely("c");
	assert_false(hash_eq(&run(f)->key, &key)); /* the content */
}

static struct hash change(struct fixture *f, const char *html)
{
	f->entry.content = (struct text){.value = str_of(html), .type = TEXT_HTML};
	return run(f)->change;
}

static void assert_change(struct fixture *f, const char *a, const char *b, bool want)
{
	struct hash ha = change(f, a), hb = change(f, b);

	if (hash_eq(&ha, &hb) == want)
		fail_msg("\"%s\" and \"%s\" should %sdiffer", a, b, want ? "" : "not ");
}

static void test_change(void **state)
{
	struct fixture *f = *state;

	assert_change(f, "<p>a b</p>", "<p>a\n\t b </p>", false);
	assert_change(f, "<p>10 000 &euro;</p>", "<p>10&nbsp;000&#8239;&euro;</p>", false);
	assert_change(f, "<p>7 &nbsp; comments</p>", "<p>8&nbsp;comments</p>", false);
	assert_change(f, "<a href='/x' title='t'>a</a>", "<a title='t' href='/x'>a</a>", false);
	assert_change(
		f, "<a href='/x?utm_source=a&amp;id=1'>a</a>", "<a href='/x?id=1'>a</a>", false);
	assert_change(f, "<a href='/x?id=2'>a</a>", "<a href='/x?id=1'>a</a>", true);
	assert_change(f, "<img src='/x.jpg'>", "<img src='/y.jpg'>", true);
	assert_change(f, "<p>3 heridos</p>", "<p>5 heridos</p>", true);
	assert_change(f, "<p>a</p><p>12 comentarios</p>", "<p>a</p><p>13 comentarios</p>", false);
	assert_change(f, "Comments (12)", "Comments (13)", false);
	assert_change(f, "Comments: 12", "Comments: 13", false);
	assert_change(f, "Comments(12)", "Comments(1,300)", false);
	assert_change(f, "Kommentare 12 Tote", "Kommentare 13 Tote", true);
	assert_change(f, "a (12)", "a (13)", true);
	assert_change(f, "<p>a</p>", "<p>a b</p>", true);
	assert_change(f, "12 comments<p>a<br>b</p>", "13 comments <p>a b", false);
	assert_change(f, "a<p>Views: 7</p>", "a<p>Views: 8</p>", false);
	assert_change(f, "<p>Views: 7</p><p>b", "<p>Views: 12</p>b", false);
	assert_change(f, "a 1st2 b<p>7</p>", "a 1st3 b<p>7</p>", true);
	assert_change(f, "<p>a 1</p>", "<p>a</p> 1 <p>", false);
	assert_change(f, "a&nbsp;12&nbsp;comments&nbsp;b", "a 13 comments b", false);
	assert_change(f, "Views:&nbsp;12", "Views:&emsp;13", false);
	assert_change(f, "“a” – b’s 7 €", "“a”&nbsp;–&#x3000;b’s&nbsp;7 €", false);
	assert_change(f, "“a” – b’s 7 €", "“a” – b’s 8 €", true);
}

static void test_change_of_the_rest(void **state)
{
	struct fixture *f = *state;
	struct category categories[] = {{.term = STR("a")}, {.term = STR("b")}};
	struct category reversed[] = {{.term = STR("b")}, {.term = STR("a")}};
	struct hash before;

	f->entry.categories = categories;
	f->entry.n_categories = 2;
	before = run(f)->change;
	f->entry.categories = reversed;
	assert_true(hash_eq(&run(f)->change, &before));
	f->entry.n_categories = 1;
	assert_false(hash_eq(&run(f)->change, &before));

	before = run(f)->change;
	f->entry.dates.updated = STR("2017-05-12T09:00:00Z");
	assert_true(hash_eq(&run(f)->change, &before)); /* a date alone is no news */
	f->entry.event.start = STR("2017-06-01T09:00:00Z");
	assert_false(hash_eq(&run(f)->change, &before));
	before = f->item.change;
	struct raw_info info = {.severity = STR("Severe")};
	f->entry.alert.infos = &info;
	f->entry.alert.n_infos = 1;
	assert_false(hash_eq(&run(f)->change, &before));
	before = f->item.change;
	f->entry.title = likely("Otro");
	assert_false(hash_eq(&run(f)->change, &before));
	before = f->item.change;
	struct raw_geo place = {.type = GEO_POINT, .coordinates = STR("1 2")};
	f->entry.places = &place;
	f->entry.n_places = 1;
	assert_false(hash_eq(&run(f)->change, &before));
}

/* One alert in three languages: who reads the feed is told in theirs. */
static void test_alert_language(void **state)
{
	struct fixture *f = *state;
	struct str areas[] = {STR("Norte"), STR(" Mar\u00a0del Sur ")};
	struct raw_geo places[] = {{.type = GEO_POINT, .coordinates = STR("1 2")}};
	struct raw_info infos[] = {{.language = STR("en-CA"), .headline = STR("Flood")},
		{.language = STR("fr-CA"),
			.headline = STR("Crue"),
			.description = STR("De l'eau"),
			.instruction = STR("Montez"),
			.web = STR("http://w.example/"),
			.expires = STR("2017-05-13T00:00:00Z"),
			.areas = areas,
			.n_areas = 2,
			.places = places,
			.n_places = 1},
		{.language = STR("es"), .event = STR("Crecida"), .severity = STR("Severe")}};

	f->entry.alert.infos = infos;
	f->entry.alert.n_infos = 3;
	f->entry.alert.status = STR("Test");
	/* Nobody says: the first. */
	assert_text(run(f)->title, "Flood");
	assert_text(f->item.language, "en-CA");
	assert_text(f->item.alert.status, "Test");
	/* The document's language, or its kin. */
	f->document.language = STR("fr");
	assert_text(run(f)->title, "Crue");
	assert_text(f->item.language, "fr-CA");
	assert_text(f->item.summary, "De l'eau");
	assert_text(f->item.content_text, "De l'eau\n\nMontez");
	assert_text(f->item.url, "http://w.example/");
	assert_text(f->item.alert.area_desc, "Norte; Mar del Sur");
	assert_text(f->item.alert.headline, NULL); /* it is the title */
	assert_int_equal(f->item.geo.n, 1);
	assert_int_equal(f->item.expires_s, NOW_S + 12 * 3600);
	/* The operator knows best. */
	f->context.language = STR("es-MX");
	assert_text(run(f)->title, "Crecida");
	assert_text(f->item.alert.severity, "Severe");
	assert_int_equal(f->item.geo.n, 0);
	/* What the entry says itself stays. */
	f->context.language = STR("fr");
	f->entry.title = likely("Avis");
	f->entry.summary = likely("Voir la carte");
	f->entry.link = STR("http://city.example/a");
	assert_text(run(f)->title, "Avis");
	assert_text(f->item.summary, "Voir la carte");
	assert_text(f->item.url, "http://city.example/a");
	assert_text(f->item.alert.headline, "Crue");
}

/* What a reader acts on makes an update; that the same alert is sent again does not. */
static void test_alert_change(void **state)
{
	struct fixture *f = *state;
	struct raw_info info = {.severity = STR("Minor"), .expires = STR("2017-05-13T00:00:00Z")};
	struct hash before;

	f->entry.alert.infos = &info;
	f->entry.alert.n_infos = 1;
	f->entry.alert.sent = STR("2017-05-12T00:00:00Z");
	before = run(f)->change;
	f->entry.alert.sent = STR("2017-05-12T01:00:00Z");
	assert_true(hash_eq(&run(f)->change, &before));
	f->entry.alert.status = STR("Actual");
	assert_false(hash_eq(&run(f)->change, &before));
	before = f->item.change;
	info.expires = STR("2017-05-14T00:00:00Z");
	assert_false(hash_eq(&run(f)->change, &before));
	before = f->item.change;
	info.instruction = STR("Stay in");
	assert_false(hash_eq(&run(f)->change, &before));
}

static void test_event_times(void **state)
{
	struct fixture *f = *state;

	f->entry.event.start = STR("2017-06-01");
	f->entry.event.end = STR("20170602");
	assert_true(run(f)->event.start.day && f->item.event.end.day);
	f->entry.event.start = STR("2017-06-01T19:00:00-05:00");
	assert_int_equal(run(f)->event.start.s, 1496361600);
	assert_false(f->item.event.start.day || f->item.event.start.is_local);
	f->entry.event.start = STR("20170601T190000");
	f->entry.event.start_zone = STR("America/Bogota");
	f->entry.event.end = STR("20170602T010000Z");
	f->entry.event.end_zone = STR("America/Bogota");
	assert_true(run(f)->event.start.is_local);
	assert_false(f->item.event.end.is_local);
	assert_text(f->item.event.time_zone, "America/Bogota");
	f->entry.event.start_zone = STR("Etc/UTC");
	assert_false(run(f)->event.start.is_local);
	assert_text(f->item.event.time_zone, NULL);
}

static void test_durations(void **state)
{
	static const struct {
		const char *raw;
		int seconds;
	} cases[] = {{"3600", 3600}, {" 61.5 ", 61}, {"2:03", 123}, {"1:02:03", 3723}, {"", -1},
		{"1:60", -1}, {"1:2:3:4", -1}, {"soon", -1}, {"-5", -1}, {"99999999", -1}};
	struct fixture *f = *state;
	struct enclosure sound = {.url = STR("http://city.example/a.mp3")};

	f->entry.enclosures = &sound;
	f->entry.n_enclosures = 1;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		f->entry.duration = str_of(cases[i].raw);
		assert_int_equal(run(f)->attachments[0].duration_s, cases[i].seconds);
	}
	/* What the enclosure says itself goes before. */
	sound.duration = STR("7");
	f->entry.duration = STR("8");
	assert_int_equal(run(f)->attachments[0].duration_s, 7);
}

static void test_language(void **state)
{
	struct fixture *f = *state;

	f->context.language = STR("es");
	assert_text(run(f)->language, "es");
	f->document.language = STR("es-mx");
	assert_text(run(f)->language, "es-MX");
	f->entry.language = STR("not a language at all");
	assert_text(run(f)->language, "es-MX");
	f->entry.language = STR("pt");
	assert_text(run(f)->language, "pt");
}

static void test_feed(void **state)
{
	struct fixture *f = *state;
	struct feed_info info;

	f->document.title = likely("Ciudad &amp; campo");
	f->document.link = STR("/inicio");
	f->document.ttl = STR(" 60 ");
	f->document.dates.updated = STR("2017-05-12T09:00:00Z");
	normalize_feed(f->normalizer, &f->context, &f->document, &f->arena, &info);
	assert_text(info.title, "Ciudad & campo");
	assert_text(info.home_page_url, "http://city.example/inicio");
	assert_text(info.feed_url, "http://city.example/feeds/news.xml");
	assert_int_equal(info.ttl_min, 60);
	assert_int_equal(info.updated_s, NOW_S - 3 * 3600);
	f->document.ttl = STR("soon");
	normalize_feed(f->normalizer, &f->context, &f->document, &f->arena, &info);
	assert_int_equal(info.ttl_min, -1);
}

/* The feed's own tag as it wrote it, if that is one. */
static void test_feed_language(void **state)
{
	struct fixture *f = *state;
	struct feed_info info;

	f->document.language = STR(" en-us ");
	normalize_feed(f->normalizer, &f->context, &f->document, &f->arena, &info);
	assert_text(info.language, "en-us");
	f->document.language = STR("en_us");
	normalize_feed(f->normalizer, &f->context, &f->document, &f->arena, &info);
	assert_text(info.language, "en-US");
	f->document.language = STR("English, mostly");
	f->context.language = STR("es-MX");
	normalize_feed(f->normalizer, &f->context, &f->document, &f->arena, &info);
	assert_text(info.language, "es-MX");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_empty_entry),
		TEST(test_one_text_is_content),
		TEST(test_body_without_markup),
		TEST(test_summary_beside_content),
		TEST(test_windows_characters),
		TEST(test_body_is_cut),
		TEST(test_urls),
		TEST(test_guid_as_link),
		TEST(test_atom_id),
		TEST(test_dates),
		TEST(test_addresses_need_permission),
		TEST(test_lists),
		TEST(test_geo),
		TEST(test_several_places),
		TEST(test_identity),
		TEST(test_identity_without_link),
		TEST(test_change),
		TEST(test_change_of_the_rest),
		TEST(test_alert_language),
		TEST(test_alert_change),
		TEST(test_event_times),
		TEST(test_durations),
		TEST(test_language),
		TEST(test_feed),
		TEST(test_feed_language),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
