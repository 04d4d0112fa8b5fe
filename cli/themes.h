/* `civicwire themes test`: rules against past events. What is found gathers in one JSON object, by theme,
 * which --json prints as it is and themes-show.c puts into words. */
#pragma once

#include <jansson.h>
#include <stdbool.h>

/* Of each theme, titles that would come and that would go. */
#define THEMES_EXAMPLES 5

struct themes_found {
	json_t *themes; /* by id: {events, added, lost, feeds: {…}, words: {…}, examples: {…}} */
	unsigned long long events;
	unsigned long long examples; /* shown of each theme */
};

void themes_show(const struct themes_found *found);
