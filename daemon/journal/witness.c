#include "journal/witness.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <sys/file.h>
#include <unistd.h>

#include "base/alloc.h"
#include "journal/encoding.h"

/* One line of fixed length, so that overwriting it in place never leaves parts of an older one. */
#define WITNESS_FORMAT "civicwire-head 1 %-16s %020" PRIu64 " %016" PRIx64 " "
#define WITNESS_BYTES  (17 + 17 + 21 + 17) /* up to its own checksum: what the format writes */
#define WITNESS_LINE   (WITNESS_BYTES + 17)

int witness_open(struct witness *witness, const char *store, struct error *error)
{
	struct witness w = {-1, mem_printf("%s.head", store)};
	int r = 0;

	w.fd = open(w.path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0640);
	if (w.fd < 0) {
		int code = errno;
		r = error_errno(error, code, code == ENOENT ? "the folder of %s" : "%s",
			code == ENOENT ? store : w.path);
	} else if (flock(w.fd, LOCK_EX | LOCK_NB) < 0) {
		r = errno == EWOULDBLOCK ? error_set(error, EBUSY,
						   "%s is in use: another process writes it", store)
					 : error_errno(error, errno, "locking %s", w.path);
	}
	if (r < 0) {
		witness_close(&w);
		return r;
	}
	*witness = w;
	return 0;
}

void witness_close(struct witness *witness)
{
	if (witness->fd >= 0)
		close(witness->fd);
	free(witness->path);
	*witness = WITNESS_NONE;
}

int witness_read(const struct witness *witness, struct witness_record *ret)
{
	char line[WITNESS_LINE + 1] = "";
	struct witness_record record = {0};
	uint64_t check;
	ssize_t n = pread(witness->fd, line, WITNESS_LINE, 0);

	if (n < 0)
		return -errno;
	if (n == 0)
		return 0;
	if (n != WITNESS_LINE ||
		sscanf(line, "civicwire-head 1 %16s %20" SCNu64 " %16" SCNx64 " %16" SCNx64,
			record.epoch, &record.seq, &record.checksum, &check) != 4 ||
		check != checksum_of(str_make(line, WITNESS_BYTES)))
		return -EBADMSG;
	*ret = record;
	return 1;
}

int witness_write(const struct witness *witness, const struct witness_record *record)
{
	char line[WITNESS_LINE + 1];
	int n = snprintf(
		line, sizeof line, WITNESS_FORMAT, record->epoch, record->seq, record->checksum);

	snprintf(line + n, sizeof line - (size_t)n, "%016" PRIx64 "\n",
		checksum_of(str_make(line, (size_t)n)));
	ssize_t written = pwrite(witness->fd, line, WITNESS_LINE, 0);
	if (written < 0)
		return -errno;
	return written == WITNESS_LINE ? 0 : -EIO;
}
