/* Which prefixes somebody subscribes to on one XPUB: its own set, told by its subscription
 * messages, so that no message is made that it would only drop.
 *
 * What must hold: nobody takes away what another subscribes to. libzmq tells of every unsubscription
 * that changes nothing as if the last subscriber had left (measured on 4.3.4: a peer that
 * unsubscribes from what it never subscribed to), and what it says itself of one who left looks the
 * same. So a prefix that was asked for once is wanted from then on: at worst, messages are made that
 * the socket drops. */
#pragma once

#include "base/map.h"
#include "bus/prefixes.h"

struct subscriptions {
	struct map texts; /* prefix → struct subscription */
	size_t n;         /* held, as far as we are told: for the statistics */
	struct prefixes prefixes;
	bool stale;      /* `prefixes` is not yet what `texts` is */
	bool everything; /* too many to keep: make all messages */
};

void subscriptions_init(struct subscriptions *subscriptions);
void subscriptions_deinit(struct subscriptions *subscriptions);
/* A message from the socket: byte 1 or 0 and a prefix; anything else is ignored. */
void subscriptions_take(struct subscriptions *subscriptions, struct str message);
/* Is it one to a prefix with bytes that no topic has? libzmq keeps tables from the lowest to the
 * highest byte that follows a prefix: those of topics, '-' to 'z', take 600 bytes, all 2 KB. */
bool subscription_is_strange(struct str message);
bool subscriptions_want(
	struct subscriptions *subscriptions, uint32_t topic, const struct journal_reader *names);
