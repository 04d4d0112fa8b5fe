/* How far a client has come: everything up to `verified`, and the set of what it has beyond. The
 * cursor file is this, written down. */
#ifndef LIB_POSITION_H
#define LIB_POSITION_H

#include "seqset.h"

/* An epoch is [a-z0-9]+, at most this long with its NUL. */
#define POSITION_EPOCH_MAX 17

struct position {
	char epoch[POSITION_EPOCH_MAX]; /* "": no contact yet */
	uint64_t verified;
	struct seqset beyond;
};

/* 0: read; -ENOENT: no file yet; -EINVAL: not a cursor file; or another negative errno. */
int position_load(struct position *ret, const char *path);
/* Written aside, synced, renamed. 0 or a negative errno. */
int position_save(const struct position *position, const char *path);

#endif
