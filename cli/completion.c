/* civicwire completion: scripts for shells. Each verb is asked for its help, in a process of its own as
 * some are of the other program; the lines of options and words are what the manual is held to, too. */
#include "cli/completion.h"

#include <errno.h>
#include <getopt.h>
#include <string.h>
#include <sys/wait.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "cli/verb.h"

static const char usage[] = "Usage: civicwire completion SHELL\n"
			    "Prints a script by which a shell completes verbs, options, files and "
			    "the ids of feeds. The\n"
			    "installed one is this; for a program of one's own:\n"
			    "source <(civicwire completion bash)\n"
			    "\n"
			    "  bash   for bash-completion\n"
			    "  zsh    a function for $fpath, _civicwire\n"
			    "  fish   for a completions folder\n"
			    "\n"
			    "  -h, --help   show this\n"
			    "\n"
			    "Exit status: 0; 64 wrong usage; 71 the verbs cannot be asked; 74 the "
			    "output cannot be written.\n";

enum completion_kind completion_kind(struct str argument)
{
	static const struct {
		const char *name;
		enum completion_kind kind;
	} known[] = {{"FILE", COMPLETION_FILE}, {"PATH", COMPLETION_FILE},
		{"EVENTS", COMPLETION_FILE}, {"DIR", COMPLETION_FOLDER}, {"FEED", COMPLETION_FEED}};

	if (str_chr(argument, '|') < argument.n && ascii_lower(argument.p[0]) == argument.p[0])
		return COMPLETION_CHOICE;
	for (size_t i = 0; i < sizeof known / sizeof *known; i++)
		if (str_is(argument, known[i].name))
			return known[i].kind;
	return COMPLETION_NOTHING;
}

/* ---- reading help ---- */

static bool is_upper(char c)
{
	return c >= 'A' && c <= 'Z';
}

/* "  -t, --topic PREFIX      only these topics": false for what is no such line. */
static bool take_option(struct arena *arena, struct str line, struct completion_verb *verb)
{
	struct completion_option option = {.letter = STR_NONE};
	size_t end = str_find(str_trim(line), STR("  "));
	struct str head = str_head(str_trim(line), end), part;

	if (!str_starts(line, STR("  ")) || !head.n || head.p[0] != '-')
		return false;
	option.about = arena_str(arena, str_trim(str_skip(str_trim(line), end)));
	while (str_word(&head, &part)) {
		if (part.p[part.n - 1] == ',')
			part.n--;
		if (str_starts(part, STR("--")))
			option.name = arena_str(arena, str_skip(part, 2));
		else if (part.p[0] == '-')
			option.letter = arena_str(arena, str_skip(part, 1));
		else if (!option.argument.p)
			option.argument = arena_str(arena, part);
	}
	*ARENA_PUSH(arena, verb->options, verb->n_options, verb->cap_options) = option;
	return true;
}

/* "  verify             read all of it": a word that the verb takes. */
static void take_word(struct arena *arena, struct str line, struct completion_verb *verb)
{
	struct str rest = str_skip(line, 2), word;
	size_t blanks = str_find(rest, STR("  "));

	if (!str_starts(line, STR("  ")) || !rest.n || ascii_is_space((unsigned char)rest.p[0]) ||
		blanks == rest.n || !str_word(&rest, &word))
		return;
	for (size_t i = 0; i < word.n; i++)
		if (word.p[i] != '-' && (word.p[i] < 'a' || word.p[i] > 'z'))
			return;
	rest = str_trim(rest);
	while (rest.n && (is_upper(rest.p[0]) || rest.p[0] == '[')) /* its own arguments */
		rest = str_trim(str_skip(rest, strcspn(rest.p, " \n")));
	struct completion_word found = {arena_str(arena, word), arena_str(arena, rest)};
	*ARENA_PUSH(arena, verb->words, verb->n_words, verb->cap_words) = found;
}

