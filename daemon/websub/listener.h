/* Where hubs come: libmicrohttpd on a thread of its own. Behind each unguessable path is one subscription;
 * the listener confirms what is expected of it, checks signatures while bodies come in, and tells the loop.
 * A push that counts keeps its connection waiting until the loop has had it journaled. */
#pragma once

#include "base/error.h"
#include "model/body.h"
#include "model/subscription.h"

struct listener;

enum knock_kind {
	KNOCK_SUBSCRIBED,   /* the hub has asked whether we mean it, and was told yes */
	KNOCK_UNSUBSCRIBED, /* likewise */
	KNOCK_DENIED,
	KNOCK_PING,  /* there is news; what it is does not count */
	KNOCK_PUSH,  /* with a body whose signature fits */
	KNOCK_WRONG, /* with one that does not, or none */
};

/* What a hub has said. Whoever takes it ends it: a push by listener_answer(), which may come at any time
 * and from any thread, and the others by knock_free(). */
struct knock {
	enum knock_kind kind;
	char token[SUBSCRIPTION_TOKEN_MAX];
	int64_t lease_us; /* of KNOCK_SUBSCRIBED; 0: the hub did not say */
	char *reason;     /* of KNOCK_DENIED; NULL */
	/* Of KNOCK_PUSH; may be taken out. */
	struct body body;
	char *content_type;
	int64_t received_us; /* since 1970 */
	struct call *call;   /* the listener's */
};
/* NULL-safe; returns NULL. Not for pushes. */
struct knock *knock_free(struct knock *knock);

struct listener_sink {
	/* In the listener's thread. False: there is no room, and the knock stays the listener's. */
	bool (*knock)(struct listener_sink *sink, struct knock *knock);
};

/* `bind`: an IP address and a port. */
int listener_start(
	struct listener **ret, const char *bind, struct listener_sink *sink, struct error *error);
/* No more knocks come after this; those that were taken are to be answered, then it can be freed. */
void listener_end(struct listener *listener);
/* NULL-safe; returns NULL. */
struct listener *listener_free(struct listener *listener);

/* What is behind a token, from now on (copied). */
struct door {
	const char *token, *topic;
	const char *secret; /* NULL or "": pushes are pings */
	bool subscribe,
		unsubscribe; /* what may be confirmed; pushes count while the first is set */
	int64_t max_body;    /* bytes; 0: LISTENER_BODY_MAX */
};
void listener_open(struct listener *listener, const struct door *door);
void listener_close(struct listener *listener, const char *token);

/* Ends a push: the hub is answered with this HTTP status. */
void listener_answer(struct listener *listener, struct knock *knock, unsigned status);

/* Cuts connections whose request has taken too long. Once in some seconds; any thread. */
void listener_cut_slow(struct listener *listener, int64_t now_us);
/* Is its thread at one step for longer than this? `now_us` on the monotonic clock. Any thread. */
bool listener_is_stuck(const struct listener *listener, int64_t now_us, int64_t limit_us);
