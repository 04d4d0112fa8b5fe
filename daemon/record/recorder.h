/* The recorder's inside, shared by the files that make it up; nobody else. */
#pragma once

#include "base/map.h"
#include "dedup/dedup.h"
#include "record/record.h"

/* What a document had of one item: stored as it stands, for it is bytes alone. */
struct listed {
	struct hash key, link_key, title_key;
};
/* All of a reply's items, so that its end can tell what is missing, and the next reply whether the
 * same items came under other guids. */
struct listing {
	struct listed *items;
	size_t n, cap;
};

/* What must be remembered from one batch of a reply to its next. */
struct progress {
	struct feed *feed; /* a reference; its id is the key in the recorder's map */
	struct listing listing;
	struct activity activity; /* with what the reply has brought so far */
	bool has_begun;           /* the reply's first batch was seen: the listing has all items */
	bool guids_repeat;        /* in this reply or ever before */
	bool backfill;            /* no reply was journaled to its end before this one */
	bool noisy;               /* an item was held back for the first time today */
	uint32_t found, new;      /* items of this reply that were known, and that were not */
	uint32_t contested;       /* of the known ones, those a push was not believed of */
	bool ended;               /* its last batch is in this transaction */
};

struct recorder {
	struct journal *journal;
	const char *publisher;
	int64_t clock_us;
	struct map progress;   /* replies under way, by feed id */
	struct arena arena;    /* of one batch */
	struct arena of_event; /* of one event */
	struct buf data;
};

/* One batch at work. */
struct task {
	struct recorder *recorder;
	struct batch *batch;
	struct progress *progress;
	struct journal_feed known;
	struct feed_state state; /* to be written; texts are the batch's */
	int64_t now_us;
	struct record_counts *counts;
	struct error *error;
};

/* record-item.c */
int task_record_items(struct task *task);
/* Tells that a known item is gone; `time_s` is when that is said to have happened. */
int task_withdraw(struct task *task, const struct seen *old, int64_t time_s);
/* Withdraws what the feed no longer lists. */
int task_record_missing(struct task *task);
/* Adds an event to the journal. `row` as in journal_append(). */
int task_append(struct task *task, struct event *event, struct seen *row);

/* record-feed.c: what the feed's own state is worth telling; sets the told_… members of
 * task->state. */
int task_record_feed(struct task *task);

/* cancel.c: what CAP Cancels take back. */
/* Marks all that the batch's messages take back, and withdraws what was told of it. */
int task_record_cancels(struct task *task);
/* 1: the item, which is found by `key`, was taken back, and stays so; 0: it was not. */
int cancel_holds(struct task *task, const struct hash *key, const struct batch_item *item);
/* Remembers that this key is this message. */
int cancel_note(struct task *task, const struct hash *key, const struct batch_item *item);

/* flood.c: the items of a feed that changed its guids; empty in any other case. */
struct flood_item {
	struct listed was;
	bool is_used;
};
struct flood {
	struct map by_link, by_title; /* to struct flood_item, or to `shared` */
	struct flood_item shared;     /* stands for "more than one" */
};
void flood_init(struct flood *flood);
void flood_end(struct flood *flood);
/* Looks whether most of the batch's items are known ones under new guids. */
int flood_begin(struct task *task, struct flood *flood);
/* The key that this item was told under, or NULL; each is given out once. */
const struct hash *flood_take(struct flood *flood, const struct batch_item *item);
