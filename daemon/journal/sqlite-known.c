#include "journal/known.h"

#include "journal/statement.h"

/* The daemon's commits are short. */
#define KNOWN_BUSY_MS 5000

static const char rows[] =
	"SELECT feed.name,seen.subject,seen.version,seen.last_seen,seen.withdrawn,"
	"coalesce(seen.item,seen.key) FROM seen JOIN feed ON feed.id=seen.feed "
	"WHERE (?1 IS NULL OR feed.name=?1) AND (?2 OR seen.subject=?3 OR seen.link=?4 OR "
	"seen.key=?4) "
	"ORDER BY feed.name,seen.last_seen DESC";

/* A name in event ids is a text of bytes that the store has: compared here. */
static bool is_asked(const struct journal_known_query *query, const struct journal_known *known)
{
	return !query->item.p || str_is(query->item, known->item);
}

static int walk(sqlite3_stmt *stmt, const struct journal_known_query *query,
	struct journal_known_sink *sink, struct error *error)
{
	static const char doing[] = "reading the seen items";
	int r;

	bind_text(stmt, 1, str_of(query->feed));
	bind_int(stmt, 2, query->item.p != NULL);
	bind_text(stmt, 3, query->subject);
	bind_hash(stmt, 4, &query->alias);
	while ((r = statement_row(stmt, doing, error)) > 0) {
		struct journal_known known = {.feed = column_text(stmt, 0),
			.subject = column_text(stmt, 1),
			.version = (uint32_t)sqlite3_column_int64(stmt, 2),
			.last_seen_us = sqlite3_column_int64(stmt, 3),
			.withdrawn = sqlite3_column_int64(stmt, 4) != 0};
		struct hash item = column_hash(stmt, 5);
		hash_text(&item, known.item);
		if (is_asked(query, &known))
			sink->item(sink, &known);
	}
	return r;
}

int journal_known(const char *path, const struct journal_known_query *query,
	struct journal_known_sink *sink, struct error *error)
{
	sqlite3_stmt *stmt = NULL;
	sqlite3 *db;
	int r = statement_open(path, SQLITE_OPEN_READONLY, KNOWN_BUSY_MS, &db, error);

	if (r < 0)
		return r;
	r = statement_prepare(db, rows, &stmt, "reading the seen items", error);
	if (r >= 0)
		r = walk(stmt, query, sink, error);
	sqlite3_finalize(stmt);
	sqlite3_close(db);
	return r < 0 ? r : 0;
}
