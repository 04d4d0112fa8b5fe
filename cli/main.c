#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/hash.h"
#include "civicwire/version.h"
#include "cli/verb.h"

/* Those without a function are in the other program (online.c). */
static const struct verb verbs[] = {
	{"tail", "show events as they are published", NULL},
	{"replay", "print events from the journal as JSON lines", NULL},
	{"status", "show how the daemon is", NULL},
	{"reload", "make the daemon read its configuration again", NULL},
	{"feeds", "show the state of each feed", NULL},
	{"refresh", "poll feeds before their time", NULL},
	{"top", "watch the daemon at work", NULL},
	{"probe", "try an address as the daemon would", NULL},
	{"explain", "say why somebody got an event, or did not", verb_explain},
	{"check", "look for mistakes in a configuration", verb_check},
	{"config", "show what is in force, and where it stands", verb_config},
	{"schema", "print the JSON Schemas of files and events", verb_schema},
	{"opml", "exchange lists of feeds with other readers", verb_opml},
	{"journal", "look after the journal: verify, backup, export …", verb_journal},
	{"key", "say who may read: make, list and revoke keys", NULL},
	{"parse", "print a feed file as normalized JSON Feed", verb_parse},
	{"themes", "try words and rules on past events", verb_themes},
	{"completion", "print what a shell completes by", verb_completion},
};
#define VERBS (sizeof verbs / sizeof *verbs)

size_t verb_table(const struct verb **ret)
{
	*ret = verbs;
	return VERBS;
}

#define ONLINE "civicwire-online"

/* Two names are confused when at most this many letters differ. */
#define TYPOS_MAX 2
/* Longer words are no misspelt verbs. */
#define WORD_MAX 32

static void print_help(FILE *to)
{
	fputs("Usage: civicwire VERB [OPTION]... [ARGUMENT]...\n"
	      "       civicwire VERB --help\n"
	      "       civicwire --version\n"
	      "\n"
	      "The newswire for networks of cities.\n"
	      "\n"
	      "Verbs:\n",
		to);
	for (size_t i = 0; i < VERBS; i++)
		fprintf(to, "  %-10s %s\n", verbs[i].name, verbs[i].help);
}

static size_t least(size_t a, size_t b)
{
	return a < b ? a : b;
}

/* Letters to change, add, leave out or swap with their neighbour between a and b (optimal string
 * alignment). */
static size_t distance(const char *a, const char *b)
{
	size_t rows[3][WORD_MAX + 1], n = strlen(b);
	size_t *row = rows[0], *above = rows[1], *two_above = rows[2];

	for (size_t k = 0; k <= n; k++)
		row[k] = k;
	for (size_t i = 1; a[i - 1]; i++) {
		size_t *free_row = two_above;
		two_above = above;
		above = row;
		row = free_row;
		row[0] = i;
		for (size_t k = 1; k <= n; k++) {
			size_t change = above[k - 1] + (a[i - 1] != b[k - 1]);
			row[k] = least(change, least(above[k], row[k - 1]) + 1);
			if (i > 1 && k > 1 && a[i - 1] == b[k - 2] && a[i - 2] == b[k - 1])
				row[k] = least(row[k], two_above[k - 2] + 1);
		}
	}
	return row[n];
}

static const struct verb *nearest(const char *word)
{
	const struct verb *best = NULL;
	size_t best_distance = TYPOS_MAX + 1;

	if (strlen(word) > WORD_MAX)
		return NULL;
	for (size_t i = 0; i < VERBS; i++) {
		size_t d = distance(word, verbs[i].name);
		if (d < best_distance) {
			best = &verbs[i];
			best_distance = d;
		}
	}
	return best;
}

static const struct verb *find(const char *name)
{
	for (size_t i = 0; i < VERBS; i++)
		if (!strcmp(verbs[i].name, name))
			return &verbs[i];
	return NULL;
}

static int unknown(const char *word)
{
	const struct verb *meant = nearest(word);

	if (meant)
		fprintf(stderr, "civicwire: unknown verb '%s' (did you mean '%s'?)\n", word,
			meant->name);
	else
		fprintf(stderr, "civicwire: unknown verb '%s'\n", word);
	fputs("Try 'civicwire --help'.\n", stderr);
	return EX_USAGE;
}

/* The other program is beside this one, as built, or where it is installed. */
int verb_become_online(char **argv)
{
	char path[4096];
	ssize_t n = readlink("/proc/self/exe", path, sizeof path - 1);
	char *slash = n > 0 ? memrchr(path, '/', (size_t)n) : NULL;

	if (slash && (size_t)(slash - path) + sizeof "/" ONLINE <= sizeof path) {
		memcpy(slash, "/" ONLINE, sizeof "/" ONLINE);
		execv(path, argv);
	}
	execv(CW_LIBEXECDIR "/" ONLINE, argv);
	fprintf(stderr, "civicwire %s: cannot start %s: %s\n", argv[1], CW_LIBEXECDIR "/" ONLINE,
		strerror(errno));
	return EX_OSERR;
}

int main(int argc, char **argv)
{
	const struct verb *verb;

	/* A reader that has gone (`| head`) is an error of write(), which ends with a code. */
	signal(SIGPIPE, SIG_IGN);
	if (hash_global_init() < 0) {
		fputs("civicwire: cannot start libsodium\n", stderr);
		return EX_OSERR;
	}
	if (argc < 2) {
		print_help(stderr);
		return EX_USAGE;
	}
	if (!strcmp(argv[1], "--help") || !strcmp(argv[1], "-h") || !strcmp(argv[1], "help")) {
		print_help(stdout);
		return verb_flush("help");
	}
	if (!strcmp(argv[1], "--version")) {
		puts("civicwire " CW_VERSION);
		return verb_flush("version");
	}
	verb = find(argv[1]);
	if (!verb)
		return unknown(argv[1]);
	return verb->run ? verb->run(argc - 1, argv + 1) : verb_become_online(argv);
}
