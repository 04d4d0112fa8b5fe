/* The data's way, on one page.
 *
 *   config ─ struct feed ─▶ poller ─ struct reply ─▶ workers ─ struct batch ─▶ writer ─ head ─▶ bus
 *            (schedule, fetch)  │   (parse, normalize)    ▲  (dedup, journal)          (subscribers)
 *                               └── nothing to parse ─────┘
 *                 ▲                                               │
 *                 └────────────── struct feed_state ──────────────┘
 *
 * Two orders matter more than any style rule:
 *
 * 1. One reply is one transaction: its events, its seen-item rows and its HTTP validators commit
 *    together (a very long reply may commit its items in several, its validators only with the
 *    last). Were the ETag kept and the items lost, the server would answer 304 and they would never
 *    come again. So the poller adopts a feed's new state only when the writer says it is durable.
 *
 * 2. Publish only what the journal has made durable. The bus is told a head after the commit and
 *    reads the journal up to it; there is no second way out. So no crash can publish an event that
 *    the journal does not have, or hand out one sequence number twice.
 *
 * Memory is bounded under any load: the poller has at most fetch.parallel replies under way until
 * they are settled, and as many of slow servers; the queues hold each other back. */
#include "pipeline.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <uv.h>

#include "actors/inspector.h"
#include "actors/lapse.h"
#include "actors/poller.h"
#include "actors/reloader.h"
#include "actors/subscriber.h"
#include "actors/workers.h"
#include "actors/writer.h"
#include "base/alloc.h"
#include "base/clock.h"
#include "base/cleanup.h"
#include "base/list.h"
#include "base/log.h"
#include "base/queue.h"
#include "bus/child.h"
#include "civicwire/version.h"
#include "control/control.h"
#include "digest/vocabulary.h"
#include "model/batch.h"
#include "schedule/schedule.h"

/* Batches waiting for the journal: enough for one large commit while the next one gathers. */
#define BATCHES_WAITING 512

struct pipeline {
	struct config *config; /* in force */
	/* What journal, sockets and bus were given at the start: they do not change while they run. */
	struct config *fixed;
	struct pipeline_sink *sink;
	uv_loop_t *loop;
	int64_t started_us;

	struct journal *journal; /* the writer's, once it runs */
	char epoch[JOURNAL_EPOCH_MAX];
	struct queue replies, batches;
	struct poller *poller;
	struct subscriber *subscriber; /* NULL: no callback at the start */
	struct lapse lapse;            /* what was asked when there was one */
	struct workers *workers;
	_Atomic(struct writer *) writer; /* the control thread asks it */
	struct bus_child *bus;
	struct inspector *inspector;
	struct reloader *reloader;
	struct control *control;

	struct poller_sink polled;
	struct writer_sink written;
	struct subscriber_sink subscribed;
	struct journal_subscription_walk subscriptions;
	struct bus_child_sink bus_said;
	struct inspector_sink asked;
	struct reloader_sink reread;
	struct journal_state_walk restore;
	uv_work_t drain;

	/* From the journal thread to the loop. */
	pthread_mutex_t news_lock;
	struct writer_news **news;
	size_t n_news, cap_news;
	uv_async_t *wake;

	struct config_clients *clients; /* read since `config`; NULL: as it says */
	uint64_t head;
	int64_t head_us; /* when it became durable; 0: before the start */
	char *trouble;
	enum { RUNNING, DRAINING, ENDING_BUS, STOPPED } stage;
	bool reads_no_more; /* the reloader has stopped */
};

struct fixed_report {
	struct config_report report;
	struct reload *reload;
};

/* poller → workers, or → writer where there is no document to work on. There is always room: the poller
 * has no more replies under way. */
