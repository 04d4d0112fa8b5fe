/* How fast the journal writes and reads. Usage: bench-journal [FOLDER]
 *
 *	commit N     transactions of N events of 1.5 KB, each with its seen row, and one feed state:
 *	             what one reply of N new items costs the journal thread, without dedup
 *	record N     the same through recorder_commit(): look-ups, verdicts, views
 *	same N       a document of N known items: nothing to write but the feed's state
 *	replay       the whole journal, slice by slice, every body checked
 *	scan         the same, looking at views alone
 *
 * The folder must be on the disk that is meant: a commit costs one fsync. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/list.h"
#include "record/record.h"

#define BODY_BYTES 1000 /* of data; the envelope and the views make it 1.5 KB */
#define RUN_US     (2 * SEC_US)
#define FEEDS      1000

struct bench {
	char path[512];
	struct journal *journal;
	struct recorder *recorder;
	struct feed *feeds[FEEDS];
	struct error error;
	unsigned long long next_item;
	char data[BODY_BYTES + 1];
};

static void check(const struct bench *b, int r)
{
	if (r >= 0)
		return;
	fprintf(stderr, "bench-journal: %s\n", b->error.text);
	exit(1);
}

static struct feed *make_feed(int i)
{
	static const char *networks[] = {"al-las"}, *themes[] = {"climate", "health"};
	struct feed *feed = feed_new();

	feed->id = mem_printf("aa-bbb.cc.feed-%d", i);
	feed->path = mem_printf("aa-bbb/cc/feed-%d", i);
	feed->city = "aa-bbb";
	feed->agency = "cc";
	feed->name = "feed";
	feed->url = "https://feed.example/rss";
	feed->language = "es";
	feed->networks = networks;
	feed->n_networks = 1;
	feed->themes = themes;
	feed->n_themes = 2;
	return feed;
}

static struct batch *make_batch(
	struct bench *b, const struct feed *feed, unsigned long long from, size_t n)
{
	struct batch *batch = batch_new(feed);
	struct arena *arena = &batch->arena;

	batch->items = arena_zalloc(arena, n * sizeof *batch->items);
	batch->n_items = n;
	batch->first = batch->last = batch->parsed = true;
	batch->state.backfilled = true;
	batch->state.health = FEED_FINE;
	batch->state.last_change_us = clock_real_us();
	for (size_t i = 0; i < n; i++) {
		struct batch_item *item = &batch->items[i];
		item->subject = arena_printf(arena, "https://feed.example/?p=%llu", from + i);
		item->key = item->key_link = item->link_key = hash_of(item->subject);
		item->title_key = item->change = item->key;
		item->data = str_make(b->data, BODY_BYTES);
		item->time_s = TIME_NONE;
		item->themes = arena_alloc(arena, 2 * sizeof *item->themes);
		item->themes[0] = STR("climate");
		item->themes[1] = STR("health");
		item->n_themes = 2;
	}
	return batch;
}

static void commit_raw(struct bench *b, const struct batch *batch)
{
	struct journal_feed feed;
	struct arena arena = ARENA_INIT;

	check(b, journal_begin(b->journal, &b->error));
	check(b, journal_feed(b->journal, batch->feed, &feed, &b->error));
	for (size_t i = 0; i < batch->n_items; i++) {
		const struct batch_item *item = &batch->items[i];
		struct str views[8];
		uint64_t seq;
		struct event event = {.type = EVENT_ITEM_PUBLISHED,
			.feed = batch->feed,
			.publisher = "https://wire.example",
			.item = item->key,
			.version = 1,
			.subject = item->subject,
			.time_s = TIME_NONE,
			.recorded_us = clock_real_us(),
			.themes = item->themes,
			.n_themes = item->n_themes,
			.data = item->data,
			.views = views};
		struct seen row = {.key = item->key,
			.item = item->key,
			.link_key = item->key,
			.title_key = item->key,
			.change = item->key,
			.version = 1,
			.last_seen_us = event.recorded_us,
			.subject = item->subject};
		event.n_views = event_views(&arena, &event, views);
		check(b, journal_append(b->journal, &event, &row, &seq, &b->error));
		check(b, journal_seen_put(b->journal, feed.number, &row, &b->error));
		free((char *)row.views.p);
		arena_reset(&arena);
	}
	check(b, journal_feed_state_put(b->journal, feed.number, &batch->state, &b->error));
	check(b, journal_commit(b->journal, &b->error));
	arena_deinit(&arena);
}

