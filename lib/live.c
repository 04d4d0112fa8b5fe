#include "live.h"

#include <errno.h>
#include <string.h>

#include "frame.h"
#include "secure.h"

/* Messages libzmq keeps for us while the program is busy: half a second of the fastest wire
 * (20,000/s). What does not fit is lost there, found missing by the rules, and replayed. */
#define LIVE_QUEUE 10000
/* Dead peers are found by TCP: keep-alive after 5 s of silence, every 2 s, five times. ZMTP's own
 * heartbeats stay off: in libzmq 4.3.4 they can abort the process of a slow subscriber. */
#define KEEPALIVE_IDLE_S  5
#define KEEPALIVE_INTVL_S 2
#define KEEPALIVE_COUNT   5
/* Reconnecting: from 100 ms, doubling to 5 s. */
#define RECONNECT_MS     100
#define RECONNECT_MAX_MS 5000

#define HEARTBEAT_TOPIC "sys/heartbeat/"

/* What a subscriber may say at once: the server's limit. A subscription is its prefix in a command (10
 * bytes, ZMTP 3.1) in a frame (2); CURVE puts that into a box with a name (8), a nonce (8), a seal (16)
 * and a byte. Greeting, handshake and keys are some 700 bytes. */
#define SAID_MAX           65536
#define SUBSCRIPTION_BYTES 12
#define CURVE_BYTES        33
#define HANDSHAKE_BYTES    1024

static void set_int(void *socket, int option, int value)
{
	zmq_setsockopt(socket, option, &value, sizeof value);
}

bool live_topics_fit(const char *const *topics, bool secure)
{
	size_t each = SUBSCRIPTION_BYTES + (secure ? CURVE_BYTES : 0);
	size_t bytes = HANDSHAKE_BYTES + each + strlen(HEARTBEAT_TOPIC);

	for (const char *const *t = topics; *t; t++)
		bytes += each + strlen(*t);
	return bytes <= SAID_MAX;
}

int live_open(struct live *live, int64_t now_ms)
{
	void *socket = zmq_socket(live->context, ZMQ_SUB);

	if (!socket)
		return -zmq_errno();
	set_int(socket, ZMQ_LINGER, 0);
	set_int(socket, ZMQ_RCVHWM, LIVE_QUEUE);
	set_int(socket, ZMQ_IPV6, 1);
	set_int(socket, ZMQ_TCP_KEEPALIVE, 1);
	set_int(socket, ZMQ_TCP_KEEPALIVE_IDLE, KEEPALIVE_IDLE_S);
	set_int(socket, ZMQ_TCP_KEEPALIVE_INTVL, KEEPALIVE_INTVL_S);
	set_int(socket, ZMQ_TCP_KEEPALIVE_CNT, KEEPALIVE_COUNT);
	set_int(socket, ZMQ_RECONNECT_IVL, RECONNECT_MS);
	set_int(socket, ZMQ_RECONNECT_IVL_MAX, RECONNECT_MAX_MS);
	/* Heartbeats last: once one comes, all other subscriptions are in force (rule 1). */
	for (const char *const *t = live->topics; *t; t++)
		zmq_setsockopt(socket, ZMQ_SUBSCRIBE, *t, strlen(*t));
	zmq_setsockopt(socket, ZMQ_SUBSCRIBE, HEARTBEAT_TOPIC, strlen(HEARTBEAT_TOPIC));
	int r = secure_socket(socket, live->key);
	if (r == 0 && zmq_connect(socket, live->endpoint) < 0)
		r = -zmq_errno();
	if (r < 0) {
		zmq_close(socket);
		return r;
	}
	live->socket = socket;
	live->heard_ms = now_ms;
	return 0;
}

void live_close(struct live *live)
{
	if (live->socket)
		zmq_close(live->socket);
	live->socket = NULL;
}

int live_reopen(struct live *live, int64_t now_ms)
{
	struct live fresh = *live;
	int r = live_open(&fresh, now_ms);

	if (r < 0)
		return r;
	live_close(live);
	*live = fresh;
	return 0;
}

void live_message_close(struct live_message *message)
{
	zmq_msg_close(&message->topic);
	zmq_msg_close(&message->body);
}

/* The frames after the topic; a message arrives whole or not at all. True: it is one of ours. */
static bool receive_rest(void *socket, struct live_message *m)
{
	zmq_msg_t line, extra;
	bool more = zmq_msg_more(&m->topic);
	size_t n = 1;

	zmq_msg_init(&line);
	for (; more; n++) {
		zmq_msg_init(&extra);
		zmq_msg_t *frame = n == 1 ? &line : n == 2 ? &m->body : &extra;
		more = frame_receive(socket, frame) == 0 && zmq_msg_more(frame);
		zmq_msg_close(&extra);
	}
	bool ok = n == 3 &&
		  cw_header_parse(zmq_msg_data(&line), zmq_msg_size(&line), &m->header) == 0;
	zmq_msg_close(&line);
	return ok;
}

int live_receive(struct live *live, struct live_message *ret)
{
	for (;;) {
		zmq_msg_init(&ret->topic);
		zmq_msg_init(&ret->body);
		if (frame_receive(live->socket, &ret->topic) < 0) {
			live_message_close(ret);
			return 0;
		}
		if (receive_rest(live->socket, ret))
			break;
		live_message_close(ret);
	}
	ret->heartbeat =
		zmq_msg_size(&ret->topic) == strlen(HEARTBEAT_TOPIC) &&
		!memcmp(zmq_msg_data(&ret->topic), HEARTBEAT_TOPIC, strlen(HEARTBEAT_TOPIC));
	return 1;
}

bool live_is_ours(const struct live *live, const char *topic, size_t n)
{
	for (const char *const *t = live->topics; *t; t++)
		if (strlen(*t) <= n && !memcmp(*t, topic, strlen(*t)))
			return true;
	return false;
}
