/* The writer's inside, shared by the files that make it up (sqlite*.c, topics.c); nobody else. */
#pragma once

#include "base/map.h"
#include "journal/journal.h"
#include "journal/statement.h"
#include "journal/witness.h"

/* In the table's order: the checksum is over them. */
#define SEEN_COLUMNS \
	"feed,key,item,link,title,change,version,last_seen,day,updates,withdrawn,views,subject"
#define SUBSCRIPTION_COLUMNS \
	"feed,token,hub,topic,hmac_key,state,distrusted,failures,asked,next,verified,lease,push," \
	"failing,leaving,reason,callback"
#define SUBSCRIPTION_VALUES "?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,?11,?12,?13,?14,?15,?16,?17"
#define SEEN_VALUES         "?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,?11,?12,?13"

/* STATEMENT(name, what the writer is doing with it, SQL) */
#define STATEMENTS(STATEMENT) \
	STATEMENT(BEGIN, "beginning a transaction", "BEGIN IMMEDIATE") \
	STATEMENT(COMMIT, "committing", "COMMIT") \
	STATEMENT(ROLLBACK, "rolling back", "ROLLBACK") \
	STATEMENT(HEAD, "writing the head", \
		"UPDATE meta SET value=?1,checksum=row_checksum(name,?1) WHERE name='head'") \
	STATEMENT(APPEND, "appending an event", "INSERT INTO event VALUES(?1,?2,?3,?4,?5)") \
	STATEMENT(TOPIC_BY_NAME, "reading a topic", \
		"SELECT id,name,last_seq,checksum FROM topic WHERE name=?1") \
	STATEMENT(TOPIC_BY_ID, "reading a topic", \
		"SELECT id,name,last_seq,checksum FROM topic WHERE id=?1") \
	STATEMENT(TOPIC_ADD, "adding a topic", "INSERT INTO topic VALUES(?1,?2,?3,?4)") \
	STATEMENT(TOPIC_LAST, "writing a topic", \
		"UPDATE topic SET last_seq=?3,checksum=?4 WHERE id=?1") \
	STATEMENT(FEED_MARKS, "reading a feed", \
		"SELECT id,backfilled,guids_repeat,health,failures FROM feed WHERE name=?1") \
	STATEMENT(FEED_NEWEST, "adding a feed", "SELECT max(id) FROM feed") \
	STATEMENT( \
		FEED_ADD, "adding a feed", "INSERT INTO feed(id,name,checksum) VALUES(?1,?2,?3)") \
	STATEMENT(FEED_RENAME, "renaming a feed", "UPDATE feed SET name=?2 WHERE id=?1") \
	STATEMENT(POLLED_PUT, "writing when a feed was polled", \
		"REPLACE INTO polled VALUES(?1,?2,?3,?4,?5,row_checksum(?1,?2,?3,?4,?5))") \
	STATEMENT(POLLED_DROP, "writing a feed's state", "DELETE FROM polled WHERE feed=?1") \
	STATEMENT(FEED_PRUNED, "reading a feed", "SELECT pruned FROM feed WHERE id=?1") \
	STATEMENT(FEED_PRUNE, "writing a feed", "UPDATE feed SET pruned=?2 WHERE id=?1") \
	STATEMENT(SEEN_GET, "reading a seen item", \
		"SELECT " SEEN_COLUMNS ",checksum FROM seen WHERE feed=?1 AND key=?2") \
	STATEMENT(SEEN_EACH, "reading the seen items", \
		"SELECT " SEEN_COLUMNS ",checksum FROM seen WHERE feed=?1") \
	STATEMENT( \
		SEEN_PUT, "writing a seen item", "REPLACE INTO seen VALUES(" SEEN_VALUES ",?14)") \
	STATEMENT(SEEN_DROP, "removing a seen item", "DELETE FROM seen WHERE feed=?1 AND key=?2") \
	STATEMENT(SEEN_PRUNE, "removing old seen items", \
		"DELETE FROM seen WHERE feed=?1 AND key IN (SELECT key FROM seen WHERE feed=?1 " \
		"AND last_seen<?2 LIMIT ?3)") \
	STATEMENT(RECENT_GET, "reading the last document's items", \
		"SELECT feed,items,checksum FROM recent WHERE feed=?1") \
	STATEMENT(RECENT_PUT, "writing the last document's items", \
		"REPLACE INTO recent VALUES(?1,?2,?3)") \
	STATEMENT(ALERT_GET, "reading a message", \
		"SELECT feed,message,key,cancelled,last_seen,checksum FROM alert WHERE feed=?1 " \
		"AND message=?2") \
	STATEMENT(ALERT_LEAVE, "writing a message", \
		"UPDATE alert SET key=NULL,checksum=row_checksum(feed,message,NULL,cancelled," \
		"last_seen) WHERE feed=?1 AND key=?2 AND message<>?3 AND " \
		"checksum=row_checksum(feed,message,key,cancelled,last_seen)") \
	STATEMENT(ALERT_PUT, "writing a message", "REPLACE INTO alert VALUES(?1,?2,?3,?4,?5,?6)") \
	STATEMENT(ALERT_PRUNE, "removing old messages", \
		"DELETE FROM alert WHERE feed=?1 AND message IN (SELECT message FROM alert WHERE " \
		"feed=?1 AND last_seen<?2 LIMIT ?3)") \
	STATEMENT(ITEM_TAKEN, "reading a seen item", \
		"SELECT 1 FROM seen WHERE feed=?1 AND item=?2 AND item IS NOT NULL") \
	STATEMENT(REDACTED_GET, "asking what is redacted", \
		"SELECT feed,item,change,checksum FROM redacted WHERE feed=?1 AND item=?2") \
	STATEMENT(REDACTED_PUT, "noting what is redacted", \
		"REPLACE INTO redacted VALUES(?1,?2,?3,?4)") \
	STATEMENT(SUBSCRIPTION_PUT, "writing a subscription", \
		"REPLACE INTO subscription VALUES(" SUBSCRIPTION_VALUES \
		",row_checksum(" SUBSCRIPTION_VALUES "))") \
	STATEMENT(SUBSCRIPTION_DROP, "removing a subscription", \
		"DELETE FROM subscription WHERE token=?1") \
	STATEMENT(OLD_SIZES, "reading the oldest events", \
		"SELECT seq,recorded,length(body) FROM event WHERE seq<(SELECT max(seq) FROM " \
		"event) ORDER BY seq LIMIT ?1") \
	STATEMENT(CLOCK, "writing the time", \
		"REPLACE INTO meta(name,value,checksum) VALUES('clock',?1," \
		"row_checksum('clock',?1))") \
	STATEMENT(REMOVE, "removing old events", "DELETE FROM event WHERE seq<=?1") \
	STATEMENT(PAGES, "reading the store's size", "PRAGMA page_count") \
	STATEMENT(FREE_PAGES, "reading the store's size", "PRAGMA freelist_count")

