/* Names that hang, beside names that do not. The resolver is ours: libcurl calls it in threads of its own. */
#include <netdb.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>
#include <dlfcn.h>

#include "base/hash.h"
#include "harness.h"

static atomic_int hanging;
static atomic_bool mended;

typedef int resolve(const char *, const char *, const struct addrinfo *, struct addrinfo **);

/* Stands in for libc's. */
__attribute__((visibility("default"))) int getaddrinfo(
	const char *name, const char *service, const struct addrinfo *hints, struct addrinfo **ret)
{
	resolve *real = (resolve *)dlsym(RTLD_NEXT, "getaddrinfo");

	if (name && strstr(name, ".hang.test")) {
		atomic_fetch_add(&hanging, 1);
		while (!atomic_load(&mended))
			usleep(1000);
		atomic_fetch_sub(&hanging, 1);
		return EAI_AGAIN;
	}
	if (name && strstr(name, ".good.test"))
		name = "127.0.0.1";
	return real(name, service, hints, ret);
}

enum { PLACES = 3, SLOW_PLACES = 4 };

struct fixture {
	struct harness h;
	struct origin origin;
	struct feed *feeds[64];
	size_t n;
};

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof *f);

	atomic_store(&mended, false);
	origin_start(&f->origin, NULL, NULL);
	harness_init(&f->h);
	f->h.limits.resolving = PLACES;
	f->h.limits.resolving_slow = SLOW_PLACES;
	f->h.settings.parallel = 1;
	harness_open(&f->h);
	*state = f;
	return 0;
}

/* A thread that hangs is nobody's: it must have ended before the next test begins. */
static int teardown(void **state)
{
	struct fixture *f = *state;

	for (size_t i = 0; i < f->n; i++) {
		fetch_cancel(f->h.fetcher, f->feeds[i]);
		feed_unref(f->feeds[i]);
	}
	atomic_store(&mended, true);
	while (atomic_load(&hanging))
		usleep(1000);
	harness_close(&f->h);
	origin_stop(&f->origin);
	free(f);
	return 0;
}

static struct feed *submit(struct fixture *f, const char *kind, enum schedule_lane lane)
{
	static const struct feed_state none;
	struct feed *feed = harness_feed("http://n%zu.%s.test:%d/echo", f->n, kind, f->origin.port);

	f->feeds[f->n++] = feed;
	fetch_submit(f->h.fetcher, feed, &none, lane);
	return feed;
}

static void run_for(struct fixture *f, int rounds)
{
	for (int i = 0; i < rounds; i++) {
		uv_run(&f->h.loop, UV_RUN_NOWAIT);
		usleep(1000);
	}
}

/* Fails by the time limit of the test if it never comes. */
static void run_until_done(struct fixture *f, size_t done)
{
	while (f->h.done < done)
		run_for(f, 1);
	assert_int_equal(f->h.outcomes[REPLY_BODY], done);
}

static void test_hanging_names_give_way(void **state)
{
	struct fixture *f = *state;
	struct feed *first = submit(f, "hang", LANE_QUICK);

	submit(f, "hang", LANE_QUICK);
	submit(f, "hang", LANE_QUICK);
	submit(f, "good", LANE_QUICK);
	run_for(f, 100);
	assert_int_equal(f->h.done, 0); /* all places are taken */
	assert_int_equal(atomic_load(&hanging), PLACES);
	fetch_slow(f->h.fetcher, first);
	run_until_done(f, 1);
	/* Asked for again it changes nothing: one hangs apart, two have places, one place is left. */
	fetch_slow(f->h.fetcher, first);
	submit(f, "hang", LANE_QUICK);
	submit(f, "good", LANE_QUICK);
	run_for(f, 100);
	assert_int_equal(f->h.done, 1);
	assert_int_equal(atomic_load(&hanging), PLACES + 1);
}

/* Those that were slow before take none of the places of others, and half of their own. */
static void test_slow_ones_apart(void **state)
{
	struct fixture *f = *state;
	struct feed *quick[PLACES];

	for (int i = 0; i < 10; i++)
		submit(f, "hang", LANE_SLOW);
	submit(f, "good", LANE_SLOW);
	for (int i = 0; i < 10; i++)
		submit(f, "good", LANE_QUICK);
	run_until_done(f, 10);
	assert_int_equal(atomic_load(&hanging), SLOW_PLACES / 2);
	/* The other half is for those that turn out to be slow, while there is room. */
	for (size_t i = 0; i < PLACES; i++)
		quick[i] = submit(f, "hang", LANE_QUICK);
	run_for(f, 100);
	for (size_t i = 0; i < PLACES; i++)
		fetch_slow(f->h.fetcher, quick[i]);
	for (int i = 0; i < 10; i++)
		submit(f, "good", LANE_QUICK);
	run_until_done(f, 20);
	submit(f, "hang", LANE_QUICK);
	submit(f, "hang", LANE_QUICK);
	submit(f, "good", LANE_QUICK);
	run_for(f, 100);
	assert_int_equal(
		f->h.done, 20); /* two of the slow places were free, so one keeps its quick one */
	assert_true(fetch_cancel(f->h.fetcher, quick[0]));
	assert_true(fetch_cancel(f->h.fetcher, quick[2]));
	run_until_done(f, 21);
}

/* Names that are asked for the first time have half of the places. */
static void test_new_ones(void **state)
{
	struct fixture *f = *state;

	for (int i = 0; i < 10; i++)
		submit(f, "hang", LANE_NEW);
	for (int i = 0; i < 10; i++)
		submit(f, "good", LANE_QUICK);
	run_until_done(f, 10);
	assert_int_equal(atomic_load(&hanging), (PLACES + 1) / 2);
}

/* Who polls more at a time looks more up. */
static void test_more_polls(void **state)
{
	struct fixture *f = *state;
	static const struct fetch_settings many = {.parallel = 24}, none = {.parallel = 1};

	fetcher_set(f->h.fetcher, &many);
	for (int i = 0; i < 10; i++)
		submit(f, "hang", LANE_QUICK);
	run_for(f, 100);
	assert_int_equal(atomic_load(&hanging), 6);
	fetcher_set(f->h.fetcher, &none);
	assert_true(fetch_cancel(f->h.fetcher, f->feeds[0]));
	run_for(f, 20);
	assert_int_equal(fetch_active(f->h.fetcher), 9);
	assert_int_equal(
		atomic_load(&hanging), 6); /* the thread of the one that was given up hangs on */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_hanging_names_give_way, setup, teardown),
		cmocka_unit_test_setup_teardown(test_slow_ones_apart, setup, teardown),
		cmocka_unit_test_setup_teardown(test_new_ones, setup, teardown),
		cmocka_unit_test_setup_teardown(test_more_polls, setup, teardown),
	};

	signal(SIGPIPE, SIG_IGN);
	assert_int_equal(hash_global_init(), 0);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
