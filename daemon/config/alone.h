/* A file by itself, as a tree: for what is shown or tried, not put in force. */
#pragma once

#include "config/files.h"

/* NULL: it is empty, broken (reported), or cannot be read: *ret_err is -errno then, else 0. All in the
 * arena of `files`. */
struct node *alone_read(struct files *files, const char *path, const char *shown, int *ret_err);
