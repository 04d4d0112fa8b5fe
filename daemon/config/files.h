/* The operator's files: finding them and reading them into the structs of their roots. */
#pragma once

#include "config/bind.h"
#include "config/texts.h"

struct files {
	struct arena *arena;
	struct problems *problems;
	struct binder *binder;
	unsigned n;               /* read so far */
	bool broken;              /* one could not be read: what it would have said is unknown */
	struct config_texts *now; /* what has been read; NULL: nobody asks */
	/* On a reload: what the configuration in force was read from, and the names of files that are
	 * read from there, for what they say now is broken. */
	const struct config_texts *before;
	struct map *kept;
	struct standing_feeds *standing; /* NULL: every file is parsed */
	struct map *wanted;              /* names of files that are, whatever stands of them */
	struct config_file **fresh;      /* those read that are not as before */
	size_t n_fresh, cap_fresh;
	atomic_bool *given_up; /* nobody waits any more: read nothing else; may be NULL */
};

/* A file of a folder. */
struct file_name {
	const char *path, *shown;
	struct str stem; /* without folder and .yaml */
};

/* Something to report problems of: a file or folder by its path and as problems name it. */
struct config_file *files_mark(struct files *files, const char *path, const char *shown);
/* Reads a file into the struct of its root section; what is wrong is reported. A kept one is read as it
 * was before; if it was not there, it stays unread. */
void files_read(
	struct files *files, enum section root, const char *path, const char *shown, void *out);
/* The same of a file of feeds.d/, which is not parsed where it stands. */
void files_read_feeds(
	struct files *files, const char *path, const char *shown, struct feeds_file *out);
/* The YAML files of a folder, in order of their names; in the arena. Their number, or -ENOENT; any
 * other negative errno is reported already. On a reload a folder that cannot be listed, or has gone
 * with its files, is reported too, and has those it had before. */
int files_list(struct files *files, const char *folder, const char *shown, struct file_name **ret);
