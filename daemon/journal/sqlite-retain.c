/* Retention: events leave from the oldest end, in slices, never the newest. Times never fall along
 * the sequence, so "older than" is a cut, not a search. Space that stays free is given back in
 * slices too, but only when it is much: what is freed today is filled tomorrow. */
#include "journal/store.h"

#include <stdlib.h>

/* 1,000 events of 2 KB: some milliseconds, after which waiting news get their turn. */
#define RETAIN_SLICE 1000
/* A row's share of its page beside the body: header, views, cell pointer. */
#define RETAIN_ROW_BYTES 40
/* Free pages are given back above an eighth of the file and 4 MiB, 1 MiB at a time. */
#define RETAIN_FREE_SHARE 8
#define RETAIN_FREE_PAGES 512
#define RETAIN_FREE_SLICE "PRAGMA incremental_vacuum(128)"

/* How exactly retention's clock is remembered: a write an hour. */
#define RETAIN_CLOCK_US HOUR_US

static int read_pages(struct journal *j, int which, int64_t *ret, struct error *error)
{
	int r = store_row(j, which, error);

	if (r > 0) {
		*ret = sqlite3_column_int64(j->stmts[which], 0);
		sqlite3_reset(j->stmts[which]);
	}
	return r;
}

/* The last sequence to remove (0: none) and whether more must go after it. */
static int find_cut(struct journal *j, int64_t cutoff_us, int64_t excess, uint64_t *ret_cut,
	bool *ret_more, struct error *error)
{
	sqlite3_stmt *stmt = j->stmts[STMT_OLD_SIZES];
	int r, n = 0;

	*ret_cut = 0;
	*ret_more = false;
	bind_int(stmt, 1, RETAIN_SLICE + 1);
	while ((r = store_row(j, STMT_OLD_SIZES, error)) > 0) {
		if (sqlite3_column_int64(stmt, 1) >= cutoff_us && excess <= 0)
			break;
		if (n++ == RETAIN_SLICE) {
			*ret_more = true;
			break;
		}
		*ret_cut = (uint64_t)sqlite3_column_int64(stmt, 0);
		excess -= sqlite3_column_int64(stmt, 2) + RETAIN_ROW_BYTES;
	}
	sqlite3_reset(stmt);
	return r < 0 ? r : 0;
}

static int remove_slice(struct journal *j, int64_t now_us, int64_t excess, struct error *error)
{
	uint64_t cut;
	bool more;
	int64_t cutoff = j->keep_us > 0 ? now_us - j->keep_us : INT64_MIN;
	int r = find_cut(j, cutoff, excess, &cut, &more, error);

	if (r >= 0 && cut) {
		bind_int(j->stmts[STMT_REMOVE], 1, (int64_t)cut);
		r = store_run(j, STMT_REMOVE, error);
	}
	return r < 0 ? r : more;
}

/* 1: more to give back. */
static int give_back(struct journal *j, int64_t pages, int64_t free, struct error *error)
{
	if (free < RETAIN_FREE_PAGES || free < pages / RETAIN_FREE_SHARE)
		return 0;
	int r = statement_exec(j->db, RETAIN_FREE_SLICE, "giving free pages back", error);
	return r < 0 ? r : 1;
}

void journal_keep(struct journal *j, const struct journal_settings *settings)
{
	j->keep_us = settings->keep_us;
	j->max_size = settings->max_size;
}

int64_t journal_retained_us(const struct journal *j)
{
	return j->clock_us ? j->clock_us : j->durable.recorded_us;
}

/* 1: it goes into the store with this transaction. */
static int remember_clock(struct journal *j, int64_t now_us, struct error *error)
{
	int64_t by_us = now_us - j->clock_us;

	if (now_us <= 0 || (by_us < RETAIN_CLOCK_US && by_us > -RETAIN_CLOCK_US))
		return 0;
	bind_int(j->stmts[STMT_CLOCK], 1, now_us);
	int r = store_run(j, STMT_CLOCK, error);
	return r < 0 ? r : 1;
}

int journal_retain(struct journal *j, int64_t now_us, struct error *error)
{
	int64_t pages = 0, free = 0;
	int r = journal_begin(j, error), more = 0, clock = 0;

	if (r >= 0)
		r = read_pages(j, STMT_PAGES, &pages, error);
	if (r >= 0)
		r = read_pages(j, STMT_FREE_PAGES, &free, error);
	if (r >= 0) {
		int64_t excess = (pages - free) * j->page_size - j->max_size;
		r = more = remove_slice(j, now_us, j->max_size > 0 ? excess : 0, error);
	}
	if (r >= 0)
		r = clock = remember_clock(j, now_us, error);
	if (r >= 0)
		r = journal_commit(j, error);
	if (r < 0) {
		journal_rollback(j);
		return r;
	}
	if (clock)
		j->clock_us = now_us;
	return more ? 1 : give_back(j, pages, free, error);
}
