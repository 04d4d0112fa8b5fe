/* One commit, many replies.
 *
 *	for each batch:  the feed's number ─▶ items ─▶ (last batch) missing items ─▶ feed events ─▶ state
 *
 * The state goes in last and only with the last batch of a reply: an ETag that were kept while items
 * were lost would have the server answer 304, and they would never come again.
 *
 * A long reply comes in several batches, perhaps in several calls. What must be remembered between
 * them is its `progress`, kept by feed. It changes in memory while a transaction may yet fail, so
 * the whole map is restored then: progress begun in the transaction is dropped, and that of earlier
 * calls goes back to its copy. The batches themselves change only after the commit. */
#include "record/record.h"

#include <stdlib.h>

#include "base/alloc.h"
#include "record/recorder.h"

/* Seen rows are kept this long after the item was last in the feed, counted on the feed's own
 * clock: a feed that is silent for years forgets nothing. */
#define SEEN_KEEP_US (400 * DAY_US)
/* Of a very long document the first thousand items are enough to tell a flood by: 48 KB. */
#define LISTING_KEPT_MAX 1000
/* What the arenas may keep between commits. */
#define DATA_KEEP_BYTES (1024 * 1024)

struct recorder *recorder_new(struct journal *journal, const char *publisher)
{
	struct recorder *recorder = mem_zalloc(1, sizeof *recorder);

	recorder->journal = journal;
	recorder->publisher = publisher;
	recorder->clock_us = INT64_MAX;
	map_init(&recorder->progress);
	recorder->arena = recorder->of_event = ARENA_INIT;
	return recorder;
}

void recorder_set_clock(struct recorder *recorder, int64_t us)
{
	recorder->clock_us = us;
}

static void progress_free(struct progress *progress)
{
	feed_unref(progress->feed);
	free(progress->listing.items);
	free(progress);
}

struct recorder *recorder_free(struct recorder *recorder)
{
	if (!recorder)
		return NULL;
	map_for_each(it, &recorder->progress)
		progress_free(it->value);
	map_deinit(&recorder->progress);
	arena_deinit(&recorder->arena);
	arena_deinit(&recorder->of_event);
	buf_deinit(&recorder->data);
	free(recorder);
	return NULL;
}

/* The replies that earlier calls left unfinished, as they were before this one. */
struct checkpoint {
	struct progress **which, *was;
	size_t n;
};

static void checkpoint_take(struct checkpoint *checkpoint, const struct recorder *recorder)
{
	*checkpoint = (struct checkpoint){0};
	if (!recorder->progress.n)
		return;
	checkpoint->which = mem_zalloc(recorder->progress.n, sizeof *checkpoint->which);
	checkpoint->was = mem_zalloc(recorder->progress.n, sizeof *checkpoint->was);
	map_for_each(it, &recorder->progress) {
		struct progress *progress = it->value;
		checkpoint->which[checkpoint->n] = progress;
		checkpoint->was[checkpoint->n++] = *progress;
	}
}

static void checkpoint_drop(struct checkpoint *checkpoint)
{
	free(checkpoint->which);
	free(checkpoint->was);
}

static bool checkpoint_has(const struct checkpoint *checkpoint, const struct progress *progress)
{
	for (size_t i = 0; i < checkpoint->n; i++)
		if (checkpoint->which[i] == progress)
			return true;
	return false;
}

static void checkpoint_restore(const struct checkpoint *checkpoint, struct recorder *recorder)
{
	struct map kept;

	map_init(&kept);
	map_for_each(it, &recorder->progress) {
		if (!checkpoint_has(checkpoint, it->value))
			progress_free(it->value);
	}
	for (size_t i = 0; i < checkpoint->n; i++) {
		struct progress *progress = checkpoint->which[i];
		struct listing listing = progress->listing; /* may have moved as it grew */
		*progress = checkpoint->was[i];
		listing.n = progress->listing.n;
		progress->listing = listing;
		map_set(&kept, str_of(progress->feed->id), progress);
	}
	map_deinit(&recorder->progress);
	recorder->progress = kept;
}

