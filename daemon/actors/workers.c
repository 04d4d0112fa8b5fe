#include "actors/workers.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "base/list.h"
#include "base/metrics.h"
#include "base/pulse.h"
#include "digest/digest.h"
#include "model/flaw.h"
#include "normalize/url.h"
#include "schedule/schedule.h"
#include "websub/discover.h"

/* More than this many workers only wait for the journal: it takes about 40 µs per item, a worker
 * less. */
#define WORKERS_MAX 16

/* One set of rules, and who works by it: the pool, while it is the current one, and each worker that
 * has begun a reply with it. */
struct rules {
	atomic_uint refs;
	struct theme_rules *themes;
};

struct worker {
	pthread_t thread;
	struct workers *pool;
	struct queue *replies, *batches;
	struct digester *digester;
	struct digest_sink sink;
	const struct reply *reply; /* in work */
	struct arena arena;        /* of what is found in a reply */
	struct buf hubs;
	struct pulse pulse;
};

struct workers {
	pthread_mutex_t lock; /* over `rules` */
	struct rules *rules;
	struct worker *all;
	unsigned n;
};

static struct rules *rules_new(struct theme_rules *themes)
{
	struct rules *rules = mem_zalloc(1, sizeof *rules);

	atomic_init(&rules->refs, 1);
	rules->themes = themes;
	return rules;
}

static struct rules *rules_ref(struct workers *pool)
{
	pthread_mutex_lock(&pool->lock);
	struct rules *rules = pool->rules;
	atomic_fetch_add_explicit(&rules->refs, 1, memory_order_relaxed);
	pthread_mutex_unlock(&pool->lock);
	return rules;
}

static void rules_unref(struct rules *rules)
{
	if (atomic_fetch_sub_explicit(&rules->refs, 1, memory_order_acq_rel) != 1)
		return;
	theme_rules_free(rules->themes);
	free(rules);
}

/* Where the journal is slow the worker waits here, and that is well. */
static bool hand_on(struct worker *w, struct batch *batch)
{
	pulse_end(&w->pulse);
	bool taken = queue_push(w->batches, batch);
	pulse_begin(&w->pulse);
	if (!taken)
		batch_free(batch);
	return taken;
}

static int on_batch(struct digest_sink *sink, struct batch *batch)
{
	struct worker *w = container_of(sink, struct worker, sink);

	/* A part says what its feed was before the reply; only the last one says what it becomes. */
	feed_state_copy(&batch->state, &w->reply->state);
	return hand_on(w, batch) ? 0 : -ECANCELED;
}

static double chance(void)
{
	return hash_random_below(1u << 24) / (double)(1u << 24);
}

/* A reply without a document still has a state to settle. */
static struct batch *empty_batch(const struct reply *reply)
{
	struct batch *batch = batch_new(reply->feed);

	batch->first = batch->last = true;
	batch->received_us = reply->finished_us;
	batch->pushed = reply->pushed;
	return batch;
}

/* Which hubs the answer names: the header goes before the document. Valid until the next reply. */
static const char *discover(struct worker *w, const struct reply *reply)
{
	struct discovery d = {.arena = &w->arena};
	struct str url = str_of(reply->url);

	arena_reset(&w->arena);
	buf_clear(&w->hubs);
	if (reply->content_location)
		d.base = url_resolve(&w->arena, url, str_trim(str_of(reply->content_location)));
	if (reply->links)
		discover_header(&d, str_of(reply->links), url);
	discover_document(&d, digest_document(w->digester), url);
	discovery_write(&w->hubs, &d, url);
	return w->hubs.n ? buf_cstr(&w->hubs) : NULL;
}

static struct batch *digest(
	struct worker *w, struct reply *reply, struct settle *settle, struct error *error)
{
	struct batch *last = NULL;
	struct digest_summary summary = {.ttl_us = -1};

