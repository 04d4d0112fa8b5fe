/* The four rules against a simulated wire that loses, joins late and restarts: every loss is found,
 * and nothing is called lost that was not. */
#include "account.h"

#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define TOPICS 40
/* Topics with an even number are subscribed to. */
#define IS_OURS(topic) ((topic) % 2 == 0)

struct wire {
	struct account account;
	uint64_t seq, last[TOPICS];          /* the publisher's */
	uint64_t beat_head, changed[TOPICS]; /* its last heartbeat, and what changed since */
	uint64_t oldest_missing;             /* first of our events not received, 0: none */
	uint64_t losses, alarms, resyncs, false_alarms;
	unsigned random;
};

static unsigned draw(struct wire *w, unsigned bound)
{
	w->random = w->random * 1103515245u + 12345u;
	return (w->random >> 16) % bound;
}

static size_t name_of(unsigned topic, char out[32])
{
	return (size_t)snprintf(out, 32, "feed/c%u/a/f/", topic);
}

/* What a client does on LOSS and RESYNC: replay to the head. */
static void fill(struct wire *w)
{
	account_replayed(&w->account, w->seq);
	w->oldest_missing = 0;
}

static void on_verdict(struct wire *w, int verdict)
{
	if (verdict == ACCOUNT_LOSS) {
		w->alarms++;
		if (!w->oldest_missing)
			w->false_alarms++;
		fill(w);
	} else if (verdict == ACCOUNT_RESYNC) {
		w->resyncs++;
		fill(w);
	}
}

static void publish(struct wire *w, bool lost)
{
	unsigned topic = draw(w, TOPICS);
	uint64_t prev = w->last[topic];
	char name[32];
	size_t n = name_of(topic, name);

	w->last[topic] = w->changed[topic] = ++w->seq;
	if (!IS_OURS(topic))
		return;
	if (lost) {
		w->losses++;
		if (!w->oldest_missing)
			w->oldest_missing = w->seq;
		return;
	}
	on_verdict(w, account_event(&w->account, name, n, w->seq, prev));
}

static void heartbeat(struct wire *w, bool lost)
{
	struct account_heartbeat h = {.head = w->seq, .prev = w->beat_head};
	char name[32];

	for (unsigned t = 0; t < TOPICS; t++) {
		size_t n = name_of(t, name);
		if (w->changed[t] && IS_OURS(t) && !lost)
			account_changed(&w->account, &h, name, n, w->changed[t]);
		w->changed[t] = 0;
	}
	w->beat_head = w->seq;
	if (lost)
		return;
	on_verdict(w, account_heartbeat(&w->account, &h));
	/* A heartbeat that was accepted vouches for everything: nothing may be missing now. */
	assert_int_equal(w->oldest_missing, 0);
	assert_int_equal(w->account.verified, w->seq);
}

static void restart_bus(struct wire *w, bool publish_unseen)
{
	/* What is journaled while there is no bus is never sent live. */
	for (unsigned i = publish_unseen ? draw(w, 5) : 0; i > 0; i--)
		publish(w, true);
	memset(w->changed, 0, sizeof w->changed);
	w->beat_head = 0;
	heartbeat(w, false);
}

static void test_every_loss_is_found(void **state)
{
	struct wire w = {.random = 4711};

	(void)state;
	/* It joins late: what lies before the first heartbeat is replay's. */
	for (int i = 0; i < 100; i++)
		publish(&w, true);
	w.losses = 0;
	fill(&w);
	heartbeat(&w, false);
	for (int round = 0; round < 40000; round++) {
		unsigned burst = draw(&w, 8) == 0 ? 20 + draw(&w, 60) : 0;
		for (unsigned i = 0; i < 20; i++)
			publish(&w, i < burst || draw(&w, 50) == 0);
		if (draw(&w, 200) == 0)
			restart_bus(&w, true);
		else
			heartbeat(&w, draw(&w, 10) == 0);
	}
	heartbeat(&w, false);
	heartbeat(&w, false);
	assert_int_equal(w.oldest_missing, 0);
	assert_int_equal(w.false_alarms, 0);
	assert_true(w.losses > 10000);
	assert_true(w.alarms > 1000);
	print_message("%" PRIu64 " losses, %" PRIu64 " alarms, %" PRIu64
		      " resyncs, 0 false, 0 missed\n",
		w.losses, w.alarms, w.resyncs);
	account_deinit(&w.account);
}

static void test_a_quiet_wire_raises_no_alarm(void **state)
{
	struct wire w = {.random = 42};

	(void)state;
	heartbeat(&w, false);
	for (int round = 0; round < 5000; round++) {
		for (unsigned i = draw(&w, 30); i > 0; i--)
			publish(&w, false);
		heartbeat(&w, false);
	}
	assert_int_equal(w.alarms, 0);
	assert_true(w.resyncs <= 1); /* the first heartbeat of a bus just started */
	account_deinit(&w.account);
}

static void test_last_message_and_heartbeat_lost(void **state)
{
	struct wire w = {.random = 7};

	(void)state;
	heartbeat(&w, false);
	publish(&w, false);
	fill(&w);
	heartbeat(&w, false);
	do
		publish(&w, true);
	while (!w.oldest_missing);
	heartbeat(&w, true);
	heartbeat(&w, false); /* names a head before it that we do not know */
	assert_int_equal(w.alarms, 0);
	assert_true(w.resyncs >= 1);
	assert_int_equal(w.oldest_missing, 0);
	account_deinit(&w.account);
}

static void test_views_of_one_event(void **state)
{
	struct account a = {0};

	(void)state;
	account_replayed(&a, 10);
	assert_int_equal(account_event(&a, "feed/a/", 7, 11, 9), ACCOUNT_FINE);
	assert_int_equal(account_event(&a, "theme/x/a/", 10, 11, 4), ACCOUNT_FINE);
	assert_int_equal(account_event(&a, "feed/a/", 7, 12, 11), ACCOUNT_FINE);
	assert_int_equal(account_event(&a, "theme/x/a/", 10, 13, 12), ACCOUNT_LOSS);
	assert_int_equal(account_event(&a, "feed/a/", 7, 10, 9), ACCOUNT_PAST);
	account_deinit(&a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_loss_is_found),
		cmocka_unit_test(test_a_quiet_wire_raises_no_alarm),
		cmocka_unit_test(test_last_message_and_heartbeat_lost),
		cmocka_unit_test(test_views_of_one_event),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
