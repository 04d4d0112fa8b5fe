/* Subscribing without loss: live for latency, replay for whatever live lost.
 *
 * A subscriber follows the four rules of the wire protocol: it accounts for every event of its
 * topics by the chain of `prev` and by heartbeats, and asks the journal for what it finds missing.
 * Each event is handed out once, in the order of sequences within every topic. What was handed out
 * and committed is remembered in the cursor (and in the cursor file, if one is named), so a client
 * that starts again goes on where it was. */
#ifndef CIVICWIRE_SUBSCRIBER_H
#define CIVICWIRE_SUBSCRIBER_H

#include <civicwire/event.h>

#ifdef __cplusplus
extern "C" {
#endif

struct cw_subscriber;

#define CW_LIVE_DEFAULT   "tcp://127.0.0.1:5570"
#define CW_REPLAY_DEFAULT "tcp://127.0.0.1:5571"

/* Zero it, set what differs from the defaults; all texts are copied. */
struct cw_subscriber_options {
	const char *live;   /* ZeroMQ endpoint; NULL: CW_LIVE_DEFAULT; "": replay only */
	const char *replay; /* NULL: CW_REPLAY_DEFAULT */
	const char *const
		*topics; /* prefixes such as "theme/climate/", ended by NULL; NULL: "feed/" */
	/* Where to begin: a cursor, "oldest", "now", or a time as RFC 3339. NULL: "now". A cursor
	 * file that exists goes before. */
	const char *after;
	/* Read at the start, replaced whole by cw_subscriber_commit(). NULL: none. */
	const char *cursor_file;
	/* For servers that ask for a key (CURVE): the file with this client's public and secret
	 * key (key.h), used on both sockets. NULL: none; what is said is not encrypted then. */
	const char *key_file;
	/* The file with the server's public key. NULL: key_file says it too (server-key). */
	const char *server_key_file;
};

/* Counted since the start. */
struct cw_subscriber_stats {
	uint64_t live_events; /* messages that came on live, several views of one event included */
	uint64_t handed_out;  /* events */
	uint64_t losses;      /* times the rules proved that something is missing */
	uint64_t resyncs;     /* times they could not exclude it: a lost heartbeat, a new bus */
	uint64_t filled;      /* events that replay brought after a loss */
	uint64_t heartbeats;
	uint64_t reconnects; /* new live sockets after silence */
};

/* Connects; nothing is waited for. 0, or -EINVAL (topics, endpoints, `after`, a cursor or key file
 * that is not one, a key without the server's), -E2BIG (topics: more than 1000, or more bytes than a
 * server hears, 64 KiB: as a request with 3 for each topic, as subscriptions with 12, with a key
 * with 45), -ENOMEM, or the errno of a file. A server that does
 * not admit the key says nothing: no event comes, and cw_subscriber_is_current() stays 0. The
 * subscriber is the caller's. */
int cw_subscriber_open(
	const struct cw_subscriber_options *options, struct cw_subscriber **ret_subscriber);
/* Does not commit. NULL is allowed; returns NULL. */
struct cw_subscriber *cw_subscriber_close(struct cw_subscriber *subscriber);

/* Waits up to timeout_ms (0: not at all; -1: for ever) for the next event. 1: *ret_event is the
 * caller's. 0: nothing came. Negative: see cw_subscriber_error() for the sentence:
 *   -ENODATA  the journal no longer keeps what follows the cursor: events are lost for this client
 *   -ESTALE   the server lost data and began a new epoch: what was not yet seen may be gone
 *             (after either the next call goes on from the oldest event there is)
 *   -EACCES, -EINVAL, -EPROTO  the server refuses; calling again will not help
 *             (-EPROTO once, and the next call goes on: it sent an event or cursor that is none)
 *   -EINTR    a signal came
 *   -ENOMEM   call again when there is memory */
int cw_subscriber_next(
	struct cw_subscriber *subscriber, int timeout_ms, struct cw_event **ret_event);

/* A descriptor for foreign event loops: while it polls readable, call cw_subscriber_next() with
 * timeout 0 until that returns 0. Owned by the subscriber, the same for its whole life. */
int cw_subscriber_fd(const struct cw_subscriber *subscriber);

/* All events handed out so far are done: moves the cursor, and replaces the cursor file (written
 * aside, synced, renamed) if there is one; nothing happens where nothing has moved. 0 or the
 * negative errno of the file. */
int cw_subscriber_commit(struct cw_subscriber *subscriber);

/* The cursor as of the last commit, to be kept where the events' effects are kept. It may lie
 * before events handed out (up to a heartbeat, 5 s): after a restart from it these come again, with
 * the same ids. The cursor file knows them and does not. "" before the first contact. Valid until
 * the next call. */
const char *cw_subscriber_cursor(const struct cw_subscriber *subscriber);

/* Is everything up to the server's head handed out, as far as is known now? 1 or 0. */
int cw_subscriber_is_current(const struct cw_subscriber *subscriber);

void cw_subscriber_stats(
	const struct cw_subscriber *subscriber, struct cw_subscriber_stats *ret_stats);

/* The sentence of the last negative result; "" if there was none. Valid until the next call. */
const char *cw_subscriber_error(const struct cw_subscriber *subscriber);

#ifdef __cplusplus
}
#endif

#endif
