/* The control socket (HTTP + JSON over a Unix socket, peer credentials checked) and the loopback
 * status port: libmicrohttpd in a thread of its own. It asks the loop for snapshots and commands;
 * it never touches what the loop owns. */
#pragma once

#include "base/arena.h"
#include "base/error.h"
#include "model/bus-stats.h"
#include "model/feed.h"
#include "model/reload.h"
#include "model/settings.h"
#include "model/state.h"
#include "model/subscription.h"
#include "schedule/lane.h"
#include "schedule/lateness.h"

struct control_feed {
	struct feed *feed;       /* a reference */
	struct feed_state state; /* a copy */
	bool busy;
	struct hub_subscription *hub; /* what was asked of its hub; NULL: nothing. Owned. */
};

/* Which feeds are asked for. */
struct control_page {
	const char *after; /* ids behind this one; NULL: from the first */
	size_t limit;      /* at most so many; 0: they are counted */
	unsigned health;   /* a bit 1 << enum feed_health for each that is wanted */
};

/* What the loop knows at one moment. */
struct control_snapshot {
	const char *version;
	int64_t taken_us, started_us;
	struct control_feed *feeds; /* of the page, in order of their ids */
	size_t n_feeds;
	/* If they were counted: of all feeds, paused ones apart. */
	size_t counts[FEED_HEALTH_COUNT], n_paused, n_all;
	/* What was asked of hubs, by hub_subscription_shown(); without a callback nothing is. */
	bool has_hubs;
	size_t hubs[SUBSCRIPTION_STATE_COUNT];
	uint64_t head;
	char epoch[32];
	int bus_pid; /* 0: not running */
	struct bus_stats bus;
	size_t transfers;
	struct control_lane {
		size_t busy; /* polls that are not settled yet */
		struct lateness_summary lateness;
	} lanes[LANE_COUNT];
	char *trouble;         /* the journal's, if it cannot write now; NULL */
	struct reload *reload; /* the last reading of the configuration; a reference */
	bool is_reloading;
};
struct control_snapshot *control_snapshot_free(struct control_snapshot *snapshot);

struct control_redaction {
	uint64_t events; /* that were changed */
	bool in_log;     /* old pages are still in the write-ahead log, and leave it later */
};

/* When a feed that was refreshed is polled. */
struct control_refresh {
	int64_t next_us; /* not before then; in the past or now: at once, or it is being polled */
	size_t ahead;    /* other feeds of its host that are waiting before it */
};

struct control_source {
	/* Called in the control thread; waits for the loop; the snapshot is the caller's. NULL: the
	 * daemon is ending. */
	struct control_snapshot *(*snapshot)(
		struct control_source *source, const struct control_page *page);
	/* Polls a feed as soon as its host allows. 0, -ENOENT: no such feed, -EPERM: paused. */
	int (*refresh)(
		struct control_source *source, const char *feed_id, struct control_refresh *ret);
	/* Reads clients.d/ again and tells the bus. 0; -EBADMSG: files with problems (logged) were
	 * left as they were, the others are in force; other errors: nothing has changed. May be
	 * NULL: there are no clients. */
	int (*reload_clients)(struct control_source *source);
	/* Takes out what the events with an id say. `epoch` (NULL: whatever it is) is that of the journal
	 * which is meant. 0; -ENOENT: no such event; -EINVAL: no such id; -ESTALE: the journal is
	 * another; -ESHUTDOWN; other errors: not done. Waits for the journal. May be NULL. */
	int (*redact)(struct control_source *source, const char *id, const char *epoch,
		struct control_redaction *ret, struct error *error);
	/* Begins to read the whole configuration again; *ret_number is that of the report that will
	 * tell of it. 0 or -ESHUTDOWN. */
	int (*reload)(struct control_source *source, uint64_t *ret_number);
	/* The last report that is complete: a reference, the caller's. NULL: the daemon is ending. */
	struct reload *(*reload_report)(struct control_source *source);
	/* No answers will come: all of the above return at once, also where they wait already. May
	 * be NULL where they never wait. */
	void (*end)(struct control_source *source);
};

struct control;

int control_start(struct control **ret, const struct control_settings *settings,
	struct control_source *source, struct error *error);
/* Is an answer in the making for longer than this, but for redactions, which wait for the journal?
 * `now_us` on the monotonic clock. Any thread. */
bool control_is_stuck(const struct control *control, int64_t now_us, int64_t limit_us);
/* Stops the thread and unlinks the socket. NULL-safe; returns NULL. */
struct control *control_stop(struct control *control);
