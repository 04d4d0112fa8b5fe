#include "normalize/html.h"

#include "normalize/html-element.h"
#include "normalize/html-reference.h"
#include "strict.h"
#include "xss_urls.h"
#include "xss_vectors.h"

#include <dirent.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

#define LENGTH(a) (sizeof(a) / sizeof *(a))

static const struct html_options options = {.base = {"https://city.example/news/", 26}};

/* Cleans, and holds the result against everything that must be true of it whatever went in. */
static unsigned clean_checked(struct buf *out, struct str html)
{
	struct buf again = BUF_INIT, swept = BUF_INIT;
	struct html_options sweeping = options;
	size_t at = 0;

	buf_clear(out);
	sweeping.text = &swept;
	unsigned result = html_clean(out, html, &sweeping);
	const char *wrong = strict_check(buf_view(out), &at);
	if (wrong)
		fail_msg("%s at %zu of: %.*s", wrong, at, STR_FMT(buf_view(out)));
	unsigned second = html_clean(&again, buf_view(out), &options);
	if (!str_eq(buf_view(out), buf_view(&again)))
		fail_msg("not idempotent:\n%.*s\n%.*s", STR_FMT(buf_view(out)),
			STR_FMT(buf_view(&again)));
	assert_int_equal(second, HTML_CLEAN);
	if (utf8_is_valid(html)) {
		buf_clear(&again);
		html_text(&again, buf_view(out));
		if (!str_eq(buf_view(&swept), buf_view(&again)))
			fail_msg("not its text:\n%.*s\n%.*s", STR_FMT(buf_view(&swept)),
				STR_FMT(buf_view(&again)));
	}
	buf_deinit(&again);
	buf_deinit(&swept);
	return result;
}

static void assert_clean(const char *html, const char *want)
{
	struct buf out = BUF_INIT;

	clean_checked(&out, str_of(html));
	assert_string_equal(buf_cstr(&out), want);
	buf_deinit(&out);
}

static void assert_text(const char *html, const char *want)
{
	struct buf out = BUF_INIT;

	html_text(&out, str_of(html));
	assert_string_equal(buf_cstr(&out), want);
	buf_deinit(&out);
}

static void test_tables(void **state)
{
	(void)state;
	for (unsigned i = 0; i < HTML_TAG_COUNT; i++) {
		assert_int_equal(html_tag_of(str_of(html_elements[i].name)), i);
		if (i)
			assert_true(strcmp(html_elements[i - 1].name, html_elements[i].name) < 0);
	}
	for (unsigned i = 0; i < HTML_ATTR_COUNT; i++)
		assert_int_equal(html_attr_of(str_of(html_attr_kinds[i].name)), i);
	assert_int_equal(html_tag_of(STR("BlockQuote")), HTML_TAG_BLOCKQUOTE);
	assert_int_equal(html_tag_of(STR("blockquot")), HTML_TAG_OTHER);
	assert_int_equal(html_tag_of(STR("zzz")), HTML_TAG_OTHER);
	assert_int_equal(html_attr_of(STR("XML:lang")), HTML_ATTR_LANG);
	assert_int_equal(html_attr_of(STR("onclick")), HTML_ATTR_OTHER);
}

static void assert_decodes(const char *text, const char *want)
{
	struct buf out = BUF_INIT;

	html_decode(&out, str_of(text));
	assert_string_equal(buf_cstr(&out), want);
	buf_deinit(&out);
}

static void test_references(void **state)
{
	(void)state;
	assert_clean("&nvlt;script&nvgt;", "&lt;\u20d2script&gt;\u20d2");
	assert_decodes("&lt;&gt;&amp;&quot;&apos;", "<>&\"'");
	assert_decodes("&eacute;&eacute&Eacute;", "ééÉ");
	assert_decodes("&notit; &notin; &not; &noti", "¬it; ∉ ¬ ¬i");
	assert_decodes("&CounterClockwiseContourIntegral;&zwnj;", "∳\u200c");
	assert_decodes("&NotEqualTilde;&fjlig;", "≂̸fj");
	assert_decodes("&#233;&#xE9;&#XE9 &#233x", "éé\u00e9 éx");
	assert_decodes("&#128;&#150;&#159;&#x80;", "€–Ÿ€");
	assert_decodes("&#0;&#xD800;&#x110000;&#99999999999999999999;", "\uFFFD\uFFFD\uFFFD\uFFFD");
	assert_decodes("a&#1;&#8;&#129;b&#9;c&#13;", "ab\tc\n");
	assert_decodes(
		"AT&T & R&D &; &# &#; &#x; &unknown; &", "AT&T & R&D &; &# &#; &#x; &unknown; &");
	assert_decodes("&amp;amp;", "&amp;");
	/* Every name of the table is found, with its semicolon. */
	for (unsigned i = 0; i < html_entity_count; i++) {
		char reference[HTML_ENTITY_NAME_MAX + 3], out[HTML_REFERENCE_MAX];
		size_t n = 0;
		int length = snprintf(reference, sizeof reference, "&%.*s;",
			html_entity_offsets[i + 1] - html_entity_offsets[i],
			html_entity_names + html_entity_offsets[i]);
		assert_int_equal(html_reference(str_of(reference), false, out, &n), length);
		char want[4];
		size_t want_n = utf8_encode(HTML_ENTITY_CP(html_entity_values[i]), want);
		assert_true(n >= want_n);
		assert_memory_equal(out, want, want_n);
	}
}

