/* Feeds: their number, what they were called, and their state, whose columns follow one table. */
#include "journal/store.h"

#include <errno.h>

#include "base/alloc.h"

enum column_type { COLUMN_TEXT, COLUMN_HASH, COLUMN_I64, COLUMN_U32, COLUMN_BOOL };

#define COLUMN(type, member) \
	{ \
#member, COLUMN_##type, offsetof(struct feed_state, member) \
	}
/* A new member of struct feed_state is a row here. */
static const struct {
	const char *name;
	enum column_type type;
	size_t offset;
} columns[] = {
	COLUMN(TEXT, etag),
	COLUMN(TEXT, last_modified),
	COLUMN(HASH, body_hash),
	COLUMN(TEXT, url),
	COLUMN(I64, last_poll_us),
	COLUMN(I64, last_success_us),
	COLUMN(I64, last_change_us),
	COLUMN(I64, next_due_us),
	COLUMN(I64, failing_since_us),
	COLUMN(I64, gone_since_us),
	COLUMN(I64, told_noisy_us),
	COLUMN(I64, hint_us),
	COLUMN(U32, failures),
	COLUMN(U32, http_status),
	COLUMN(U32, items),
	COLUMN(BOOL, backfilled),
	COLUMN(BOOL, guids_repeat),
	COLUMN(BOOL, told_failing),
	COLUMN(U32, health),
	COLUMN(TEXT, error),
};
#define N_COLUMNS (sizeof columns / sizeof *columns)

_Static_assert(sizeof(enum feed_health) == sizeof(uint32_t), "health is stored as a number");

void store_feed_columns(struct buf *sql)
{
	for (size_t i = 0; i < N_COLUMNS; i++) {
		bool may_be_null = columns[i].type == COLUMN_TEXT || columns[i].type == COLUMN_HASH;
		buf_printf(sql, ", %s%s", columns[i].name,
			may_be_null ? "" : " INTEGER NOT NULL DEFAULT 0");
	}
}

void store_feed_update(struct buf *sql)
{
	buf_lit(sql, "UPDATE feed SET ");
	for (size_t i = 0; i < N_COLUMNS; i++)
		buf_printf(sql, "%s%s=?%zu", i ? "," : "", columns[i].name, i + 2);
	buf_lit(sql, " WHERE id=?1");
}

static void bind_column(sqlite3_stmt *stmt, size_t i, const struct feed_state *state)
{
	const void *member = (const char *)state + columns[i].offset;
	int at = (int)i + 2;
	uint32_t word;

	switch (columns[i].type) {
	case COLUMN_TEXT:
		bind_text(stmt, at, str_of(*(char *const *)member));
		break;
	case COLUMN_HASH:
		bind_hash(stmt, at, member);
		break;
	case COLUMN_I64:
		bind_int(stmt, at, *(const int64_t *)member);
		break;
	case COLUMN_U32:
		memcpy(&word, member, sizeof word);
		bind_int(stmt, at, word);
		break;
	case COLUMN_BOOL:
		bind_int(stmt, at, *(const bool *)member);
		break;
	}
}

static void read_column(sqlite3_stmt *stmt, int at, size_t i, struct feed_state *state)
{
	void *member = (char *)state + columns[i].offset;
	struct str text;
	uint32_t word;

	switch (columns[i].type) {
	case COLUMN_TEXT:
		text = column_text(stmt, at);
		*(char **)member = text.p ? mem_strndup(text.p, text.n) : NULL;
		break;
	case COLUMN_HASH:
		*(struct hash *)member = column_hash(stmt, at);
		break;
	case COLUMN_I64:
		*(int64_t *)member = sqlite3_column_int64(stmt, at);
		break;
	case COLUMN_U32:
		word = (uint32_t)sqlite3_column_int64(stmt, at);
		memcpy(member, &word, sizeof word);
		break;
	case COLUMN_BOOL:
		*(bool *)member = sqlite3_column_int64(stmt, at);
		break;
	}
}

int journal_feed_state_put(
	struct journal *j, int64_t feed, const struct feed_state *state, struct error *error)
{
	sqlite3_stmt *stmt = j->stmts[STMT_FEED_STATE];

	bind_int(stmt, 1, feed);
	for (size_t i = 0; i < N_COLUMNS; i++)
		bind_column(stmt, i, state);
	return store_run(j, STMT_FEED_STATE, error);
}

static int find(struct journal *j, const char *name, struct journal_feed *ret, struct error *error)
{
	sqlite3_stmt *stmt = j->stmts[STMT_FEED_BY_NAME];

	bind_text(stmt, 1, str_of(name));
	int r = store_row(j, STMT_FEED_BY_NAME, error);
	if (r <= 0)
		return r;
	*ret = (struct journal_feed){.number = sqlite3_column_int64(stmt, 0),
		.backfilled = sqlite3_column_int64(stmt, 1),
		.guids_repeat = sqlite3_column_int64(stmt, 2),
		.health = (enum feed_health)sqlite3_column_int64(stmt, 3),
		.failures = (uint32_t)sqlite3_column_int64(stmt, 4)};
	sqlite3_reset(stmt);
	return 1;
}

/* The most recent of the former names that is known. */
static int take_over(
	struct journal *j, const struct feed *feed, struct journal_feed *ret, struct error *error)
{
	sqlite3_stmt *stmt = j->stmts[STMT_FEED_RENAME];
	int r = 0;

	for (size_t i = 0; i < feed->n_formerly && r == 0; i++)
		r = find(j, feed->formerly[i], ret, error);
	if (r <= 0)
		return r;
	bind_int(stmt, 1, ret->number);
	bind_text(stmt, 2, str_of(feed->id));
	r = store_run(j, STMT_FEED_RENAME, error);
	return r < 0 ? r : 1;
}

int journal_feed(
	struct journal *j, const struct feed *feed, struct journal_feed *ret, struct error *error)
{
	sqlite3_stmt *stmt = j->stmts[STMT_FEED_ADD];
	int r = find(j, feed->id, ret, error);

	if (r == 0)
		r = take_over(j, feed, ret, error);
	if (r != 0)
		return r < 0 ? r : 0;
	bind_text(stmt, 1, str_of(feed->id));
	r = store_run(j, STMT_FEED_ADD, error);
	if (r >= 0)
		*ret = (struct journal_feed){.number = sqlite3_last_insert_rowid(j->db)};
	return r;
}

int journal_states_each(struct journal *j, struct journal_state_walk *walk, struct error *error)
{
	struct buf sql = BUF_INIT;
	sqlite3_stmt *stmt = NULL;

	buf_lit(&sql, "SELECT name");
	for (size_t i = 0; i < N_COLUMNS; i++)
		buf_printf(&sql, ",%s", columns[i].name);
	buf_lit(&sql, " FROM feed");
	int r = statement_prepare(j->db, buf_cstr(&sql), &stmt, "reading the feeds", error);
	buf_deinit(&sql);
	while (r >= 0 && (r = statement_row(stmt, "reading the feeds", error)) > 0) {
		struct feed_state state = {0};
		for (size_t i = 0; i < N_COLUMNS; i++)
			read_column(stmt, (int)i + 1, i, &state);
		r = walk->state(walk, column_text(stmt, 0), &state);
		feed_state_deinit(&state);
		if (r != 0)
			break;
	}
	sqlite3_finalize(stmt);
	return r;
}
