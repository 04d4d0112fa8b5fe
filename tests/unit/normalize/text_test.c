#include "normalize/text.h"

#include "model/flaw.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#define LENGTH(a) (sizeof(a) / sizeof *(a))

static void assert_fold(const char *text, const char *want, bool repaired)
{
	struct buf out = BUF_INIT, again = BUF_INIT;

	assert_int_equal(text_fold(&out, str_of(text)), repaired);
	assert_string_equal(buf_cstr(&out), want);
	assert_false(text_fold(&again, buf_view(&out)));
	assert_true(str_eq(buf_view(&out), buf_view(&again)));
	buf_deinit(&out);
	buf_deinit(&again);
}

static void test_fold(void **state)
{
	(void)state;
	assert_fold("", "", false);
	assert_fold("  Ciudad\t de\r\n México ", "Ciudad de México", false);
	/* The first of the wide ones stays, and a blank on each side that has one. */
	assert_fold("10\u00a0000\u202f\u20ac", "10\u00a0000\u202f\u20ac", false);
	assert_fold("a\u00a0\u2003b\u2028c\u3000d", "a\u00a0b c\u3000d", false);
	assert_fold("a  \u2009\t \u00a0 \u00a0b", "a \u2009 b", false);
	assert_fold("\u00a0 a\u00a0\nb \u3000", "a\u00a0 b", false);
	assert_fold("\u00a0\u2003\u205f", "", false);
	assert_fold("a\x01\x1f\x7f\xc2\x85z", "a z", true);
	assert_fold("\ufeffa\u202eb\u2066c\u00add\u200be", "abcde", true);
	assert_fold("a\xff\xe2\x82z", "a\ufffd\ufffd\ufffdz", true);
	assert_fold("\xed\xa0\x80", "\ufffd\ufffd\ufffd", true);
	assert_fold("مى‌خواهم 👩‍💻 日本", "مى‌خواهم 👩‍💻 日本",
		false);
	assert_fold("\ufffd", "\ufffd", false);
}

/* Wherever something stands, folding makes the same of it; what it leaves as it is it says to. */
static void test_fold_everywhere(void **state)
{
	static const char *const pieces[] = {" ", "  ", "\n", "\r\n", "\t", "a", "\x01", "\x7F",
		"é", "\u00a0", "\u00ad", "\u2019", "\u2003", "\u2029", "日", "\U0001F600", "\xC3",
		"\xC2", "\xE2\x80", "\xFF", "é a", " é ", "\u200b"};
	struct buf text = BUF_INIT, first = BUF_INIT, folded = BUF_INIT;

	(void)state;
	for (size_t i = 0; i < LENGTH(pieces) * LENGTH(pieces); i++)
		for (size_t n = 1; n <= 36; n++) {
			buf_clear(&text);
			buf_clear(&folded);
			for (size_t k = 0; k < n; k++)
				buf_char(&text, 'x');
			buf_str(&text, str_of(pieces[i / LENGTH(pieces)]));
			buf_str(&text, str_of(pieces[i % LENGTH(pieces)]));
			if (i % 3)
				buf_lit(&text, "z");
			bool repaired = text_fold(&folded, buf_view(&text));
			bool same = str_eq(buf_view(&text), buf_view(&folded));
			if (text_is_folded(buf_view(&text)))
				assert_true(same && !repaired);
			if (n == 1) {
				buf_clear(&first);
				buf_str(&first, buf_view(&folded));
			}
			assert_int_equal(folded.n, first.n + n - 1);
			assert_memory_equal(folded.p + n - 1, first.p, first.n);
		}
	buf_deinit(&text);
	buf_deinit(&first);
	buf_deinit(&folded);
}

static void assert_lines(const char *text, const char *want)
{
	struct buf out = BUF_INIT;

	text_fold_lines(&out, str_of(text));
	assert_string_equal(buf_cstr(&out), want);
	buf_deinit(&out);
}

static void test_fold_lines(void **state)
{
	(void)state;
	assert_lines("a  b \n c", "a b\nc");
	assert_lines("a\r\nb\rc", "a\nb\nc");
	assert_lines("\n\na\n\n\n\nb\n", "a\n\nb");
	assert_lines("a \n \n b", "a\n\nb");
	assert_lines("a\u2029b\u2028c", "a\n\nb\nc");
	assert_lines("\u00a0a\u00a0b\u00a0\n\u00a0\n\u00a0c", "a\u00a0b\n\nc");
}

static void test_blanks(void **state)
{
	static const struct {
		const char *text, *want;
	} cases[] = {{"a\u00a0b \u2009 c\u3000d", "a b c d"}, {"a\u00a0\nb", "a \nb"},
		{"\u00bfQu\u00e9? \u2014 \u4e00\u20ac\u3001",
			"\u00bfQu\u00e9? \u2014 \u4e00\u20ac\u3001"},
		{"\u00a0", " "}, {"a \u1680b", "a b"}, {"", ""}};
	struct buf scratch = BUF_INIT;

	(void)state;
	for (size_t i = 0; i < LENGTH(cases); i++)
		if (!str_is(text_blanks(&scratch, str_of(cases[i].text)), cases[i].want))
			fail_msg("%s", cases[i].text);
	buf_deinit(&scratch);
}

