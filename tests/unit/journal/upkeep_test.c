/* Verifying, copying, exporting and redacting a store. */
#include "store_fixture.h"

#include <errno.h>
#include <setjmp.h>
#include <sqlite3.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "base/list.h"
#include "journal/statement.h"
#include "journal/upkeep.h"

struct findings {
	struct journal_verify_sink sink;
	size_t n[FINDING_COUNT], all;
	uint64_t from, to; /* of the last one */
};

static void on_finding(struct journal_verify_sink *sink, enum journal_finding kind, uint64_t from,
	uint64_t to, const char *sentence)
{
	struct findings *f = container_of(sink, struct findings, sink);

	assert_true(sentence[0]);
	f->n[kind]++;
	f->all++;
	f->from = from;
	f->to = to;
}

static struct findings verify(struct store *store, struct journal_verdict *verdict)
{
	struct findings f = {.sink.finding = on_finding};

	if (journal_verify(store->path, &f.sink, verdict, &store->error) < 0)
		fail_msg("%s", store->error.text);
	return f;
}

/* Thirty events in some topics. */
static void fill(struct store *store)
{
	char data[128];

	for (int i = 0; i < 30; i++) {
		char theme[32];
		const char *topics[] = {"feed/aa-bbb/cc/dd/", theme, NULL};
		snprintf(theme, sizeof theme, "theme/t%d/", i % 3);
		snprintf(data, sizeof data,
			"{\"id\":\"%d\",\"content_text\":\"secret %d and what else it says, which "
			"is more\"}",
			i, i);
		assert_int_equal(journal_begin(store->journal, &store->error), 0);
		store_append(store, 1000 + i, data, topics, NULL);
		assert_int_equal(journal_commit(store->journal, &store->error), 0);
	}
}

/* Changes the closed store behind everybody's back. */
static void meddle(struct store *store, const char *sql)
{
	struct error error;
	sqlite3 *db;

	/* A connection that can make a row's checksum right again. */
	if (statement_open(store->path, SQLITE_OPEN_READWRITE, 1000, &db, &error) < 0 ||
		statement_exec(db, sql, "meddling", &error) < 0)
		fail_msg("%s", error.text);
	sqlite3_close(db);
}

static void test_whole(void **state)
{
	struct store *store = *state;
	struct journal_verdict verdict;

	fill(store);
	assert_int_equal(verify(store, &verdict).all, 0);
	assert_int_equal(verdict.readable, 30);
	assert_int_equal(verdict.extent.head, 30);
	/* Nor after retention has taken the oldest. */
	store->settings.keep_us = 1;
	store_close(store);
	store_open(store);
	assert_int_equal(journal_retain(store->journal, 1020, &store->error), 0);
	assert_int_equal(verify(store, &verdict).all, 0);
	assert_int_equal(verdict.extent.oldest, 20);
	assert_int_equal(verdict.readable, 11);
}

static void test_empty(void **state)
{
	struct journal_verdict verdict;

	assert_int_equal(verify(*state, &verdict).all, 0);
	assert_int_equal(verdict.readable, 0);
}

/* A row in each table that remembers something. */
static void fill_rows(struct store *store)
{
	const struct hash key = {{1}};
	struct seen row = {.key = key, .item = key, .change = {{2}}, .version = 3};
	struct journal_alert alert = {.message = key, .last_seen_us = 5};
	const struct feed_state times = {.last_poll_us = 6};
	struct journal_feed feed;

	assert_int_equal(journal_begin(store->journal, &store->error), 0);
	assert_int_equal(journal_feed(store->journal, store->feed, &feed, &store->error), 0);
	assert_int_equal(journal_seen_put(store->journal, feed.number, &row, &store->error), 0);
	assert_int_equal(journal_alert_put(store->journal, feed.number, &alert, &store->error), 0);
	assert_int_equal(
		journal_feed_polled(store->journal, feed.number, &times, &store->error), 0);
	assert_int_equal(
		journal_recent_put(store->journal, feed.number, STR("x"), &store->error), 0);
	assert_int_equal(journal_commit(store->journal, &store->error), 0);
	store_close(store);
	meddle(store, "INSERT INTO redacted VALUES(1,x'01',NULL,row_checksum(1,x'01',NULL))");
	store_open(store);
}