static void on_reply(struct poller_sink *sink, struct reply *reply)
{
	struct pipeline *p = container_of(sink, struct pipeline, polled);
	struct batch *batch = NULL;

	if (reply->outcome == REPLY_BODY) {
		if (queue_try_push(&p->replies, reply))
			return;
	} else {
		batch = workers_settle(reply);
		if (queue_try_push_patient(&p->batches, batch)) {
			reply_free(reply);
			return;
		}
	}
	/* Closed: we are stopping. */
	poller_settled(p->poller, str_of(reply->feed->id), NULL, PUSH_DROPPED);
	batch_free(batch);
	reply_free(reply);
}

static void on_known(struct poller_sink *sink, const struct feed *feed,
	const struct feed_state *state, const struct poller_news *news)
{
	struct pipeline *p = container_of(sink, struct pipeline, polled);

	if (p->subscriber)
		subscriber_known(p->subscriber, feed, state, news);
}

static void on_left(struct poller_sink *sink, const char *feed_id)
{
	struct pipeline *p = container_of(sink, struct pipeline, polled);

	if (p->subscriber)
		subscriber_left(p->subscriber, feed_id);
}

static void on_keep(struct subscriber_sink *sink, const struct hub_subscription *subscription)
{
	struct writer *writer = container_of(sink, struct pipeline, subscribed)->writer;

	if (writer)
		writer_subscription_put(writer, subscription);
}

static void on_drop(struct subscriber_sink *sink, const char *token)
{
	struct writer *writer = container_of(sink, struct pipeline, subscribed)->writer;

	if (writer)
		writer_subscription_drop(writer, token);
}

static void on_subscription(
	struct journal_subscription_walk *walk, const struct hub_subscription *subscription)
{
	struct pipeline *p = container_of(walk, struct pipeline, subscriptions);

	if (p->subscriber)
		subscriber_restore(p->subscriber, subscription);
	else
		lapse_add(&p->lapse, subscription);
}

/* writer → loop; in the journal thread. */
static void on_written(struct writer_sink *sink, struct writer_news *news)
{
	struct pipeline *p = container_of(sink, struct pipeline, written);

	pthread_mutex_lock(&p->news_lock);
	MEM_GROW(p->news, p->cap_news, p->n_news + 1);
	p->news[p->n_news++] = news;
	pthread_mutex_unlock(&p->news_lock);
	uv_async_send(p->wake);
}

static void settle(struct pipeline *p, struct writer_settled *s)
{
	poller_settled(p->poller, str_of(s->feed_id), &s->state,
		!s->parsed     ? PUSH_UNREADABLE
		: s->contested ? PUSH_CONTESTED
			       : PUSH_JOURNALED);
}

static void take_news(struct pipeline *p, struct writer_news *news)
{
	bool is_ahead = news->head != p->head;

	if (is_ahead)
		p->head_us = news->committed_us;
	p->head = news->head;
	free(p->trouble);
	p->trouble = news->trouble;
	news->trouble = NULL;
	for (size_t i = 0; i < news->n_settled; i++)
		settle(p, &news->settled[i]);
	if (p->bus) {
		if (news->wants_pause)
			bus_child_pause(p->bus, JOURNAL_PAUSE_US);
		if (is_ahead)
			bus_child_head(p->bus, news->head, news->committed_us);
	}
	writer_news_free(news);
}

/* loop ← writer: what is durable goes to the poller and to the bus. */
static void on_wake(uv_async_t *wake)
{
	struct pipeline *p = wake->data;

	for (;;) {
		struct writer_news *news = NULL;
		pthread_mutex_lock(&p->news_lock);
		if (p->n_news) {
			news = p->news[0];
			memmove(p->news, p->news + 1, --p->n_news * sizeof *p->news);
		}
		pthread_mutex_unlock(&p->news_lock);
		if (!news)
			break;
		take_news(p, news);
	}
	if (p->poller)
		poller_hold(p->poller, p->trouble || p->stage != RUNNING);
}

static void on_bus_failed(struct bus_child_sink *sink, const char *why)
{
	(void)sink;
	log_error("the bus cannot serve subscribers (it keeps trying): %s", why);
}

static void tell_stopped(struct pipeline *p)
{
	if (p->stage == STOPPED && p->reads_no_more)
		p->sink->stopped(p->sink);
}

