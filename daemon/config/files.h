/* The operator's files: finding them and reading them into the structs of their roots. */
#pragma once

#include "config/bind.h"

struct files {
	struct arena *arena;
	struct problems *problems;
	struct binder *binder;
	unsigned n;  /* read so far */
	bool broken; /* one could not be read: what it would have said is unknown */
};

/* A file of a folder. */
struct file_name {
	const char *path, *shown;
	struct str stem; /* without folder and .yaml */
};

/* Something to report problems of: a file or folder by its path and as problems name it. */
const struct config_file *files_mark(struct files *files, const char *path, const char *shown);
/* Reads a file into the struct of its root section; what is wrong is reported. */
void files_read(
	struct files *files, enum section root, const char *path, const char *shown, void *out);
/* The YAML files of a folder, in order of their names; in the arena. Their number, or -ENOENT; any
 * other negative errno is reported already. */
int files_list(struct files *files, const char *folder, const char *shown, struct file_name **ret);
