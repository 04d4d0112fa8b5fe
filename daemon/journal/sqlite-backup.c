/* What a store holds, and a copy of it.
 *
 * The copy is made by SQLite's VACUUM INTO: one read of one moment, written without the pages that
 * are free; it waits for nobody, and a writer beside it goes on (its log grows meanwhile, as with any
 * long reader). It is made under another name and gets its own only when it is whole and synced. */
#include "journal/upkeep.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/cleanup.h"
#include "journal/store.h"

#define BACKUP_BUSY_MS 5000

static uint64_t file_bytes(const char *path, const char *suffix)
{
	cleanup(free_p) char *name = mem_printf("%s%s", path, suffix);
	struct stat st;

	return stat(name, &st) < 0 ? 0 : (uint64_t)st.st_size;
}

int journal_survey(const char *path, struct journal_survey *ret, struct error *error)
{
	struct journal_survey s = {
		.bytes = file_bytes(path, ""), .log_bytes = file_bytes(path, "-wal")};
	struct journal_reader *reader;
	sqlite3 *db = NULL;
	int64_t page = 0, free_pages = 0;
	/* Redacted events say so at the end of their body (model/event.c). */
	const struct {
		const char *sql;
		int64_t *to;
	} numbers[] = {
		{"SELECT count(*) FROM event", (int64_t *)&s.events},
		{"SELECT recorded FROM event ORDER BY seq LIMIT 1", &s.oldest_us},
		{"SELECT recorded FROM event ORDER BY seq DESC LIMIT 1", &s.newest_us},
		{"SELECT count(*) FROM topic", (int64_t *)&s.topics},
		{"SELECT count(*) FROM feed", (int64_t *)&s.feeds},
		{"SELECT count(*) FROM seen", (int64_t *)&s.seen},
		{"SELECT value FROM meta WHERE name='redacted'", (int64_t *)&s.redacted},
		{"PRAGMA page_size", &page},
		{"PRAGMA freelist_count", &free_pages},
	};
	int r = journal_reader_open(&reader, path, error);

	if (r < 0)
		return r;
	r = journal_extent(reader, &s.extent, error);
	journal_reader_close(reader);
	if (r >= 0)
		r = statement_open(path, SQLITE_OPEN_READONLY, BACKUP_BUSY_MS, &db, error);
	for (size_t i = 0; i < sizeof numbers / sizeof *numbers && r >= 0; i++)
		r = statement_int(db, numbers[i].sql, 0, numbers[i].to, "surveying", error);
	sqlite3_close(db);
	if (r < 0)
		return r;
	s.free_bytes = (uint64_t)(page * free_pages);
	*ret = s;
	return 0;
}

static int copy(sqlite3 *db, const char *to, struct error *error)
{
	sqlite3_stmt *stmt = NULL;
	int r = statement_prepare(db, "VACUUM INTO ?1", &stmt, "copying", error);

	if (r >= 0) {
		bind_text(stmt, 1, str_of(to));
		r = statement_run(stmt, "copying", error);
	}
	sqlite3_finalize(stmt);
	return r;
}

/* The mark that journal_open() looks for, and the log's mode, which a copy does not inherit. */
static int mark(const char *path, struct error *error)
{
	static const char sum[] =
		"UPDATE meta SET checksum=row_checksum(name,value) WHERE name='copy'";
	sqlite3 *db = NULL;
	int schema = 0;
	int r = statement_open(path, SQLITE_OPEN_READWRITE, BACKUP_BUSY_MS, &db, error);

	if (r >= 0)
		r = store_recognise(db, path, &schema, error);
	if (r >= 0)
		r = statement_exec(db,
			"PRAGMA synchronous=EXTRA;REPLACE INTO meta(name,value) VALUES('copy',1)",
			"marking the copy", error);
	/* What hubs sign with is nobody else's; a restored store asks them anew. */
	if (r >= 0 && schema >= STORE_SCHEMA_SUBSCRIPTIONS)
		r = statement_exec(db, "PRAGMA secure_delete=ON;DELETE FROM subscription",
			"marking the copy", error);
	if (r >= 0 && schema >= STORE_SCHEMA_SUMMED)
		r = statement_exec(db, sum, "marking the copy", error);
	sqlite3_close(db);
	return r;
}

static int sync_path(const char *path, int flags, struct error *error)
{
	cleanup(close_p) int fd = open(path, flags | O_CLOEXEC);

	if (fd < 0 || fsync(fd) < 0)
		return error_errno(error, errno, "syncing %s", path);
	return 0;
}

static int sync_folder_of(const char *path, struct error *error)
{
	cleanup(free_p) char *folder = mem_strdup(path);
	char *slash = strrchr(folder, '/');

	if (slash == folder)
		slash++;
	if (slash)
		*slash = 0;
	return sync_path(slash ? folder : ".", O_RDONLY | O_DIRECTORY, error);
}

int journal_backup(const char *path, const char *to, struct error *error)
{
	cleanup(free_p) char *part = mem_printf("%s.part", to);
	sqlite3 *db = NULL;

	if (access(to, F_OK) == 0)
		return error_set(error, EEXIST, "%s is there already", to);
	if (unlink(part) < 0 && errno != ENOENT)
		return error_errno(
			error, errno, "removing what is left of an earlier copy, %s", part);
	int r = statement_open(path, SQLITE_OPEN_READONLY, BACKUP_BUSY_MS, &db, error);
	if (r >= 0)
		r = copy(db, part, error);
	sqlite3_close(db);
	if (r >= 0)
		r = mark(part, error);
	if (r >= 0)
		r = sync_path(part, O_RDWR, error);
	/* link() and not rename(): it never takes the place of a file that has come meanwhile. */
	if (r >= 0 && link(part, to) < 0)
		r = error_errno(error, errno, "naming the copy %s", to);
	unlink(part);
	return r < 0 ? r : sync_folder_of(to, error);
}