static void on_bus_ended(struct bus_child_sink *sink)
{
	struct pipeline *p = container_of(sink, struct pipeline, bus_said);

	p->stage = STOPPED;
	tell_stopped(p);
}

static void on_reloader_stopped(struct reloader_sink *sink)
{
	struct pipeline *p = container_of(sink, struct pipeline, reread);

	p->reads_no_more = true;
	tell_stopped(p);
}

/* What only we know of a snapshot. */
static void on_asked(struct inspector_sink *sink, struct control_snapshot *snapshot)
{
	struct pipeline *p = container_of(sink, struct pipeline, asked);

	snapshot->version = CW_VERSION;
	snapshot->started_us = p->started_us;
	snapshot->head = p->head;
	snprintf(snapshot->epoch, sizeof snapshot->epoch, "%s", p->epoch);
	snapshot->bus = *bus_child_stats(p->bus, &snapshot->bus_pid);
	snapshot->trouble = p->trouble ? mem_strdup(p->trouble) : NULL;
	snapshot->reload = reloader_report(p->reloader);
	snapshot->is_reloading = reloader_is_busy(p->reloader);
}

/* In the control thread. The writer outlives it: control is stopped first. */
static int on_redact(struct inspector_sink *sink, const char *id, const char *epoch,
	struct control_redaction *ret, struct error *error)
{
	struct pipeline *p = container_of(sink, struct pipeline, asked);
	struct writer *writer = atomic_load(&p->writer);
	struct journal_redaction redaction = {0};

	if (!writer)
		return error_set(error, ESHUTDOWN, "the daemon is just starting");
	if (epoch && strcmp(epoch, p->epoch) != 0)
		return error_set(error, ESTALE,
			"this daemon writes another journal, %s, whose epoch is %s",
			p->fixed->journal.path, p->epoch);
	int r = writer_redact(writer, str_of(id), &redaction, error);
	*ret = (struct control_redaction){redaction.events, redaction.in_log};
	return r;
}

static void on_problem(struct config_report *report, const char *message)
{
	(void)report;
	log_warning("%s", message);
}

/* clients.d/ is read again. What is broken there stays as it was. */
static int read_clients(struct pipeline *p, struct config_report *report)
{
	const struct config_clients *before = p->clients ? p->clients : p->config->clients;
	struct config_clients *clients;
	struct error error = {0};
	int r = config_clients_load(&clients, p->config->folder, before, report, &error);

	if (r < 0) {
		log_error("%s; who may read stays as it was", error.text);
		return r;
	}
	bus_child_clients(p->bus, clients->items, clients->n);
	config_clients_free(p->clients);
	p->clients = clients;
	return 0;
}

static int on_reload_clients(struct inspector_sink *sink)
{
	struct pipeline *p = container_of(sink, struct pipeline, asked);
	struct config_report report = {on_problem, 0};
	int r = read_clients(p, &report);

	if (r < 0)
		return r;
	log_info("%zu client%s may read", p->clients->n, p->clients->n == 1 ? "" : "s");
	return report.problems ? -EBADMSG : 0;
}

static uint64_t on_reload(struct inspector_sink *sink)
{
	return reloader_request(container_of(sink, struct pipeline, asked)->reloader);
}

static struct reload *on_reload_report(struct inspector_sink *sink)
{
	return reloader_report(container_of(sink, struct pipeline, asked)->reloader);
}

static const struct config *on_reload_begun(struct reloader_sink *sink)
{
	struct pipeline *p = container_of(sink, struct pipeline, reread);

	p->sink->reloading(p->sink);
	return p->config;
}

static void on_reload_ended(struct reloader_sink *sink, const struct reload *report)
{
	struct pipeline *p = container_of(sink, struct pipeline, reread);

	(void)report;
	p->sink->reloaded(p->sink);
}

