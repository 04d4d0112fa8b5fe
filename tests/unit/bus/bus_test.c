#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/hash.h"
#include "bus/answer.h"
#include "bus/briefing.h"
#include "bus/build.h"
#include "bus/channel.h"
#include "bus/endpoint.h"
#include "bus/filter.h"
#include "bus/heartbeat.h"
#include "bus/prefixes.h"
#include "bus/question.h"
#include "bus/subscriptions.h"

static void channel_says_it_all(void **state)
{
	struct channel_head head = {42, 1234567};
	struct buf packet = BUF_INIT;
	enum channel_type type;
	int fds[2];

	(void)state;
	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK, 0, fds), 0);
	assert_int_equal(channel_receive(fds[1], &type, &packet), 0);
	assert_int_equal(channel_send(fds[0], CHANNEL_HEAD, &head, sizeof head), 0);
	assert_int_equal(channel_send(fds[0], CHANNEL_FAILED, "no", 2), 0);
	assert_int_equal(channel_send(fds[0], CHANNEL_END, NULL, 0), 0);
	assert_int_equal(channel_receive(fds[1], &type, &packet), 1);
	assert_int_equal(type, CHANNEL_HEAD);
	assert_memory_equal(packet.p, &head, sizeof head);
	assert_int_equal(channel_receive(fds[1], &type, &packet), 1);
	assert_string_equal(buf_cstr(&packet), "no");
	assert_int_equal(channel_receive(fds[1], &type, &packet), 1);
	assert_int_equal(type, CHANNEL_END);
	assert_int_equal(packet.n, 0);
	/* A head of the wrong size, an unknown type and half a type are not ours. */
	assert_int_equal(channel_send(fds[0], CHANNEL_HEAD, &head, 3), 0);
	assert_int_equal(channel_receive(fds[1], &type, &packet), -EPROTO);
	assert_int_equal(write(fds[0], "\x63\0\0\0", 4), 4);
	assert_int_equal(channel_receive(fds[1], &type, &packet), -EPROTO);
	assert_int_equal(write(fds[0], "\x01", 1), 1);
	assert_int_equal(channel_receive(fds[1], &type, &packet), -EPROTO);
	int r = 0;
	for (int i = 0; i < 100000 && r == 0; i++)
		r = channel_send(fds[0], CHANNEL_HEAD, &head, sizeof head);
	assert_int_equal(r, -EAGAIN);
	close(fds[0]);
	while ((r = channel_receive(fds[1], &type, &packet)) > 0)
		assert_int_equal(type, CHANNEL_HEAD);
	assert_int_equal(r, -EPIPE);
	close(fds[1]);
	buf_deinit(&packet);
}

static void briefing_round_trip(void **state)
{
	const char *networks[] = {"al-las", "uclg"}, *topics[] = {"theme/climate/"};
	struct live_endpoint live[] = {{.bind = "tcp://127.0.0.1:1"},
		{.bind = "ipc:///a \"b\"", .audience = {networks, topics, 2, 1}}};
	const struct bus_settings bus = {
		.live = live, .n_live = 2, .replay_bind = "tcp://127.0.0.1:2"};
	struct buf text = BUF_INIT;
	struct briefing b;
	struct error error;

	(void)state;
	const struct briefing told = {
		.build = "0.1 ab", .parent = 77, .journal_path = "/j.db", .bus = bus};
	briefing_write(&text, &told);
	assert_int_equal(briefing_read(&b, buf_view(&text), &error), 0);
	assert_string_equal(b.build, "0.1 ab");
	assert_int_equal(b.parent, 77);
	assert_string_equal(b.journal_path, "/j.db");
	assert_string_equal(b.bus.replay_bind, "tcp://127.0.0.1:2");
	assert_int_equal(b.bus.n_live, 2);
	assert_int_equal(b.bus.live[0].audience.n_networks, 0);
	assert_string_equal(b.bus.live[1].bind, "ipc:///a \"b\"");
	assert_string_equal(b.bus.live[1].audience.networks[1], "uclg");
	assert_string_equal(b.bus.live[1].audience.topics[0], "theme/climate/");
	briefing_deinit(&b);
	for (size_t cut = 0; cut < text.n; cut++) {
		assert_int_equal(briefing_read(&b, str_make(text.p, cut), &error), -EPROTO);
		briefing_deinit(&b);
	}
	assert_int_equal(briefing_read(&b, STR("{}"), &error), -EPROTO);
	briefing_deinit(&b);
	buf_deinit(&text);
}

