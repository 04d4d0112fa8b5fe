/* Reading the journal from any thread or process: a read-only connection, and one short read
 * transaction per slice. A SELECT that is stepped and reset is such a transaction, so no reader
 * holds the write-ahead log longer than its slice (sqlite-log.c says why that matters).
 *
 * Views stand before the body in a row, and the walk asks for no more than the body's length, which
 * is in the row's header. The body of a record that is wanted is read by a second statement in the
 * same transaction, so one that nobody wants never costs its overflow pages: a column in a SELECT is
 * read by the step, looked at or not. */
#include "journal/journal.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/alloc.h"
#include "journal/encoding.h"
#include "journal/row.h"
#include "journal/store.h"

/* A reader meets a lock only while the log is recovered or started afresh: milliseconds. */
#define READER_BUSY_MS 250
/* 2 MiB: the inner pages of an index over 10^8 events, and a slice. */
#define READER_SETUP "PRAGMA trusted_schema=OFF;PRAGMA cache_size=-2048"

/* READER_STATEMENT(name, SQL) */
#define READER_STATEMENTS(READER_STATEMENT) \
	READER_STATEMENT(BEGIN, "BEGIN") \
	READER_STATEMENT(END, "COMMIT") \
	READER_STATEMENT(SLICE, \
		"SELECT seq,recorded,checksum,views,length(body) FROM event WHERE seq>?1 AND " \
		"seq<=?2 ORDER BY seq LIMIT ?3") \
	READER_STATEMENT(BODY, "SELECT body FROM event WHERE seq=?1") \
	READER_STATEMENT(EXTENT, \
		"SELECT (SELECT value FROM meta WHERE name='epoch')," \
		"(SELECT min(seq) FROM event),(SELECT value FROM meta WHERE name='head')") \
	READER_STATEMENT(EXTENT_FITS, \
		"SELECT count(*) FROM meta WHERE name IN('epoch','head') AND " \
		"checksum=row_checksum(name,value)") \
	READER_STATEMENT( \
		FROM, "SELECT seq,recorded FROM event WHERE seq>=?1 ORDER BY seq LIMIT 1") \
	READER_STATEMENT(TOPICS, "SELECT * FROM topic WHERE id>?1 ORDER BY id")

#define READER_ENUM(name, sql) READ_##name,
enum { READER_STATEMENTS(READER_ENUM) READ_COUNT };
#undef READER_ENUM

struct journal_reader {
	sqlite3 *db;
	sqlite3_stmt *stmts[READ_COUNT];
	char *path;
	struct journal_view *views; /* of the record at hand */
	size_t cap_views;
	struct buf record; /* as its checksum sees it */
	bool is_summed;    /* rows have checksums */
	struct arena names;
	struct str *topics; /* by number − 1; STR_NONE: damaged */
	size_t n_topics, cap_topics;
};

static const char doing[] = "reading";

int journal_reader_open(struct journal_reader **ret, const char *path, struct error *error)
{
#define READER_SQL(name, sql) [READ_##name] = (sql),
	static const char *const sqls[READ_COUNT] = {READER_STATEMENTS(READER_SQL)};
#undef READER_SQL
	cleanup(journal_reader_close_p) struct journal_reader *reader =
		mem_zalloc(1, sizeof *reader);

	reader->path = mem_strdup(path);
	reader->names = ARENA_INIT;
	int schema = 0,
	    r = statement_open(path, SQLITE_OPEN_READONLY, READER_BUSY_MS, &reader->db, error);
	if (r >= 0)
		r = store_recognise(reader->db, path, &schema, error);
	if (r > 0)
		r = error_set(error, EINVAL, "%s is not a journal: it is empty", path);
	if (r >= 0)
		r = statement_exec(reader->db, READER_SETUP, "opening", error);
	reader->is_summed = schema >= STORE_SCHEMA_SUMMED;
	for (int i = 0; i < READ_COUNT && r >= 0; i++)
		if (i != READ_EXTENT_FITS || reader->is_summed)
			r = statement_prepare(
				reader->db, sqls[i], &reader->stmts[i], "opening", error);
	if (r < 0)
		return r;
	*ret = reader;
	reader = NULL;
	return 0;
}

struct journal_reader *journal_reader_close(struct journal_reader *reader)
{
	if (!reader)
		return NULL;
	for (int i = 0; i < READ_COUNT; i++)
		sqlite3_finalize(reader->stmts[i]);
	sqlite3_close(reader->db);
	arena_deinit(&reader->names);
	buf_deinit(&reader->record);
	free(reader->topics);
	free(reader->views);
	free(reader->path);
	free(reader);
	return NULL;
}

