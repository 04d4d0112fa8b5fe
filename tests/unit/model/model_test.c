/* What is shared between threads or outlives its maker: feeds, states, batches, replies. */
#include "model/batch.h"

#include <assert.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "model/document.h"
#include "model/reply.h"

#define THREADS 4
#define ROUNDS  20000

static void *use_feed(void *p)
{
	struct feed *feed = p;

	for (int i = 0; i < ROUNDS; i++) {
		struct feed *mine = feed_ref(feed);
		assert(mine == feed);
		feed_unref(mine);
	}
	feed_unref(feed); /* the one that came with the thread */
	return NULL;
}

/* Whichever thread is last frees the feed, arena and all; LeakSanitizer counts them. */
static void test_feed_is_shared(void **state)
{
	pthread_t threads[THREADS];
	struct feed *feed = feed_new();

	(void)state;
	feed->id = arena_strdup(&feed->arena, "co-mde.aci.noticias");
	for (int i = 0; i < THREADS; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, use_feed, feed_ref(feed)), 0);
	struct feed *last = feed_ref(feed);
	feed_unref(feed);
	for (int i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	assert_int_equal(atomic_load(&last->refs), 1);
	assert_string_equal(last->id, "co-mde.aci.noticias");
	assert_null(feed_unref(last));
	assert_null(feed_unref(NULL));
}

static const char **texts_of(struct arena *arena, const char *first, const char *second)
{
	const char **texts = arena_alloc(arena, 2 * sizeof *texts);

	texts[0] = arena_strdup(arena, first);
	texts[1] = arena_strdup(arena, second);
	return texts;
}

static struct feed *full_feed(void)
{
	struct feed *f = feed_new();
	struct arena *a = &f->arena;

	f->id = arena_strdup(a, "mx-mex.cgai.noticias");
	f->city = arena_strdup(a, "mx-mex");
	f->agency = arena_strdup(a, "cgai");
	f->name = arena_strdup(a, "noticias");
	f->path = arena_strdup(a, "mx-mex/cgai/noticias");
	f->city_name = arena_strdup(a, "Ciudad de México");
	f->agency_name = arena_strdup(a, "Asuntos Internacionales");
	f->networks = texts_of(a, "metropolis", "uccn"), f->n_networks = 2;
	f->themes = texts_of(a, "housing", "water"), f->n_themes = 2;
	f->formerly = texts_of(a, "mx-mex.a.b", "mx-mex.c.d"), f->n_formerly = 2;
	f->kind = FEED_ALERT;
	f->language = arena_strdup(a, "es-MX");
	f->timezone = arena_strdup(a, "America/Mexico_City");
	f->licence = arena_strdup(a, "CC-BY-4.0");
	f->contact = arena_strdup(a, "mailto:prensa@cgai.example");
	f->translates = arena_strdup(a, "mx-mex.cgai.news");
	f->url = arena_strdup(a, "https://cgai.example/feed");
	f->interval_us = 1, f->interval_max_us = 2, f->max_body = 3;
	f->latitude = 19.43, f->longitude = -99.13, f->has_point = f->adaptive = true;
	f->access = (struct feed_access){.auth = FEED_AUTH_BASIC,
		.user = arena_strdup(a, "u"),
		.secret_file = arena_strdup(a, "/s"),
		.certificate_file = arena_strdup(a, "/c"),
		.key_file = arena_strdup(a, "/k"),
		.proxy = arena_strdup(a, "http://proxy.example:3128"),
		.allow_net = texts_of(a, "10.0.0.0/8", "fd00::/8"),
		.n_allow_net = 2};
	return f;
}

/* The draft is freed before the copy is looked at: under AddressSanitizer a pointer into it shows. */
static void test_feed_is_packed(void **state)
{
	struct feed *draft = full_feed(), *packed = feed_pack(draft, NULL);

	(void)state;
	assert_true(feed_equal(packed, draft));
	assert_int_equal(packed->arena.used, 0);
	feed_unref(draft);
	struct feed *again = full_feed();
	assert_true(feed_equal(packed, again));
	assert_string_equal(packed->access.allow_net[1], "fd00::/8");
	assert_int_equal(atomic_load(&packed->refs), 1);
	again->name = "elsewhere"; /* not the end of its path */
	struct feed *odd = feed_pack(again, NULL);
	assert_string_equal(odd->name, "elsewhere");
	assert_string_equal(odd->path, "mx-mex/cgai/noticias");
	assert_null(feed_unref(odd));
	feed_unref(again);
	feed_unref(packed);
}

