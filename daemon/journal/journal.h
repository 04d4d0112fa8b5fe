/* The journal: events in order, for ever numbered without holes; what was seen of each feed; each
 * feed's state. One writer (the journal thread of civicwired) and any number of readers in other
 * threads and processes.
 *
 * The interface fits its weaker home too (NATS JetStream, where sequences come with the broker's
 * acknowledgement): nothing here says SQL, a sequence exists only after journal_commit(), and
 * reads see durable events only. */
#pragma once

#include "base/error.h"
#include "model/event.h"
#include "model/seen.h"
#include "model/settings.h"
#include "model/state.h"
#include "model/subscription.h"

struct journal;

/* From here on, in this process, a read that the disk refuses is -EIO. SQLite calls it damage, which it
 * is not as long as nobody has seen the bytes: whoever serves would pass over events that can be read a
 * moment later. (Whoever looks for damage leaves it at that, and finds what can be read beside it.)
 * Before the first journal is opened, by one thread; may be called again. */
void journal_expect_read_errors(void);

/* Opens or creates the store; recovers, checks the head witness, and starts a new epoch where data
 * was lost (says so through *ret_notice: a sentence for the log, owned by the caller, else NULL). */
int journal_open(struct journal **ret, const struct journal_settings *settings, char **ret_notice,
	struct error *error);
/* Rolls back what is open. NULL-safe; returns NULL. */
struct journal *journal_close(struct journal *journal);
CLEANUP_DEFINE(struct journal, journal_close);

/* Opening refuses, and says why: a store that another process writes (-EBUSY), a file that is no
 * database or another program's (-EINVAL), a schema this build does not know (-EPROTONOSUPPORT), a
 * missing folder (-ENOENT), a read-only one (-EROFS, -EACCES). */

/* The newest durable sequence (0: none) and the name of this journal's epoch: [a-z0-9]+, at most
 * 16 bytes. Writer's thread. */
uint64_t journal_head(const struct journal *journal);
const char *journal_epoch(const struct journal *journal);
#define JOURNAL_EPOCH_MAX 17

/* Has the write-ahead log grown beyond what readers should make it? Then they should rest for
 * JOURNAL_PAUSE_US, in which the next journal_begin() can start it afresh. */
#define JOURNAL_PAUSE_US (50 * MSEC_US)
bool journal_wants_pause(const struct journal *journal);

/* Between transactions, when nothing waits to be written: does some milliseconds of what a later
 * journal_begin() would otherwise have to do first. */
void journal_rest(struct journal *journal);

/* How many rows that remember something did not fit their checksum, since this was asked last, and in
 * *ret_what a sentence about the last of them for the log (the caller's; NULL: none). They were mended
 * by the rules that stand with the calls below, or left out. Writer's thread. */
uint64_t journal_damage(struct journal *journal, char **ret_what);

/* One transaction: begin, any of the calls below, commit. Nothing of it exists before commit
 * returns 0, and then all of it does, power cuts included. After any error: rollback, and the
 * whole transaction may be tried again. Functions return 0 or -errno (ENOSPC, EIO, …). */
int journal_begin(struct journal *journal, struct error *error);
int journal_commit(struct journal *journal, struct error *error);
void journal_rollback(struct journal *journal);

/* A feed as the journal knows it; made on first use. Of a damaged row the marks stay, and that it is
 * known: what is new in it is news, not backfill. `formerly` are ids it had before: if the feed
 * is new and one of them is known, it takes over what was remembered under that name. */
struct journal_feed {
	int64_t number;
	/* Of the state as it was put last; a renamed feed's is what it had learnt before. */
	bool backfilled, guids_repeat;
	enum feed_health health;
	uint32_t failures;
};
/* The number as a state has it (feed_state.number). They are given from 1 on, so that what does not fit is no
 * number. */
static inline uint32_t journal_feed_number(int64_t number)
{
	return number > 0 && number <= UINT32_MAX ? (uint32_t)number : 0;
}
int journal_feed(struct journal *journal, const struct feed *feed, struct journal_feed *ret,
	struct error *error);
/* The same for a poll that brought no document, for a fifth of the cost: the row's checksum is not looked
 * at, because nothing is judged by it, and journal_feed_state_put() then writes all of it anew. */
int journal_feed_marks(struct journal *journal, const struct feed *feed, struct journal_feed *ret,
	struct error *error);
