/* What is to be kept of subscriptions to hubs: put in by the loop, written by the journal thread between two
 * commits. The last word on a token counts. */
#pragma once

#include <pthread.h>

#include "base/map.h"
#include "journal/journal.h"

struct ledger {
	pthread_mutex_t lock;
	struct map entries; /* by token */
};

void ledger_init(struct ledger *ledger);
void ledger_deinit(struct ledger *ledger);
/* Copied. Any thread. */
void ledger_put(struct ledger *ledger, const struct hub_subscription *subscription);
/* Forgets a token. Any thread. */
void ledger_drop(struct ledger *ledger, const char *token);
/* Writes all in a transaction of its own. What could not be written waits for the next time. */
int ledger_write(struct ledger *ledger, struct journal *journal, struct error *error);
