#include "journal/statement.h"

#include <errno.h>
#include <limits.h>
#include <stddef.h>
#include <stdbool.h>
#include <unistd.h>

#include "journal/journal.h"
#include "journal/row.h"

static const struct {
	int rc, code;
} codes[] = {
	{SQLITE_FULL, ENOSPC},
	{SQLITE_BUSY, EBUSY},
	{SQLITE_LOCKED, EBUSY},
	{SQLITE_READONLY, EROFS},
	{SQLITE_PERM, EACCES},
	{SQLITE_AUTH, EACCES},
	{SQLITE_NOTADB, EINVAL},
	{SQLITE_CORRUPT, EBADMSG},
	{SQLITE_NOMEM, ENOMEM},
	{SQLITE_TOOBIG, EFBIG},
	{SQLITE_INTERRUPT, EINTR},
	{SQLITE_CONSTRAINT, EEXIST},
};

/* SQLite's VFS makes SQLITE_IOERR_CORRUPTFS of three errors of a read, and its machine makes SQLITE_CORRUPT
 * of that; of others they make SQLITE_IOERR_READ. So its reads get another error, which no disk has. */
#define READ_REFUSED EREMOTEIO

static ssize_t read_at(int fd, void *bytes, size_t n, off_t offset)
{
	ssize_t got = pread(fd, bytes, n, offset);

	if (got < 0 && (errno == EIO || errno == ENXIO || errno == ERANGE))
		errno = READ_REFUSED;
	return got;
}

void journal_expect_read_errors(void)
{
	static const char *const names[] = {"pread", "pread64"}; /* it has one of them */
	sqlite3_vfs *vfs = sqlite3_vfs_find(NULL);

	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		if (vfs && vfs->iVersion >= 3 && vfs->xGetSystemCall(vfs, names[i]))
			vfs->xSetSystemCall(vfs, names[i], (sqlite3_syscall_ptr)read_at);
}

int statement_errno(sqlite3 *db, int rc)
{
	int primary = rc & 0xff;

	for (size_t i = 0; i < sizeof codes / sizeof *codes; i++)
		if (codes[i].rc == primary)
			return codes[i].code;
	int code = primary == SQLITE_CANTOPEN || primary == SQLITE_IOERR ? sqlite3_system_errno(db)
									 : 0;
	return code > 0 && code != READ_REFUSED ? code : EIO;
}

int statement_error(struct error *error, sqlite3 *db, int rc, const char *doing)
{
	const char *path = sqlite3_db_filename(db, NULL);

	return error_set(error, statement_errno(db, rc), "%s: %s: %s", path ? path : "journal",
		doing, sqlite3_errmsg(db));
}

int statement_open(const char *path, int flags, int busy_ms, sqlite3 **ret, struct error *error)
{
	sqlite3 *db = NULL;
	int rc = sqlite3_open_v2(
		path, &db, flags | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE, NULL);

	if (rc == SQLITE_OK)
		rc = row_register(db);
	if (rc == SQLITE_OK) {
		sqlite3_busy_timeout(db, busy_ms);
		*ret = db;
		return 0;
	}
	int code = statement_errno(db, rc);
	/* The system says why; SQLite only that. */
	int r = (rc & 0xff) == SQLITE_CANTOPEN && code != EIO
			? error_errno(error, code, "%s", path)
			: error_set(error, code, "%s: opening: %s", path, sqlite3_errmsg(db));
	sqlite3_close(db);
	return r;
}

/* A process that may not write the -shm either (the bus) reads as well as any, with one difference.
 * The header of the log's index is written in two halves. Who reads it between them waits for the
 * writer's lock and looks again; the lock is taken for writing, and who cannot gets
 * SQLITE_READONLY_RECOVERY instead, or SQLITE_READONLY_CANTINIT if the log starts afresh at that
 * moment: "somebody should put this right, and it is not me". The writer does, within microseconds.
 * Only the beginning of a transaction fails this way, so asking again repeats nothing. */
#define INDEX_LOOKS   250
#define INDEX_LOOK_US 1000

