/* The journal thread over a real journal: groups, their order, and a disk that is full for a while. */
#include "actors/writer.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <cmocka.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "base/list.h"
#include "model/batch.h"

/* No news for so long and the test has hung. */
#define PATIENCE_US (60 * SEC_US)
/* Less than the write-ahead log of one commit needs. */
#define TIGHT_BYTES 8192

struct fixture {
	char dir[64], path[96];
	struct journal *journal;
	struct queue batches, news, gate;
	struct writer_sink sink;
	struct writer *writer;
	struct feed *feeds[3];
	struct rlimit limit;
};

/* With the gate shut the journal thread rests here, between two commits. */
static void on_news(struct writer_sink *sink, struct writer_news *news)
{
	struct fixture *f = container_of(sink, struct fixture, sink);

	assert_true(queue_push(&f->news, news));
	queue_pop(&f->gate);
}

static struct feed *feed_named(const char *id, const char *path)
{
	struct feed *feed = feed_new();

	feed->id = id;
	feed->city = "aa-bbb";
	feed->agency = "cc";
	feed->name = path + sizeof "aa-bbb/cc/" - 1;
	feed->path = path;
	feed->url = "https://aci.example/feed";
	return feed;
}

static int setup(void **state)
{
	struct fixture *f = mem_zalloc(1, sizeof *f);
	struct error error = {0};
	char *notice = NULL;

	assert_int_equal(hash_global_init(), 0);
	snprintf(f->dir, sizeof f->dir, "/tmp/civicwire-writer-XXXXXX");
	assert_non_null(mkdtemp(f->dir));
	snprintf(f->path, sizeof f->path, "%s/journal.db", f->dir);
	struct journal_settings settings = {.path = f->path};
	assert_int_equal(journal_open(&f->journal, &settings, &notice, &error), 0);
	free(notice);
	queue_init(&f->batches, 64);
	queue_init(&f->news, 256);
	queue_init(&f->gate, 1);
	queue_close(&f->gate); /* open: pop returns at once */
	f->feeds[0] = feed_named("aa-bbb.cc.a", "aa-bbb/cc/a");
	f->feeds[1] = feed_named("aa-bbb.cc.b", "aa-bbb/cc/b");
	f->feeds[2] = feed_named("aa-bbb.cc.c", "aa-bbb/cc/c");
	f->sink.news = on_news;
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &f->limit), 0);
	f->writer = writer_start(f->journal, "https://wire.example.org", &f->batches, &f->sink);
	*state = f;
	return 0;
}

static void remove_folder(const char *path)
{
	DIR *dir = opendir(path);

	for (struct dirent *e; (e = readdir(dir));)
		unlinkat(dirfd(dir), e->d_name, 0);
	closedir(dir);
	assert_int_equal(rmdir(path), 0);
}

static void stop(struct fixture *f)
{
	queue_close(&f->gate);
	queue_close(&f->batches);
	f->writer = writer_join(f->writer);
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	stop(f);
	queue_close(&f->news);
	for (struct writer_news *n; (n = queue_pop(&f->news));)
		writer_news_free(n);
	for (struct batch *b; (b = queue_pop(&f->batches));)
		batch_free(b);
	queue_deinit(&f->news);
	queue_deinit(&f->batches);
	queue_deinit(&f->gate);
	journal_close(f->journal);
	remove_folder(f->dir);
	for (size_t i = 0; i < sizeof f->feeds / sizeof *f->feeds; i++) {
		assert_int_equal(atomic_load(&f->feeds[i]->refs), 1);
		feed_unref(f->feeds[i]);
	}
	free(f);
	return 0;
}

/* A document of feed number `feed` with n items "<name>0" …, whole; news if `known`. */
static struct batch *batch_of(
	struct fixture *f, unsigned feed, const char *name, unsigned n, bool known)
{
	struct batch *batch = batch_new(f->feeds[feed]);

	batch->items = arena_zalloc(&batch->arena, (n + 1) * sizeof *batch->items);
	for (unsigned i = 0; i < n; i++) {
		struct batch_item *item = &batch->items[i];
		item->subject = arena_printf(&batch->arena, "%s%u", name, i);
		item->key = item->change = hash_of(item->subject);
		item->key_link = item->key;
		item->title_key = item->key;
		item->data = arena_printf(&batch->arena, "{\"id\":\"%.*s\",\"content_text\":\"\"}",
			STR_FMT(item->subject));
		item->time_s = TIME_NONE;
	}
	batch->n_items = n;
	batch->first = batch->last = batch->parsed = true;
	batch->state.health = FEED_FINE;
	batch->state.backfilled = known;
	batch->state.etag = mem_strdup(name);
	batch->state.last_change_us = clock_real_us();
	return batch;
}

static struct writer_news *next_news(struct fixture *f)
{
	struct writer_news *news = NULL;

