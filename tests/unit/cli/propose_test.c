/* Ids and names that are proposed of hosts and titles. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "cli/propose.h"

static void test_hosts(void **state)
{
	static const char *const cases[][2] = {
		{"https://www.medellin.gov.co/rss?a=1#b", "medellin"},
		{"https://cgai.example/feed/", "cgai"},
		{"http://prensa.ayuntamiento.barcelona.cat:8080/x", "barcelona"},
		{"https://www.rio.rj.gov.br", "rj"},
		{"https://city.ac.uk/x", "city"},
		{"https://gov.uk/feed", "gov"},
		{"http://localhost:80/x", "localhost"},
		{"http://127.0.0.1:80/x", "feed"},
		{"http://[::1]:80/x", "feed"},
		{"http:///x", "feed"},
		{"http://a..b/x", "feed"},
		{"", "feed"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct str word = propose_host(str_of(cases[i][0]));
		if (!str_is(word, cases[i][1]))
			fail_msg("%s: %.*s", cases[i][0], STR_FMT(word));
	}
}

static void test_ids(void **state)
{
	static const char *const cases[][2] = {
		{"ACI Medellín", "aci-medellin"},
		{"  --Noticias & más!  ", "noticias-mas"},
		{"Straße 7", "strasse-7"},
		{"日本語", "feed"},
		{"", "feed"},
		{"a\nb: [}", "a-b"},
		{"1234567890123456789012345678901234567890",
			"123456789012345678901234567890123456"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct buf id = BUF_INIT;
		propose_id(&id, str_of(cases[i][0]));
		assert_string_equal(buf_cstr(&id), cases[i][1]);
		buf_deinit(&id);
	}
}

static void test_names(void **state)
{
	static const char *const cases[][3] = {
		{"es-MX", "ACI \"M\"", "{ es: \"ACI \\\"M\\\"\" }"},
		{"", "a\n b", "{ und: \"a b\" }"},
		{"x", "a", "{ und: \"a\" }"},
	};
	char title[200];

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct buf name = BUF_INIT;
		propose_name(&name, str_of(cases[i][0]), str_of(cases[i][1]));
		assert_string_equal(buf_cstr(&name), cases[i][2]);
		buf_deinit(&name);
	}
	/* A long one is cut between characters. */
	for (size_t i = 0; i + 1 < sizeof title; i += 2)
		memcpy(title + i, "\xC3\xA1", 2);
	memmove(title + 1, title, sizeof title - 2);
	title[0] = 'a';
	title[sizeof title - 1] = '\0';
	struct buf name = BUF_INIT;
	propose_name(&name, STR("es"), str_of(title));
	assert_true(utf8_is_valid(buf_view(&name)) && name.n < 140);
	buf_deinit(&name);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_hosts),
		cmocka_unit_test(test_ids),
		cmocka_unit_test(test_names),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