static void test_attribute_references(void **state)
{
	(void)state;
	assert_clean("<a href='?a=1&copy=2&reg;&lt;'>x</a>",
		"<a href=\"https://city.example/news/?a=1&amp;copy=2\u00ae%3C\">x</a>");
	assert_clean("<p title='&amp &lt; \"&eacute; &copyx'>x</p>",
		"<p title=\"&amp; &lt; &quot;é &amp;copyx\">x</p>");
}

static void test_forms_of_tags(void **state)
{
	(void)state;
	assert_clean("<P TITLE=a>x</P >", "<p title=\"a\">x</p>");
	assert_clean("<p title = 'a>b' lang=\"es\"/>x", "<p title=\"a&gt;b\" lang=\"es\">x</p>");
	assert_clean("<p title=a/b=c>x", "<p title=\"a/b=c\">x</p>");
	assert_clean("<p title=a title=b>x", "<p title=\"a\">x</p>");
	assert_clean("<br/><br /><BR></br>", "<br><br><br><br>");
	assert_clean("a < b, c <3, x<y", "a &lt; b, c &lt;3, x");
	assert_clean("a<!-- x -- y -->b<!>c<!doctype html>d<?php x ?>e</>f</ x>g", "abcdefg");
	assert_clean("a<!-- never closed <b>x</b>", "a");
	assert_clean("<![CDATA[<b>x</b>]]>y]]>", "<b>x</b>y]]&gt;");
	assert_clean("<![CDATA[<b>x</b>]]&gt;y]]&gt;", "<b>x</b>y]]&gt;");
	assert_clean("<![CDATA[<![CDATA[x]]&gt;y]]>z", "xyz");
	assert_clean("x<a href=\"http://h/", "x");
	assert_clean("<xmp><b>&amp;</xmp>", "<pre>&lt;b&gt;&amp;amp;</pre>");
	assert_clean("<iframe src=x />after", "after");
	assert_clean("a<!DOCTYPE ~ <b", "a&lt;!DOCTYPE ~ &lt;b");
	assert_clean("a<!", "a&lt;!");
	assert_clean("a<!DOCTYPE>", "a");
	/* Who sees no frame sees what is written for those who see none. */
	assert_clean("a<iframe src=x> <b>b</b></iframe>c", "a <b>b</b>c");
	assert_clean("a<iframe><script>x</iframe>y</script>b", "ab");
	assert_clean("<script>never closed", "");
	assert_clean("<title>x</title><style>p{}</style>text", "text");
	assert_clean("\r\n\r\fx\x01\x7f", "\n\n x");
	assert_clean("", "");
}

