/* Replies in, settled batches out: one last batch for every reply, whatever became of it. */
#include "actors/workers.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "model/batch.h"
#include "model/reply.h"

#define THREADS 4
/* A reply takes microseconds. */
#define PATIENCE_US (60 * SEC_US)

struct fixture {
	struct queue replies, batches;
	struct workers *workers;
	struct feed *feed;
};

static int setup(void **state)
{
	struct fixture *f = mem_zalloc(1, sizeof *f);

	assert_int_equal(hash_global_init(), 0);
	queue_init(&f->replies, 256);
	queue_init(&f->batches, 256);
	f->feed = feed_new();
	f->feed->id = "co-mde.aci.noticias";
	f->feed->url = "https://aci.example/feed";
	f->feed->interval_us = 15 * MIN_US;
	f->workers = workers_start(&f->replies, &f->batches, theme_rules_new(), THREADS);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	queue_close(&f->replies);
	queue_close(&f->batches);
	workers_join(f->workers);
	for (struct reply *r; (r = queue_pop(&f->replies));)
		reply_free(r);
	for (struct batch *b; (b = queue_pop(&f->batches));)
		batch_free(b);
	queue_deinit(&f->replies);
	queue_deinit(&f->batches);
	assert_int_equal(atomic_load(&f->feed->refs), 1); /* nobody forgot one */
	feed_unref(f->feed);
	free(f);
	return 0;
}

/* A reply to a poll of a feed that was well before. */
static struct reply *reply_of(struct fixture *f, enum reply_outcome outcome)
{
	struct feed_state before = {.etag = mem_strdup("\"old\""),
		.url = mem_strdup(f->feed->url),
		.last_success_us = 1,
		.items = 77,
		.health = FEED_FINE,
		.backfilled = true};
	struct reply *reply = reply_new(f->feed, &before);

	feed_state_deinit(&before);
	reply->outcome = outcome;
	reply->started_us = reply->finished_us = clock_real_us();
	return reply;
}

static struct reply *document(struct fixture *f, unsigned items)
{
	struct reply *reply = reply_of(f, REPLY_BODY);
	struct buf xml = BUF_INIT;

	buf_lit(&xml, "<rss version='2.0'><channel><title>T</title>");
	for (unsigned i = 0; i < items; i++)
		buf_printf(&xml,
			"<item><guid isPermaLink='false'>g%u</guid><title>t%u</title></item>", i,
			i);
	buf_lit(&xml, "</channel></rss>");
	assert_int_equal(body_append(&reply->body, xml.p, xml.n), 0);
	buf_deinit(&xml);
	reply->http_status = 200;
	reply->etag = mem_strdup("\"new\"");
	return reply;
}

static struct batch *work(struct fixture *f, struct reply *reply)
{
	assert_true(queue_push(&f->replies, reply));
	return queue_pop(&f->batches);
}

static void test_document(void **state)
{
	struct fixture *f = *state;
	struct batch *batch = work(f, document(f, 3));

	assert_true(batch->first && batch->last && batch->parsed);
	assert_ptr_equal(batch->feed, f->feed);
	assert_int_equal(batch->n_items, 3);
	assert_true(str_is(batch->items[2].subject, "g2"));
	assert_int_equal(batch->state.health, FEED_FINE);
	assert_string_equal(batch->state.etag, "\"new\"");
	assert_int_equal(batch->state.items, 3);
	assert_int_equal(batch->state.http_status, 200);
	assert_true(batch->state.next_due_us > batch->state.last_poll_us);
	batch_free(batch);
}

/* Validators go with the last part alone: till then the state is what it was before the reply. */
static void test_long_document(void **state)
{
	struct fixture *f = *state;
	struct batch *batch = work(f, document(f, BATCH_ITEMS_MAX * 2 + 1));
	size_t items = 0;
	unsigned parts = 0;

	for (;; batch = queue_pop(&f->batches)) {
		assert_int_equal(batch->first, parts == 0);
		assert_string_equal(batch->state.etag, batch->last ? "\"new\"" : "\"old\"");
		assert_int_equal(batch->state.items, batch->last ? BATCH_ITEMS_MAX * 2 + 1 : 77);
		assert_true(batch->state.backfilled);
		char *first = mem_printf("g%zu", items);
		assert_true(str_is(batch->items[0].subject, first));
		free(first);
		items += batch->n_items;
		parts++;
		bool last = batch->last;
		batch_free(batch);
		if (last)
			break;
	}
	assert_int_equal(items, BATCH_ITEMS_MAX * 2 + 1);
	assert_in_range(parts, 3, 10);
}

static void test_no_feed(void **state)
{
	struct fixture *f = *state;
	struct reply *reply = reply_of(f, REPLY_BODY);
	static const char page[] = "<!DOCTYPE html><html><body><p>Mantenimiento</p></body></html>";

	assert_int_equal(body_append(&reply->body, page, sizeof page - 1), 0);
	reply->http_status = 200;
	reply->etag = mem_strdup("\"page\"");
	struct batch *batch = work(f, reply);
	assert_true(batch->first && batch->last && !batch->parsed);
	assert_int_equal(batch->n_items, 0);
	assert_int_equal(batch->state.health, FEED_FAILING);
	assert_int_equal(batch->state.failures, 1);
	assert_non_null(batch->state.error);
	/* A page's validator must not keep the feed away once it is back. */
	assert_string_not_equal(batch->state.etag ? batch->state.etag : "", "\"page\"");
	batch_free(batch);
}

/* By a worker, and by whoever has the reply: the same. */
static struct batch *settle(struct fixture *f, struct reply *reply, bool by_worker)
{
	if (by_worker)
		return work(f, reply);
	struct batch *batch = workers_settle(reply);
	reply_free(reply);
	return batch;
}

