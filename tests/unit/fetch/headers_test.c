/* The pure parts: headers, dates, the guard. */
#include "fetch/headers.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "fetch/guard.h"

static struct response answer(const char *const *lines)
{
	struct response r;

	response_init(&r);
	for (; *lines; lines++)
		response_line(&r, str_of(*lines));
	return r;
}

#define ANSWER(...) answer((const char *const[]){"HTTP/1.1 200 OK\r\n", __VA_ARGS__, "\r\n", NULL})

static void test_dates(void **state)
{
	static const char *const good[] = {"Sun, 06 Nov 1994 08:49:37 GMT",
		"Sunday, 06-Nov-94 08:49:37 GMT", "Sun Nov  6 08:49:37 1994",
		" Sun, 6 Nov 1994 08:49:37 GMT "};
	static const char *const bad[] = {"", "0", "-1", "now", "Sun, 06 Nov 1994",
		"Sun, 31 Feb 1994 08:49:37 GMT", "Sun, 06 Nov 1994 25:49:37 GMT",
		"Sun, 06 Now 1994 08:49:37 GMT", "1994-11-06T08:49:37Z", "Sun, 06-Nov"};
	char text[TIME_TEXT_MAX];
	int64_t s;

	(void)state;
	for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
		assert_true(http_date(str_of(good[i]), &s));
		assert_int_equal(s, 784111777);
	}
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		assert_false(http_date(str_of(bad[i]), &s));
	http_date_write(784111777, text);
	assert_string_equal(text, good[0]);
}

static void test_freshness(void **state)
{
	static const struct {
		const char *first, *second;
		int64_t fresh_s;
	} cases[] = {
		{"Cache-Control: public, max-age=3600\r\n", "Age: 600\r\n", 3000},
		{"cache-control: MAX-AGE = \"60\"\r\n", "Age: 600\r\n", 0},
		{"Cache-Control: max-age=60\r\n", "Expires: Sun, 06 Nov 1994 09:49:37 GMT\r\n", 60},
		{"Cache-Control: max-age=99999999999999999999999\r\n", "X: y\r\n", 366 * DAY_S},
		{"Cache-Control: max-age=soon\r\n", "X: y\r\n", -1},
		{"Expires: Sun, 06 Nov 1994 09:49:37 GMT\r\n",
			"Date: Sun, 06 Nov 1994 08:49:37 GMT\r\n", 3600},
		{"Expires: Sun, 06 Nov 1994 09:49:37 GMT\r\n", "X: y\r\n", 3540},
		{"Expires: 0\r\n", "X: y\r\n", 0},
		{"Cache-Control: no-cache\r\n", "X: y\r\n", 0},
		{"X-Cache-Control: max-age=3\r\n", "X: y\r\n", -1},
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct response r = ANSWER(cases[i].first, cases[i].second);
		int64_t want = cases[i].fresh_s < 0 ? -1 : cases[i].fresh_s * SEC_US;
		assert_int_equal(response_fresh_us(&r, 784111777 + 60), want);
		response_deinit(&r);
	}
}

static void test_retry_after(void **state)
{
	static const struct {
		const char *line;
		int64_t us;
	} cases[] = {
		{"Retry-After: 120\r\n", 120 * SEC_US},
		{"Retry-After: 0\r\n", 0},
		{"retry-after: Sun, 06 Nov 1994 08:51:37 GMT\r\n", 120 * SEC_US},
		{"Retry-After: Sun, 06 Nov 1994 08:39:37 GMT\r\n", 0},
		{"Retry-After: 99999999999\r\n", RETRY_AFTER_MAX_US},
		{"Retry-After: -5\r\n", -1},
		{"Retry-After: later\r\n", -1},
		{"X: y\r\n", -1},
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct response r = ANSWER(cases[i].line);
		assert_int_equal(response_retry_us(&r, 784111777), cases[i].us);
		response_deinit(&r);
	}
}

/* A date is the server's: how far away it is, the server's own clock says best. */
static void test_retry_after_by_their_clock(void **state)
{
	struct response r = ANSWER("Date: Sun, 06 Nov 2004 08:49:37 GMT\r\n",
		"Retry-After: Sun, 06 Nov 2004 08:51:37 GMT\r\n");

	(void)state;
	assert_int_equal(response_retry_us(&r, 784111777), 120 * SEC_US);
	response_deinit(&r);
}