	if (reply->outcome != REPLY_BODY)
		return empty_batch(reply);
	int r = digest_run(w->digester, reply, settle->now_us, &w->sink, &last, &summary, error);
	if (r == -ECANCELED)
		return NULL;
	if (r < 0 && r != -EBADMSG) {
		/* We could not read what we had spooled: not the feed's fault. */
		reply_fail(reply, FAULT_LOCAL, mem_strdup(error->text));
	}
	settle->digested = r;
	settle->why = error->text;
	settle->items = summary.items;
	settle->guids_repeat = summary.guids_repeat;
	settle->partial = summary.flaws & FLAW_TRUNCATED;
	settle->hint_us = summary.ttl_us;
	settle->phase_us = summary.phase_us;
	settle->skip_hours = summary.skip_hours;
	settle->skip_days = summary.skip_days;
	if (r == 0 && !reply->pushed)
		settle->hubs = discover(w, reply);
	metric_add(METRIC_civicwire_items_parsed_total, (int64_t)summary.items);
	return r < 0 ? empty_batch(reply) : last;
}

static void settle_into(struct batch *batch, struct reply *reply, const struct settle *settle)
{
	if (reply->pushed)
		schedule_settle_pushed(reply, settle);
	else
		batch->unchanged = schedule_settle(reply, settle);
	feed_state_deinit(&batch->state);
	batch->state = reply->state;
	reply->state = (struct feed_state){0};
}

static struct settle settle_now(void)
{
	return (struct settle){.hint_us = -1, .chance = chance(), .now_us = clock_real_us()};
}

struct batch *workers_settle(struct reply *reply)
{
	struct batch *batch = empty_batch(reply);
	struct settle settle = settle_now();

	settle_into(batch, reply, &settle);
	return batch;
}

static void work(struct worker *w, struct reply *reply)
{
	struct error error = {0};
	struct settle settle = settle_now();

	struct rules *rules = rules_ref(w->pool);
	digester_set_rules(w->digester, rules->themes);
	w->reply = reply;
	struct batch *batch = digest(w, reply, &settle, &error);
	rules_unref(rules);

	if (!batch)
		return; /* we are being stopped */
	settle_into(batch, reply, &settle);
	hand_on(w, batch);
}

static void *run(void *p)
{
	struct worker *w = p;

	for (struct reply *reply; (reply = queue_pop(w->replies));) {
		pulse_begin(&w->pulse);
		work(w, reply);
		reply_free(reply);
		pulse_end(&w->pulse);
	}
	return NULL;
}

struct workers *workers_start(
	struct queue *replies, struct queue *batches, struct theme_rules *rules, unsigned n)
{
	struct workers *workers = mem_zalloc(1, sizeof *workers);
	long cores = sysconf(_SC_NPROCESSORS_ONLN);

	if (!n)
		n = cores > 0 ? (unsigned)cores : 1;
	pthread_mutex_init(&workers->lock, NULL);
	workers->rules = rules_new(rules);
	workers->n = n < WORKERS_MAX ? n : WORKERS_MAX;
	workers->all = mem_zalloc(workers->n, sizeof *workers->all);
	for (unsigned i = 0; i < workers->n; i++) {
		struct worker *w = &workers->all[i];
		w->pool = workers;
		w->replies = replies;
		w->batches = batches;
		w->digester = digester_new(NULL);
		w->sink.batch = on_batch;
		w->arena = ARENA_INIT;
		if (pthread_create(&w->thread, NULL, run, w) != 0)
			abort(); /* at start, with nothing to lose: as bad as no memory */
	}
	return workers;
}

void workers_set_rules(struct workers *workers, struct theme_rules *themes)
{
	struct rules *rules = rules_new(themes);

	pthread_mutex_lock(&workers->lock);
	struct rules *before = workers->rules;
	workers->rules = rules;
	pthread_mutex_unlock(&workers->lock);
	rules_unref(before);
}

bool workers_are_stuck(const struct workers *workers, int64_t now_us, int64_t limit_us)
{
	for (unsigned i = 0; i < workers->n; i++)
		if (pulse_is_stuck(&workers->all[i].pulse, now_us, limit_us))
			return true;
	return false;
}

struct workers *workers_join(struct workers *workers)
{
	if (!workers)
		return NULL;
	for (unsigned i = 0; i < workers->n; i++) {
		pthread_join(workers->all[i].thread, NULL);
		digester_free(workers->all[i].digester);
		arena_deinit(&workers->all[i].arena);
		buf_deinit(&workers->all[i].hubs);
	}
	rules_unref(workers->rules);
	pthread_mutex_destroy(&workers->lock);
	free(workers->all);
	free(workers);
	return NULL;
}
