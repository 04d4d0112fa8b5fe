/* Trees of YAML → the structs of entry.h and config.h, by the schema table. Whatever does not fit
 * is reported and left out; references are noted down and checked when all files are read. */
#pragma once

#include "config/entry.h"
#include "config/schema.h"
#include "config/tree.h"

/* Where we are: for sentences such as "feed mx-mex.cgai.noticias: …". */
struct place {
	const struct place *up; /* NULL at the root of a file */
	enum section section;
	const char *id; /* NULL: none */
};

/* A text that names something defined elsewhere. */
struct reference {
	/* KEY_…_REF, KEY_FEED_PATTERN, KEY_FORMER_FEED; KEY_HOST, which may stand in one entry
	 * only; KEY_FEED_URL for a file: URL, which needs leave */
	enum key_type type;
	const char *text;
	struct mark mark;
	const struct place *place;
};

struct binder {
	struct arena *arena;
	struct problems *problems;
	struct reference *references;
	size_t n_references, cap_references;
	const char *last_timezone; /* checked last and fine: looking it up asks the disk */
	const struct schema_key *rows[SECTION_COUNT];
	size_t n_rows[SECTION_COUNT];
};

void binder_init(struct binder *binder, struct arena *arena, struct problems *problems);
/* Fills every member of the struct of a root section that has a default. */
void bind_defaults(struct binder *binder, enum section root, void *out);
/* Reads the root of a file into the struct of its section. `root` may be NULL: an empty file. */
void bind_file(struct binder *binder, enum section section, const struct node *root, void *out);

/* One more reference. */
struct reference *binder_refer(struct binder *binder);

/* "feed mx-mex.cgai.noticias: ", or "" at the root of a file; in the problems' arena. */
const char *place_text(struct problems *problems, const struct place *place);
/* "mx-mex.cgai.noticias": the ids of cities, agencies and feeds up to the root, in the arena. */
const char *place_path(struct arena *arena, const struct place *place);