static void test_made(void **state)
{
	static const struct {
		const char *line;
		int64_t s;
	} cases[] = {
		{"Date: Sun, 06 Nov 1994 08:49:37 GMT\r\n", 784111777},
		/* A clock a little ahead of ours, and one that is wrong. */
		{"Date: Sun, 06 Nov 1994 08:50:37 GMT\r\n", 784111837},
		{"Date: Sun, 06 Nov 1994 08:50:38 GMT\r\n", 0},
		{"Date: Thu, 01 Jan 1970 00:00:00 GMT\r\n", 0},
		{"Date: yesterday\r\n", 0},
		{"Server: without\r\n", 0},
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct response r = ANSWER(cases[i].line);
		assert_int_equal(response_made_us(&r, 784111777), cases[i].s * SEC_US);
		response_deinit(&r);
	}
}

static void test_lines(void **state)
{
	struct response r = ANSWER("ETag: W/\"x\"\r\n", "ETag: \"second\"\r\n",
		"Last-Modified:\r\n", "Content-Type: text/xml\x01\r\n", " folded: ETag\r\n",
		"no colon\r\n", "Content-Language:\tpt-BR \n");

	(void)state;
	assert_int_equal(r.status, 200);
	assert_string_equal(r.etag, "W/\"x\"");
	assert_null(r.last_modified);
	assert_null(r.content_type);
	assert_string_equal(r.content_language, "pt-BR");
	size_t bytes = r.bytes;
	response_line(&r, STR("HTTP/2 304 \r\n"));
	assert_int_equal(r.status, 304);
	assert_null(r.etag);
	assert_int_equal(r.bytes, bytes + 13);
	response_line(&r, STR("HTTP/1.1 abc\r\n"));
	assert_int_equal(r.status, 0);
	response_deinit(&r);
	assert_false(validator_is_sound(STR("a\rb")));
	assert_false(validator_is_sound(STR("")));
	assert_true(validator_is_sound(STR("\"\xC3\xA9\"")));
}

/* What has no end is no answer, and what comes behind the end no header. */
static void test_end(void **state)
{
	struct response r;

	(void)state;
	response_init(&r);
	response_line(&r, STR("HTTP/1.1 200 OK\r\n"));
	response_line(&r, STR("Content-Length: 10\r\n"));
	response_line(&r, STR("Content-Length: 10\r\n"));
	response_line(&r, STR("ETag: \"a"));
	assert_false(r.ended);
	response_line(&r, STR("\r\n"));
	assert_true(r.ended);
	assert_false(r.lengths_differ);
	response_line(&r, STR("Last-Modified: Sun, 06 Nov 1994 08:49:37 GMT\r\n"));
	response_line(&r, STR("Content-Length: 11\r\n"));
	assert_null(r.last_modified);
	assert_false(r.lengths_differ);
	response_line(&r, STR("HTTP/1.1 200 OK\r\n"));
	assert_false(r.ended);
	response_line(&r, STR("Content-Length: 10\r\n"));
	response_line(&r, STR("Content-Length: 11\r\n"));
	assert_true(r.lengths_differ);
	response_deinit(&r);
}

static const char *judge(const struct guard *guard, const char *text)
{
	struct sockaddr_in in = {.sin_family = AF_INET};
	struct sockaddr_in6 in6 = {.sin6_family = AF_INET6};

	if (inet_pton(AF_INET, text, &in.sin_addr) == 1)
		return guard_refuses(guard, (struct sockaddr *)&in);
	assert_int_equal(inet_pton(AF_INET6, text, &in6.sin6_addr), 1);
	return guard_refuses(guard, (struct sockaddr *)&in6);
}

