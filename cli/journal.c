/* civicwire journal: looking after the journal's file. */
#include "cli/journal.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/clock.h"
#include "cli/progress.h"
#include "cli/verb.h"
#include "config/config.h"

#define DEFAULT_FOLDER "/etc/civicwire"

static const struct journal_verb verbs[] = {
	{"stat", "", "say what it holds", 0, 0, false, journal_verb_stat, false, NULL},
	{"verify", "", "read all of it and say what is damaged", 0, 0, false, journal_verb_verify,
		false, NULL},
	{"backup", "FILE", "copy it as it is now; the daemon may go on", 1, 1, false,
		journal_verb_backup, false, NULL},
	{"export", "[FILE]", "write all of it as JSON lines (default standard output)", 0, 1, false,
		journal_verb_export, false, NULL},
	{"import", "[FILE]", "make a new one of such lines (default standard input)", 0, 1, false,
		journal_verb_import, false, NULL},
	{"prune", "DURATION", "remove events older than that, such as 90d", 1, 1, false,
		journal_verb_prune, false, NULL},
	{"redact", "ID", "take out what an event says, or all versions of an item", 1, 1, true,
		journal_verb_redact, false, NULL},
};
#define VERBS (sizeof verbs / sizeof *verbs)

static int print_help(FILE *to)
{
	fputs("Usage: civicwire journal [OPTION]... VERB [ARGUMENT]\n"
	      "\n"
	      "Looks after the journal: the file with all events, which the daemon writes.\n"
	      "\n",
		to);
	for (size_t i = 0; i < VERBS; i++)
		fprintf(to, "  %-7s %-9s %s\n", verbs[i].name, verbs[i].arguments, verbs[i].help);
	fputs("\n"
	      "  -j, --journal FILE  the journal's file (default: as the configuration says)\n"
	      "  -c, --config DIR    the configuration (default " DEFAULT_FOLDER ")\n"
	      "  -r, --readable      export: leave out what is damaged, and write the rest\n"
	      "  -s, --socket PATH   the control socket of the daemon that has the journal "
	      "(default: as\n"
	      "                      the configuration says; with --journal $CIVICWIRE_SOCKET, "
	      "else\n"
	      "                      /run/civicwire/control.sock)\n"
	      "  -h, --help          this text\n"
	      "\n"
	      "All but prune work while the daemon runs: stat, verify, backup and export only\n"
	      "read, and a redaction is done by the daemon. prune wants it stopped, for the "
	      "daemon\n"
	      "prunes by itself (journal.keep). redact takes an event's id "
	      "(co-mde.aci.news/KEY/2),\n"
	      "or an item's (co-mde.aci.news/KEY/) for all its versions, which is then not told\n"
	      "again; numbers and cursors stay. A backup that is opened as a daemon's journal\n"
	      "begins a new epoch: its clients are told.\n"
	      "\n"
	      "Exit status: 0; 64 wrong usage; 65 it is damaged, or no journal; 66 no such file\n"
	      "or event; 69 the daemon that has it does not answer; 73 the file to be made is "
	      "there\n"
	      "already; 74 reading or writing failed; 75 the daemon is writing it; 77 not "
	      "allowed;\n"
	      "78 the configuration is broken.\n",
		to);
	return to == stdout ? verb_flush("journal") : EX_USAGE;
}

int journal_verb_failed(const struct journal_verb *verb, const struct error *error)
{
	progress_end();
	fprintf(stderr, "civicwire journal %s: %s\n", verb->name, error->text);
	return verb_exit_status(error->code);
}

struct journal *journal_verb_open(
	const struct journal_verb *verb, const struct journal_settings *settings, int *ret_code)
{
	struct journal *journal = NULL;
	struct error error = {0};
	char *notice = NULL;
	int r = access(settings->path, F_OK) < 0
			? error_errno(&error, errno, "%s", settings->path)
			: journal_open(&journal, settings, &notice, &error);

	if (notice)
		fprintf(stderr, "civicwire journal %s: %s\n", verb->name, notice);
	free(notice);
	if (r >= 0)
		return journal;
	*ret_code = EX_TEMPFAIL;
	if (r == -EBUSY && verb->may_ask)
		return NULL;
	if (r == -EBUSY)
		error_set(&error, EBUSY,
			"a daemon writes %s: stop it first. (It removes old events by itself: set "
			"journal.keep and start it again)",
			settings->path);
	*ret_code = journal_verb_failed(verb, &error);
	return NULL;
}

static void print_problem(struct config_report *report, const char *message)
{
	(void)report;
	fprintf(stderr, "%s\n", message);
}

/* 0, or the exit code. */
static int find_path(
	const char *folder, struct config **ret, const char **ret_path, const char **ret_socket)
{
	struct config_report problems = {print_problem, 0};
	struct error error = {0};
	int r = config_load(ret, folder, &problems, &error);

	if (r == -EINVAL)
		return EX_CONFIG;
	if (r < 0) {
		fprintf(stderr, "civicwire journal: %s; say which journal with --journal FILE\n",
			error.text);
		return verb_exit_status(error.code);
	}
	*ret_path = (*ret)->journal.path;
	if (!*ret_socket)
		*ret_socket = (*ret)->control.socket;
	return EX_OK;
}

static const struct journal_verb *find(const char *name)
{
	for (size_t i = 0; i < VERBS; i++)
		if (!strcmp(verbs[i].name, name))
			return &verbs[i];
	return NULL;
}

int verb_journal(int argc, char **argv)
{
	static const struct option options[] = {
		{"journal", required_argument, NULL, 'j'},
		{"config", required_argument, NULL, 'c'},
		{"socket", required_argument, NULL, 's'},
		{"readable", no_argument, NULL, 'r'},
		{"help", no_argument, NULL, 'h'},
		{0},
	};
	cleanup(config_free_p) struct config *config = NULL;
	const char *folder = DEFAULT_FOLDER, *path = NULL, *socket = NULL;
	bool readable = false;

	opterr = 0;
	for (int c; (c = getopt_long(argc, argv, ":j:c:s:rh", options, NULL)) >= 0;) {
		if (c == 'h')
			return print_help(stdout);
		if (c == ':')
			return verb_misused("journal", "%s wants a value", argv[optind - 1]);
		if (c == '?')
			return verb_misused("journal", "unknown option '%s'", argv[optind - 1]);
		if (c == 'r') {
			readable = true;
			continue;
		}
		*(c == 'j' ? &path : c == 's' ? &socket : &folder) = optarg;
	}
	if (optind == argc)
		return print_help(stderr);
	const struct journal_verb *verb = find(argv[optind]);
	if (!verb)
		return verb_misused("journal", "'%s' is no verb of it", argv[optind]);
	size_t n = (size_t)(argc - optind - 1);
	if (n < verb->n_arguments_min || n > verb->n_arguments_max)
		return verb_misused("journal", "it is: journal %s %s", verb->name, verb->arguments);
	if (!path) {
		int code = find_path(folder, &config, &path, &socket);
		if (code)
			return code;
	}
	struct journal_verb call = *verb;
	call.readable = readable;
	call.socket = socket ? socket : "";
	return call.run(&call, path, argv + optind + 1, n);
}
