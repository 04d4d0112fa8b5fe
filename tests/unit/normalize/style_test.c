#include "normalize/html-style.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#define LENGTH(a) (sizeof(a) / sizeof *(a))

/* What goes in, and what comes out; what comes out is written again as it is. */
static void assert_style(const char *css, const char *want, unsigned want_result)
{
	struct buf out = BUF_INIT, again = BUF_INIT;

	unsigned result = html_style(&out, str_of(css));
	if (!str_is(buf_view(&out), want) || result != want_result)
		fail_msg("%s\ngives %.*s (%u)\n not  %s (%u)", css, STR_FMT(buf_view(&out)), result,
			want, want_result);
	assert_int_equal(html_style(&again, buf_view(&out)), 0);
	assert_true(str_eq(buf_view(&out), buf_view(&again)));
	/* An attribute can hold it as it is. */
	for (const char *p = "\"&<>\\\n"; *p; p++)
		assert_int_equal(str_chr(buf_view(&out), *p), out.n);
	buf_deinit(&out);
	buf_deinit(&again);
}

static void test_kept(void **state)
{
	static const struct {
		const char *css, *want;
	} cases[] = {
		{"", ""},
		{" ; ;; \n", ""},
		{"color:red", "color: red;"},
		{"COLOR : Red ;", "COLOR: Red;"},
		{"color:#fff;background-color:#A1b2C3", "color: #fff; background-color: #A1b2C3;"},
		{"color:#12345678", "color: #12345678;"},
		{"color:rgb(1,2 , 3)", "color: rgb(1, 2, 3);"},
		{"color:RGBA( 1%,2%,3%,.5 )", "color: RGBA(1%, 2%, 3%, .5);"},
		{"background-color:hsl(120,50%,50%)", "background-color: hsl(120, 50%, 50%);"},
		{"background:white", "background: white;"},
		{"margin:0 auto", "margin: 0 auto;"},
		{"margin:1px 2em\t3% \n 4pt", "margin: 1px 2em 3% 4pt;"},
		{"padding:.5em", "padding: .5em;"},
		{"line-height:1.4285714286", "line-height: 1.4285714286;"},
		{"font-family: 'Open Sans' , Arial,\"Times New Roman\",serif",
			"font-family: 'Open Sans',Arial,'Times New Roman',serif;"},
		{"font:bold 12px Verdana,sans-serif", "font: bold 12px Verdana,sans-serif;"},
		{"font-size:x-large;font-weight:700", "font-size: x-large; font-weight: 700;"},
		{"border:1px solid #ccc", "border: 1px solid #ccc;"},
		{"border-top-color:rgb(0,0,0)", "border-top-color: rgb(0, 0, 0);"},
		{"text-decoration:underline", "text-decoration: underline;"},
		{"display:block;float:left;clear:both",
			"display: block; float: left; clear: both;"},
		{"overflow:auto;cursor:help", "overflow: auto; cursor: help;"},
		{"width:4000px0", NULL},
		{"width:3999.5px;max-width:100%", "width: 3999.5px; max-width: 100%;"},
		{"white-space:pre-wrap", "white-space: pre-wrap;"},
		{"vertical-align:-webkit-baseline-middle", NULL},
	};

	(void)state;
	for (size_t i = 0; i < LENGTH(cases); i++)
		assert_style(cases[i].css, cases[i].want ? cases[i].want : "",
			cases[i].want ? 0 : HTML_STYLE_REMOVED);
}

