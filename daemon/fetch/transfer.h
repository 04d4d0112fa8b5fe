/* One poll over HTTP: an easy handle, what its callbacks gather, and the reply it becomes. Inside
 * fetch/ only. */
#pragma once

#include <sys/socket.h>

#include <curl/curl.h>

#include "base/list.h"
#include "fetch/headers.h"
#include "fetch/limits.h"
#include "fetch/multi.h"

/* Why our own callbacks ended a transfer; libcurl then only knows that they did. */
enum transfer_stop {
	STOP_NONE,
	STOP_WIRE,    /* too many bytes on the wire */
	STOP_DECODED, /* too many bytes decoded */
	STOP_RATIO,   /* decoded is too many times the wire */
	STOP_HEADERS,
	STOP_SPOOL,  /* our disk; spool_error says why */
	STOP_ENOUGH, /* of a page nobody reads: no failure */
};

/* Long because all of libcurl's callbacks for one request meet here and nowhere else. */
struct transfer {
	struct list link; /* in one of the fetcher's lists */
	struct pool *pool;
	struct transfer_desk *desk;
	const struct fetch_limits *limits;
	CURL *easy;                      /* NULL: none yet, or handed back */
	struct curl_slist conditions[2]; /* what this request says beside the desk's headers */
	struct reply *reply;
	struct response response;
	struct hash_mixer hash; /* of the body: who sends two with one hash harms his own feed */
	char curl_error[CURL_ERROR_SIZE];
	struct sockaddr_storage peer;         /* last address tried */
	const char *refused;                  /* kind of an address that was not tried … */
	struct sockaddr_storage refused_peer; /* … and which */
	int socket_error, spool_error;
	size_t unread; /* bytes of a page nobody reads */
	enum transfer_stop stop;
	unsigned hops;
	enum schedule_lane lane;
	char *form;       /* what is sent; NULL: a poll. Owned. */
	bool permanent;   /* all hops so far were 301 or 308 */
	bool at_once;     /* this request follows a redirect, without having waited for its turn */
	bool private;     /* the handle has seen a secret or a proxy: it is not used again */
	bool resolving;   /* counted in the desk */
	struct str leads; /* its key in pool->connecting: others wait for its connection */
	struct transfer *leader; /* which this one waits for */
	bool led;                /* it has waited once */
	bool turned_away;        /* the gate has refused an address … */
	uint8_t full[16];        /* … this one */
	int64_t began_us;        /* monotonic; 0: it has not */
	int64_t spent_us;        /* before that, on requests to other hosts */
};

/* Asked before a connection is opened. NULL: nobody is. */
struct transfer_gate {
	/* May the feed's request go to this address now? Redirects followed at once are not asked about. */
	bool (*meets)(
		struct transfer_gate *gate, const struct feed *feed, const uint8_t address[16]);
};

/* What transfers share. */
struct transfer_desk {
	struct transfer_gate gate;
	struct lane_places resolving;    /* transfers that may be waiting for the resolver */
	struct list waiting[LANE_COUNT]; /* for a place among those */
	struct list following;           /* for another one's connection to their host */
	/* What every request says. In the list, not in libcurl's own options, which would put each line
	 * together twice. */
	struct curl_slist *headers;
	char *user_agent;
	struct fetch_trace *trace; /* NULL: nobody watches */
};

struct transfer *transfer_new(
	struct reply *reply, struct transfer_desk *desk, const struct fetch_limits *limits);
/* The reply, if still there, goes too; the easy handle must be out. NULL-safe; returns NULL. */
struct transfer *transfer_free(struct transfer *transfer);

/* An easy handle with all that is the same for every request. NULL: no memory. */
CURL *transfer_easy_new(const struct transfer_desk *desk, const struct fetch_limits *limits);

/* Makes `easy` ask for `url` (the feed's, or where that redirects to). 0, or -1 when it must not or
 * cannot: then the reply has its outcome. */
int transfer_aim(struct transfer *transfer, CURL *easy, const char *url);

/* No name is being looked up for it (any more). */
void transfer_resolved(struct transfer *transfer);

/* Another transfer connects to the same host right now: this one waits in the desk's `following`
 * until that is done, for over HTTP/2 it needs no connection of its own. If none does, this one
 * leads from now on. (CURLOPT_PIPEWAIT would do it inside libcurl, but there the one that waits for
 * a host that is silent is held up for as long again as each one before it; and over plain HTTP it
 * waits for a whole answer.) */
bool transfer_follows(struct transfer *transfer);
/* Its connection stands, or never will: those that follow go on. */
void transfer_led(struct transfer *transfer);

/* Is the body of the answer what was asked for? */
static inline bool transfer_has_body(const struct transfer *t)
{
	return !t->form && (t->response.status == 200 || t->response.status == 203);
}

/* It has ended without a request, for the gate was shut. */
static inline bool transfer_was_turned_away(const struct transfer *transfer, CURLcode code)
{
	return transfer->turned_away && code == CURLE_COULDNT_CONNECT;
}

/* Tells the trace, if there is one, of the request that has ended. */
void transfer_tell(const struct transfer *transfer);

/* What the end means: NULL: the reply is complete; else the URL to ask next (free() it). */
char *transfer_end(struct transfer *transfer, CURLcode code);
/* Is that URL, which may be asked, at another host than the one that redirects there? */
bool transfer_leaves_host(struct transfer *transfer, const char *next);
/* What goes on at that URL; takes it over. */
struct hop transfer_hop(const struct transfer *transfer, char *next);
