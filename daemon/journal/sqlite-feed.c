/* Feeds: their number, what they were called, and their state, whose columns follow one table. */
#include "journal/store.h"

#include <errno.h>
#include <stdlib.h>

#include "base/alloc.h"
#include "journal/encoding.h"
#include "journal/row.h"

enum column_type {
	COLUMN_TEXT,
	COLUMN_HASH,
	COLUMN_I64,
	COLUMN_U32,
	COLUMN_I16,
	COLUMN_U8,
	COLUMN_BOOL,
	COLUMN_ACTIVITY
};

#define COLUMN(type, member) \
	{ \
#member, COLUMN_##type, offsetof(struct feed_state, member) \
	}
/* A new member of struct feed_state is a row here, at the end, and a step in sqlite-schema.c. */
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
	COLUMN(I16, http_status),
	COLUMN(U32, items),
	COLUMN(BOOL, backfilled),
	COLUMN(BOOL, guids_repeat),
	COLUMN(BOOL, told_failing),
	COLUMN(U32, health),
	COLUMN(TEXT, error),
	COLUMN(U32, fault),
	COLUMN(I64, news_us),
	COLUMN(I64, rhythm_us),
	COLUMN(I64, moving_since_us),
	COLUMN(U32, news),
	COLUMN(U32, skip_hours),
	COLUMN(U8, skip_days),
	COLUMN(U32, moving_polls),
	COLUMN(BOOL, told_quiet),
	COLUMN(TEXT, moving_url),
	COLUMN(TEXT, moved_url),
	COLUMN(ACTIVITY, activity),
	COLUMN(I64, phase_us),
	COLUMN(I64, held_until_us),
	COLUMN(TEXT, hubs),
	COLUMN(TEXT, held_host),
};
#define N_COLUMNS (sizeof columns / sizeof *columns)

_Static_assert(sizeof(enum fault) == sizeof(uint32_t), "faults are stored as numbers");
_Static_assert(sizeof(enum feed_health) == sizeof(uint32_t), "health is stored as a number");

void store_feed_columns(struct buf *sql)
{
	for (size_t i = 0; i < N_COLUMNS; i++) {
		bool may_be_null = columns[i].type == COLUMN_TEXT ||
				   columns[i].type == COLUMN_HASH ||
				   columns[i].type == COLUMN_ACTIVITY;
		buf_printf(sql, ", %s%s", columns[i].name,
			may_be_null ? "" : " INTEGER NOT NULL DEFAULT 0");
	}
}

/* All columns but the checksum, in the table's order. */
static void write_all(struct buf *sql)
{
	buf_lit(sql, "id,name,pruned");
	for (size_t i = 0; i < N_COLUMNS; i++)
		buf_printf(sql, ",feed.%s", columns[i].name);
}
#define FIRST_STATE_COLUMN 3
#define CHECKSUM_COLUMN    (FIRST_STATE_COLUMN + (int)N_COLUMNS)

#define FEED_CHECKSUM "feed_checksum"
/* What SQLite knows the values by that it hands on to that function. */
#define FEED_VALUES "feed values"

static void on_feed_checksum(sqlite3_context *context, int n, sqlite3_value **values)
{
	const struct row_value *rest = sqlite3_value_pointer(values[n - 1], FEED_VALUES);
	struct row_chain chain = row_chain_begin();

	for (int i = 0; i < n - 1; i++)
		row_chain_add_sql(&chain, values[i]);
	for (size_t i = 0; rest && i < N_COLUMNS; i++)
		row_chain_add(&chain, &rest[i]);
	sqlite3_result_int64(context, row_chain_end(&chain));
}

int store_feed_register(sqlite3 *db, struct error *error)
{
	int rc = sqlite3_create_function_v2(db, FEED_CHECKSUM, FIRST_STATE_COLUMN + 1,
		SQLITE_UTF8 | SQLITE_DIRECTONLY, NULL, on_feed_checksum, NULL, NULL, NULL);

	return rc == SQLITE_OK ? 0 : statement_error(error, db, rc, "setting up");
}

