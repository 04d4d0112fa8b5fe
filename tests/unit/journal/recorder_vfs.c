#include "recorder_vfs.h"

#include <fcntl.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/str.h"

/* What a disk writes whole or not at all. */
#define SECTOR 512

struct shim_file {
	sqlite3_file base;
	enum recorded_file which; /* RECORDED_FILES: of no interest */
	sqlite3_file *real;       /* behind this struct */
};

static struct recorder_vfs recorder;
static sqlite3_vfs shim;

static sqlite3_vfs *under(void)
{
	return shim.pAppData;
}

static sqlite3_file *real_of(sqlite3_file *file)
{
	return ((struct shim_file *)file)->real;
}

static struct recorded_op *note(enum recorded_file file)
{
	MEM_GROW(recorder.ops, recorder.cap, recorder.n + 1);
	recorder.ops[recorder.n] = (struct recorded_op){.file = file};
	return &recorder.ops[recorder.n++];
}

/* The code this call fails with, or SQLITE_OK. */
static int chance(int code)
{
	if (recorder.paused || !recorder.fail_every || !code ||
		++recorder.calls % recorder.fail_every)
		return SQLITE_OK;
	recorder.failures++;
	return code;
}

static int on_close(sqlite3_file *file)
{
	return real_of(file)->pMethods ? real_of(file)->pMethods->xClose(real_of(file)) : SQLITE_OK;
}

static int on_read(sqlite3_file *file, void *to, int n, sqlite3_int64 offset)
{
	return real_of(file)->pMethods->xRead(real_of(file), to, n, offset);
}

static int on_write(sqlite3_file *file, const void *from, int n, sqlite3_int64 offset)
{
	struct shim_file *f = (struct shim_file *)file;
	int rc = f->which == RECORDED_FILES ? SQLITE_OK : chance(recorder.fail_write);

	if (rc != SQLITE_OK)
		return rc;
	rc = f->real->pMethods->xWrite(f->real, from, n, offset);
	if (rc == SQLITE_OK && !recorder.paused && f->which != RECORDED_FILES) {
		struct recorded_op *op = note(f->which);
		op->type = OP_WRITE;
		op->offset = offset;
		op->n = (size_t)n;
		op->bytes = mem_alloc((size_t)n);
		memcpy(op->bytes, from, (size_t)n);
	}
	return rc;
}

static int on_truncate(sqlite3_file *file, sqlite3_int64 size)
{
	struct shim_file *f = (struct shim_file *)file;
	int rc = f->real->pMethods->xTruncate(f->real, size);

	if (rc == SQLITE_OK && !recorder.paused && f->which != RECORDED_FILES) {
		struct recorded_op *op = note(f->which);
		op->type = OP_TRUNCATE;
		op->offset = size;
	}
	return rc;
}

static int on_sync(sqlite3_file *file, int flags)
{
	struct shim_file *f = (struct shim_file *)file;
	int rc = f->which == RECORDED_FILES ? SQLITE_OK : chance(recorder.fail_sync);

	/* One that failed has synced nothing; the disk may have lost what it was about. */
	if (rc != SQLITE_OK)
		return rc;
	rc = f->real->pMethods->xSync(f->real, flags);
	if (rc == SQLITE_OK && !recorder.paused && f->which != RECORDED_FILES)
		note(f->which)->type = OP_SYNC;
	return rc;
}

static int on_size(sqlite3_file *file, sqlite3_int64 *size)
{
	return real_of(file)->pMethods->xFileSize(real_of(file), size);
}

static int on_lock(sqlite3_file *file, int level)
{
	return real_of(file)->pMethods->xLock(real_of(file), level);
}

static int on_unlock(sqlite3_file *file, int level)
{
	return real_of(file)->pMethods->xUnlock(real_of(file), level);
}

static int on_check(sqlite3_file *file, int *result)
{
	return real_of(file)->pMethods->xCheckReservedLock(real_of(file), result);
}

static int on_control(sqlite3_file *file, int what, void *argument)
{
	return real_of(file)->pMethods->xFileControl(real_of(file), what, argument);
}

static int on_sector(sqlite3_file *file)
{
	return real_of(file)->pMethods->xSectorSize(real_of(file));
}

/* No promises beyond a plain disk's. */
static int on_traits(sqlite3_file *file)
{
	(void)file;
	return 0;
}

static int on_shm_map(sqlite3_file *file, int page, int size, int extend, void volatile **ret)
{
	return real_of(file)->pMethods->xShmMap(real_of(file), page, size, extend, ret);
}

static int on_shm_lock(sqlite3_file *file, int offset, int n, int flags)
{
	return real_of(file)->pMethods->xShmLock(real_of(file), offset, n, flags);
}

