/* The checksum that each row of a table carries in its last column, as events do in theirs. SQLite's own
 * check knows pages and indices; a bit that flips inside a value it takes for the value.
 *
 * It is over all other columns in the table's order, each with its type, so that it is the same for every
 * table and nothing needs a list of columns: SQL has it as row_checksum(column, …). */
#pragma once

#include "base/buf.h"
#include "base/error.h"
#include "base/hash.h"

#include <sqlite3.h>
#include <stdbool.h>

#define ROW_CHECKSUM "checksum"

/* The same checksum for who has the values at hand, as SQLite would have them: begin, add each, end. */
struct row_value {
	int type;         /* SQLITE_INTEGER, SQLITE_TEXT, SQLITE_BLOB or SQLITE_NULL */
	int64_t integer;  /* of an integer */
	struct str bytes; /* of a text or a blob */
};
static inline struct row_value row_int(int64_t value)
{
	return (struct row_value){.type = SQLITE_INTEGER, .integer = value};
}
/* STR_NONE is NULL. */
static inline struct row_value row_text(struct str s)
{
	return (struct row_value){.type = s.p ? SQLITE_TEXT : SQLITE_NULL, .bytes = s};
}
static inline struct row_value row_blob(struct str s)
{
	return (struct row_value){.type = s.p ? SQLITE_BLOB : SQLITE_NULL, .bytes = s};
}
/* The zero hash is NULL. */
static inline struct row_value row_hash(const struct hash *hash)
{
	return row_blob(hash_is_zero(hash) ? STR_NONE : str_make((const char *)hash->b, HASH_SIZE));
}
/* Binds one to a statement's parameter; what it points to must stay until the statement has run. */
void row_bind_value(sqlite3_stmt *stmt, int at, const struct row_value *value);
/* Binds the first n parameters, and the one behind them to the checksum of a row that has these values
 * before it. */
void row_bind(sqlite3_stmt *stmt, const struct row_value *values, size_t n);

struct row_chain {
	struct hash_key key;
};
struct row_chain row_chain_begin(void);
void row_chain_add(struct row_chain *chain, const struct row_value *value);
/* A value that SQLite gave a function. */
void row_chain_add_sql(struct row_chain *chain, sqlite3_value *value);
int64_t row_chain_end(const struct row_chain *chain);

/* Gives a connection the SQL function. An SQLite result code. */
int row_register(sqlite3 *db);
/* Does the row that a statement stands on fit its last column, which is the checksum? The columns before
 * are all others of the table, in its order. */
bool row_fits(sqlite3_stmt *stmt);
/* The same where a statement joins tables: the row is its columns from `first` on, the checksum in
 * `last`. */
bool row_part_fits(sqlite3_stmt *stmt, int first, int last);
/* The same for "SELECT *", from a store old enough to have no checksums: then it fits. */
bool row_fits_if_any(sqlite3_stmt *stmt);
/* The names of a table's columns but the checksum, in its order, as SQL has them. */
int row_columns(
	sqlite3 *db, const char *table, struct buf *out, const char *doing, struct error *error);
/* Gives all rows of a table the checksum of what they are now. */
int row_sum_table(sqlite3 *db, const char *table, const char *doing, struct error *error);
