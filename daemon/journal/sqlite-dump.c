/* A store as JSON lines. Rows of tables go by their columns' names, whatever they are, so that a new
 * column needs nothing here; events go as their readers know them. */
#include "journal/upkeep.h"

#include <errno.h>
#include <stdlib.h>

#include "base/json.h"
#include "journal/encoding.h"
#include "journal/row.h"
#include "journal/store.h"

#define DUMP_BUSY_MS 5000

static const char doing[] = "exporting";

struct dump {
	sqlite3 *db;
	const char *path;
	struct journal_dump_sink *sink;
	struct buf line, record;
	struct arena names;
	struct str *topics; /* by number − 1 */
	size_t n_topics;
	uint64_t head;
	bool head_unsure; /* what meta says of it is damaged: the newest event's is taken */
	const struct journal_dump_wish *wish;
	struct journal_dump_loss loss;
};

static int put(struct dump *d)
{
	return d->sink->line(d->sink, buf_view(&d->line));
}

static void write_hex(struct json *j, struct str s)
{
	static const char digits[] = "0123456789abcdef";

	json_open(j, '{');
	json_key(j, "hex");
	buf_char(j->out, '"');
	for (size_t i = 0; i < s.n; i++) {
		buf_char(j->out, digits[(unsigned char)s.p[i] >> 4]);
		buf_char(j->out, digits[(unsigned char)s.p[i] & 15]);
	}
	buf_char(j->out, '"');
	json_close(j, '}');
}

static void write_column(struct json *j, sqlite3_stmt *stmt, int i)
{
	json_key(j, sqlite3_column_name(stmt, i));
	switch (sqlite3_column_type(stmt, i)) {
	case SQLITE_INTEGER:
		json_int(j, sqlite3_column_int64(stmt, i));
		break;
	case SQLITE_TEXT:
		json_str(j, column_text(stmt, i));
		break;
	case SQLITE_BLOB:
		write_hex(j, column_blob(stmt, i));
		break;
	default:
		json_str(j, STR_NONE);
	}
}

static int dump_row(struct dump *d, const char *table, sqlite3_stmt *stmt)
{
	struct json j = json_to(&d->line);

	buf_clear(&d->line);
	json_open(&j, '{');
	json_member(&j, "table", str_of(table));
	json_key(&j, "row");
	json_open(&j, '{');
	for (int i = 0; i < sqlite3_column_count(stmt); i++)
		if (strcmp(sqlite3_column_name(stmt, i), ROW_CHECKSUM) != 0)
			write_column(&j, stmt, i);
	json_close(&j, '}');
	json_close(&j, '}');
	return put(d);
}

/* A topic whose row does not fit may have its name right: the index has that a second time. */
static bool is_named(struct dump *d, sqlite3_stmt *row)
{
	sqlite3_stmt *stmt = NULL;
	int r = statement_prepare(d->db,
		"SELECT id FROM topic INDEXED BY sqlite_autoindex_topic_1 WHERE name=?1", &stmt,
		doing, NULL);

	if (r >= 0) {
		bind_text(stmt, 1, column_text(row, 1));
		r = statement_row(stmt, doing, NULL);
	}
	bool named = r > 0 && sqlite3_column_int64(stmt, 0) == sqlite3_column_int64(row, 0);
	sqlite3_finalize(stmt);
	return named;
}

/* All columns, or those named. */
static int dump_table(struct dump *d, const char *table, const char *columns, struct error *error)
{
	sqlite3_stmt *stmt = NULL;
	char sql[64];

	snprintf(sql, sizeof sql, "SELECT %s FROM %s", columns, table);
	int r = statement_prepare(d->db, sql, &stmt, doing, error);
	while (r >= 0 && (r = statement_row(stmt, doing, error)) > 0) {
		if (row_fits_if_any(stmt))
			r = dump_row(d, table, stmt);
		else if (!strcmp(table, "topic"))
			r = is_named(d, stmt)
				    ? dump_row(d, table, stmt)
				    : error_set(error, EBADMSG,
					      "%s: the name of topic %lld is damaged, and "
					      "events need it",
					      d->path, (long long)sqlite3_column_int64(stmt, 0));
		else
			d->loss.rows++;
	}
	sqlite3_finalize(stmt);
	/* The rest of a table that remembers can be done without. */
	if (r == -EBADMSG && d->wish->readable && strcmp(table, "topic") != 0) {
		d->loss.tables++;
		return 0;
	}
	return r;
}

