/* Keeping the write-ahead log short.
 *
 * SQLite copies the log back into the database ("checkpoint") and starts it afresh only when no
 * reader still looks at an older state. Readers that overlap without end, however short each is, let
 * the log grow without bound (389 MiB in 5 s, measured). So, by the log's length:
 *
 *	LOG_STEP       a passive checkpoint at each further step, which waits for nobody
 *	2 × LOG_STEP   if that left something, one that waits for the readers at hand, 20 ms, to start
 *	               the log afresh: who begins meanwhile needs the database alone and hinders nothing
 *	LOG_LIMIT      the readers are asked for a pause (whoever owns the writer passes that on), in
 *	               which the log is made to start afresh
 *
 * All of it comes before a transaction, not after one: what is committed is published first.
 * What can be done while nobody waits is done at each further LOG_IDLE already (journal_rest()): a
 * checkpoint waits for the disk, and at 1,000 events a second those of LOG_STEP alone made the slowest
 * hundredth of all events slow. */
#include "journal/store.h"

#include <assert.h>
#include <stdlib.h>

/* 8 MiB: some 2,000 events; a checkpoint of that is a few milliseconds of sequential writing. */
#define LOG_STEP_BYTES INT64_C(8388608)
/* 1 MiB: half a second of that rate. */
#define LOG_IDLE_BYTES INT64_C(1048576)
/* 64 MiB: sixteen times what short readers were measured to cause. */
#define LOG_LIMIT_BYTES INT64_C(67108864)
/* A reader that never ends (a forgotten shell) must not cost every commit the wait. */
#define LOG_RESTART_EVERY_US (1 * SEC_US)
/* A reader's slice is 5 ms at most, on a busy machine a few times that. With two readers that never
 * rest the log then stays below 45 MiB (measured); waiting 10 ms, or only for the copying and not
 * for the restart, it came to 90. */
#define LOG_READERS_US   (20 * MSEC_US)
#define LOG_FRAME_HEADER 24

static int64_t log_pages(const struct journal *j, int64_t bytes)
{
	return bytes / (j->page_size + LOG_FRAME_HEADER);
}

static int committed(void *p, sqlite3 *db, const char *name, int pages)
{
	struct journal *j = p;

	(void)db;
	(void)name;
	j->wal_pages = pages;
	return SQLITE_OK;
}

void store_log_watch(struct journal *j)
{
	j->wal_next_pages = log_pages(j, LOG_STEP_BYTES);
	sqlite3_wal_hook(j->db, committed, j);
}

bool journal_wants_pause(const struct journal *j)
{
	return j->wal_pages > log_pages(j, LOG_LIMIT_BYTES);
}

/* Failing is no error: the log is long, not wrong. Is all of it copied now? */
static bool checkpoint(struct journal *j, int mode, int64_t wait_us)
{
	int log = 0, copied = 0;

	sqlite3_busy_timeout(j->db, (int)(wait_us / MSEC_US));
	int rc = sqlite3_wal_checkpoint_v2(j->db, NULL, mode, &log, &copied);
	sqlite3_busy_timeout(j->db, STORE_BUSY_MS);
	return rc == SQLITE_OK && log == copied;
}

static void restart(struct journal *j, int64_t wait_us)
{
	if (checkpoint(j, SQLITE_CHECKPOINT_RESTART, wait_us))
		j->wal_pages = 0;
}

void store_log_checkpoint(struct journal *j)
{
	int64_t step = log_pages(j, LOG_STEP_BYTES), now;

	if (j->wal_pages < step) {
		j->wal_next_pages = step;
		return;
	}
	if (journal_wants_pause(j) && (now = clock_monotonic_us()) >= j->restart_next_us) {
		j->restart_next_us = now + LOG_RESTART_EVERY_US;
		restart(j, JOURNAL_PAUSE_US);
	}
	if (j->wal_pages < j->wal_next_pages)
		return;
	if (!checkpoint(j, SQLITE_CHECKPOINT_PASSIVE, 0) && j->wal_pages >= 2 * step)
		restart(j, LOG_READERS_US);
	j->wal_next_pages = j->wal_pages + step;
}

void store_log_empty(struct journal *j, int64_t wait_us)
{
	j->log_has_redacted = !checkpoint(j, SQLITE_CHECKPOINT_TRUNCATE, wait_us);
	if (!j->log_has_redacted)
		j->wal_pages = j->wal_rested_pages = 0;
}

void journal_rest(struct journal *j)
{
	assert(!j->in_transaction);
	if (j->log_has_redacted)
		store_log_empty(j, LOG_READERS_US);
	if (j->wal_pages < j->wal_rested_pages)
		j->wal_rested_pages = 0; /* started afresh since */
	if (j->wal_pages - j->wal_rested_pages < log_pages(j, LOG_IDLE_BYTES))
		return;
	checkpoint(j, SQLITE_CHECKPOINT_PASSIVE, 0);
	j->wal_rested_pages = j->wal_pages;
}
