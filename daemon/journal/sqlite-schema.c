/* What a store's tables are, in each version: making them, telling them, and bringing those of an older
 * program up to date. */
#include "journal/store.h"

#include <errno.h>

#include "journal/row.h"

/* "CWjn" in the database header: what file(1) and other tools know this by. */
#define STORE_APPLICATION_ID 0x43576a6e
#define STORE_SCHEMA         9

/* checksum stands before views and body, and body last, so that a reader who looks at the views
 * alone never touches the body's overflow pages. seen is clustered by feed: one reply touches a
 * page or two. Its `item` is NULL while it is the same as `key`, so the index has only the items
 * whose feed changed its guids. alert has a row for each CAP message that a feed listed or took
 * back. redacted has the items that must not be told again, for good: `change` is what the item said
 * when it was redacted, NULL whatever it says. polled has what most polls change of a feed's row, which is
 * ten times as long: where a feed has a row there, that is what holds. `checksum` is always the last
 * column (row.h). */
#define ALERT_COLUMNS \
	"feed INTEGER NOT NULL, message BLOB NOT NULL, key BLOB," \
	" cancelled INTEGER NOT NULL, last_seen INTEGER NOT NULL,"
#define ALERT_INDEX "CREATE INDEX alert_key ON alert(feed, key) WHERE key IS NOT NULL;"
#define CHECKSUM    " checksum INTEGER NOT NULL DEFAULT 0"
/* What a feed has got beside stands before the checksum. */
#define FEED_GETS(columns) \
	"ALTER TABLE feed DROP COLUMN checksum;" columns "ALTER TABLE feed ADD COLUMN" CHECKSUM ";"
#define NUMBER(name) "ALTER TABLE feed ADD COLUMN " name " INTEGER NOT NULL DEFAULT 0;"
#define REDACTED_TABLE \
	"CREATE TABLE redacted(feed INTEGER NOT NULL, item BLOB NOT NULL, change BLOB," CHECKSUM \
	", PRIMARY KEY(feed, item)) WITHOUT ROWID;"
#define NUMBERS(name) name " INTEGER NOT NULL,"
#define POLLED_TABLE \
	"CREATE TABLE polled(feed INTEGER PRIMARY KEY," NUMBERS(" last_poll_us") NUMBERS( \
		" last_success_us") NUMBERS(" next_due_us") NUMBERS(" http_status") CHECKSUM ");"
/* What was asked of hubs; `hmac_key` is empty where there is none. No export has it. */
#define SUBSCRIPTION_TABLE \
	"CREATE TABLE subscription(feed TEXT NOT NULL, token TEXT PRIMARY KEY, hub TEXT NOT NULL," \
	" topic TEXT NOT NULL, hmac_key TEXT NOT NULL," NUMBERS(" state") NUMBERS(" distrusted") \
		NUMBERS(" failures") NUMBERS(" asked") NUMBERS(" next") NUMBERS(" verified") \
			NUMBERS(" lease") NUMBERS(" push") NUMBERS(" failing") NUMBERS( \
				" leaving") " reason TEXT, callback TEXT NOT NULL," CHECKSUM \
					    ") WITHOUT ROWID;"

static const char tables[] =
	"CREATE TABLE meta(name TEXT PRIMARY KEY, value NOT NULL," CHECKSUM ") WITHOUT ROWID;"
	"CREATE TABLE event(seq INTEGER PRIMARY KEY, recorded INTEGER NOT NULL,"
	" checksum INTEGER NOT NULL, views BLOB NOT NULL, body BLOB NOT NULL);"
	"CREATE TABLE topic(id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE,"
	" last_seq INTEGER NOT NULL," CHECKSUM ");"
	"CREATE TABLE seen(feed INTEGER NOT NULL, key BLOB NOT NULL, item BLOB, link BLOB,"
	" title BLOB, change BLOB, version INTEGER NOT NULL, last_seen INTEGER NOT NULL,"
	" day INTEGER NOT NULL, updates INTEGER NOT NULL, withdrawn INTEGER NOT NULL,"
	" views BLOB, subject TEXT," CHECKSUM ", PRIMARY KEY(feed, key)) WITHOUT ROWID;"
	"CREATE TABLE recent(feed INTEGER PRIMARY KEY, items BLOB NOT NULL," CHECKSUM ");"
	"CREATE INDEX seen_item ON seen(feed, item) WHERE item IS NOT NULL;"
	"CREATE TABLE alert(" ALERT_COLUMNS CHECKSUM
	", PRIMARY KEY(feed, message)) WITHOUT ROWID;" ALERT_INDEX REDACTED_TABLE SUBSCRIPTION_TABLE
		POLLED_TABLE;

