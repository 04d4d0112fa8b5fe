#include "bus/zap.h"

#include <errno.h>
#include <string.h>
#include <zmq.h>

/* version, request id, domain, address, identity, mechanism, and the key */
enum { AT_VERSION, AT_ID, AT_DOMAIN, AT_ADDRESS, AT_IDENTITY, AT_MECHANISM, AT_KEY, FRAMES };

#define KEY_BYTES 32

static void copy(char *to, size_t size, zmq_msg_t *frame)
{
	size_t n = zmq_msg_size(frame);

	if (n >= size)
		n = size - 1;
	memcpy(to, zmq_msg_data(frame), n);
	to[n] = '\0';
}

/* IPv4 comes as a part of IPv6, as the socket speaks both. */
static void copy_address(char *to, size_t size, zmq_msg_t *frame)
{
	static const char mapped[] = "::ffff:";
	size_t n = sizeof mapped - 1;

	copy(to, size, frame);
	if (!strncmp(to, mapped, n) && strchr(to, '.'))
		memmove(to, to + n, strlen(to + n) + 1);
}

/* False: not what it should be. */
static bool take_frame(struct zap_request *to, int at, zmq_msg_t *frame)
{
	const char *p = zmq_msg_data(frame);
	size_t n = zmq_msg_size(frame);

	switch (at) {
	case AT_VERSION:
		return n == 3 && !memcmp(p, "1.0", 3);
	case AT_ID:
		copy(to->id, sizeof to->id, frame);
		to->id_n = n < sizeof to->id ? n : sizeof to->id - 1;
		return n < sizeof to->id;
	case AT_DOMAIN:
		copy(to->domain, sizeof to->domain, frame);
		return n < sizeof to->domain;
	case AT_ADDRESS:
		copy_address(to->address, sizeof to->address, frame);
		return true; /* for the log only */
	case AT_IDENTITY:
		return true;
	case AT_MECHANISM:
		return n == 5 && !memcmp(p, "CURVE", 5);
	case AT_KEY:
		return n == KEY_BYTES && zmq_z85_encode(to->key, (const uint8_t *)p, n);
	default:
		return false;
	}
}

int zap_receive(void *socket, struct zap_request *ret)
{
	struct zap_request request = {.id_n = 0};
	bool more = true, good = true;
	int at = 0;

	for (; more; at++) {
		zmq_msg_t frame;
		zmq_msg_init(&frame);
		if (zmq_msg_recv(&frame, socket, ZMQ_DONTWAIT) < 0) {
			zmq_msg_close(&frame);
			return 0; /* a message is there whole or not at all */
		}
		more = zmq_msg_more(&frame);
		good = take_frame(&request, at, &frame) && good;
		zmq_msg_close(&frame);
	}
	*ret = request;
	return good && at == FRAMES ? 1 : -EPROTO;
}

void zap_answer(void *socket, const struct zap_request *request, bool admit)
{
	/* "300" ends the connection without an ERROR for the client; "400" would tell it. */
	const char *status = admit ? "200" : "300";

	(void)zmq_send(socket, "1.0", 3, ZMQ_SNDMORE);
	(void)zmq_send(socket, request->id, request->id_n, ZMQ_SNDMORE);
	(void)zmq_send(socket, status, 3, ZMQ_SNDMORE);
	(void)zmq_send(socket, "", 0, ZMQ_SNDMORE); /* status text */
	(void)zmq_send(socket, request->key, admit ? strlen(request->key) : 0, ZMQ_SNDMORE);
	(void)zmq_send(socket, "", 0, 0); /* metadata */
}
