#include "normalize/theme.h"

#include "base/cleanup.h"
#include "normalize/text.h"
#include "normalize/theme-word.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

CLEANUP_DEFINE(struct theme_rules, theme_rules_free);

#define N(array) (sizeof(array) / sizeof(array)[0])

/* Words of one theme; `words` and `feeds` are divided by '|'. */
static void add(struct theme_rules *rules, const char *theme, const char *language,
	const char *words, const char *feeds)
{
	struct str word[16], feed[16], rest;
	size_t n_words = 0, n_feeds = 0;

	rest = str_of(words);
	while (n_words < N(word) && str_split(&rest, '|', &word[n_words]))
		n_words++;
	rest = str_of(feeds);
	while (feeds && n_feeds < N(feed) && str_split(&rest, '|', &feed[n_feeds]))
		n_feeds++;
	theme_rules_add_words(rules, str_of(theme), str_of(language), word, n_words, feed, n_feeds);
}

static void add_categories(struct theme_rules *rules, const char *theme, const char *categories)
{
	struct str category[16], rest = str_of(categories);
	size_t n = 0;

	while (n < N(category) && str_split(&rest, '|', &category[n]))
		n++;
	theme_rules_add_categories(rules, str_of(theme), category, n);
}

/* The themes found, joined by blanks, are these. */
static void expect(const struct theme_rules *rules, const char *feed, const struct item *item,
	const char *want)
{
	struct arena arena = ARENA_INIT;
	struct str *themes;
	size_t n = theme_find(rules, &arena, feed, NULL, 0, item, &themes);
	struct buf found = BUF_INIT;

	for (size_t i = 0; i < n; i++) {
		if (i)
			buf_char(&found, ' ');
		buf_str(&found, themes[i]);
	}
	assert_string_equal(buf_cstr(&found), want);
	buf_deinit(&found);
	arena_deinit(&arena);
}

static struct item item_in(const char *language, const char *title)
{
	return (struct item){.language = str_of(language), .title = str_of(title)};
}

static void expect_title(
	const struct theme_rules *rules, const char *language, const char *title, const char *want)
{
	struct item item = item_in(language, title);

	expect(rules, "co-mde.aci.noticias", &item, want);
}

static void test_words(void **state)
{
	cleanup(theme_rules_free_p) struct theme_rules *rules = theme_rules_new();

	(void)state;
	add(rules, "awards", "es", "premio|galardón", NULL);
	add(rules, "health", "es", "salud|Índice de Salud", NULL);
	expect_title(rules, "es", "El premio es para Lima", "awards");
	expect_title(rules, "es", "EL PREMIO", "awards");
	expect_title(rules, "es", "«Premio»: hoy", "awards");
	expect_title(rules, "es", "Galardon a la ciudad", "awards");
	expect_title(rules, "es", "GALARDÓN", "awards");
	expect_title(rules, "es", "galardo\xCC\x81n", "awards");
	expect_title(rules, "es", "Los premios", ""); /* another word */
	expect_title(rules, "es", "expremio premioso", "");
	expect_title(rules, "es", "premio2017", "");
	expect_title(rules, "es", "l'premio", "awards");
	expect_title(rules, "es", "indice de salud y premio", "awards health");
	expect_title(rules, "es", "", "");
	expect_title(rules, "es", " … ¡!", "");
	expect_title(rules, "es", "\xCC\x81", "");
}

