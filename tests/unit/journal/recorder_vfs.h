/* A layer over SQLite's access to files (a VFS) that remembers what was written and synced, and can fail:
 * what a disk would have after the power went, and what a full or broken one says. The program's
 * default VFS once installed; one thread, one store at a time. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum recorded_file { RECORDED_MAIN, RECORDED_WAL, RECORDED_FILES };

struct recorded_op {
	enum { OP_WRITE, OP_TRUNCATE, OP_SYNC, OP_MARK } type;
	enum recorded_file file;
	int64_t offset; /* of a write; the size of a truncation; the number of a mark */
	size_t n;
	unsigned char *bytes;
};

struct recorder_vfs {
	struct recorded_op *ops;
	size_t n, cap;
	bool paused; /* nothing is noted, nothing fails */
	/* Each fail_every-th call (0: none) of these kinds fails with this result code. */
	unsigned fail_every, calls, failures;
	int fail_write, fail_sync; /* SQLITE_FULL, SQLITE_IOERR_FSYNC …; 0: it does not */
};

/* Installs it and starts recording into the one returned. */
struct recorder_vfs *recorder_vfs_install(void);
/* Notes a moment between operations. */
void recorder_vfs_mark(struct recorder_vfs *vfs, int64_t number);
void recorder_vfs_forget(struct recorder_vfs *vfs);

/* The files as a power cut right after operation `cut` may leave them, into `main_path` and
 * `main_path`-wal: all up to each file's last sync, and of what came after, by chance, sectors or none of
 * them. *seed is rand_r()'s. Returns the last mark before the cut (0: none). */
int64_t recorder_vfs_cut(
	const struct recorder_vfs *vfs, size_t cut, const char *main_path, unsigned *seed);
