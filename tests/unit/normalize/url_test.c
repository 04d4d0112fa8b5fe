#include "normalize/url.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#define LENGTH(a) (sizeof(a) / sizeof *(a))

/* `want` NULL: refused. */
static void assert_resolves(const char *base, const char *ref, const char *want)
{
	struct arena arena = ARENA_INIT;
	struct str url = url_resolve(&arena, str_of(base), str_of(ref));

	if (!want)
		assert_null(url.p);
	else if (str_is_none(url))
		fail_msg("refused: %s", ref);
	else
		assert_string_equal(url.p, want);
	arena_deinit(&arena);
}

/* RFC 3986 § 5.4, all of it. */
static void test_rfc3986(void **state)
{
	static const char *const examples[][2] = {
		{"g:h", "g:h"},
		{"g", "http://a/b/c/g"},
		{"./g", "http://a/b/c/g"},
		{"g/", "http://a/b/c/g/"},
		{"/g", "http://a/g"},
		{"//g", "http://g"},
		{"?y", "http://a/b/c/d;p?y"},
		{"g?y", "http://a/b/c/g?y"},
		{"#s", "http://a/b/c/d;p?q#s"},
		{"g#s", "http://a/b/c/g#s"},
		{"g?y#s", "http://a/b/c/g?y#s"},
		{";x", "http://a/b/c/;x"},
		{"g;x", "http://a/b/c/g;x"},
		{"g;x?y#s", "http://a/b/c/g;x?y#s"},
		{"", "http://a/b/c/d;p?q"},
		{".", "http://a/b/c/"},
		{"./", "http://a/b/c/"},
		{"..", "http://a/b/"},
		{"../", "http://a/b/"},
		{"../g", "http://a/b/g"},
		{"../..", "http://a/"},
		{"../../", "http://a/"},
		{"../../g", "http://a/g"},
		{"../../../g", "http://a/g"},
		{"../../../../g", "http://a/g"},
		{"/./g", "http://a/g"},
		{"/../g", "http://a/g"},
		{"g.", "http://a/b/c/g."},
		{".g", "http://a/b/c/.g"},
		{"g..", "http://a/b/c/g.."},
		{"..g", "http://a/b/c/..g"},
		{"./../g", "http://a/b/g"},
		{"./g/.", "http://a/b/c/g/"},
		{"g/./h", "http://a/b/c/g/h"},
		{"g/../h", "http://a/b/c/h"},
		{"g;x=1/./y", "http://a/b/c/g;x=1/y"},
		{"g;x=1/../y", "http://a/b/c/y"},
		{"g?y/./x", "http://a/b/c/g?y/./x"},
		{"g?y/../x", "http://a/b/c/g?y/../x"},
		{"g#s/./x", "http://a/b/c/g#s/./x"},
		{"g#s/../x", "http://a/b/c/g#s/../x"},
		{"http:g", "http:g"},
	};

	(void)state;
	for (size_t i = 0; i < LENGTH(examples); i++)
		assert_resolves("http://a/b/c/d;p?q", examples[i][0], examples[i][1]);
}

static void test_resolve(void **state)
{
	(void)state;
	assert_resolves("http://example.com/a/b", "../c", "http://example.com/c");
	assert_resolves("https://example.com/a/b", "//host/x", "https://host/x");
	assert_resolves("http://example.com", "x", "http://example.com/x");
	assert_resolves("http://example.com?q", "x", "http://example.com/x");
	assert_resolves("http://example.com", "?q", "http://example.com?q");
	assert_resolves("file:///srv/feed.xml", "x", "file:///srv/x");
	assert_resolves("http://h/a//b/", "../c", "http://h/a//c");
	/* As written, where it is absolute. */
	assert_resolves("http://h/", "HTTP://Example.COM/a/../b", "HTTP://Example.COM/a/../b");
	assert_resolves("http://h/", "tag:example.com,2017:x", "tag:example.com,2017:x");
	assert_resolves("http://h/", "http://münchen.example/ä", "http://münchen.example/ä");
	assert_resolves("http://h/", "%7Ea%zz", "http://h/%7Ea%zz");
	assert_resolves("http://h/", "http://[::1]:8/a", "http://[::1]:8/a");
	/* Mended. */
	assert_resolves("http://h/", "  a b\n", "http://h/a%20b");
	assert_resolves("http://h/", "ht\ntp://x/\ty", "http://x/y");
	assert_resolves("http://h/", "a\"<>\\^`{|}", "http://h/a%22%3C%3E%5C%5E%60%7B%7C%7D");
	/* No base to speak of. */
	assert_resolves("", "../c?d#e", "../c?d#e");
	assert_resolves("urn:x", "c", "c");
	assert_resolves("relative/base", "c", "c");
	assert_resolves("javascript:/x/steal()//", "?q", "?q");
	assert_resolves("data:/text/html,x", "y", "y");
	assert_resolves(" Java\tScript:/x", "y", "y");
	assert_resolves("res:/q", "?q", "?q");
	/* Refused. */
	assert_resolves("http://h/", "javascript:x", NULL);
	assert_resolves("", " Java\tScript :x", NULL);
	assert_resolves("http://h/", "data:text/html,x", NULL);
	assert_resolves("http://h/", "vbscript:x", NULL);
	/* No schemes, though they look so to a glance. */
	assert_resolves("http://h/", "x/javascript:y", "http://h/x/javascript:y");
	assert_resolves("http://h/", "?data:x", "http://h/?data:x");
	assert_resolves("http://h/", "javascript", "http://h/javascript");
}