static void test_balance(void **state)
{
	(void)state;
	assert_clean("<b><i>x</b>y</i>z", "<b><i>x</i></b><i>y</i>z");
	assert_clean("<b><i></b></i>x", "<b><i></i></b>x");
	assert_clean("<p>1<p>2<div>3</div>", "<p>1</p><p>2</p><div>3</div>");
	assert_clean("<p><b>1<p>2</b>", "<p><b>1</b></p><p><b>2</b></p>");
	assert_clean("<b><p>1</b>2</p>3", "<b><p>12</p></b>3");
	assert_clean("<ul><li>a<li>b<ul><li>c</ul><li>d</ul>",
		"<ul><li>a</li><li>b<ul><li>c</li></ul></li><li>d</li></ul>");
	assert_clean("<dl><dt>a<dd>b<dt>c</dl>", "<dl><dt>a</dt><dd>b</dd><dt>c</dt></dl>");
	assert_clean("<table><tr><td>1<td>2<tr><td>3</table>",
		"<table><tr><td>1</td><td>2</td></tr><tr><td>3</td></tr></table>");
	assert_clean("<table><thead><th>1<tbody><td>2</table>",
		"<table><thead><tr><th>1</th></tr></thead><tbody><tr><td>2</td></tr></tbody></"
		"table>");
	assert_clean("<td>x</td><tr>y", "xy");
	assert_clean("<table><tr><td><p>x</table>y", "<table><tr><td><p>x</p></td></tr></table>y");
	assert_clean(
		"<p><table><tr><td></p>x</table>", "<p></p><table><tr><td>x</td></tr></table>");
	assert_clean("<div><table><tr><td></div>x</table></div>y",
		"<div><table><tr><td>x</td></tr></table></div>y");
	assert_clean("<h1>a<h2>b</h3>c", "<h1>a</h1><h2>b</h2>c");
	assert_clean("<h3><b><h3></b><h3>", "<h3><b><h3></h3></b></h3><h3></h3>");
	assert_clean("<a href=1>x<a href=2>y</a>", "<a href=\"https://city.example/news/1\">x</a>"
						   "<a href=\"https://city.example/news/2\">y</a>");
	assert_clean("<a href=1><dl></a><a href=2>",
		"<a href=\"https://city.example/news/1\"><dl></dl></a>"
		"<a href=\"https://city.example/news/2\"></a>");
	assert_clean("</b></p></div>x</td>", "x");
	assert_clean("<span lang=fr><span>x</span>y</span>z",
		"<span lang=\"fr\"><span>x</span>y</span>z");
	assert_clean("<a name=top>x</a>", "<a>x</a>");
	assert_clean("<select><option>a<option>b</select>x", "x");
	/* The words of a drawing. */
	assert_clean("<a><svg><title>A &amp; b</title><path d=x /><text>c</text></svg></a> d",
		"<a>A &amp; b</a> d");
	assert_clean("<svg><desc>A <abbr>b</abbr></desc><g>c</g></svg>d", "A bd");
	assert_clean("<svg><desc>a<svg><desc>b</desc>c</svg>d</svg>e", "abe");
	assert_clean("<svg><desc>a<p>b</p><b>c</b>", "a<p>b</p><b>c</b>");
	assert_clean("<svg><desc/>a</svg><svg><title/>b</svg><desc>c</desc>", "c");
	assert_clean("<svg><title><script>steal()</script></title></svg>",
		"&lt;script&gt;steal()&lt;/script&gt;");
	assert_clean("<select><option>a<p>x", "<p>x</p>");
	assert_clean("<form action=/q>Name <input name=q> <button>Go</button></form>", "Name  Go");
}

static void test_results(void **state)
{
	struct buf out = BUF_INIT;

	(void)state;
	assert_int_equal(clean_checked(&out, STR("<p>a</p><ul><li>b</ul>")), HTML_CLEAN);
	assert_int_equal(clean_checked(&out, STR("<p>a &lt; b<br>c")), HTML_CLEAN);
	assert_int_equal(clean_checked(&out, STR("<b>a")), HTML_RECOVERED);
	assert_int_equal(clean_checked(&out, STR("a</b>")), HTML_RECOVERED);
	assert_int_equal(clean_checked(&out, STR("<p class=x>a")), HTML_REMOVED);
	assert_int_equal(clean_checked(&out, STR("a<!-- b -->")), HTML_REMOVED);
	assert_int_equal(
		clean_checked(&out, STR("<b><script>a</script>")), HTML_REMOVED | HTML_RECOVERED);
	buf_deinit(&out);
}

