/* Past events, read back: from the journal's file, beside a daemon that writes it, or from JSON lines as
 * `journal export` and `replay` print them. */
#pragma once

#include <jansson.h>

#include "journal/journal.h"
#include "model/item.h"

struct past_event {
	uint64_t seq; /* 0: the file does not say */
	int64_t recorded_us;
	struct str body;   /* its JSON */
	json_t *json;      /* the same, read */
	struct str *views; /* topics; none if the file does not say */
	size_t n_views;
};

/* Embed this and find the owner with container_of. An event is valid during the call. */
struct past_sink {
	/* May be NULL: all. Asked with the bytes alone, before they are read. */
	bool (*want)(struct past_sink *sink, struct str body);
	/* Return 0 to go on, else the reading ends with that. */
	int (*event)(struct past_sink *sink, const struct past_event *event);
};

/* All events of the journal's file, oldest first; of one feed if `feed` (its id) is given. Tells
 * progress. *ret_extent (may be NULL) is what the journal holds. */
int past_read_journal(const char *path, const char *feed, struct past_sink *sink,
	struct journal_extent *ret_extent, struct error *error);
/* The same of a file of JSON lines; "-" is standard input. */
int past_read_lines(
	const char *path, const char *feed, struct past_sink *sink, struct error *error);

/* Of an item event: the item as far as themes go by it. Texts are the event's own, or in the arena. */
void past_item(const struct past_event *event, struct arena *arena, struct item *ret);

/* A member of a JSON object as text; STR_NONE: it is absent or no text. */
struct str past_text(const json_t *object, const char *name);
