/* The journal's writer on SQLite: transactions, and events that get their numbers.
 *
 *	journal_begin ── journal_append … ── journal_commit ──▶ durable, then the witness is told
 *	       │                                   │
 *	       └────────── any error ──────────────┴──▶ journal_rollback: `current` is `durable` again
 *
 * WAL with synchronous=FULL: commit returns after one fsync of the log. The sequence is a number of
 * our own in `meta`, never SQLite's rowid allocation, so that it is contiguous and a rollback gives
 * it back. `prev` of each view comes from the topic's last sequence, which is kept in memory and
 * written once per transaction. */
#include "journal/store.h"

#include <assert.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/alloc.h"
#include "journal/encoding.h"

/* An event's own views and those it inherits: themes and networks are tens at most. More than this
 * is our mistake or a damaged row. */
#define APPEND_VIEWS_MAX 1024

#define STATEMENT_DOING(name, doing, sql) [STMT_##name] = (doing),
const char *const store_doing[STMT_COUNT] = {
	STATEMENTS(STATEMENT_DOING)[STMT_FEED_BY_NAME] = "reading a feed",
	[STMT_FEED_STATE] = "writing a feed's state", [STMT_FEED_SUM] = "writing a feed's state"};
#undef STATEMENT_DOING

int store_run(struct journal *j, int which, struct error *error)
{
	return statement_run(j->stmts[which], store_doing[which], error);
}

int store_row(struct journal *j, int which, struct error *error)
{
	return statement_row(j->stmts[which], store_doing[which], error);
}

void store_damaged(struct journal *j, const char *format, ...)
{
	char sentence[ERROR_TEXT_MAX];
	va_list args;

	va_start(args, format);
	vsnprintf(sentence, sizeof sentence, format, args);
	va_end(args);
	free(j->damage);
	j->damage = mem_strdup(sentence);
	j->damaged_rows++;
}

uint64_t journal_damage(struct journal *j, char **ret_what)
{
	uint64_t rows = j->damaged_rows;

	*ret_what = j->damage;
	j->damage = NULL;
	j->damaged_rows = 0;
	return rows;
}

uint64_t journal_head(const struct journal *j)
{
	return j->durable.seq;
}

const char *journal_epoch(const struct journal *j)
{
	return j->epoch;
}

int journal_begin(struct journal *j, struct error *error)
{
	assert(!j->in_transaction);
	if (topics_are_many(&j->topics))
		topics_forget(&j->topics);
	store_log_checkpoint(j);
	int r = store_run(j, STMT_BEGIN, error);
	if (r < 0)
		return r;
	j->in_transaction = true;
	j->current = j->durable;
	store_newcomer(j, 0);
	return 0;
}

void journal_rollback(struct journal *j)
{
	if (!j->in_transaction)
		return;
	j->in_transaction = false;
	/* SQLite has rolled back on its own after some errors (a full disk). */
	if (!sqlite3_get_autocommit(j->db))
		store_run(j, STMT_ROLLBACK, NULL);
	j->current = j->durable;
	topics_forget(&j->topics);
}

static int write_head(struct journal *j, struct error *error)
{
	if (j->current.seq == j->durable.seq)
		return 0;
	bind_int(j->stmts[STMT_HEAD], 1, (int64_t)j->current.seq);
	return store_run(j, STMT_HEAD, error);
}

int journal_commit(struct journal *j, struct error *error)
{
	assert(j->in_transaction);
	int r = topics_flush(j, error);
	if (r >= 0)
		r = write_head(j, error);
	if (r >= 0)
		r = store_run(j, STMT_COMMIT, error);
	if (r < 0)
		return r;
	j->in_transaction = false;
	/* The newest event is another one: appended, or redacted. */
	bool moved = j->current.seq != j->durable.seq || j->current.checksum != j->durable.checksum;
	j->durable = j->current;
	if (moved) {
		struct witness_record record = {
			.seq = j->durable.seq, .checksum = j->durable.checksum};
		memcpy(record.epoch, j->epoch, sizeof record.epoch);
		/* A witness that could not be written is an older one: it may miss a loss, it
		 * never makes one up. The commit stands. */
		witness_write(&j->witness, &record);
	}
	return 0;
}

