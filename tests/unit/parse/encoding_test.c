/* Codes of characters: true labels, wrong ones, and none. */
#include <iconv.h>
#include <stdio.h>

#include "checks.h"

static struct str converted(struct buf *out, const char *code, const char *text)
{
	char *in = (char *)(uintptr_t)text;
	size_t n_in = strlen(text), room = n_in * 5 + 16;
	iconv_t converter = iconv_open(code, "UTF-8");

	assert_true(converter != (iconv_t)-1);
	buf_clear(out);
	char *to = buf_room(out, room), *begin = to;
	assert_int_equal(iconv(converter, &in, &n_in, &to, &room), 0);
	out->n += (size_t)(to - begin);
	iconv_close(converter);
	return buf_view(out);
}

static void check_code(const char *code, const char *label, const char *mark, const char *title,
	const char *encoding)
{
	struct buf out = BUF_INIT, all = BUF_INIT;
	char xml[1024], want[1024];

	snprintf(xml, sizeof xml,
		"%s<?xml version=\"1.0\"%s%s%s?><rss version=\"2.0\"><channel><title>%s</title>"
		"</channel></rss>",
		mark, label[0] ? " encoding=\"" : "", label, label[0] ? "\"" : "", title);
	snprintf(want, sizeof want, "title(likely)=%s\n%s", title, encoding);
	check(converted(&out, code, xml), NULL, want);
	buf_deinit(&out);
	buf_deinit(&all);
}

#define MARK     "\xEF\xBB\xBF"
#define OVERRIDE "flaws=[\"encoding-override\"]"

static void test_codes(void **state)
{
	const char *e = "ca\xC3\xB1\xC3\xB3n";

	(void)state;
	check_code("UTF-8", "", "", e, "encoding=utf-8\nflaws=[]");
	check_code("UTF-8", "utf-8", MARK, e, "encoding=utf-8\nflaws=[]");
	check_code("UTF-16LE", "utf-16", MARK, e, "encoding=utf-16le\nflaws=[]");
	check_code("UTF-16BE", "utf-16", "", e, "encoding=utf-16be\nflaws=[]");
	check_code("UTF-16LE", "", "", e, "encoding=utf-16le\nflaws=[]");
	check_code("UTF-32LE", "", "", e, "encoding=utf-32le\nflaws=[]");
	check_code("UTF-32BE", "utf-32", MARK, e, "encoding=utf-32be\nflaws=[]");
	check_code("ISO-8859-1", "ISO-8859-1", "", e, "encoding=iso-8859-1\nflaws=[]");
	check_code("CP1252", "iso-8859-1", "",
		"\xE2\x80\x9C"
		"a\xE2\x80\x9D",
		"encoding=iso-8859-1");
	check_code("GB18030", "gb2312", "", "\xE6\x9C\xB1\xE9\x95\x95\xE5\x9F\xBA",
		"encoding=gb18030\nflaws=[]");
	check_code("CP949", "euc-kr", "", "\xEB\x85\x84\xEA\xB0\x80", "encoding=euc-kr\nflaws=[]");
	check_code("CP932", "Shift_JIS", "", "\xE2\x91\xA0\xE6\x97\xA5\xE6\x9C\xAC",
		"encoding=shift_jis\nflaws=[]");
	check_code("IBM037", "ebcdic-cp-us", "", "abc", "title(likely)=abc");
	/* The label lies: valid UTF-8 is UTF-8. */
	check_code("UTF-8", "iso-8859-1", "", e, "encoding=utf-8\n" OVERRIDE);
	check_code("UTF-8", "utf-16", "", e, "encoding=utf-8\n" OVERRIDE);
	check_code("UTF-8", "utf-16", "", "abc", "encoding=utf-8\n" OVERRIDE);
	check_code("UTF-8", "iso-8859-1", MARK, e, "encoding=utf-8\n" OVERRIDE);
	check_code("UTF-8", "shift_jis", "", e, "encoding=utf-8\n" OVERRIDE);
	check_code("UTF-8", "iso-2022-jp", "", e, "encoding=utf-8\n" OVERRIDE);
	check_code("UTF-8", "x-nonsense", "", e, "encoding=utf-8\n" OVERRIDE);
	check_code(
		"ISO-2022-JP", "iso-2022-jp", "", "\xE6\x97\xA5", "encoding=iso-2022-jp\nflaws=[]");
	/* Nothing said, or UTF-8 said, and it is not. */
	check_code("CP1252", "", "", e, "encoding=windows-1252\n" OVERRIDE);
	check_code("CP1252", "utf-8", "", e, "encoding=windows-1252\n" OVERRIDE);
	check_code("CP1252", "x-nonsense", "", e,
		"encoding=windows-1252\nflaws=[\"encoding-unknown\"]");
	/* Mostly UTF-8, with a stray byte. */
	check(STR("<rss><channel><title>\xC3\xA1\xC3\xA9\xC3\xAD \xE9</title></channel></rss>"),
		NULL, "encoding=utf-8\ntitle(likely)=\xC3\xA1\xC3\xA9\xC3\xAD \xC3\xA9\n" OVERRIDE);
}

