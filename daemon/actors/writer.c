#include "actors/writer.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "actors/ledger.h"
#include "base/alloc.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/metrics.h"
#include "base/pulse.h"
#include "base/steady.h"
#include "record/record.h"

/* One commit takes at most this much, so that its transaction stays short and news that arrive
 * meanwhile do not wait behind a backfill of a thousand feeds; and so that the bus, which sends what
 * one commit has made durable in one go, does not overrun its subscribers (SEND_HWM in bus/live.c):
 * 4 MiB are some 4,000 events. Larger commits are no faster. */
#define WRITER_GROUP_BATCHES 256
#define WRITER_GROUP_BYTES   (4 * 1024 * 1024)
/* Polls that brought no document wait this long for others to share their commit, whose wait for the disk and
 * page or two of the log are most of what they cost. Nobody waits for them but the next poll of the same
 * host, which is a second away. What a crash may lose by it is that a feed was asked and had nothing
 * new, as it may of each poll that is under way: it is due again at the start. A document ends the
 * wait. */
#define WRITER_GATHER_US (5 * MSEC_US)
/* At more than this a commit is cheap enough: a hundredth of it falls on each. */
#define WRITER_GATHER_BATCHES 100
/* After a failed commit the next try comes after this long: a full disk stays full for a while. */
#define WRITER_RETRY_US (1 * SEC_US)
/* Retention removes a slice of old events at least this often, and goes on while there are more. */
#define WRITER_RETAIN_US (10 * SEC_US)

/* What another thread wants of the journal, which only its own may write. */
struct request {
	struct str id;
	int64_t now_us;
	struct journal_redaction *ret;
	struct error *error;
	int result;
	bool is_answered;
};

/* Recorded times follow a clock that jumps by more than a day only when it has stood for ten minutes:
 * they never fall, so each event after a moment in the year 2106 would be of 2106 for ever. A machine
 * that starts with a wrong clock has the right one sooner than that. */
#define STAMP_STEP_US DAY_US
#define STAMP_HOLD_US (10 * MIN_US)
/* What removes for good is more careful: a jump of more than an hour must stand for a day. That costs a
 * day of space, and an operator has a day to notice. */
#define FORGET_STEP_US HOUR_US
#define FORGET_HOLD_US DAY_US
/* After a start a clock is doubted likewise if it is this far ahead of the one by which events were
 * removed last: no stop of a week's length is delayed by more than a day. */
#define FORGET_AHEAD_US (7 * DAY_US)

struct writer {
	pthread_t thread;
	struct journal *journal;
	struct recorder *recorder;
	struct queue *batches;
	struct writer_sink *sink;
	/* Taken from the queue and not yet committed, news before backfill. */
	struct batch *waiting[WRITER_GROUP_BATCHES];
	size_t n_waiting;
	bool in_trouble;
	atomic_bool may_not_retry;
	struct pulse pulse; /* but not while it redacts, which takes as long as the journal is */
	int64_t retain_next_us; /* on the monotonic clock */
	struct steady stamps;   /* for recorded times */
	struct steady forgets;  /* for the age of events and of items seen */
	bool doubts;
	struct ledger ledger;
	pthread_mutex_t lock;    /* over the next two */
	struct request *request; /* NULL: none waits */
	bool has_ended;
	pthread_cond_t answered;
	/* Set by others, taken over before the next retention. */
	pthread_mutex_t keep_lock;
	struct journal_settings keep;
	bool keep_is_new;
};

/* The time by which things are old. */
static int64_t forget_us(struct writer *w)
{
	int64_t real_us = clock_real_us();
	int64_t us = steady_us(&w->forgets, real_us, clock_boot_us());
	char real[TIME_TEXT_MAX], believed[TIME_TEXT_MAX];

	if (w->forgets.is_doubting && !w->doubts) {
		time_format_s(real_us / SEC_US, real);
		time_format_s(us / SEC_US, believed);
		log_warning(
			"the clock says %s where %s was expected: until it has said so for a "
			"day, old events are removed as if it were %s; check the machine's time",
			real, believed, believed);
	} else if (w->doubts && !w->forgets.is_doubting) {
		log_info("the clock is believed again");
	}
	w->doubts = w->forgets.is_doubting;
	return us;
}