#define STATEMENT_ENUM(name, doing, sql) STMT_##name,
enum { STATEMENTS(STATEMENT_ENUM) STMT_FEED_BY_NAME, STMT_FEED_STATE, STMT_FEED_SUM, STMT_COUNT };
#undef STATEMENT_ENUM

/* Nobody else writes; a moment's patience is for a shell that somebody opened on the store. */
#define STORE_BUSY_MS 1000

struct topic {
	struct str name;
	uint32_t id;
	uint64_t last_seq;
	bool is_dirty, is_new; /* its row is not as it is here; or not there yet */
};

/* The topics used lately; the table has them all. */
struct topics {
	struct arena arena;
	struct map by_name;
	struct topic **dirty; /* written by topics_flush() */
	size_t n_dirty, cap_dirty;
	uint32_t n; /* in the table: the next number is one more */
};

/* What one transaction moves on, and a rollback takes back. */
struct position {
	uint64_t seq;
	int64_t recorded_us;
	uint64_t checksum; /* of the event `seq`; 0: there is none */
	uint32_t n_topics;
};

/* A feed that the transaction in hand has added: all rows that the store has of it were put since, so that
 * they need not be looked for. A first document has seldom more items than there are keys here; of a longer
 * one the items are looked for again. */
#define NEWCOMER_KEYS_MAX 64
struct newcomer {
	int64_t feed; /* 0: none */
	struct hash keys[NEWCOMER_KEYS_MAX];
	size_t n_keys;
	bool has_more, has_names,
		has_alerts; /* items than `keys`; items with another name than their key */
};

struct journal {
	sqlite3 *db;
	sqlite3_stmt *stmts[STMT_COUNT];
	char *path;
	struct witness witness;
	char epoch[JOURNAL_EPOCH_MAX];
	struct position durable, current;
	bool in_transaction;
	struct topics topics;
	struct newcomer newcomer;
	struct buf views, record, own; /* reused from event to event */
	int64_t keep_us, max_size;
	int64_t clock_us; /* `now` of retention, as it is in the store; 0: none yet */
	int64_t page_size;
	int64_t wal_pages, wal_next_pages; /* in the log; when a checkpoint is due */
	int64_t wal_rested_pages;          /* how long it was at the last journal_rest() */
	int64_t restart_next_us;           /* on the monotonic clock */
	bool log_has_redacted;             /* readers kept it from being emptied */
	int64_t n_redacted;                /* items, at least: none is the rule */
	uint64_t damaged_rows;             /* met since journal_damage() was asked */
	char *damage;                      /* what the last of them was; NULL */
};