static void test_no_document(void **state)
{
	static const struct {
		enum reply_outcome outcome;
		int status;
		enum feed_health health;
		bool success;
	} cases[] = {{REPLY_NOT_MODIFIED, 304, FEED_FINE, true},
		{REPLY_SAME_BODY, 200, FEED_FINE, true}, {REPLY_OUTDATED, 200, FEED_FINE, true},
		{REPLY_GONE, 410, FEED_FAILING, false}, {REPLY_BUSY, 503, FEED_FAILING, false},
		{REPLY_HTTP_ERROR, 404, FEED_FAILING, false},
		{REPLY_NETWORK, 0, FEED_FAILING, false}, {REPLY_REFUSED, 0, FEED_FAILING, false},
		{REPLY_TOO_LARGE, 200, FEED_FAILING, false}, {REPLY_LOCAL, 0, FEED_FINE, false}};
	struct fixture *f = *state;

	assert_int_equal(sizeof cases / sizeof *cases, REPLY_OUTCOME_COUNT - 1);
	for (size_t i = 0; i < 2 * sizeof cases / sizeof *cases; i++) {
		size_t c = i / 2;
		struct reply *reply = reply_of(f, cases[c].outcome);
		reply->http_status = cases[c].status;
		struct batch *batch = settle(f, reply, i % 2);
		assert_true(batch->first && batch->last && !batch->parsed);
		assert_int_equal(batch->n_items, 0);
		assert_ptr_equal(batch->feed, f->feed);
		assert_true(batch->received_us > 0);
		assert_int_equal(batch->state.health, cases[c].health);
		assert_int_equal(batch->state.last_success_us > 1, cases[c].success);
		assert_int_equal(batch->state.failures, cases[c].health == FEED_FAILING);
		assert_int_equal(batch->state.items, 77);
		assert_true(batch->state.next_due_us > 0);
		batch_free(batch);
	}
}

/* What we had spooled cannot be read again: our trouble, not the feed's. */
static void test_unreadable_spool(void **state)
{
	struct fixture *f = *state;
	struct reply *reply = reply_of(f, REPLY_BODY);

	reply->http_status = 200;
	reply->etag = mem_strdup("\"new\"");
	reply->body.fd = open("/tmp", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	reply->body.n = 1000;
	assert_true(reply->body.fd >= 0);
	struct batch *batch = work(f, reply);
	assert_true(batch->last && !batch->parsed);
	assert_int_equal(batch->n_items, 0);
	assert_int_equal(batch->state.health, FEED_FINE);
	assert_int_equal(batch->state.failures, 0);
	assert_string_equal(batch->state.etag, "\"old\"");
	assert_non_null(batch->state.error);
	batch_free(batch);
}

/* Replies that are begun from now on have the other rules' themes; nobody keeps the old ones. */
static void test_other_rules(void **state)
{
	struct fixture *f = *state;
	const struct str words[] = {STR("t0")};
	struct theme_rules *rules = theme_rules_new();
	struct batch *batch = work(f, document(f, 1));

	assert_int_equal(batch->items[0].n_themes, 0);
	batch_free(batch);
	theme_rules_add_words(rules, STR("trams"), STR_NONE, words, 1, NULL, 0);
	workers_set_rules(f->workers, rules);
	batch = work(f, document(f, 1));
	assert_int_equal(batch->items[0].n_themes, 1);
	assert_true(str_is(batch->items[0].themes[0], "trams"));
	batch_free(batch);
	assert_false(workers_are_stuck(f->workers, clock_monotonic_us(), PATIENCE_US));
}

static void test_many(void **state)
{
	struct fixture *f = *state;
	unsigned parsed = 0, unparsed = 0;

	for (unsigned i = 0; i < 200; i++)
		assert_true(queue_push(
			&f->replies, i % 3 ? document(f, i % 7) : reply_of(f, REPLY_NETWORK)));
	queue_close(&f->replies);
	workers_join(f->workers);
	f->workers = NULL;
	queue_close(&f->batches);
	for (struct batch *b; (b = queue_pop(&f->batches)); batch_free(b)) {
		assert_true(b->last);
		b->parsed ? parsed++ : unparsed++;
	}
	assert_int_equal(unparsed, 67);
	assert_int_equal(parsed, 133);
}

/* The journal is slow: workers wait for room. It is gone: they end, and nothing is leaked. */
static void test_closed_while_waiting(void **state)
{
	struct fixture *f = *state;
	struct queue narrow;

	queue_close(&f->replies);
	workers_join(f->workers);
	queue_deinit(&f->replies);
	queue_init(&f->replies, 256);
	queue_init(&narrow, 1);
	f->workers = workers_start(&f->replies, &narrow, theme_rules_new(), 2);
	for (unsigned i = 0; i < 20; i++)
		assert_true(queue_push(&f->replies, document(f, i == 1 ? 12000 : 2)));
	while (queue_length(&narrow) < 1)
		queue_wait_closed(&narrow, MSEC_US);
	queue_close(&f->replies);
	queue_close(&narrow);
	workers_join(f->workers);
	f->workers = NULL;
	struct batch *only = queue_pop(&narrow);
	assert_non_null(only);
	batch_free(only);
	assert_null(queue_pop(&narrow));
	queue_deinit(&narrow);
	assert_null(workers_join(NULL));
}

int main(void)
{
#define TEST(test) cmocka_unit_test_setup_teardown(test, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(test_document),
		TEST(test_long_document),
		TEST(test_no_feed),
		TEST(test_no_document),
		TEST(test_unreadable_spool),
		TEST(test_other_rules),
		TEST(test_many),
		TEST(test_closed_while_waiting),
	};

	return cmocka_run_group_tests_name("workers", tests, NULL, NULL);
}