void store_feed_sql(struct buf *sql, int which)
{
	if (which == STMT_FEED_STATE) {
		/* The checksum goes in with what it is over: a row is written once. The last
		 * parameter is all of the others, so that they need not go through SQL again. */
		buf_lit(sql, "UPDATE feed SET ");
		for (size_t i = 0; i < N_COLUMNS; i++)
			buf_printf(sql, "%s=?%zu,", columns[i].name, i + 2);
		buf_printf(sql, "checksum=" FEED_CHECKSUM "(id,name,pruned,?%zu) WHERE id=?1",
			N_COLUMNS + 2);
	} else if (which == STMT_FEED_SUM) {
		buf_lit(sql, "UPDATE feed SET checksum=row_checksum(");
		write_all(sql);
		buf_lit(sql, ") WHERE id=?1");
	} else {
		buf_lit(sql, "SELECT ");
		write_all(sql);
		buf_lit(sql, ",checksum FROM feed WHERE name=?1");
	}
}

int store_feed_sum(struct journal *j, int64_t feed, struct error *error)
{
	bind_int(j->stmts[STMT_FEED_SUM], 1, feed);
	return store_run(j, STMT_FEED_SUM, error);
}

/* Numbers as the journal writes them (encoding.h): the newest time, the day, the counts. NULL: none. */
static struct str write_activity(struct buf *out, const struct activity *activity)
{
	buf_clear(out);
	if (!activity->day)
		return STR_NONE;
	varint_add(out, (uint64_t)activity->last_us);
	varint_add(out, (uint64_t)activity->day);
	for (size_t i = 0; i < ACTIVITY_DAYS; i++)
		varint_add(out, activity->counts[i]);
	return buf_view(out);
}

/* What is cut short or no number is as if it had not been. */
static void read_activity(struct str blob, struct activity *ret)
{
	struct activity a;
	uint64_t value, day;

	*ret = (struct activity){0};
	if (!varint_take(&blob, &value) || !varint_take(&blob, &day) || day > INT32_MAX)
		return;
	a.last_us = (int64_t)value;
	a.day = (int32_t)day;
	for (size_t i = 0; i < ACTIVITY_DAYS; i++) {
		if (!varint_take(&blob, &value) || value > UINT16_MAX)
			return;
		a.counts[i] = (uint16_t)value;
	}
	*ret = a;
}

static struct row_value value_of(const struct feed_state *state, size_t i, struct buf *activity)
{
	const void *member = (const char *)state + columns[i].offset;
	uint32_t word;

	switch (columns[i].type) {
	case COLUMN_TEXT:
		return row_text(str_of(*(char *const *)member));
	case COLUMN_HASH:
		return row_hash(member);
	case COLUMN_I64:
		return row_int(*(const int64_t *)member);
	case COLUMN_U32:
		memcpy(&word, member, sizeof word);
		return row_int(word);
	case COLUMN_I16:
		return row_int(*(const int16_t *)member);
	case COLUMN_U8:
		return row_int(*(const uint8_t *)member);
	case COLUMN_BOOL:
		return row_int(*(const bool *)member);
	case COLUMN_ACTIVITY:
		return row_blob(write_activity(activity, member));
	}
	return row_blob(STR_NONE);
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
	case COLUMN_I16:
		*(int16_t *)member = (int16_t)sqlite3_column_int(stmt, at);
		break;
	case COLUMN_U8:
		*(uint8_t *)member = (uint8_t)sqlite3_column_int(stmt, at);
		break;
	case COLUMN_BOOL:
		*(bool *)member = sqlite3_column_int64(stmt, at);
		break;
	case COLUMN_ACTIVITY:
		read_activity(column_blob(stmt, at), member);
		break;
	}
}

int journal_feed_state_put(
	struct journal *j, int64_t feed, const struct feed_state *state, struct error *error)
{
	sqlite3_stmt *stmt = j->stmts[STMT_FEED_STATE];
	struct row_value values[N_COLUMNS];

