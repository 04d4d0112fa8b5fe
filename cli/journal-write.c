/* civicwire journal prune, redact: what changes a store. */
#include "cli/journal.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <sysexits.h>

#include "base/clock.h"
#include "cli/progress.h"
#include "cli/verb.h"
#include "config/quantity.h"

static uint64_t count_events(const char *path)
{
	struct journal_survey s;

	return journal_survey(path, &s, NULL) < 0 ? 0 : s.events;
}

int journal_verb_prune(
	const struct journal_verb *verb, const char *path, char **arguments, size_t n)
{
	struct journal_settings settings = {.path = path};
	cleanup(journal_close_p) struct journal *journal = NULL;
	struct error error = {0};
	int code = EX_OK, r;

	(void)n;
	if (!quantity_duration(str_of(arguments[0]), &settings.keep_us) || settings.keep_us <= 0)
		return verb_misused("journal",
			"'%s' is no duration: a whole number and a unit, such as 90d or 12h",
			arguments[0]);
	journal = journal_verb_open(verb, &settings, &code);
	if (!journal)
		return code;
	uint64_t before = count_events(path);
	while ((r = journal_retain(journal, clock_real_us(), &error)) > 0)
		progress("pruning", before - count_events(path), before);
	if (r < 0)
		return journal_verb_failed(verb, &error);
	progress_end();
	uint64_t after = count_events(path);
	printf("%" PRIu64 " events removed, %" PRIu64 " kept\n", before - after, after);
	return verb_flush("journal");
}

/* A daemon has the journal: its own thread does it. The epoch says which journal is meant, for the socket
 * may be another daemon's. */
static int ask_daemon(const struct journal_verb *verb, const char *path, char *id)
{
	struct journal_reader *reader;
	struct journal_extent extent;
	struct error error = {0};
	int r = journal_reader_open(&reader, path, &error);

	if (r >= 0) {
		r = journal_extent(reader, &extent, &error);
		journal_reader_close(reader);
	}
	if (r < 0)
		return journal_verb_failed(verb, &error);
	char program[] = "civicwire", part[] = "redact";
	char *argv[] = {program, part, (char *)(uintptr_t)verb->socket, extent.epoch, id, NULL};
	return verb_become_online(argv);
}

int journal_verb_redact(
	const struct journal_verb *verb, const char *path, char **arguments, size_t n)
{
	struct journal_settings settings = {.path = path};
	cleanup(journal_close_p) struct journal *journal = NULL;
	struct journal_redaction redaction = {0};
	struct error error = {0};
	int code = EX_OK;

	(void)n;
	journal = journal_verb_open(verb, &settings, &code);
	/* A daemon has it: that one does it. */
	if (!journal && code == EX_TEMPFAIL)
		return ask_daemon(verb, path, arguments[0]);
	if (!journal)
		return code;
	if (journal_redact(journal, str_of(arguments[0]), clock_real_us(), &redaction, &error) < 0)
		return journal_verb_failed(verb, &error);
	if (redaction.events)
		printf("%" PRIu64 " event%s redacted\n", redaction.events,
			redaction.events == 1 ? "" : "s");
	else
		puts("redacted before: nothing was left to do");
	if (redaction.in_log)
		puts("a reader keeps old pages in the write-ahead log: redact it again when that "
		     "has "
		     "ended");
	return verb_flush("journal");
}
