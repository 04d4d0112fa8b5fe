#include "model/body.h"

#include "base/cleanup.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define BODY_LOAD_CHUNK 65536

void body_deinit(struct body *body)
{
	buf_deinit(&body->memory);
	if (body->fd >= 0)
		close(body->fd);
	*body = BODY_INIT;
}

/* At an offset, not at the file's own: after a write that failed half-way the next one must not
 * leave a gap. */
static int write_all(int fd, const char *p, size_t n, size_t offset)
{
	while (n) {
		ssize_t w = pwrite(fd, p, n, (off_t)offset);
		if (w < 0 && errno == EINTR)
			continue;
		if (w < 0)
			return -errno;
		p += w;
		n -= (size_t)w;
		offset += (size_t)w;
	}
	return 0;
}

static int open_unlinked(void)
{
	const char *dir = getenv("TMPDIR");
	int fd = open(dir && *dir ? dir : "/tmp", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);

	if (fd >= 0)
		return fd;
	/* A file system without O_TMPFILE (overlayfs before Linux 6.1): make and unlink. */
	cleanup(free_p) char *path = mem_printf("%s/civicwire-XXXXXX", dir && *dir ? dir : "/tmp");
	fd = mkostemp(path, O_CLOEXEC);
	if (fd < 0)
		return -errno;
	unlink(path);
	return fd;
}

static int spill(struct body *body)
{
	cleanup(close_p) int fd = open_unlinked();

	if (fd < 0)
		return fd;
	int r = write_all(fd, body->memory.p, body->memory.n, 0);
	if (r < 0)
		return r;
	buf_deinit(&body->memory);
	body->fd = fd;
	fd = -1;
	return 0;
}

int body_append(struct body *body, const void *p, size_t n)
{
	if (body->fd < 0 && body->n + n <= BODY_MEMORY_MAX) {
		buf_add(&body->memory, p, n);
		body->n += n;
		return 0;
	}
	if (body->fd < 0) {
		int r = spill(body);
		if (r < 0)
			return r;
	}
	int r = write_all(body->fd, p, n, body->n);
	if (r == 0)
		body->n += n;
	return r;
}

ssize_t body_read(const struct body *body, size_t offset, void *out, size_t n)
{
	if (offset >= body->n)
		return 0;
	if (n > body->n - offset)
		n = body->n - offset;
	if (body->fd < 0) {
		memcpy(out, body->memory.p + offset, n);
		return (ssize_t)n;
	}
	for (;;) {
		ssize_t r = pread(body->fd, out, n, (off_t)offset);
		if (r >= 0)
			return r;
		if (errno != EINTR)
			return -errno;
	}
}

/* Appends what is left to read in fd. */
static int load(struct body *body, int fd, size_t max)
{
	char chunk[BODY_LOAD_CHUNK];

	for (;;) {
		ssize_t r = read(fd, chunk, sizeof chunk);
		if (r < 0 && errno == EINTR)
			continue;
		if (r < 0)
			return -errno;
		if (r == 0)
			return 0;
		if (body->n > max || (size_t)r > max - body->n)
			return -EFBIG;
		int e = body_append(body, chunk, (size_t)r);
		if (e < 0)
			return e;
	}
}

int body_load(struct body *body, const char *path, size_t max)
{
	cleanup(close_p) int fd = open(path, O_RDONLY | O_CLOEXEC);

	return fd < 0 ? -errno : load(body, fd, max);
}

int body_open(struct body *body, const char *path, size_t max)
{
	cleanup(close_p) int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct stat st;

	if (fd < 0 || fstat(fd, &st) < 0)
		return -errno;
	/* Files of /proc have no size, yet something to read. */
	if (!S_ISREG(st.st_mode) || st.st_size == 0)
		return load(body, fd, max);
	if ((uintmax_t)st.st_size > max)
		return -EFBIG;
	body->n = (size_t)st.st_size;
	body->fd = fd;
	fd = -1;
	return 0;
}
