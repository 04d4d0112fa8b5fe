/* What was seen of each feed, items and CAP messages: rows clustered by (feed, key). */
#include "journal/store.h"

#include <stdio.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "journal/row.h"

/* Forgotten at most this many at a time: the transaction of a reply stays short. */
#define SEEN_PRUNE_MAX 1000

#define MINUTE_US (60 * SEC_US)

void store_newcomer(struct journal *j, int64_t feed)
{
	j->newcomer.feed = feed;
	j->newcomer.n_keys = 0;
	j->newcomer.has_more = j->newcomer.has_names = j->newcomer.has_alerts = false;
}

static bool newcomer_has(const struct newcomer *newcomer, const struct hash *key)
{
	for (size_t i = 0; i < newcomer->n_keys; i++)
		if (hash_eq(&newcomer->keys[i], key))
			return true;
	return newcomer->has_more;
}

static void newcomer_put(struct newcomer *newcomer, const struct seen *row)
{
	if (!hash_eq(&row->item, &row->key))
		newcomer->has_names = true;
	if (newcomer_has(newcomer, &row->key))
		return;
	if (newcomer->n_keys < NEWCOMER_KEYS_MAX)
		newcomer->keys[newcomer->n_keys++] = row->key;
	else
		newcomer->has_more = true;
}

/* The columns after the feed, in the order of SEEN_COLUMNS. Texts point into the statement. */
static void read_row(sqlite3_stmt *stmt, struct seen *row)
{
	*row = (struct seen){
		.key = column_hash(stmt, 1),
		.item = column_hash(stmt, 2),
		.link_key = column_hash(stmt, 3),
		.title_key = column_hash(stmt, 4),
		.change = column_hash(stmt, 5),
		.version = (uint32_t)sqlite3_column_int64(stmt, 6),
		.last_seen_us = sqlite3_column_int64(stmt, 7),
		.day_us = sqlite3_column_int64(stmt, 8),
		.updates_today = (uint32_t)sqlite3_column_int64(stmt, 9),
		.withdrawn = sqlite3_column_int64(stmt, 10),
		.views = column_blob(stmt, 11),
		.subject = column_text(stmt, 12),
	};
	if (hash_is_zero(&row->item))
		row->item = row->key;
}

/* All that is left of a damaged row: journal.h says why so. */
static void mend_row(struct journal *j, const struct hash *key, struct seen *row)
{
	*row = (struct seen){.key = *key,
		.item = row->item,
		.version = (uint32_t)(j->current.recorded_us / MINUTE_US)};
}

static void tell_seen_damage(struct journal *j, int64_t feed, const char *what)
{
	char sql[64];
	sqlite3_stmt *stmt = NULL;

	snprintf(sql, sizeof sql, "SELECT name FROM feed WHERE id=%lld", (long long)feed);
	int r = statement_prepare(j->db, sql, &stmt, "reading a feed", NULL);
	if (r >= 0)
		r = statement_row(stmt, "reading a feed", NULL);
	struct str name = r > 0 ? column_text(stmt, 0) : STR("(not known)");
	store_damaged(j, "feed %.*s: %s", STR_FMT(name), what);
	sqlite3_finalize(stmt);
}

/* What a row is found by is never NULL. */
static struct row_value key_value(const struct hash *key)
{
	return row_blob(str_make((const char *)key->b, HASH_SIZE));
}

static struct str owned(struct str s)
{
	return s.p ? str_make(mem_strndup(s.p, s.n), s.n) : STR_NONE;
}

int journal_seen_get(struct journal *j, int64_t feed, const struct hash *key, struct seen *ret,
	struct error *error)
{
	sqlite3_stmt *stmt = j->stmts[STMT_SEEN_GET];
	struct seen row;

	if (j->newcomer.feed == feed && !newcomer_has(&j->newcomer, key))
		return 0;
	bind_int(stmt, 1, feed);
	sqlite3_bind_blob(stmt, 2, key->b, HASH_SIZE, SQLITE_STATIC);
	int r = store_row(j, STMT_SEEN_GET, error);
	if (r <= 0)
		return r;
	read_row(stmt, &row);
	if (!row_fits(stmt)) {
		mend_row(j, key, &row);
		tell_seen_damage(j, feed,
			"what was remembered of an item was damaged; the item is told as updated");
	}
	row.views = owned(row.views);
	row.subject = owned(row.subject);
	sqlite3_reset(stmt);
	*ret = row;
	return 1;
}

