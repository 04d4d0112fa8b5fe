#include "cli/progress.h"

#include <inttypes.h>
#include <stdio.h>
#include <unistd.h>

#include "base/clock.h"

/* What is over within this time needs no word. */
#define PROGRESS_AFTER_US SEC_US
/* Ten times a second is as fast as people read. */
#define PROGRESS_EVERY_US (100 * MSEC_US)

struct line {
	int64_t began_us, next_us;
	bool shown;
};

/* The one line of this process' terminal. */
static struct line *the_line(void)
{
	static _Thread_local struct line line;

	return &line;
}

void progress(const char *what, uint64_t done, uint64_t all)
{
	struct line *line = the_line();
	int64_t now = clock_monotonic_us();

	if (!line->began_us) {
		line->began_us = now;
		line->next_us = now + PROGRESS_AFTER_US;
	}
	if (now < line->next_us || !isatty(STDERR_FILENO))
		return;
	line->next_us = now + PROGRESS_EVERY_US;
	line->shown = true;
	if (all)
		fprintf(stderr, "\r\033[K%s %3d %%", what, (int)(done * 100 / all));
	else
		fprintf(stderr, "\r\033[K%s %" PRIu64, what, done);
	fflush(stderr);
}

void progress_end(void)
{
	struct line *line = the_line();

	if (line->shown)
		fputs("\r\033[K", stderr);
	*line = (struct line){0};
}
