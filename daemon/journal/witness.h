/* The head witness: a small file beside the store that says how far the journal was known to be
 * durable. SQLite cannot tell a write-ahead log that lost its end from one that never had it: one
 * flipped bit drops every later commit, with integrity_check still content, and a restored backup
 * does the same. Written without sync after every commit it may itself be behind after a power
 * cut, never ahead; when it is ahead of the recovered store, events were lost.
 *
 * The file is also the writer's lock: flock() on it says that this store has a writer. */
#pragma once

#include "base/error.h"
#include "journal/journal.h"

struct witness {
	int fd;
	char *path;
};

#define WITNESS_NONE ((struct witness){-1, NULL})

struct witness_record {
	char epoch[JOURNAL_EPOCH_MAX];
	uint64_t seq;
	uint64_t checksum; /* of the event with that sequence; 0: there is none */
};

/* Opens or creates "<store>.head" and locks it: -EBUSY if another process has it. */
int witness_open(struct witness *witness, const char *store, struct error *error);
void witness_close(struct witness *witness);
/* 1: *ret is what it says; 0: it says nothing yet; -EBADMSG: it cannot be read as one. */
int witness_read(const struct witness *witness, struct witness_record *ret);
/* Overwrites it in place, unsynced. 0 or -errno; a witness that cannot be written is only older. */
int witness_write(const struct witness *witness, const struct witness_record *record);
