/* What a live endpoint says every five seconds: how far it is, and which topics have changed. */
#pragma once

#include "base/buf.h"
#include "journal/journal.h"

/* Above this many topics a list would be longer than what a client saves by it: it replays. */
#define CHANGES_MAX 500

/* Topics that an endpoint carried since its last heartbeat. */
struct changes {
	uint64_t *last; /* by topic number: the last sequence, 0: unchanged */
	size_t n_last;
	uint32_t topics[CHANGES_MAX];
	size_t n;
	bool overflow;
};

void changes_deinit(struct changes *changes);
void changes_add(struct changes *changes, uint32_t topic, uint64_t seq);
void changes_clear(struct changes *changes);

struct heartbeat {
	const char *epoch;
	uint64_t head;   /* nothing up to here will be sent any more */
	uint64_t oldest; /* the first sequence that replay still has; 0: none */
	int64_t time_us;
};

/* The JSON body. */
void heartbeat_write(struct buf *out, const struct heartbeat *heartbeat,
	const struct changes *changes, const struct journal_reader *names);