static void start_clocks(struct writer *w)
{
	int64_t real_us = clock_real_us(), boot_us = clock_boot_us();
	int64_t last_us = journal_retained_us(w->journal);
	bool is_ahead = last_us && real_us - last_us > FORGET_AHEAD_US;

	steady_init(&w->stamps, STAMP_STEP_US, STAMP_HOLD_US, real_us, boot_us);
	steady_init(
		&w->forgets, FORGET_STEP_US, FORGET_HOLD_US, is_ahead ? last_us : real_us, boot_us);
}

struct writer_news *writer_news_free(struct writer_news *news)
{
	if (!news)
		return NULL;
	for (size_t i = 0; i < news->n_settled; i++) {
		free(news->settled[i].feed_id);
		feed_state_deinit(&news->settled[i].state);
	}
	free(news->settled);
	free(news->trouble);
	free(news);
	return NULL;
}

/* Is it what the first fetch of a feed found? It can wait; news cannot. */
static bool is_backfill(const struct batch *batch)
{
	return batch->parsed && !batch->state.backfilled;
}

/* News first, each kind in the order it came: parts of one reply stay in order, for all of them
 * are of one kind. */
static void news_first(struct writer *w)
{
	struct batch *later[WRITER_GROUP_BATCHES];
	size_t n_news = 0, n_later = 0;

	for (size_t i = 0; i < w->n_waiting; i++) {
		if (is_backfill(w->waiting[i]))
			later[n_later++] = w->waiting[i];
		else
			w->waiting[n_news++] = w->waiting[i];
	}
	memcpy(w->waiting + n_news, later, n_later * sizeof *later);
}

static size_t group_size(const struct writer *w)
{
	size_t bytes = 0, n = 0;

	while (n < w->n_waiting && (n == 0 || bytes + w->waiting[n]->bytes <= WRITER_GROUP_BYTES))
		bytes += w->waiting[n++]->bytes;
	return n;
}

static void tell(struct writer *w, struct writer_news *news)
{
	news->head = journal_head(w->journal);
	news->committed_us = clock_real_us();
	news->wants_pause = journal_wants_pause(w->journal);
	metric_set(METRIC_civicwire_journal_head, (int64_t)news->head);
	w->sink->news(w->sink, news);
}

static void tell_committed(struct writer *w, size_t n)
{
	struct writer_news *news = mem_zalloc(1, sizeof *news);

	news->settled = mem_zalloc(n, sizeof *news->settled);
	for (size_t i = 0; i < n; i++) {
		struct batch *batch = w->waiting[i];
		if (!batch->last)
			continue;
		struct writer_settled *s = &news->settled[news->n_settled++];
		s->feed_id = mem_strdup(batch->feed->id);
		s->state = batch->state;
		s->parsed = batch->parsed;
		s->contested = batch->contested;
		batch->state = (struct feed_state){0};
	}
	tell(w, news);
}

static void tell_trouble(struct writer *w, const char *why)
{
	struct writer_news *news = mem_zalloc(1, sizeof *news);

	if (!w->in_trouble)
		log_error("the journal cannot be written; polling stops until it can: %s", why);
	w->in_trouble = true;
	metric_add(METRIC_civicwire_journal_failures_total, 1);
	news->trouble = mem_strdup(why);
	tell(w, news);
}

static void count(const struct record_counts *counts)
{
	metric_add(METRIC_civicwire_events_published_total, (int64_t)counts->published);
	metric_add(METRIC_civicwire_events_updated_total, (int64_t)counts->updated);
	metric_add(METRIC_civicwire_events_withdrawn_total, (int64_t)counts->withdrawn);
	metric_add(METRIC_civicwire_journal_commits_total, 1);
}

static void drop_group(struct writer *w, size_t n)
{
	for (size_t i = 0; i < n; i++)
		batch_free(w->waiting[i]);
	w->n_waiting -= n;
	memmove(w->waiting, w->waiting + n, w->n_waiting * sizeof *w->waiting);
}

/* Nobody was told of these items again; the operator is, for a feed that does this often is ill. */
static void log_remapped(struct writer *w, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		const struct batch *batch = w->waiting[i];
		if (batch->remapped)
			log_write(LOG_LEVEL_WARNING, LOG_FIELDS({"feed", batch->feed->id}),
				"feed %s has given %llu known item%s new ids: taken for the same, "
				"nothing published again",
				batch->feed->id, (unsigned long long)batch->remapped,
				batch->remapped == 1 ? "" : "s");
	}
}

