/* Feeds over HTTP and HTTPS (and from files, where that is allowed): politely, within limits, and
 * never from an address inside our own network unless the feed's allow_net names it. libcurl's
 * multi_socket on libuv; nothing is kept per feed. One thread: the loop's. The process must ignore
 * SIGPIPE. */
#pragma once

#include "base/error.h"
#include "model/hop.h"
#include "model/reply.h"
#include "model/settings.h"
#include "schedule/lane.h"

struct fetcher;
typedef struct uv_loop_s uv_loop_t; /* libuv's own name */

struct fetch_sink {
	/* The poll's first request goes out, or what stands for it: a file is read, a refusal comes. Once
	 * for each fetch_submit() and fetch_go_on(), from inside which it may be called. May be NULL. */
	void (*began)(struct fetch_sink *sink, const struct reply *reply);
	/* The reply is the sink's from then on. Never called from inside fetch_submit(); may submit,
	 * must not free the fetcher. */
	void (*done)(struct fetch_sink *sink, struct reply *reply);
	/* May be NULL: may the feed's request go to this address (16 bytes, IPv4 as ::ffff:a.b.c.d) now?
	 * Nothing of the fetcher may be called from here. If not, and no other address will do, the poll
	 * is over without a reply, and `turned_away` is told. Nobody is asked of redirects that are
	 * followed at once. */
	bool (*meets)(struct fetch_sink *sink, const struct feed *feed, const uint8_t address[16]);
	void (*turned_away)(
		struct fetch_sink *sink, const struct feed *feed, const uint8_t address[16]);
	/* A poll is redirected to another host, which is not asked before fetch_go_on(): until then it is
	 * over, without a reply. The hop is the sink's. NULL: all redirects are followed at once, as those
	 * within a host are, and those of fetch_post(). */
	void (*hopped)(struct fetch_sink *sink, const struct feed *feed, struct hop *hop);
};

/* Settings (but see fetcher_set()) and sink must outlive the fetcher. */
int fetcher_new(struct fetcher **ret, uv_loop_t *loop, const struct fetch_settings *settings,
	struct fetch_sink *sink, struct error *error);
/* Ends all transfers (their replies are freed, not delivered) and closes its libuv handles; the
 * loop must run once more before it is closed. NULL-safe; returns NULL. */
struct fetcher *fetcher_free(struct fetcher *fetcher);

/* One request of a poll, for a person who wants to see what happens: texts are valid during the call. */
struct fetch_hop {
	const char *url;
	int status;           /* 0: no answer */
	const char *reason;   /* the status in words; NULL: none known */
	const char *location; /* where a redirect leads, as received; NULL */
	const char *address;  /* that was connected to; NULL: none */
	const char *refused;  /* kind of an address that was not tried; NULL */
	int http_version;     /* 10, 11, 20, 30; 0: unknown */
	bool conditional;     /* it carried validators */
	int64_t wire, took_us;
	/* Of the server's certificate; NULL without TLS. */
	const char *subject, *issuer, *expires;
};

struct fetch_trace {
	void (*hop)(struct fetch_trace *trace, const struct fetch_hop *hop);
};
/* Tells of each request when it has ended; before the first fetch_submit(). */
void fetcher_trace(struct fetcher *fetcher, struct fetch_trace *trace);

/* Starts a poll with what is remembered of the feed (copied). Cannot fail: what goes wrong comes as
 * the reply's outcome. Look-ups of names have lanes, too, so that names that hang hold up no others. */
void fetch_submit(struct fetcher *fetcher, const struct feed *feed, const struct feed_state *state,
	enum schedule_lane lane);
/* The same for a poll that a redirect has led to another host: goes on there (the hop is copied). */
void fetch_go_on(struct fetcher *fetcher, const struct feed *feed, const struct feed_state *state,
	const struct hop *hop, enum schedule_lane lane);
/* Counts a poll that has ended like this without the fetcher. */
void fetch_count(const struct reply *reply);
/* The poll for this very feed has turned out to be slow. */
void fetch_slow(struct fetcher *fetcher, const struct feed *feed);
/* Sends a form (application/x-www-form-urlencoded) to a URL that a feed has named, once: under the same
 * limits, to the same networks and by the same proxy as the feed, without its login. Redirects are
 * followed only where they keep the request what it is (307, 308), and never out of TLS. The reply is
 * REPLY_BODY, without a body, for any 2xx. URL and form are copied. */
void fetch_post(struct fetcher *fetcher, const struct feed *feed, const char *url, const char *form,
	enum schedule_lane lane);
/* Other settings from now on (they must outlive the fetcher, or the next ones); transfers under way
 * keep theirs. */
void fetcher_set(struct fetcher *fetcher, const struct fetch_settings *settings);
/* Ends the transfer for this very feed without a word to the sink. False: there is none (any more).
 * Not from inside the sink. */
bool fetch_cancel(struct fetcher *fetcher, const struct feed *feed);
/* Transfers begun and not yet delivered. */
size_t fetch_active(const struct fetcher *fetcher);
