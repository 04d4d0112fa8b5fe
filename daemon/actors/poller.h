/* The loop's first half: which feed is polled when. Owns the schedule, the fetcher and what is
 * remembered of each feed; hands replies on and learns later, from the journal, what became of
 * them. Loop thread only. */
#pragma once

#include "base/error.h"
#include "base/list.h"
#include "model/reply.h"
#include "model/settings.h"
#include "schedule/lane.h"
#include "schedule/lateness.h"

struct poller;
typedef struct uv_loop_s uv_loop_t;

/* What has been settled. */
struct poller_news {
	int64_t before_us; /* when the poll before it was; 0: there was none */
	bool found;        /* it was a poll that has brought news */
};

struct poller_sink {
	/* A poll has ended; the reply is the sink's. It must end in poller_settled(). */
	void (*reply)(struct poller_sink *sink, struct reply *reply);
	/* What is known of a feed from now on: it has been put in, configured otherwise, or
	 * settled. `news` is NULL where nothing was. May be NULL. Must not change the feeds. */
	void (*known)(struct poller_sink *sink, const struct feed *feed,
		const struct feed_state *state, const struct poller_news *news);
	/* It is configured no more. May be NULL. */
	void (*left)(struct poller_sink *sink, const char *feed_id);
};

/* Which feeds, in the order of their ids. Settings and list must outlive the poller, or the next ones
 * given to poller_change(). */
struct poller_config {
	const struct fetch_settings *settings;
	struct feed *const *feeds;
	size_t n_feeds;
};

int poller_new(struct poller **ret, uv_loop_t *loop, const struct poller_config *config,
	struct poller_sink *sink, struct error *error);
/* Ends all transfers; replies under way are dropped (nothing of them is journaled, so nothing is
 * lost). NULL-safe; the loop must run once more before it is closed. */
struct poller *poller_free(struct poller *poller);

/* What the journal remembers of a feed (copied); before poller_start(), or from inside
 * poller_change(). Unknown ids are ignored. */
void poller_restore(struct poller *poller, struct str feed_id, const struct feed_state *state);
void poller_start(struct poller *poller);
/* While held, no transfer is started: the stages behind have no room, or nowhere to put it. Else what is due
 * is started now. */
void poller_hold(struct poller *poller, bool hold);

/* Another configuration. Feeds that are the very same `struct feed` as before notice nothing. Of
 * those that have changed or gone, transfers that ask what is asked no more are ended; what has come
 * in already is settled as ever. `restore` is asked (may be NULL) to tell with poller_restore() what
 * the journal knows of those that came. */
struct poller_changes {
	size_t added, changed, removed;
};
struct poller_memory {
	void (*restore)(struct poller_memory *memory, struct poller *poller);
};
void poller_change(struct poller *poller, const struct poller_config *config,
	struct poller_memory *memory, struct poller_changes *ret);

/* What has come of a push (below). */
enum push_end {
	PUSH_JOURNALED,  /* what was new in it is durable */
	PUSH_CONTESTED,  /* likewise; but it says of known items what the feed's server is to say */
	PUSH_UNREADABLE, /* it is no feed */
	PUSH_DROPPED,    /* nothing has come of it */
};
/* The reply to this feed's poll is journaled with this state (its texts are taken over), or was
 * dropped (NULL: the state stays what it was, and the feed is polled again soon). `end`: if it was a push.
 * One commit settles many: behind the last of them comes a poller_hold(), which starts others in their
 * places. */
void poller_settled(
	struct poller *poller, struct str feed_id, struct feed_state *state, enum push_end end);

/* ---- hubs (pushing.c) ---- */

/* A document that a hub has sent; embedded in its owner's struct, whose it is again once done() is called. */
struct poller_push {
	struct list link;
	struct body body; /* taken out */
	char *content_type;
	const char *url; /* what its links are relative to */
	int64_t received_us;
	void (*done)(struct poller_push *push, enum push_end end);
};
/* Hands it to the stages behind, as the answer to a poll would be, as soon as no poll of its feed is under
 * way. done() may be called from inside, and is called unless the poller is freed first. -ENOENT: there is
 * no such feed; -EAGAIN: there is no room, or the journal cannot be written. */
int poller_push(struct poller *poller, const char *feed_id, struct poller_push *push);
/* There is news at its server: polls it as soon as its host allows, once more if a poll is under way. 0
 * or -ENOENT. */
int poller_look(struct poller *poller, const char *feed_id);
/* The least time between its polls (0: its own), since a hub delivers what is new. */
void poller_set_least(struct poller *poller, const char *feed_id, int64_t least_us);
/* A hub delivered when its state, or that of the feed that it was before, was written, and its next poll was
 * put off for that: it is due when it would be by what holds now. */
void poller_hasten(struct poller *poller, const char *feed_id);
/* As it is configured; NULL: it is not. */
const struct feed *poller_feed(const struct poller *poller, const char *feed_id);
/* What its last document names (feed_state.hubs), until it is settled next; NULL: none. */
const char *poller_hubs(const struct poller *poller, const char *feed_id);

/* Polls a feed as soon as its host allows. 0, -ENOENT, or -EPERM: it is paused. */
struct control_refresh;
int poller_refresh(struct poller *poller, const char *feed_id, struct control_refresh *ret);

/* Runs over feeds in the order of their ids, from the first one behind `after` (NULL: from the first of all)
 * until the view has enough: then it returns false. `due_us` is when it is (or was) due, by the wall clock
 * as it is now: the state's next_due_us is by the clock as it was. */
struct poller_view {
	bool (*feed)(struct poller_view *view, const struct feed *feed,
		const struct feed_state *state, int64_t due_us, bool busy);
};
void poller_each(const struct poller *poller, const char *after, struct poller_view *view);
/* How many feeds are how; paused ones are in none of the counts but *ret_paused. */
void poller_health(
	const struct poller *poller, size_t ret_counts[FEED_HEALTH_COUNT], size_t *ret_paused);
size_t poller_count(const struct poller *poller);
size_t poller_transfers(const struct poller *poller);
/* Polls of a lane that are not settled yet, and how late those of the last minute began. */
size_t poller_lane(
	const struct poller *poller, enum schedule_lane lane, struct lateness_summary *ret);