static int damaged(const struct journal_reader *reader, uint64_t seq, struct error *error)
{
	return error_set(
		error, EBADMSG, "%s: event %llu is damaged", reader->path, (unsigned long long)seq);
}

static int read_views(struct journal_reader *reader, struct str blob, struct journal_record *record,
	struct error *error)
{
	size_t n = 0;

	while (blob.n) {
		uint64_t topic, prev;
		if (!varint_take(&blob, &topic) || !varint_take(&blob, &prev) || topic > UINT32_MAX)
			return damaged(reader, record->seq, error);
		MEM_GROW(reader->views, reader->cap_views, n + 1);
		reader->views[n++] = (struct journal_view){(uint32_t)topic, prev};
	}
	record->views = reader->views;
	record->n_views = n;
	return 0;
}

static int read_body(struct journal_reader *reader, sqlite3_stmt *stmt,
	struct journal_record *record, struct error *error)
{
	struct str views = column_blob(stmt, 3);
	sqlite3_stmt *body = reader->stmts[READ_BODY];

	bind_int(body, 1, (int64_t)record->seq);
	int r = statement_row(body, doing, error);
	if (r <= 0)
		return r < 0 ? r : damaged(reader, record->seq, error);
	record_begin(&reader->record, record->seq, record->recorded_us, views);
	size_t head = reader->record.n;
	buf_str(&reader->record, column_blob(body, 0));
	sqlite3_reset(body);
	if (checksum_of(buf_view(&reader->record)) != (uint64_t)sqlite3_column_int64(stmt, 2))
		return damaged(reader, record->seq, error);
	record->body = str_skip(buf_view(&reader->record), head);
	return 0;
}

struct slice {
	struct journal_reader *reader;
	const struct journal_read_limits *limits;
	struct journal_visitor *visitor;
	size_t bytes;
	int64_t until_us; /* 0: no bound */
};

/* 0: go on; 1: the slice ends after this record; 2: before it. */
static int visit(struct slice *slice, sqlite3_stmt *stmt, uint64_t *seq, struct error *error)
{
	struct journal_visitor *visitor = slice->visitor;
	struct journal_record record = {.seq = (uint64_t)sqlite3_column_int64(stmt, 0),
		.recorded_us = sqlite3_column_int64(stmt, 1)};
	int r = read_views(slice->reader, column_blob(stmt, 3), &record, error);

	if (r < 0)
		return r;
	size_t n = (size_t)sqlite3_column_int64(stmt, 4);
	/* Before `want` is asked: what it notes of a record must not run ahead of the slice. */
	if (slice->bytes && slice->bytes + n > slice->limits->bytes)
		return 2;
	if (!visitor->want || visitor->want(visitor, &record)) {
		slice->bytes += n;
		r = read_body(slice->reader, stmt, &record, error);
		if (r >= 0)
			r = visitor->record(visitor, &record);
	}
	if (r < 0)
		return r;
	*seq = record.seq;
	bool late = slice->until_us && clock_monotonic_us() >= slice->until_us;
	return r > 0 || late || slice->bytes >= slice->limits->bytes;
}

int journal_read(struct journal_reader *reader, uint64_t after,
	const struct journal_read_limits *limits, struct journal_visitor *visitor,
	uint64_t *ret_next, struct error *error)
{
	sqlite3_stmt *stmt = reader->stmts[READ_SLICE];
	struct slice slice = {
		reader, limits, visitor, 0, limits->us ? clock_monotonic_us() + limits->us : 0};
	uint64_t next = after;
	size_t looked_at = 0;
	int r = 1, end = 0;

	/* Sequences are below 2^63: SQLite has no larger integers. */
	uint64_t to = limits->to > INT64_MAX ? INT64_MAX : limits->to;
	if (after >= to || !limits->records) {
		*ret_next = after;
		return 0;
	}
	bind_int(stmt, 1, (int64_t)after);
	bind_int(stmt, 2, (int64_t)to);
	bind_int(stmt, 3, limits->records > INT64_MAX ? -1 : (int64_t)limits->records);
	while (!end && (r = statement_row(stmt, doing, error)) > 0) {
		looked_at++;
		end = visit(&slice, stmt, &next, error);
	}
	sqlite3_reset(stmt);
	if (end < 0 || r < 0)
		return end < 0 ? end : r;
	if (!end && looked_at < limits->records && limits->to <= INT64_MAX)
		next = to;
	*ret_next = next;
	return 0;
}