/* A setting that only the next start can take. */
static void on_fixed(struct config_report *report, const char *key)
{
	struct reload *r = container_of(report, struct fixed_report, report)->reload;

	*ARENA_PUSH(&r->arena, r->next_start, r->n_next_start, r->cap_next_start) = key;
}

/* Where the listener is, only the next start can change; that no hub is to come there holds at once. */
static void set_subscriber(struct pipeline *p, const struct config *c)
{
	struct websub_settings websub = p->fixed->websub;

	if (!p->subscriber)
		return;
	if (!c->websub.callback)
		websub.callback = NULL;
	websub.lease_us = c->websub.lease_us;
	websub.interval_us = c->websub.interval_us;
	subscriber_set(p->subscriber, &(struct subscriber_config){&websub, &c->fetch});
}

/* The step from one configuration to the next. Whoever kept pointers into the old one is given those
 * of the new one here. */
static struct config *on_reload_taken(struct reloader_sink *sink, struct reloader_news *news)
{
	struct pipeline *p = container_of(sink, struct pipeline, reread);
	struct config *old = p->config, *c = news->config;
	struct fixed_report fixed = {{on_fixed, 0}, news->report};
	struct poller_changes changes;

	if (!c)
		return NULL;
	const struct poller_config feeds = {&c->fetch, c->feeds, c->n_feeds};
	/* Before feeds change: those that come are asked for, or not, by what holds from now on. */
	set_subscriber(p, c);
	poller_change(p->poller, &feeds, news->memory, &changes);
	workers_set_rules(p->workers, news->rules);
	writer_keep(p->writer, c->journal.keep_us, c->journal.max_size);
	/* Not those that came with it: they may have been revoked since it was read. Its problems
	 * were told with the others. */
	struct config_report told = {0};
	if (read_clients(p, &told) < 0 && !p->clients)
		bus_child_clients(p->bus, c->clients->items, c->clients->n);
	p->config = c;
	news->report->feeds = c->n_feeds;
	news->report->added = changes.added;
	news->report->changed = changes.changed;
	news->report->removed = changes.removed;
	config_compare_fixed(p->fixed, c, &fixed.report);
	return old;
}

static int on_restored(
	struct journal_state_walk *walk, struct str feed_id, const struct feed_state *state)
{
	poller_restore(container_of(walk, struct pipeline, restore)->poller, feed_id, state);
	return 0;
}

static int open_journal(struct pipeline *p, struct error *error)
{
	cleanup(free_p) char *notice = NULL;

	journal_expect_read_errors();
	int r = journal_open(&p->journal, &p->fixed->journal, &notice, error);

	if (r < 0)
		return r;
	if (notice)
		log_warning("%s", notice);
	p->head = journal_head(p->journal);
	snprintf(p->epoch, sizeof p->epoch, "%s", journal_epoch(p->journal));
	return 0;
}

static int open_subscriber(struct pipeline *p, struct error *error)
{
	const struct subscriber_config config = {&p->fixed->websub, &p->config->fetch};
	int r = 0;

	if (config.websub->callback)
		r = subscriber_new(
			&p->subscriber, p->loop, &config, p->poller, &p->subscribed, error);
	if (r < 0)
		return r;
	if (p->subscriber)
		inspector_set_subscriber(p->inspector, p->subscriber);
	p->lapse.poller = p->poller;
	p->subscriptions.subscription = on_subscription;
	return journal_subscriptions_each(p->journal, &p->subscriptions, error);
}

