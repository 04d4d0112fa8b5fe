#include <errno.h>
#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include <civicwire/wire.h>

static int parse_header(const char *line, struct cw_header *ret)
{
	return cw_header_parse(line, strlen(line), ret);
}

static void header_round_trip(void **state)
{
	static const char *const lines[] = {
		"CW1 k3x9 1 0 1494601831000000",
		"CW1 a 0 0 0",
		("CW1 abcdefghijklmnop 18446744073709551615 18446744073709551615 "
		 "9223372036854775807"),
	};
	char out[CW_HEADER_SIZE];
	struct cw_header h;

	(void)state;
	for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
		assert_int_equal(parse_header(lines[i], &h), 0);
		assert_int_equal(cw_header_format(&h, out), strlen(lines[i]));
		assert_string_equal(out, lines[i]);
	}
	assert_int_equal(parse_header("CW1 k3x9 42 17 1494601831000000", &h), 0);
	assert_string_equal(h.epoch, "k3x9");
	assert_true(h.seq == 42 && h.prev == 17 && h.time_us == 1494601831000000);
}

static void header_refuses(void **state)
{
	static const char *const lines[] = {
		"",
		"CW1",
		"CW1 ",
		"CW2 k3x9 1 0 0",
		"CW10 k3x9 1 0 0",
		"cw1 k3x9 1 0 0",
		"CW1 K3X9 1 0 0",
		"CW1 k3-9 1 0 0",
		"CW1  1 0 0",
		"CW1 abcdefghijklmnopq 1 0 0",
		"CW1 k3x9 01 0 0",
		"CW1 k3x9 +1 0 0",
		"CW1 k3x9 -1 0 0",
		"CW1 k3x9 1 0 -1",
		"CW1 k3x9 1  0 0",
		"CW1 k3x9 1 0",
		"CW1 k3x9 1 0 ",
		"CW1 k3x9 1 0 0 ",
		"CW1 k3x9 1 0 0\n",
		"CW1 k3x9 1 0 0 0",
		"CW1 k3x9 18446744073709551616 0 0",
		"CW1 k3x9 1 99999999999999999999 0",
		"CW1 k3x9 1 0 9223372036854775808",
		"CW1\tk3x9 1 0 0",
		" CW1 k3x9 1 0 0",
	};
	struct cw_header h = {.seq = 7};

	(void)state;
	for (size_t i = 0; i < sizeof lines / sizeof *lines; i++)
		if (parse_header(lines[i], &h) != -EINVAL)
			fail_msg("accepted '%s'", lines[i]);
	assert_true(h.seq == 7);
	assert_int_equal(cw_header_parse("CW1 k3x9 1 0 0\0", 15, &h), -EINVAL);
	/* Every cut of a good line is bad, and never read beyond. */
	const char good[] = "CW1 k3x9 42 17 1494601831000000";
	for (size_t n = 0; n < 16; n++)
		assert_int_equal(cw_header_parse(good, n, &h), -EINVAL);
}

static void header_format_refuses(void **state)
{
	static const struct cw_header bad[] = {
		{.epoch = "", .seq = 1},
		{.epoch = "A", .seq = 1},
		{.epoch = "a b", .seq = 1},
		{.epoch = "a", .seq = 1, .time_us = -1},
	};
	struct cw_header open = {.seq = 1};
	char out[CW_HEADER_SIZE];

	(void)state;
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		assert_int_equal(cw_header_format(&bad[i], out), 0);
		assert_string_equal(out, "");
	}
	memset(open.epoch, 'a', sizeof open.epoch); /* without its NUL */
	assert_int_equal(cw_header_format(&open, out), 0);
}

static void cursor_round_trip(void **state)
{
	static const char *const texts[] = {
		"k3x9.0", "k3x9.4213", "0.1", "abcdefghijklmnop.18446744073709551615"};
	static const char *const bad[] = {"", ".", "k3x9", "k3x9.", ".1", "k3x9.01", "k3x9.-1",
		"k3x9.1 ", "k3x9.1.2", "K3.1", "oldest", "now", "k3x9.18446744073709551616",
		"abcdefghijklmnopq.1", "k3x9.1\n"};
	char out[CW_CURSOR_SIZE];
	struct cw_cursor c = {.seq = 0};

	(void)state;
	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
		assert_int_equal(cw_cursor_parse(texts[i], strlen(texts[i]), &c), 0);
		assert_int_equal(cw_cursor_format(&c, out), strlen(texts[i]));
		assert_string_equal(out, texts[i]);
	}
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		if (cw_cursor_parse(bad[i], strlen(bad[i]), &c) != -EINVAL)
			fail_msg("accepted '%s'", bad[i]);
	c = (struct cw_cursor){.epoch = "", .seq = 1};
	assert_int_equal(cw_cursor_format(&c, out), 0);
}

static void topics(void **state)
{
	static const struct {
		const char *text;
		int topic, prefix;
	} cases[] = {
		{"", 0, 1},
		{"feed", 0, 1},
		{"feed/", 0, 1},
		{"feed/co-mde/", 1, 1},
		{"feed/co-mde/aci/noticias/", 1, 1},
		{"feed/co-mde/aci/noticias", 0, 1},
		{"sys/heartbeat/", 1, 1},
		{"/", 0, 0},
		{"/feed/", 0, 0},
		{"feed//", 0, 0},
		{"Feed/x/", 0, 0},
		{"feed/a b/", 0, 0},
		{"feed/medell\xc3\xadn/", 0, 0},
		{"feed/*", 0, 0},
		{"feed/abcdefghijklmnopqrstuvwxyz-0123456789-abc/", 0, 0},
		{"feed/abcdefghijklmnopqrstuvwxyz-0123456789-ab/", 1, 1},
	};
	char longest[CW_TOPIC_MAX + 2];

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		size_t n = strlen(cases[i].text);
		if (cw_topic_is_valid(cases[i].text, n) != cases[i].topic ||
			cw_prefix_is_valid(cases[i].text, n) != cases[i].prefix)
			fail_msg("wrong about '%s'", cases[i].text);
	}
	for (size_t i = 0; i < sizeof longest; i++)
		longest[i] = i % 20 == 19 ? '/' : 'a';
	assert_int_equal(cw_topic_is_valid(longest, CW_TOPIC_MAX), 1);
	assert_int_equal(cw_prefix_is_valid(longest, CW_TOPIC_MAX + 1), 0);
	assert_int_equal(cw_topic_is_valid("feed/a\0b/", 9), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(header_round_trip),
		cmocka_unit_test(header_refuses),
		cmocka_unit_test(header_format_refuses),
		cmocka_unit_test(cursor_round_trip),
		cmocka_unit_test(topics),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