/* After the commit: replies that have ended need no memory, the others wait for their next batch. */
static void progress_sweep(struct recorder *recorder)
{
	struct map kept;

	if (!recorder->progress.n)
		return;
	map_init(&kept);
	map_for_each(it, &recorder->progress) {
		struct progress *progress = it->value;
		if (progress->ended)
			progress_free(progress);
		else
			map_set(&kept, str_of(progress->feed->id), progress);
	}
	map_deinit(&recorder->progress);
	recorder->progress = kept;
}

static struct progress *progress_of(struct recorder *recorder, const struct batch *batch)
{
	struct progress *progress = map_get(&recorder->progress, str_of(batch->feed->id));

	if (!progress) {
		progress = mem_zalloc(1, sizeof *progress);
		progress->feed = feed_ref(batch->feed);
		map_set(&recorder->progress, str_of(progress->feed->id), progress);
	}
	if (batch->first || progress->ended) {
		/* What an abandoned reply has left here is of no use. */
		progress->listing.n = 0;
		progress->has_begun = batch->first;
		progress->backfill = progress->noisy = progress->ended = false;
		progress->found = progress->new = progress->contested = 0;
		progress->activity = batch->state.activity;
	}
	return progress;
}

static int begin_batch(struct task *task)
{
	struct batch *batch = task->batch;
	struct progress *progress = progress_of(task->recorder, batch);
	struct journal *journal = task->recorder->journal;
	int r = batch->parsed ? journal_feed(journal, batch->feed, &task->known, task->error)
			      : journal_feed_marks(journal, batch->feed, &task->known, task->error);

	if (r < 0)
		return r;
	task->progress = progress;
	progress->backfill = !task->known.backfilled && !batch->state.backfilled;
	progress->guids_repeat = progress->guids_repeat || task->known.guids_repeat ||
				 batch->state.guids_repeat || batch->guids_repeat;
	task->state = batch->state;
	return 0;
}

static int keep_listing(struct task *task)
{
	const struct listing *listing = &task->progress->listing;
	size_t n = listing->n < LISTING_KEPT_MAX ? listing->n : LISTING_KEPT_MAX;

	return journal_recent_put(task->recorder->journal, task->known.number,
		str_make((const char *)listing->items, n * sizeof *listing->items), task->error);
}

static int end_reply(struct task *task)
{
	struct journal *journal = task->recorder->journal;
	struct batch *batch = task->batch;
	struct feed_state *state = &task->state;
	int r = 0;

	state->guids_repeat = task->progress->guids_repeat;
	state->activity = task->progress->activity;
	state->number = journal_feed_number(task->known.number);
	state->backfilled = !task->progress->backfill || batch->parsed;
	if (batch->parsed && batch->complete && task->progress->has_begun)
		r = task_record_missing(task);
	if (r >= 0 && batch->parsed && !batch->pushed)
		r = keep_listing(task);
	if (r >= 0)
		r = task_record_feed(task);
	int64_t seen_us = state->last_change_us < task->recorder->clock_us
				  ? state->last_change_us
				  : task->recorder->clock_us;
	/* After a first document there is nothing old. */
	if (r >= 0 && batch->parsed && !task->progress->backfill && state->last_change_us)
		r = journal_seen_prune(
			journal, task->known.number, seen_us - SEEN_KEEP_US, task->error);
	if (r >= 0)
		r = journal_feed_state_put(journal, task->known.number, state, task->error);
	task->progress->ended = true;
	return r;
}

/* Of most polls nothing is to be written but when they were, and the feed is known without being read. */
static bool is_uneventful(const struct batch *batch)
{
	return batch->unchanged && !batch->parsed && batch->first && batch->last &&
	       batch->state.number;
}