static void test_limits(void **state)
{
	static char long_url[URL_BYTES_MAX + 2];
	struct arena arena = ARENA_INIT;
	struct buf out = BUF_INIT;

	(void)state;
	memset(long_url, 'a', sizeof long_url - 1);
	buf_lit(&out, "kept");
	assert_false(url_resolve_to(&out, STR("http://h/"), str_of(long_url)));
	assert_string_equal(buf_cstr(&out), "kept");
	/* Short enough alone, too long once resolved or encoded. */
	assert_false(url_resolve_to(&out, STR("http://h/"), str_make(long_url, URL_BYTES_MAX)));
	memset(long_url, '|', URL_BYTES_MAX);
	assert_false(url_resolve_to(&out, STR(""), str_make(long_url, URL_BYTES_MAX / 2)));
	assert_string_equal(buf_cstr(&out), "kept");
	assert_true(str_is_none(url_resolve(&arena, STR("http://h/"), STR_NONE)));
	buf_deinit(&out);
	arena_deinit(&arena);
}

static void test_kinds(void **state)
{
	(void)state;
	assert_true(url_is_absolute(STR("http://h")));
	assert_true(url_is_absolute(STR("urn:x")));
	assert_false(url_is_absolute(STR("//h/x")));
	assert_false(url_is_absolute(STR("a/b:c")));
	assert_false(url_is_absolute(STR("1a:b")));
	assert_false(url_is_absolute(STR_NONE));
	assert_true(url_is_web(STR("HTTPS://h/")));
	assert_false(url_is_web(STR("ftp://h/")));
	assert_true(url_is_safe(STR("mailto:a@b")));
	assert_true(url_is_safe(STR("/a?b:c")));
	assert_true(url_is_safe(STR("feed://h/x")));
	assert_false(url_is_safe(STR("feed:javascript:x")));
	assert_false(url_is_safe(STR("\x01 jAva\nscript:x")));
	assert_false(url_is_safe(STR("file:///etc/passwd")));
	assert_false(url_is_safe(STR("unheard-of:x")));
}

static void assert_alias(const char *url, const char *want)
{
	struct buf out = BUF_INIT;

	url_alias(&out, str_of(url));
	assert_string_equal(buf_cstr(&out), want);
	buf_deinit(&out);
}

static void test_alias(void **state)
{
	(void)state;
	assert_alias("http://www.City.example/News/", "city.example/News");
	assert_alias("https://city.example/News", "city.example/News");
	assert_alias("http://city.example:80/", "city.example");
	assert_alias("https://city.example:443/a", "city.example/a");
	assert_alias("http://city.example:8080/a", "city.example:8080/a");
	assert_alias("http://u@city.example/a", "u@city.example/a");
	assert_alias("http://h/?p=1&utm_source=rss&b=2&UTM_medium=feed", "h?p=1&b=2");
	assert_alias("http://h/a?fbclid=x", "h/a");
	assert_alias("http://h/a?&amp;b=1&amp;gclid=2", "h/a?b=1");
	assert_alias("http://h/a?b=2&a=1", "h/a?b=2&a=1");
	assert_alias("http://h/a#xtor=RSS-1", "h/a");
	assert_alias("http://h/a#comment-3", "h/a#comment-3");
	assert_alias("http://h/%7euser/%e9%2f", "h/~user/%E9%2F");
	assert_alias(" http://h/a ", "h/a");
	assert_alias("http://[::1]:80/a", "[::1]/a");
	/* What is no web URL is an identity as it is. */
	assert_alias("urn:uuid:ABC/", "urn:uuid:ABC/");
	assert_alias("tag:h,2017:WWW", "tag:h,2017:WWW");
	assert_alias("4711", "4711");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rfc3986),
		cmocka_unit_test(test_resolve),
		cmocka_unit_test(test_limits),
		cmocka_unit_test(test_kinds),
		cmocka_unit_test(test_alias),
	};

	return cmocka_run_group_tests_name("url", tests, NULL, NULL);
}