static int start_loop_side(struct pipeline *p, uv_loop_t *loop, struct error *error)
{
	const struct config *c = p->config, *fixed = p->fixed;
	const struct poller_config feeds = {&c->fetch, c->feeds, c->n_feeds};
	struct bus_child_settings bus = {
		&fixed->bus, fixed->journal.path, c->clients->items, c->clients->n};

	p->wake = mem_zalloc(1, sizeof *p->wake);
	uv_async_init(loop, p->wake, on_wake);
	p->wake->data = p;
	int r = poller_new(&p->poller, loop, &feeds, &p->polled, error);
	if (r < 0)
		return r;
	p->restore.state = on_restored;
	r = journal_states_each(p->journal, &p->restore, error);
	if (r < 0)
		return r;
	r = inspector_new(&p->inspector, loop, p->poller, &p->asked, error);
	if (r < 0)
		return r;
	r = open_subscriber(p, error);
	if (r < 0)
		return r;
	r = control_start(&p->control, &fixed->control, inspector_source(p->inspector), error);
	if (r < 0)
		return r;
	/* Last, for it is a process: what cannot start leaves none behind. */
	r = bus_child_new(&p->bus, loop, &bus, &p->bus_said, error);
	if (r < 0)
		return r;
	bus_child_head(p->bus, p->head, clock_real_us());
	return 0;
}

static void set_sinks(struct pipeline *p)
{
	p->polled = (struct poller_sink){.reply = on_reply, .known = on_known, .left = on_left};
	p->subscribed = (struct subscriber_sink){.keep = on_keep, .drop = on_drop};
	p->written.news = on_written;
	p->bus_said = (struct bus_child_sink){.failed = on_bus_failed, .ended = on_bus_ended};
	p->asked = (struct inspector_sink){.complete = on_asked,
		.reload_clients = on_reload_clients,
		.reload = on_reload,
		.reload_report = on_reload_report,
		.redact = on_redact};
	p->reread = (struct reloader_sink){.begun = on_reload_begun,
		.taken = on_reload_taken,
		.ended = on_reload_ended,
		.stopped = on_reloader_stopped};
}

int pipeline_new(struct pipeline **ret, uv_loop_t *loop, struct config *config,
	const struct pipeline_options *options, struct pipeline_sink *sink, struct error *error)
{
	struct pipeline *p = mem_zalloc(1, sizeof *p);

	p->config = config;
	p->fixed = config_copy_settings(config);
	p->sink = sink;
	p->loop = loop;
	p->started_us = clock_real_us();
	set_sinks(p);
	const struct reloader_settings reload = {
		options->path, options->state, p->fixed->journal.path};
	p->reloader = reloader_new(loop, &reload, config->n_feeds, &p->reread);
	pthread_mutex_init(&p->news_lock, NULL);
	queue_init(&p->replies, SCHEDULE_BUSY_MAX); /* whatever fetch.parallel becomes */
	queue_init_reserved(&p->batches, BATCHES_WAITING, SCHEDULE_BUSY_MAX);
	int r = open_journal(p, error);
	if (r == 0)
		r = start_loop_side(p, loop, error);
	if (r < 0) {
		pipeline_free(p);
		return r;
	}
	p->workers = workers_start(&p->replies, &p->batches, vocabulary_rules(config), 0);
	p->writer = writer_start(p->journal, p->fixed->publisher, &p->batches, &p->written);
	poller_start(p->poller);
	if (p->subscriber)
		subscriber_start(p->subscriber);
	lapse_tell(&p->lapse, &p->subscribed);
	lapse_deinit(&p->lapse);
	*ret = p;
	return 0;
}

/* In a thread of libuv's: the loop goes on meanwhile, for signals, and to tell the bus of heads. */
static void drain(uv_work_t *work)
{
	struct pipeline *p = container_of(work, struct pipeline, drain);

	workers_join(p->workers);
	queue_close(&p->batches);
	writer_join(p->writer);
}

static void on_drained(uv_work_t *work, int status)
{
	struct pipeline *p = container_of(work, struct pipeline, drain);

	(void)status; /* nobody cancels it */
	p->workers = NULL;
	p->writer = NULL;
	on_wake(p->wake); /* the last head goes to the bus before END */
	p->stage = ENDING_BUS;
	bus_child_stop(p->bus);
}

void pipeline_reload(struct pipeline *p)
{
	if (p->stage == RUNNING)
		reloader_request(p->reloader);
}

