/* The frames around a request, which the reply repeats: the routing id that ROUTER put in front, and
 * whatever the client has before the empty delimiter (REQ_CORRELATE adds a request number). */
#pragma once

#include "base/buf.h"

#include <stdint.h>

/* REQ_CORRELATE and a proxy or two; what has more is not answered. */
#define ENVELOPE_FRAMES_MAX 8
#define ENVELOPE_BYTES_MAX  1024

struct envelope {
	struct buf bytes; /* all frames, one behind the other */
	uint16_t sizes[ENVELOPE_FRAMES_MAX];
	size_t n;
};

/* What came in one message. */
struct incoming {
	struct envelope envelope; /* the routing id first */
	struct buf body;          /* the request */
	bool fits;                /* one body frame, an envelope within the limits */
	int fd;                   /* of the connection it came on; -1: not known */
	char key[41];             /* of who is there (ZAP's User-Id); "": none was asked for */
};

/* Takes a message off the socket, reusing *in. 1; 0: there is none. */
int incoming_receive(struct incoming *in, void *socket);
void incoming_deinit(struct incoming *in);

void envelope_copy(struct envelope *to, const struct envelope *from);
void envelope_deinit(struct envelope *envelope);
struct str envelope_routing_id(const struct envelope *envelope);
/* Did ROUTER choose the id (five bytes, the first a zero), or the client? */
bool envelope_id_is_ours(const struct envelope *envelope);
/* Sends all frames, more to follow. 0; -EAGAIN: the peer does not read; -EHOSTUNREACH: it is gone. */
int envelope_send(const struct envelope *envelope, void *socket);
