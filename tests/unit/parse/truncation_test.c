/* Documents cut off at every byte: each item that was whole is there, as it is in the whole document,
 * and the document says that it was cut. */
#include <errno.h>
#include <stdio.h>

#include "checks.h"

#define ITEMS_MAX 8

/* The lines of each entry, and those of the document. */
struct pieces {
	struct str entries[ITEMS_MAX], document;
	size_t n;
};

static struct pieces split(struct str printed)
{
	const struct str mark = STR("entry\n");
	struct pieces p = {.n = 0};
	struct str rest = printed;
	size_t document = str_find(printed, STR("\nformat="));

	if (str_starts(printed, STR("format=")))
		document = 0;
	rest = str_head(printed, document ? document + 1 : 0);
	p.document = str_skip(printed, rest.n);
	while (str_starts(rest, mark)) {
		size_t next = str_find(str_skip(rest, mark.n), mark);
		assert_true(p.n < ITEMS_MAX);
		p.entries[p.n++] = str_head(rest, mark.n + next);
		rest = str_skip(rest, mark.n + next);
	}
	return p;
}

/* How many items of the document have ended within its first n bytes. */
static size_t whole_items(struct str s, const char *end, size_t n)
{
	size_t count = 0;
	struct str rest = str_head(s, n);

	for (;;) {
		size_t at = str_find(rest, str_of(end));
		if (at == rest.n)
			return count;
		count++;
		rest = str_skip(rest, at + strlen(end));
	}
}

static bool has(struct str s, const char *what)
{
	return str_find(s, str_of(what)) < s.n;
}

/* `item_end` closes an item and occurs nowhere else; `document_end` is all that may be missing
 * without a flaw. */
static void check_every_cut(const char *text, const char *item_end, const char *document_end)
{
	struct str all = str_of(text);
	struct collector whole = {.out = BUF_INIT}, cut = {.out = BUF_INIT};
	struct parser *parser = parser_new();
	struct error error;
	size_t first = str_find(all, str_of(item_end)) + strlen(item_end);
	size_t last = str_find(all, str_of(document_end)) + strlen(document_end);

	assert_true(last <= all.n);
	assert_int_equal(collect_run(&whole, parser, all, NULL, &error), 0);
	struct pieces want = split(buf_view(&whole.out));
	assert_true(want.n >= 3);
	assert_false(has(want.document, "truncated"));
	for (size_t n = 0; n < all.n; n++) {
		int r = collect_run(&cut, parser, str_head(all, n), NULL, &error);
		if (r && (r != -EBADMSG || n >= first))
			fail_msg("cut at %zu: %d %s", n, r, error.text);
		if (r)
			continue;
		struct pieces got = split(buf_view(&cut.out));
		size_t complete = whole_items(all, item_end, n);
		if (got.n < complete || got.n > complete + 1)
			fail_msg("cut at %zu: %zu items of %zu", n, got.n, complete);
		for (size_t i = 0; i < complete; i++)
			if (!str_eq(got.entries[i], want.entries[i]))
				fail_msg("cut at %zu, item %zu:\n%.*s\nis\n%.*s", n, i,
					STR_FMT(want.entries[i]), STR_FMT(got.entries[i]));
		assert_false(cut.invalid);
		if (n < last && !has(got.document, "\"truncated\""))
			fail_msg("cut at %zu: no flaw in\n%.*s", n, STR_FMT(got.document));
	}
	collect_deinit(&whole);
	collect_deinit(&cut);
	parser_free(parser);
}

static void test_rss(void **state)
{
	(void)state;
	check_every_cut(
		"<?xml version=\"1.0\" encoding=\"utf-8\"?>\n<!-- made by hand -->\n"
		"<rss version=\"2.0\" xmlns:dc=\"http://purl.org/dc/elements/1.1/\" "
		"xmlns:media=\"http://search.yahoo.com/mrss/\"><channel><title>Ciudad</title>\n"
		"<item><guid isPermaLink=\"false\">1</guid><title>a &amp; b &#233; caf\xC3\xA9"
		"</title><enclosure url=\"http://x/?a=1&amp;b=2\" type='audio/mpeg' length=\"1\"/>"
		"</item>\n<!-- between --><item><guid>2</guid><description><![CDATA[<p>Text > "
		"\xE2\x82\xAC</p>]]></description><dc:creator>Ana</dc:creator></item>\n"
		"<item><guid>3</guid><media:group><media:content url=\"v\"/></media:group>"
		"<pubDate>Sun, 05 Sep 2021 10:00:00 GMT</pubDate></item></channel></rss>\n",
		"</item>", "</rss>");
}

static void test_atom(void **state)
{
	(void)state;
	check_every_cut(
		"<feed xmlns=\"http://www.w3.org/2005/Atom\" xml:lang=\"es\"><title>T</title>"
		"<entry xml:base=\"http://b/\"><id>1</id><title type=\"html\">&lt;b></title>"
		"<link href=\"a\"/><author><name>Ana</name></author></entry>"
		"<entry><id>2</id><content type=\"xhtml\"><div "
		"xmlns=\"http://www.w3.org/1999/xhtml\"><p>x<br/>\xC3\xB1</p></div></content>"
		"</entry><entry><id>3</id><summary>s</summary></entry></feed>",
		"</entry>", "</feed>");
}

static void test_rdf(void **state)
{
	(void)state;
	check_every_cut(
		"<rdf:RDF xmlns:rdf=\"http://www.w3.org/1999/02/22-rdf-syntax-ns#\" "
		"xmlns=\"http://purl.org/rss/1.0/\"><channel rdf:about=\"c\"><title>T</title>"
		"<items><rdf:Seq><rdf:li resource=\"1\"/></rdf:Seq></items></channel>"
		"<item rdf:about=\"1\"><title>a</title></item><item rdf:about=\"2\">"
		"<title>b</title></item><item rdf:about=\"3\"><link>l</link></item></rdf:RDF>",
		"</item>", "</rdf:RDF>");
}

static void test_json(void **state)
{
	(void)state;
	check_every_cut(
		"{\"version\":\"https://jsonfeed.org/version/1.1\",\"title\":\"T\",\"items\":[\n"
		"{\"id\":1,\"tags\":[\"a\",\"b\"],\"title\":\"x \\\"y\\\" \\u00e9 \xC3\xA9\"}\r,"
		"{\"id\":2,\"authors\":[{\"name\":\"Ana\"}]}\r,"
		"{\"id\":3,\"content_html\":\"<p>\"}\r]}",
		"}\r", "]}");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rss),
		cmocka_unit_test(test_atom),
		cmocka_unit_test(test_rdf),
		cmocka_unit_test(test_json),
	};

	return cmocka_run_group_tests_name("parse truncation", tests, NULL, NULL);
}
