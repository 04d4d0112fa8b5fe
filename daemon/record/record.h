/* Batches in, journaled events out: asks dedup about each item, makes its event, and puts events,
 * seen rows and feed states into one transaction. The journal thread's work; it owns the journal's
 * writer and nothing else touches it. */
#pragma once

#include "journal/journal.h"
#include "model/batch.h"

struct recorder;

/* Both arguments must outlive it. */
struct recorder *recorder_new(struct journal *journal, const char *publisher);
/* NULL-safe; returns NULL. */
struct recorder *recorder_free(struct recorder *recorder);
CLEANUP_DEFINE(struct recorder, recorder_free);

/* No item is forgotten by a clock that is ahead of this one; without it by the feeds' own alone. */
void recorder_set_clock(struct recorder *recorder, int64_t us);

/* What became of the items; `remapped` are those a feed brought under new guids and that were told
 * already (each batch says its own, which is worth a line in the log). */
struct record_counts {
	uint64_t published, updated, withdrawn, same, held, remapped, feed_events;
};

/* Commits all batches (which stay the caller's) in one transaction. Those of one reply come in
 * order, in one call or several. On success the states of the last ones say what is remembered now
 * (backfilled, guids_repeat, told_failing, told_noisy_us), and all of them what was remapped. On an
 * error nothing has happened and the same call may be made again later. */
int recorder_commit(struct recorder *recorder, struct batch *const *batches, size_t n,
	int64_t now_us, struct record_counts *ret, struct error *error);
