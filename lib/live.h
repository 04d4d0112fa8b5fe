/* The live socket: frames in, messages out. One SUB socket, made anew after silence. */
#ifndef LIB_LIVE_H
#define LIB_LIVE_H

#include <civicwire/key.h>
#include <civicwire/wire.h>
#include <stdbool.h>
#include <stdint.h>
#include <zmq.h>

struct live {
	void *context, *socket;
	const char *endpoint;      /* not owned */
	const char *const *topics; /* not owned, ended by NULL */
	const struct cw_key *key;  /* not owned; NULL: in the clear */
	int64_t heard_ms; /* monotonic: when the last heartbeat came, or the socket was made */
};

struct live_message {
	struct cw_header header;
	bool heartbeat;
	zmq_msg_t topic, body;
};

void live_message_close(struct live_message *message);

/* Does a server hear all these subscriptions to the end? `secure`: with a key. */
bool live_topics_fit(const char *const *topics, bool secure);

/* Connects to live->endpoint; live->context, topics and key are set too. 0 or -errno: -EINVAL for
 * an endpoint that is none. */
int live_open(struct live *live, int64_t now_ms);
void live_close(struct live *live);
/* A new socket in place of the old one, which stays if that fails. 0 or -errno. */
int live_reopen(struct live *live, int64_t now_ms);
/* 1: *ret is the caller's; 0: nothing there. What is not of this protocol is skipped. */
int live_receive(struct live *live, struct live_message *ret);
/* Does the body's topic belong to what we subscribe to? */
bool live_is_ours(const struct live *live, const char *topic, size_t n);

#endif