	assert_int_equal(queue_pop_many(&f->news, (void **)&news, 1, PATIENCE_US), 1);
	return news;
}

/* All events, in order: "a0 a1 b0 ", with "+" behind those of a backfill. Their sequences rise from
 * 1 by one. */
struct listing {
	struct journal_visitor visitor;
	struct buf text;
	uint64_t last;
};

static int on_record(struct journal_visitor *visitor, const struct journal_record *record)
{
	struct listing *l = container_of(visitor, struct listing, visitor);
	struct str subject = str_skip(record->body,
		str_find(record->body, STR("\"subject\":\"")) + sizeof "\"subject\":\"" - 1);

	assert_int_equal(record->seq, l->last + 1);
	l->last = record->seq;
	buf_str(&l->text, str_head(subject, str_chr(subject, '"')));
	if (str_find(record->body, STR("cwbackfill")) < record->body.n)
		buf_char(&l->text, '+');
	buf_char(&l->text, ' ');
	return 0;
}

static void journal_has(struct fixture *f, const char *expected)
{
	struct listing l = {.visitor = {.record = on_record}, .text = BUF_INIT};
	struct journal_read_limits limits = {.to = UINT64_MAX, .records = 10000, .bytes = SIZE_MAX};
	struct journal_reader *reader = NULL;
	struct error error = {0};
	uint64_t next = 0;

	assert_int_equal(journal_reader_open(&reader, f->path, &error), 0);
	assert_int_equal(journal_read(reader, 0, &limits, &l.visitor, &next, &error), 0);
	journal_reader_close(reader);
	assert_string_equal(buf_cstr(&l.text), expected);
	buf_deinit(&l.text);
}

static void test_commit(void **state)
{
	struct fixture *f = *state;

	queue_push(&f->batches, batch_of(f, 0, "a", 2, false));
	struct writer_news *news = next_news(f);
	assert_null(news->trouble);
	assert_int_equal(news->head, 2);
	assert_true(news->committed_us > 0);
	assert_int_equal(news->n_settled, 1);
	assert_string_equal(news->settled[0].feed_id, "aa-bbb.cc.a");
	assert_string_equal(news->settled[0].state.etag, "a");
	assert_true(news->settled[0].state.backfilled);
	writer_news_free(news);
	journal_has(f, "a0+ a1+ ");
	assert_null(writer_news_free(NULL));
}

/* Only the end of a reply settles its feed. */
static void test_parts_of_a_reply(void **state)
{
	struct fixture *f = *state;
	struct batch *first = batch_of(f, 0, "a", 1, false), *last = batch_of(f, 0, "b", 1, false);

	first->last = last->first = false;
	queue_push(&f->batches, first);
	struct writer_news *news = next_news(f);
	assert_int_equal(news->head, 1);
	assert_int_equal(news->n_settled, 0);
	writer_news_free(news);
	queue_push(&f->batches, last);
	news = next_news(f);
	assert_int_equal(news->head, 2);
	assert_int_equal(news->n_settled, 1);
	assert_string_equal(news->settled[0].state.etag, "b");
	writer_news_free(news);
	journal_has(f, "a0+ b0+ ");
}

/* Holds the journal thread after a first commit; what comes then waits together. */
static void hold(struct fixture *f)
{
	queue_deinit(&f->gate);
	queue_init(&f->gate, 1);
	queue_push(&f->batches, batch_of(f, 2, "first", 1, true));
	struct writer_news *news = next_news(f);
	assert_int_equal(news->head, 1);
	writer_news_free(news);
}

static void test_news_before_backfill(void **state)
{
	struct fixture *f = *state;
	struct batch *part = batch_of(f, 0, "a", 2, false), *end = batch_of(f, 0, "b", 1, false);

	hold(f);
	part->last = end->first = false;
	queue_push(&f->batches, part);
	queue_push(&f->batches, end);
	queue_push(&f->batches, batch_of(f, 1, "c", 2, true));
	queue_push(&f->batches, batch_of(f, 2, "d", 1, true));
	queue_close(&f->gate);
	struct writer_news *news = next_news(f);
	assert_int_equal(news->head, 7); /* one commit */
	assert_int_equal(news->n_settled, 3);
	assert_string_equal(news->settled[0].feed_id, "aa-bbb.cc.b");
	assert_string_equal(news->settled[1].feed_id, "aa-bbb.cc.c");
	assert_string_equal(news->settled[2].feed_id, "aa-bbb.cc.a");
	writer_news_free(news);
	journal_has(f, "first0 c0 c1 d0 a0+ a1+ b0+ ");
}