/* Those with a checksum in each row, but for events, which have had theirs always. */
const char *const store_summed[] = {"meta", "topic", "feed", "seen", "recent", "alert", "redacted",
	"subscription", "polled", NULL};

/* What makes a store of a schema one of the next: the store of an older program is taken over. */
static const char *const upgrades[STORE_SCHEMA] = {
	[1] = "CREATE TABLE alert(" ALERT_COLUMNS
	      " PRIMARY KEY(feed, message)) WITHOUT ROWID;" ALERT_INDEX,
	[2] = "ALTER TABLE meta ADD COLUMN" CHECKSUM ";ALTER TABLE topic ADD COLUMN" CHECKSUM
	      ";ALTER TABLE feed ADD COLUMN" CHECKSUM ";ALTER TABLE seen ADD COLUMN" CHECKSUM
	      ";ALTER TABLE recent ADD COLUMN" CHECKSUM ";ALTER TABLE alert ADD COLUMN" CHECKSUM
	      ";" REDACTED_TABLE,
	[3] = FEED_GETS(NUMBER("fault")),
	[4] = FEED_GETS(NUMBER("news_us") NUMBER("rhythm_us") NUMBER("moving_since_us") NUMBER(
		"news") NUMBER("skip_hours") NUMBER("skip_days") NUMBER("moving_polls")
			NUMBER("told_quiet") "ALTER TABLE feed ADD COLUMN moving_url;"
					     "ALTER TABLE feed ADD COLUMN moved_url;"),
	[5] = FEED_GETS("ALTER TABLE feed ADD COLUMN activity;"),
	[6] = FEED_GETS(NUMBER("phase_us") NUMBER(
		"held_until_us") "ALTER TABLE feed ADD COLUMN hubs;") SUBSCRIPTION_TABLE,
	[7] = POLLED_TABLE,
	[8] = FEED_GETS("ALTER TABLE feed ADD COLUMN held_host;"),
};

/* A flipped bit in this row would have the store taken for one of another version. */
static int read_schema(sqlite3 *db, const char *path, int64_t *ret, struct error *error)
{
	static const char doing[] = "reading the schema's version";
	int64_t schema, is_summed, fits = 1;
	int r = statement_int(
		db, "SELECT value FROM meta WHERE name='schema'", 0, &schema, doing, error);

	if (r >= 0)
		r = statement_int(db,
			"SELECT count(*) FROM pragma_table_info('meta') WHERE name='checksum'", 0,
			&is_summed, doing, error);
	if (r >= 0 && is_summed)
		r = statement_int(db,
			"SELECT checksum=row_checksum(name,value) FROM meta WHERE name='schema'", 0,
			&fits, doing, error);
	if (r < 0)
		return r;
	if (!fits || (schema <= STORE_SCHEMA && (schema >= STORE_SCHEMA_SUMMED) != !!is_summed))
		return error_set(error, EBADMSG,
			"%s is damaged: what it says of its version cannot be trusted; put a "
			"backup "
			"in its place",
			path);
	if (schema < 1 || schema > STORE_SCHEMA)
		return error_set(error, EPROTONOSUPPORT,
			"%s has schema %lld, and this program knows schemas up to %d: a newer "
			"version "
			"wrote it. Install that version again, or put a backup from before its "
			"upgrade in its place",
			path, (long long)schema, STORE_SCHEMA);
	*ret = schema;
	return 0;
}

/* 1: an empty file; 0: ours, of a schema we know, which is *ret_schema. */
int store_recognise(sqlite3 *db, const char *path, int *ret_schema, struct error *error)
{
	int64_t n_tables, id, schema = 0;
	int r = statement_int(
		db, "SELECT count(*) FROM sqlite_schema", 0, &n_tables, "reading the store", error);

	if (r == -EINVAL)
		return error_set(
			error, EINVAL, "%s is not a journal: it is no database at all", path);
	if (r >= 0)
		r = statement_int(db, "PRAGMA application_id", 0, &id, "reading the store", error);
	if (r < 0)
		return r;
	if (!n_tables && !id)
		return 1;
	if (id != STORE_APPLICATION_ID)
		return error_set(error, EINVAL,
			"%s is not a journal: it is another program's SQLite database", path);
	r = read_schema(db, path, &schema, error);
	if (r >= 0)
		*ret_schema = (int)schema;
	return r;
}