/* "Usage: civicwire parse [OPTION]... FILE": the argument is the last word in capitals. */
static void take_usage(struct arena *arena, struct str line, struct completion_verb *verb)
{
	struct str word;

	while (str_word(&line, &word)) {
		while (word.n && !is_upper(word.p[0]) && word.p[0] != '-')
			word = str_skip(word, 1);
		for (size_t i = 0; i <= word.n; i++)
			if (i == word.n || !is_upper(word.p[i])) {
				word.n = i;
				break;
			}
		if (completion_kind(word) != COMPLETION_NOTHING)
			verb->argument = arena_str(arena, word);
	}
}

static void read_help(struct arena *arena, struct str help, struct completion_verb *verb)
{
	struct str line;

	while (str_split(&help, '\n', &line)) {
		if (str_starts(line, STR("Exit status")))
			return;
		if (str_starts(line, STR("Usage: ")) || str_starts(line, STR("       civicwire ")))
			take_usage(arena, line, verb);
		else if (!take_option(arena, line, verb))
			take_word(arena, line, verb);
	}
}

/* ---- asking the verbs ---- */

static void become_verb(const char *verb, int out)
{
	char *const arguments[] = {(char *)"civicwire", (char *)verb, (char *)"--help", NULL};

	if (dup2(out, STDOUT_FILENO) >= 0)
		execv("/proc/self/exe", arguments);
	_exit(EX_OSERR);
}

static int ask(const char *verb, struct buf *ret)
{
	int ends[2], status = 0;

	if (pipe(ends) < 0)
		return -errno;
	pid_t pid = fork();
	if (pid == 0)
		become_verb(verb, ends[1]);
	close(ends[1]);
	for (ssize_t n = 1; pid > 0 && n > 0;) {
		n = read(ends[0], buf_room(ret, 4096), 4096);
		ret->n += n > 0 ? (size_t)n : 0;
	}
	close(ends[0]);
	if (pid < 0 || waitpid(pid, &status, 0) < 0)
		return -errno;
	return WIFEXITED(status) && WEXITSTATUS(status) == EX_OK ? 0 : -EIO;
}

static int load(struct completion *completion)
{
	const struct verb *table;
	size_t n = verb_table(&table);

	for (size_t i = 0; i < n; i++) {
		cleanup(buf_deinit) struct buf help = BUF_INIT;
		int r = ask(table[i].name, &help);
		if (r < 0) {
			fprintf(stderr, "civicwire completion: civicwire %s --help: %s\n",
				table[i].name, strerror(-r));
			return r;
		}
		struct completion_verb *verb = ARENA_PUSH(
			&completion->arena, completion->verbs, completion->n, completion->cap);
		verb->name = table[i].name;
		verb->about = table[i].help;
		read_help(&completion->arena, buf_view(&help), verb);
	}
	return 0;
}

static const struct {
	const char *name;
	void (*write)(FILE *to, const struct completion *completion);
} shells[] = {
	{"bash", completion_write_bash},
	{"zsh", completion_write_zsh},
	{"fish", completion_write_fish},
};

int verb_completion(int argc, char **argv)
{
	static const struct option options[] = {{"help", no_argument, NULL, 'h'}, {0}};
	struct completion completion = {.arena = ARENA_INIT};

	opterr = 0;
	for (int c; (c = getopt_long(argc, argv, ":h", options, NULL)) >= 0;) {
		if (c != 'h')
			return verb_misused("completion", "unknown option '%s'", argv[optind - 1]);
		fputs(usage, stdout);
		return verb_flush("completion");
	}
	if (argc - optind != 1)
		return verb_misused("completion", "say which shell: bash, zsh or fish");
	for (size_t i = 0; i < sizeof shells / sizeof *shells; i++) {
		if (strcmp(argv[optind], shells[i].name) != 0)
			continue;
		int r = load(&completion);
		if (r == 0)
			shells[i].write(stdout, &completion);
		arena_deinit(&completion.arena);
		return r < 0 ? EX_OSERR : verb_flush("completion");
	}
	return verb_misused(
		"completion", "there is none for '%s': bash, zsh or fish", argv[optind]);
}
