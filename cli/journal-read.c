/* civicwire journal stat, verify, backup: what only reads. */
#include "cli/journal.h"

#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "base/list.h"
#include "cli/progress.h"
#include "cli/verb.h"

/* As fast as people read. */
#define WATCH_EVERY_US 100000

static void print_time(const char *name, int64_t us)
{
	char text[TIME_TEXT_MAX];

	printf("%s%.*s\n", name, (int)time_format_us(us, text), text);
}

int journal_verb_stat(const struct journal_verb *verb, const char *path, char **arguments, size_t n)
{
	struct journal_survey s;
	struct error error = {0};

	(void)arguments, (void)n;
	if (journal_survey(path, &s, &error) < 0)
		return journal_verb_failed(verb, &error);
	printf("journal   %s\n", path);
	printf("epoch     %s\n", s.extent.epoch);
	printf("head      %" PRIu64 "\n", s.extent.head);
	printf("events    %" PRIu64, s.events);
	if (s.events)
		printf(", %" PRIu64 " the oldest", s.extent.oldest);
	if (s.redacted)
		printf(", %" PRIu64 " redacted", s.redacted);
	putchar('\n');
	if (s.events) {
		print_time("from      ", s.oldest_us);
		print_time("to        ", s.newest_us);
	}
	printf("topics    %" PRIu64 "\nfeeds     %" PRIu64 "\nseen      %" PRIu64 " items\n",
		s.topics, s.feeds, s.seen);
	printf("size      %" PRIu64 " bytes, %" PRIu64 " of them free, and %" PRIu64
	       " of write-ahead log\n",
		s.bytes, s.free_bytes, s.log_bytes);
	return verb_flush("journal");
}

static void on_finding(struct journal_verify_sink *sink, enum journal_finding kind, uint64_t from,
	uint64_t to, const char *sentence)
{
	(void)sink, (void)from, (void)to;
	progress_end();
	printf("%s: %s\n", kind == FINDING_LOSS ? "note" : "damage", sentence);
}

static void on_progress(struct journal_verify_sink *sink, uint64_t seq, uint64_t head)
{
	(void)sink;
	progress("verifying", seq, head);
}

int journal_verb_verify(
	const struct journal_verb *verb, const char *path, char **arguments, size_t n)
{
	struct journal_verify_sink sink = {on_finding, on_progress};
	struct journal_verdict verdict;
	struct error error = {0};

	(void)arguments, (void)n;
	int r = journal_verify(path, &sink, &verdict, &error);
	if (r < 0) {
		int failed = journal_verb_failed(verb, &error);
		if (r == -EBADMSG)
			fputs("what to do: civicwire(1), WHEN THE JOURNAL IS DAMAGED\n", stderr);
		return failed;
	}
	progress_end();
	printf("%s: %" PRIu64 " event%s readable, from %" PRIu64 " to %" PRIu64 ", epoch %s\n",
		verdict.damage ? "damaged" : "whole", verdict.readable,
		verdict.readable == 1 ? " is" : "s are", verdict.extent.oldest, verdict.extent.head,
		verdict.extent.epoch);
	if (verdict.damage)
		puts("what to do: civicwire(1), WHEN THE JOURNAL IS DAMAGED");
	int code = verb_flush("journal");
	return code ? code : verdict.damage ? EX_DATAERR : EX_OK;
}

/* The copy is one statement of the database's: how far it is shows the file that grows. */
struct watch {
	pthread_t thread;
	const char *to;
	uint64_t all; /* bytes that the copy will have, about */
	atomic_bool over;
};

static void *watch_copy(void *watch)
{
	struct watch *w = watch;
	cleanup(free_p) char *part = mem_printf("%s.part", w->to);
	struct stat st;

	while (!atomic_load(&w->over)) {
		if (stat(part, &st) == 0 && w->all) {
			uint64_t n = (uint64_t)st.st_size;
			progress("copying", n < w->all ? n : w->all, w->all);
		} else {
			progress("copying", 0, 0);
		}
		usleep(WATCH_EVERY_US);
	}
	progress_end();
	return NULL;
}

int journal_verb_backup(
	const struct journal_verb *verb, const char *path, char **arguments, size_t n)
{
	struct watch watch = {.to = arguments[0]};
	struct journal_survey survey;
	struct error error = {0};
	bool watched = false;

	(void)n;
	if (isatty(STDERR_FILENO)) {
		if (journal_survey(path, &survey, &error) == 0)
			watch.all = survey.bytes - survey.free_bytes;
		watched = pthread_create(&watch.thread, NULL, watch_copy, &watch) == 0;
	}
	int r = journal_backup(path, arguments[0], &error);
	if (watched) {
		atomic_store(&watch.over, true);
		pthread_join(watch.thread, NULL);
	}
	return r < 0 ? journal_verb_failed(verb, &error) : EX_OK;
}

struct export
{
	struct journal_dump_sink sink;
	FILE *out;
	uint64_t lines;
};

static int on_line(struct journal_dump_sink *sink, struct str line)
{
	struct export *export = container_of(sink, struct export, sink);
	FILE *out = export->out;

	fwrite(line.p, 1, line.n, out);
	putc('\n', out);
	progress("lines written:", ++export->lines, 0);
	return ferror(out) ? -errno : 0;
}

int journal_verb_export(
	const struct journal_verb *verb, const char *path, char **arguments, size_t n)
{
	/* "x": never over a file that is there. */
	struct export export = {{on_line}, n ? fopen(arguments[0], "wxe") : stdout, 0};
	struct error error = {0};

	if (!export.out) {
		error_errno(&error, errno, "%s", arguments[0]);
		return journal_verb_failed(verb, &error);
	}
	const struct journal_dump_wish wish = {verb->readable};
	struct journal_dump_loss loss = {0};
	int r = journal_dump(path, &wish, &export.sink, &loss, &error);
	if (n && fclose(export.out) != 0 && r >= 0)
		r = -errno;
	if (r < 0 && !error.code)
		error_errno(&error, -r, "cannot write%s%s", n ? " " : "", n ? arguments[0] : "");
	if (r < 0)
		return journal_verb_failed(verb, &error);
	if (loss.events || loss.rows || loss.tables)
		fprintf(stderr,
			"civicwire journal export: left out, for they are damaged: %" PRIu64
			" events, %" PRIu64 " rows of what is remembered, the rest of %" PRIu64
			" tables\n",
			loss.events, loss.rows, loss.tables);
	return n ? EX_OK : verb_flush("journal");
}
