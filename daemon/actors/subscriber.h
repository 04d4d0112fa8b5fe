/* The loop's part in WebSub: asks hubs to push (one request at a time to a hub's host, with pauses), renews
 * and ends what was asked, and brings what they push to the poller. Owns the listener, the subscriptions and
 * a fetcher of its own. Loop thread only. */
#pragma once

#include "actors/poller.h"
#include "model/subscription.h"

struct subscriber;

struct subscriber_sink {
	/* To be kept over a restart, and to be forgotten. */
	void (*keep)(struct subscriber_sink *sink, const struct hub_subscription *subscription);
	void (*drop)(struct subscriber_sink *sink, const char *token);
};

struct subscriber_config {
	const struct websub_settings *websub;
	const struct fetch_settings *fetch; /* how hubs' hosts are treated */
};

/* Opens the listener; settings must outlive it, or the next ones (subscriber_set()). There is a callback. */
int subscriber_new(struct subscriber **ret, uv_loop_t *loop, const struct subscriber_config *config,
	struct poller *poller, struct subscriber_sink *sink, struct error *error);
/* What was kept, before subscriber_start(). */
void subscriber_restore(struct subscriber *subscriber, const struct hub_subscription *subscription);
/* Begins to ask: all feeds are known by now (subscriber_known()). */
void subscriber_start(struct subscriber *subscriber);
/* No more requests and pushes; those that wait are answered that they should come again. What is to be kept
 * goes to the sink. */
void subscriber_stop(struct subscriber *subscriber);
/* The loop must run once more before it is closed; the poller may be gone. NULL-safe; returns NULL. */
struct subscriber *subscriber_free(struct subscriber *subscriber);

/* Other settings from now on, but for where the listener is. Without a callback no hub is asked, and those
 * that were are told that they are to push no more. */
void subscriber_set(struct subscriber *subscriber, const struct subscriber_config *config);
/* As the poller says it (poller.h). */
void subscriber_known(struct subscriber *subscriber, const struct feed *feed,
	const struct feed_state *state, const struct poller_news *news);
void subscriber_left(struct subscriber *subscriber, const char *feed_id);
/* What was asked for a feed; NULL: nothing is. */
const struct hub_subscription *subscriber_find(
	const struct subscriber *subscriber, const char *feed_id);
/* How many are how (hub_subscription_shown()). */
void subscriber_count(
	const struct subscriber *subscriber, size_t ret_counts[SUBSCRIPTION_STATE_COUNT]);
/* Does the listener hang? As in actors/service.h. Any thread. */
bool subscriber_is_stuck(const struct subscriber *subscriber, int64_t now_us, int64_t limit_us);