int journal_seen_put(struct journal *j, int64_t feed, const struct seen *row, struct error *error)
{
	const struct row_value values[] = {
		row_int(feed),
		key_value(&row->key),
		hash_eq(&row->item, &row->key) ? row_blob(STR_NONE) : row_hash(&row->item),
		row_hash(&row->link_key),
		row_hash(&row->title_key),
		row_hash(&row->change),
		row_int(row->version),
		row_int(row->last_seen_us),
		row_int(row->day_us),
		row_int(row->updates_today),
		row_int(row->withdrawn),
		row_blob(row->views),
		row_text(row->subject),
	};

	if (j->newcomer.feed == feed)
		newcomer_put(&j->newcomer, row);
	row_bind(j->stmts[STMT_SEEN_PUT], values, sizeof values / sizeof *values);
	return store_run(j, STMT_SEEN_PUT, error);
}

int journal_seen_drop(struct journal *j, int64_t feed, const struct hash *key, struct error *error)
{
	sqlite3_stmt *stmt = j->stmts[STMT_SEEN_DROP];

	bind_int(stmt, 1, feed);
	sqlite3_bind_blob(stmt, 2, key->b, HASH_SIZE, SQLITE_STATIC);
	return store_run(j, STMT_SEEN_DROP, error);
}

int journal_item_taken(
	struct journal *j, int64_t feed, const struct hash *item, struct error *error)
{
	sqlite3_stmt *stmt = j->stmts[STMT_ITEM_TAKEN];

	if (j->newcomer.feed == feed && !j->newcomer.has_names)
		return 0;
	bind_int(stmt, 1, feed);
	sqlite3_bind_blob(stmt, 2, item->b, HASH_SIZE, SQLITE_STATIC);
	int r = store_row(j, STMT_ITEM_TAKEN, error);
	sqlite3_reset(stmt);
	return r;
}

int journal_alert_get(struct journal *j, int64_t feed, const struct hash *message,
	struct journal_alert *ret, struct error *error)
{
	sqlite3_stmt *stmt = j->stmts[STMT_ALERT_GET];

	if (j->newcomer.feed == feed && !j->newcomer.has_alerts)
		return 0;
	bind_int(stmt, 1, feed);
	sqlite3_bind_blob(stmt, 2, message->b, HASH_SIZE, SQLITE_STATIC);
	int r = store_row(j, STMT_ALERT_GET, error);
	if (r <= 0)
		return r;
	bool fits = row_fits(stmt);
	if (fits)
		*ret = (struct journal_alert){.message = *message,
			.key = column_hash(stmt, 2),
			.cancelled = sqlite3_column_int64(stmt, 3),
			.last_seen_us = sqlite3_column_int64(stmt, 4)};
	else
		tell_seen_damage(j, feed,
			"what was remembered of an alert was damaged; if another took it back, it "
			"may be told again");
	sqlite3_reset(stmt);
	return fits;
}

int journal_alert_put(
	struct journal *j, int64_t feed, const struct journal_alert *alert, struct error *error)
{
	sqlite3_stmt *leave = j->stmts[STMT_ALERT_LEAVE];
	const struct row_value values[] = {row_int(feed), key_value(&alert->message),
		row_hash(&alert->key), row_int(alert->cancelled), row_int(alert->last_seen_us)};
	int r = 0;

	j->newcomer.has_alerts = true;
	if (!hash_is_zero(&alert->key)) {
		bind_int(leave, 1, feed);
		bind_hash(leave, 2, &alert->key);
		sqlite3_bind_blob(leave, 3, alert->message.b, HASH_SIZE, SQLITE_STATIC);
		r = store_run(j, STMT_ALERT_LEAVE, error);
	}
	if (r < 0)
		return r;
	row_bind(j->stmts[STMT_ALERT_PUT], values, sizeof values / sizeof *values);
	return store_run(j, STMT_ALERT_PUT, error);
}

/* Damaged or not, a row that is there says that the item was redacted: rather keep silent for ever. */
int journal_is_redacted(struct journal *j, int64_t feed, const struct hash *item,
	const struct hash *change, struct error *error)
{
	sqlite3_stmt *stmt = j->stmts[STMT_REDACTED_GET];

	if (!j->n_redacted)
		return 0;
	bind_int(stmt, 1, feed);
	sqlite3_bind_blob(stmt, 2, item->b, HASH_SIZE, SQLITE_STATIC);
	int r = store_row(j, STMT_REDACTED_GET, error);
	if (r <= 0)
		return r;
	struct hash only = column_hash(stmt, 2);
	bool redacted = hash_is_zero(&only) || hash_eq(&only, change) || !row_fits(stmt);
	sqlite3_reset(stmt);
	return redacted;
}

