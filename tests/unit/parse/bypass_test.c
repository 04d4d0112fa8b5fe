/* Long texts, which go round libxml2, mean what short ones mean, which do not. */
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "base/list.h"
#include "checks.h"

#define LONG 300
/* Where a piece of the body ends. */
#define PIECE 32768

#define ITEM(inside) \
	"<rss version='2.0'><channel><title>~</title><item>" inside \
	"<guid>~</guid></item></channel></rss>"

/* Each '~' is one letter, and then many. */
static const char *const documents[] = {
	ITEM("<title>a ~ b</title><description>~ &lt;b>~&lt;/b></description>"),
	ITEM("<description>&lt;p&gt;~&lt;/p&gt; &amp;amp; &#233;&#xe9;&#38; &quot;~&apos;"
	     "</description>"),
	ITEM("<description><![CDATA[~ <b>&amp;</b> ]] ~]]></description>"),
	ITEM("<description>~<![CDATA[~]]]]><![CDATA[>~]]>~</description>"),
	ITEM("<description><![CDATA[]]>~<![CDATA[~]]></description>"),
	ITEM("<!-- ~ > <title>~</title> <![CDATA[~]]> ~ --><title>~</title>"),
	ITEM("<!-- it's > ~ <b> \" > ~ --><title>~</title>"),
	ITEM("<?x ~ > ~ ?><title>~</title><?y <![CDATA[~]]> ?>"),
	ITEM("<enclosure url='~>~'/><title>~</title><category domain=\"a>'~\">~</category>"),
	ITEM("<title>~ &nbsp; ~ &unknown; ~ &lt;</title>"),
	ITEM("<title>~ ]]> ~</title>"),
	ITEM("<title>~ ] ]] ]>&#93;]> ~</title>"),
	ITEM("<title>~ \x01 ~</title><description><![CDATA[~ \x02 ~]]></description>"),
	ITEM("<title>~ \xEF\xBF\xBE ~</title>"),
	ITEM("<description><![CDATA[~ \xEF\xBF\xBF ~]]></description>"),
	ITEM("<title>~\xEF\xBF\xBD~</title><description><![CDATA[~\xEF\xBF\xBD]]></description>"),
	ITEM("<title>~\r\n~\r~\n~\r</title><description><![CDATA[~\r\n~\r~]]></description>"),
	ITEM("<title>~ &#0; ~</title>"),
	ITEM("<title>~ &#X41; ~</title>"),
	ITEM("<title>~ &#38 ~</title>"),
	ITEM("<title>~ &#; &#x; ~ &; & ~</title>"),
	ITEM("<title>~ &#x1F600;&#128512; \xF0\x9F\x98\x80 ~</title>"),
	ITEM("<x:y xmlns:x='u'>~ &lt; ~<z>~</z>~</x:y><title>~</title>~"),
	ITEM("<x:y xmlns:x='u'>~ & ~</x:y><title>~</title>~"),
	ITEM("<description>~<b title='~>~'>~<br/>~</b>~</description>"),
	ITEM("<title>~</titel>~<description>~</description>"),
	ITEM("<title a='~ > ~ <b>~</b>'>~</title>"),
	"<!DOCTYPE rss [<!-- ~ > ~ --><!ENTITY e \"'>\">]>" ITEM("<title>~&e;~</title>"),
	"<!-- ~ -->" ITEM("<title>~</title>") "<!-- ~ -->",
	"~" ITEM("<title>~</title>") "~",
	"<rss><channel><item><title>~</title></item><item><title>~",
	"<rss><channel><item><title>~</title></item><item><title><![CDATA[~ <b> ~",
	"<?xml version='1.0' encoding='iso-8859-1'?>" ITEM("<title>~ \xE9\xE8 ~</title>"
							   "<description><![CDATA[~ \xE9]]>"
							   "</description>"),
	"<feed xmlns='http://www.w3.org/2005/Atom'><entry><id>~</id><content type='xhtml'>"
	"<div xmlns='http://www.w3.org/1999/xhtml'><p title='~>~'>~<br/>~&lt;</p>~"
	"<![CDATA[~<~]]></div></content><summary type='html'>~&lt;i>~</summary></entry></feed>",
};
#define N_DOCUMENTS (sizeof documents / sizeof *documents)