static bool passes(int rc, int *looks)
{
	if (rc != SQLITE_READONLY_RECOVERY && rc != SQLITE_READONLY_CANTINIT)
		return false;
	if (++*looks >= INDEX_LOOKS)
		return false;
	usleep(INDEX_LOOK_US);
	return true;
}

int statement_prepare(
	sqlite3 *db, const char *sql, sqlite3_stmt **ret, const char *doing, struct error *error)
{
	int looks = 0, rc;

	do
		rc = sqlite3_prepare_v3(db, sql, -1, SQLITE_PREPARE_PERSISTENT, ret, NULL);
	while (passes(rc, &looks));
	return rc == SQLITE_OK ? 0 : statement_error(error, db, rc, doing);
}

int statement_exec(sqlite3 *db, const char *sql, const char *doing, struct error *error)
{
	int rc = sqlite3_exec(db, sql, NULL, NULL, NULL);

	return rc == SQLITE_OK ? 0 : statement_error(error, db, rc, doing);
}

int statement_row(sqlite3_stmt *stmt, const char *doing, struct error *error)
{
	int looks = 0, rc, r = 0;

	while (passes(rc = sqlite3_step(stmt), &looks))
		sqlite3_reset(stmt);
	if (rc == SQLITE_ROW)
		return 1;
	if (rc != SQLITE_DONE)
		r = statement_error(error, sqlite3_db_handle(stmt), rc, doing);
	sqlite3_reset(stmt);
	return r;
}

int statement_run(sqlite3_stmt *stmt, const char *doing, struct error *error)
{
	int r = statement_row(stmt, doing, error);

	if (r > 0)
		sqlite3_reset(stmt);
	return r < 0 ? r : 0;
}

int statement_int(sqlite3 *db, const char *sql, int64_t otherwise, int64_t *ret, const char *doing,
	struct error *error)
{
	sqlite3_stmt *stmt = NULL;
	int r = statement_prepare(db, sql, &stmt, doing, error);

	if (r >= 0)
		r = statement_row(stmt, doing, error);
	if (r >= 0)
		*ret = r && sqlite3_column_type(stmt, 0) != SQLITE_NULL
			       ? sqlite3_column_int64(stmt, 0)
			       : otherwise;
	sqlite3_finalize(stmt);
	return r < 0 ? r : 0;
}

/* Binding fails only for lack of memory or an index that is not there: the step then says so, as
 * every column that matters is NOT NULL. */

void bind_int(sqlite3_stmt *stmt, int i, int64_t value)
{
	sqlite3_bind_int64(stmt, i, value);
}

void bind_text(sqlite3_stmt *stmt, int i, struct str s)
{
	sqlite3_bind_text64(stmt, i, s.p, s.n, SQLITE_STATIC, SQLITE_UTF8);
}

void bind_blob(sqlite3_stmt *stmt, int i, struct str s)
{
	sqlite3_bind_blob64(stmt, i, s.p, s.n, SQLITE_STATIC);
}

void bind_hash(sqlite3_stmt *stmt, int i, const struct hash *hash)
{
	if (hash_is_zero(hash))
		sqlite3_bind_null(stmt, i);
	else
		sqlite3_bind_blob64(stmt, i, hash->b, HASH_SIZE, SQLITE_STATIC);
}

struct str column_text(sqlite3_stmt *stmt, int i)
{
	const char *p = (const char *)sqlite3_column_text(stmt, i);

	return p ? str_make(p, (size_t)sqlite3_column_bytes(stmt, i)) : STR_NONE;
}

struct str column_blob(sqlite3_stmt *stmt, int i)
{
	const char *p = sqlite3_column_blob(stmt, i);
	size_t n = (size_t)sqlite3_column_bytes(stmt, i);

	if (p)
		return str_make(p, n);
	return sqlite3_column_type(stmt, i) == SQLITE_NULL ? STR_NONE : STR("");
}

struct hash column_hash(sqlite3_stmt *stmt, int i)
{
	struct hash hash = {{0}};
	struct str s = column_blob(stmt, i);

	if (s.n == HASH_SIZE)
		memcpy(hash.b, s.p, HASH_SIZE);
	return hash;
}
