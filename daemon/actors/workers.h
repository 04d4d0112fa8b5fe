/* The worker pool: replies in, settled batches out. A worker owns nothing but its digester; what
 * it does is a function of the reply and the time. */
#pragma once

#include "base/queue.h"
#include "model/batch.h"
#include "normalize/theme.h"

struct workers;

/* Workers take `struct reply *` from `replies` and put `struct batch *` into `batches` (waiting
 * there for room), the last batch of each reply with `last` set and its state settled. The
 * queues must outlive them; `rules` are theirs. `n` threads; 0: one per core. */
struct workers *workers_start(
	struct queue *replies, struct queue *batches, struct theme_rules *rules, unsigned n);
/* The batch of a reply that has no document, settled: there is nothing in it for a worker. The reply's
 * state is in the batch then; the reply stays the caller's. Any thread. */
struct batch *workers_settle(struct reply *reply);
/* Is one of them at one reply for longer than this? `now_us` on the monotonic clock. Any thread. */
bool workers_are_stuck(const struct workers *workers, int64_t now_us, int64_t limit_us);
/* Other rules for the replies that are begun from now on; theirs. Any thread. */
void workers_set_rules(struct workers *workers, struct theme_rules *rules);
/* Waits for all workers to end, which they do when `replies` is closed and empty (or `batches`
 * closed). NULL-safe; returns NULL. */
struct workers *workers_join(struct workers *workers);