int store_redacted_put(struct journal *j, int64_t feed, const struct hash *item,
	const struct hash *change, struct error *error)
{
	static const struct hash none;
	const struct row_value values[] = {
		row_int(feed), key_value(item), row_hash(change ? change : &none)};
	int r = journal_is_redacted(j, feed, item, &none, error);

	/* Redacted whatever it says: that stays. */
	if (r != 0 && change)
		return r < 0 ? r : 0;
	row_bind(j->stmts[STMT_REDACTED_PUT], values, sizeof values / sizeof *values);
	r = store_run(j, STMT_REDACTED_PUT, error);
	j->n_redacted += r >= 0;
	return r;
}

int journal_recent_get(struct journal *j, int64_t feed, struct str *ret_items, struct error *error)
{
	sqlite3_stmt *stmt = j->stmts[STMT_RECENT_GET];

	bind_int(stmt, 1, feed);
	int r = store_row(j, STMT_RECENT_GET, error);
	if (r <= 0)
		return r;
	bool fits = row_fits(stmt);
	if (fits)
		*ret_items = owned(column_blob(stmt, 1));
	else
		tell_seen_damage(j, feed,
			"the list of its last items was damaged; if all of its ids change now, its "
			"items are told as new");
	sqlite3_reset(stmt);
	return fits;
}

int journal_recent_put(struct journal *j, int64_t feed, struct str items, struct error *error)
{
	const struct row_value values[] = {row_int(feed), row_blob(items.p ? items : STR(""))};

	row_bind(j->stmts[STMT_RECENT_PUT], values, sizeof values / sizeof *values);
	return store_run(j, STMT_RECENT_PUT, error);
}

int journal_seen_each(
	struct journal *j, int64_t feed, struct journal_seen_walk *walk, struct error *error)
{
	sqlite3_stmt *stmt = j->stmts[STMT_SEEN_EACH];
	int r;

	bind_int(stmt, 1, feed);
	while ((r = store_row(j, STMT_SEEN_EACH, error)) > 0) {
		struct seen row;
		if (!row_fits(stmt)) {
			tell_seen_damage(j, feed,
				"what was remembered of an item is damaged; if it is gone from the "
				"feed, its withdrawal is not told");
			continue;
		}
		read_row(stmt, &row);
		r = walk->row(walk, &row);
		if (r != 0)
			break;
	}
	sqlite3_reset(stmt);
	return r;
}

/* Removes some of what was last seen before `before_us`. 1: there is more of it. */
static int prune(struct journal *j, int which, int64_t feed, int64_t before_us, struct error *error)
{
	bind_int(j->stmts[which], 1, feed);
	bind_int(j->stmts[which], 2, before_us);
	bind_int(j->stmts[which], 3, SEEN_PRUNE_MAX);
	int r = store_run(j, which, error);
	return r < 0 ? r : sqlite3_changes(j->db) == SEEN_PRUNE_MAX;
}

int journal_seen_prune(struct journal *j, int64_t feed, int64_t before_us, struct error *error)
{
	sqlite3_stmt *pruned = j->stmts[STMT_FEED_PRUNED];
	sqlite3_stmt *done = j->stmts[STMT_FEED_PRUNE];

	if (before_us <= 0)
		return 0;
	bind_int(pruned, 1, feed);
	int r = store_row(j, STMT_FEED_PRUNED, error);
	if (r <= 0)
		return r;
	int64_t last_day = sqlite3_column_int64(pruned, 0);
	sqlite3_reset(pruned);
	if (before_us / DAY_US == last_day)
		return 0;
	r = prune(j, STMT_SEEN_PRUNE, feed, before_us, error);
	if (r == 0)
		r = prune(j, STMT_ALERT_PRUNE, feed, before_us, error);
	if (r != 0)
		return r < 0 ? r : 0; /* the rest with the next reply */
	bind_int(done, 1, feed);
	bind_int(done, 2, before_us / DAY_US);
	r = store_run(j, STMT_FEED_PRUNE, error);
	return r < 0 ? r : store_feed_sum(j, feed, error);
}