/* Whether the text that says what the tables are has changed: their rows would go by wrong names. 1, 0
 * or an error. */
static int is_description_damaged(struct dump *d, struct error *error)
{
	int schema = 0, r = store_recognise(d->db, d->path, &schema, error);
	int64_t damaged = 0;

	if (r < 0 || schema < STORE_SCHEMA_SUMMED)
		return r < 0 ? r : 0;
	r = statement_int(d->db,
		"SELECT value<>" STORE_TABLES_CHECKSUM
		" AND checksum=row_checksum(name,value) FROM meta WHERE name='tables'",
		0, &damaged, doing, error);
	return r < 0 ? r : damaged != 0;
}

/* All tables but those that have lines of their own, and what hubs sign with, which is nobody else's; topics
 * first, for events name them. */
static int dump_tables(struct dump *d, struct error *error)
{
	sqlite3_stmt *stmt = NULL;
	int r = is_description_damaged(d, error);

	if (r > 0 && !d->wish->readable)
		return error_set(
			error, EBADMSG, "%s: the description of its tables is damaged", d->path);
	if (r > 0) {
		d->loss.tables++;
		return dump_table(d, "topic", "id,name,last_seq,checksum", error);
	}
	if (r < 0)
		return r;
	r = statement_prepare(d->db,
		"SELECT name FROM sqlite_schema WHERE type='table' AND name NOT IN('meta','event',"
		"'subscription') "
		"AND name NOT LIKE 'sqlite%' ORDER BY name<>'topic',name",
		&stmt, doing, error);

	while (r >= 0 && (r = statement_row(stmt, doing, error)) > 0)
		r = dump_table(d, (const char *)sqlite3_column_text(stmt, 0), "*", error);
	sqlite3_finalize(stmt);
	return r;
}

static int load_topics(struct dump *d, struct error *error)
{
	sqlite3_stmt *stmt = NULL;
	size_t cap = 0;
	int r = statement_prepare(
		d->db, "SELECT id,name FROM topic ORDER BY id", &stmt, doing, error);

	while (r >= 0 && (r = statement_row(stmt, doing, error)) > 0) {
		if ((uint64_t)sqlite3_column_int64(stmt, 0) != d->n_topics + 1) {
			r = error_set(error, EBADMSG, "%s: topic %zu is missing", d->path,
				d->n_topics + 1);
			break;
		}
		MEM_GROW(d->topics, cap, d->n_topics + 1);
		d->topics[d->n_topics++] = arena_str(&d->names, column_text(stmt, 1));
	}
	sqlite3_finalize(stmt);
	return r < 0 ? r : 0;
}

/* [["feed/…/",17],…]; false where they cannot be read. */
static bool write_views(struct dump *d, struct json *j, struct str views)
{
	json_open(j, '[');
	while (views.n) {
		uint64_t topic, prev;
		if (!varint_take(&views, &topic) || !varint_take(&views, &prev) || !topic ||
			topic > d->n_topics)
			return false;
		json_open(j, '[');
		json_str(j, d->topics[topic - 1]);
		json_uint(j, prev);
		json_close(j, ']');
	}
	json_close(j, ']');
	return true;
}

static int dump_event(struct dump *d, sqlite3_stmt *stmt, struct error *error)
{
	uint64_t seq = (uint64_t)sqlite3_column_int64(stmt, 0);
	int64_t recorded = sqlite3_column_int64(stmt, 1);
	struct json j = json_to(&d->line);

	record_begin(&d->record, seq, recorded, column_blob(stmt, 3));
	buf_str(&d->record, column_blob(stmt, 4));
	bool whole = checksum_of(buf_view(&d->record)) == (uint64_t)sqlite3_column_int64(stmt, 2);
	buf_clear(&d->line);
	json_open(&j, '{');
	json_key(&j, "seq");
	json_uint(&j, seq);
	json_member_int(&j, "recorded", recorded);
	json_key(&j, "views");
	whole = whole && write_views(d, &j, column_blob(stmt, 3));
	if (!whole && d->wish->readable) {
		d->loss.events++;
		return 0;
	}
	if (!whole)
		return error_set(error, EBADMSG,
			"%s: event %llu is damaged ('civicwire journal verify' says what else is)",
			d->path, (unsigned long long)seq);
	json_key(&j, "event");
	json_raw(&j, column_blob(stmt, 4));
	json_close(&j, '}');
	return put(d);
}

