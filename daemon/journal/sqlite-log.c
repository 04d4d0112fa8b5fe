/* Keeping the write-ahead log short.
 *
 * SQLite copies the log back into the database ("checkpoint") and starts it afresh only when no
 * reader still looks at it. Short readers never hinder that for long; two that overlap without end
 * let the log grow without bound (389 MiB in 5 s, measured). So: a passive checkpoint whenever the
 * log has grown by LOG_STEP, before a transaction and not after one, for what has been committed
 * should be published first. Above LOG_LIMIT the readers are asked for a pause (whoever owns the
 * writer passes that on) and a restarting checkpoint waits for them, briefly. */
#include "journal/store.h"

#include <stdlib.h>

/* 8 MiB: some 2,000 events; a checkpoint of that is a few milliseconds of sequential writing. */
#define LOG_STEP_BYTES INT64_C(8388608)
/* 64 MiB: sixteen times what short readers were measured to cause. */
#define LOG_LIMIT_BYTES INT64_C(67108864)
/* A reader that never ends (a forgotten shell) must not cost every commit the wait. */
#define LOG_RESTART_EVERY_US (1 * SEC_US)
#define LOG_FRAME_HEADER     24

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

/* Waits for readers, at most JOURNAL_PAUSE_US. Failing is no error: the log is long, not wrong. */
static void restart(struct journal *j)
{
	int64_t now = clock_monotonic_us();

	if (now < j->restart_next_us)
		return;
	j->restart_next_us = now + LOG_RESTART_EVERY_US;
	sqlite3_busy_timeout(j->db, (int)(JOURNAL_PAUSE_US / MSEC_US));
	if (sqlite3_wal_checkpoint_v2(j->db, NULL, SQLITE_CHECKPOINT_RESTART, NULL, NULL) ==
		SQLITE_OK)
		j->wal_pages = 0;
	sqlite3_busy_timeout(j->db, STORE_BUSY_MS);
}

void store_log_checkpoint(struct journal *j)
{
	int log = 0, copied = 0;

	if (j->wal_pages < log_pages(j, LOG_STEP_BYTES)) {
		j->wal_next_pages = log_pages(j, LOG_STEP_BYTES);
		return;
	}
	if (journal_wants_pause(j))
		restart(j);
	if (j->wal_pages < j->wal_next_pages)
		return;
	sqlite3_wal_checkpoint_v2(j->db, NULL, SQLITE_CHECKPOINT_PASSIVE, &log, &copied);
	j->wal_next_pages = j->wal_pages + log_pages(j, LOG_STEP_BYTES);
}
