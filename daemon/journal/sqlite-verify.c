/* Is a store whole? Reads everything over a connection that only reads, in slices, so that a daemon at
 * work beside it is not held up; only SQLite's own check of the structure is one long read.
 *
 *	structure ─▶ events, one by one: readable? checksum, number, chains ─▶ rows: checksums ─▶ topics
 *	─▶ head, witness
 *
 * What cannot be read is stepped over: a page that is damaged takes the events on it, and no more.
 * Where events are missing or damaged, chains that lead there are excused: one flaw is one finding. */
#include "journal/upkeep.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "journal/encoding.h"
#include "journal/row.h"
#include "journal/store.h"
#include "journal/witness.h"

/* Events in one read: some milliseconds, after which the log may be started afresh. */
#define VERIFY_SLICE 500
/* Lines of SQLite's own check that are told: where there are more, more helps nobody. */
#define VERIFY_STRUCTURE_LINES 20
#define VERIFY_BUSY_MS         1000
#define VERIFY_SENTENCE_MAX    400

static const char doing[] = "verifying";

struct range {
	uint64_t from, to;
};

struct verify {
	sqlite3 *db;
	const char *path;
	struct journal_verify_sink *sink;
	struct journal_verdict *verdict;
	struct buf record;
	uint64_t last;     /* the newest event looked at; 0: none */
	uint64_t *last_in; /* by topic */
	size_t n_topics;
	struct range *excused; /* where events are missing or damaged */
	size_t n_excused, cap_excused;
	int schema;
	bool head_unsure; /* what meta says of it is damaged */
};

static void find(struct verify *v, enum journal_finding kind, uint64_t from, uint64_t to,
	const char *format, ...) __attribute__((format(printf, 5, 6)));

static void find(struct verify *v, enum journal_finding kind, uint64_t from, uint64_t to,
	const char *format, ...)
{
	char sentence[VERIFY_SENTENCE_MAX];
	va_list args;

	va_start(args, format);
	vsnprintf(sentence, sizeof sentence, format, args);
	va_end(args);
	if (kind != FINDING_LOSS)
		v->verdict->damage++;
	v->sink->finding(v->sink, kind, from, to, sentence);
}

static void excuse(struct verify *v, uint64_t from, uint64_t to)
{
	MEM_GROW(v->excused, v->cap_excused, v->n_excused + 1);
	v->excused[v->n_excused++] = (struct range){from, to};
}

static bool is_excused(const struct verify *v, uint64_t seq)
{
	for (size_t i = 0; i < v->n_excused; i++)
		if (seq >= v->excused[i].from && seq <= v->excused[i].to)
			return true;
	return false;
}

static int check_structure(struct verify *v, struct error *error)
{
	sqlite3_stmt *stmt = NULL;
	char sql[64];
	size_t lines = 0;
	int r;

	snprintf(sql, sizeof sql, "PRAGMA integrity_check(%d)", VERIFY_STRUCTURE_LINES);
	r = statement_prepare(v->db, sql, &stmt, doing, error);
	if (r < 0)
		return r;
	struct error why = {0};
	while ((r = statement_row(stmt, doing, &why)) > 0) {
		struct str line = column_text(stmt, 0);
		if (!lines++ && str_is(line, "ok"))
			continue;
		find(v, FINDING_STRUCTURE, 0, 0, "the database says: %.*s", STR_FMT(line));
	}
	if (r < 0)
		find(v, FINDING_STRUCTURE, 0, 0, "the database's own check stopped: %s", why.text);
	sqlite3_finalize(stmt);
	return 0;
}

/* Numbers left out: known to be lost, or not. Retention may have removed them just now. */
static void check_gap(struct verify *v, uint64_t from, uint64_t to)
{
	int64_t oldest = 0, until = 0;
	char sql[80];

	if (statement_int(v->db, "SELECT min(seq) FROM event", 0, &oldest, doing, NULL) == 0 &&
		(uint64_t)oldest > from)
		return;
	snprintf(sql, sizeof sql, "SELECT value FROM meta WHERE name='lost:%" PRIu64 "'", from);
	statement_int(v->db, sql, 0, &until, doing, NULL);
	if ((uint64_t)until == to)
		find(v, FINDING_LOSS, from, to,
			"events %" PRIu64 " to %" PRIu64
			" were lost once; the epoch that began then "
			"goes on after them",
			from, to);
	else
		find(v, FINDING_GAP, from, to,
			"there is no event with the numbers %" PRIu64 " to %" PRIu64, from, to);
	excuse(v, from, to);
}

