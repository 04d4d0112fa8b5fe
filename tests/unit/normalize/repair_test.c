/* Texts that another character set's eyes have read before us. */
#include "normalize/normalizing.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/buf.h"
#include "model/flaw.h"

static void assert_repair(const char *text, const char *want)
{
	struct arena arena = ARENA_INIT;
	struct normalizing w = {.arena = &arena};
	struct str s = normalize_repair(&w, str_of(text));

	assert_int_equal(s.n, strlen(want));
	assert_memory_equal(s.p, want, s.n);
	assert_int_equal(w.flaws, strcmp(text, want) ? FLAW_TEXT_REPAIRED : 0);
	arena_deinit(&arena);
}

static void test_control_characters(void **state)
{
	(void)state;
	assert_repair("", "");
	assert_repair("Jardín «a»", "Jardín «a»");
	assert_repair("2010\xC2\x96"
		      "2012 «\xC2\x80 5»\xC2\x9D",
		"2010–2012 «€ 5»");
	assert_repair("<p>don\xC2\x92t\xC2\x85</p>\xC2\x81", "<p>don’t…</p>");
	assert_repair("«a» \xC2", "«a» \xC2"); /* cut in a character */
}

static void test_twice_encoded(void **state)
{
	(void)state;
	assert_repair("La municipalitÃ© de GenÃ¨ve", "La municipalité de Genève");
	assert_repair("Ã‰lection du maire", "Élection du maire");
	assert_repair("Ã©tude", "étude");
	assert_repair("C'Ã¨ l'ÃŒle", "C'è l'Ìle");
	assert_repair("METRÃ\xC2\x94: Â£5", "METRÔ: £5");
	assert_repair("PrÃ©avis Ã\u00a0 tous", "Préavis à tous");
	assert_repair("dÃ©jÃ\u00a0 lÃ\u00a0", "déjà là");
	assert_repair("Plaza MartÃ\u00adn", "Plaza Martín");
	assert_repair("RÃ¨glesÂ\u00a0: lire", "Règles\u00a0: lire");
	assert_repair("a â€œquotedâ€\xC2\x9D"
		      " word",
		"a “quoted” word");
	assert_repair("the cityâ€™s plan â€” 5 â‚¬", "the city’s plan — 5 €");
	assert_repair("SÃ£o JosÃ© â€“ metrÃ´", "São José – metrô");
	assert_repair("<p>calle&nbsp;MayorÂª</p>", "<p>calle&nbsp;Mayorª</p>");
	/* Cyrillic, Greek, Chinese, and one beyond the first plane */
	assert_repair("Ð’ ÐœÐ¾Ñ\xC2\x81"
		      "ÐºÐ²Ðµ",
		"В Москве");
	assert_repair("Î‘Î¸Î®Î½Î±", "Αθήνα");
	assert_repair("ä¸\u00adå›½", "中国");
	assert_repair("metrÃ³ ðŸš‡", "metró 🚇");
	/* ISO 8859-1 took the bytes, so that they are control characters */
	assert_repair("citÃ©s â\xC2\x80"
		      "\xC2\x93"
		      " villes",
		"cités – villes");
	/* both: what it was encoded from had control characters for dashes */
	assert_repair("citÃ©s Â– villes", "cités – villes");
}

/* What could be read so, and is right as it stands. */
static void test_not_twice_encoded(void **state)
{
	static const char *const right[] = {
		"PERCHÉ…",
		"RETRAITÉ…et",
		"AMANHÃ…",
		"« ÉGALITÉ\u00a0!»",
		"ÉGALITÉ\u00a0!",
		"LIBERTÉ\u00a0: lire",
		"ELLE EST LÀ\u00a0»",
		"voilà\u00a0»",
		"DISSE JOSÉ”",
		"IL SINDACO: «LA CITTÀ»",
		"CAFÉ´S",
		"CAFɮ",
		"CAFÉ™",
		"Groß…",
		"Spaß\u00a0»",
		"3\u00a0×\u00a04",
		"a×²",
		"ÚŠTEK",
		"Íž",
		"naïve",
		"Ã",
		"dÃ",
		"dÃ©jÃ",                     /* cut in a character */
		"Gestión: la municipalitÃ©", /* twice in a part only: whose part? */
		"municipalitÃ© – Zürich",
		"東京",
		"Москва",
		"\xC3",
	};

	(void)state;
	for (size_t i = 0; i < sizeof right / sizeof *right; i++)
		assert_repair(right[i], right[i]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_control_characters),
		cmocka_unit_test(test_twice_encoded),
		cmocka_unit_test(test_not_twice_encoded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