static void test_urls_and_images(void **state)
{
	(void)state;
	assert_clean("<a href='../x y'>a</a>", "<a href=\"https://city.example/x%20y\">a</a>");
	assert_clean("<a href=mailto:a@b.example>a</a>", "<a href=\"mailto:a@b.example\">a</a>");
	assert_clean("<img src='//h/i.png' alt='\"A\"' width=10px height=50%>",
		"<img src=\"https://h/i.png\" alt=\"&quot;A&quot;\" width=\"10\" height=\"50%\">");
	assert_clean("<img src=t.gif width=1 height=1>x", "x");
	assert_clean("<img src=t.gif height=\"0\" width='1px'>x", "x");
	assert_clean("<img src=t.gif height=1>x", "x");
	assert_clean("<img src=t.gif style='width: 1px; HEIGHT:1px'>x", "x");
	assert_clean("<img src=t.gif style='display:none'>x", "x");
	assert_clean("<img src=t.gif style='height:6px' width=1>x", "x");
	assert_clean("<img src=l.gif width=600 height=1>",
		"<img src=\"https://city.example/news/l.gif\" width=\"600\" height=\"1\">");
	assert_clean("<img src=l.gif width=100% height=12>",
		"<img src=\"https://city.example/news/l.gif\" width=\"100%\" height=\"12\">");
	assert_clean("<img src='data:image/gif;base64,R0' data-src=r.jpg>",
		"<img src=\"https://city.example/news/r.jpg\">");
	assert_clean("<img data-lazy-src=r.jpg>", "<img src=\"https://city.example/news/r.jpg\">");
	assert_clean("<img alt=x>", "<img alt=\"x\">");
	assert_clean("<img alt='' title=x>", "");
	assert_clean("<img alt='\x03&#1;' title=' alt=\"\"'>", "");
	assert_clean(
		"<img title=' alt=\"\"' alt=x>", "<img title=\" alt=&quot;&quot;\" alt=\"x\">");
	assert_clean("<img alt=x style='display:none'>", "");
	assert_clean("<img src=t.gif style='width&#58;1px;height&colon;1px'>x", "x");
	assert_clean("<img src=t.gif style='width:url(x);width:1px;height:0'>x", "x");
	assert_clean("<img src=t.gif style='VISIBILITY: hidden ! important'>x", "x");
	assert_clean("<img src=mailto:x>", "");
	assert_clean("<picture><source srcset=a.webp><img src=a.jpg></picture>",
		"<img src=\"https://city.example/news/a.jpg\">");
}

static void test_xss(void **state)
{
	struct buf out = BUF_INIT, vector = BUF_INIT;
	size_t n = LENGTH(xss_documents);

	(void)state;
	for (size_t i = 0; i < n; i++)
		clean_checked(&out, xss_documents[i]);
	for (size_t i = 0; i < LENGTH(xss_places); i++)
		for (size_t k = 0; k < LENGTH(xss_urls); k++, n++) {
			struct str rest = xss_places[i];
			buf_clear(&vector);
			for (size_t at; (at = str_find(rest, STR("%s"))) < rest.n;) {
				buf_str(&vector, str_head(rest, at));
				buf_str(&vector, xss_urls[k]);
				rest = str_skip(rest, at + 2);
			}
			buf_str(&vector, rest);
			clean_checked(&out, buf_view(&vector));
			/* Nothing of the URL is left, not even resolved to a path. */
			if (str_find(buf_view(&out), STR("=\"")) < out.n &&
				str_find(buf_view(&out), STR(" alt=\"x\"")) == out.n)
				fail_msg("%.*s survives as %s", STR_FMT(xss_urls[k]),
					buf_cstr(&out));
		}
	assert_true(LENGTH(xss_documents) >= 500);
	assert_true(n >= 4000);
	buf_deinit(&out);
	buf_deinit(&vector);
}