static void test_phrases(void **state)
{
	cleanup(theme_rules_free_p) struct theme_rules *rules = theme_rules_new();

	(void)state;
	add(rules, "good-practice", "en", "good practice|practice guide of the year", NULL);
	add(rules, "culture", "en", "guide", NULL);
	add(rules, "climate", "en", "climate change", NULL);
	expect_title(rules, "en", "A good practice", "good-practice");
	expect_title(rules, "en", "Good-practice exchange", "good-practice");
	expect_title(rules, "en", "good\xC2\xA0 practice", "good-practice");
	expect_title(rules, "en", "Good. Practice", "");
	expect_title(rules, "en", "good, practice", "");
	expect_title(rules, "en", "good bad practice", "");
	expect_title(rules, "en", "good good practice", "good-practice");
	expect_title(rules, "en", "practice guide", "culture");
	expect_title(rules, "en", "the practice guide of the year", "culture good-practice");
	/* One phrase begins within another. */
	expect_title(rules, "en", "a good practice guide of the year", "culture good-practice");
	expect_title(rules, "en", "Climate / change", "");
	expect_title(rules, "en", "climate", "");

	/* Not across the borders of title, summary and body. */
	struct item item = {.language = STR("en"),
		.title = STR("Climate"),
		.summary = STR("change"),
		.content_text = STR("Good")};
	expect(rules, "x.y.z", &item, "");
	item.content_text = STR("first\n\nclimate\nchange");
	expect(rules, "x.y.z", &item, "");
	item.summary = STR("a guide to climate\nchange");
	expect(rules, "x.y.z", &item, "climate culture");
}

/* A body mentions much in passing: one word is enough where an item says what it is about, there it
 * takes two. */
static void test_body(void **state)
{
	cleanup(theme_rules_free_p) struct theme_rules *rules = theme_rules_new();
	struct item item = {.language = STR("en"), .title = STR("News")};

	(void)state;
	add(rules, "awards", "en", "award|award ceremony|prize", NULL);
	add(rules, "health", "en", "vaccine", NULL);
	item.content_text = STR("He has won an award once, and had his vaccine.");
	expect(rules, "x.y.z", &item, "");
	/* A phrase within another one is one place. */
	item.content_text = STR("The award ceremony was yesterday.");
	expect(rules, "x.y.z", &item, "");
	item.content_text = STR("The award ceremony was yesterday, and the prize is a cup.");
	expect(rules, "x.y.z", &item, "awards");
	item.content_text = STR("An award, and yet another award.");
	expect(rules, "x.y.z", &item, "awards");
	item.summary = STR("A vaccine.");
	expect(rules, "x.y.z", &item, "awards health");
}

static void test_languages(void **state)
{
	cleanup(theme_rules_free_p) struct theme_rules *rules = theme_rules_new();

	(void)state;
	add(rules, "es", "es", "agua", NULL);
	add(rules, "mx", "es-MX", "agua", NULL);
	add(rules, "any", NULL, "agua", NULL);
	expect_title(rules, "es", "agua", "any es");
	expect_title(rules, "es-MX", "agua", "any es mx");
	expect_title(rules, "es-mx", "agua", "any es mx");
	expect_title(rules, "es-CO", "agua", "any es");
	expect_title(rules, "est", "agua", "any");
	expect_title(rules, "pt", "Água", "any");
	expect_title(rules, NULL, "agua", "any");
}

static void test_feeds(void **state)
{
	cleanup(theme_rules_free_p) struct theme_rules *rules = theme_rules_new();
	struct item item = item_in("es", "agua");

	(void)state;
	add(rules, "medellin", NULL, "agua", "co-mde.*");
	add(rules, "news", NULL, "agua", "*.noticias");
	add(rules, "one", NULL, "agua", "mx-mex.cgai.noticias|uy-mvd.*.actas");
	add(rules, "all", NULL, "agua", "*");
	add(rules, "middle", NULL, "agua", "*-m*.*i.*");
	expect(rules, "co-mde.aci.noticias", &item, "all medellin middle news");
	expect(rules, "co-mde.aci.agenda", &item, "all medellin middle");
	expect(rules, "mx-mex.cgai.noticias", &item, "all middle news one");
	expect(rules, "uy-mvd.im.actas", &item, "all one");
	expect(rules, "uy-mvd.im.actas2", &item, "all");
	expect(rules, "co-mdex.aci.x", &item, "all middle");
	expect(rules, "", &item, "all");
}

