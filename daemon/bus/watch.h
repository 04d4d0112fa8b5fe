/* Looking at new events once for all requests that wait: which topics did they touch? */
#pragma once

#include "bus/filter.h"
#include "journal/journal.h"

struct touch {
	uint32_t topic;
	uint64_t newest;
};

struct watch {
	struct journal_visitor visitor;
	uint64_t seen;          /* whoever waits has looked at everything up to here */
	uint64_t look;          /* counts the looks */
	uint64_t first, newest; /* of this look; 0: nothing there */
	struct touch *touches;
	size_t n, cap;
	uint32_t *places; /* by topic: index in touches + 1, 0: untouched */
	size_t n_places;
};

void watch_init(struct watch *watch);
void watch_deinit(struct watch *watch);
/* Looks at one slice of events up to `head`. 0, or a negative errno; -ESTALE: there is a gap before
 * the first one. */
int watch_look(
	struct watch *watch, struct journal_reader *reader, uint64_t head, struct error *error);
/* The newest event of the last look that the filter lets pass; 0: none. */
uint64_t watch_newest(
	struct watch *watch, struct filter *filter, const struct journal_reader *names);
