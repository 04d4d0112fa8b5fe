/* Taking the content of events out of the store: for people who ask for it, and may.
 *
 * The numbers stay contiguous and the chains whole: body and checksum are replaced, nothing else of an
 * event. The tombstone is as long as the body was, so that SQLite overwrites it in place: a shorter
 * one would move within its page, and the page keep what it no longer uses (tried). The log, which
 * has the old pages, is emptied.
 * There is no index over ids: a redaction reads the journal once, which it is rare enough for. */
#include "journal/store.h"
#include "journal/upkeep.h"

#include <errno.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "journal/encoding.h"

static const char doing[] = "redacting";

struct redaction {
	struct journal *journal;
	struct str id;
	int64_t now_us;
	uint64_t *found; /* sequences */
	size_t n, cap;
	sqlite3_stmt *read, *write;
	struct buf record, body;
};

static bool is_meant(struct str id, struct str body)
{
	struct str own = event_id_of(body);

	if (!own.n)
		return false;
	return id.p[id.n - 1] == '/' ? str_starts(own, id) : str_eq(own, id);
}

/* First the search, then the changes: a walk does not like its table changed. */
static int search(struct redaction *r, struct error *error)
{
	sqlite3_stmt *stmt = NULL;
	int e = statement_prepare(
		r->journal->db, "SELECT seq,body FROM event ORDER BY seq", &stmt, doing, error);

	while (e >= 0 && (e = statement_row(stmt, doing, error)) > 0) {
		if (!is_meant(r->id, column_blob(stmt, 1)))
			continue;
		MEM_GROW(r->found, r->cap, r->n + 1);
		r->found[r->n++] = (uint64_t)sqlite3_column_int64(stmt, 0);
	}
	sqlite3_finalize(stmt);
	return e;
}

static int replace(struct redaction *r, uint64_t seq, struct error *error)
{
	struct position *durable = &r->journal->durable;

	bind_int(r->read, 1, (int64_t)seq);
	int e = statement_row(r->read, doing, error);
	if (e <= 0)
		return e;
	record_begin(&r->record, seq, sqlite3_column_int64(r->read, 0), column_blob(r->read, 1));
	buf_clear(&r->body);
	bool ours = event_redact(&r->body, column_blob(r->read, 2), r->now_us);
	sqlite3_reset(r->read);
	if (!ours)
		return error_set(error, EBADMSG, "%s: event %llu is damaged", r->journal->path,
			(unsigned long long)seq);
	buf_str(&r->record, buf_view(&r->body));
	uint64_t checksum = checksum_of(buf_view(&r->record));
	bind_int(r->write, 1, (int64_t)seq);
	bind_int(r->write, 2, (int64_t)checksum);
	bind_blob(r->write, 3, buf_view(&r->body));
	e = statement_run(r->write, doing, error);
	/* The witness knows the newest event by its checksum. */
	if (e >= 0 && seq == durable->seq)
		r->journal->current.checksum = checksum;
	return e;
}

/* The items' addresses: withdrawals are told under them. */
static int forget_subjects(struct redaction *r, struct error *error)
{
	struct str rest = r->id, feed, key;
	struct hash item;
	sqlite3_stmt *stmt = NULL;

	if (!str_split(&rest, '/', &feed) || !str_split(&rest, '/', &key) ||
		!hash_from_text(key, &item))
		return 0; /* a feed's own event: it has no item */
	int e = statement_prepare(r->journal->db,
		"UPDATE seen SET subject=NULL,checksum=row_checksum(feed,key,item,link,title,"
		"change,version,last_seen,day,updates,withdrawn,views,NULL) WHERE "
		"feed=(SELECT id FROM feed WHERE name=?1) AND (item=?2 OR (item IS NULL AND "
		"key=?2)) AND checksum=row_checksum(" SEEN_COLUMNS ")",
		&stmt, doing, error);
	if (e >= 0) {
		bind_text(stmt, 1, feed);
		bind_hash(stmt, 2, &item);
		e = statement_run(stmt, doing, error);
	}
	sqlite3_finalize(stmt);
	return e;
}

static int change(struct redaction *r, struct error *error)
{
	struct buf sql = BUF_INIT;
	int e = statement_prepare(r->journal->db,
		"SELECT recorded,views,body FROM event WHERE seq=?1", &r->read, doing, error);

	if (e >= 0)
		e = statement_prepare(r->journal->db,
			"UPDATE event SET checksum=?2, body=?3 WHERE seq=?1", &r->write, doing,
			error);
	for (size_t i = 0; i < r->n && e >= 0; i++)
		e = replace(r, r->found[i], error);
	if (e >= 0)
		e = forget_subjects(r, error);
	buf_printf(&sql,
		"INSERT INTO meta(name,value) VALUES('redacted',%zu) ON CONFLICT(name) DO UPDATE "
		"SET value=value+%zu;"
		"UPDATE meta SET checksum=row_checksum(name,value) WHERE name='redacted'",
		r->n, r->n);
	if (e >= 0)
		e = statement_exec(r->journal->db, buf_cstr(&sql), doing, error);
	buf_deinit(&sql);
	sqlite3_finalize(r->read);
	sqlite3_finalize(r->write);
	return e;
}

/* What was in the log is in the database now, overwritten; the log itself still has the old pages. */
static int empty_log(struct journal *j, struct error *error)
{
	int rc = sqlite3_wal_checkpoint_v2(j->db, NULL, SQLITE_CHECKPOINT_TRUNCATE, NULL, NULL);

	return rc == SQLITE_OK
		       ? 0
		       : error_set(error, statement_errno(j->db, rc),
				 "%s: the events were redacted, but a reader keeps their old pages "
				 "in the log; ask again: %s",
				 j->path, sqlite3_errmsg(j->db));
}

static int doubt_witness(struct journal *j, struct error *error)
{
	struct witness_record record = {.seq = j->durable.seq};

	memcpy(record.epoch, j->epoch, sizeof record.epoch);
	int e = witness_write(&j->witness, &record);
	return e < 0 ? error_errno(error, -e, "writing %s", j->witness.path) : 0;
}

static int in_transaction(struct redaction *r, struct error *error)
{
	struct journal *j = r->journal;
	int e = journal_begin(j, error);

	if (e < 0)
		return e;
	e = search(r, error);
	if (e >= 0 && r->n)
		e = change(r, error);
	/* Were the process to end between commit and witness, the newest event would differ from the
	 * one that the witness knows, and that is a loss to whoever opens the store next. */
	if (e >= 0 && j->current.checksum != j->durable.checksum)
		e = doubt_witness(j, error);
	if (e >= 0)
		e = journal_commit(j, error);
	if (e < 0)
		journal_rollback(j);
	return e;
}

int journal_redact(
	struct journal *j, struct str id, int64_t now_us, uint64_t *ret_events, struct error *error)
{
	struct redaction r = {.journal = j, .id = id, .now_us = now_us};

	if (!id.n)
		return error_set(error, EINVAL, "an event without an id?");
	int e = statement_exec(j->db, "PRAGMA secure_delete=ON", doing, error);
	if (e >= 0)
		e = in_transaction(&r, error);
	statement_exec(j->db, "PRAGMA secure_delete=FAST", doing, NULL);
	if (e >= 0 && r.n)
		e = empty_log(j, error);
	if (e >= 0)
		*ret_events = r.n;
	free(r.found);
	buf_deinit(&r.record);
	buf_deinit(&r.body);
	return e;
}