static void test_categories(void **state)
{
	cleanup(theme_rules_free_p) struct theme_rules *rules = theme_rules_new();
	struct category categories[] = {{.term = STR("x")}, {.term = STR("y")}};
	struct item item = {.categories = categories, .n_categories = N(categories)};

	(void)state;
	add_categories(rules, "climate", "Cambio Climático|climate");
	add_categories(rules, "mobility", "Movilidad|transporte público");
	add(rules, "words", NULL, "transporte", NULL);
	expect(rules, "a.b.c", &item, "");
	categories[0].term = STR("CAMBIO CLIMATICO");
	expect(rules, "a.b.c", &item, "climate");
	categories[0].term = STR("cambio-climatico");
	expect(rules, "a.b.c", &item, "climate");
	categories[0].term = STR("el cambio climático"); /* the whole, not a part */
	expect(rules, "a.b.c", &item, "");
	categories[0].term = STR("cambio");
	expect(rules, "a.b.c", &item, "");
	categories[1].label = STR("Transporte Público");
	expect(rules, "a.b.c", &item, "mobility");
	categories[0].label = STR("Climate");
	expect(rules, "a.b.c", &item, "climate mobility");
	/* Words of categories are not words of the text, and the other way round. */
	item.n_categories = 0;
	item.title = STR("Movilidad y transporte");
	expect(rules, "a.b.c", &item, "words");
}

static void test_scripts(void **state)
{
	cleanup(theme_rules_free_p) struct theme_rules *rules = theme_rules_new();

	(void)state;
	add(rules, "disaster-risk", NULL, "防災|재난|Κίνδυνος|стихийное бедствие|сель", NULL);
	expect_title(rules, "ja", "市の防災計画", "disaster-risk");
	expect_title(rules, "ja", "防衛と災害", "");
	expect_title(rules, "ko", "재난은 끝났다", "disaster-risk");
	expect_title(rules, "el", "ΚΙΝΔΥΝΟΣ πλημμύρας", "disaster-risk");
	expect_title(rules, "ru", "Стихийное бедствие", "disaster-risk");
	expect_title(rules, "ru", "весельчак", "");
	add(rules, "water", NULL, "ⴰⵎⴰⵏ", NULL); /* Tifinagh, among what is punctuation */
	expect_title(rules, "zgh", "ⵖⴼ ⴰⵎⴰⵏ, ⵙⴳ", "water");
	expect_title(rules, "zgh", "ⵜⴰⵎⴰⵏⵜ", "");
}

/* The feed's own themes come in, all sorted, each once, in the caller's arena. */
static void test_merging(void **state)
{
	struct theme_rules *rules = theme_rules_new();
	const char *const own[] = {"resilience", "awards", "climate"};
	struct item item = item_in("es", "premio, clima, salud");
	struct arena arena = ARENA_INIT;
	struct str *themes;

	(void)state;
	add(rules, "climate", "es", "clima", NULL);
	add(rules, "climate", "pt", "clima", NULL);
	add(rules, "awards", "es", "premio", NULL);
	add(rules, "health", "es", "salud", NULL);
	assert_int_equal(theme_find(rules, &arena, "a.b.c", own, N(own), &item, &themes), 4);
	rules = theme_rules_free(rules);
	assert_null(rules);
	assert_true(str_is(themes[0], "awards"));
	assert_true(str_is(themes[1], "climate"));
	assert_true(str_is(themes[2], "health"));
	assert_true(str_is(themes[3], "resilience"));
	arena_deinit(&arena);
}

static void test_none(void **state)
{
	cleanup(theme_rules_free_p) struct theme_rules *rules = theme_rules_new();
	struct item item = {0};

	(void)state;
	expect(rules, "a.b.c", &item, "");
	expect_title(rules, "es", "premio", "");
	add(rules, "nothing", NULL, "|...|\xCC\x81", NULL);
	expect_title(rules, "es", "premio ... \xCC\x81", "");
	assert_null(theme_rules_free(NULL));
}