static void check_chain(struct verify *v, uint64_t seq, uint64_t topic, uint64_t prev)
{
	if (!topic || topic > v->n_topics) {
		find(v, FINDING_TOPIC, seq, seq,
			"event %" PRIu64 " is in topic %" PRIu64 ", which is not there", seq,
			topic);
		return;
	}
	uint64_t *last = &v->last_in[topic - 1];
	bool before = !*last && prev < v->verdict->extent.oldest;
	if (prev != *last && !before && !is_excused(v, prev))
		find(v, FINDING_CHAIN, seq, seq,
			"event %" PRIu64 " says that %" PRIu64
			" is the one before it in topic %" PRIu64 ", and that is %" PRIu64,
			seq, prev, topic, *last);
	*last = seq;
}

static void check_views(struct verify *v, uint64_t seq, struct str views)
{
	while (views.n) {
		uint64_t topic, prev;
		if (!varint_take(&views, &topic) || !varint_take(&views, &prev)) {
			find(v, FINDING_CHECKSUM, seq, seq,
				"the views of event %" PRIu64 " cannot be read", seq);
			return;
		}
		check_chain(v, seq, topic, prev);
	}
}

static void check_event(struct verify *v, sqlite3_stmt *stmt)
{
	uint64_t seq = (uint64_t)sqlite3_column_int64(stmt, 0);
	struct str views = column_blob(stmt, 3);

	if (v->last && seq != v->last + 1)
		check_gap(v, v->last + 1, seq - 1);
	v->last = seq;
	record_begin(&v->record, seq, sqlite3_column_int64(stmt, 1), views);
	buf_str(&v->record, column_blob(stmt, 4));
	if (checksum_of(buf_view(&v->record)) != (uint64_t)sqlite3_column_int64(stmt, 2)) {
		find(v, FINDING_CHECKSUM, seq, seq,
			"event %" PRIu64 " is damaged: its checksum does not fit", seq);
		excuse(v, seq, seq);
		return;
	}
	check_views(v, seq, views);
	v->verdict->readable++;
}

/* Can the first event from `seq` on be read? 1: yes; 0: there is none; -errno. */
static int probe(sqlite3_stmt *stmt, uint64_t seq)
{
	bind_int(stmt, 1, (int64_t)seq - 1);
	bind_int(stmt, 2, INT64_MAX);
	bind_int(stmt, 3, 1);
	int r = statement_row(stmt, doing, NULL);
	if (r > 0)
		sqlite3_reset(stmt);
	return r;
}

/* By doubling steps and then halving: events that are lost together lie together. */
uint64_t store_step_over(sqlite3_stmt *stmt, uint64_t seq, uint64_t to)
{
	uint64_t bad = seq, good = to + 1;

	for (uint64_t step = 1; bad + step <= to; step *= 2) {
		if (probe(stmt, bad + step) >= 0) {
			good = bad + step;
			break;
		}
		bad += step;
	}
	while (good - bad > 1) {
		uint64_t middle = bad + (good - bad) / 2;
		if (probe(stmt, middle) >= 0)
			good = middle;
		else
			bad = middle;
	}
	return good;
}

static uint64_t step_over(struct verify *v, sqlite3_stmt *stmt, uint64_t seq, uint64_t to)
{
	uint64_t good = store_step_over(stmt, seq, to);

	find(v, FINDING_UNREADABLE, seq, good - 1,
		"events %" PRIu64 " to %" PRIu64 " cannot be read: their pages are damaged", seq,
		good - 1);
	excuse(v, seq, good - 1);
	return good;
}

static int check_events(struct verify *v, struct error *error)
{
	sqlite3_stmt *stmt = NULL;
	uint64_t head = v->verdict->extent.head, after = 0;
	int r = statement_prepare(v->db, STORE_EVENTS_SQL, &stmt, doing, error);

	if (v->verdict->extent.oldest)
		after = v->verdict->extent.oldest - 1;
	while (r >= 0 && after < head) {
		size_t n = 0;
		bind_int(stmt, 1, (int64_t)after);
		bind_int(stmt, 2, (int64_t)head);
		bind_int(stmt, 3, VERIFY_SLICE);
		while ((r = statement_row(stmt, doing, error)) > 0) {
			check_event(v, stmt);
			after = v->last;
			n++;
		}
		if (r < 0) {
			after = step_over(v, stmt, after + 1, head) - 1;
			v->last = after;
			r = 0;
			continue;
		}
		if (v->sink->progress)
			v->sink->progress(v->sink, after, head);
		if (n < VERIFY_SLICE)
			break;
	}
	sqlite3_finalize(stmt);
	return r < 0 ? r : 0;
}

