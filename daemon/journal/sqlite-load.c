/* Filling a new store from exported lines: an ordinary store, made by journal_open() so that its tables
 * are those of this version, then one transaction with everything in it. */
#include "journal/store.h"
#include "journal/upkeep.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/alloc.h"
#include "journal/encoding.h"
#include "journal/row.h"

/* A table has at most so many columns; feed, the widest, has half of it. */
#define LOAD_COLUMNS_MAX 64

static const char doing[] = "importing";

struct journal_loader {
	struct journal *journal;
	char *path;
	uint64_t last;
	sqlite3_stmt *row; /* of the table and columns used last */
	struct buf sql, sql_now;
	bool ended;
};

/* Names of columns and tables come from the file: only such as could be ours go into SQL. */
static bool is_name(struct str s)
{
	for (size_t i = 0; i < s.n; i++)
		if (!ascii_is_alnum((unsigned char)s.p[i]) && s.p[i] != '_')
			return false;
	return s.n > 0;
}

/* One of this store's tables that rows are for; 0 if not, or -errno. */
static int is_table(struct journal *j, struct str name, struct error *error)
{
	sqlite3_stmt *stmt = NULL;
	int r = statement_prepare(j->db,
		"SELECT 1 FROM sqlite_schema WHERE type='table' AND name=?1 AND name NOT IN('meta',"
		"'event','subscription') AND name NOT LIKE 'sqlite%'",
		&stmt, doing, error);

	if (r >= 0) {
		bind_text(stmt, 1, name);
		r = statement_row(stmt, doing, error);
	}
	sqlite3_finalize(stmt);
	return r;
}

static int begin(
	struct journal_loader *loader, struct str epoch, uint64_t head, struct error *error)
{
	struct journal *j = loader->journal;
	struct buf sql = BUF_INIT;

	for (size_t i = 0; i < epoch.n; i++)
		if (!ascii_is_alnum((unsigned char)epoch.p[i]))
			epoch.n = SIZE_MAX / 2;
	if (epoch.n >= JOURNAL_EPOCH_MAX || head > INT64_MAX)
		return error_set(error, EBADMSG, "the file's first line is none of an export");
	int r = journal_begin(j, error);
	if (r < 0)
		return r;
	buf_printf(&sql,
		"UPDATE meta SET value=%llu,checksum=row_checksum(name,%llu) WHERE name='head'",
		(unsigned long long)head, (unsigned long long)head);
	if (epoch.n)
		buf_printf(&sql,
			";UPDATE meta SET value='%.*s',checksum=row_checksum(name,'%.*s') "
			"WHERE name='epoch'",
			STR_FMT(epoch), STR_FMT(epoch));
	r = statement_exec(j->db, buf_cstr(&sql), doing, error);
	buf_deinit(&sql);
	return r;
}

int journal_loader_new(struct journal_loader **ret, const char *path, struct str epoch,
	uint64_t head, struct error *error)
{
	cleanup(journal_loader_free_p) struct journal_loader *loader =
		mem_zalloc(1, sizeof *loader);
	struct journal_settings settings = {.path = path};
	char *notice = NULL;

	if (access(path, F_OK) == 0)
		return error_set(
			error, EEXIST, "%s is there already: an import makes a new one", path);
	int r = journal_open(&loader->journal, &settings, &notice, error);
	free(notice);
	if (r < 0)
		return r;
	loader->path = mem_strdup(path);
	r = begin(loader, epoch, head, error);
	if (r < 0)
		return r;
	*ret = loader;
	loader = NULL;
	return 0;
}

static void write_insert(
	struct buf *sql, struct str table, const struct journal_column *columns, size_t n)
{
	buf_printf(sql, "INSERT INTO %.*s(", STR_FMT(table));
	for (size_t i = 0; i < n; i++)
		buf_printf(sql, "%s%.*s", i ? "," : "", STR_FMT(columns[i].name));
	buf_lit(sql, ") VALUES(");
	for (size_t i = 0; i < n; i++)
		buf_printf(sql, "%s?%zu", i ? "," : "", i + 1);
	buf_char(sql, ')');
}

/* Rows come table by table: the statement of the one before serves again. */
static int prepare_row(struct journal_loader *loader, struct str table,
	const struct journal_column *columns, size_t n, struct error *error)
{
	bool named = n && n <= LOAD_COLUMNS_MAX && is_name(table);

	for (size_t i = 0; i < n; i++)
		named &= is_name(columns[i].name);
	buf_clear(&loader->sql_now);
	if (named)
		write_insert(&loader->sql_now, table, columns, n);
	if (named && loader->row && str_eq(buf_view(&loader->sql_now), buf_view(&loader->sql)))
		return 0;
	int r = named ? is_table(loader->journal, table, error) : 0;
	if (r <= 0)
		return r < 0 ? r
			     : error_set(error, EBADMSG,
				       "a row of a table '%.*s', which no journal has",
				       STR_FMT(table));
	sqlite3_finalize(loader->row);
	loader->row = NULL;
	buf_clear(&loader->sql);
	buf_str(&loader->sql, buf_view(&loader->sql_now));
	return statement_prepare(
		loader->journal->db, buf_cstr(&loader->sql), &loader->row, doing, error);
}