	bind_int(stmt, 1, feed);
	for (size_t i = 0; i < N_COLUMNS; i++) {
		values[i] = value_of(state, i, &j->own);
		row_bind_value(stmt, (int)i + 2, &values[i]);
	}
	sqlite3_bind_pointer(stmt, (int)N_COLUMNS + 2, values, FEED_VALUES, NULL);
	int r = store_run(j, STMT_FEED_STATE, error);
	if (r < 0)
		return r;
	bind_int(j->stmts[STMT_POLLED_DROP], 1, feed);
	return store_run(j, STMT_POLLED_DROP, error);
}

int journal_feed_polled(
	struct journal *j, int64_t feed, const struct feed_state *state, struct error *error)
{
	sqlite3_stmt *stmt = j->stmts[STMT_POLLED_PUT];

	bind_int(stmt, 1, feed);
	bind_int(stmt, 2, state->last_poll_us);
	bind_int(stmt, 3, state->last_success_us);
	bind_int(stmt, 4, state->next_due_us);
	bind_int(stmt, 5, state->http_status);
	return store_run(j, STMT_POLLED_PUT, error);
}

/* A row of a feed that nothing is known of: all columns but its name are what the table gives them. */
static int add(struct journal *j, const struct feed *feed, int64_t *ret_number, struct error *error)
{
	sqlite3_stmt *stmt = j->stmts[STMT_FEED_ADD], *newest = j->stmts[STMT_FEED_NEWEST];
	const struct feed_state nothing = {0};
	struct row_chain chain = row_chain_begin();
	int r = store_row(j, STMT_FEED_NEWEST, error);

	if (r < 0)
		return r;
	const int64_t number = sqlite3_column_int64(newest, 0) + 1;
	sqlite3_reset(newest);
	const struct row_value first[FIRST_STATE_COLUMN] = {
		row_int(number), row_text(str_of(feed->id)), row_int(0)};
	for (size_t i = 0; i < FIRST_STATE_COLUMN; i++)
		row_chain_add(&chain, &first[i]);
	for (size_t i = 0; i < N_COLUMNS; i++) {
		struct row_value value = value_of(&nothing, i, &j->own);
		row_chain_add(&chain, &value);
	}
	bind_int(stmt, 1, number);
	bind_text(stmt, 2, str_of(feed->id));
	bind_int(stmt, 3, row_chain_end(&chain));
	*ret_number = number;
	return store_run(j, STMT_FEED_ADD, error);
}

static void tell_damage(struct journal *j, const char *name)
{
	store_damaged(j,
		"feed %s: its state was damaged; its document is fetched whole, and all of the "
		"state is "
		"written anew",
		name);
}

static enum feed_health known_health(enum feed_health health)
{
	return health < FEED_HEALTH_COUNT ? health : FEED_NEW;
}

static int find(struct journal *j, const char *name, struct journal_feed *ret, struct error *error)
{
	sqlite3_stmt *stmt = j->stmts[STMT_FEED_BY_NAME];

	bind_text(stmt, 1, str_of(name));
	int r = store_row(j, STMT_FEED_BY_NAME, error);
	if (r <= 0)
		return r;
	struct feed_state state = {0};
	for (size_t i = 0; i < N_COLUMNS; i++)
		if (columns[i].type != COLUMN_TEXT)
			read_column(stmt, FIRST_STATE_COLUMN + (int)i, i, &state);
	if (!row_fits(stmt)) {
		state.backfilled = true;
		tell_damage(j, name);
	}
	*ret = (struct journal_feed){.number = sqlite3_column_int64(stmt, 0),
		.backfilled = state.backfilled,
		.guids_repeat = state.guids_repeat,
		.health = known_health(state.health),
		.failures = state.failures};
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
	if (r >= 0)
		r = store_feed_sum(j, ret->number, error);
	return r < 0 ? r : 1;
}

int journal_feed(
	struct journal *j, const struct feed *feed, struct journal_feed *ret, struct error *error)
{
	int r = find(j, feed->id, ret, error);

	if (r == 0)
		r = take_over(j, feed, ret, error);
	if (r != 0)
		return r < 0 ? r : 0;
	*ret = (struct journal_feed){0};
	r = add(j, feed, &ret->number, error);
	if (r >= 0)
		store_newcomer(j, ret->number);
	return r;
}