static void test_each_damage_is_found(void **state)
{
	static const struct {
		const char *sql;
		enum journal_finding kind;
		uint64_t from, to;
	} cases[] = {
		{"UPDATE event SET body=replace(body,'secret','Secret') WHERE seq=7",
			FINDING_CHECKSUM, 7, 7},
		{"UPDATE event SET recorded=recorded+1 WHERE seq=30", FINDING_CHECKSUM, 30, 30},
		{"UPDATE event SET views=x'ff' WHERE seq=8", FINDING_CHECKSUM, 8, 8},
		{"DELETE FROM event WHERE seq BETWEEN 10 AND 12", FINDING_GAP, 10, 12},
		{"UPDATE topic SET last_seq=last_seq-1 WHERE id=1", FINDING_ROW, 0, 0},
		{"UPDATE topic SET last_seq=29,checksum=row_checksum(id,name,29) WHERE id=1",
			FINDING_TOPIC, 30, 30},
		{"UPDATE meta SET value=29 WHERE name='head'", FINDING_ROW, 0, 0},
		{"UPDATE meta SET value=29,checksum=row_checksum(name,29) WHERE name='head'",
			FINDING_HEAD, 30, 30},
		{"UPDATE meta SET value=31,checksum=row_checksum(name,31) WHERE name='head'",
			FINDING_GAP, 31, 31},
		{"UPDATE meta SET value='abc' WHERE name='epoch'", FINDING_ROW, 0, 0},
		{"UPDATE seen SET version=version+1", FINDING_ROW, 0, 0},
		{"UPDATE feed SET guids_repeat=1-guids_repeat", FINDING_ROW, 0, 0},
		{"UPDATE recent SET items=x'00'", FINDING_ROW, 0, 0},
		{"UPDATE polled SET next_due_us=next_due_us+1", FINDING_ROW, 0, 0},
		{"UPDATE alert SET cancelled=1-cancelled", FINDING_ROW, 0, 0},
		{"UPDATE redacted SET change=x'00'", FINDING_ROW, 0, 0},
		{"CREATE INDEX by_hand ON seen(version)", FINDING_STRUCTURE, 0, 0},
	};

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct store *store = *state, copy;
		struct journal_verdict verdict;
		if (!i) {
			fill(store);
			fill_rows(store);
			assert_int_equal(verify(store, &verdict).all, 0);
		}
		store_close(store);
		store_copy(store, &copy);
		meddle(&copy, cases[i].sql);
		struct findings f = verify(&copy, &verdict);
		if (!f.n[cases[i].kind])
			fail_msg("not found: %s", cases[i].sql);
		assert_true(verdict.damage >= 1);
		if (f.all == 1) {
			assert_int_equal(f.from, cases[i].from);
			assert_int_equal(f.to, cases[i].to);
		}
		/* One flaw is one finding, but for a head that three places know. */
		assert_true(f.all == 1 || cases[i].kind == FINDING_HEAD);
		store_remove(&copy);
	}
}

/* Losses that were told once are notes, not damage. */
static void test_known_loss(void **state)
{
	struct store *store = *state, early;
	struct journal_verdict verdict;
	char from[160], to[160];

	fill(store);
	store_close(store);
	store_copy(store, &early);
	store_open(store);
	fill(store);
	store_close(store);
	/* The older store under the newer witness. */
	snprintf(from, sizeof from, "%s.head", store->path);
	snprintf(to, sizeof to, "%s.head", early.path);
	assert_int_equal(rename(from, to), 0);
	early.feed = store->feed;
	early.settings = (struct journal_settings){.path = early.path};
	assert_int_equal(verify(&early, &verdict).n[FINDING_HEAD], 1);
	store_open(&early);
	assert_non_null(early.notice);
	fill(&early);
	struct findings f = verify(&early, &verdict);
	assert_int_equal(f.n[FINDING_LOSS], 1);
	assert_int_equal(f.all, 1);
	assert_int_equal(f.from, 31);
	assert_int_equal(f.to, 60);
	assert_int_equal(verdict.damage, 0);
	assert_int_equal(verdict.readable, 60);
	store_close(&early);
	store_remove(&early);
}

