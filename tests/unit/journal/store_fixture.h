/* A journal in a folder of its own, one feed, and events with chosen topics. */
#pragma once

#include "journal/journal.h"

#include <stdio.h>

struct store {
	char dir[64], path[96];
	struct journal_settings settings;
	struct journal *journal;
	struct feed *feed;
	char *notice;
	struct error error;
};

int store_setup(void **state);
int store_teardown(void **state);

/* Both assert success; the notice of the last opening is in store->notice. */
void store_open(struct store *store);
void store_close(struct store *store);

/* Appends one event; `topics` ends with NULL. Inside a transaction. */
uint64_t store_append(struct store *store, int64_t recorded_us, const char *data,
	const char *const *topics, struct seen *row);
/* One event in a transaction of its own, in the topic "feed/a/". */
uint64_t store_commit_one(struct store *store, int64_t recorded_us);

/* Copies all files of the store into a fresh folder, as a crash or a backup would leave them: by
 * another process, for closing them here would drop SQLite's locks. Sets *copy up for opening. */
void store_copy(const struct store *store, struct store *copy);
void store_remove(struct store *store);

/* A visitor that counts, and checks that sequences rise by one and each `prev` is the last sequence
 * seen in its topic. */
#define CHECKER_TOPICS 64
struct checker {
	struct journal_visitor visitor;
	uint64_t first, last;
	size_t n, breaks;
	uint64_t last_in[CHECKER_TOPICS];
};
struct checker checker_new(void);
/* Reads all there is in slices of `records`. */
void checker_run(struct checker *checker, struct journal_reader *reader, size_t records);
