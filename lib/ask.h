/* Asking the journal: one request, one reply, over a DEALER socket that is made anew when an
 * answer stays out. */
#ifndef LIB_ASK_H
#define LIB_ASK_H

#include <civicwire/key.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <zmq.h>

/* The longest cursor the protocol has: epoch, dot, 20 digits. */
#define ASK_CURSOR_MAX 48
/* Events per reply: the server's limit. */
#define ASK_EVENTS_MAX 1000
/* Topics of a request, and its bytes: likewise. */
#define ASK_TOPICS_MAX 1000
#define ASK_BYTES_MAX  65536

struct ask {
	void *context, *socket;
	const char *endpoint;      /* not owned */
	const char *const *topics; /* not owned, ended by NULL */
	const struct cw_key *key;  /* not owned; NULL: in the clear */
	uint64_t number;           /* of the request under way, echoed as its id */
	bool waiting;
	int64_t deadline_ms; /* monotonic: without an answer until then, ask again */
};

enum ask_result {
	ASK_NOTHING,  /* no answer yet */
	ASK_EVENTS,   /* next, more and events are filled */
	ASK_LATER,    /* overloaded or shutting down: ask again after retry_ms */
	ASK_OUTDATED, /* the cursor's events are gone; `oldest` is where to go on */
	ASK_EPOCH,    /* the epoch has changed; likewise */
	ASK_REFUSED,  /* `error` says why, and `message`, if there is one */
};

struct ask_reply {
	char next[ASK_CURSOR_MAX], oldest[ASK_CURSOR_MAX];
	bool more;
	int64_t retry_ms;
	char error[64], message[192];
	zmq_msg_t events[ASK_EVENTS_MAX];
	size_t n_events;
};

/* Do they fit into a request? */
bool ask_topics_fit(const char *const *topics);

/* Connects to ask->endpoint; ask->context, topics and key are set too. 0 or -errno. */
int ask_open(struct ask *ask);
void ask_close(struct ask *ask);

/* `after` is a cursor, "oldest", "now", or an RFC 3339 time. 0 or -errno. */
int ask_send(struct ask *ask, const char *after, int wait_s, int64_t now_ms);
/* Makes the socket anew; the old one stays if that fails. Nothing is waited for then, and ask_send()
 * must be called again. 0 or -errno. */
int ask_reopen(struct ask *ask);
/* Has the text the shape of an RFC 3339 time? */
bool ask_is_time(const char *after);
/* With ASK_EVENTS the events are the caller's: ask_reply_clear(). */
enum ask_result ask_receive(struct ask *ask, struct ask_reply *ret);
void ask_reply_clear(struct ask_reply *reply);

#endif
