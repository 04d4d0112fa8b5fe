/* Opening the store: whose it is, what it is, whether all of it is there.
 *
 * The order matters. The witness is opened and locked first, so that nothing is read while another
 * process writes. A file that is not ours is recognised before anything is changed in it. Then the
 * recovered head is compared with the witness; where the witness knows of more, or of another event
 * under a number the store has, events are lost that subscribers may have seen: a new epoch
 * begins, and its sequences continue above the witness, so that no number ever means two events.
 *
 * An epoch in the witness that the store does not know, with no higher sequence, is no loss: the
 * store was replaced by one whose cursors differ anyway, or the process died between starting an
 * epoch and saying so. */
#include "journal/store.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"

/* A writer that touches few pages per commit: 2 MiB holds the tips of all tables. With 4 the daemon
 * is larger by as much, for ever, and no faster. */
#define STORE_CACHE_KIB 2048

/* An event of 1.5 KB fills a third of SQLite's own 4 KiB page twice and wastes the last one: with 8
 * KiB the file is a fifth smaller, 1,000 in a commit go in 1.3 times as fast and are read 1.2 times
 * as fast; with 16 KiB small commits begin to cost. */
#define STORE_PAGE_BYTES "8192"

static int configure(struct journal *j, struct error *error)
{
	static const char *const pragmas[] = {
		/* Debian builds SQLite to overwrite what is deleted: twice the writing, for
		 * events that were public. FAST overwrites in the pages that are written anyway, so
		 * that none keeps what moved out of it: a redaction must find every copy. */
		"PRAGMA secure_delete=FAST",
		"PRAGMA trusted_schema=OFF",
		"PRAGMA synchronous=FULL",
		"PRAGMA journal_size_limit=67108864",
	};
	int persist = 1, r = 0;

	for (size_t i = 0; i < sizeof pragmas / sizeof *pragmas && r >= 0; i++)
		r = statement_exec(j->db, pragmas[i], "setting up", error);
	char cache[64];
	snprintf(cache, sizeof cache, "PRAGMA cache_size=-%d", STORE_CACHE_KIB);
	if (r >= 0)
		r = statement_exec(j->db, cache, "setting up", error);
	/* Readers in other processes may come and go while no writer is there. */
	sqlite3_file_control(j->db, "main", SQLITE_FCNTL_PERSIST_WAL, &persist);
	return r;
}

static int use_wal(struct journal *j, struct error *error)
{
	sqlite3_stmt *stmt = NULL;
	int r = statement_prepare(
		j->db, "PRAGMA journal_mode=WAL", &stmt, "switching to WAL", error);

	if (r >= 0)
		r = statement_row(stmt, "switching to WAL", error);
	if (r >= 0 && !str_is(column_text(stmt, 0), "wal"))
		r = error_set(error, ENOTSUP,
			"%s: this file system cannot hold a write-ahead log (no shared memory)",
			j->path);
	sqlite3_finalize(stmt);
	return r < 0 ? r : 0;
}

int store_prepare(struct journal *j, struct error *error)
{
#define STATEMENT_SQL(name, doing, sql) [STMT_##name] = (sql),
	static const char *const sqls[STMT_COUNT] = {STATEMENTS(STATEMENT_SQL)};
#undef STATEMENT_SQL
	struct buf sql = BUF_INIT;
	int r = store_feed_register(j->db, error);

	for (int i = 0; i < STMT_COUNT && r >= 0; i++) {
		buf_clear(&sql);
		if (!sqls[i])
			store_feed_sql(&sql, i);
		r = statement_prepare(j->db, sqls[i] ? sqls[i] : buf_cstr(&sql), &j->stmts[i],
			store_doing[i], error);
	}
	buf_deinit(&sql);
	return r;
}

/* The newest event's time and checksum; the head itself is a number of its own. 1: the head or the epoch
 * is damaged, and the newest event is all that is known. */