/* The document with a comment of `pad` bytes behind its root's tag and n letters for each '~'. */
static void fill(struct buf *out, const char *document, size_t pad, size_t n)
{
	const char *root = strstr(document, "<rss") ? strstr(document, "<rss") : document;
	const char *split = strchr(root, '>') + 1;

	buf_clear(out);
	for (const char *s = document; *s; s++) {
		if (s == split && pad) {
			buf_lit(out, "<!--");
			for (size_t i = 7; i < pad; i++)
				buf_char(out, 'c');
			buf_lit(out, "-->");
		}
		for (size_t i = 0; i < (*s == '~' ? n : 1); i++)
			buf_char(out, *s);
	}
}

/* Runs of '~' become one. */
static void squeeze(struct buf *text)
{
	size_t n = 0;

	for (size_t i = 0; i < text->n; i++)
		if (text->p[i] != '~' || !n || text->p[n - 1] != '~')
			text->p[n++] = text->p[i];
	text->n = n;
}

static void parse(struct parser *parser, const struct buf *document, struct buf *ret)
{
	struct collector c = {0};
	struct error error;

	assert_int_equal(collect_run(&c, parser, buf_view(document), NULL, &error), 0);
	assert_false(c.invalid);
	buf_clear(ret);
	buf_str(ret, buf_view(&c.out));
	squeeze(ret);
	collect_deinit(&c);
}

static void compare(struct parser *parser, const char *document, size_t pad, size_t n)
{
	struct buf text = BUF_INIT, brief = BUF_INIT, large = BUF_INIT;

	fill(&text, document, 0, 1);
	parse(parser, &text, &brief);
	fill(&text, document, pad, n);
	parse(parser, &text, &large);
	if (!str_eq(buf_view(&brief), buf_view(&large)))
		fail_msg("%s\nmeans, brief:\n%s\nlong:\n%s", document, buf_cstr(&brief),
			buf_cstr(&large));
	buf_deinit(&text);
	buf_deinit(&brief);
	buf_deinit(&large);
}

static void test_long_as_short(void **state)
{
	struct parser *parser = parser_new();

	(void)state;
	for (size_t i = 0; i < N_DOCUMENTS; i++)
		for (size_t n = 2; n < LONG; n += 13)
			compare(parser, documents[i], 0, n);
	parser_free(parser);
}

/* Wherever a piece of the body ends. */
static void test_over_the_end_of_a_piece(void **state)
{
	struct parser *parser = parser_new();

	(void)state;
	for (size_t i = 0; i < N_DOCUMENTS; i++)
		for (size_t pad = PIECE - 4 * LONG; pad < PIECE; pad += 37)
			compare(parser, documents[i], pad, LONG);
	parser_free(parser);
}

struct spoiler {
	struct parse_sink sink;
	int fd;
	size_t entries;
};

static int spoil(struct parse_sink *sink, const struct document *document, struct entry *entry)
{
	struct spoiler *spoiler = container_of(sink, struct spoiler, sink);

	(void)document;
	assert_true(utf8_is_valid(entry->title.value));
	assert_true(utf8_is_valid(entry->content.value));
	if (!spoiler->entries++)
		for (off_t at = 50000; at < 150000; at += 1111)
			assert_int_equal(pwrite(spoiler->fd, "\xC3\xE9\xFF", 3, at), 3);
	return 0;
}

/* A file that somebody writes to while it is read brings nothing in that is no UTF-8. */
static void test_file_that_changes(void **state)
{
	char path[] = "/tmp/civicwire-bypass-XXXXXX";
	struct spoiler spoiler = {.sink = {spoil}, .fd = mkstemp(path)};
	struct parser *parser = parser_new();
	const struct document *document;
	struct body body = BODY_INIT;
	struct error error;

	(void)state;
	assert_true(spoiler.fd >= 0);
	dprintf(spoiler.fd, "<rss><channel>");
	for (int i = 0; i < 1000; i++)
		dprintf(spoiler.fd,
			"<item><title>\xC3\xA1%0100d</title><content><![CDATA[%0100d]]>"
			"</content></item>",
			i, i);
	dprintf(spoiler.fd, "</channel></rss>");
	assert_int_equal(body_open(&body, path, 1 << 20), 0);
	assert_int_equal(parse_run(parser, &body, NULL, &spoiler.sink, &document, &error), 0);
	assert_in_range(spoiler.entries, 900, 1000);
	body_deinit(&body);
	parser_free(parser);
	close(spoiler.fd);
	unlink(path);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_long_as_short),
		cmocka_unit_test(test_over_the_end_of_a_piece),
		cmocka_unit_test(test_file_that_changes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
