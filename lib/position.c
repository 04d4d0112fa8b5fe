/* The cursor file is text, one line:
 *
 *   civicwire-cursor 1 <epoch>.<verified> [<from>-<to>]...
 *
 * The ranges are events handed out beyond `verified`, so that they do not come again. */
#include "position.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define MAGIC "civicwire-cursor 1"
/* A client with so many holes in 5 s of events gets the events behind the last one again (with the
 * same ids) rather than a file that takes longer to write than the events to come. */
#define RANGES_MAX 4096

static int parse(FILE *file, struct position *ret)
{
	uint64_t from, to;

	if (fscanf(file, MAGIC " %16[a-z0-9].%" SCNu64, ret->epoch, &ret->verified) != 2)
		return -EINVAL;
	while (fscanf(file, " %" SCNu64 "-%" SCNu64, &from, &to) == 2) {
		if (from > to || from <= ret->verified ||
			(ret->beyond.n && from <= ret->beyond.ranges[ret->beyond.n - 1].to))
			return -EINVAL;
		int r = seqset_add(&ret->beyond, from);
		if (r < 0)
			return r;
		ret->beyond.ranges[ret->beyond.n - 1].to = to;
	}
	return feof(file) ? 0 : -EINVAL;
}

int position_load(struct position *ret, const char *path)
{
	FILE *file = fopen(path, "re");
	struct position position = {0};

	if (!file)
		return -errno;
	int r = parse(file, &position);
	fclose(file);
	if (r < 0)
		seqset_deinit(&position.beyond);
	else
		*ret = position;
	return r;
}

static int write_all(FILE *file, const struct position *p)
{
	fprintf(file, MAGIC " %s.%" PRIu64, p->epoch, p->verified);
	for (size_t i = 0; i < p->beyond.n && i < RANGES_MAX; i++)
		fprintf(file, " %" PRIu64 "-%" PRIu64, p->beyond.ranges[i].from,
			p->beyond.ranges[i].to);
	fputc('\n', file);
	if (fflush(file) != 0 || ferror(file) || fdatasync(fileno(file)) < 0)
		return errno ? -errno : -EIO;
	return 0;
}

int position_save(const struct position *position, const char *path)
{
	size_t n = strlen(path) + sizeof ".new";
	char *aside = malloc(n);

	if (!aside)
		return -ENOMEM;
	snprintf(aside, n, "%s.new", path);
	FILE *file = fopen(aside, "we");
	int r = file ? write_all(file, position) : -errno;
	if (file && fclose(file) != 0 && r == 0)
		r = -errno;
	if (r == 0 && rename(aside, path) < 0)
		r = -errno;
	if (r < 0 && file)
		unlink(aside);
	free(aside);
	return r;
}