/* 10 MiB twice are two commits, and one of 20 MiB is not too large for ever. */
static void test_large_groups(void **state)
{
	struct fixture *f = *state;
	static const struct {
		const char *name;
		size_t mib, head;
	} parts[] = {{"a", 10, 2}, {"b", 10, 3}, {"c", 20, 4}};

	hold(f);
	for (unsigned i = 0; i < 3; i++) {
		struct batch *batch = batch_of(f, i, parts[i].name, 1, true);
		batch->bytes = parts[i].mib << 20;
		queue_push(&f->batches, batch);
	}
	queue_close(&f->gate);
	for (unsigned i = 0; i < 3; i++) {
		struct writer_news *news = next_news(f);
		assert_int_equal(news->head, parts[i].head);
		assert_int_equal(news->n_settled, 1);
		assert_string_equal(news->settled[0].feed_id, f->feeds[i]->id);
		writer_news_free(news);
	}
}

static void limit_files(struct fixture *f, rlim_t bytes)
{
	struct rlimit limit = f->limit;

	limit.rlim_cur = bytes;
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

static void expect_trouble(struct fixture *f, uint64_t head)
{
	struct writer_news *news = next_news(f);

	assert_non_null(news->trouble);
	assert_true(*news->trouble);
	assert_int_equal(news->head, head);
	assert_int_equal(news->n_settled, 0);
	writer_news_free(news);
}

/* The disk is full: said at each try, nothing settled, nothing published. Then there is room: the
 * same batches, each once, without a hole in the sequence. */
static void test_trouble_and_recovery(void **state)
{
	struct fixture *f = *state;
	struct writer_news *news;
	size_t settled = 0;

	queue_push(&f->batches, batch_of(f, 0, "a", 2, true));
	news = next_news(f);
	assert_int_equal(news->head, 2);
	writer_news_free(news);
	limit_files(f, TIGHT_BYTES);
	queue_push(&f->batches, batch_of(f, 1, "b", 3, true));
	expect_trouble(f, 2);
	queue_push(&f->batches, batch_of(f, 2, "c", 1, true));
	expect_trouble(f, 2);
	expect_trouble(f, 2);
	limit_files(f, f->limit.rlim_cur);
	journal_has(f, "a0 a1 ");
	for (;;) {
		news = next_news(f);
		if (!news->trouble) /* one may have been under way */
			break;
		assert_int_equal(news->n_settled, 0);
		writer_news_free(news);
	}
	for (;; news = next_news(f)) {
		assert_null(news->trouble);
		settled += news->n_settled;
		uint64_t head = news->head;
		writer_news_free(news);
		if (head == 6)
			break;
	}
	assert_int_equal(settled, 2);
	queue_push(&f->batches, batch_of(f, 0, "d", 1, true));
	news = next_news(f);
	assert_null(news->trouble);
	assert_int_equal(news->head, 7);
	writer_news_free(news);
	journal_has(f, "a0 a1 b0 b1 b2 c0 d0 ");
}

/* Asked to end, the thread first commits what waits. */
static void test_end(void **state)
{
	struct fixture *f = *state;

	hold(f);
	for (unsigned i = 0; i < 30; i++) {
		char name[16];
		snprintf(name, sizeof name, "n%u-", i);
		queue_push(&f->batches, batch_of(f, 1, name, 1, true));
	}
	stop(f);
	assert_int_equal(journal_head(f->journal), 31);
	assert_null(writer_join(NULL));
}

/* A disk that stays full holds nobody up at the end: what waits is dropped, for nothing of it was
 * promised, and what was committed before is there. */
static void end_in_trouble(struct fixture *f, bool close_only)
{
	queue_push(&f->batches, batch_of(f, 0, "a", 2, true));
	writer_news_free(next_news(f));
	limit_files(f, TIGHT_BYTES);
	queue_push(&f->batches, batch_of(f, 1, "b", 3, true));
	expect_trouble(f, 2);
	queue_push(&f->batches, batch_of(f, 2, "c", 1, true));
	if (!close_only)
		writer_stop_retrying(f->writer);
	stop(f);
	limit_files(f, f->limit.rlim_cur);
	assert_int_equal(queue_length(&f->batches), 0);
	assert_int_equal(journal_head(f->journal), 2);
	journal_has(f, "a0 a1 ");
}

static void test_end_in_trouble(void **state)
{
	end_in_trouble(*state, false);
}

static void test_closed_in_trouble(void **state)
{
	end_in_trouble(*state, true);
}

int main(void)
{
#define TEST(test) cmocka_unit_test_setup_teardown(test, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(test_commit),
		TEST(test_parts_of_a_reply),
		TEST(test_news_before_backfill),
		TEST(test_large_groups),
		TEST(test_trouble_and_recovery),
		TEST(test_end),
		TEST(test_end_in_trouble),
		TEST(test_closed_in_trouble),
	};

	signal(SIGXFSZ, SIG_IGN); /* EFBIG instead of the end */
	return cmocka_run_group_tests_name("writer", tests, NULL, NULL);
}