/* What a damaged row means, and what becomes of it. */
static const char *meaning(const char *table)
{
	static const char *const meanings[][2] = {
		{"meta", "if it is the head or the epoch, the daemon begins a new epoch when it "
			 "starts"},
		{"topic", "its events are not sent until it is mended: export what is whole, and "
			  "import "
			  "it"},
		{"feed", "the daemon fetches that feed's document whole, and writes the row anew"},
		{"seen", "if its feed still has that item, the daemon tells it once more, as "
			 "updated"},
		{"recent", "it is written anew with the feed's next document"},
		{"alert", "an alert that was taken back may be told once more"},
		{"redacted", "redact that item once more"},
		{"subscription", "the daemon asks the hub anew"},
		{"polled", "the daemon polls that feed when it starts, and writes the row anew"},
	};

	for (size_t i = 0; i < sizeof meanings / sizeof *meanings; i++)
		if (!strcmp(meanings[i][0], table))
			return meanings[i][1];
	return "";
}

static void find_row(struct verify *v, const char *table, sqlite3_stmt *stmt)
{
	struct str first = column_text(stmt, 0);

	find(v, FINDING_ROW, 0, 0, "a row of the table %s (%s %.*s) is damaged: %s", table,
		sqlite3_column_name(stmt, 0), STR_FMT(first), meaning(table));
}

static void check_rows_of(struct verify *v, const char *table)
{
	sqlite3_stmt *stmt = NULL;
	struct error why = {0};
	char sql[64];

	snprintf(sql, sizeof sql, "SELECT * FROM %s", table);
	int r = statement_prepare(v->db, sql, &stmt, doing, &why);
	while (r >= 0 && (r = statement_row(stmt, doing, &why)) > 0) {
		if (row_fits_if_any(stmt))
			continue;
		find_row(v, table, stmt);
		v->head_unsure |= !strcmp(table, "meta");
	}
	sqlite3_finalize(stmt);
	if (r < 0)
		find(v, FINDING_STRUCTURE, 0, 0, "the table %s cannot be read to its end: %s",
			table, why.text);
}

/* Stores of older schemas lack some. */
static bool has_table(const struct verify *v, const char *table)
{
	return !strcmp(table, "subscription") ? v->schema >= STORE_SCHEMA_SUBSCRIPTIONS
	       : !strcmp(table, "polled")     ? v->schema >= STORE_SCHEMA_POLLED
					      : true;
}

/* The rows that remember something, and the tables' own description. */
static void check_rows(struct verify *v)
{
	int64_t fits = 0;

	for (size_t i = 0; store_summed[i]; i++)
		if (has_table(v, store_summed[i]))
			check_rows_of(v, store_summed[i]);
	int r = statement_int(v->db,
		"SELECT value=" STORE_TABLES_CHECKSUM " FROM meta WHERE name='tables'", 0, &fits,
		doing, NULL);
	if (r < 0 || !fits)
		find(v, FINDING_STRUCTURE, 0, 0,
			"the description of the tables is not the one they were made with");
}

/* Each topic, named once, knows the last of its events; one that moved on meanwhile knows of more. */
static int check_topics(struct verify *v, struct error *error)
{
	sqlite3_stmt *stmt = NULL;
	uint64_t expected = 1, head = v->verdict->extent.head;
	int r = statement_prepare(v->db, "SELECT * FROM topic ORDER BY id", &stmt, doing, error);

	while (r >= 0 && (r = statement_row(stmt, doing, error)) > 0) {
		uint64_t id = (uint64_t)sqlite3_column_int64(stmt, 0);
		uint64_t last = (uint64_t)sqlite3_column_int64(stmt, 2);
		if (id != expected)
			find(v, FINDING_TOPIC, 0, 0, "topic %" PRIu64 " is missing", expected);
		expected = id + 1;
		if (id > v->n_topics || last > head || is_excused(v, last) ||
			!row_fits_if_any(stmt))
			continue;
		uint64_t seen = v->last_in[id - 1];
		if (last != seen && (seen || last >= v->verdict->extent.oldest))
			find(v, FINDING_TOPIC, seen, seen,
				"the last event of topic %" PRIu64 " is %" PRIu64
				", and the topic says %" PRIu64,
				id, seen, last);
	}
	sqlite3_finalize(stmt);
	return r < 0 ? r : 0;
}