static void test_guard(void **state)
{
	static const char *const refused[] = {"0.0.0.0", "10.0.0.1", "100.64.0.1",
		"100.127.255.255", "100.100.100.200", "127.0.0.1", "127.255.255.255",
		"169.254.169.254", "172.16.0.1", "172.31.255.255", "192.0.0.192", "192.0.2.1",
		"192.88.99.1", "192.168.1.1", "198.18.0.1", "198.19.255.255", "198.51.100.7",
		"203.0.113.7", "224.0.0.1", "239.255.255.255", "240.0.0.1", "255.255.255.255",
		"168.63.129.16", "::", "::1", "::ffff:127.0.0.1", "::ffff:10.1.2.3", "::127.0.0.1",
		"64:ff9b::10.0.0.1", "64:ff9b::a9fe:a9fe", "64:ff9b:1::1",
		"2002:7f00:1::", "2002:808:808::1", "2001::1", "2001:db8::1", "3fff::1", "fc00::1",
		"fd00:ec2::254", "fe80::1", "fec0::1", "ff02::1", "100::1", "4000::1", "5f00::1"};
	static const char *const allowed[] = {"8.8.8.8", "100.63.255.255", "100.128.0.1",
		"172.15.0.1", "172.32.0.1", "192.0.1.1", "193.0.0.1", "223.255.255.255",
		"2606:4700::1111", "2a00:1450::1", "2001:4860:4860::8888", "::ffff:8.8.8.8",
		"64:ff9b::8.8.8.8"};
	const struct guard none = {0};

	(void)state;
	for (size_t i = 0; i < sizeof refused / sizeof *refused; i++)
		if (!judge(&none, refused[i]))
			fail_msg("%s is allowed", refused[i]);
	for (size_t i = 0; i < sizeof allowed / sizeof *allowed; i++)
		if (judge(&none, allowed[i]))
			fail_msg("%s is refused as %s", allowed[i], judge(&none, allowed[i]));
	const struct sockaddr unix_socket = {.sa_family = AF_UNIX};
	assert_non_null(guard_refuses(&none, &unix_socket));
}

static void test_allow_net(void **state)
{
	const char *const nets[] = {"127.0.0.0/8", "10.20.0.0/14", "192.168.7.9", "fd12::/16"};
	const char *const bad[] = {"10.0.0.0/33", "10.0.0/8", "x", "", "10.0.0.0/", "::/129",
		"10.0.0.0/8/8", "10.0.0.0/-1"};
	const char *const all6[] = {"::/0"};
	struct error error;
	struct guard guard;

	(void)state;
	assert_int_equal(guard_init(&guard, nets, 4, NULL), 0);
	assert_null(judge(&guard, "127.3.2.1"));
	assert_null(judge(&guard, "::ffff:127.3.2.1"));
	assert_null(judge(&guard, "10.23.255.255"));
	assert_non_null(judge(&guard, "10.24.0.0"));
	assert_non_null(judge(&guard, "10.19.255.255"));
	assert_null(judge(&guard, "192.168.7.9"));
	assert_non_null(judge(&guard, "192.168.7.8"));
	assert_null(judge(&guard, "fd12:3456::1"));
	assert_non_null(judge(&guard, "fd13::1"));
	assert_null(guard_refuses_host(&guard, STR("localhost")));
	assert_non_null(guard_refuses_host(&guard, STR("192.168.1.1")));
	assert_non_null(guard_refuses_host(&guard, STR("[::1]")));
	assert_non_null(guard_refuses_host(&guard, STR("[fe80::1%25eth0]")));
	assert_null(guard_refuses_host(&guard, STR("news.example")));
	guard_deinit(&guard);
	assert_non_null(guard_refuses_host(&guard, STR("LOCALHOST.")));
	assert_non_null(guard_refuses_host(&guard, STR("a.localhost")));
	static const char *const spelt[] = {
		"127.1", "0x7f.1", "2130706433", "0177.0.0.1", "127.1.", "0xa9fea9fe"};
	for (size_t i = 0; i < sizeof spelt / sizeof *spelt; i++)
		assert_non_null(guard_refuses_host(&guard, str_of(spelt[i])));
	assert_null(guard_refuses_host(&guard, STR("134744072"))); /* 8.8.8.8 */
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		assert_int_equal(guard_init(&guard, &bad[i], 1, &error), -EINVAL);
		assert_null(guard.nets);
	}
	assert_int_equal(guard_init(&guard, all6, 1, NULL), 0);
	assert_null(judge(&guard, "::1"));
	assert_non_null(judge(&guard, "127.0.0.1"));
	guard_deinit(&guard);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_dates),
		cmocka_unit_test(test_freshness),
		cmocka_unit_test(test_retry_after),
		cmocka_unit_test(test_retry_after_by_their_clock),
		cmocka_unit_test(test_made),
		cmocka_unit_test(test_lines),
		cmocka_unit_test(test_end),
		cmocka_unit_test(test_guard),
		cmocka_unit_test(test_allow_net),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