static void build_is_told(void **state)
{
	char *a = bus_build_id(), *b = bus_build_id();

	(void)state;
	assert_string_equal(a, b);
	assert_true(strlen(a) >= 5);
	free(a);
	free(b);
}

static void endpoints_are_local(void **state)
{
	static const char *const local[] = {"tcp://127.0.0.1:5570", "tcp://127.255.3.4:1",
		"tcp://[::1]:65535", "ipc:///run/x.sock", "ipc://@abstract"};
	static const char *const foreign[] = {"", "tcp://", "tcp://*:5570", "tcp://0.0.0.0:5570",
		"tcp://192.168.0.1:1", "tcp://[::]:1", "tcp://eth0:1", "tcp://localhost:1",
		"tcp://127.0.0.1", "tcp://127.0.0.1:", "tcp://127.0.0.1:65536", "tcp://127.0.0.1:0",
		"tcp://127.0.0.1.example.org:1", "tcp://128.0.0.1:1", "tcp://[::1:1", "udp://x",
		"ipc://", "inproc://x", "pgm://x", "tcp://127.0.0.1:1;127.0.0.1:x"};

	(void)state;
	for (size_t i = 0; i < sizeof local / sizeof *local; i++)
		if (!endpoint_is_local(local[i]))
			fail_msg("%s", local[i]);
	for (size_t i = 0; i < sizeof foreign / sizeof *foreign; i++)
		if (endpoint_is_local(foreign[i]))
			fail_msg("%s", foreign[i]);
}

/* Against the plain way, over random sets of a small alphabet. */
static void prefixes_are_right(void **state)
{
	(void)state;
	for (int round = 0; round < 2000; round++) {
		char texts[8][6];
		struct str items[8];
		size_t n = hash_random_below(8);
		struct prefixes p;
		for (size_t i = 0; i < n; i++) {
			size_t length = hash_random_below(6);
			for (size_t k = 0; k < length; k++)
				texts[i][k] = (char)('a' + hash_random_below(2));
			items[i] = str_make(texts[i], length);
		}
		prefixes_init(&p, items, n);
		for (unsigned bits = 0; bits < 64; bits++) {
			char topic[6];
			bool want = false;
			for (unsigned k = 0; k < 6; k++)
				topic[k] = (char)('a' + (bits >> k & 1));
			for (size_t i = 0; i < n; i++)
				want |= str_starts(str_make(topic, 6), items[i]);
			assert_int_equal(prefixes_match(&p, str_make(topic, 6)), want);
		}
		prefixes_deinit(&p);
	}
}

static void filters_are_shared(void **state)
{
	const struct str a[] = {STR("theme/climate/"), STR("feed/co-mde/")};
	const struct str b[] = {
		STR("feed/co-mde/aci/"), STR("feed/co-mde/"), STR("theme/climate/")};
	const struct str all[] = {STR("feed/"), STR("")};
	struct filters filters;

	(void)state;
	filters_init(&filters);
	struct filter *f = filters_ref(&filters, a, 2), *g = filters_ref(&filters, b, 3);
	assert_ptr_equal(f, g);
	assert_int_equal(f->refs, 2);
	assert_null(filters_ref(&filters, all, 2));
	assert_null(filters_ref(&filters, NULL, 0));
	filters_unref(&filters, f);
	filters_unref(&filters, g);
	filters_unref(&filters, NULL);
	assert_ptr_equal(filters_ref(&filters, a, 1 + 1), f);
	for (int i = 0; i < 2000; i++) {
		char text[16];
		struct str one = str_make(text, (size_t)snprintf(text, sizeof text, "feed/%d/", i));
		filters_unref(&filters, filters_ref(&filters, &one, 1));
	}
	assert_true(filters.map.n < 300);
	assert_ptr_equal(filters_ref(&filters, a, 2), f);
	filters_deinit(&filters);
}

static void subscribe(struct subscriptions *s, char first, const char *prefix)
{
	char message[64];
	int n = snprintf(message, sizeof message, "%c%s", first, prefix);

	subscriptions_take(s, str_make(message, (size_t)n));
}