/* A site in UTF-8 whose template is not, with the template's label. */
static void test_stray_bytes_under_a_label(void **state)
{
	(void)state;
	CHECK("<?xml version=\"1.0\" encoding=\"ISO-8859-1\"?><rss><channel>"
	      "<title>\xC3\xA1\xC3\xA9\xC3\xAD \xE9</title></channel></rss>",
		"encoding=utf-8\ntitle(likely)=\xC3\xA1\xC3\xA9\xC3\xAD \xC3\xA9\n" OVERRIDE);
	CHECK("<?xml version=\"1.0\" encoding=\"gb2312\"?><rss><channel>"
	      "<title>\xC3\xA1\xC3\xA9\xC3\xAD\xC3\xB3\xC3\xBA\xC3\xB1\xC3\xA1\xC3\xA9\xC3\xAD"
	      " \xE9</title></channel></rss>",
		"encoding=utf-8\n" OVERRIDE);
	/* As many of the one as of the other: no reason to doubt the label. */
	CHECK("<?xml version=\"1.0\" encoding=\"ISO-8859-1\"?><rss><channel>"
	      "<title>\xC3\xA1 \xE9</title></channel></rss>",
		"encoding=iso-8859-1\ntitle(likely)=\xC3\x83\xC2\xA1 \xC3\xA9\nflaws=[]");
	/* A few pairs of Chinese bytes do look like UTF-8. */
	CHECK("<?xml version=\"1.0\" encoding=\"gb2312\"?><rss><channel>"
	      "<title>\xC4\xA3\xC4\xA3\xC4\xA3\xD6\xD0</title></channel></rss>",
		"encoding=gb18030\nflaws=[]");
}

/* text/xml without charset said us-ascii in RFC 3023, and what the declaration says in RFC 7303,
 * which is the same where the text is ASCII. */
static void test_declaration_under_text_xml(void **state)
{
	const struct parse_hints hints = {.content_type = STR("text/xml")};

	(void)state;
	check(STR("<?xml version=\"1.0\" encoding=\"Shift_JIS\"?><rss><channel>"
		  "<title>\x93\xFA\x96\x7B</title></channel></rss>"),
		&hints, "encoding=shift_jis\ntitle(likely)=\xE6\x97\xA5\xE6\x9C\xAC\nflaws=[]");
	check(STR("<?xml version=\"1.0\" encoding=\"ISO-8859-2\"?><rss><channel>"
		  "<title>\xB3</title></channel></rss>"),
		&hints, "encoding=iso-8859-2\ntitle(likely)=\xC5\x82\nflaws=[]");
	check(STR("<?xml version=\"1.0\" encoding=\"ISO-8859-1\"?><rss><channel>"
		  "<title>\xC3\xA1</title></channel></rss>"),
		&hints, "encoding=utf-8\ntitle(likely)=\xC3\xA1\n" OVERRIDE);
	check(STR("<?xml version=\"1.0\" encoding=\"utf-8\"?><rss><channel>"
		  "<title>\xC3\xA1</title></channel></rss>"),
		&hints, "encoding=utf-8\nflaws=[]");
	/* Said in so many words, it is a lie. */
	const struct parse_hints ascii = {.content_type = STR("text/xml; charset=us-ascii")};
	check(STR("<?xml version=\"1.0\" encoding=\"ISO-8859-2\"?><rss><channel>"
		  "<title>\xB3</title></channel></rss>"),
		&ascii, "encoding=iso-8859-2\ntitle(likely)=\xC5\x82\n" OVERRIDE);
}

