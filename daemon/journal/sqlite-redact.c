/* Taking the content of events out of the store: for people who ask for it, and may.
 *
 * The numbers stay contiguous and the chains whole: body and checksum are replaced, nothing else of an
 * event. The tombstone is as long as the body was, so that SQLite overwrites it in place: a shorter
 * one would move within its page, and the page keep what it no longer uses (tried). The log, which
 * has the old pages, is emptied.
 *
 * Who has the events already must hear of it, and the feed may say the same tomorrow. So in the same
 * transaction an event of its own is appended, in all topics that the redacted ones were in, and the item
 * is noted as one that is not told again.
 *
 * There is no index over ids, but all events of a feed are in one topic: its chain is walked back. Only
 * where that is damaged all events are looked at. */
#include "journal/store.h"
#include "journal/upkeep.h"

#include <errno.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "journal/encoding.h"
#include "journal/row.h"

static const char doing[] = "redacting";

/* The redacted events' topics; their feed's, and some themes and networks. More is damage. */
#define TOPICS_MAX 1024
/* Readers rest after each slice of some milliseconds. */
#define LOG_WAIT_US (1 * SEC_US)

struct redaction {
	struct journal *journal;
	struct str id;
	int64_t now_us;
	uint64_t *found; /* sequences */
	size_t n, cap;
	size_t n_before; /* those that are tombstones already */
	uint64_t newest;
	uint32_t version; /* the highest among them */
	struct topic *topics[TOPICS_MAX];
	size_t n_topics;
	sqlite3_stmt *read, *write;
	struct buf record, body;
};

/* "feed/key/version", as far as an id has them. */
struct id_parts {
	struct str feed, key, version;
	struct hash item;
	bool is_item;
};

static struct id_parts parts_of(struct str id)
{
	struct id_parts parts = {0};
	struct str rest = id;

	if (!str_split(&rest, '/', &parts.feed))
		return parts;
	if (str_split(&rest, '/', &parts.key))
		parts.version = rest;
	parts.is_item = hash_from_text(parts.key, &parts.item);
	return parts;
}

static bool is_meant(struct str id, struct str own)
{
	if (!own.n)
		return false;
	return id.p[id.n - 1] == '/' ? str_starts(own, id) : str_eq(own, id);
}

/* Notes the event on which `stmt` stands (seq, views, body) if it is meant. */
static int consider(struct redaction *r, sqlite3_stmt *stmt, struct error *error)
{
	struct str body = column_blob(stmt, 2), views = column_blob(stmt, 1);
	struct str own = event_id_of(body);
	uint64_t seq = (uint64_t)sqlite3_column_int64(stmt, 0), topic, prev;
	unsigned long long version;

	if (!is_meant(r->id, own))
		return 0;
	if (str_u64(parts_of(own).version, UINT32_MAX, &version) && version > r->version)
		r->version = (uint32_t)version;
	if (event_is_tombstone(body)) {
		r->n_before++;
		return 0;
	}
	MEM_GROW(r->found, r->cap, r->n + 1);
	r->found[r->n++] = seq;
	if (seq > r->newest)
		r->newest = seq;
	while (views.n && varint_take(&views, &topic) && varint_take(&views, &prev)) {
		bool known = r->n_topics == TOPICS_MAX;
		for (size_t i = 0; i < r->n_topics; i++)
			known |= r->topics[i]->id == topic;
		if (known)
			continue;
		int e = topics_of_id(r->journal, topic, &r->topics[r->n_topics], error);
		if (e < 0)
			return e;
		r->n_topics += e > 0;
	}
	return 0;
}

static int search_all(struct redaction *r, struct error *error)
{
	sqlite3_stmt *stmt = NULL;
	int e = statement_prepare(r->journal->db, "SELECT seq,views,body FROM event ORDER BY seq",
		&stmt, doing, error);

	r->n = r->n_before = 0;
	while (e >= 0 && (e = statement_row(stmt, doing, error)) > 0)
		e = consider(r, stmt, error);
	sqlite3_finalize(stmt);
	return e;
}

