/* A feed as configured: what to poll, and what its events will say about where they come from.
 * Immutable once made and counted by reference, because replies under way outlive a reload. Made
 * by config/ (or by the CLI for a URL); all texts belong to the feed: they lie in its own arena, or in the
 * blocks that feed_pack() made. */
#pragma once

#include "base/arena.h"
#include "base/cleanup.h"

#include <stdatomic.h>
#include <stdint.h>

enum feed_kind { FEED_NEWS, FEED_ALERT, FEED_EVENT, FEED_KIND_COUNT };
extern const char *const feed_kind_names[FEED_KIND_COUNT];

enum feed_auth { FEED_AUTH_NONE, FEED_AUTH_BASIC, FEED_AUTH_BEARER, FEED_AUTH_CERTIFICATE };

struct feed_access {
	enum feed_auth auth;
	const char *user;        /* basic */
	const char *secret_file; /* password or token, read at each use, never logged */
	const char *certificate_file, *key_file;
	const char *proxy;
	const char **allow_net; /* "127.0.0.0/8": private networks this feed may live in */
	size_t n_allow_net;
};

struct feed {
	atomic_uint refs;
	struct arena arena;
	struct feed_common *common; /* texts that it has together with others; may be NULL */

	const char *id;            /* "mx-mex.cgai.noticias" */
	const char *city, *agency; /* "mx-mex", "cgai": ids */
	const char *name;          /* "noticias": the feed's own part of the id */
	const char *path;          /* "mx-mex/cgai/noticias": as in topics and the event's source */
	const char *city_name,
		*agency_name; /* for people, in the feed's language if there is one */
	const char **networks, **themes, **formerly; /* ids, sorted; former feed ids */
	size_t n_networks, n_themes, n_formerly;
	enum feed_kind kind;
	const char *language; /* BCP 47; NULL: unknown */
	const char *timezone; /* IANA name; NULL: unknown */
	const char *licence, *contact;
	const char *translates; /* id of the feed this one translates, or NULL */
	double latitude, longitude;
	bool has_point;

	const char *url;
	int64_t interval_us;
	int64_t interval_max_us; /* where `adaptive` may go */
	bool adaptive;           /* polled as often as its own news come, between the two */
	bool ignore_hints;       /* what the feed asks for does not count */
	int64_t max_body;        /* bytes decoded; 0: fetch's own limit */
	bool emails;             /* author addresses may be published */
	bool complete;           /* the feed always lists everything: absence is withdrawal */
	bool enabled;
	bool websub; /* its hub may push */
	struct feed_access access;
};

/* A feed with one reference and everything else zero; fill it before sharing it. */
struct feed *feed_new(void);
/* A copy of it that has one reference and lies, with its texts, in one block of just their size: of a
 * million feeds each byte is a megabyte. What feeds of an agency mostly have alike (names, language,
 * networks, access …) is in a block of its own, which is that of `like` (may be NULL) if it has all of that
 * alike. Its own arena stays empty. Any thread. */
struct feed *feed_pack(const struct feed *draft, const struct feed *like);
struct feed *feed_ref(const struct feed *feed);
/* Are they configured alike? */
bool feed_access_equal(const struct feed_access *a, const struct feed_access *b);
bool feed_equal(const struct feed *a, const struct feed *b);
/* NULL-safe; returns NULL. Any thread. */
struct feed *feed_unref(const struct feed *feed);

static inline void feed_unref_p(struct feed **feed)
{
	feed_unref(*feed);
}
