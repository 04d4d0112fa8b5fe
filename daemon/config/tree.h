/* A YAML file as a tree of nodes that know where they stand. Types are the schema's business: here
 * a scalar is a text (so `country: NO` is Norway). */
#pragma once

#include "config/problem.h"

enum node_type {
	NODE_SCALAR,
	NODE_LIST,
	NODE_MAP,
	NODE_REFUSED, /* something we do not support, reported already */
};

struct node {
	enum node_type type;
	bool plain; /* a scalar without quotes */
	struct mark mark;
	struct str text;      /* of a scalar, NUL-terminated */
	struct str key;       /* in a map: this child's key */
	struct mark key_mark; /* and where it stands */
	struct node *first, *next;
	size_t n; /* children */
};

/* A configuration is a few levels deep (cities, agencies, feeds, auth); what nests deeper is an
 * attack on the stack. */
#define TREE_DEPTH_MAX 32
/* 100,000 feeds with all their keys written out take some 30 MiB. */
#define TREE_BYTES_MAX (64 * 1024 * 1024)

/* The tree of a file's bytes; NULL if the file is empty or cannot be read to its end (which is
 * reported, and makes *ret_broken true). Its nodes, most of its size, are wanted until they are bound;
 * what is bound points to its texts. So each have an arena; it may be the same one. */
struct tree_arenas {
	struct arena *nodes, *texts;
};
struct node *tree_read(const struct tree_arenas *arenas, const struct config_file *file,
	struct str bytes, struct problems *problems, bool *ret_broken);

/* A value left empty: `key:`, `key: ~`, `key: null`. */
bool node_is_null(const struct node *node);
/* The child of a map with this key, or NULL. */
const struct node *node_get(const struct node *map, const char *key);
/* "a list", "a mapping", "a single value": for sentences. */
const char *node_type_text(const struct node *node);