/* What did not fit its checksum was mended or left out; the operator should look at the disk. */
static void log_damage(struct writer *w)
{
	cleanup(free_p) char *what = NULL;
	uint64_t rows = journal_damage(w->journal, &what);

	if (!rows)
		return;
	metric_add(METRIC_civicwire_journal_damaged_rows_total, (int64_t)rows);
	log_error("the journal is damaged (see civicwire(1), WHEN THE JOURNAL IS DAMAGED): %s%s",
		what, rows > 1 ? " (and there were more)" : "");
}

/* What `--verbose` tells of each commit that made events. */
static void log_events(uint64_t before, uint64_t head)
{
	char first[24], last[24];

	if (head == before)
		return;
	snprintf(first, sizeof first, "%llu", (unsigned long long)before + 1);
	snprintf(last, sizeof last, "%llu", (unsigned long long)head);
	log_write(LOG_LEVEL_DEBUG, LOG_FIELDS({"first_event", first}, {"last_event", last}),
		"%llu event%s durable", (unsigned long long)(head - before),
		head - before == 1 ? " is" : "s are");
}

/* True: committed. */
static bool commit_group(struct writer *w, size_t n)
{
	struct record_counts counts = {0};
	struct error error = {0};
	int64_t now_us = steady_us(&w->stamps, clock_real_us(), clock_boot_us());

	uint64_t before = journal_head(w->journal);
	recorder_set_clock(w->recorder, forget_us(w));
	pulse_begin(&w->pulse);
	int r = recorder_commit(w->recorder, w->waiting, n, now_us, &counts, &error);
	pulse_end(&w->pulse);

	log_damage(w);
	if (r < 0) {
		tell_trouble(w, error.text);
		return false;
	}
	if (w->in_trouble)
		log_info("the journal can be written again");
	w->in_trouble = false;
	count(&counts);
	log_events(before, journal_head(w->journal));
	log_remapped(w, n);
	tell_committed(w, n);
	return true;
}

static void take_keep(struct writer *w)
{
	pthread_mutex_lock(&w->keep_lock);
	if (w->keep_is_new) {
		journal_keep(w->journal, &w->keep);
		w->retain_next_us = 0;
	}
	w->keep_is_new = false;
	pthread_mutex_unlock(&w->keep_lock);
}

static void retain(struct writer *w)
{
	struct error error = {0};
	int64_t now = clock_monotonic_us();

	take_keep(w);
	if (now < w->retain_next_us)
		return;
	int r = journal_retain(w->journal, forget_us(w), &error);
	if (r < 0)
		log_warning("old events could not be removed: %s", error.text);
	if (r <= 0)
		w->retain_next_us = now + WRITER_RETAIN_US;
}

static int redact(struct writer *w, struct request *request)
{
	int r = journal_redact(
		w->journal, request->id, request->now_us, request->ret, request->error);

	log_damage(w);
	if (r < 0 || !request->ret->events)
		return r;
	log_info("%llu event%s of %.*s redacted", (unsigned long long)request->ret->events,
		request->ret->events == 1 ? "" : "s", STR_FMT(request->id));
	tell(w, mem_zalloc(1, sizeof(struct writer_news)));
	return r;
}

/* The one who asks waits under the lock's condition, not for the lock. */
static void answer_request(struct writer *w)
{
	pthread_mutex_lock(&w->lock);
	struct request *request = w->request;
	pthread_mutex_unlock(&w->lock);
	if (!request)
		return;
	request->result = redact(w, request);
	pthread_mutex_lock(&w->lock);
	request->is_answered = true;
	w->request = NULL;
	pthread_cond_broadcast(&w->answered);
	pthread_mutex_unlock(&w->lock);
}

int writer_redact(
	struct writer *w, struct str id, struct journal_redaction *ret, struct error *error)
{
	struct request request = {id, clock_real_us(), ret, error, 0, false};

	pthread_mutex_lock(&w->lock);
	while (w->request && !w->has_ended)
		pthread_cond_wait(&w->answered, &w->lock);
	if (!w->has_ended) {
		w->request = &request;
		queue_wake(w->batches);
	}
	while (!request.is_answered && !w->has_ended)
		pthread_cond_wait(&w->answered, &w->lock);
	bool answered = request.is_answered;
	pthread_mutex_unlock(&w->lock);
	return answered ? request.result : error_set(error, ESHUTDOWN, "the daemon is ending");
}