/* What only says how a thing would like to look stays, on whatever element it stands. */
static void test_attributes(void **state)
{
	(void)state;
	assert_clean("<table border=1 cellpadding='2' CELLSPACING=0 width='100%' bgcolor=#ffffff>"
		     "<tr><td nowrap width=20>a</table>",
		"<table border=\"1\" cellpadding=\"2\" cellspacing=\"0\" width=\"100%\" "
		"bgcolor=\"#ffffff\"><tr><td nowrap=\"\" width=\"20\">a</td></tr></table>");
	assert_clean("<img src=a.jpg border=0 hspace=4 vspace=x align=left>",
		"<img src=\"https://city.example/news/a.jpg\" border=\"0\" hspace=\"4\" "
		"align=\"left\">");
	assert_clean("<meter value=0.6 min=0 max='1.0' low='.3'>60&nbsp;%</meter>",
		"<meter value=\"0.6\" min=\"0\" max=\"1.0\">60\u00a0%</meter>");
	assert_clean("<progress value=3 max=4 form=f>3/4</progress>",
		"<progress value=\"3\" max=\"4\">3/4</progress>");
	assert_clean(
		"<p align='' width='' lang=''>x</p>", "<p align=\"\" width=\"\" lang=\"\">x</p>");
	assert_clean("<p align='a b' width='one' border='-1' hspace=12345678>x</p>", "<p>x</p>");
	assert_clean("<p width=1.5 height='2.' border=3.4.5>x</p>",
		"<p width=\"1.5\" height=\"2\" border=\"3.4\">x</p>");
	assert_clean("<video preload=none src=v.mp4 autoplay></video><p preload=auto>x</p>",
		"<video preload=\"none\" src=\"https://city.example/news/v.mp4\"></video>"
		"<p>x</p>");
	assert_clean("<p dir=rtl lang=ar title=x>x</p><b dir=auto bordercolor=red>y</b>",
		"<p dir=\"rtl\" lang=\"ar\" title=\"x\">x</p>"
		"<b dir=\"auto\" bordercolor=\"red\">y</b>");
	/* What nobody acts on. */
	assert_clean("<p accept=a/b action=x datafld=x default draggable=true icon=x longdesc=x "
		     "maxlength=1 prompt='a b' radiogroup=x repeat-max=2 selected suppress=x>y</p>",
		"<p accept=\"a/b\" action=\"https://city.example/news/x\" datafld=\"x\" "
		"default=\"\" "
		"draggable=\"true\" icon=\"https://city.example/news/x\" "
		"longdesc=\"https://city.example/news/x\" maxlength=\"1\" prompt=\"a b\" "
		"radiogroup=\"x\" repeat-max=\"2\" selected=\"\" suppress=\"x\">y</p>");
	assert_clean("<p action='' icon=' ' longdesc=javascript:x background=mailto:x>y</p>",
		"<p action=\"\" icon=\"\">y</p>");
	assert_clean("<p background=x.gif>y</p><table background=x.gif><tr background=x.gif>"
		     "<td background=''>z</table>",
		"<p background=\"https://city.example/news/x.gif\">y</p>"
		"<table><tr><td>z</td></tr></table>");
	/* What takes the reader's hands, what the page's rules would apply to, and what is not ours. */
	assert_clean("<p class=c autofocus contenteditable tabindex=1 itemid=x part=x slot=x is=x "
		     "popover popovertarget=x name=x data-x=1>y</p>",
		"<p>y</p>");
}

static void test_names(void **state)
{
	(void)state;
	assert_clean("<p id=a>x</p><p id=cw-b>y</p><p id=''>z</p>",
		"<p id=\"cw-a\">x</p><p id=\"cw-b\">y</p><p id=\"\">z</p>");
	assert_clean("<p id='a b'>x</p><p id=a#b>y</p><p id=cw->z</p>",
		"<p>x</p><p>y</p><p id=\"cw-\">z</p>");
	assert_clean("<p id=a123456789b123456789c123456789d123456789>x</p>",
		"<p id=\"cw-a123456789b123456789c123456789d123456789\">x</p>");
	assert_clean("<p id=a123456789b123456789c123456789d123456789e>x</p>", "<p>x</p>");
	assert_clean("<img src=a.png usemap='#m'><map name=m>"
		     "<area shape=rect coords=0,0,9,9 href=b alt=B name=x></map>",
		"<img src=\"https://city.example/news/a.png\" usemap=\"#cw-m\"><map name=\"cw-m\">"
		"<area shape=\"rect\" coords=\"0,0,9,9\" href=\"https://city.example/news/b\" "
		"alt=\"B\"></map>");
	assert_clean("<img src=a.png usemap=m><img src=a.png usemap='#'><img src=a.png usemap=''>",
		"<img src=\"https://city.example/news/a.png\">"
		"<img src=\"https://city.example/news/a.png\">"
		"<img src=\"https://city.example/news/a.png\" usemap=\"\">");
}

/* The reader's keys and windows. */
static void test_reader(void **state)
{
	(void)state;
	assert_clean("<p accesskey=x>a</p><a href=b accesskey=x>b</a>",
		"<p accesskey=\"x\">a</p><a href=\"https://city.example/news/b\">b</a>");
	assert_clean("<a href=b><b accesskey=x>b</b></a><b accesskey=x>c</b>",
		"<a href=\"https://city.example/news/b\"><b>b</b></a><b accesskey=\"x\">c</b>");
	assert_clean("<a href=b><div></a><b accesskey=x>c</b></div>",
		"<a href=\"https://city.example/news/b\"><div><b>c</b></div></a>");
	assert_clean("<details><summary accesskey=x>a</summary><p accesskey=x>b</p></details>",
		"<details><summary>a</summary><p>b</p></details>");
	assert_clean("<a target=_blank>a</a><a target=_self>b</a><a target=''>c</a>",
		"<a target=\"_blank\">a</a><a target=\"_self\">b</a><a target=\"\">c</a>");
	assert_clean("<a target=_top>a</a><a target=_parent>b</a><a target=main>c</a>",
		"<a>a</a><a>b</a><a>c</a>");
}