/* Many rules, found one by one: the table grows without losing any. */
static void test_many(void **state)
{
	cleanup(theme_rules_free_p) struct theme_rules *rules = theme_rules_new();
	char theme[32], words[64];

	(void)state;
	for (unsigned i = 0; i < 2000; i++) {
		snprintf(theme, sizeof theme, "t%u", i);
		snprintf(words, sizeof words, "word%u of %u|solo%u", i % 50, i, i);
		add(rules, theme, NULL, words, NULL);
	}
	for (unsigned i = 0; i < 2000; i++) {
		snprintf(theme, sizeof theme, "t%u", i);
		snprintf(words, sizeof words, "a Word%u of %u", i % 50, i);
		expect_title(rules, NULL, words, theme);
		snprintf(words, sizeof words, "word%u of %u", (i + 1) % 50, i);
		expect_title(rules, NULL, words, "");
	}
}

/* Texts nobody would write: long words, no words, broken UTF-8 cut anywhere. */
static void test_odd_texts(void **state)
{
	cleanup(theme_rules_free_p) struct theme_rules *rules = theme_rules_new();
	static const char *const fills[] = {
		"a", "É", "\xF0\x9F\x98\x80", "\xE2\x82", "\xFF", "ǅ", "防"};

	(void)state;
	add(rules, "x", NULL, "premio", NULL);
	for (size_t i = 0; i < N(fills); i++) {
		struct buf text = BUF_INIT;

		for (size_t k = 0; k < 5000; k++)
			buf_str(&text, str_of(fills[i]));
		buf_lit(&text, " premio");
		for (size_t cut = 0; cut < 200; cut++) {
			struct item item = {.title = str_skip(buf_view(&text), cut)};

			expect(rules, "a.b.c", &item, "x");
		}
		buf_deinit(&text);
	}
}

/* The first word of a text is this, folded as every word is; it has the hash of its folded letters. */
static void expect_word(struct str text, struct str word, bool has_next)
{
	struct theme_words words, same;
	struct buf folded = BUF_INIT;

	text_fold_word(&folded, word);
	theme_words_begin(&words, text);
	theme_words_begin(&same, buf_view(&folded));
	assert_true(theme_words_next(&words));
	assert_true(theme_words_next(&same));
	assert_true(str_eq(words.word, buf_view(&folded)));
	assert_true(str_eq(same.word, buf_view(&folded)));
	assert_int_equal(words.hash, same.hash);
	assert_int_equal(theme_words_next(&words), has_next);
	buf_deinit(&folded);
}

/* Each letter of Latin at each place of a word, before whatever may end one. */
static void test_letters(void **state)
{
	static const char *const ends[] = {
		"", " ", "-x", ". X", "\u2019x", "\u2026", "\u00A0x", "\u00D7x"};
	static const char *const tails[] = {"", "9", "oÑ", "\u0117re"};
	struct buf text = BUF_INIT;

	(void)state;
	for (unsigned cp = 0xC0; cp < 0x23A; cp++) {
		for (size_t at = 0; at < 2 * SCAN_SIZE; at++) {
			struct str end = str_of(ends[(cp + at) % N(ends)]);

			if (cp == 0xD7 || cp == 0xF7) /* × and ÷ */
				continue;
			buf_clear(&text);
			for (size_t i = 0; i < at; i++)
				buf_char(&text, i % 2 ? 'S' : 'r');
			buf_utf8(&text, cp);
			buf_str(&text, str_of(tails[cp % N(tails)]));
			size_t n = text.n;
			buf_str(&text, end);
			expect_word(buf_view(&text), str_head(buf_view(&text), n),
				str_find(end, STR("x")) < end.n || str_find(end, STR("X")) < end.n);
		}
	}
	buf_deinit(&text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_words),
		cmocka_unit_test(test_phrases),
		cmocka_unit_test(test_body),
		cmocka_unit_test(test_languages),
		cmocka_unit_test(test_feeds),
		cmocka_unit_test(test_categories),
		cmocka_unit_test(test_scripts),
		cmocka_unit_test(test_merging),
		cmocka_unit_test(test_none),
		cmocka_unit_test(test_many),
		cmocka_unit_test(test_odd_texts),
		cmocka_unit_test(test_letters),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