int journal_loader_row(struct journal_loader *loader, struct str table,
	const struct journal_column *columns, size_t n, struct error *error)
{
	int r = prepare_row(loader, table, columns, n, error);

	for (size_t i = 0; i < n && r >= 0; i++) {
		const struct journal_value *v = &columns[i].value;
		int at = (int)i + 1;
		if (v->type == VALUE_INT)
			bind_int(loader->row, at, v->i);
		else if (v->type == VALUE_TEXT)
			bind_text(loader->row, at, v->s);
		else if (v->type == VALUE_BLOB)
			bind_blob(loader->row, at, v->s);
		else
			sqlite3_bind_null(loader->row, at);
	}
	return r < 0 ? r : statement_run(loader->row, doing, error);
}

/* Numbers without an event: they are known to be lost, where the file comes from. */
static int note_loss(struct journal_loader *loader, uint64_t from, uint64_t to, struct error *error)
{
	struct buf sql = BUF_INIT;

	buf_printf(&sql, "REPLACE INTO meta(name,value) VALUES('lost:%llu',%llu)",
		(unsigned long long)from, (unsigned long long)to);
	int r = statement_exec(loader->journal->db, buf_cstr(&sql), doing, error);
	buf_deinit(&sql);
	return r;
}

int journal_loader_event(struct journal_loader *loader, uint64_t seq, int64_t recorded_us,
	const struct journal_load_view *views, size_t n, struct str body, struct error *error)
{
	struct journal *j = loader->journal;
	sqlite3_stmt *stmt = j->stmts[STMT_APPEND];

	if (seq <= loader->last || seq > INT64_MAX)
		return error_set(error, EBADMSG, "event %llu comes after event %llu",
			(unsigned long long)seq, (unsigned long long)loader->last);
	int lost = loader->last && seq > loader->last + 1
			   ? note_loss(loader, loader->last + 1, seq - 1, error)
			   : 0;
	if (lost < 0)
		return lost;
	buf_clear(&j->views);
	for (size_t i = 0; i < n; i++) {
		bind_text(j->stmts[STMT_TOPIC_BY_NAME], 1, views[i].topic);
		int r = store_row(j, STMT_TOPIC_BY_NAME, error);
		if (r <= 0)
			return r < 0 ? r
				     : error_set(error, EBADMSG,
					       "event %llu is in topic '%.*s', which has no row",
					       (unsigned long long)seq, STR_FMT(views[i].topic));
		varint_add(
			&j->views, (uint64_t)sqlite3_column_int64(j->stmts[STMT_TOPIC_BY_NAME], 0));
		varint_add(&j->views, views[i].prev);
		sqlite3_reset(j->stmts[STMT_TOPIC_BY_NAME]);
	}
	record_begin(&j->record, seq, recorded_us, buf_view(&j->views));
	buf_str(&j->record, body);
	bind_int(stmt, 1, (int64_t)seq);
	bind_int(stmt, 2, recorded_us);
	bind_int(stmt, 3, (int64_t)checksum_of(buf_view(&j->record)));
	bind_blob(stmt, 4, buf_view(&j->views));
	bind_blob(stmt, 5, body);
	loader->last = seq;
	return store_run(j, STMT_APPEND, error);
}

int journal_loader_end(struct journal_loader *loader, struct error *error)
{
	struct journal *j = loader->journal;
	int64_t head;
	int r = statement_int(
		j->db, "SELECT value FROM meta WHERE name='head'", 0, &head, doing, error);

	if (r >= 0 && (uint64_t)head < loader->last)
		r = error_set(error, EBADMSG, "the head is %lld and event %llu comes after it",
			(long long)head, (unsigned long long)loader->last);
	if (r >= 0 && loader->last && (uint64_t)head > loader->last)
		r = note_loss(loader, loader->last + 1, (uint64_t)head, error);
	for (size_t i = 0; store_summed[i] && r >= 0; i++)
		r = row_sum_table(j->db, store_summed[i], doing, error);
	if (r >= 0)
		r = statement_int(
			j->db, "SELECT count(*) FROM redacted", 0, &j->n_redacted, doing, error);
	if (r >= 0)
		r = journal_commit(j, error);
	loader->ended = r >= 0;
	return r;
}

struct journal_loader *journal_loader_free(struct journal_loader *loader)
{
	static const char *const files[] = {"", "-wal", "-shm", ".head"};

	if (!loader)
		return NULL;
	sqlite3_finalize(loader->row);
	journal_close(loader->journal);
	for (size_t i = 0; !loader->ended && loader->path && i < sizeof files / sizeof *files;
		i++) {
		char *name = mem_printf("%s%s", loader->path, files[i]);
		unlink(name);
		free(name);
	}
	/* The witness of the empty store says nothing of this one. */
	if (loader->ended) {
		char *name = mem_printf("%s.head", loader->path);
		unlink(name);
		free(name);
	}
	buf_deinit(&loader->sql);
	buf_deinit(&loader->sql_now);
	free(loader->path);
	free(loader);
	return NULL;
}
