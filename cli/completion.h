/* `civicwire completion`: what the shells may offer. All of it is read from the help of each verb, so that it
 * is what the verbs take. */
#pragma once

#include <stdio.h>

#include "base/arena.h"

struct completion_option {
	struct str letter, name; /* "t", "topic"; either may be absent */
	struct str argument;     /* "PREFIX", "always|never|auto"; absent: it takes none */
	struct str about;
};

struct completion_word {
	struct str word, about;
};

struct completion_verb {
	const char *name, *about;
	struct completion_option *options;
	struct completion_word *words; /* of `journal`: verify, backup … */
	struct str argument;           /* the last of what else it takes: "FILE"; absent: nothing */
	size_t n_options, cap_options, n_words, cap_words;
};

struct completion {
	struct arena arena;
	struct completion_verb *verbs;
	size_t n, cap;
};

/* What a shell has to complete an argument by. */
enum completion_kind {
	COMPLETION_NOTHING,
	COMPLETION_FILE,
	COMPLETION_FOLDER,
	COMPLETION_FEED,
	COMPLETION_CHOICE
};
enum completion_kind completion_kind(struct str argument);

void completion_write_bash(FILE *to, const struct completion *completion);
void completion_write_zsh(FILE *to, const struct completion *completion);
void completion_write_fish(FILE *to, const struct completion *completion);
