/* The journal alone: how many events a second can be appended, with their seen rows, in commits of
 * different sizes, and read again.
 *
 * Usage: bench-journal FOLDER SECONDS ROWS-PER-COMMIT
 * Makes a journal in FOLDER (which must be empty), appends for SECONDS and reads all of it. Prints
 * one JSON object: rows, commits, seconds of writing, and seconds of reading. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "base/list.h"
#include "journal/journal.h"

/* With the envelope, an event of 1.5 KB. */
#define DATA_BYTES 850
/* One feed after the other, as replies come. */
#define FEEDS 100

static void fail(const struct error *error)
{
	fprintf(stderr, "bench-journal: %s\n", error->text);
	exit(1);
}

static struct feed *make_feed(size_t n)
{
	struct feed *feed = feed_new();

	feed->id = arena_printf(&feed->arena, "x-test.feeds.f%zu", n).p;
	feed->city = "x-test";
	feed->agency = "feeds";
	feed->name = arena_printf(&feed->arena, "f%zu", n).p;
	feed->path = arena_printf(&feed->arena, "x-test/feeds/f%zu", n).p;
	feed->url = "https://feed.example/rss";
	return feed;
}

static void append(struct journal *journal, const struct feed *feed, uint64_t n, struct str data)
{
	struct error error;
	struct journal_feed known;
	char subject[64], view[64], kind[64];
	uint64_t seq;
	int length = snprintf(
		subject, sizeof subject, "https://feed.example/item/%llu", (unsigned long long)n);
	snprintf(view, sizeof view, "feed/%s/", feed->path);
	snprintf(kind, sizeof kind, "kind/news/%s/", feed->path);
	const struct str views[] = {str_of(view), str_of(kind)};
	struct hash key = hash_of(str_make(subject, (size_t)length));
	struct seen row = {.key = key,
		.item = key,
		.link_key = key,
		.title_key = key,
		.change = key,
		.version = 1,
		.subject = str_make(subject, (size_t)length)};
	struct event event = {.type = EVENT_ITEM_PUBLISHED,
		.feed = feed,
		.publisher = "https://wire.example.org",
		.item = key,
		.version = 1,
		.subject = row.subject,
		.time_s = 1704189600,
		.recorded_us = clock_real_us(),
		.data = data,
		.views = views,
		.n_views = 2};
	int r = journal_feed(journal, feed, &known, &error);
	if (r >= 0)
		r = journal_append(journal, &event, &row, &seq, &error);
	if (r >= 0)
		r = journal_seen_put(journal, known.number, &row, &error);
	if (r < 0)
		fail(&error);
	free((char *)row.views.p);
}

struct reading {
	struct journal_visitor visitor;
	uint64_t rows;
};

static int on_record(struct journal_visitor *visitor, const struct journal_record *record)
{
	(void)record;
	container_of(visitor, struct reading, visitor)->rows++;
	return 0;
}

static double read_all(const char *path, uint64_t rows)
{
	const struct journal_read_limits limits = {UINT64_MAX, 500, SIZE_MAX, 0};
	struct reading reading = {.visitor.record = on_record};
	cleanup(journal_reader_close_p) struct journal_reader *reader = NULL;
	struct error error;
	uint64_t next = 0;
	int64_t start_us = clock_monotonic_us();
	int r = journal_reader_open(&reader, path, &error);

	while (r >= 0 && reading.rows < rows)
		r = journal_read(reader, next, &limits, &reading.visitor, &next, &error);
	if (r < 0)
		fail(&error);
	return (double)(clock_monotonic_us() - start_us) / 1e6;
}

int main(int argc, char **argv)
{
	struct error error = {0};
	struct journal *journal;
	struct feed *feeds[FEEDS];
	char *data, *notice = NULL;
	uint64_t rows = 0, commits = 0;

	if (argc != 4 || hash_global_init() < 0) {
		fputs("usage: bench-journal FOLDER SECONDS ROWS-PER-COMMIT\n", stderr);
		return 64;
	}
	char *path = mem_printf("%s/journal.db", argv[1]);
	uint64_t per_commit = strtoull(argv[3], NULL, 10);
	int64_t limit_us = (int64_t)(strtod(argv[2], NULL) * 1e6);
	const struct journal_settings settings = {.path = path};
	char *text = mem_zalloc(1, DATA_BYTES + 1);
	memset(text, 'x', DATA_BYTES);
	data = mem_printf("{\"content_text\":\"%s\"}", text);
	for (size_t i = 0; i < FEEDS; i++)
		feeds[i] = make_feed(i);
	if (journal_open(&journal, &settings, &notice, &error) < 0)
		fail(&error);
	int64_t start_us = clock_monotonic_us(), us;
	do {
		if (journal_begin(journal, &error) < 0)
			fail(&error);
		for (uint64_t i = 0; i < per_commit; i++)
			append(journal, feeds[(rows / 500) % FEEDS], rows, str_of(data)), rows++;
		if (journal_commit(journal, &error) < 0)
			fail(&error);
		commits++;
		us = clock_monotonic_us() - start_us;
	} while (us < limit_us);
	printf("{\"rows\":%llu,\"commits\":%llu,\"seconds\":%.6f,\"read_seconds\":%.6f}\n",
		(unsigned long long)rows, (unsigned long long)commits, (double)us / 1e6,
		read_all(path, rows));
	journal_close(journal);
	for (size_t i = 0; i < FEEDS; i++)
		feed_unref(feeds[i]);
	free(text);
	free(data);
	free(notice);
	free(path);
	return 0;
}