/* The checker itself must be able to say no. */
static void test_strict(void **state)
{
	static const char *const bad[] = {"<script>", "<p onclick=\"x\"></p>", "<p>", "</p>", "a<b",
		"a>b", "a&b", "<p title=x></p>", "<P></P>", "<b><i></b></i>", "<br/>",
		"<a href=\"\"></a>", "<a href=\"javascript:x\"></a>",
		"<a href=\"java script:x\"></a>", "<img src=\"data:x\">", "<p title=\"<\"></p>",
		"<p style=\"position: fixed;\"></p>", "<p style=\"color: red\"></p>",
		"<p style=\"width: -1px;\"></p>", "<p style=\"color: url(x);\"></p>",
		"<p style=\"display: none;\"></p>", "<p style=\"color:red;\"></p>",
		"<p style=\"color: r\\65 d;\"></p>", "<p style=\"color: red;color: red;\"></p>",
		"<p style=\"width: calc(1);\"></p>", "<p style=\"color: /**/red;\"></p>",
		"<p id=\"x\"></p>", "<p id=\"cw-#\"></p>", "<img usemap=\"#x\">",
		"<a accesskey=\"x\"></a>", "<a><b accesskey=\"x\"></b></a>",
		"<a target=\"_top\"></a>", "<p icon=\"javascript:x\"></p>",
		"<td background=\"x\"></td>", "<p class=\"x\"></p>", "<form></form>", "a\x01",
		"<p\ntitle=\"x\"></p>", "<!-- x -->", "<a href=\"other:x\"></a>"};
	size_t at;

	(void)state;
	for (size_t i = 0; i < LENGTH(bad); i++)
		if (!strict_check(str_of(bad[i]), &at))
			fail_msg("accepted: %s", bad[i]);
	assert_null(strict_check(
		STR("<p style=\"COLOR: rgb(0, 1, 2); font-family: 'A b',c;\">x</p>"), &at));
	assert_null(strict_check(STR("<p title=\"a &lt;\">x<br>&amp;</p>"), &at));
	assert_null(strict_check(STR("<p style=\"font-family: Curlz MT,serif;\">x</p>"), &at));
}

static void fill(struct buf *b, const char *piece, size_t times)
{
	buf_clear(b);
	while (times--)
		buf_str(b, str_of(piece));
}

/* Inputs on which anything quadratic would take hours, not seconds. */
static void test_linear(void **state)
{
	static const struct {
		const char *piece;
		size_t times;
	} inputs[] = {{"<div>", 50000}, {"<b><p>", 50000}, {"<b><i></b>", 50000},
		{"<a href=x>", 50000}, {"<table><tr><td>", 20000}, {"&eacute;", 1000000},
		{"&", 1000000}, {"<", 1000000}, {"<!--", 200000}, {"<!-- --", 200000},
		{"<noframes>", 100000}, {"<title>", 100000}, {"<script/>", 100000},
		{"<script><!--<script>", 50000}, {"</p>", 200000}, {"<p title='", 100000},
		{"<![CDATA[", 100000}, {"]]>", 300000}, {"<svg>", 100000}, {"<svg><desc>", 100000},
		{"<svg><title>", 100000}, {"<!x", 300000}, {"<li>", 100000}, {"<h1>", 100000},
		{"</b>", 200000}, {"<span>", 100000}, {"<b ", 200000}, {"<img src=", 100000},
		{"<b><i><u><s></b>x", 50000}, {"<p style='color:red;color:red;color:red'>", 30000},
		{"<p style=';;;;;;;;", 100000}, {"<p style=\"font:", 100000}};
	struct buf html = BUF_INIT, out = BUF_INIT, text = BUF_INIT;

	(void)state;
	for (size_t i = 0; i < LENGTH(inputs); i++) {
		fill(&html, inputs[i].piece, inputs[i].times);
		clean_checked(&out, buf_view(&html));
		/* The output is bounded by the input as well: misnesting cannot multiply it. */
		assert_true(out.n <= 8 * html.n);
		buf_clear(&text);
		html_text(&text, buf_view(&html));
		html_likely(buf_view(&html));
	}
	/* An attribute of a megabyte, and a million of attributes. */
	fill(&html, "x", 1000000);
	buf_clear(&text);
	buf_lit(&text, "<p title=\"");
	buf_str(&text, buf_view(&html));
	buf_lit(&text, "\">y</p><a href=\"");
	buf_str(&text, buf_view(&html));
	buf_lit(&text, "\">z</a>");
	clean_checked(&out, buf_view(&text));
	assert_string_equal(buf_cstr(&out), "<p>y</p><a>z</a>");
	fill(&html, " title=a", 1000000);
	buf_clear(&text);
	buf_lit(&text, "<p");
	buf_str(&text, buf_view(&html));
	buf_lit(&text, ">");
	clean_checked(&out, buf_view(&text));
	assert_string_equal(buf_cstr(&out), "<p title=\"a\"></p>");
	buf_deinit(&html);
	buf_deinit(&out);
	buf_deinit(&text);
}