extern const char *const store_doing[STMT_COUNT];

/* Runs statement `which`, bound already. */
int store_run(struct journal *journal, int which, struct error *error);
/* 1: a row to read (then sqlite3_reset()), 0: none. */
int store_row(struct journal *journal, int which, struct error *error);

/* sqlite-schema.c: 1: an empty file; 0: a journal whose schema this program knows; else an error that
 * says what to do. */
int store_recognise(sqlite3 *db, const char *path, int *ret_schema, struct error *error);
/* The first schema whose rows have checksums. */
#define STORE_SCHEMA_SUMMED 3
/* The first that has the table of subscriptions. */
#define STORE_SCHEMA_SUBSCRIPTIONS 7
/* The first that has the table of polls. */
#define STORE_SCHEMA_POLLED 8
/* The tables whose rows have them; ends with NULL. (Events have had theirs always.) */
extern const char *const store_summed[];
int store_create(struct journal *journal, struct error *error);
int store_upgrade(struct journal *journal, int schema, struct error *error);
void store_new_epoch(char out[JOURNAL_EPOCH_MAX]);

/* sqlite-open.c */
int store_prepare(struct journal *journal, struct error *error);
/* SQL for the checksum of what the tables are, kept in meta as "tables". Statistics come and go. */
#define STORE_TABLES_CHECKSUM \
	"(SELECT row_checksum(group_concat(type||' '||name||' '||tbl_name||' " \
	"'||ifnull(sql,''),';'))" \
	" FROM (SELECT * FROM sqlite_schema WHERE name NOT LIKE 'sqlite_stat%' ORDER BY name))"

/* A row did not fit its checksum: notes the sentence for journal_damage(). */
void store_damaged(struct journal *journal, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* sqlite-feed.c: the columns of a feed's state, and the statements that name all of them, as SQL. */
void store_feed_columns(struct buf *sql);
void store_feed_sql(struct buf *sql, int which);
/* Gives a connection what those statements call. */
int store_feed_register(sqlite3 *db, struct error *error);
/* After any change of a feed's row; who changes one has read it before, in the same transaction. */
int store_feed_sum(struct journal *journal, int64_t feed, struct error *error);

/* sqlite.c: an event in the making. `topics` as its views; then the caller writes its body to
 * journal->record between the two below. Times never fall: *recorded_us may be moved on. */
void store_views_write(struct journal *journal, struct topic *const *topics, size_t n);
size_t store_record_begin(struct journal *journal, uint64_t seq, int64_t *recorded_us);
int store_record_end(struct journal *journal, uint64_t seq, int64_t recorded_us, size_t head,
	struct error *error);

/* sqlite-seen.c: a feed has just been added; 0: what was said of one may not be so any more. */
void store_newcomer(struct journal *journal, int64_t feed);

/* sqlite-seen.c: an item is not told again: while its change hash is this, or (NULL) ever. */
int store_redacted_put(struct journal *journal, int64_t feed, const struct hash *item,
	const struct hash *change, struct error *error);

/* sqlite-feed.c: all states, over any connection. Damage is told through `journal`, if there is one. */
int store_states_each(
	sqlite3 *db, struct journal *journal, struct journal_state_walk *walk, struct error *error);

/* sqlite-log.c: watches the write-ahead log, and keeps it short. */
void store_log_watch(struct journal *journal);
void store_log_checkpoint(struct journal *journal);
/* Leaves nothing in the log; where readers are in the way, journal_rest() tries again. */
void store_log_empty(struct journal *journal, int64_t wait_us);

/* sqlite-verify.c: the first sequence after `seq`, which cannot be read, from which on one can; `to` + 1:
 * none. `stmt` is this one. */
#define STORE_EVENTS_SQL \
	"SELECT seq,recorded,checksum,views,body FROM event WHERE seq>?1 AND seq<=?2 ORDER BY " \
	"seq " \
	"LIMIT ?3"
uint64_t store_step_over(sqlite3_stmt *stmt, uint64_t seq, uint64_t to);

/* topics.c */
void topics_init(struct topics *topics);
void topics_deinit(struct topics *topics);
/* The topic of a name, made if it is new. Topics live until topics_forget(). */
int topics_of_name(
	struct journal *journal, struct str name, struct topic **ret, struct error *error);
/* 1: *ret is it; 0: its row is damaged, and so is all that is known of its name. */
int topics_of_id(struct journal *journal, uint64_t id, struct topic **ret, struct error *error);
void topics_touch(struct topics *topics, struct topic *topic, uint64_t seq);
/* Writes the last sequences of the topics touched. */
int topics_flush(struct journal *journal, struct error *error);
/* Forgets what is cached: after a rollback, for it may be wrong, or when it is too much. */
void topics_forget(struct topics *topics);
bool topics_are_many(const struct topics *topics);