static void commit_recorded(struct bench *b, struct batch *batch)
{
	struct record_counts counts;

	check(b, recorder_commit(b->recorder, &batch, 1, clock_real_us(), &counts, &b->error));
}

enum mode { MODE_COMMIT, MODE_RECORD, MODE_SAME };

static void run(struct bench *b, enum mode mode, size_t n)
{
	static const char *const names[] = {"commit", "record", "same"};
	int64_t busy = 0, longest = 0, start;
	size_t commits = 0;

	for (size_t i = 0; i < FEEDS && mode == MODE_SAME; i++) {
		struct batch *batch = make_batch(b, b->feeds[i], 0, n);
		commit_recorded(b, batch);
		batch_free(batch);
	}
	start = clock_monotonic_us();

	while (clock_monotonic_us() - start < RUN_US) {
		struct feed *feed = b->feeds[commits % FEEDS];
		unsigned long long from = mode == MODE_SAME ? 0 : b->next_item;
		struct batch *batch = make_batch(b, feed, from, n);
		b->next_item += mode == MODE_SAME ? 0 : n;
		int64_t t = clock_monotonic_us();
		if (mode == MODE_COMMIT)
			commit_raw(b, batch);
		else
			commit_recorded(b, batch);
		t = clock_monotonic_us() - t;
		busy += t;
		longest = t > longest ? t : longest;
		commits++;
		batch_free(batch);
	}
	printf("%-8s %5zu   %9.0f items/s   %8.0f commits/s   longest %7.1f ms\n", names[mode], n,
		(double)(commits * n) * 1e6 / (double)busy, (double)commits * 1e6 / (double)busy,
		(double)longest / 1e3);
	fflush(stdout);
}

static bool refuse(struct journal_visitor *visitor, const struct journal_record *record)
{
	(void)visitor;
	(void)record;
	return false;
}

static int accept(struct journal_visitor *visitor, const struct journal_record *record)
{
	(void)visitor;
	return record->body.n ? 0 : -EBADMSG;
}

static void read_all(struct bench *b, const char *name,
	bool (*want)(struct journal_visitor *, const struct journal_record *))
{
	const struct journal_read_limits limits = {journal_head(b->journal), 500, 4 << 20, 5000};
	struct journal_visitor visitor = {want, accept};
	struct journal_reader *reader;
	uint64_t after = 0;

	check(b, journal_reader_open(&reader, b->path, &b->error));
	int64_t t = clock_monotonic_us();
	while (after < limits.to)
		check(b, journal_read(reader, after, &limits, &visitor, &after, &b->error));
	t = clock_monotonic_us() - t;
	printf("%-8s         %9.0f events/s\n", name, (double)after * 1e6 / (double)t);
	journal_reader_close(reader);
}

int main(int argc, char **argv)
{
	const char *folder = argc > 1 ? argv[1] : ".";
	static const size_t sizes[] = {1, 10, 100, 1000};
	struct bench b = {.next_item = 1000000};
	struct journal_settings settings = {.path = b.path};
	char *notice = NULL, name[600];

	if (hash_global_init() < 0)
		return 1;
	snprintf(b.path, sizeof b.path, "%s/bench-journal-%d.db", folder, (int)getpid());
	memset(b.data, '1', BODY_BYTES);
	for (int i = 0; i < FEEDS; i++)
		b.feeds[i] = make_feed(i);
	check(&b, journal_open(&b.journal, &settings, &notice, &b.error));
	b.recorder = recorder_new(b.journal, "https://wire.example");
	for (int mode = MODE_COMMIT; mode <= MODE_SAME; mode++)
		for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++)
			run(&b, mode, sizes[i]);
	read_all(&b, "replay", NULL);
	read_all(&b, "scan", refuse);
	recorder_free(b.recorder);
	journal_close(b.journal);
	static const char *const suffixes[] = {"", "-wal", "-shm", ".head"};
	for (int i = 0; i < 4; i++) {
		snprintf(name, sizeof name, "%s%s", b.path, suffixes[i]);
		unlink(name);
	}
	return 0;
}
