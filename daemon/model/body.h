/* The bytes of one reply: in memory while they are few, in an unlinked temporary file when they
 * are many, so that a thousand waiting replies cost little and a large one costs no heap. Written
 * once by one thread, then read by another; never both at a time. */
#pragma once

#include "base/buf.h"
#include "base/hash.h"

#include <sys/types.h>

/* Beyond this a body goes to a file: ten times the common feed (20 KB), and 100 transfers at a
 * time then hold 25 MiB at most. */
#define BODY_MEMORY_MAX (256 * 1024)

struct body {
	struct buf memory; /* the whole while fd < 0 */
	int fd;            /* a temporary file of ours, or the file of body_open() */
	size_t n;
};

#define BODY_INIT ((struct body){BUF_INIT, -1, 0})

void body_deinit(struct body *body);
/* 0, or -errno when the temporary file cannot be made or written (ENOSPC, EIO …): the body is then
 * as it was. */
int body_append(struct body *body, const void *p, size_t n);
/* Up to n bytes from `offset` into out: how many (0 at the end), or -errno. */
ssize_t body_read(const struct body *body, size_t offset, void *out, size_t n);
/* Makes a fresh body of a file of at most `max` bytes without copying it: it is read where it is, so
 * nobody should change it meanwhile, and nothing may be appended. What is not a regular file (a pipe)
 * is loaded. 0, -EFBIG or -errno. */
int body_open(struct body *body, const char *path, size_t max);
/* Appends a whole file to a body, which then has at most `max` bytes: 0, -EFBIG or -errno. */
int body_load(struct body *body, const char *path, size_t max);
