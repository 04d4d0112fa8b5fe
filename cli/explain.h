/* `civicwire explain`: what became of an item, and who may read it. What is found gathers in one JSON
 * object, which --json prints as it is and explain-show.c puts into words. */
#pragma once

#include <jansson.h>
#include <stdbool.h>

#include "cli/past.h"
#include "config/config.h"
#include "normalize/theme.h"

struct explain_run {
	const char *what; /* an event's id, an item's, or its URL */
	const char *folder, *journal, *feed, *client;
	bool json;

	struct config *config;
	struct theme_rules *rules;
	json_t *found;
};

/* Who may read an event with these topics, and by which of them: "readers" of a found event. */
json_t *explain_readers(const struct explain_run *run, const json_t *views);
/* In words, on stdout. */
void explain_show(const struct explain_run *run);
