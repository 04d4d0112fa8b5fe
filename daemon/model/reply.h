/* One poll's answer: what the fetcher hands on. A sick server is not our error but an outcome. */
#pragma once

#include "base/cleanup.h"
#include "model/body.h"
#include "model/feed.h"
#include "model/state.h"

enum reply_outcome {
	REPLY_BODY,         /* 200 with a body */
	REPLY_SAME_BODY,    /* 200 with the body we had (same hash): nothing to read */
	REPLY_NOT_MODIFIED, /* 304 */
	REPLY_OUTDATED,     /* 200 with what a cache has kept from before what we had */
	REPLY_GONE,         /* 410 */
	REPLY_BUSY,         /* 429 or 503 */
	REPLY_HTTP_ERROR,   /* any other status */
	REPLY_NETWORK,      /* no connection, TLS, DNS, timeout, cut off */
	REPLY_REFUSED,      /* we would not: address, scheme, redirect */
	REPLY_TOO_LARGE,    /* past a limit of FETCH */
	REPLY_LOCAL,        /* our own trouble (no descriptor, no disk): not the feed's fault */
	REPLY_OUTCOME_COUNT
};
extern const char *const reply_outcome_names[REPLY_OUTCOME_COUNT];

struct reply {
	struct feed *feed; /* a reference */
	struct feed_state
		state; /* as it was when the request was made; settled before the journal */
	bool forgot;   /* validators, for they were not to be sent: `state` had some */

	enum reply_outcome outcome;
	int http_status;     /* 0: none */
	char *url;           /* where the body came from, after redirects */
	char *permanent_url; /* target of an unbroken chain of 301/308, or NULL */
	char *etag, *last_modified;
	char *content_type, *content_location, *content_language;
	char *links; /* Link fields with a hub or a self in them, joined by commas; NULL */
	int64_t retry_after_us;          /* wait asked for by Retry-After; -1: none */
	int64_t fresh_us;                /* Cache-Control max-age − Age, or Expires; -1: none */
	int64_t started_us, finished_us; /* microseconds since 1970 */
	int64_t made_us; /* Date: when the server made the body; 0: it is not said */
	bool pushed;     /* a hub has sent it: no poll's answer */
	struct body body;
	struct hash body_hash;
	/* For outcomes that are none of the first four: */
	enum fault fault;
	char *error; /* one sentence */
};

struct reply *reply_new(const struct feed *feed, const struct feed_state *state);
/* It did not work: sets the fault, the outcome that follows from it, and the sentence (taken over). */
void reply_fail(struct reply *reply, enum fault fault, char *sentence);
/* NULL-safe; returns NULL. */
struct reply *reply_free(struct reply *reply);
CLEANUP_DEFINE(struct reply, reply_free);
