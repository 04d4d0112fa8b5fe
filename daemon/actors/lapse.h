/* What a daemon with a callback has asked of hubs, at the start of one that has none. Nobody listens, so no
 * hub could ask whether its end is meant (W3C WebSub § 5.3), and no request for that would be believed: it is
 * forgotten, and the leases end by themselves. Loop thread only. */
#pragma once

#include "actors/subscriber.h"

struct lapse {
	struct poller *poller;
	char (*tokens)[SUBSCRIPTION_TOKEN_MAX];
	size_t n, cap;
	size_t running; /* whose leases have not ended */
	int64_t until_us;
};

/* What was kept; before poller_start(). */
void lapse_add(struct lapse *lapse, const struct hub_subscription *subscription);
/* Tells the log, and has all be forgotten. Once the sink can be told. */
void lapse_tell(const struct lapse *lapse, struct subscriber_sink *sink);
void lapse_deinit(struct lapse *lapse);