int journal_extent(struct journal_reader *reader, struct journal_extent *ret, struct error *error)
{
	sqlite3_stmt *stmt = reader->stmts[READ_EXTENT];
	int r = statement_row(stmt, doing, error);

	if (r <= 0)
		return r;
	snprintf(ret->epoch, sizeof ret->epoch, "%.*s", STR_FMT(column_text(stmt, 0)));
	ret->oldest = (uint64_t)sqlite3_column_int64(stmt, 1);
	ret->head = (uint64_t)sqlite3_column_int64(stmt, 2);
	sqlite3_reset(stmt);
	stmt = reader->stmts[READ_EXTENT_FITS];
	if (!stmt)
		return 0;
	r = statement_row(stmt, doing, error);
	if (r <= 0)
		return r;
	bool fits = sqlite3_column_int64(stmt, 0) == 2;
	sqlite3_reset(stmt);
	return fits ? 0
		    : error_set(error, EBADMSG,
			      "%s is damaged in what it says of its head or epoch: the daemon "
			      "begins a "
			      "new epoch when it is started again",
			      reader->path);
}

/* The first event at or after `seq`: 1, or 0 if there is none. */
static int first_from(struct journal_reader *reader, uint64_t seq, uint64_t *ret_seq,
	int64_t *ret_recorded_us, struct error *error)
{
	sqlite3_stmt *stmt = reader->stmts[READ_FROM];

	bind_int(stmt, 1, (int64_t)seq);
	int r = statement_row(stmt, doing, error);
	if (r <= 0)
		return r;
	*ret_seq = (uint64_t)sqlite3_column_int64(stmt, 0);
	*ret_recorded_us = sqlite3_column_int64(stmt, 1);
	sqlite3_reset(stmt);
	return 1;
}

/* Recorded times never fall along the sequence: the first one not before `time_us` is found by
 * halving. Numbers without an event count as the event after them. */
static int search(struct journal_reader *reader, int64_t time_us, const struct journal_extent *in,
	uint64_t *ret_seq, struct error *error)
{
	uint64_t low = in->oldest, high = in->head + 1; /* the answer is in low … high */

	while (low < high) {
		uint64_t middle = low + (high - low) / 2, seq;
		int64_t recorded;
		int r = first_from(reader, middle, &seq, &recorded, error);
		if (r < 0)
			return r;
		if (!r || recorded >= time_us)
			high = middle;
		else
			low = seq + 1;
	}
	*ret_seq = low - 1;
	return 0;
}

int journal_seq_before(
	struct journal_reader *reader, int64_t time_us, uint64_t *ret_seq, struct error *error)
{
	struct journal_extent extent;
	int r = statement_run(reader->stmts[READ_BEGIN], doing, error);

	if (r < 0)
		return r;
	r = journal_extent(reader, &extent, error);
	if (r >= 0 && !extent.oldest)
		*ret_seq = extent.head;
	else if (r >= 0)
		r = search(reader, time_us, &extent, ret_seq, error);
	statement_run(reader->stmts[READ_END], doing, NULL);
	return r;
}

int journal_reader_topics(struct journal_reader *reader, uint32_t *ret_count, struct error *error)
{
	sqlite3_stmt *stmt = reader->stmts[READ_TOPICS];
	int r;

	bind_int(stmt, 1, (int64_t)reader->n_topics);
	while ((r = statement_row(stmt, doing, error)) > 0) {
		if ((uint64_t)sqlite3_column_int64(stmt, 0) != reader->n_topics + 1) {
			sqlite3_reset(stmt);
			return error_set(error, EBADMSG, "%s: topic %zu is missing", reader->path,
				reader->n_topics + 1);
		}
		MEM_GROW(reader->topics, reader->cap_topics, reader->n_topics + 1);
		/* A topic of another name would carry its events to whom they are not for. */
		reader->topics[reader->n_topics++] =
			row_fits_if_any(stmt) ? arena_str(&reader->names, column_text(stmt, 1))
					      : STR_NONE;
	}
	if (r >= 0)
		*ret_count = (uint32_t)reader->n_topics;
	return r;
}

struct str journal_reader_topic(const struct journal_reader *reader, uint32_t number)
{
	return number && number <= reader->n_topics ? reader->topics[number - 1] : STR_NONE;
}

int journal_reader_states(
	struct journal_reader *reader, struct journal_state_walk *walk, struct error *error)
{
	return store_states_each(reader->db, NULL, walk, error);
}