/* "co-mde.aci.news/…" is in feed/co-mde/aci/news/, what happens to the feed itself in sys/feed/…. */
static void write_topic(struct buf *out, struct str id)
{
	struct id_parts parts = parts_of(id);

	if (str_starts(parts.key, STR("~")))
		buf_lit(out, "sys/");
	buf_lit(out, "feed/");
	for (size_t i = 0; i < parts.feed.n; i++)
		buf_char(out, parts.feed.p[i] == '.' ? '/' : parts.feed.p[i]);
	buf_char(out, '/');
}

/* The event before this one in a topic. False: the event is not in it. */
static bool prev_in(struct str views, uint64_t topic, uint64_t *ret)
{
	uint64_t id;

	while (views.n && varint_take(&views, &id) && varint_take(&views, ret))
		if (id == topic)
			return true;
	return false;
}

/* 1: the chain was walked to its end; 0: it cannot be trusted. */
static int walk(struct redaction *r, uint64_t topic, uint64_t seq, struct error *error)
{
	sqlite3_stmt *stmt = NULL;
	int e = statement_prepare(r->journal->db,
		"SELECT seq,views,body,recorded,checksum FROM event WHERE seq=?1", &stmt, doing,
		error);
	bool whole = true;

	while (e >= 0 && whole && seq) {
		uint64_t prev = 0;
		bind_int(stmt, 1, (int64_t)seq);
		e = statement_row(stmt, doing, error);
		if (e <= 0)
			break; /* the rest was removed for its age */
		struct str views = column_blob(stmt, 1);
		record_begin(&r->record, seq, sqlite3_column_int64(stmt, 3), views);
		buf_str(&r->record, column_blob(stmt, 2));
		whole = checksum_of(buf_view(&r->record)) ==
				(uint64_t)sqlite3_column_int64(stmt, 4) &&
			prev_in(views, topic, &prev) && prev < seq;
		if (whole)
			e = consider(r, stmt, error);
		sqlite3_reset(stmt);
		seq = prev;
	}
	sqlite3_finalize(stmt);
	return e < 0 ? e : whole;
}

static int search(struct redaction *r, struct error *error)
{
	struct journal *j = r->journal;
	sqlite3_stmt *stmt = j->stmts[STMT_TOPIC_BY_NAME];
	struct buf name = BUF_INIT;

	write_topic(&name, r->id);
	bind_text(stmt, 1, buf_view(&name));
	int e = store_row(j, STMT_TOPIC_BY_NAME, error);
	uint64_t topic = 0, last = 0;
	bool fits = true;
	if (e > 0) {
		topic = (uint64_t)sqlite3_column_int64(stmt, 0);
		last = (uint64_t)sqlite3_column_int64(stmt, 2);
		fits = row_fits(stmt);
	}
	sqlite3_reset(stmt);
	buf_deinit(&name);
	if (e > 0)
		e = fits ? walk(r, topic, last, error) : 0;
	else if (e == 0)
		return 0; /* nothing ever came from there */
	return e == 0 ? search_all(r, error) : e;
}

static int replace(struct redaction *r, uint64_t seq, struct error *error)
{
	struct position *durable = &r->journal->durable;

	bind_int(r->read, 1, (int64_t)seq);
	int e = statement_row(r->read, doing, error);
	if (e <= 0)
		return e;
	record_begin(&r->record, seq, sqlite3_column_int64(r->read, 0), column_blob(r->read, 1));
	buf_clear(&r->body);
	bool ours = event_redact(&r->body, column_blob(r->read, 2), r->now_us);
	sqlite3_reset(r->read);
	if (!ours)
		return error_set(error, EBADMSG, "%s: event %llu is damaged", r->journal->path,
			(unsigned long long)seq);
	buf_str(&r->record, buf_view(&r->body));
	uint64_t checksum = checksum_of(buf_view(&r->record));
	bind_int(r->write, 1, (int64_t)seq);
	bind_int(r->write, 2, (int64_t)checksum);
	bind_blob(r->write, 3, buf_view(&r->body));
	e = statement_run(r->write, doing, error);
	/* The witness knows the newest event by its checksum. */
	if (e >= 0 && seq == durable->seq)
		r->journal->current.checksum = checksum;
	return e;
}