static void test_content_types(void **state)
{
	static const struct {
		const char *type, *want;
	} cases[] = {
		{"application/rss+xml", "encoding=utf-8\nflaws=[]"},
		{"application/xml; charset=us-ascii", "encoding=us-ascii\nflaws=[]"},
		{"text/xml", "encoding=us-ascii\nflaws=[]"},
		{"text/xml; charset=\"ISO-8859-2\"", "encoding=iso-8859-2\nflaws=[]"},
		{"text/plain", "flaws=[\"non-xml-content-type\"]"},
		{"application/xml; charset=bogus", "encoding=utf-8\nflaws=[\"encoding-unknown\"]"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		const struct parse_hints hints = {.content_type = str_of(cases[i].type)};
		check(STR("<rss><channel/></rss>"), &hints, cases[i].want);
	}
}

/* Labels that mean more than they say, and those that libiconv has never heard of. */
static void test_labels(void **state)
{
	static const struct {
		const char *label, *code, *text;
	} cases[] = {
		{"gb_2312-80", "GB18030", "\xE9\x95\x95"},
		{"chinese", "GB18030", "\xE9\x95\x95"},
		{"GBK", "GB18030", "\xE9\x95\x95"},
		{"ks_c_5601-1987", "CP949", "\xEB\xB7\x81"},
		{"korean", "CP949", "\xEB\xB7\x81"},
		{"windows-949", "CP949", "\xEB\xB7\x81"},
		{"EUC-KR", "CP949", "\xEB\xB7\x81"},
		{"x-sjis", "CP932", "\xE2\x91\xA0"},
		{"windows-31j", "CP932", "\xE2\x91\xA0"},
		{"ms_kanji", "CP932", "\xE2\x91\xA0"},
		{"x-euc-jp", "EUC-JP", "\xE6\x97\xA5"},
		{"csbig5", "BIG5-HKSCS", "\xE4\xB8\xAD"},
		{"x-x-big5", "BIG5-HKSCS", "\xE4\xB8\xAD"},
		{"latin1", "CP1252", "\xE2\x80\x9C"},
		{"l1", "CP1252", "\xE2\x80\x9C"},
		{"ISO_8859-1:1987", "CP1252", "\xE2\x80\x9C"},
		{"cp819", "CP1252", "\xE2\x80\x9C"},
		{"8859-1", "CP1252", "\xE2\x80\x9C"},
		{"x-cp1250", "CP1250", "\xC5\x91"},
		{"win-1251", "CP1251", "\xD0\x96"},
		{"x-cp1251", "CP1251", "\xD0\x96"},
		{"l5", "CP1254", "\xC4\x9F"},
		{"iso-8859-9", "CP1254", "\xE2\x82\xAC"},
		{"l9", "ISO-8859-15", "\xE2\x82\xAC"},
		{"visual", "ISO-8859-8", "\xD7\x90"},
		{"iso-8859-8-i", "ISO-8859-8", "\xD7\x90"},
		{"iso-8859-6-e", "ISO-8859-6", "\xD8\xA7"},
		{"sun_eu_greek", "ISO-8859-7", "\xCE\xB1"},
		{"koi", "KOI8-R", "\xD0\x96"},
		{"koi8-ru", "KOI8-U", "\xD0\x84"},
		{"dos-874", "CP874", "\xE0\xB8\x81"},
		{"x-mac-roman", "MACINTOSH", "\xC3\xA9"},
		{"x-mac-cyrillic", "MAC-CYRILLIC", "\xD0\x96"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct buf out = BUF_INIT;
		char xml[256], want[256];
		snprintf(xml, sizeof xml,
			"<?xml version=\"1.0\" encoding=\"%s\"?><rss><channel><title>[%s]</title>"
			"</channel></rss>",
			cases[i].label, cases[i].text);
		snprintf(want, sizeof want, "title(likely)=[%s]\nflaws=[]", cases[i].text);
		check(converted(&out, cases[i].code, xml), NULL, want);
		buf_deinit(&out);
	}
}

/* What comes out but for the name of the code. */
static struct str read_in(struct collector *c, const char *code, const char *label,
	const char *mark, const char *body)
{
	struct parser *parser = parser_new();
	struct buf out = BUF_INIT;
	struct error error;
	char xml[2048];

	snprintf(xml, sizeof xml, "%s<?xml version=\"1.0\" encoding=\"%s\"?>%s", mark, label, body);
	assert_int_equal(collect_run(c, parser, converted(&out, code, xml), NULL, &error), 0);
	buf_deinit(&out);
	parser_free(parser);
	struct str all = buf_view(&c->out);
	return str_head(all, str_find(all, STR("\nformat=")));
}

static void check_equal(const char *const (*codes)[3], size_t n, const char *body)
{
	struct collector first = {.out = BUF_INIT}, other = {.out = BUF_INIT};
	struct str want = read_in(&first, "UTF-8", "utf-8", "", body);

	assert_true(want.n > 50);
	for (size_t i = 0; i < n; i++) {
		struct str is = read_in(&other, codes[i][0], codes[i][1], codes[i][2], body);
		if (!str_eq(is, want))
			fail_msg(
				"%s:\n%.*s\nis not\n%.*s", codes[i][0], STR_FMT(is), STR_FMT(want));
		assert_true(str_find(buf_view(&other.out), STR("flaws=[]")) < other.out.n);
	}
	collect_deinit(&first);
	collect_deinit(&other);
}

/* The same feed in whatever code gives the same items. */
static void test_one_feed_in_many_codes(void **state)
{
	static const char *const western[][3] = {{"ISO-8859-1", "iso-8859-1", ""},
		{"CP1252", "windows-1252", ""}, {"ISO-8859-15", "iso-8859-15", ""},
		{"MACINTOSH", "macintosh", ""}, {"GB18030", "gb18030", ""},
		{"UTF-16LE", "utf-16", MARK}, {"UTF-16BE", "utf-16be", ""},
		{"UTF-32LE", "utf-32", MARK}, {"IBM037", "cp037", ""}, {"UTF-8", "utf-8", MARK}};
	static const char *const japanese[][3] = {{"CP932", "shift_jis", ""},
		{"EUC-JP", "euc-jp", ""}, {"ISO-2022-JP", "iso-2022-jp", ""},
		{"GB18030", "gb2312", ""}, {"UTF-16LE", "utf-16", MARK},
		{"UTF-32BE", "utf-32be", ""}};

	(void)state;
	check_equal(western, sizeof western / sizeof *western,
		"<rss "
		"version=\"2.0\"><channel><title>Medell\xC3\xADn</title><item><title>A\xC3\xB1o"
		" &#8364; &#233;</title><guid>\xC3\xBC</guid><description><![CDATA[<p>\xC3\xA1]]>"
		"</description><enclosure url=\"http://x/\xC3\xA9?a=1&amp;b=2\" type=\"a/b\"/>"
		"<category>\xC3\xA7</category></item></channel></rss>");
	check_equal(japanese, sizeof japanese / sizeof *japanese,
		"<feed xmlns=\"http://www.w3.org/2005/Atom\"><entry><title>\xE6\x97\xA5\xE6\x9C\xAC"
		"</title><id>\xE3\x81\x82</id><summary>\xE6\x9D\xB1\xE4\xBA\xAC</summary></entry>"
		"</feed>");
}

#define UNKNOWN "flaws=[\"encoding-unknown\"]"

static void test_odd_codes(void **state)
{
	struct buf out = BUF_INIT;

	(void)state;
	/* UTF-7 hides tags from whoever looks for them: it is no code of ours. */
	CHECK("<?xml version=\"1.0\" encoding=\"UTF-7\"?><rss><channel><title>+AGEAYg-</title>"
	      "</channel></rss>",
		"title(likely)=+AGEAYg-\n" UNKNOWN);
	CHECK("<?xml version=\"1.0\" encoding=\"unicode-1-1-utf-7\"?><rss><channel>"
	      "<title>+ADw-\xC3\xA9</title></channel></rss>",
		"encoding=utf-8\ntitle(likely)=+ADw-\xC3\xA9\n" OVERRIDE);
	/* A mark before the mark. */
	CHECK(MARK MARK
		"<?xml version=\"1.0\"?><rss><channel><title>\xC3\xA9</title></channel></rss>",
		"encoding=utf-8\ntitle(likely)=\xC3\xA9\nflaws=[]");
	check(converted(&out, "UTF-16LE",
		      MARK MARK "<?xml version=\"1.0\"?><rss><channel><title>\xC3\xA9</title>"
				"</channel></rss>"),
		NULL, "encoding=utf-16le\ntitle(likely)=\xC3\xA9\nflaws=[]");
	/* Two bytes a character, whatever the declaration says. */
	check(converted(&out, "UTF-16BE",
		      "<?xml version=\"1.0\" encoding=\"utf-8\"?><rss><channel><title>x</title>"
		      "</channel></rss>"),
		NULL, "encoding=utf-16be\ntitle(likely)=x\n" OVERRIDE);
	/* A last byte without its half. */
	struct str wide = converted(&out, "UTF-16LE",
		MARK "<rss><channel><title>x</title>"
		     "</channel></rss>\n");
	check(str_head(wide, wide.n - 1), NULL, "encoding=utf-16le\ntitle(likely)=x");
	/* Of the range that 1252 fills in ISO 8859-1, bytes are 1252's; characters stay as they
	 * are, for the normalizer. */
	CHECK("<?xml version=\"1.0\" encoding=\"iso-8859-1\"?><rss><channel><title>\x93\x80\x94 "
	      "\xE9"
	      "</title></channel></rss>",
		"title(likely)=\xE2\x80\x9C\xE2\x82\xAC\xE2\x80\x9D \xC3\xA9\nflaws=[]");
	CHECK("<rss><channel><title>\xC2\x93 &#147;</title></channel></rss>",
		"title(likely)=\xC2\x93 \xC2\x93\nflaws=[]");
	buf_deinit(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_codes),
		cmocka_unit_test(test_labels),
		cmocka_unit_test(test_one_feed_in_many_codes),
		cmocka_unit_test(test_odd_codes),
		cmocka_unit_test(test_stray_bytes_under_a_label),
		cmocka_unit_test(test_declaration_under_text_xml),
		cmocka_unit_test(test_content_types),
	};

	return cmocka_run_group_tests_name("parse encodings", tests, NULL, NULL);
}