void writer_subscription_put(struct writer *w, const struct hub_subscription *subscription)
{
	ledger_put(&w->ledger, subscription);
	queue_wake(w->batches);
}

void writer_subscription_drop(struct writer *w, const char *token)
{
	ledger_drop(&w->ledger, token);
	queue_wake(w->batches);
}

/* That it fails is told where events cannot be written; they wait together. */
static void write_subscriptions(struct writer *w)
{
	struct error error = {0};

	if (!w->in_trouble && ledger_write(&w->ledger, w->journal, &error) < 0)
		log_warning("what was asked of hubs could not be written yet: %s", error.text);
}

/* Fills the waiting list; false once the queue is closed and all is done. */
static bool gather(struct writer *w)
{
	int64_t wait = w->n_waiting ? 0 : WRITER_RETAIN_US;

	int64_t patience = w->n_waiting ? 0 : WRITER_GATHER_US;

	if (w->n_waiting < WRITER_GROUP_BATCHES)
		w->n_waiting += queue_gather(w->batches, (void **)w->waiting + w->n_waiting,
			WRITER_GROUP_BATCHES - w->n_waiting, wait, patience, WRITER_GATHER_BATCHES);
	return w->n_waiting || !queue_is_closed(w->batches);
}

static void drop_all(struct writer *w)
{
	size_t replies = 0;

	for (size_t i = 0; i < w->n_waiting; i++)
		replies += w->waiting[i]->last;
	log_warning("%zu %s not journaled; the next start asks %s again", replies,
		replies == 1 ? "reply was" : "replies were",
		replies == 1 ? "its feed" : "their feeds");
	drop_group(w, w->n_waiting);
}

static void *run(void *p)
{
	struct writer *w = p;

	log_damage(w); /* what was met at the start */
	while (gather(w)) {
		if (w->n_waiting) {
			news_first(w);
			size_t n = group_size(w);
			if (commit_group(w, n)) {
				drop_group(w, n);
			} else if (atomic_load(&w->may_not_retry) || queue_is_closed(w->batches)) {
				drop_all(w);
			} else {
				queue_wait_closed(w->batches, WRITER_RETRY_US);
			}
		}
		answer_request(w);
		pulse_begin(&w->pulse);
		write_subscriptions(w);
		retain(w);
		if (!w->n_waiting && !queue_length(w->batches))
			journal_rest(w->journal);
		pulse_end(&w->pulse);
	}
	write_subscriptions(w); /* those of the end */
	pthread_mutex_lock(&w->lock);
	w->has_ended = true;
	pthread_cond_broadcast(&w->answered);
	pthread_mutex_unlock(&w->lock);
	return NULL;
}

struct writer *writer_start(struct journal *journal, const char *publisher, struct queue *batches,
	struct writer_sink *sink)
{
	struct writer *w = mem_zalloc(1, sizeof *w);

	w->journal = journal;
	w->recorder = recorder_new(journal, publisher);
	pthread_mutex_init(&w->keep_lock, NULL);
	ledger_init(&w->ledger);
	w->batches = batches;
	w->sink = sink;
	pthread_mutex_init(&w->lock, NULL);
	pthread_cond_init(&w->answered, NULL);
	start_clocks(w);
	if (pthread_create(&w->thread, NULL, run, w) != 0)
		abort(); /* at start, with nothing to lose: as bad as no memory */
	return w;
}

bool writer_is_stuck(const struct writer *w, int64_t now_us, int64_t limit_us)
{
	return pulse_is_stuck(&w->pulse, now_us, limit_us);
}

void writer_keep(struct writer *w, int64_t keep_us, int64_t max_size)
{
	pthread_mutex_lock(&w->keep_lock);
	w->keep = (struct journal_settings){.keep_us = keep_us, .max_size = max_size};
	w->keep_is_new = true;
	pthread_mutex_unlock(&w->keep_lock);
}

void writer_stop_retrying(struct writer *w)
{
	atomic_store(&w->may_not_retry, true);
}

struct writer *writer_join(struct writer *w)
{
	if (!w)
		return NULL;
	pthread_join(w->thread, NULL);
	recorder_free(w->recorder);
	ledger_deinit(&w->ledger);
	pthread_cond_destroy(&w->answered);
	pthread_mutex_destroy(&w->lock);
	pthread_mutex_destroy(&w->keep_lock);
	free(w);
	return NULL;
}