/* What is alike is there once, for as long as one of them is. */
static void test_feeds_share_what_is_alike(void **state)
{
	struct feed *draft = full_feed(), *first = feed_pack(draft, NULL);

	(void)state;
	draft->url = "https://cgai.example/other";
	struct feed *second = feed_pack(draft, first);
	assert_ptr_equal(second->city_name, first->city_name);
	assert_ptr_equal(second->access.allow_net, first->access.allow_net);
	assert_string_equal(second->url, "https://cgai.example/other");
	feed_unref(first);
	assert_true(feed_equal(second, draft));
	draft->language = "en";
	struct feed *third = feed_pack(draft, second);
	assert_ptr_not_equal(third->city_name, second->city_name);
	feed_unref(second);
	draft->networks[1] = "zz";
	struct feed *fourth = feed_pack(draft, third);
	assert_string_equal(third->networks[1], "uccn");
	assert_string_equal(fourth->networks[1], "zz");
	feed_unref(third);
	assert_true(feed_equal(fourth, draft));
	feed_unref(fourth);
	feed_unref(draft);
}

static void test_blank_feed_is_packed(void **state)
{
	struct feed *draft = feed_new(), *packed = feed_pack(draft, NULL);

	(void)state;
	assert_true(feed_equal(packed, draft));
	assert_null(packed->id);
	assert_null(packed->name);
	feed_unref(draft);
	feed_unref(packed);
}

static void check_text(const char *copy, const char *original)
{
	assert_ptr_not_equal(copy, original);
	assert_string_equal(copy, original);
}

static void test_state_is_copied_deeply(void **state)
{
	struct feed_state from = {.etag = mem_strdup("\"v1\""),
		.last_modified = mem_strdup("Fri, 12 May 2017 09:00:00 GMT"),
		.url = mem_strdup("https://aci.example/feed"),
		.body_hash = {{1, 2, 3}},
		.last_poll_us = 1,
		.last_success_us = 2,
		.last_change_us = 3,
		.next_due_us = 4,
		.failing_since_us = 5,
		.gone_since_us = 6,
		.told_noisy_us = 7,
		.hint_us = 10,
		.failures = 8,
		.http_status = 410,
		.items = 9,
		.backfilled = true,
		.guids_repeat = true,
		.told_failing = true,
		.health = FEED_GONE,
		.error = mem_strdup("the server says 410")};
	struct feed_state to;

	(void)state;
	feed_state_copy(&to, &from);
	check_text(to.etag, from.etag);
	check_text(to.last_modified, from.last_modified);
	check_text(to.url, from.url);
	check_text(to.error, from.error);
	feed_state_deinit(&from);
	assert_null(from.etag);
	assert_int_equal(from.failures, 0);
	assert_string_equal(to.etag, "\"v1\"");
	assert_int_equal(to.body_hash.b[2], 3);
	assert_int_equal(to.last_poll_us, 1);
	assert_int_equal(to.last_success_us, 2);
	assert_int_equal(to.last_change_us, 3);
	assert_int_equal(to.next_due_us, 4);
	assert_int_equal(to.failing_since_us, 5);
	assert_int_equal(to.gone_since_us, 6);
	assert_int_equal(to.told_noisy_us, 7);
	assert_int_equal(to.hint_us, 10);
	assert_int_equal(to.failures, 8);
	assert_int_equal(to.http_status, 410);
	assert_int_equal(to.items, 9);
	assert_true(to.backfilled && to.guids_repeat && to.told_failing);
	assert_int_equal(to.health, FEED_GONE);
	feed_state_deinit(&to);
	feed_state_deinit(&to); /* nothing is left to free */
}

static void test_state_is_packed(void **state)
{
	char etag[] = "\"v1\"", moved[] = "https://aci.example/moved";
	struct feed_state from = {.etag = etag, .moved_url = moved, .failures = 8};
	struct feed_state *packed = feed_state_pack(&from);

	(void)state;
	check_text(packed->etag, etag);
	check_text(packed->moved_url, moved);
	assert_null(packed->url);
	assert_int_equal(packed->failures, 8);
	/* One block: both texts lie in it. */
	assert_ptr_equal(packed->etag, packed + 1);
	assert_ptr_equal(packed->moved_url, packed->etag + sizeof etag);
	assert_false(packed->is_short);
	struct feed_state all = feed_state_unpack(packed);
	assert_memory_equal(&all, packed, sizeof all);
	free(packed);
}

