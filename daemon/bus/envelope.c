#include "bus/envelope.h"

#include <errno.h>
#include <zmq.h>

/* Requests are a few hundred bytes. */
#define BODY_KEEP 65536

static void clear(struct incoming *in)
{
	buf_clear(&in->envelope.bytes);
	in->envelope.n = 0;
	buf_shrink(&in->body, BODY_KEEP); /* one large request is not kept for ever */
	in->fits = true;
	in->fd = -1;
	in->key[0] = '\0';
}

/* Only frames that came over the wire know it: the first, which ROUTER made, may not. */
static void read_origin(struct incoming *in, zmq_msg_t *frame)
{
	const char *key = zmq_msg_gets(frame, "User-Id");

	in->fd = zmq_msg_get(frame, ZMQ_SRCFD);
	if (key && strlen(key) < sizeof in->key)
		memcpy(in->key, key, strlen(key) + 1);
}

static void add_frame(struct incoming *in, const char *p, size_t n)
{
	struct envelope *e = &in->envelope;

	if (e->n == ENVELOPE_FRAMES_MAX || n > ENVELOPE_BYTES_MAX - e->bytes.n) {
		in->fits = false;
		return;
	}
	buf_add(&e->bytes, p, n);
	e->sizes[e->n++] = (uint16_t)n;
}

/* A DEALER may leave the delimiter out: then the last frame is the request, and the frames before
 * it, if any, are the envelope. */
static void read_frame(struct incoming *in, zmq_msg_t *frame, bool *delimited, bool *has_body)
{
	const char *p = zmq_msg_data(frame);
	size_t n = zmq_msg_size(frame);
	bool last = !zmq_msg_more(frame);

	if (!in->fits)
		return;
	if (*has_body) {
		buf_clear(&in->body); /* two are none: that gets an answer */
	} else if (last || *delimited) {
		*has_body = true;
		buf_add(&in->body, p, n);
	} else {
		*delimited = !n && in->envelope.n > 0;
		add_frame(in, p, n);
	}
}

int incoming_receive(struct incoming *in, void *socket)
{
	bool more = true, delimited = false, has_body = false;

	clear(in);
	for (bool first = true; more; first = false) {
		zmq_msg_t frame;
		zmq_msg_init(&frame);
		/* A message is there whole or not at all: only the first frame can be missing. */
		if (zmq_msg_recv(&frame, socket, ZMQ_DONTWAIT) < 0) {
			zmq_msg_close(&frame);
			if (first)
				return 0;
			break;
		}
		more = zmq_msg_more(&frame);
		if (!more)
			read_origin(in, &frame);
		read_frame(in, &frame, &delimited, &has_body);
		zmq_msg_close(&frame);
	}
	return 1;
}

void incoming_deinit(struct incoming *in)
{
	envelope_deinit(&in->envelope);
	buf_deinit(&in->body);
}

void envelope_copy(struct envelope *to, const struct envelope *from)
{
	*to = *from;
	to->bytes = BUF_INIT;
	buf_add(&to->bytes, from->bytes.p, from->bytes.n);
}

void envelope_deinit(struct envelope *envelope)
{
	buf_deinit(&envelope->bytes);
	envelope->n = 0;
}

struct str envelope_routing_id(const struct envelope *envelope)
{
	return str_make(envelope->bytes.p, envelope->sizes[0]);
}

bool envelope_id_is_ours(const struct envelope *envelope)
{
	return envelope->sizes[0] == 5 && envelope->bytes.p[0] == '\0';
}

int envelope_send(const struct envelope *envelope, void *socket)
{
	const char *p = envelope->bytes.p;

	for (size_t i = 0; i < envelope->n; i++) {
		/* ROUTER decides with the first frame; what follows belongs to that decision. */
		if (zmq_send(socket, p, envelope->sizes[i], ZMQ_SNDMORE | ZMQ_DONTWAIT) < 0)
			return -zmq_errno();
		p += envelope->sizes[i];
	}
	return 0;
}
