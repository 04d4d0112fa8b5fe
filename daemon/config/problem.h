/* Where something stands in the operator's files, and what is wrong there. All problems of a load
 * are collected first and told in the order of files, lines and columns. */
#pragma once

#include "base/arena.h"

#include <stdbool.h>

struct config_report;

/* One file that was read. */
struct config_file {
	const char *shown;       /* as problems name it: relative to the configuration folder */
	const char *path;        /* as it can be opened */
	const char *folder;      /* absolute; what relative paths in the file are relative to */
	unsigned order;          /* of reading */
	bool fresh;              /* not as the configuration in force has it */
	bool stands;             /* not parsed: standing.h */
	struct verdict *verdict; /* NULL: nobody asks */
};

/* What problems mean for a file. */
struct verdict {
	bool troubled; /* one is in it */
	bool blamed;   /* one comes from its being fresh */
	bool wanted;   /* one cannot be told, for the file has not been parsed */
};

/* Lines and columns count from 1, columns in characters; line 0: the file as a whole. */
struct mark {
	const struct config_file *file;
	unsigned line, column;
};

/* Nobody reads more at once, and a file of nonsense must not cost more memory than it has bytes. */
#define PROBLEMS_MAX 1000

struct problem {
	struct mark mark;
	unsigned order; /* keeps two problems at one place in the order they were found */
	const char *text;
};

struct problems {
	struct arena arena;
	struct problem *items;
	size_t n, cap;
	size_t dropped; /* found beyond PROBLEMS_MAX */
};

void problems_init(struct problems *problems);
void problems_deinit(struct problems *problems);
void problem_add(struct problems *problems, struct mark mark, const char *format, ...)
	__attribute__((format(printf, 3, 4), nonnull(3)));
/* The problem at `mark`, which names `other`, has another side: where that file is as it was, the change of
 * this one made it. */
void problem_blame(struct mark mark, struct mark other);
/* The file must be parsed after all. */
void problem_want(const struct config_file *file);
/* A NUL-terminated text of the files as it may be shown in a sentence: on one line, not too long,
 * and without the password of a URL. */
const char *problem_shown(struct problems *problems, struct str text);
/* Tells all of them, sorted, and counts them in the report (may be NULL). */
void problems_tell(struct problems *problems, struct config_report *report);

/* "feeds.d/al-las.yaml:36:9", in the arena. */
const char *mark_text(struct arena *arena, struct mark mark);