static int record_uneventful(struct task *task)
{
	const struct feed_state *state = &task->batch->state;
	struct progress none = {.activity = state->activity};
	size_t told = task->counts->feed_events;

	task->state = *state;
	task->known = (struct journal_feed){state->number, state->backfilled, state->guids_repeat,
		state->health, state->failures};
	task->progress = &none;
	int r = task_record_feed(task);
	task->progress = NULL;
	if (r < 0)
		return r;
	struct journal *journal = task->recorder->journal;
	/* What is told of a feed is noted in its state. */
	return task->counts->feed_events == told
		       ? journal_feed_polled(journal, state->number, &task->state, task->error)
		       : journal_feed_state_put(journal, state->number, &task->state, task->error);
}

static int record_part(struct task *task)
{
	int r = begin_batch(task);

	if (r >= 0 && task->batch->parsed)
		r = task_record_items(task);
	if (r >= 0 && task->batch->last)
		r = end_reply(task);
	return r;
}

static int record_batch(struct task *task)
{
	int r = is_uneventful(task->batch) ? record_uneventful(task) : record_part(task);

	arena_reset(&task->recorder->arena);
	return r;
}

/* The state that was written borrowed its texts from the batch's: the address that was to be is the one
 * that is now, or neither. */
static void learn_move(struct feed_state *to, const struct feed_state *written)
{
	to->moving_since_us = written->moving_since_us;
	to->moving_polls = written->moving_polls;
	if (written->moving_url)
		return;
	if (to->moving_url && written->moved_url == to->moving_url) {
		free(to->moved_url);
		to->moved_url = to->moving_url;
	} else {
		free(to->moving_url);
	}
	to->moving_url = NULL;
}

/* What is true of a batch once it is committed. */
struct lesson {
	struct feed_state state;
	uint64_t remapped;
	bool contested;
};

static void learn(struct batch *batch, const struct lesson *lesson)
{
	const struct feed_state *state = &lesson->state;

	batch->remapped = lesson->remapped;
	if (!batch->last)
		return;
	batch->contested = lesson->contested;
	batch->state.backfilled = state->backfilled;
	batch->state.guids_repeat = state->guids_repeat;
	batch->state.told_failing = state->told_failing;
	batch->state.told_noisy_us = state->told_noisy_us;
	batch->state.told_quiet = state->told_quiet;
	batch->state.news = state->news;
	batch->state.news_us = state->news_us;
	batch->state.rhythm_us = state->rhythm_us;
	batch->state.activity = state->activity;
	batch->state.number = state->number;
	learn_move(&batch->state, state);
}

int recorder_commit(struct recorder *recorder, struct batch *const *batches, size_t n,
	int64_t now_us, struct record_counts *ret, struct error *error)
{
	struct record_counts counts = {0};
	struct checkpoint checkpoint;
	cleanup(free_p) struct lesson *lessons = mem_zalloc(n ? n : 1, sizeof *lessons);
	int r = journal_begin(recorder->journal, error);

	if (r < 0)
		return r;
	checkpoint_take(&checkpoint, recorder);
	for (size_t i = 0; i < n && r >= 0; i++) {
		struct task task = {.recorder = recorder,
			.batch = batches[i],
			.now_us = now_us,
			.counts = &counts,
			.error = error};
		uint64_t before = counts.remapped;
		r = record_batch(&task);
		lessons[i] = (struct lesson){task.state, counts.remapped - before,
			task.progress && task.progress->contested};
	}
	if (r >= 0)
		r = journal_commit(recorder->journal, error);
	if (r < 0) {
		journal_rollback(recorder->journal);
		checkpoint_restore(&checkpoint, recorder);
	} else {
		for (size_t i = 0; i < n; i++)
			learn(batches[i], &lessons[i]);
		progress_sweep(recorder);
		*ret = counts;
	}
	checkpoint_drop(&checkpoint);
	buf_shrink(&recorder->data, DATA_KEEP_BYTES);
	return r < 0 ? r : 0;
}