int journal_feed_state_put(
	struct journal *journal, int64_t feed, const struct feed_state *state, struct error *error);
/* The same where the state is as it was put last but for last_poll_us, last_success_us, next_due_us and
 * http_status, for a fifth of the cost. `feed` is the number that the journal knows it by. */
int journal_feed_polled(
	struct journal *journal, int64_t feed, const struct feed_state *state, struct error *error);

/* The row of a key. 1: *ret is it (end with seen_deinit()); 0: there is none.
 *
 * A damaged row is one of which nothing is sure but the key, so the item counts as changed: better told
 * once too often, as an update, than an update not at all. Its version becomes the minutes since 1970 of
 * the newest event, which no counting reaches, so that no event id comes twice; its views are dropped,
 * for an event in a wrong one would be told to whom it is not for. */
int journal_seen_get(struct journal *journal, int64_t feed, const struct hash *key,
	struct seen *ret, struct error *error);
/* Stores under row->key. */
int journal_seen_put(
	struct journal *journal, int64_t feed, const struct seen *row, struct error *error);
int journal_seen_drop(
	struct journal *journal, int64_t feed, const struct hash *key, struct error *error);
/* 1: this name is borne by an item that is found by another key now; a new item must take another,
 * or two events would have one id. 0: it is free. */
int journal_item_taken(
	struct journal *journal, int64_t feed, const struct hash *item, struct error *error);
/* Was what an item says with this change hash taken out by a redaction (upkeep.h)? Then it is not told
 * again. Kept for good. 1 or 0. */
int journal_is_redacted(struct journal *journal, int64_t feed, const struct hash *item,
	const struct hash *change, struct error *error);
/* A CAP message of a feed, listed or only referred to: kept as long as seen rows are, and forgotten
 * with them by journal_seen_prune(). */
struct journal_alert {
	struct hash message;  /* sender and identifier; see struct item */
	struct hash key;      /* of the item that is this message; zero: none was seen */
	bool cancelled;       /* another message took it back */
	int64_t last_seen_us; /* listed, or referred to */
};
/* 1: *ret is it; 0: there is none, or it is damaged: an alert told twice is better than one not
 * told. */
int journal_alert_get(struct journal *journal, int64_t feed, const struct hash *message,
	struct journal_alert *ret, struct error *error);
/* A key is that of one message: it is taken from the one that had it before. */
int journal_alert_put(struct journal *journal, int64_t feed, const struct journal_alert *alert,
	struct error *error);
/* What the feed's last document had, in the caller's own words; kept beside the rows because finding
 * that in them means reading all of them. 1: *ret_items is it (malloc'ed); 0: nothing yet, or it is
 * damaged. */
int journal_recent_get(
	struct journal *journal, int64_t feed, struct str *ret_items, struct error *error);
int journal_recent_put(
	struct journal *journal, int64_t feed, struct str items, struct error *error);
/* All rows of a feed that are whole. Return 0 from `row` to go on, else the walk ends and returns that
 * value. The row's texts are the journal's, valid during the call; do not write inside the walk. */
struct journal_seen_walk {
	int (*row)(struct journal_seen_walk *walk, const struct seen *row);
};
int journal_seen_each(
	struct journal *journal, int64_t feed, struct journal_seen_walk *walk, struct error *error);
/* Forgets rows last seen before `before_us` in this feed: at most once a day of `before_us`, and a
 * bounded number of them, so that it may be called with every reply. */
int journal_seen_prune(
	struct journal *journal, int64_t feed, int64_t before_us, struct error *error);

/* What was asked of a hub, by its token. */
int journal_subscription_put(
	struct journal *journal, const struct hub_subscription *subscription, struct error *error);
int journal_subscription_drop(struct journal *journal, const char *token, struct error *error);

/* Appends an event; its sequence is given here, becomes real at commit, and is used again after a
 * rollback. Its recorded time is event->recorded_us, or the event's before it if that is later: the
 * times of a journal never fall. Views are event->views united with row->views; row (may be NULL)
 * then gets event->views, a withdrawal's row the union (malloc'ed; the caller frees it and still
 * owns what was there), ready for journal_seen_put(). */
int journal_append(struct journal *journal, const struct event *event, struct seen *row,
	uint64_t *ret_seq, struct error *error);

/* Removes events from the oldest end: older than keep, or while the store (its live pages; the
 * write-ahead log comes on top) is over its size. Never the newest. At most a bounded slice per
 * call, in a transaction of its own; 1: there is more to do, 0: done. */