static bool is_among(struct topic *const *topics, size_t n, uint64_t id)
{
	for (size_t i = 0; i < n; i++)
		if (topics[i]->id == id)
			return true;
	return false;
}

static int own_topics(struct journal *j, const struct event *event, struct topic **topics,
	size_t *n, struct error *error)
{
	for (size_t i = 0; i < event->n_views && *n < APPEND_VIEWS_MAX; i++) {
		struct topic *topic;
		int r = topics_of_name(j, event->views[i], &topic, error);
		if (r < 0)
			return r;
		if (!is_among(topics, *n, topic->id))
			topics[(*n)++] = topic;
	}
	return 0;
}

/* The topics of the version before, which its subscribers must hear of too. */
static int inherited_topics(struct journal *j, const struct seen *row, struct topic **topics,
	size_t *n, struct error *error)
{
	struct str rest = row ? row->views : STR_NONE;
	uint64_t id;

	while (rest.n && *n < APPEND_VIEWS_MAX) {
		if (!varint_take(&rest, &id))
			return error_set(
				error, EBADMSG, "%s: damaged views of a seen item", j->path);
		if (is_among(topics, *n, id))
			continue;
		int r = topics_of_id(j, id, &topics[*n], error);
		if (r < 0)
			return r;
		*n += r > 0;
	}
	return 0;
}

size_t store_record_begin(struct journal *j, uint64_t seq, int64_t *recorded_us)
{
	if (*recorded_us < j->current.recorded_us)
		*recorded_us = j->current.recorded_us;
	record_begin(&j->record, seq, *recorded_us, buf_view(&j->views));
	return j->record.n;
}

int store_record_end(
	struct journal *j, uint64_t seq, int64_t recorded_us, size_t head, struct error *error)
{
	struct position *at = &j->current;
	uint64_t checksum = checksum_of(buf_view(&j->record));

	sqlite3_stmt *stmt = j->stmts[STMT_APPEND];
	bind_int(stmt, 1, (int64_t)seq);
	bind_int(stmt, 2, recorded_us);
	bind_int(stmt, 3, (int64_t)checksum);
	bind_blob(stmt, 4, buf_view(&j->views));
	bind_blob(stmt, 5, str_skip(buf_view(&j->record), head));
	int r = store_run(j, STMT_APPEND, error);
	if (r < 0)
		return r;
	at->seq = seq;
	at->recorded_us = recorded_us;
	at->checksum = checksum;
	return 0;
}

static int insert(struct journal *j, const struct event *event, uint64_t seq, struct error *error)
{
	struct event stamped = *event;
	size_t head = store_record_begin(j, seq, &stamped.recorded_us);

	event_write(&j->record, &stamped, seq);
	return store_record_end(j, seq, stamped.recorded_us, head, error);
}

void store_views_write(struct journal *j, struct topic *const *topics, size_t n)
{
	buf_clear(&j->views);
	for (size_t i = 0; i < n; i++) {
		varint_add(&j->views, topics[i]->id);
		varint_add(&j->views, topics[i]->last_seq);
	}
}

int journal_append(struct journal *j, const struct event *event, struct seen *row,
	uint64_t *ret_seq, struct error *error)
{
	struct topic *topics[APPEND_VIEWS_MAX];
	size_t n_own = 0, n;
	uint64_t seq = j->current.seq + 1;

	assert(j->in_transaction);
	int r = own_topics(j, event, topics, &n_own, error);
	n = n_own;
	if (r >= 0)
		r = inherited_topics(j, row, topics, &n, error);
	if (r < 0)
		return r;
	store_views_write(j, topics, n);
	buf_clear(&j->own);
	size_t n_kept = event->type == EVENT_ITEM_WITHDRAWN ? n : n_own;
	for (size_t i = 0; i < n_kept; i++)
		varint_add(&j->own, topics[i]->id);
	r = insert(j, event, seq, error);
	if (r < 0)
		return r;
	for (size_t i = 0; i < n; i++)
		topics_touch(&j->topics, topics[i], seq);
	if (row)
		row->views = str_make(mem_strndup(j->own.p ? j->own.p : "", j->own.n), j->own.n);
	*ret_seq = seq;
	return 0;
}