int journal_feed_marks(
	struct journal *j, const struct feed *feed, struct journal_feed *ret, struct error *error)
{
	sqlite3_stmt *stmt = j->stmts[STMT_FEED_MARKS];

	bind_text(stmt, 1, str_of(feed->id));
	int r = store_row(j, STMT_FEED_MARKS, error);
	if (r <= 0)
		return r < 0 ? r : journal_feed(j, feed, ret, error);
	*ret = (struct journal_feed){.number = sqlite3_column_int64(stmt, 0),
		.backfilled = sqlite3_column_int64(stmt, 1),
		.guids_repeat = sqlite3_column_int64(stmt, 2),
		.health = known_health((enum feed_health)sqlite3_column_int(stmt, 3)),
		.failures = (uint32_t)sqlite3_column_int64(stmt, 4)};
	sqlite3_reset(stmt);
	return 0;
}

/* What makes the next poll a whole one, at once. */
static void mend_state(struct journal *j, sqlite3_stmt *stmt, struct feed_state *state)
{
	char *name = mem_printf("%.*s", STR_FMT(column_text(stmt, 1)));

	if (j)
		tell_damage(j, name);
	free(name);
	free(state->etag);
	free(state->last_modified);
	state->etag = state->last_modified = NULL;
	state->body_hash = (struct hash){{0}};
	state->next_due_us = 0;
	state->backfilled = true;
	state->health = known_health(state->health);
}

/* What later polls have changed, in the columns from `first` on. Of a damaged row nothing is known: the feed
 * is due. */
static void read_polled(struct journal *j, sqlite3_stmt *stmt, int first, struct feed_state *state)
{
	int last = sqlite3_column_count(stmt) - 1;

	if (sqlite3_column_type(stmt, first) == SQLITE_NULL)
		return; /* there were none */
	if (!row_part_fits(stmt, first, last)) {
		char *name = mem_printf("%.*s", STR_FMT(column_text(stmt, 1)));
		if (j)
			store_damaged(j,
				"feed %s: when it was polled last was damaged; it is polled now",
				name);
		free(name);
		state->next_due_us = 0;
		return;
	}
	state->last_poll_us = sqlite3_column_int64(stmt, first + 1);
	state->last_success_us = sqlite3_column_int64(stmt, first + 2);
	state->next_due_us = sqlite3_column_int64(stmt, first + 3);
	state->http_status = (int16_t)sqlite3_column_int(stmt, first + 4);
}

int journal_states_each(struct journal *j, struct journal_state_walk *walk, struct error *error)
{
	return store_states_each(j->db, j, walk, error);
}

int store_states_each(
	sqlite3 *db, struct journal *j, struct journal_state_walk *walk, struct error *error)
{
	struct buf sql = BUF_INIT;
	sqlite3_stmt *stmt = NULL;

	buf_lit(&sql, "SELECT ");
	write_all(&sql);
	buf_lit(&sql, ",feed.checksum,polled.* FROM feed LEFT JOIN polled ON polled.feed=id");
	int r = statement_prepare(db, buf_cstr(&sql), &stmt, "reading the feeds", error);
	buf_deinit(&sql);
	while (r >= 0 && (r = statement_row(stmt, "reading the feeds", error)) > 0) {
		struct feed_state state = {0};
		for (size_t i = 0; i < N_COLUMNS; i++)
			read_column(stmt, FIRST_STATE_COLUMN + (int)i, i, &state);
		state.number = journal_feed_number(sqlite3_column_int64(stmt, 0));
		read_polled(j, stmt, CHECKSUM_COLUMN + 1, &state);
		if (!row_part_fits(stmt, 0, CHECKSUM_COLUMN))
			mend_state(j, stmt, &state);
		r = walk->state(walk, column_text(stmt, 1), &state);
		feed_state_deinit(&state);
		if (r != 0)
			break;
	}
	sqlite3_finalize(stmt);
	return r;
}
