/* A recorder on a fresh journal, one feed, documents made of a few words, and the events they became,
 * one line each: "published key/1 [topics]". */
#pragma once

#include "record/record.h"

#include <stdio.h>

struct wire {
	char dir[64], path[96];
	struct journal *journal;
	struct recorder *recorder;
	struct journal_reader *reader;
	struct feed *feed;
	struct feed_state state; /* as the poller would keep it */
	int64_t now_us;
	uint64_t read_to;
	struct record_counts counts; /* of the last commit */
	struct error error;
};

int wire_setup(void **state);
int wire_teardown(void **state);

/* An item in words; absent ones are NULL. The key is made of `guid`, or `link`. */
struct words {
	const char *guid, *link, *title, *text, *theme;
	bool withdrawn;
	const char *message, *cancels; /* of CAP; names with blanks between them */
};

#define THEMED(guid_, link_, title_, text_, theme_) \
	{ \
		.guid = (guid_), .link = (link_), .title = (title_), .text = (text_), \
		.theme = (theme_) \
	}
#define ITEM(guid, link, title, text) THEMED(guid, link, title, text, NULL)
#define ALERT(guid_, message_, title_) \
	{ \
		.guid = (guid_), .message = (message_), .title = (title_) \
	}
#define CANCEL(guid_, message_, cancels_) \
	{ \
		.guid = (guid_), .message = (message_), .title = "Cancel", .cancels = (cancels_) \
	}
#define STONE(guid_) \
	{ \
		.guid = (guid_), .withdrawn = true \
	}

/* A batch of the document with these items; the first and last of its reply, parsed, and with the
 * state that the wire has now. */
struct batch *wire_batch(struct wire *wire, const struct words *items, size_t n);
#define WIRE_BATCH(wire, ...) \
	wire_batch((wire), (const struct words[]){__VA_ARGS__}, \
		sizeof((const struct words[]){__VA_ARGS__}) / sizeof(struct words))

/* Commits and frees them, and takes the last one's state over. Asserts success. */
void wire_commit(struct wire *wire, struct batch **batches, size_t n);
void wire_commit_one(struct wire *wire, struct batch *batch);
/* A whole reply. */
#define WIRE_DOCUMENT(wire, ...) wire_commit_one((wire), WIRE_BATCH((wire), __VA_ARGS__))
/* A reply without a document. */
void wire_state_only(struct wire *wire);
/* The same where the state has only what each poll changes. */
void wire_unchanged(struct wire *wire);

/* What was journaled since the last call: "<type> <subject> <version>" a line, "+b" behind those
 * that are backfill. */
void wire_expect(struct wire *wire, const char *lines);
/* Calls `see` for each event since the last call. */
struct wire_event {
	char type[32], id[128], subject[64], *body;
	char topics[512];
};
typedef void wire_see(void *with, const struct wire_event *event);
void wire_each(struct wire *wire, wire_see *see, void *with);