static int load_position(struct journal *j, struct error *error)
{
	struct position *at = &j->durable;
	sqlite3_stmt *stmt = NULL;
	int64_t topics, whole = 0;
	static const char sql[] =
		"SELECT (SELECT value FROM meta WHERE name='head'),"
		" (SELECT value FROM meta WHERE name='epoch'), seq, recorded, checksum,"
		" (SELECT count(*) FROM meta WHERE name IN('head','epoch') AND"
		" checksum=row_checksum(name,value))"
		" FROM (SELECT 1) LEFT JOIN"
		" (SELECT seq,recorded,checksum FROM event ORDER BY seq DESC LIMIT 1)";
	int r = statement_prepare(j->db, sql, &stmt, "reading the head", error);

	if (r >= 0)
		r = statement_row(stmt, "reading the head", error);
	if (r > 0) {
		struct str epoch = column_text(stmt, 1);
		at->seq = (uint64_t)sqlite3_column_int64(stmt, 0);
		uint64_t newest = (uint64_t)sqlite3_column_int64(stmt, 2);
		whole = sqlite3_column_int64(stmt, 5) == 2;
		if (!whole)
			at->seq = newest;
		at->recorded_us = sqlite3_column_int64(stmt, 3);
		at->checksum = newest == at->seq ? (uint64_t)sqlite3_column_int64(stmt, 4) : 0;
		snprintf(j->epoch, sizeof j->epoch, "%.*s", STR_FMT(epoch));
		if (whole && (newest > at->seq || !epoch.n))
			r = error_set(error, EBADMSG,
				"%s is damaged: its head is %llu and its newest event %llu",
				j->path, (unsigned long long)at->seq, (unsigned long long)newest);
	}
	sqlite3_finalize(stmt);
	if (r >= 0)
		r = statement_int(j->db, "SELECT max(id) FROM topic", 0, &topics,
			"counting the topics", error);
	if (r >= 0)
		at->n_topics = (uint32_t)topics;
	if (r >= 0)
		r = statement_int(j->db, "SELECT count(*) FROM redacted", 0, &j->n_redacted,
			"counting what is redacted", error);
	if (r >= 0)
		r = statement_int(j->db,
			"SELECT value FROM meta WHERE name='clock' AND "
			"checksum=row_checksum(name,value)",
			0, &j->clock_us, "reading the time", error);
	return r < 0 ? r : !whole;
}

/* Numbers that are skipped are remembered, so that a check of the store knows them for a loss that was
 * told, and no new one. */
static int begin_epoch(struct journal *j, uint64_t head, struct error *error)
{
	char epoch[JOURNAL_EPOCH_MAX];
	struct buf sql = BUF_INIT;

	store_new_epoch(epoch);
	buf_printf(&sql,
		"BEGIN IMMEDIATE;DELETE FROM meta WHERE name IN('copy','epoch','head');"
		"INSERT INTO meta(name,value) VALUES('epoch','%s'),('head',%lld);",
		epoch, (long long)head);
	if (head > j->durable.seq)
		buf_printf(&sql, "REPLACE INTO meta(name,value) VALUES('lost:%llu',%lld);",
			(unsigned long long)j->durable.seq + 1, (long long)head);
	/* Those without a checksum are those just written: no sum is 0 but by chance. */
	buf_lit(&sql, "UPDATE meta SET checksum=row_checksum(name,value) WHERE checksum=0;COMMIT");
	int r = statement_exec(j->db, buf_cstr(&sql), "beginning a new epoch", error);
	buf_deinit(&sql);
	if (r < 0)
		return r;
	memcpy(j->epoch, epoch, sizeof epoch);
	if (head != j->durable.seq)
		j->durable.checksum = 0;
	j->durable.seq = head;
	return 0;
}

/* Does the store have another event under the witness's number? */
static int differs(struct journal *j, const struct witness_record *w, struct error *error)
{
	char sql[80];
	int64_t checksum;

	snprintf(sql, sizeof sql, "SELECT checksum FROM event WHERE seq=%llu",
		(unsigned long long)w->seq);
	int r = statement_int(j->db, sql, (int64_t)w->checksum, &checksum,
		"comparing with the head witness", error);
	if (r < 0)
		return r;
	return w->checksum && (uint64_t)checksum != w->checksum;
}

/* A copy (upkeep.h) whose original lives on shares its past and not its future. */
static int check_copy(struct journal *j, char **ret_notice, struct error *error)
{
	int64_t is_copy = 0;
	int r = statement_int(j->db, "SELECT 1 FROM meta WHERE name='copy'", 0, &is_copy,
		"asking whether this is a copy", error);

	if (r < 0 || !is_copy)
		return r;
	r = begin_epoch(j, j->durable.seq, error);
	if (r < 0)
		return r;
	free(*ret_notice);
	*ret_notice =
		mem_printf("the journal %s is a copy of another: epoch %s begins after event %llu",
			j->path, j->epoch, (unsigned long long)j->durable.seq);
	return 0;
}

