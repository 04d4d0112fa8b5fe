#include "journal/row.h"

#include <endian.h>
#include <stdint.h>
#include <string.h>

#include "journal/encoding.h"
#include "journal/statement.h"

/* A chain: each value is hashed under a key that has the hash of those before it and the value's type. So
 * nothing is copied together, however long. The key's bytes keep no secret; the first eight are the hash
 * so far. */
#define CHAIN_START ((struct row_chain){{"civicw row type"}})
#define CHAIN_TYPE  15

static void put_fixed(uint8_t *out, uint64_t value)
{
	value = htole64(value);
	memcpy(out, &value, sizeof value);
}

static void chain_add(struct row_chain *chain, int type, struct str bytes)
{
	chain->key.b[CHAIN_TYPE] = (uint8_t)type;
	put_fixed(chain->key.b, hash_short(&chain->key, bytes));
}

static void chain_add_word(struct row_chain *chain, int type, uint64_t word)
{
	uint8_t bytes[8];

	put_fixed(bytes, word);
	chain_add(chain, type, str_make((const char *)bytes, sizeof bytes));
}

static uint64_t chain_end(const struct row_chain *chain)
{
	uint64_t value;

	memcpy(&value, chain->key.b, sizeof value);
	return le64toh(value);
}

struct row_chain row_chain_begin(void)
{
	return CHAIN_START;
}

void row_chain_add(struct row_chain *chain, const struct row_value *value)
{
	if (value->type == SQLITE_INTEGER)
		chain_add_word(chain, value->type, (uint64_t)value->integer);
	else
		chain_add(chain, value->type, value->type == SQLITE_NULL ? STR("") : value->bytes);
}

int64_t row_chain_end(const struct row_chain *chain)
{
	return (int64_t)chain_end(chain);
}

void row_bind_value(sqlite3_stmt *stmt, int at, const struct row_value *value)
{
	if (value->type == SQLITE_INTEGER)
		bind_int(stmt, at, value->integer);
	else if (value->type == SQLITE_TEXT)
		bind_text(stmt, at, value->bytes);
	else
		bind_blob(stmt, at, value->bytes);
}

void row_bind(sqlite3_stmt *stmt, const struct row_value *values, size_t n)
{
	struct row_chain chain = CHAIN_START;

	for (size_t i = 0; i < n; i++) {
		row_bind_value(stmt, (int)i + 1, &values[i]);
		row_chain_add(&chain, &values[i]);
	}
	bind_int(stmt, (int)n + 1, row_chain_end(&chain));
}

static uint64_t bits_of(double d)
{
	uint64_t bits;

	memcpy(&bits, &d, sizeof bits);
	return bits;
}

void row_chain_add_sql(struct row_chain *chain, sqlite3_value *value)
{
	int type = sqlite3_value_type(value);

	if (type == SQLITE_INTEGER)
		chain_add_word(chain, type, (uint64_t)sqlite3_value_int64(value));
	else if (type == SQLITE_FLOAT)
		chain_add_word(chain, type, bits_of(sqlite3_value_double(value)));
	else if (type == SQLITE_NULL)
		chain_add(chain, type, STR(""));
	else { /* of a text the same bytes, but sqlite3_value_text() would copy it to end it with NUL */
		const char *p = sqlite3_value_blob(value);
		chain_add(chain, type, str_make(p ? p : "", (size_t)sqlite3_value_bytes(value)));
	}
}

static void add_column(struct row_chain *chain, sqlite3_stmt *stmt, int i)
{
	int type = sqlite3_column_type(stmt, i);

	if (type == SQLITE_INTEGER)
		chain_add_word(chain, type, (uint64_t)sqlite3_column_int64(stmt, i));
	else if (type == SQLITE_FLOAT)
		chain_add_word(chain, type, bits_of(sqlite3_column_double(stmt, i)));
	else if (type == SQLITE_NULL)
		chain_add(chain, type, STR(""));
	else {
		struct str s = type == SQLITE_TEXT ? column_text(stmt, i) : column_blob(stmt, i);
		chain_add(chain, type, s.p ? s : STR(""));
	}
}

static void on_row_checksum(sqlite3_context *context, int n, sqlite3_value **values)
{
	struct row_chain chain = CHAIN_START;

	for (int i = 0; i < n; i++)
		row_chain_add_sql(&chain, values[i]);
	sqlite3_result_int64(context, (int64_t)chain_end(&chain));
}

int row_register(sqlite3 *db)
{
	return sqlite3_create_function_v2(db, "row_checksum", -1,
		SQLITE_UTF8 | SQLITE_DETERMINISTIC | SQLITE_DIRECTONLY, NULL, on_row_checksum, NULL,
		NULL, NULL);
}

bool row_part_fits(sqlite3_stmt *stmt, int first, int last)
{
	struct row_chain chain = CHAIN_START;

	for (int i = first; i < last; i++)
		add_column(&chain, stmt, i);
	return sqlite3_column_type(stmt, last) == SQLITE_INTEGER &&
	       (uint64_t)sqlite3_column_int64(stmt, last) == chain_end(&chain);
}

bool row_fits(sqlite3_stmt *stmt)
{
	return row_part_fits(stmt, 0, sqlite3_column_count(stmt) - 1);
}

bool row_fits_if_any(sqlite3_stmt *stmt)
{
	const char *last = sqlite3_column_name(stmt, sqlite3_column_count(stmt) - 1);

	return !last || strcmp(last, ROW_CHECKSUM) != 0 || row_fits(stmt);
}

int row_columns(
	sqlite3 *db, const char *table, struct buf *out, const char *doing, struct error *error)
{
	sqlite3_stmt *stmt = NULL;
	size_t n = 0;
	int r = statement_prepare(db,
		"SELECT name FROM pragma_table_info(?1) WHERE name<>'" ROW_CHECKSUM
		"' ORDER BY cid",
		&stmt, doing, error);

	if (r >= 0)
		bind_text(stmt, 1, str_of(table));
	while (r >= 0 && (r = statement_row(stmt, doing, error)) > 0)
		buf_printf(out, "%s%.*s", n++ ? "," : "", STR_FMT(column_text(stmt, 0)));
	sqlite3_finalize(stmt);
	return r < 0 ? r : 0;
}

int row_sum_table(sqlite3 *db, const char *table, const char *doing, struct error *error)
{
	struct buf sql = BUF_INIT;

	buf_printf(&sql, "UPDATE %s SET " ROW_CHECKSUM "=row_checksum(", table);
	int r = row_columns(db, table, &sql, doing, error);
	buf_char(&sql, ')');
	if (r >= 0)
		r = statement_exec(db, buf_cstr(&sql), doing, error);
	buf_deinit(&sql);
	return r;
}