static void on_shm_barrier(sqlite3_file *file)
{
	real_of(file)->pMethods->xShmBarrier(real_of(file));
}

static int on_shm_unmap(sqlite3_file *file, int remove)
{
	return real_of(file)->pMethods->xShmUnmap(real_of(file), remove);
}

static const sqlite3_io_methods methods = {
	.iVersion = 2, /* the third's memory mapping would pass by us */
	.xClose = on_close,
	.xRead = on_read,
	.xWrite = on_write,
	.xTruncate = on_truncate,
	.xSync = on_sync,
	.xFileSize = on_size,
	.xLock = on_lock,
	.xUnlock = on_unlock,
	.xCheckReservedLock = on_check,
	.xFileControl = on_control,
	.xSectorSize = on_sector,
	.xDeviceCharacteristics = on_traits,
	.xShmMap = on_shm_map,
	.xShmLock = on_shm_lock,
	.xShmBarrier = on_shm_barrier,
	.xShmUnmap = on_shm_unmap,
};

static int on_open(
	sqlite3_vfs *vfs, const char *name, sqlite3_file *file, int flags, int *ret_flags)
{
	struct shim_file *f = (struct shim_file *)file;

	(void)vfs;
	f->real = (sqlite3_file *)(void *)(f + 1);
	f->which = flags & SQLITE_OPEN_MAIN_DB ? RECORDED_MAIN
		   : flags & SQLITE_OPEN_WAL   ? RECORDED_WAL
					       : RECORDED_FILES;
	int rc = under()->xOpen(under(), name, f->real, flags, ret_flags);
	f->base.pMethods = rc == SQLITE_OK ? &methods : NULL;
	return rc;
}

struct recorder_vfs *recorder_vfs_install(void)
{
	sqlite3_vfs *real = sqlite3_vfs_find(NULL);

	if (real == &shim)
		return &recorder;
	shim = *real;
	shim.zName = "recorder";
	shim.pAppData = real;
	shim.szOsFile = (int)sizeof(struct shim_file) + real->szOsFile;
	shim.xOpen = on_open;
	sqlite3_vfs_register(&shim, 1);
	return &recorder;
}

void recorder_vfs_mark(struct recorder_vfs *vfs, int64_t number)
{
	struct recorded_op *op = note(RECORDED_FILES);

	(void)vfs;
	op->type = OP_MARK;
	op->offset = number;
}

void recorder_vfs_forget(struct recorder_vfs *vfs)
{
	for (size_t i = 0; i < vfs->n; i++)
		free(vfs->ops[i].bytes);
	vfs->n = 0;
}

/* Applies a write, all of it or the sectors that chance has kept. */
static void apply(int fd, const struct recorded_op *op, bool whole, unsigned *seed)
{
	if (op->type == OP_TRUNCATE) {
		if ((whole || rand_r(seed) % 2) && ftruncate(fd, op->offset) < 0)
			abort();
		return;
	}
	/* Some writes never came, some in part, most all. */
	int fate = whole ? 3 : rand_r(seed) % 4;
	for (size_t at = 0; at < op->n;) {
		size_t end = (((size_t)op->offset + at) / SECTOR + 1) * SECTOR - (size_t)op->offset;
		size_t n = (end < op->n ? end : op->n) - at;
		bool kept = fate == 3 || fate == 2 || (fate == 1 && rand_r(seed) % 2);
		if (kept && pwrite(fd, op->bytes + at, n, op->offset + (off_t)at) != (ssize_t)n)
			abort();
		at += n;
	}
}

int64_t recorder_vfs_cut(
	const struct recorder_vfs *vfs, size_t cut, const char *main_path, unsigned *seed)
{
	size_t synced[RECORDED_FILES] = {0};
	int fds[RECORDED_FILES];
	char wal[256];
	int64_t mark = 0;

	snprintf(wal, sizeof wal, "%s-wal", main_path);
	fds[RECORDED_MAIN] = open(main_path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	fds[RECORDED_WAL] = open(wal, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	if (fds[0] < 0 || fds[1] < 0)
		abort();
	for (size_t i = 0; i < cut; i++)
		if (vfs->ops[i].type == OP_SYNC)
			synced[vfs->ops[i].file] = i;
	for (size_t i = 0; i < cut; i++) {
		const struct recorded_op *op = &vfs->ops[i];
		if (op->type == OP_MARK)
			mark = op->offset;
		else if (op->type != OP_SYNC)
			apply(fds[op->file], op, i < synced[op->file], seed);
	}
	close(fds[0]);
	close(fds[1]);
	return mark;
}
