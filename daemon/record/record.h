/* Batches in, journaled events out: asks dedup about each item, makes its event, and puts events,
 * seen rows and feed states into one transaction. The journal thread's work; it owns the journal's
 * writer and nothing else touches it. */
#pragma once

#include "journal/journal.h"
#include "model/batch.h"

struct recorder;

struct recorder *recorder_new(struct journal *journal, const char *publisher);
struct recorder *recorder_free(struct recorder *recorder);

struct record_counts {
	uint64_t published, updated, withdrawn, same, held, feed_events;
};

/* Commits all batches (which stay the caller's) in one transaction. On an error nothing has
 * happened and the same call may be made again later. */
int recorder_commit(struct recorder *recorder, struct batch *const *batches, size_t n,
	int64_t now_us, struct record_counts *ret, struct error *error);
