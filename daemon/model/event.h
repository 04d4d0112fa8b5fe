/* One event on its way into the journal: the CloudEvents envelope of EVENT around `data`. The
 * journal gives it its sequence and writes the JSON; from then on it is bytes. */
#pragma once

#include "base/clock.h"
#include "base/hash.h"
#include "base/json.h"
#include "model/feed.h"

/* An event is at most this long (EVENT, "Size"). */
#define EVENT_BYTES_MAX (1024 * 1024)
/* A topic is at most this long (WIRE: libzmq 4.3.4 never delivers for subscriptions of 246–255). */
#define TOPIC_BYTES_MAX 200

enum event_type {
	EVENT_ITEM_PUBLISHED,
	EVENT_ITEM_UPDATED,
	EVENT_ITEM_WITHDRAWN,
	EVENT_FEED_FAILING,
	EVENT_FEED_RECOVERED,
	EVENT_FEED_MOVED,
	EVENT_FEED_GONE,
	EVENT_FEED_QUIET,
	EVENT_FEED_NOISY,
	EVENT_TYPE_COUNT
};
/* "item.published" …; on the wire "org.civicwire.<name>.v1". */
extern const char *const event_type_names[EVENT_TYPE_COUNT];

static inline bool event_is_item(enum event_type type)
{
	return type <= EVENT_ITEM_WITHDRAWN;
}

struct event {
	enum event_type type;
	const struct feed *feed;
	const char *publisher; /* prefix of source and dataschema, no slash at its end */
	struct hash item;      /* item key; unused for feed events */
	unsigned version;      /* of the item, from 1 */
	struct str subject;
	int64_t time_s; /* TIME_NONE: the item does not say */
	int64_t recorded_us;
	struct str language; /* STR_NONE: unknown */
	const struct str *themes;
	size_t n_themes;
	bool backfill;
	struct str data;         /* JSON object */
	const struct str *views; /* topics "feed/…/", no duplicates */
	size_t n_views;
};

/* Writes the envelope as one JSON document. Pure. */
void event_write(struct buf *out, const struct event *event, uint64_t seq);
/* Adds the topics of an event to views[] (room for EVENT_VIEWS_OWN + themes + networks), in the
 * arena: feed/, theme/ …, network/ …, kind/ for items; sys/feed/ for the others. Returns how many. */
#define EVENT_VIEWS_OWN 2
size_t event_views(struct arena *arena, const struct event *event, struct str *views);

/* Of an event's JSON, as event_write() made it: its id, or STR_NONE for what it did not make. */
struct str event_id_of(struct str json);
/* Writes the tombstone of an event: its envelope without subject, the type org.civicwire.item.redacted.v1,
 * and data that says nothing, but when it was redacted if there is room: it is as long as what it
 * replaces, with blanks at its end, so that a store can overwrite in place. False, and nothing
 * written, for what event_write() did not make. */
bool event_redact(struct buf *out, struct str json, int64_t now_us);
/* Is it one? What announces a redaction is, too. */
bool event_is_tombstone(struct str json);
/* Writes the event that announces a redaction: `tombstone` with an id, time and sequence of its own, and
 * data._redacts, which says what was redacted: an event's id, or an item's that ends in "/". */
void event_announce_redaction(struct buf *out, struct str tombstone, struct str id,
	struct str redacts, int64_t recorded_us, uint64_t seq);