/* The row of the item, under whatever key; 0: there is none. */
static int read_item(struct redaction *r, int64_t feed, const struct hash *item,
	struct hash *ret_key, struct error *error)
{
	sqlite3_stmt *stmt = NULL;
	int e = statement_prepare(r->journal->db,
		"SELECT key FROM seen WHERE feed=?1 AND item=?2 AND item IS NOT NULL UNION ALL "
		"SELECT key FROM seen WHERE feed=?1 AND key=?2 AND item IS NULL",
		&stmt, doing, error);

	if (e >= 0) {
		bind_int(stmt, 1, feed);
		bind_hash(stmt, 2, item);
		e = statement_row(stmt, doing, error);
	}
	if (e > 0)
		*ret_key = column_hash(stmt, 0);
	sqlite3_finalize(stmt);
	return e;
}

/* What it says now, or whatever it says, is not told again; and its address is forgotten: withdrawals
 * are told under it. The row moves on by a version, which the announcement has. */
static int note_item(struct redaction *r, const struct id_parts *parts, struct error *error)
{
	struct journal *j = r->journal;
	struct hash key;
	struct seen row;
	unsigned long long version = 0;

	bind_text(j->stmts[STMT_FEED_BY_NAME], 1, parts->feed);
	int e = store_row(j, STMT_FEED_BY_NAME, error);
	if (e <= 0)
		return e;
	int64_t feed = sqlite3_column_int64(j->stmts[STMT_FEED_BY_NAME], 0);
	sqlite3_reset(j->stmts[STMT_FEED_BY_NAME]);
	e = read_item(r, feed, &parts->item, &key, error);
	if (e > 0)
		e = journal_seen_get(j, feed, &key, &row, error);
	if (e < 0)
		return e;
	bool known = e > 0, one = str_u64(parts->version, UINT32_MAX, &version);
	if (!one)
		e = store_redacted_put(j, feed, &parts->item, NULL, error);
	else if (known && row.version == version)
		e = store_redacted_put(j, feed, &parts->item, &row.change, error);
	if (!known || e < 0)
		return e;
	if (row.version > r->version)
		r->version = row.version;
	row.version = r->version + 1;
	free((char *)row.subject.p);
	row.subject = STR_NONE;
	e = journal_seen_put(j, feed, &row, error);
	seen_deinit(&row);
	return e;
}

/* The event that tells it, made of the newest tombstone's envelope. */
static int announce(struct redaction *r, const struct id_parts *parts, struct error *error)
{
	struct journal *j = r->journal;
	struct buf id = BUF_INIT, tombstone = BUF_INIT;
	uint64_t seq = j->current.seq + 1;

	bind_int(r->read, 1, (int64_t)r->newest);
	int e = statement_row(r->read, doing, error);
	if (e <= 0)
		return e;
	buf_str(&tombstone, column_blob(r->read, 2));
	sqlite3_reset(r->read);
	if (parts->is_item)
		buf_printf(&id, "%.*s/%.*s/%u", STR_FMT(parts->feed), STR_FMT(parts->key),
			r->version + 1);
	else
		buf_printf(
			&id, "%.*s/~redacted/%llu", STR_FMT(parts->feed), (unsigned long long)seq);
	store_views_write(j, r->topics, r->n_topics);
	int64_t recorded_us = r->now_us;
	size_t head = store_record_begin(j, seq, &recorded_us);
	event_announce_redaction(
		&j->record, buf_view(&tombstone), buf_view(&id), r->id, recorded_us, seq);
	e = store_record_end(j, seq, recorded_us, head, error);
	for (size_t i = 0; i < r->n_topics && e >= 0; i++)
		topics_touch(&j->topics, r->topics[i], seq);
	buf_deinit(&id);
	buf_deinit(&tombstone);
	return e;
}