static void test_plain(void **state)
{
	static const struct {
		enum text_type type;
		const char *value, *want;
	} cases[] = {
		{TEXT_PLAIN, "<b>a</b> &amp;  b", "<b>a</b> &amp; b"},
		{TEXT_HTML, "<b>a</b> &amp; b", "a & b"},
		{TEXT_HTML, "a &lt;b&gt; c", "a <b> c"},
		{TEXT_HTML, "<p>a</p><p>b</p>", "a b"},
		{TEXT_XHTML, "<div>x &lt; <i>y</i></div>", "x < y"},
		{TEXT_LIKELY, "AT&T", "AT&T"},
		{TEXT_LIKELY, "AT&amp;T", "AT&T"},
		{TEXT_LIKELY, "AT&amp;amp;T", "AT&T"},
		{TEXT_LIKELY, "AT&amp;amp;amp;T", "AT&T"},
		{TEXT_LIKELY, "<b>x</b>", "x"},
		{TEXT_LIKELY, "a < b", "a < b"},
		{TEXT_LIKELY, "1 < 2 > 0", "1 < 2 > 0"},
		{TEXT_LIKELY, "1 &lt; 2", "1 < 2"},
		{TEXT_LIKELY, "Caf&eacute; &#8211; bar", "Café – bar"},
		{TEXT_LIKELY, "Caf&amp;eacute; &amp;#8211; &amp;quot;bar&amp;quot;",
			"Café – \"bar\""},
		{TEXT_LIKELY, "How to use &lt;b&gt;", "How to use <b>"},
		{TEXT_LIKELY, "Medellín <br/> Ciudad &nbsp; de México",
			"Medellín Ciudad \u00a0 de México"},
		{TEXT_HTML, "&nbsp;<p>a&nbsp;b</p>&nbsp;<p>&nbsp;</p>", "a\u00a0b"},
		{TEXT_LIKELY, "", ""},
	};
	struct arena arena = ARENA_INIT;
	struct buf scratch = BUF_INIT;
	unsigned flaws = 0;

	(void)state;
	for (size_t i = 0; i < LENGTH(cases); i++) {
		struct text text = {.value = str_of(cases[i].value), .type = cases[i].type};
		struct str got = text_plain(&arena, &scratch, &text, &flaws);
		if (!str_is(got, cases[i].want))
			fail_msg("%s: got %s", cases[i].value, got.p);
	}
	assert_int_equal(flaws, 0);
	struct text none = {.value = STR_NONE};
	assert_true(str_is_none(text_plain(&arena, &scratch, &none, &flaws)));
	struct text broken = {.value = STR("a\x01\xffz"), .type = TEXT_LIKELY};
	assert_string_equal(text_plain(&arena, &scratch, &broken, &flaws).p, "a\ufffdz");
	assert_int_equal(flaws, FLAW_TEXT_REPAIRED);
	text_plain(&arena, &scratch, &broken, NULL);
	buf_deinit(&scratch);
	arena_deinit(&arena);
}

static void assert_word(const char *text, const char *want)
{
	struct buf out = BUF_INIT;

	text_fold_word(&out, str_of(text));
	assert_string_equal(buf_cstr(&out), want);
	buf_deinit(&out);
}

static void test_fold_word(void **state)
{
	(void)state;
	assert_word("AGUA", "agua");
	assert_word("Água", "agua");
	assert_word("A\u0301gua", "agua"); /* decomposed */
	assert_word("MEDELLÍN Bogotá ñandú ÇÀÔÜ", "medellin bogota nandu caou");
	assert_word("Straße ŒUVRE Ærø Łódź đ ŋ", "strasse oeuvre aero lodz d n");
	assert_word("Ğışİ Žižkov őű", "gisi zizkov ou");
	assert_word("Αθήνα ΑΘΗΝΑΣ", "αθηνα αθηνασ");
	assert_word("λόγος", "λογοσ");
	assert_word("ἀρχή", "αρχη");
	assert_word("Москва Ёлка ЙОД", "москва елка иод");
	assert_word("Việt Nam", "viet nam");
	assert_word("東京 × ÷ 5º", "東京 × ÷ 5º");
	assert_word("A\u00a0B \u2009 c", "a b c");
}

static void assert_language(const char *tag, const char *want)
{
	struct arena arena = ARENA_INIT;
	struct str got = text_language(&arena, str_of(tag));

	if (!want)
		assert_null(got.p);
	else if (!str_is(got, want))
		fail_msg("%s: got %s", tag, got.p ? got.p : "nothing");
	arena_deinit(&arena);
}

static void test_language(void **state)
{
	static const char *const rubbish[] = {"", "english", "e", "es-", "-es", "es--mx", "es mx",
		"es,en", "12", "es-verylongsubtag", "español", "x-klingon", "none", "es-MX-AR",
		"es-a!"};

	(void)state;
	assert_language("es_mx", "es-MX");
	assert_language("pt-br", "pt-BR");
	assert_language("zh-hant-tw", "zh-Hant-TW");
	assert_language("EN", "en");
	assert_language(" fr-FR ", "fr-FR");
	assert_language("es-419", "es-419");
	assert_language("utf-8", NULL);
	assert_language("en-x", NULL);
	assert_language("en-x-plain", "en-x-plain");
	assert_language("es_MX.UTF-8", "es-MX");
	assert_language("ca_ES@valencia", "ca-ES");
	assert_language("sl-rozaj-biske-1994", "sl-rozaj-biske-1994");
	assert_language("zh-yue-HK", "zh-yue-HK");
	assert_language("de-DE-u-co-phonebk", "de-DE-u-co-phonebk");
	for (size_t i = 0; i < LENGTH(rubbish); i++)
		assert_language(rubbish[i], NULL);
	assert_language(NULL, NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_fold),
		cmocka_unit_test(test_fold_everywhere),
		cmocka_unit_test(test_fold_lines),
		cmocka_unit_test(test_blanks),
		cmocka_unit_test(test_plain),
		cmocka_unit_test(test_fold_word),
		cmocka_unit_test(test_language),
	};

	return cmocka_run_group_tests_name("text", tests, NULL, NULL);
}
