/* The four rules by which a live subscriber knows of every loss (wire protocol, "Live"). Pure: told
 * of messages, it says whether anything is missing. No socket, no clock. */
#ifndef LIB_ACCOUNT_H
#define LIB_ACCOUNT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A topic is at most this long (libzmq 4.3.4 delivers no subscription of 246–255 bytes). */
#define ACCOUNT_TOPIC_MAX 200

enum account_verdict {
	ACCOUNT_FINE,   /* in its place */
	ACCOUNT_PAST,   /* at or before `verified`: replay has brought it */
	ACCOUNT_LOSS,   /* something of ours is missing: replay after `verified` */
	ACCOUNT_RESYNC, /* perhaps: a heartbeat was lost, or the bus is new. Likewise replay */
};

struct account_topic {
	char *name; /* NULL: free */
	size_t n;
	uint64_t hash, last;
};

struct account {
	uint64_t verified; /* everything of our topics up to here is accounted for */
	/* The last sequence seen in each topic: forgotten when all of them lie before `verified`, for
	 * what lies before it cannot be missing any more. */
	struct account_topic *topics;
	size_t n, cap;
};

void account_deinit(struct account *account);

/* An event came: its topic, its sequence, and the one before it in the same topic. After LOSS it
 * counts as not seen: tell it again once the gap is filled. -ENOMEM is possible. */
int account_event(
	struct account *account, const char *topic, size_t n, uint64_t seq, uint64_t prev);

/* A heartbeat came; `changed` is asked through account_changed() for every changed topic that is
 * ours, before this. */
struct account_heartbeat {
	uint64_t head, prev;
	bool overflow; /* too many changed topics to list */
	bool missing;  /* set by account_changed() */
};
void account_changed(const struct account *account, struct account_heartbeat *heartbeat,
	const char *topic, size_t n, uint64_t seq);
int account_heartbeat(struct account *account, const struct account_heartbeat *heartbeat);

/* Replay has brought everything of ours up to and including `seq`. */
void account_replayed(struct account *account, uint64_t seq);
/* A new epoch: what was known means nothing any more. */
void account_restart(struct account *account);

#endif