static void check_witness(struct verify *v)
{
	struct witness w = {-1, mem_printf("%s.head", v->path)};
	struct witness_record record;
	int64_t head = 0, checksum = 0;
	char sql[80];

	w.fd = open(w.path, O_RDONLY | O_CLOEXEC);
	int r = w.fd < 0 ? -errno : witness_read(&w, &record);
	if (r == -EBADMSG)
		find(v, FINDING_HEAD, 0, 0, "the head witness %s cannot be read", w.path);
	witness_close(&w);
	if (r <= 0)
		return; /* a copy has none, and a new store's says nothing yet */
	statement_int(v->db, "SELECT value FROM meta WHERE name='head'", 0, &head, doing, NULL);
	if (record.seq > (uint64_t)head) {
		find(v, FINDING_HEAD, (uint64_t)head + 1, record.seq,
			"event %" PRIu64 " was durable once and the store ends at %" PRIu64
			": events were lost",
			record.seq, (uint64_t)head);
		return;
	}
	snprintf(sql, sizeof sql, "SELECT checksum FROM event WHERE seq=%" PRIu64, record.seq);
	if (statement_int(v->db, sql, (int64_t)record.checksum, &checksum, doing, NULL) == 0 &&
		record.checksum && (uint64_t)checksum != record.checksum)
		find(v, FINDING_HEAD, record.seq, record.seq,
			"event %" PRIu64 " is not the one that was durable under this number",
			record.seq);
}

static void check_head(struct verify *v)
{
	const struct journal_extent *e = &v->verdict->extent;
	int64_t newest = 0;

	if (v->last && v->last < e->head)
		check_gap(v, v->last + 1, e->head);
	if (statement_int(v->db, "SELECT max(seq) FROM event", 0, &newest, doing, NULL) == 0 &&
		statement_int(v->db,
			"SELECT 1 FROM meta WHERE name='head' AND value<(SELECT max(seq) "
			"FROM event)",
			0, &newest, doing, NULL) == 0 &&
		newest)
		find(v, FINDING_HEAD, e->head, e->head,
			"the head is %" PRIu64 " and there are events after it", e->head);
	check_witness(v);
}

static int begin(struct verify *v, struct error *error)
{
	struct journal_reader *reader;
	int64_t topics = 0, newest = 0;
	int schema, r = journal_reader_open(&reader, v->path, error);

	if (r < 0)
		return r;
	r = journal_extent(reader, &v->verdict->extent, error);
	journal_reader_close(reader);
	v->head_unsure = r == -EBADMSG; /* its row will be found */
	if (r < 0 && !v->head_unsure)
		return r;
	r = statement_open(v->path, SQLITE_OPEN_READONLY, VERIFY_BUSY_MS, &v->db, error);
	if (r >= 0)
		r = store_recognise(v->db, v->path, &schema, error);
	if (r >= 0 && v->head_unsure) {
		r = statement_int(v->db, "SELECT max(seq) FROM event", 0, &newest, doing, error);
		v->verdict->extent.head = (uint64_t)newest;
	}
	v->schema = r >= 0 ? schema : 0;
	if (r >= 0)
		r = statement_int(v->db, "SELECT max(id) FROM topic", 0, &topics, doing, error);
	if (r < 0)
		return r;
	v->n_topics = (size_t)topics;
	v->last_in = mem_zalloc(v->n_topics + 1, sizeof *v->last_in);
	return 0;
}

int journal_verify(const char *path, struct journal_verify_sink *sink, struct journal_verdict *ret,
	struct error *error)
{
	struct verify v = {.path = path, .sink = sink, .verdict = ret, .record = BUF_INIT};

	*ret = (struct journal_verdict){0};
	int r = begin(&v, error);
	if (r >= 0)
		r = check_structure(&v, error);
	if (r >= 0)
		r = check_events(&v, error);
	if (r >= 0 && v.schema >= STORE_SCHEMA_SUMMED)
		check_rows(&v);
	if (r >= 0)
		r = check_topics(&v, error);
	if (r >= 0 && !v.head_unsure)
		check_head(&v);
	sqlite3_close(v.db);
	buf_deinit(&v.record);
	free(v.last_in);
	free(v.excused);
	return r;
}