static void test_backup(void **state)
{
	struct store *store = *state, copy = {.feed = store->feed};
	struct journal_verdict verdict;
	char epoch[JOURNAL_EPOCH_MAX];

	fill(store);
	memcpy(epoch, journal_epoch(store->journal), sizeof epoch);
	memcpy(copy.dir, store->dir, sizeof copy.dir);
	snprintf(copy.path, sizeof copy.path, "%s/copy.db", store->dir);
	copy.settings = (struct journal_settings){.path = copy.path};
	/* Beside the open writer. */
	assert_int_equal(journal_backup(store->path, copy.path, &store->error), 0);
	assert_int_equal(journal_backup(store->path, copy.path, &store->error), -EEXIST);
	assert_int_equal(verify(&copy, &verdict).all, 0);
	assert_int_equal(verdict.readable, 30);
	assert_string_equal(verdict.extent.epoch, epoch);
	store_open(&copy);
	assert_non_null(copy.notice);
	assert_string_not_equal(journal_epoch(copy.journal), epoch);
	assert_int_equal(journal_head(copy.journal), 30);
	memcpy(epoch, journal_epoch(copy.journal), sizeof epoch);
	store_close(&copy);
	/* Once. */
	store_open(&copy);
	assert_null(copy.notice);
	assert_string_equal(journal_epoch(copy.journal), epoch);
	store_close(&copy);
	assert_int_equal(journal_backup("/nowhere/x.db", copy.path, &store->error), -EEXIST);
	assert_int_equal(journal_backup("/nowhere/x.db", "/nowhere/y.db", &store->error), -ENOENT);
}

/* Is a text anywhere in the store's files? */
static bool files_have(const struct store *store, const char *text)
{
	static const char *const suffixes[] = {"", "-wal"};
	bool found = false;

	for (size_t i = 0; i < 2; i++) {
		char path[160];
		struct stat st;
		snprintf(path, sizeof path, "%s%s", store->path, suffixes[i]);
		FILE *file = fopen(path, "rb");
		if (!file)
			continue;
		assert_int_equal(stat(path, &st), 0);
		char *bytes = mem_alloc((size_t)st.st_size + 1);
		size_t n = fread(bytes, 1, (size_t)st.st_size, file);
		found |= str_find(str_make(bytes, n), str_of(text)) < n;
		free(bytes);
		fclose(file);
	}
	return found;
}

struct body_of {
	struct journal_visitor visitor;
	char text[2000];
};

static int keep_body(struct journal_visitor *visitor, const struct journal_record *record)
{
	struct body_of *b = container_of(visitor, struct body_of, visitor);

	snprintf(b->text, sizeof b->text, "%.*s", STR_FMT(record->body));
	return 1;
}

static struct body_of body_of(struct store *store, uint64_t seq)
{
	const struct journal_read_limits limits = {
		.to = UINT64_MAX, .records = 1, .bytes = SIZE_MAX};
	struct body_of b = {.visitor.record = keep_body};
	struct journal_reader *reader;
	uint64_t next;

	assert_int_equal(journal_reader_open(&reader, store->path, &store->error), 0);
	if (journal_read(reader, seq - 1, &limits, &b.visitor, &next, &store->error) < 0)
		fail_msg("%s", store->error.text);
	journal_reader_close(reader);
	return b;
}

static struct journal_redaction redact(struct store *store, const char *id)
{
	struct journal_redaction done = {99, true};

	if (journal_redact(store->journal, str_of(id), 1500000000000000, &done, &store->error) < 0)
		fail_msg("%s", store->error.text);
	return done;
}

/* All events of fill() have the same id, a first version of an item whose key is zero. */
#define ITEM_ID "aa-bbb.cc.dd/AAAAAAAAAAAAAAAAAAAAAA/"

