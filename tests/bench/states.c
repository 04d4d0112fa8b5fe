/* A store in which feeds have been polled: what a daemon finds that is started again.
 *
 * Usage: bench-states JOURNAL <LIST
 * Makes the journal, with a row for each line of LIST ("ID URL"): a feed that works, whose last poll was
 * a while ago and whose next one is hours ahead. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "base/hash.h"
#include "journal/journal.h"

#define PER_COMMIT 10000
#define AGO_US     (10 * MIN_US)
/* Nobody measures for so long that one of them becomes due. */
#define AHEAD_US (20 * HOUR_US)

static void check(int r, const struct error *error)
{
	if (r >= 0)
		return;
	fprintf(stderr, "bench-states: %s\n", error->text);
	exit(1);
}

static void put(struct journal *journal, const char *id, char *url, int64_t now_us)
{
	const struct feed feed = {.id = id, .url = url};
	struct error error = {0};
	struct journal_feed known;
	/* As nginx and Apache write them. */
	char etag[] = "\"65f1b2c8-4e2a1f-612e8f0a3c\"",
	     modified[] = "Tue, 24 Nov 2026 21:53:02 GMT";
	struct feed_state state = {.etag = etag,
		.last_modified = modified,
		.url = url,
		.body_hash = hash_of(str_of(id)),
		.last_poll_us = now_us - AGO_US,
		.last_success_us = now_us - AGO_US,
		.last_change_us = now_us - DAY_US,
		.next_due_us = now_us + AHEAD_US,
		.news_us = now_us - DAY_US,
		.http_status = 304,
		.items = 20,
		.news = 7,
		.backfilled = true,
		.health = FEED_FINE};

	activity_add(&state.activity, now_us - DAY_US, 3);
	check(journal_feed(journal, &feed, &known, &error), &error);
	check(journal_feed_state_put(journal, known.number, &state, &error), &error);
}

int main(int argc, char **argv)
{
	struct error error = {0};
	struct journal *journal;
	char *notice = NULL, *line = NULL;
	size_t size = 0, n = 0;
	int64_t now_us = clock_real_us();

	if (argc != 2 || hash_global_init() < 0) {
		fputs("usage: bench-states JOURNAL <LIST\n", stderr);
		return 64;
	}
	const struct journal_settings settings = {.path = argv[1]};
	check(journal_open(&journal, &settings, &notice, &error), &error);
	while (getline(&line, &size, stdin) > 0) {
		char *url = strchr(line, ' ');
		if (!url)
			break;
		*url++ = '\0';
		url[strcspn(url, "\n")] = '\0';
		if (n % PER_COMMIT == 0)
			check(journal_begin(journal, &error), &error);
		put(journal, line, url, now_us);
		if (++n % PER_COMMIT == 0)
			check(journal_commit(journal, &error), &error);
	}
	if (n % PER_COMMIT)
		check(journal_commit(journal, &error), &error);
	journal_close(journal);
	free(notice);
	free(line);
	return 0;
}