/* Each of these stands alone, and nothing of it may be left. */
static const char *const refused[] = {
	/* loads */
	"background:url(x.gif)",
	"background:URL('//evil.example/x')",
	"background-image:url(//evil.example/x)",
	"background-image:image-set('x' 1x)",
	"background:red url(x)",
	"background:u\\72l(x)",
	"background:ur/**/l(x)",
	"list-style:disc url(x)",
	"list-style-image:url(x)",
	"border-image:url(x)",
	"cursor:url(x),auto",
	"content:url(x)",
	"color:image(x)",
	"src:url(x)",
	"mask:url(#x)",
	"filter:url(#x)",
	"font-family:url(x)",
	"@import 'x'",
	"@import url(x)",
	"@font-face{src:url(x)}",
	/* runs */
	"width:expression(steal())",
	"width:exp/**/ression(steal())",
	"width:e\\xpression(steal())",
	"color:expression(rgb(0,0,0))",
	"behavior:url(x.htc)",
	"-moz-binding:url(x.xml#a)",
	"-o-link:'javascript:steal()'",
	"background:javascript:steal()",
	"color:red}body{color:blue",
	"color:{red}",
	/* leaves its place, covers the page */
	"position:fixed",
	"position:absolute",
	"position/**/:fixed",
	"p\\6fsition:fixed",
	"top:0",
	"left:0",
	"inset:0",
	"z-index:99999",
	"transform:scale(100)",
	"margin:-100px",
	"margin-top:-1em",
	"text-indent:-9999px",
	"margin:+1px",
	"width:100vw",
	"height:100vh",
	"width:99999px",
	"width:4000px",
	"font-size:100em",
	"margin:99999em",
	"width:calc(100% + 1px)",
	"width:var(--x)",
	"--x:red",
	"width:min(1px)",
	"animation:x 1s",
	"transition:all 1s",
	"pointer-events:none",
	"all:initial",
	"user-select:none",
	"opacity:0",
	/* hides */
	"overflow:hidden",
	"clip:rect(0,0,0,0)",
	"clip-path:none",
	"cursor:none",
	"display:contents",
	"content:'x'",
	/* no such shape */
	"color",
	"color:",
	":red",
	"color:;",
	"color red",
	"color:red blue",
	"color:red,blue",
	"color:'red'",
	"color:#ff",
	"color:#ggg",
	"color:#fffffff",
	"color:rgb(1,2)",
	"color:rgb(1,2,3,4,5)",
	"color:rgb(1,2,3",
	"color:rgb(1,2,3)x",
	"color:rgb (1,2,3)",
	"color:rgb(url(x),1,2)",
	"color:rgb(,,)",
	"color:attr(x)",
	"margin:1px,2px",
	"margin:1 2 3 4 5",
	"margin:10px20px",
	"margin:1.px",
	"margin:1..5px",
	"margin:12345",
	"margin:1zz",
	"font-family:,a",
	"font-family:a,",
	"font-family:a,,b",
	"font-family:'a",
	"font-family:a'",
	"font-family:'a\"",
	"font-family:'a<b'",
	"font-family:'a\\27 b'",
	"font-family:''",
	"color:<!--red-->",
	"color:r\x01"
	"ed",
	"color:r\xc3\xa9"
	"d",
	"color:&#114;ed",
	"color:red/",
	"color:/red",
	"color: !important",
	"color:red !ie",
	"colour:red",
	"color :\xa0red",
	"text-align:-moz-center",
	"text-align:abcdefghijklmnopqrstuvwxyzabcdefg",
	"mso-list:l0 level1 lfo1",
};

static void test_refused(void **state)
{
	struct buf more = BUF_INIT;

	(void)state;
	assert_true(LENGTH(refused) >= 60);
	for (size_t i = 0; i < LENGTH(refused); i++) {
		assert_style(refused[i], "", HTML_STYLE_REMOVED);
		/* Nor does it take its neighbours along. */
		buf_clear(&more);
		buf_lit(&more, "width:1px;");
		buf_str(&more, str_of(refused[i]));
		buf_lit(&more, ";height:2px");
		assert_style(buf_cstr(&more), "width: 1px; height: 2px;", HTML_STYLE_REMOVED);
	}
	buf_deinit(&more);
}

static void test_hidden(void **state)
{
	const unsigned hidden = HTML_STYLE_REMOVED | HTML_STYLE_HIDES;

	(void)state;
	assert_style("display:none", "", hidden);
	assert_style("color:red;DISPLAY : None !important", "color: red;", hidden);
	assert_style("visibility:hidden", "", hidden);
	assert_style("visibility:visible", "", HTML_STYLE_REMOVED);
	assert_style("color:red ! IMPORTANT;width:1px!important", "color: red; width: 1px;",
		HTML_STYLE_REMOVED);
}

/* A ';' in quotation marks parts the declaration; no half of it becomes more than the rules allow. */
static void test_parted(void **state)
{
	(void)state;
	assert_style("font-family:'a;b',c;color:red", "color: red;", HTML_STYLE_REMOVED);
	assert_style("background:url(data:image/gif;base64,R0lG);color:red", "color: red;",
		HTML_STYLE_REMOVED);
	assert_style("/* ; color: blue; */ width: 1px", "color: blue;", HTML_STYLE_REMOVED);
}

static void test_value(void **state)
{
	(void)state;
	assert_true(str_is(html_style_value(STR("color: red; WIDTH: 1px;"), "width"), "1px"));
	assert_true(str_is_none(html_style_value(STR("max-width: 1px;"), "width")));
	assert_true(str_is_none(html_style_value(STR(""), "width")));
	assert_true(str_is_none(html_style_value(STR_NONE, "width")));
}

/* Every byte at every place of a value: nothing but the alphabet of the shapes is ever written. */
static void test_bytes(void **state)
{
	struct buf out = BUF_INIT;

	(void)state;
	for (unsigned c = 0; c < 256; c++)
		for (size_t at = 0; at < 9; at++) {
			char css[] = "font: a b";
			css[at] = (char)c;
			buf_clear(&out);
			html_style(&out, str_make(css, sizeof css - 1));
			for (size_t i = 0; i < out.n; i++)
				assert_non_null(strchr("abcdefghijklmnopqrstuvwxyz"
						       "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
						       "0123456789 -.,:;'%",
					out.p[i]));
		}
	buf_deinit(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_kept),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_hidden),
		cmocka_unit_test(test_parted),
		cmocka_unit_test(test_value),
		cmocka_unit_test(test_bytes),
	};

	return cmocka_run_group_tests_name("style", tests, NULL, NULL);
}
