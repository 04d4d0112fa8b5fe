/* Which prefixes somebody subscribes to on one XPUB: its own set, told by its subscription
 * messages, so that no message is made that it would only drop. The socket tells the first subscriber
 * of each prefix (with XPUB_VERBOSE all of them) and the last one who leaves: that is the set. */
#pragma once

#include "base/map.h"
#include "bus/prefixes.h"

struct subscriptions {
	struct map texts; /* prefix → itself, allocated */
	struct prefixes prefixes;
	bool stale;      /* `prefixes` is not yet what `texts` is */
	bool everything; /* too many to keep: make all messages */
};

void subscriptions_init(struct subscriptions *subscriptions);
void subscriptions_deinit(struct subscriptions *subscriptions);
/* A message from the socket: byte 1 or 0 and a prefix; anything else is ignored. */
void subscriptions_take(struct subscriptions *subscriptions, struct str message);
bool subscriptions_want(
	struct subscriptions *subscriptions, uint32_t topic, const struct journal_reader *names);