static int check_witness(struct journal *j, bool is_damaged, char **ret_notice, struct error *error)
{
	struct witness_record w = {0};
	unsigned long long head = j->durable.seq;
	int r = witness_read(&j->witness, &w), lost = 0;

	if (r == -EBADMSG)
		*ret_notice = mem_printf("the head witness %s cannot be read and was made anew; "
					 "whether events were lost is not known",
			j->witness.path);
	else if (r < 0)
		return error_errno(error, -r, "reading %s", j->witness.path);
	if (is_damaged || (r > 0 && w.seq > head))
		lost = 1;
	else if (r > 0 && !strcmp(w.epoch, j->epoch))
		lost = differs(j, &w, error);
	if (lost < 0)
		return lost;
	if (!lost) {
		r = check_copy(j, ret_notice, error);
		if (r < 0)
			return r;
	}
	if (lost) {
		r = begin_epoch(j, w.seq > head ? w.seq : head, error);
		if (r < 0)
			return r;
		free(*ret_notice);
		*ret_notice =
			is_damaged ? mem_printf("the journal %s was damaged in what it says "
						"of its head or epoch; epoch %s begins after "
						"event %llu ('civicwire journal verify' says "
						"what else is)",
					     j->path, j->epoch, (unsigned long long)j->durable.seq)
			: w.seq > head
				? mem_printf("events were lost: the journal %s ends at %llu, "
					     "but %llu was "
					     "durable already; epoch %s begins after it",
					  j->path, head, (unsigned long long)w.seq, j->epoch)
				: mem_printf("the journal %s was replaced by another past: "
					     "event %llu is "
					     "not the one that was durable; epoch %s begins "
					     "after %llu",
					  j->path, (unsigned long long)w.seq, j->epoch, head);
	}
	w = (struct witness_record){.seq = j->durable.seq, .checksum = j->durable.checksum};
	memcpy(w.epoch, j->epoch, sizeof w.epoch);
	r = witness_write(&j->witness, &w);
	return r < 0 ? error_errno(error, -r, "writing %s", j->witness.path) : 0;
}

/* What hubs sign with is in it; SQLite gives the files beside it the same mode. That it cannot be made is
 * told by who opens it. */
static void make_private(const char *path)
{
	int fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

	if (fd >= 0)
		close(fd);
}

/* The store of an older program may be there for others to read, and had nothing that hubs sign with. Later
 * on it is as its owner wants it; so it is where we may not change it. */
static void close_to_others(const char *path)
{
	static const char *const ends[] = {"", "-wal", "-shm"};

	for (size_t i = 0; i < sizeof ends / sizeof *ends; i++) {
		cleanup(free_p) char *file = mem_printf("%s%s", path, ends[i]);
		struct stat st;
		if (stat(file, &st) == 0)
			(void)!chmod(file, st.st_mode & 0700);
	}
}

static int open_database(struct journal *j, struct error *error)
{
	make_private(j->path);
	int r = statement_open(
		j->path, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, STORE_BUSY_MS, &j->db, error);

	if (r < 0)
		return r;
	int schema = 0, empty = store_recognise(j->db, j->path, &schema, error);
	r = empty < 0 ? empty : configure(j, error);
	if (r < 0)
		return r;
	/* Only an empty file takes these: freed pages can be given back in slices. */
	r = empty ? statement_exec(j->db,
			    "PRAGMA page_size=" STORE_PAGE_BYTES ";PRAGMA auto_vacuum=INCREMENTAL",
			    "setting up", error)
		  : 0;
	if (r >= 0)
		r = use_wal(j, error);
	if (r >= 0 && empty)
		r = store_create(j, error);
	if (r >= 0 && !empty && schema < STORE_SCHEMA_SUBSCRIPTIONS)
		close_to_others(j->path);
	if (r >= 0 && !empty)
		r = store_upgrade(j, schema, error);
	if (r >= 0)
		r = statement_int(
			j->db, "PRAGMA page_size", 4096, &j->page_size, "setting up", error);
	return r;
}

int journal_open(struct journal **ret, const struct journal_settings *settings, char **ret_notice,
	struct error *error)
{
	cleanup(journal_close_p) struct journal *j = mem_zalloc(1, sizeof *j);
	cleanup(free_p) char *notice = NULL;

	/* Nobody asks SQLite what memory it has, and counting that is a lock around each allocation.
	 * Without effect if another connection was there before. */
	sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
	j->witness = WITNESS_NONE;
	j->path = mem_strdup(settings->path);
	j->keep_us = settings->keep_us;
	j->max_size = settings->max_size;
	topics_init(&j->topics);
	int r = witness_open(&j->witness, j->path, error);
	if (r >= 0)
		r = open_database(j, error);
	if (r >= 0)
		r = store_prepare(j, error);
	if (r >= 0)
		r = load_position(j, error);
	if (r >= 0)
		r = check_witness(j, r > 0, &notice, error);
	if (r < 0)
		return r;
	store_log_watch(j);
	j->current = j->durable;
	*ret = j;
	*ret_notice = notice;
	j = NULL;
	notice = NULL;
	return 0;
}

struct journal *journal_close(struct journal *j)
{
	if (!j)
		return NULL;
	journal_rollback(j);
	for (int i = 0; i < STMT_COUNT; i++)
		sqlite3_finalize(j->stmts[i]);
	sqlite3_close(j->db);
	witness_close(&j->witness);
	topics_deinit(&j->topics);
	buf_deinit(&j->views);
	buf_deinit(&j->record);
	buf_deinit(&j->own);
	free(j->damage);
	free(j->path);
	free(j);
	return NULL;
}