int journal_retain(struct journal *journal, int64_t now_us, struct error *error);
/* The `now_us` of retention's last runs, as far as it is remembered (to the hour); the newest event's
 * recorded time where none is; 0: neither. The clock of the next process is judged by it. Writer's
 * thread, or before there is one. */
int64_t journal_retained_us(const struct journal *journal);

/* Other bounds for journal_retain() from now on (in `settings`; its path is not looked at). */
void journal_keep(struct journal *journal, const struct journal_settings *settings);

/* States of all feeds known, for the start. Of a damaged one what the server said of the document is left
 * out, so that it is fetched whole. The state is the journal's, valid during the call. */
struct journal_state_walk {
	int (*state)(struct journal_state_walk *walk, struct str feed_id,
		const struct feed_state *state);
};
int journal_states_each(
	struct journal *journal, struct journal_state_walk *walk, struct error *error);

/* All subscriptions, for the start. A damaged one is left out: the hub is asked anew. Each is the
 * journal's, valid during the call. Before there is a writer's thread. */
struct journal_subscription_walk {
	void (*subscription)(struct journal_subscription_walk *walk,
		const struct hub_subscription *subscription);
};
int journal_subscriptions_each(
	struct journal *journal, struct journal_subscription_walk *walk, struct error *error);

/* Reading: from any thread or process, one reader each; the store must exist. */
struct journal_reader;

int journal_reader_open(struct journal_reader **ret, const char *path, struct error *error);
struct journal_reader *journal_reader_close(struct journal_reader *reader);
CLEANUP_DEFINE(struct journal_reader, journal_reader_close);

struct journal_view {
	uint32_t topic; /* number; journal_reader_topic() has its name */
	uint64_t prev;  /* sequence of the event before in the same topic; 0: none */
};

struct journal_record {
	uint64_t seq;
	int64_t recorded_us;
	struct str body; /* the event's JSON */
	const struct journal_view *views;
	size_t n_views;
};

struct journal_read_limits {
	/* The durable head that the reader was told; nothing beyond is shown. UINT64_MAX: all
	 * there is. */
	uint64_t to;
	size_t records; /* looked at, shown or not */
	size_t bytes;   /* of bodies */
	int64_t us;     /* of time on the monotonic clock; 0: no bound */
};

/* Record and all it points to are valid during the call. Return 0 to go on, >0 to stop after this
 * record, <0 to fail with that. `want` (may be NULL) is asked first, with body still unread
 * (STR_NONE): false skips the record cheaply. A record whose body the slice has no room for is not
 * asked about: the next slice does. */
struct journal_visitor {
	bool (*want)(struct journal_visitor *visitor, const struct journal_record *record);
	int (*record)(struct journal_visitor *visitor, const struct journal_record *record);
};

/* One slice: events with sequence > after, in order, in one short read transaction. *ret_next is
 * the sequence up to which all has been looked at: the last record's, or limits->to once there is
 * no more up to there (data loss leaves numbers without events), or `after`. A record whose checksum
 * does not fit is -EBADMSG, and *error names it. */
int journal_read(struct journal_reader *reader, uint64_t after,
	const struct journal_read_limits *limits, struct journal_visitor *visitor,
	uint64_t *ret_next, struct error *error);

/* What the store holds now: the epoch, and the oldest and newest sequence (0: none). */
struct journal_extent {
	char epoch[JOURNAL_EPOCH_MAX];
	uint64_t oldest, head;
};
int journal_extent(struct journal_reader *reader, struct journal_extent *ret, struct error *error);
/* The sequence before the first event recorded at or after a time: a cursor's `after`. The head if
 * there is none so young. */
int journal_seq_before(
	struct journal_reader *reader, int64_t time_us, uint64_t *ret_seq, struct error *error);

/* The same walk as journal_states_each(), beside a writer that is at work. */
int journal_reader_states(
	struct journal_reader *reader, struct journal_state_walk *walk, struct error *error);

/* Topics are numbered from 1 without holes and never pruned. journal_reader_topics() reads in those
 * added since the last call (0, or -errno) and then journal_reader_topic() knows all up to
 * *ret_count. A number not known gives STR_NONE. Texts live as long as the reader. */
int journal_reader_topics(struct journal_reader *reader, uint32_t *ret_count, struct error *error);
struct str journal_reader_topic(const struct journal_reader *reader, uint32_t number);