/* Of a feed that is well nobody pays for what is not so. */
static void test_well_state_is_short(void **state)
{
	char etag[] = "\"v1\"";
	struct feed_state from = {.etag = etag, .last_poll_us = 5, .news = 3, .health = FEED_FINE};
	struct feed_state *packed = feed_state_pack(&from);

	(void)state;
	assert_true(packed->is_short);
	assert_true((size_t)(packed->etag - (char *)packed) <= sizeof from - 88);
	memset(etag, 'x', sizeof etag - 1); /* it has its own */
	struct feed_state all = feed_state_unpack(packed);
	assert_string_equal(all.etag, "\"v1\"");
	assert_false(all.is_short);
	assert_int_equal(all.last_poll_us, 5);
	assert_int_equal(all.news, 3);
	assert_int_equal(all.health, FEED_FINE);
	assert_true(!all.failing_since_us && !all.error && !all.moved_url && !all.hubs);
	free(packed);
	all = feed_state_unpack(NULL);
	assert_true(!all.etag && !all.last_poll_us && all.health == FEED_NEW);

	/* Whatever is not well is kept. */
	struct feed_state unwell[] = {{.failing_since_us = 1}, {.gone_since_us = 1},
		{.told_noisy_us = 1}, {.phase_us = 1}, {.held_until_us = 1}, {.moving_since_us = 1},
		{.moving_polls = 1}, {.error = etag}, {.held_host = etag}, {.moving_url = etag},
		{.moved_url = etag}, {.hubs = etag}};
	for (size_t i = 0; i < sizeof unwell / sizeof *unwell; i++) {
		packed = feed_state_pack(&unwell[i]);
		assert_false(packed->is_short);
		free(packed);
	}
}

static void test_empty_state_is_copied(void **state)
{
	struct feed_state from = {0}, to;

	(void)state;
	memset(&to, 0xff, sizeof to);
	feed_state_copy(&to, &from);
	assert_true(!to.etag && !to.last_modified && !to.url && !to.error);
	assert_int_equal(to.health, FEED_NEW);
	feed_state_deinit(&to);
}

/* A reload may drop a feed while a reply and a batch of it are under way. */
static void test_reply_and_batch_keep_their_feed(void **state)
{
	struct feed *feed = feed_new();
	struct feed_state known = {.etag = mem_strdup("\"v1\"")};

	(void)state;
	struct reply *reply = reply_new(feed, &known);
	struct batch *batch = batch_new(feed);
	feed_state_deinit(&known);
	assert_int_equal(atomic_load(&feed->refs), 3);
	feed_unref(feed);
	assert_string_equal(reply->state.etag, "\"v1\"");
	assert_int_equal(reply->retry_after_us, -1);
	assert_int_equal(reply->fresh_us, -1);
	assert_int_equal(reply->body.fd, -1);
	assert_int_equal(batch->n_items, 0);
	assert_null(reply_free(reply));
	assert_int_equal(atomic_load(&batch->feed->refs), 1);
	batch->state.error = mem_strdup("x");
	arena_strdup(&batch->arena, "y");
	assert_null(batch_free(batch));
	assert_null(reply_free(NULL));
	assert_null(batch_free(NULL));
}

/* Every value has a word, and no two the same. */
static void check_names(const char *const *names, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		assert_non_null(names[i]);
		for (size_t k = 0; k < i; k++)
			assert_string_not_equal(names[i], names[k]);
	}
}

static void test_names(void **state)
{
	(void)state;
	check_names(feed_kind_names, FEED_KIND_COUNT);
	check_names(feed_health_names, FEED_HEALTH_COUNT);
	check_names(reply_outcome_names, REPLY_OUTCOME_COUNT);
	check_names(document_format_names, FORMAT_COUNT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_feed_is_shared),
		cmocka_unit_test(test_feed_is_packed),
		cmocka_unit_test(test_feeds_share_what_is_alike),
		cmocka_unit_test(test_blank_feed_is_packed),
		cmocka_unit_test(test_state_is_copied_deeply),
		cmocka_unit_test(test_state_is_packed),
		cmocka_unit_test(test_well_state_is_short),
		cmocka_unit_test(test_empty_state_is_copied),
		cmocka_unit_test(test_reply_and_batch_keep_their_feed),
		cmocka_unit_test(test_names),
	};

	return cmocka_run_group_tests_name("model", tests, NULL, NULL);
}
