/* The journal thread: takes all waiting batches into one durable commit (group commit), then tells
 * the loop. Owns the journal's writer; after writer_start() nobody else may touch it. */
#pragma once

#include "base/queue.h"
#include "journal/journal.h"
#include "journal/upkeep.h"

struct writer;

/* What one commit did, on its way to the loop. Owned by whoever takes it. */
struct writer_settled {
	char *feed_id;
	struct feed_state state;
	bool parsed;    /* the reply was a feed */
	bool contested; /* as in struct batch */
};
struct writer_news {
	uint64_t head;
	int64_t committed_us;
	struct writer_settled *settled;
	size_t n_settled;
	bool wants_pause; /* the write-ahead log needs the readers out of the way */
	char *trouble;    /* the journal cannot write: this is why, and it is tried again */
};
struct writer_news *writer_news_free(struct writer_news *news);

/* Called in the journal thread; takes the news. */
struct writer_sink {
	void (*news)(struct writer_sink *sink, struct writer_news *news);
};

struct writer *writer_start(struct journal *journal, const char *publisher, struct queue *batches,
	struct writer_sink *sink);
/* Takes the content of events out (upkeep.h) between two commits, and waits for it. From any thread that
 * the journal thread does not wait for, one at a time; not after writer_join() has begun. -ESHUTDOWN:
 * the journal thread is ending; what else journal_redact() says. */
int writer_redact(
	struct writer *writer, struct str id, struct journal_redaction *ret, struct error *error);
/* Keeps what was asked of a hub (copied), or forgets it: written soon, with the last word on a token. Any
 * thread. */
void writer_subscription_put(struct writer *writer, const struct hub_subscription *subscription);
void writer_subscription_drop(struct writer *writer, const char *token);
/* Does it hang in the journal for longer than this? (One that fails does not hang.) `now_us` on the
 * monotonic clock. Any thread. */
bool writer_is_stuck(const struct writer *writer, int64_t now_us, int64_t limit_us);
/* Other bounds for what is kept, from now on. Any thread. */
void writer_keep(struct writer *writer, int64_t keep_us, int64_t max_size);
/* From now on what cannot be committed is dropped, not tried again: at the end nobody may wait for a
 * disk that stays full. */
void writer_stop_retrying(struct writer *writer);
/* Waits for the thread, which ends when `batches` is closed and empty (what cannot be written by
 * then is dropped: nothing of it was promised). NULL-safe; returns NULL. */
struct writer *writer_join(struct writer *writer);
