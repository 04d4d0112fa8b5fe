/* Looking after a store: is it whole, what is in it, a copy of it, an event taken out of it. For
 * people and their tools; the daemon at work needs none of this.
 *
 * Verifying, surveying and copying read only, and may run beside the daemon. */
#pragma once

#include "base/error.h"
#include "journal/journal.h"

/* ---- what is in it ---- */

struct journal_survey {
	struct journal_extent extent;
	uint64_t events;
	int64_t oldest_us, newest_us; /* recorded times; 0: no events */
	uint64_t topics, feeds, seen;
	uint64_t bytes, free_bytes,
		log_bytes; /* the file, unused pages in it, the write-ahead log */
	uint64_t redacted; /* events whose content was taken out */
};
int journal_survey(const char *path, struct journal_survey *ret, struct error *error);

/* ---- is it whole? ---- */

enum journal_finding {
	FINDING_STRUCTURE,  /* what SQLite says of its own pages and indices */
	FINDING_UNREADABLE, /* events that are there and cannot be read */
	FINDING_CHECKSUM,   /* an event whose bytes are not those that were written */
	FINDING_ROW,        /* a row that remembers something, and is not what was written */
	FINDING_CHAIN,      /* an event whose `prev` is not the event before it in a topic */
	FINDING_GAP,        /* numbers without an event, though nothing is known of a loss */
	FINDING_LOSS,  /* numbers without an event: lost once, known, an epoch began after it */
	FINDING_TOPIC, /* a topic that is missing, or does not know its last event */
	FINDING_HEAD,  /* head, newest event and witness disagree */
	FINDING_COUNT
};

struct journal_verify_sink {
	/* One finding: a sentence, and the sequences it is about (0, 0: none in particular). */
	void (*finding)(struct journal_verify_sink *sink, enum journal_finding kind, uint64_t from,
		uint64_t to, const char *sentence);
	/* Told now and then how far it has come; may be NULL. */
	void (*progress)(struct journal_verify_sink *sink, uint64_t seq, uint64_t head);
};

struct journal_verdict {
	struct journal_extent extent;
	uint64_t readable; /* events whose checksum fits */
	uint64_t damage;   /* findings other than FINDING_LOSS */
};

/* Reads everything: first SQLite's own check of the structure, then every event with its checksum,
 * its number, its views' chains, then the rows of all other tables, topics, head and witness. What
 * cannot be read is stepped over and told; nothing stops it but a store that cannot be opened at all
 * (-errno). */
int journal_verify(const char *path, struct journal_verify_sink *sink, struct journal_verdict *ret,
	struct error *error);

/* ---- a copy ---- */

/* Copies the store at one moment into a new file `to` (-EEXIST if it is there), synced before it
 * gets its name. The copy is marked: who opens it to write begins a new epoch, for its past ends
 * where the original's goes on. */
int journal_backup(const char *path, const char *to, struct error *error);

/* ---- taking an event's content out ---- */

/* Replaces what the events with this id say by a tombstone: envelope, sequence and views stay, so
 * that nobody's cursor and nobody's chain notices; data becomes {"id":"","content_text":"",
 * "_redacted":"<time>"}. Its bytes are overwritten in the store and gone from the log; what backups
 * and the file system keep is beyond it. `id` is an event's, or ends in "/" and means all versions of
 * an item: then the item is never told again, whatever its feed says. Of one version only what it said
 * is not told again, if it is the last.
 *
 * An event of its own tells who has read them, in all their topics: type item.redacted, with the next
 * version of the item, and `_redacts`: the id. What was redacted before is left as it is, and not told
 * again. -ENOENT: there is no such event. In a transaction of its own; writer's thread. */
struct journal_redaction {
	uint64_t events; /* that were changed */
	bool in_log;     /* readers keep old pages in the log; journal_rest() gets them out later */
};
int journal_redact(struct journal *journal, struct str id, int64_t now_us,
	struct journal_redaction *ret, struct error *error);

/* ---- all of it as text, and back ---- */

/* One line of JSON at a time, without its end; valid during the call. Return <0 to stop with that. */
struct journal_dump_sink {
	int (*line)(struct journal_dump_sink *sink, struct str line);
};

/* Writes the whole store as JSON lines, of one moment (a long read: a daemon's log grows meanwhile):
 *
 *	{"civicwire_journal":1,"epoch":…,"head":…}                      first
 *	{"table":"feed","row":{"id":1,"name":"co-mde.aci.noticias",…}}  topics, then the rest
 *	{"seq":42,"recorded":…,"views":[["feed/co-mde/…/",17],…],"event":{…}}
 *	{"end":true,"events":…}                                         last
 *
 * Bytes are {"hex":"…"}, times microseconds since 1970. Checksums are left out: who loads it makes its
 * own. A damaged event ends it with -EBADMSG, unless what is readable is enough; a topic without a name
 * always does. Of other damaged rows none is written. */
struct journal_dump_wish {
	bool readable; /* what can be read, though it is not all */
};
struct journal_dump_loss {
	uint64_t events, rows; /* damaged, and left out */
	uint64_t tables;       /* that could not be read to their end */
};
int journal_dump(const char *path, const struct journal_dump_wish *wish,
	struct journal_dump_sink *sink, struct journal_dump_loss *ret_loss, struct error *error);

struct journal_value {
	enum { VALUE_NULL, VALUE_INT, VALUE_TEXT, VALUE_BLOB } type;
	int64_t i;
	struct str s;
};
struct journal_column {
	struct str name;
	struct journal_value value;
};

/* Fills a new store from such lines. The same epoch goes on if `epoch` is given: for a journal that
 * moves; else the new store has one of its own, for the old one may live on. */
struct journal_loader;
int journal_loader_new(struct journal_loader **ret, const char *path, struct str epoch,
	uint64_t head, struct error *error);
int journal_loader_row(struct journal_loader *loader, struct str table,
	const struct journal_column *columns, size_t n, struct error *error);
struct journal_load_view {
	struct str topic;
	uint64_t prev;
};
/* `body` is the event's JSON, byte by byte as it was. Events come in order, after the topics. */
int journal_loader_event(struct journal_loader *loader, uint64_t seq, int64_t recorded_us,
	const struct journal_load_view *views, size_t n, struct str body, struct error *error);
/* Makes all of it durable: before that there is nothing. */
int journal_loader_end(struct journal_loader *loader, struct error *error);
/* NULL-safe; returns NULL. A store that was not ended is removed again. */
struct journal_loader *journal_loader_free(struct journal_loader *loader);
CLEANUP_DEFINE(struct journal_loader, journal_loader_free);
