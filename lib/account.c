/* Why this finds every loss, and nothing else:
 *
 * - `prev` of an event names the event before it in the same topic. ZeroMQ's prefix filter passes
 *   all events of a topic or none, so prev > verified and prev ≠ the last one seen here means that
 *   one in between was sent to us and did not come (rule 2; prev ≤ verified is the past).
 * - The last event of a topic has no successor to betray its loss: a heartbeat lists the topics that
 *   changed since the heartbeat before, with their last sequences (rule 3).
 * - A heartbeat that was lost itself is known by the next one's `prev`, which then lies beyond
 *   `verified` (rule 3 again). A bus that has just started names 0.
 * - When a heartbeat fits, everything up to its head is accounted for, because the bus sends
 *   nothing at or below a head after the heartbeat that names it. */
#include "account.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define TOPICS_FIRST 64

static void forget_topics(struct account *a)
{
	for (size_t i = 0; a->n && i < a->cap; i++) {
		free(a->topics[i].name);
		a->topics[i].name = NULL;
	}
	a->n = 0;
}

void account_deinit(struct account *a)
{
	forget_topics(a);
	free(a->topics);
	*a = (struct account){0};
}

/* FNV-1a. The names are our own server's, so nobody chooses collisions. */
static uint64_t hash_of(const char *p, size_t n)
{
	uint64_t h = 14695981039346656037u;

	for (size_t i = 0; i < n; i++)
		h = (h ^ (unsigned char)p[i]) * 1099511628211u;
	return h;
}

static struct account_topic *find(
	const struct account *a, const char *name, size_t n, uint64_t hash)
{
	for (size_t i = hash & (a->cap - 1);; i = (i + 1) & (a->cap - 1)) {
		struct account_topic *t = &a->topics[i];
		if (!t->name || (t->hash == hash && t->n == n && !memcmp(t->name, name, n)))
			return t;
	}
}

static int grow(struct account *a)
{
	struct account old = *a;

	a->cap = old.cap ? old.cap * 2 : TOPICS_FIRST;
	a->topics = calloc(a->cap, sizeof *a->topics);
	if (!a->topics) {
		*a = old;
		return -ENOMEM;
	}
	for (size_t i = 0; i < old.cap; i++)
		if (old.topics[i].name)
			*find(a, old.topics[i].name, old.topics[i].n, old.topics[i].hash) =
				old.topics[i];
	free(old.topics);
	return 0;
}

/* 0 if the topic was not seen since `verified` moved. */
static uint64_t last_of(const struct account *a, const char *name, size_t n)
{
	if (!a->n)
		return 0;
	const struct account_topic *t = find(a, name, n, hash_of(name, n));
	return t->name ? t->last : 0;
}

static int set_last(struct account *a, const char *name, size_t n, uint64_t seq)
{
	uint64_t hash = hash_of(name, n);

	if ((a->n + 1) * 4 > a->cap * 3 && grow(a) < 0)
		return -ENOMEM;
	struct account_topic *t = find(a, name, n, hash);
	if (!t->name) {
		char *copy = malloc(n + 1);
		if (!copy)
			return -ENOMEM;
		memcpy(copy, name, n);
		copy[n] = '\0';
		*t = (struct account_topic){copy, n, hash, 0};
		a->n++;
	}
	if (seq > t->last)
		t->last = seq;
	return 0;
}

int account_event(struct account *a, const char *topic, size_t n, uint64_t seq, uint64_t prev)
{
	if (seq <= a->verified)
		return ACCOUNT_PAST;
	if (prev > a->verified && prev > last_of(a, topic, n))
		return ACCOUNT_LOSS;
	int r = set_last(a, topic, n, seq);
	return r < 0 ? r : ACCOUNT_FINE;
}

void account_changed(const struct account *a, struct account_heartbeat *heartbeat,
	const char *topic, size_t n, uint64_t seq)
{
	if (seq > a->verified && last_of(a, topic, n) < seq)
		heartbeat->missing = true;
}

int account_heartbeat(struct account *a, const struct account_heartbeat *h)
{
	if (h->head <= a->verified)
		return ACCOUNT_FINE;
	if (h->missing)
		return ACCOUNT_LOSS;
	if (h->prev == 0 || h->prev > a->verified || h->overflow)
		return ACCOUNT_RESYNC;
	account_replayed(a, h->head);
	return ACCOUNT_FINE;
}

void account_replayed(struct account *a, uint64_t seq)
{
	if (seq <= a->verified)
		return;
	a->verified = seq;
	/* What was seen beyond stays known: its successors name it as their prev. */
	for (size_t i = 0; i < a->cap; i++)
		if (a->topics[i].name && a->topics[i].last > seq)
			return;
	forget_topics(a);
}

void account_restart(struct account *a)
{
	forget_topics(a);
	a->verified = 0;
}
