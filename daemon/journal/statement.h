/* What the writer and the readers share of SQLite: its errors in our terms, and binding. */
#pragma once

#include "base/error.h"
#include "base/hash.h"

#include <sqlite3.h>
#include <stdint.h>

/* The errno that fits an (extended) result code of SQLite. */
int statement_errno(sqlite3 *db, int rc);
/* Fills *error with "<store>: <doing>: <what SQLite says>" and returns -errno. */
int statement_error(struct error *error, sqlite3 *db, int rc, const char *doing);

/* Opens a connection of one thread: `flags` are SQLITE_OPEN_READONLY or _READWRITE, and _CREATE. It waits
 * up to busy_ms for a lock. 0, or -errno with a sentence and nothing open. */
int statement_open(const char *path, int flags, int busy_ms, sqlite3 **ret, struct error *error);

/* Prepares one statement for the life of the connection. */
int statement_prepare(
	sqlite3 *db, const char *sql, sqlite3_stmt **ret, const char *doing, struct error *error);
/* Runs SQL without results. */
int statement_exec(sqlite3 *db, const char *sql, const char *doing, struct error *error);
/* Steps a statement that gives no rows, and resets it. */
int statement_run(sqlite3_stmt *stmt, const char *doing, struct error *error);
/* 1: there is a row, read it and sqlite3_reset(); 0: none, and it is reset. */
int statement_row(sqlite3_stmt *stmt, const char *doing, struct error *error);
/* The first column of the first row as a number, `otherwise` where there is none. */
int statement_int(sqlite3 *db, const char *sql, int64_t otherwise, int64_t *ret, const char *doing,
	struct error *error);

/* Texts are bound without a copy: they must live until the statement is reset. A zero hash and
 * STR_NONE are NULL. */
void bind_int(sqlite3_stmt *stmt, int i, int64_t value);
void bind_text(sqlite3_stmt *stmt, int i, struct str s);
void bind_blob(sqlite3_stmt *stmt, int i, struct str s);
void bind_hash(sqlite3_stmt *stmt, int i, const struct hash *hash);

struct str column_text(sqlite3_stmt *stmt, int i);
struct str column_blob(sqlite3_stmt *stmt, int i);
struct hash column_hash(sqlite3_stmt *stmt, int i);
