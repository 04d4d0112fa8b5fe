/*             request                   read                      taken
 *   IDLE ───────────────▶ READING ───────────────▶ (loop: one step) ───▶ IDLE, or READING again
 *                    (thread: files, journal)                 └──▶ (thread: frees the old one)
 *
 * The configuration in force is only read while the thread reads the new one, and only replaced by
 * the loop's step; there is one reading at a time. */
#include "actors/reloader.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <uv.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "base/list.h"
#include "base/log.h"
#include "base/map.h"
#include "base/metrics.h"
#include "digest/vocabulary.h"
#include "journal/journal.h"

/* Whoever reads more of them at once has lost the thread; the check tells the rest. */
#define PROBLEMS_KEPT 100

/* What the journal knows of a feed. */
struct memory {
	char *id;
	struct feed_state state;
};

struct reloader {
	uv_loop_t *loop;
	struct reloader_settings settings;
	struct reloader_sink *sink;
	struct reload *last;
	uint64_t number; /* of the last one that has begun */
	bool busy, again, stopping;
	atomic_bool given_up;

	/* The thread's, while it reads. */
	uv_work_t work;
	const struct config *before;
	struct config *config;
	struct theme_rules *rules;
	struct reload *report;
	int64_t began_us;
	struct config_report told;
	struct poller_memory memory;
	struct journal_state_walk walk;
	struct map wanted; /* ids whose state is asked for */
	struct memory *memories;
	size_t n_memories, cap_memories;
};

/* The old configuration's 100,000 feeds are freed where nobody waits. */
struct burial {
	uv_work_t work;
	struct config *config;
};

static void bury(uv_work_t *work)
{
	config_free(container_of(work, struct burial, work)->config);
}

static void on_buried(uv_work_t *work, int status)
{
	(void)status; /* nobody cancels it */
	free(container_of(work, struct burial, work));
}

/* ---- in the thread ---- */

static void on_problem(struct config_report *told, const char *message)
{
	struct reload *report = container_of(told, struct reloader, told)->report;

	if (report->n_problems == PROBLEMS_KEPT) {
		*ARENA_PUSH(&report->arena, report->problems, report->n_problems,
			report->cap_problems) = "and more; `civicwire check` tells all";
	} else if (report->n_problems < PROBLEMS_KEPT) {
		*ARENA_PUSH(&report->arena, report->problems, report->n_problems,
			report->cap_problems) = arena_strdup(&report->arena, message);
	}
}

static int on_state(
	struct journal_state_walk *walk, struct str feed_id, const struct feed_state *state)
{
	struct reloader *r = container_of(walk, struct reloader, walk);

	if (!map_get(&r->wanted, feed_id))
		return 0;
	MEM_GROW(r->memories, r->cap_memories, r->n_memories + 1);
	struct memory *memory = &r->memories[r->n_memories++];
	memory->id = mem_strndup(feed_id.p, feed_id.n);
	feed_state_copy(&memory->state, state);
	return 0;
}

/* Ids of feeds that are new, and those they had before. Both lists are in order. */
static void find_new(struct reloader *r)
{
	const struct config *before = r->before;
	size_t k = 0;

	for (size_t i = 0; i < r->config->n_feeds; i++) {
		struct feed *feed = r->config->feeds[i];
		if (k < before->n_feeds && before->feeds[k] == feed) {
			k++;
			continue;
		}
		while (k < before->n_feeds && strcmp(before->feeds[k]->id, feed->id) < 0)
			k++;
		if (k < before->n_feeds && !strcmp(before->feeds[k]->id, feed->id))
			continue;
		map_add(&r->wanted, str_of(feed->id), feed);
		for (size_t n = 0; n < feed->n_formerly; n++)
			map_add(&r->wanted, str_of(feed->formerly[n]), feed);
	}
}

/* A feed that comes back goes on where it was: what is remembered outlives its absence. Without it
 * the feed would only be asked for all it has once more. */
static void remember(struct reloader *r)
{
	struct journal_reader *reader = NULL;
	struct error error = {0};

	find_new(r);
	if (!r->wanted.n)
		return;
	r->walk.state = on_state;
	int err = journal_reader_open(&reader, r->settings.journal_path, &error);
	if (!err)
		err = journal_reader_states(reader, &r->walk, &error);
	if (err < 0)
		log_warning("new feeds are polled as if never polled before: %s", error.text);
	journal_reader_close(reader);
}

static void read_all(uv_work_t *work)
{
	struct reloader *r = container_of(work, struct reloader, work);
	const struct config_again again = {.before = r->before,
		.clients = r->before->clients,
		.path = r->settings.path,
		.given_up = &r->given_up};
	struct error error = {0};
	int err = config_reload(&r->config, &again, &r->told, &error);

	if (err < 0) {
		r->report->failed = arena_strdup(&r->report->arena, error.text);
		return;
	}
	config_set_state(r->config, r->settings.state);
	r->rules = vocabulary_rules(r->config);
	remember(r);
}