static void test_depth(void **state)
{
	struct buf html = BUF_INIT, out = BUF_INIT;

	(void)state;
	fill(&html, "<div>", HTML_DEPTH_MAX + 50);
	buf_lit(&html, "deep");
	for (size_t i = 0; i < HTML_DEPTH_MAX + 50; i++)
		buf_lit(&html, "</div>");
	buf_lit(&html, "<p>after</p>");
	clean_checked(&out, buf_view(&html));
	assert_int_equal(out.n, HTML_DEPTH_MAX * (sizeof "<div></div>" - 1) + sizeof "deep" - 1 +
					sizeof "<p>after</p>" - 1);
	assert_true(str_find(buf_view(&out), STR("deep</div>")) < out.n);
	assert_true(str_ends(buf_view(&out), STR("</div><p>after</p>")));
	buf_deinit(&html);
	buf_deinit(&out);
}

static void test_text(void **state)
{
	(void)state;
	assert_text("<p>One  two\n three</p><p>Four</p>", "One two three\n\nFour");
	assert_text("a<b>b</b>c <i>d</i>", "abc d");
	assert_text("<ul><li>a</li><li>b</li></ul>c", "- a\n- b\n\nc");
	assert_text("x<br>y<br><br>z", "x\ny\n\nz");
	assert_text("<p>&iexcl;Hola&nbsp;&amp; adi&oacute;s! 1 &lt; 2</p>",
		"¡Hola\u00a0& adiós! 1 < 2");
	assert_text("10&nbsp;000 &nbsp; \u00a0x<br>&nbsp;&nbsp;y<p>&nbsp;</p>&nbsp;",
		"10\u00a0000 \u00a0 x\ny");
	assert_text("<img src=x alt='Una foto'><a href=x>enlace</a>", "Una foto enlace");
	assert_text("<style>p{}</style><script>x</script>a<!-- b -->c", "ac");
	assert_text("<table><tr><td>1<td>2<tr><td>3</table>", "1 2\n3");
	assert_text("<pre>a\n  b\n\nc</pre>", "a\nb\n\nc");
	assert_text("<div>a</div><div>b</div>", "a\nb");
	assert_text("<h1>T</h1>text", "T\n\ntext");
	assert_text(" \n ", "");
	assert_text("a < b & c", "a < b & c");
	assert_text("<!DOCTYPE ~", "<!DOCTYPE ~");
	assert_text("<ul><li></li></ul>x", "x");
}

/* Whatever stands at whatever place of a scan: the output is clean, and its text is its text. Bytes that
 * are no UTF-8 hide nothing. */
static void test_sweep(void **state)
{
	static const char *const pieces[] = {"<", ">", "&", "&lt;", "&amp;lt;", "&nbsp;", "&#10;",
		"&#11;", "&eacute;", "\"", " ", "  ", "\n", "\r", "\r\n", "\t\t", "\f", "\v",
		"\x01", "\x7F", "\u00a0", " \u00a0 ", "é", "\xC2", "\xC2<", "\xC2&", "\xC2 ",
		"\xC3", "\xC3<b", "\xE2\x80", "\xF0", "\xFF", "<b", "<b>", " <i> x </i> ",
		"<!---->", "a<br>b", "<p> ", "<pre>\n", "<img alt=' \"x ' src=/a?b&amp;c>"};
	struct buf out = BUF_INIT, html = BUF_INIT;

	(void)state;
	for (size_t i = 0; i < LENGTH(pieces); i++)
		for (size_t k = 0; k < LENGTH(pieces); k++)
			for (size_t n = 0; n <= 34; n++) {
				buf_clear(&html);
				for (size_t x = 0; x < n; x++)
					buf_char(&html, x % 5 == 3 ? ' ' : 'x');
				buf_str(&html, str_of(pieces[i]));
				buf_str(&html, str_of(pieces[k]));
				if (n % 2)
					buf_lit(&html, "word and word and more</p>");
				clean_checked(&out, buf_view(&html));
			}
	buf_deinit(&out);
	buf_deinit(&html);
}