static void test_redact(void **state)
{
	struct store *store = *state;
	struct journal_verdict verdict;
	struct journal_redaction done;

	fill(store);
	assert_non_null(strstr(body_of(store, 12).text, ITEM_ID "1"));
	assert_true(files_have(store, "secret 11"));
	assert_int_equal(journal_redact(store->journal, STR("aa-bbb.cc.dd/nothing/1"), 5, &done,
				 &store->error),
		-ENOENT);
	assert_int_equal(
		journal_redact(store->journal, STR("aa-bbb.cc.zz/x/1"), 5, &done, &store->error),
		-ENOENT);
	static const char *const none[] = {"", "aa-bbb.cc.dd", "aa-bbb.cc.dd/", "/x/"};
	for (size_t i = 0; i < sizeof none / sizeof *none; i++)
		assert_int_equal(
			journal_redact(store->journal, str_of(none[i]), 5, &done, &store->error),
			i < 3 ? -EINVAL : -ENOENT);
	done = redact(store, ITEM_ID "1");
	assert_int_equal(done.events, 30);
	assert_false(done.in_log);
	for (uint64_t seq = 1; seq <= 30; seq++) {
		struct body_of b = body_of(store, seq);
		assert_non_null(strstr(b.text, "\"_redacted\":\"2017-07-14T02:40:00"));
		assert_non_null(strstr(b.text, "org.civicwire.item.redacted.v1"));
		assert_null(strstr(b.text, "secret"));
	}
	assert_false(files_have(store, "secret"));
	assert_int_equal(verify(store, &verdict).all, 0);
	assert_int_equal(verdict.readable, 31);
	/* The witness agrees, when it is opened again, too. */
	store_close(store);
	store_open(store);
	assert_null(store->notice);
	assert_int_equal(store_commit_one(store, 2000), 32);
}

/* Who has read it hears of it, in all topics that it was in; once. */
static void test_redaction_is_announced(void **state)
{
	struct store *store = *state;
	struct checker checker = checker_new();
	struct journal_reader *reader;
	struct journal_verdict verdict;

	fill(store);
	assert_int_equal(redact(store, ITEM_ID).events, 30);
	assert_int_equal(journal_head(store->journal), 31);
	struct body_of b = body_of(store, 31);
	assert_non_null(strstr(b.text, "\"id\":\"" ITEM_ID "2\""));
	assert_non_null(strstr(b.text, "\"type\":\"org.civicwire.item.redacted.v1\""));
	assert_non_null(strstr(b.text, "\"sequence\":\"00000000000000000031\""));
	assert_non_null(strstr(b.text, "\"recordedtime\":\"2017-07-14T02:40:00"));
	assert_non_null(strstr(b.text, "\"_redacts\":\"" ITEM_ID "\"}}"));
	assert_int_equal(journal_reader_open(&reader, store->path, &store->error), 0);
	checker_run(&checker, reader, 7);
	assert_int_equal(checker.breaks, 0);
	for (uint32_t topic = 1; topic <= 4; topic++)
		assert_int_equal(checker.last_in[topic], 31);
	journal_reader_close(reader);
	/* Once more is nothing more. */
	assert_int_equal(redact(store, ITEM_ID).events, 0);
	assert_int_equal(journal_head(store->journal), 31);
	assert_int_equal(verify(store, &verdict).all, 0);
}

/* The chain is damaged: what is asked for is found all the same. */
static void test_redact_beside_damage(void **state)
{
	static const char *const damages[] = {
		"UPDATE event SET views=x'00' WHERE seq=20",
		"UPDATE topic SET last_seq=3 WHERE id=1",
	};
	struct store *store = *state;

	fill(store);
	for (size_t i = 0; i < sizeof damages / sizeof *damages; i++) {
		struct store copy;
		store_close(store);
		store_copy(store, &copy);
		meddle(&copy, damages[i]);
		store_open(&copy);
		assert_true(redact(&copy, ITEM_ID).events >= 29);
		assert_false(files_have(&copy, "secret 1 "));
		store_close(&copy);
		store_remove(&copy);
	}
	store_open(store);
}