static void subscriptions_are_a_set(void **state)
{
	struct subscriptions s;

	(void)state;
	subscriptions_init(&s);
	assert_false(subscriptions_want(&s, 1, NULL));
	subscribe(&s, 1, "feed/a/");
	subscribe(&s, 1, "feed/a/");
	subscribe(&s, 1, "feed/b/");
	subscriptions_take(&s, STR(""));
	subscriptions_take(&s, STR("hello"));
	assert_int_equal(s.n, 2);
	subscriptions_take(&s, str_make("\0feed/a/", 8));
	subscriptions_take(&s, str_make("\0feed/a/", 8));
	subscriptions_take(&s, str_make("\0feed/c/", 8));
	assert_int_equal(s.n, 1);
	/* Who says so may not be the last who wants it. */
	assert_int_equal(s.texts.n, 2);
	subscribe(&s, 1, "feed/a/");
	assert_int_equal(s.n, 2);
	for (int i = 0; i < 11000; i++) {
		char text[16];
		snprintf(text, sizeof text, "feed/%d/", i);
		subscribe(&s, 1, text);
	}
	assert_true(s.everything && subscriptions_want(&s, 1, NULL));
	assert_int_equal(s.texts.n + s.n, 0);
	subscriptions_deinit(&s);
}

static void strange_subscriptions(void **state)
{
	(void)state;
	assert_false(subscription_is_strange(STR("")));
	assert_false(subscription_is_strange(STR("\1")));
	assert_false(subscription_is_strange(STR("\1feed/co-mde/aci/noticias-09/")));
	assert_false(subscription_is_strange(STR("\1"
						 "Feed.")));
	assert_true(subscription_is_strange(STR("\1feed/\xc3\xb1")));
	assert_true(subscription_is_strange(STR("\1 ")));
	assert_true(subscription_is_strange(str_make("\1x\0", 3)));
	assert_false(subscription_is_strange(str_make("\0\xff", 2))); /* an unsubscription */
}

static void changes_overflow(void **state)
{
	const struct heartbeat heartbeat = {"k3x9", 900, 3, INT64_C(1494601831000000)};
	struct changes *changes = calloc(1, sizeof *changes);
	struct buf out = BUF_INIT;

	(void)state;
	for (uint32_t i = 1; i <= CHANGES_MAX; i++)
		changes_add(changes, i, i);
	changes_add(changes, 7, 900);
	assert_false(changes->overflow);
	assert_int_equal(changes->n, CHANGES_MAX);
	assert_true(changes->last[7] == 900);
	changes_add(changes, CHANGES_MAX + 1, 901);
	assert_true(changes->overflow);
	heartbeat_write(&out, &heartbeat, changes, NULL);
	assert_string_equal(buf_cstr(&out), "{\"epoch\":\"k3x9\",\"head\":900,\"oldest\":3,"
					    "\"time\":\"2017-05-12T15:10:31.000Z\","
					    "\"changed\":{\"overflow\":true}}");
	changes_clear(changes);
	changes_add(changes, 7, 902);
	assert_false(changes->overflow);
	assert_int_equal(changes->n, 1);
	changes_deinit(changes);
	free(changes);
	buf_deinit(&out);
}

static const struct {
	const char *json, *code;
} questions[] = {
	{"{\"v\":1,\"after\":\"oldest\"}", NULL},
	{"{\"v\":1,\"after\":\"now\",\"x\":{\"y\":[]}}", NULL},
	{"{\"v\":1,\"after\":\"k3.7\",\"max\":1000,\"wait\":60,\"topics\":[]}", NULL},
	{"{\"v\":1,\"after\":\"k3.7\",\"wait\":0.5,\"topics\":[\"\",\"feed/co\"]}", NULL},
	{"{\"v\":1,\"after\":{\"time\":\"2017-05-12T15:04:05+02:00\"},\"id\":[1,{\"a\":null}]}",
		NULL},
	{"", "bad-request"},
	{"null", "bad-request"},
	{"[]", "bad-request"},
	{"{}", "bad-request"},
	{"{\"v\":1}", "bad-request"},
	{"{\"v\":1,\"v\":1,\"after\":\"now\"}", "bad-request"},
	{"{\"v\":1,\"after\":\"now\"} x", "bad-request"},
	{"{\"v\":\"1\",\"after\":\"now\"}", "bad-request"},
	{"{\"v\":1.0,\"after\":\"now\"}", "bad-request"},
	{"{\"v\":2,\"after\":\"now\"}", "unsupported-version"},
	{"{\"v\":1,\"after\":\"Now\"}", "bad-request"},
	{"{\"v\":1,\"after\":7}", "bad-request"},
	{"{\"v\":1,\"after\":null}", "bad-request"},
	{"{\"v\":1,\"after\":{\"time\":\"yesterday\"}}", "bad-request"},
	{"{\"v\":1,\"after\":{\"time\":5}}", "bad-request"},
	{"{\"v\":1,\"after\":{}}", "bad-request"},
	{"{\"v\":1,\"after\":\"k3.99999999999999999999\"}", "bad-request"},
	{"{\"v\":1,\"after\":\"now\",\"max\":0}", "bad-request"},
	{"{\"v\":1,\"after\":\"now\",\"max\":1001}", "bad-request"},
	{"{\"v\":1,\"after\":\"now\",\"max\":1.5}", "bad-request"},
	{"{\"v\":1,\"after\":\"now\",\"max\":\"9\"}", "bad-request"},
	{"{\"v\":1,\"after\":\"now\",\"wait\":-1}", "bad-request"},
	{"{\"v\":1,\"after\":\"now\",\"wait\":60.1}", "bad-request"},
	{"{\"v\":1,\"after\":\"now\",\"wait\":\"5\"}", "bad-request"},
	{"{\"v\":1,\"after\":\"now\",\"wait\":null}", "bad-request"},
	{"{\"v\":1,\"after\":\"now\",\"topics\":\"feed/\"}", "bad-request"},
	{"{\"v\":1,\"after\":\"now\",\"topics\":[1]}", "bad-request"},
	{"{\"v\":1,\"after\":\"now\",\"topics\":[\"Feed/\"]}", "bad-request"},
	{"{\"v\":1,\"after\":\"now\",\"topics\":[\"feed/a\\u0000\"]}", "bad-request"},
	{"{\"v\":1,\"after\":\"now\",\"topics\":{}}", "bad-request"},
};