static int count_up(struct redaction *r, struct error *error)
{
	struct buf sql = BUF_INIT;

	buf_printf(&sql,
		"INSERT INTO meta(name,value) VALUES('redacted',%zu) ON CONFLICT(name) DO UPDATE "
		"SET value=value+%zu;"
		"UPDATE meta SET checksum=row_checksum(name,value) WHERE name='redacted'",
		r->n, r->n);
	int e = statement_exec(r->journal->db, buf_cstr(&sql), doing, error);
	buf_deinit(&sql);
	return e;
}

static int change(struct redaction *r, struct error *error)
{
	struct id_parts parts = parts_of(r->id);
	int e = statement_prepare(r->journal->db,
		"SELECT recorded,views,body FROM event WHERE seq=?1", &r->read, doing, error);

	if (e >= 0)
		e = statement_prepare(r->journal->db,
			"UPDATE event SET checksum=?2, body=?3 WHERE seq=?1", &r->write, doing,
			error);
	for (size_t i = 0; i < r->n && e >= 0; i++)
		e = replace(r, r->found[i], error);
	if (e >= 0 && parts.is_item)
		e = note_item(r, &parts, error);
	if (e >= 0)
		e = count_up(r, error);
	if (e >= 0)
		e = announce(r, &parts, error);
	sqlite3_finalize(r->read);
	sqlite3_finalize(r->write);
	return e;
}

static int doubt_witness(struct journal *j, struct error *error)
{
	struct witness_record record = {.seq = j->durable.seq};

	memcpy(record.epoch, j->epoch, sizeof record.epoch);
	int e = witness_write(&j->witness, &record);
	return e < 0 ? error_errno(error, -e, "writing %s", j->witness.path) : 0;
}

static int in_transaction(struct redaction *r, struct error *error)
{
	struct journal *j = r->journal;
	int e = journal_begin(j, error);

	if (e < 0)
		return e;
	e = search(r, error);
	if (e >= 0 && !r->n && !r->n_before)
		e = error_set(error, ENOENT, "%s has no event '%.*s'", j->path, STR_FMT(r->id));
	if (e >= 0 && r->n)
		e = change(r, error);
	/* Were the process to end between commit and witness, the newest event might differ from the
	 * one that the witness knows, and that is a loss to whoever opens the store next. */
	if (e >= 0 && r->n)
		e = doubt_witness(j, error);
	if (e >= 0)
		e = journal_commit(j, error);
	if (e < 0)
		journal_rollback(j);
	return e;
}

int journal_redact(struct journal *j, struct str id, int64_t now_us, struct journal_redaction *ret,
	struct error *error)
{
	struct redaction r = {.journal = j, .id = id, .now_us = now_us};

	if (!parts_of(id).key.n)
		return error_set(error, EINVAL,
			"'%.*s' is no id: an event's is FEED/ITEM/VERSION, an item's FEED/ITEM/",
			STR_FMT(id));
	int e = statement_exec(j->db, "PRAGMA secure_delete=ON", doing, error);
	if (e >= 0)
		e = in_transaction(&r, error);
	statement_exec(j->db, "PRAGMA secure_delete=FAST", doing, NULL);
	if (e >= 0) {
		ret->events = r.n;
		/* What was in the log is in the database now, overwritten; the log itself still has
		 * the old pages. */
		store_log_empty(j, LOG_WAIT_US);
		ret->in_log = j->log_has_redacted;
	}
	free(r.found);
	buf_deinit(&r.record);
	buf_deinit(&r.body);
	return e < 0 ? e : 0;
}