/* A reader in the way keeps old pages in the log, and the journal gets them out when it is gone. */
static void test_redact_beside_reader(void **state)
{
	struct store *store = *state;
	sqlite3 *db;

	fill(store);
	assert_int_equal(
		statement_open(store->path, SQLITE_OPEN_READONLY, 0, &db, &store->error), 0);
	assert_int_equal(
		sqlite3_exec(db, "BEGIN;SELECT * FROM event LIMIT 1", NULL, NULL, NULL), SQLITE_OK);
	struct journal_redaction done = redact(store, ITEM_ID);
	assert_int_equal(done.events, 30);
	assert_true(done.in_log);
	assert_true(files_have(store, "secret 11"));
	journal_rest(store->journal);
	assert_true(files_have(store, "secret 11"));
	sqlite3_exec(db, "COMMIT", NULL, NULL, NULL);
	sqlite3_close(db);
	journal_rest(store->journal);
	assert_false(files_have(store, "secret"));
}

struct lines {
	struct journal_dump_sink sink;
	struct buf all;
	size_t n;
};

static int on_line(struct journal_dump_sink *sink, struct str line)
{
	struct lines *lines = container_of(sink, struct lines, sink);

	buf_str(&lines->all, line);
	buf_char(&lines->all, '\n');
	lines->n++;
	return 0;
}

static void test_dump(void **state)
{
	struct store *store = *state;
	const struct journal_dump_wish all_of_it = {false}, readable = {true};
	struct journal_dump_loss loss;
	struct lines lines = {.sink.line = on_line};

	fill(store);
	assert_int_equal(
		journal_dump(store->path, &all_of_it, &lines.sink, &loss, &store->error), 0);
	assert_int_equal(lines.n, 1 + 4 + 30 + 1); /* head, topics, events, end */
	struct str all = buf_view(&lines.all);
	assert_true(str_starts(all, STR("{\"civicwire_journal\":1,\"epoch\":\"")));
	assert_true(str_ends(all, STR("{\"end\":true,\"events\":30}\n")));
	assert_true(
		str_find(all, STR("\"views\":[[\"feed/aa-bbb/cc/dd/\",29],[\"theme/t2/\",27]]")) <
		all.n);
	buf_clear(&lines.all);
	store_close(store);
	meddle(store, "UPDATE event SET checksum=checksum+1 WHERE seq=3");
	assert_int_equal(
		journal_dump(store->path, &all_of_it, &lines.sink, &loss, &store->error), -EBADMSG);
	assert_non_null(strstr(store->error.text, "event 3 is damaged"));
	/* What is left is worth having. */
	meddle(store, "UPDATE topic SET last_seq=last_seq+1 WHERE id=2;"
		      "UPDATE meta SET value=7 WHERE name='head'");
	buf_clear(&lines.all);
	lines.n = 0;
	assert_int_equal(
		journal_dump(store->path, &readable, &lines.sink, &loss, &store->error), 0);
	assert_int_equal(loss.events, 1);
	assert_int_equal(loss.rows, 0);
	assert_int_equal(lines.n, 1 + 4 + 29 + 1);
	assert_true(str_ends(buf_view(&lines.all), STR("{\"end\":true,\"events\":29}\n")));
	/* A topic of another name is none. */
	meddle(store, "PRAGMA writable_schema=ON;"
		      "DELETE FROM sqlite_schema WHERE name='sqlite_autoindex_topic_1'");
	assert_int_equal(
		journal_dump(store->path, &readable, &lines.sink, &loss, &store->error), -EBADMSG);
	buf_deinit(&lines.all);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_whole, store_setup, store_teardown),
		cmocka_unit_test_setup_teardown(test_empty, store_setup, store_teardown),
		cmocka_unit_test_setup_teardown(
			test_each_damage_is_found, store_setup, store_teardown),
		cmocka_unit_test_setup_teardown(test_known_loss, store_setup, store_teardown),
		cmocka_unit_test_setup_teardown(test_backup, store_setup, store_teardown),
		cmocka_unit_test_setup_teardown(test_redact, store_setup, store_teardown),
		cmocka_unit_test_setup_teardown(
			test_redaction_is_announced, store_setup, store_teardown),
		cmocka_unit_test_setup_teardown(
			test_redact_beside_damage, store_setup, store_teardown),
		cmocka_unit_test_setup_teardown(
			test_redact_beside_reader, store_setup, store_teardown),
		cmocka_unit_test_setup_teardown(test_dump, store_setup, store_teardown),
	};

	if (hash_global_init() < 0)
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
