#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "model/rights.h"

#define COUNT(list) (sizeof(list) / sizeof *(list))

static const char *const roots[] = {"feed/", "theme/", "network/", "kind/", "sys/"};

static void test_prefixes(void **state)
{
	static const char *const rights[] = {"feed/co-mde/", "theme/"};

	(void)state;
	assert_true(rights_cover(rights, 2, STR("feed/co-mde/")));
	assert_true(rights_cover(rights, 2, STR("feed/co-mde/aci/")));
	assert_true(rights_cover(rights, 2, STR("theme/climate/")));
	assert_false(rights_cover(rights, 2, STR("feed/")));
	assert_false(rights_cover(rights, 2, STR("feed/co-mde")));
	assert_false(rights_cover(rights, 2, STR("feed/co-mdx/")));
	assert_false(rights_cover(rights, 2, STR("network/al-las/")));
	assert_false(rights_cover(rights, 2, STR("")));
	assert_false(rights_cover(NULL, 0, STR("feed/")));
}

static void test_everything(void **state)
{
	(void)state;
	assert_true(rights_cover(roots, COUNT(roots), STR("")));
	for (size_t i = 0; i < COUNT(roots); i++) {
		const char *fewer[COUNT(roots)];
		memcpy(fewer, roots, sizeof fewer);
		fewer[i] = "feed/co-mde/";
		assert_false(rights_cover(fewer, COUNT(fewer), STR("")));
	}
}

static void test_audiences(void **state)
{
	const char *networks[] = {"al-las", "uclg"}, *topics[] = {"theme/climate/"};
	static const char *const both[] = {"network/", "theme/"};
	static const char *const one[] = {"network/al-las/", "theme/"};
	const struct audience everything = {NULL, NULL, 0, 0}, mixed = {networks, topics, 2, 1},
			      first = {networks, topics, 1, 1};

	(void)state;
	assert_true(rights_cover_audience(roots, COUNT(roots), &everything));
	assert_false(rights_cover_audience(both, 2, &everything));
	assert_true(rights_cover_audience(both, 2, &mixed));
	assert_false(rights_cover_audience(one, 2, &mixed));
	assert_true(rights_cover_audience(one, 2, &first));
	assert_false(rights_cover_audience(one, 1, &first));
	assert_false(rights_cover_audience(NULL, 0, &everything));
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_prefixes),
		cmocka_unit_test(test_everything), cmocka_unit_test(test_audiences)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