/* What the tables are is a checksum of its own: names and columns are only text, too. */
static int sum_schema(
	struct journal *j, const char *const *which, const char *doing, struct error *error)
{
	int r = statement_exec(j->db,
		"REPLACE INTO meta VALUES('tables'," STORE_TABLES_CHECKSUM ",0);"
		"UPDATE meta SET checksum=row_checksum(name,value) WHERE name "
		"IN('tables','schema')",
		doing, error);

	for (size_t i = 0; which[i] && r >= 0; i++)
		r = row_sum_table(j->db, which[i], doing, error);
	return r;
}

/* A new checksum would make a damaged row a whole one: writes what spoils that of those feeds again. */
static int keep_damage(struct journal *j, struct buf *out, const char *doing, struct error *error)
{
	sqlite3_stmt *stmt = NULL;
	int r = statement_prepare(j->db, "SELECT * FROM feed", &stmt, doing, error);

	while (r >= 0 && (r = statement_row(stmt, doing, error)) > 0)
		if (!row_fits_if_any(stmt))
			buf_printf(out, "UPDATE feed SET checksum=checksum+1 WHERE id=%lld;",
				(long long)sqlite3_column_int64(stmt, 0));
	sqlite3_finalize(stmt);
	return r;
}

/* All steps in one transaction: a store is of one schema or of the other. */
int store_upgrade(struct journal *j, int schema, struct error *error)
{
	static const char doing[] = "bringing the tables up to date";
	static const char *const altered[] = {"feed", NULL};
	struct buf sql = BUF_INIT, damaged = BUF_INIT;
	const int schema_before = schema;

	if (schema == STORE_SCHEMA)
		return 0;
	if (schema >= STORE_SCHEMA_SUMMED && keep_damage(j, &damaged, doing, error) < 0) {
		buf_deinit(&damaged);
		return -error->code;
	}
	buf_lit(&sql, "BEGIN IMMEDIATE;");
	for (; schema < STORE_SCHEMA; schema++)
		buf_str(&sql, str_of(upgrades[schema]));
	buf_printf(&sql, "UPDATE meta SET value=%d WHERE name='schema'", STORE_SCHEMA);
	int r = statement_exec(j->db, buf_cstr(&sql), doing, error);
	if (r >= 0)
		r = sum_schema(j, schema_before < STORE_SCHEMA_SUMMED ? store_summed : altered,
			doing, error);
	if (r >= 0 && damaged.n)
		r = statement_exec(j->db, buf_cstr(&damaged), doing, error);
	if (r >= 0)
		r = statement_exec(j->db, "COMMIT", doing, error);
	if (r < 0 && !sqlite3_get_autocommit(j->db))
		statement_exec(j->db, "ROLLBACK", doing, NULL);
	buf_deinit(&damaged);
	buf_deinit(&sql);
	return r;
}

/* Lower-case base 32: sixty random bits, so that no two epochs are ever alike. */
void store_new_epoch(char out[JOURNAL_EPOCH_MAX])
{
	static const char digits[] = "abcdefghijklmnopqrstuvwxyz234567";
	unsigned char random[12];

	hash_random(random, sizeof random);
	for (size_t i = 0; i < sizeof random; i++)
		out[i] = digits[random[i] & 31];
	out[sizeof random] = 0;
}

int store_create(struct journal *j, struct error *error)
{
	struct buf sql = BUF_INIT;
	char epoch[JOURNAL_EPOCH_MAX], store[JOURNAL_EPOCH_MAX];

	store_new_epoch(epoch);
	store_new_epoch(store);
	buf_printf(
		&sql, "BEGIN IMMEDIATE;PRAGMA application_id=%d;%s", STORE_APPLICATION_ID, tables);
	buf_lit(&sql, "CREATE TABLE feed(id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE,"
		      " pruned INTEGER NOT NULL DEFAULT 0");
	store_feed_columns(&sql);
	buf_printf(&sql,
		"," CHECKSUM ");INSERT INTO meta(name,value) VALUES('schema',%d),('epoch','%s'),"
		"('head',0),('store','%s');",
		STORE_SCHEMA, epoch, store);
	int r = statement_exec(j->db, buf_cstr(&sql), "creating the tables", error);
	if (r >= 0)
		r = sum_schema(j, store_summed, "creating the tables", error);
	if (r >= 0)
		r = statement_exec(j->db, "COMMIT", "creating the tables", error);
	if (r < 0 && !sqlite3_get_autocommit(j->db))
		statement_exec(j->db, "ROLLBACK", "creating the tables", NULL);
	buf_deinit(&sql);
	return r;
}
