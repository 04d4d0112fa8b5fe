/* Digests each file named on stdin, as `civicwire parse` does, and has callgrind note the instructions
 * of each: one profile per file, whose trigger is the file's name. Not under callgrind it only digests.
 *
 * Usage: valgrind --tool=callgrind --combine-dumps=yes bench-work < list of files, one per line */
#include <stdio.h>
#include <string.h>
#include <valgrind/callgrind.h>

#include "base/cleanup.h"
#include "digest/digest.h"

#define FILE_BYTES_MAX (64 * 1024 * 1024)

static int drop(struct digest_out *out, struct str piece)
{
	(void)out, (void)piece;
	return 0;
}

static int digest(struct digester *digester, const char *name)
{
	cleanup(body_deinit) struct body body = BODY_INIT;
	struct digest_out out = {drop};
	const struct digest_print_options options = {
		.hints.url = STR("https://city.example/feed.xml"), .now_s = 1750000000};
	struct error error = {0};
	int r = body_load(&body, name, FILE_BYTES_MAX);

	if (r < 0)
		return r;
	CALLGRIND_ZERO_STATS;
	digest_print(digester, &body, &options, &out, &error); /* "no feed" is an answer, too */
	CALLGRIND_DUMP_STATS_AT(name);
	return 0;
}

int main(void)
{
	struct digester *digester = digester_new(NULL);
	char line[4096];
	int r = 0;

	while (r == 0 && fgets(line, sizeof line, stdin)) {
		line[strcspn(line, "\n")] = '\0';
		r = digest(digester, line);
		if (r < 0)
			fprintf(stderr, "bench-work: %s: %s\n", line, strerror(-r));
	}
	digester_free(digester);
	return r < 0;
}