static void questions_are_read(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof questions / sizeof *questions; i++) {
		struct refusal why = {0};
		struct question q;
		bool fine = question_read(&q, str_of(questions[i].json), &why);
		if (fine != !questions[i].code || (!fine && strcmp(why.code, questions[i].code)))
			fail_msg("%s", questions[i].json);
		question_deinit(&q);
	}
}

static void questions_in_full(void **state)
{
	struct refusal why;
	struct question q;

	(void)state;
	assert_true(question_read(&q,
		STR("{\"id\":\"\\u00e9 7\",\"v\":1,\"after\":\"k3.7\",\"wait\":1.5,"
		    "\"topics\":[\"feed/a/\",\"theme/\"]}"),
		&why));
	assert_string_equal(buf_cstr(&q.id), "\"é 7\"");
	assert_int_equal(q.after, AFTER_CURSOR);
	assert_string_equal(q.cursor.epoch, "k3");
	assert_true(q.cursor.seq == 7 && q.wait_us == 1500000 && q.max == 500);
	assert_int_equal(q.n_topics, 2);
	assert_true(str_is(q.topics[1], "theme/"));
	question_deinit(&q);
	assert_false(question_read(&q, STR("{\"id\":5,\"v\":1,\"after\":5}"), &why));
	assert_string_equal(buf_cstr(&q.id), "5");
	question_deinit(&q);
}

static void answers_are_written(void **state)
{
	const struct answer events = {.epoch = "k3",
		.next = 7,
		.has_next = true,
		.head = 9,
		.has_head = true,
		.count = 2,
		.more = true};
	const struct answer error = {.epoch = "k3",
		.code = "overloaded",
		.next = 7,
		.has_next = true,
		.retry_after_s = 1.5};
	struct buf out = BUF_INIT;

	(void)state;
	answer_write(&out, STR("\"x\""), &events);
	assert_string_equal(buf_cstr(&out), "{\"v\":1,\"id\":\"x\",\"next\":\"k3.7\",\"head\":\"k3."
					    "9\",\"count\":2,\"more\":true}");
	buf_clear(&out);
	answer_write(&out, STR_NONE, &error);
	assert_string_equal(buf_cstr(&out),
		"{\"v\":1,\"error\":\"overloaded\",\"next\":\"k3.7\",\"retry_after\":1.5}");
	buf_deinit(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(channel_says_it_all),
		cmocka_unit_test(briefing_round_trip),
		cmocka_unit_test(build_is_told),
		cmocka_unit_test(endpoints_are_local),
		cmocka_unit_test(prefixes_are_right),
		cmocka_unit_test(filters_are_shared),
		cmocka_unit_test(subscriptions_are_a_set),
		cmocka_unit_test(strange_subscriptions),
		cmocka_unit_test(changes_overflow),
		cmocka_unit_test(questions_are_read),
		cmocka_unit_test(questions_in_full),
		cmocka_unit_test(answers_are_written),
	};

	if (hash_global_init() < 0)
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