static void test_likely(void **state)
{
	static const char *const yes[] = {"<b>x</b>", "x<br/>", "a &amp; b", "&#233;",
		"&eacute;t&eacute;", "<!-- x -->", "<P CLASS=x>", "</p>"};
	static const char *const no[] = {"", "a < b", "AT&T", "R&D", "a <b and c", "1 <2> 3",
		"<unknown>", "x & y; z", "<b", "a &lt b", "<>", "&", "<", "i<j && k>l"};

	(void)state;
	for (size_t i = 0; i < LENGTH(yes); i++)
		if (!html_likely(str_of(yes[i])))
			fail_msg("is HTML: %s", yes[i]);
	for (size_t i = 0; i < LENGTH(no); i++)
		if (html_likely(str_of(no[i])))
			fail_msg("is no HTML: %s", no[i]);
}

static void test_escape(void **state)
{
	struct buf out = BUF_INIT;

	(void)state;
	html_escape(&out, STR("a<b> & \"c\" 'd'"));
	assert_string_equal(buf_cstr(&out), "a&lt;b&gt; &amp; &quot;c&quot; 'd'");
	buf_deinit(&out);
}

static void test_cut(void **state)
{
	struct str html =
		STR("<p>One two <b>three four</b> five</p><p>日本語の文章 six &amp; seven</p>");
	struct buf out = BUF_INIT;
	size_t at, longest = 0;

	(void)state;
	for (size_t max = 0; max <= html.n + 1; max++) {
		buf_clear(&out);
		html_cut(&out, html, max);
		assert_true(out.n <= max);
		assert_null(strict_check(buf_view(&out), &at));
		assert_true(utf8_is_valid(buf_view(&out)));
		assert_true(out.n + 20 >= (max < html.n ? max : html.n));
		longest = out.n > longest ? out.n : longest;
	}
	assert_int_equal(longest, html.n);
	buf_clear(&out);
	html_cut(&out, html, 24);
	assert_string_equal(buf_cstr(&out), "<p>One two</p>");
	buf_clear(&out);
	html_cut(&out, html, 29);
	assert_string_equal(buf_cstr(&out), "<p>One two <b>three</b></p>");
	buf_deinit(&out);
}

/* Every real file, taken as HTML whole and broken at the places where its markup is odd. */
static void test_corpus(void **state)
{
	const char *corpus = getenv("CIVICWIRE_CORPUS");
	char path[4096];
	struct buf html = BUF_INIT, out = BUF_INIT;
	size_t files = 0;

	(void)state;
	snprintf(path, sizeof path, "%s/feeds", corpus ? corpus : "");
	DIR *dir = corpus ? opendir(path) : NULL;
	if (!dir) {
		print_message("CIVICWIRE_CORPUS holds no feeds/: nothing to read\n");
		skip();
	}
	for (struct dirent *entry; (entry = readdir(dir));) {
		int fd = openat(dirfd(dir), entry->d_name, O_RDONLY);
		struct stat st;
		if (fd < 0 || fstat(fd, &st) || !S_ISREG(st.st_mode) || st.st_size > 1 << 20) {
			if (fd >= 0)
				close(fd);
			continue;
		}
		buf_clear(&html);
		html.n = (size_t)pread(
			fd, buf_room(&html, (size_t)st.st_size + 1), (size_t)st.st_size, 0);
		close(fd);
		files++;
		clean_checked(&out, buf_view(&html));
		/* What is escaped in the XML is the HTML that we shall see. */
		struct buf inner = BUF_INIT;
		html_decode(&inner, buf_view(&html));
		clean_checked(&out, buf_view(&inner));
		buf_deinit(&inner);
	}
	closedir(dir);
	assert_true(files > 0);
	buf_deinit(&html);
	buf_deinit(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_tables),
		cmocka_unit_test(test_references),
		cmocka_unit_test(test_attribute_references),
		cmocka_unit_test(test_forms_of_tags),
		cmocka_unit_test(test_balance),
		cmocka_unit_test(test_results),
		cmocka_unit_test(test_urls_and_images),
		cmocka_unit_test(test_xss),
		cmocka_unit_test(test_attributes),
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_reader),
		cmocka_unit_test(test_strict),
		cmocka_unit_test(test_linear),
		cmocka_unit_test(test_depth),
		cmocka_unit_test(test_text),
		cmocka_unit_test(test_sweep),
		cmocka_unit_test(test_likely),
		cmocka_unit_test(test_escape),
		cmocka_unit_test(test_cut),
		cmocka_unit_test(test_corpus),
	};

	return cmocka_run_group_tests_name("html", tests, NULL, NULL);
}