static int dump_events(struct dump *d, uint64_t head, uint64_t *ret_events, struct error *error)
{
	sqlite3_stmt *stmt = NULL;
	uint64_t after = 0, looked_at = 0, lost_before = d->loss.events;
	int r = statement_prepare(d->db, STORE_EVENTS_SQL, &stmt, doing, error);

	while (r >= 0) {
		bind_int(stmt, 1, (int64_t)after);
		bind_int(stmt, 2, (int64_t)head);
		bind_int(stmt, 3, -1);
		int told = 0;
		while (told >= 0 && (r = statement_row(stmt, doing, error)) > 0) {
			after = (uint64_t)sqlite3_column_int64(stmt, 0);
			looked_at++;
			told = dump_event(d, stmt, error);
		}
		if (told < 0)
			r = told;
		if (r == 0 || told < 0 || !d->wish->readable)
			break;
		/* The pages of the next ones cannot be read. */
		sqlite3_reset(stmt);
		uint64_t next = store_step_over(stmt, after + 1, head);
		d->loss.events += next - after - 1;
		lost_before += next - after - 1;
		after = next - 1;
		r = 0;
	}
	sqlite3_finalize(stmt);
	*ret_events = looked_at - (d->loss.events - lost_before);
	return r;
}

static int dump_head(struct dump *d, struct error *error)
{
	sqlite3_stmt *stmt = NULL;
	struct json j = json_to(&d->line);
	int r = statement_prepare(d->db,
		"SELECT (SELECT value FROM meta WHERE name='epoch'),"
		"(SELECT value FROM meta WHERE name='head'),(SELECT max(seq) FROM event)",
		&stmt, doing, error);

	if (r >= 0)
		r = statement_row(stmt, doing, error);
	if (r > 0) {
		d->head = (uint64_t)sqlite3_column_int64(stmt, d->head_unsure ? 2 : 1);
		json_open(&j, '{');
		json_member_int(&j, "civicwire_journal", 1);
		json_member(&j, "epoch", column_text(stmt, 0));
		json_member_int(&j, "head", (int64_t)d->head);
		json_close(&j, '}');
		r = put(d);
	}
	sqlite3_finalize(stmt);
	return r;
}

static int dump_all(struct dump *d, struct error *error)
{
	uint64_t events = 0;
	/* One moment for all tables. */
	int r = statement_exec(d->db, "BEGIN", doing, error);

	if (r >= 0)
		r = dump_head(d, error);
	if (r >= 0)
		r = dump_tables(d, error);
	if (r >= 0)
		r = load_topics(d, error);
	if (r >= 0)
		r = dump_events(d, d->head, &events, error);
	if (r < 0)
		return r;
	buf_clear(&d->line);
	buf_printf(&d->line, "{\"end\":true,\"events\":%llu}", (unsigned long long)events);
	return put(d);
}

int journal_dump(const char *path, const struct journal_dump_wish *wish,
	struct journal_dump_sink *sink, struct journal_dump_loss *ret_loss, struct error *error)
{
	struct dump d = {.path = path, .sink = sink, .names = ARENA_INIT, .wish = wish};
	struct journal_reader *reader; /* says in the usual words what is no journal */
	int r = journal_reader_open(&reader, path, error);

	struct journal_extent extent;

	if (r < 0)
		return r;
	r = journal_extent(reader, &extent, error);
	journal_reader_close(reader);
	d.head_unsure = r == -EBADMSG;
	if (d.head_unsure && wish->readable)
		r = 0; /* an import has an epoch of its own */
	if (r >= 0)
		r = statement_open(path, SQLITE_OPEN_READONLY, DUMP_BUSY_MS, &d.db, error);
	if (r >= 0)
		r = dump_all(&d, error);
	*ret_loss = d.loss;
	sqlite3_close(d.db);
	buf_deinit(&d.line);
	buf_deinit(&d.record);
	arena_deinit(&d.names);
	free(d.topics);
	return r;
}