/* ---- on the loop ---- */

static void begin(struct reloader *r);

static void on_restore(struct poller_memory *memory, struct poller *poller)
{
	struct reloader *r = container_of(memory, struct reloader, memory);

	for (size_t i = 0; i < r->n_memories; i++)
		poller_restore(poller, str_of(r->memories[i].id), &r->memories[i].state);
}

static void forget(struct reloader *r)
{
	for (size_t i = 0; i < r->n_memories; i++) {
		free(r->memories[i].id);
		feed_state_deinit(&r->memories[i].state);
	}
	free(r->memories);
	r->memories = NULL;
	r->n_memories = r->cap_memories = 0;
	map_deinit(&r->wanted);
}

static void tell(const struct reload *report)
{
	for (size_t i = 0; i < report->n_problems; i++)
		log_warning("%s", report->problems[i]);
	for (size_t i = 0; i < report->n_next_start; i++)
		log_warning("%s of civicwired.yaml has changed: that takes effect at the next "
			    "start",
			report->next_start[i]);
	if (report->failed)
		log_error("%s; all stays as it was", report->failed);
	else
		log_info("configuration read again: %zu feed%s, %zu added, %zu changed, %zu "
			 "removed%s",
			report->feeds, report->feeds == 1 ? "" : "s", report->added,
			report->changed, report->removed,
			report->n_problems ? "; what has a problem stays as it was" : "");
}

static void take(struct reloader *r)
{
	struct reload *report = r->report;
	struct reloader_news news = {r->config, r->rules, &r->memory, report};
	int64_t began_us = clock_monotonic_us();
	struct config *old = r->sink->taken(r->sink, &news);

	r->config = NULL;
	r->rules = NULL;
	report->finished_us = clock_real_us();
	report->loop_us = clock_monotonic_us() - began_us;
	report->took_us = began_us - r->began_us;
	if (report->failed)
		report->feeds = r->last->feeds;
	metric_add(METRIC_civicwire_config_reloads_total, 1);
	metric_set(METRIC_civicwire_config_problems,
		(int64_t)r->told.problems + (report->failed != NULL));
	tell(report);
	reload_unref(r->last);
	r->last = report;
	r->report = NULL;
	if (!old)
		return;
	struct burial *burial = mem_zalloc(1, sizeof *burial);
	burial->config = old;
	uv_queue_work(r->loop, &burial->work, bury, on_buried);
}

static void on_read(uv_work_t *work, int status)
{
	struct reloader *r = container_of(work, struct reloader, work);

	(void)status; /* nobody cancels it */
	r->busy = false;
	if (r->stopping) {
		config_free(r->config);
		theme_rules_free(r->rules);
		forget(r);
		r->config = NULL;
		r->sink->stopped(r->sink);
		return;
	}
	take(r);
	forget(r);
	r->sink->ended(r->sink, r->last);
	if (r->again)
		begin(r);
}

static void begin(struct reloader *r)
{
	r->busy = true;
	r->again = false;
	r->before = r->sink->begun(r->sink);
	r->report = reload_new(++r->number);
	r->told = (struct config_report){.problem = on_problem};
	r->memory.restore = on_restore;
	r->began_us = clock_monotonic_us();
	map_init(&r->wanted);
	uv_queue_work(r->loop, &r->work, read_all, on_read);
}

struct reloader *reloader_new(uv_loop_t *loop, const struct reloader_settings *settings,
	size_t feeds, struct reloader_sink *sink)
{
	struct reloader *r = mem_zalloc(1, sizeof *r);

	r->loop = loop;
	r->settings = *settings;
	r->sink = sink;
	r->last = reload_new(0);
	r->last->feeds = feeds;
	r->last->finished_us = clock_real_us();
	return r;
}

uint64_t reloader_request(struct reloader *r)
{
	if (r->stopping)
		return r->number;
	if (!r->busy) {
		begin(r);
		return r->number;
	}
	/* What is being read may have been read before the files became what they are now. */
	r->again = true;
	return r->number + 1;
}

struct reload *reloader_report(const struct reloader *r)
{
	return reload_ref(r->last);
}

bool reloader_is_busy(const struct reloader *r)
{
	return r->busy;
}

void reloader_stop(struct reloader *r)
{
	r->stopping = true;
	atomic_store(&r->given_up, true);
	if (!r->busy)
		r->sink->stopped(r->sink);
}

struct reloader *reloader_free(struct reloader *r)
{
	if (!r)
		return NULL;
	reload_unref(r->last);
	reload_unref(r->report);
	free(r);
	return NULL;
}
