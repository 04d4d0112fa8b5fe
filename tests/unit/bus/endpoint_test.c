/* What a socket that asks for keys does without a handler that answers for them: it admits nobody. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <zmq.h>
#include <cmocka.h>

#include "bus/endpoint.h"
#include "bus/zap.h"

/* Several times what a handshake takes. */
#define LONG_MS 700

struct room {
	void *context, *server, *client;
	char server_key[41], client_key[41];
};

static void open_room(struct room *room)
{
	char secret[41], endpoint[64], client_secret[41];
	size_t n = sizeof endpoint;
	const struct endpoint_limits limits = {1024, 10, 10, 60000, 60};
	struct error error = {0};

	room->context = zmq_ctx_new();
	room->server = zmq_socket(room->context, ZMQ_ROUTER);
	assert_int_equal(zmq_curve_keypair(room->server_key, secret), 0);
	assert_int_equal(zmq_curve_keypair(room->client_key, client_secret), 0);
	endpoint_options(room->server, &limits);
	if (endpoint_secure(room->server, secret, "here", &error) < 0)
		fail_msg("%s", error.text);
	assert_int_equal(zmq_bind(room->server, "tcp://127.0.0.1:*"), 0);
	assert_int_equal(zmq_getsockopt(room->server, ZMQ_LAST_ENDPOINT, endpoint, &n), 0);
	room->client = zmq_socket(room->context, ZMQ_DEALER);
	zmq_setsockopt(room->client, ZMQ_CURVE_SERVERKEY, room->server_key, 41);
	zmq_setsockopt(room->client, ZMQ_CURVE_PUBLICKEY, room->client_key, 41);
	zmq_setsockopt(room->client, ZMQ_CURVE_SECRETKEY, client_secret, 41);
	assert_int_equal(zmq_connect(room->client, endpoint), 0);
	assert_int_equal(zmq_send(room->client, "hello", 5, 0), 5);
}

static void close_room(struct room *room)
{
	const int none = 0;

	zmq_setsockopt(room->client, ZMQ_LINGER, &none, sizeof none);
	zmq_close(room->client);
	endpoint_close(room->server);
	zmq_ctx_term(room->context);
}

static bool hears(struct room *room, int ms)
{
	zmq_pollitem_t item = {.socket = room->server, .events = ZMQ_POLLIN};

	return zmq_poll(&item, 1, ms) > 0;
}

static void test_no_handler(void **state)
{
	struct room room;

	(void)state;
	open_room(&room);
	assert_false(hears(&room, LONG_MS));
	close_room(&room);
}

/* The handler, whatever its answer is. */
static void test_handler(void **state)
{
	struct zap_request request;
	struct room room;

	(void)state;
	open_room(&room);
	void *handler = zmq_socket(room.context, ZMQ_REP);
	assert_int_equal(zmq_bind(handler, ZAP_ENDPOINT), 0);
	assert_false(hears(&room, LONG_MS)); /* it has not answered */
	zmq_pollitem_t item = {.socket = handler, .events = ZMQ_POLLIN};
	assert_int_equal(zmq_poll(&item, 1, 10000), 1);
	assert_int_equal(zap_receive(handler, &request), 1);
	assert_string_equal(request.domain, "here");
	assert_string_equal(request.address, "127.0.0.1");
	assert_string_equal(request.key, room.client_key);
	zap_answer(handler, &request, false);
	assert_false(hears(&room, 0));
	/* It tries again: then the answer is another. */
	assert_int_equal(zmq_poll(&item, 1, 10000), 1);
	assert_int_equal(zap_receive(handler, &request), 1);
	zap_answer(handler, &request, true);
	assert_true(hears(&room, 10000));
	zmq_msg_t frame;
	zmq_msg_init(&frame);
	assert_true(zmq_msg_recv(&frame, room.server, 0) >= 0);
	zmq_msg_close(&frame);
	zmq_msg_init(&frame);
	assert_int_equal(zmq_msg_recv(&frame, room.server, 0), 5);
	assert_string_equal(zmq_msg_gets(&frame, "User-Id"), room.client_key);
	assert_true(zmq_msg_get(&frame, ZMQ_SRCFD) >= 0);
	zmq_msg_close(&frame);
	zmq_close(handler);
	close_room(&room);
}

/* Requests that are none. */
static void test_malformed(void **state)
{
	static const char *const good[] = {
		"1.0", "1", "here", "127.0.0.1", "", "CURVE", "0123456789abcdef0123456789abcdef"};
	void *context = zmq_ctx_new(), *handler = zmq_socket(context, ZMQ_REP),
	     *asker = zmq_socket(context, ZMQ_REQ);
	struct zap_request request;
	char status[4] = "";

	(void)state;
	assert_int_equal(zmq_bind(handler, ZAP_ENDPOINT), 0);
	assert_int_equal(zmq_connect(asker, ZAP_ENDPOINT), 0);
	/* 0–6: that frame is wrong; 7: one too few; 8: one too many; 9: all are right. */
	for (int wrong = 0; wrong < 10; wrong++) {
		int n = wrong == 7 ? 6 : wrong == 8 ? 8 : 7;
		for (int i = 0; i < n; i++) {
			bool bad = i == wrong && i != 1 && i != 2 && i != 3 && i != 4;
			const char *text = bad ? "?" : i < 7 ? good[i] : "";
			zmq_send(asker, text, strlen(text), i + 1 < n ? ZMQ_SNDMORE : 0);
		}
		zmq_pollitem_t item = {.socket = handler, .events = ZMQ_POLLIN};
		assert_int_equal(zmq_poll(&item, 1, 10000), 1);
		int r = zap_receive(handler, &request);
		bool want = wrong == 9 || (wrong >= 1 && wrong <= 4);
		assert_int_equal(r > 0, want);
		zap_answer(handler, &request, r > 0);
		for (int more = 1, k = 0; more; k++) {
			zmq_msg_t frame;
			zmq_msg_init(&frame);
			assert_true(zmq_msg_recv(&frame, asker, 0) >= 0);
			if (k == 2)
				memcpy(status, zmq_msg_data(&frame), 3);
			more = zmq_msg_more(&frame);
			zmq_msg_close(&frame);
		}
		assert_string_equal(status, want ? "200" : "300");
	}
	assert_int_equal(zap_receive(handler, &request), 0);
	zmq_close(asker);
	zmq_close(handler);
	zmq_ctx_term(context);
}

static void test_open_addresses(void **state)
{
	static const char *const local[] = {"tcp://127.0.0.1:1", "tcp://127.9.9.9:65535",
		"tcp://[::1]:5570", "ipc:///run/x", "ipc://@x"};
	static const char *const open[] = {"tcp://0.0.0.0:1", "tcp://*:1", "tcp://[::]:1",
		"tcp://192.0.2.1:1", "tcp://[::ffff:127.0.0.1]:1", "tcp://localhost:1",
		"tcp://127.0.0.1.example:1", "udp://127.0.0.1:1", "ipc://", ""};
	struct error error = {0};

	(void)state;
	for (size_t i = 0; i < sizeof local / sizeof *local; i++)
		assert_true(endpoint_is_local(local[i]));
	for (size_t i = 0; i < sizeof open / sizeof *open; i++) {
		assert_false(endpoint_is_local(open[i]));
		assert_int_equal(endpoint_bind(NULL, open[i], false, &error), -EPERM);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_no_handler),
		cmocka_unit_test(test_handler), cmocka_unit_test(test_malformed),
		cmocka_unit_test(test_open_addresses)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