/* The bus is killed first, which mends all but a process that cannot be. */
const char *pipeline_stuck(struct pipeline *p, int64_t now_us, int64_t limit_us)
{
	if (p->stage != RUNNING)
		return NULL;
	return workers_are_stuck(p->workers, now_us, limit_us) ? "the parsing of a document"
	       : writer_is_stuck(p->writer, now_us, limit_us)  ? "the journal"
	       : p->subscriber && subscriber_is_stuck(p->subscriber, now_us, limit_us)
		       ? "the listener for hubs"
	       : control_is_stuck(p->control, now_us, limit_us) ? "the control socket"
	       : bus_child_is_silent(p->bus, now_us, 2 * BUS_CHILD_SILENT_US + limit_us) ? "the bus"
											 : NULL;
}

void pipeline_status(struct pipeline *p, struct buf *out)
{
	size_t counts[FEED_HEALTH_COUNT], paused;
	char time[TIME_TEXT_MAX];
	int pid;

	poller_health(p->poller, counts, &paused);
	buf_printf(out, "feeds: %zu fine, %zu failing, %zu paused", counts[FEED_FINE],
		counts[FEED_FAILING] + counts[FEED_GONE], paused);
	if (counts[FEED_NEW])
		buf_printf(out, ", %zu not polled yet", counts[FEED_NEW]);
	buf_printf(out, "; event %llu is the newest", (unsigned long long)p->head);
	if (p->head_us) {
		time_format_s(p->head_us / SEC_US, time);
		buf_printf(out, " (%s)", time);
	}
	const struct bus_stats *bus = bus_child_stats(p->bus, &pid);
	if (pid)
		buf_printf(out, "; %llu connections", (unsigned long long)bus->connections);
	else
		buf_lit(out, "; THE BUS IS AWAY");
	if (p->trouble)
		buf_printf(out, "; THE JOURNAL CANNOT BE WRITTEN: %s", p->trouble);
	cleanup(reload_unref_p) struct reload *reload = reloader_report(p->reloader);
	if (reload->failed || reload->n_problems)
		buf_lit(out, "; the configuration has problems (see civicwire status)");
}

void pipeline_stop(struct pipeline *p)
{
	if (p->stage != RUNNING)
		return;
	p->stage = DRAINING;
	poller_hold(p->poller, true);
	/* First of all: what is read now cannot be taken, for the stages are about to end. */
	reloader_stop(p->reloader);
	p->control = control_stop(p->control);
	if (p->subscriber)
		subscriber_stop(p->subscriber);
	queue_close(&p->replies);
	writer_stop_retrying(p->writer);
	uv_queue_work(p->loop, &p->drain, drain, on_drained);
}

static void on_closed(uv_handle_t *handle)
{
	free(handle);
}

static void drop_queues(struct pipeline *p)
{
	for (struct batch *b; queue_length(&p->batches) && (b = queue_pop(&p->batches));)
		batch_free(b);
	for (struct reply *r; queue_length(&p->replies) && (r = queue_pop(&p->replies));)
		reply_free(r);
	for (size_t i = 0; i < p->n_news; i++)
		writer_news_free(p->news[i]);
	free(p->news);
	queue_deinit(&p->batches);
	queue_deinit(&p->replies);
}

struct pipeline *pipeline_free(struct pipeline *p)
{
	if (!p)
		return NULL;
	control_stop(p->control);
	queue_close(&p->replies);
	queue_close(&p->batches);
	workers_join(p->workers);
	writer_join(p->writer);
	bus_child_free(p->bus);
	inspector_free(p->inspector);
	poller_free(p->poller);
	subscriber_free(p->subscriber);
	lapse_deinit(&p->lapse);
	journal_close(p->journal);
	if (p->wake)
		uv_close((uv_handle_t *)p->wake, on_closed);
	drop_queues(p);
	reloader_free(p->reloader);
	config_clients_free(p->clients);
	config_free(p->config);
	config_free(p->fixed);
	pthread_mutex_destroy(&p->news_lock);
	free(p->trouble);
	free(p);
	return NULL;
}
