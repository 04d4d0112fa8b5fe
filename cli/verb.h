/* The verbs of `civicwire`: one file and one row of the table in main.c each; those that talk to a daemon
 * have theirs in online.c besides. */
#pragma once

#include <stdio.h>

/* argv[0] is the verb's own name. Returns an exit code of <sysexits.h>. */
struct verb {
	const char *name;
	const char *help;                  /* one line */
	int (*run)(int argc, char **argv); /* NULL: in the other program */
};

int verb_check(int argc, char **argv);
int verb_completion(int argc, char **argv);
int verb_config(int argc, char **argv);
int verb_explain(int argc, char **argv);
int verb_feeds(int argc, char **argv);
int verb_journal(int argc, char **argv);
int verb_key(int argc, char **argv);
int verb_opml(int argc, char **argv);
int verb_parse(int argc, char **argv);
int verb_probe(int argc, char **argv);
int verb_redact(int argc, char **argv);
int verb_refresh(int argc, char **argv);
int verb_reload(int argc, char **argv);
int verb_replay(int argc, char **argv);
int verb_schema(int argc, char **argv);
int verb_status(int argc, char **argv);
int verb_tail(int argc, char **argv);
int verb_themes(int argc, char **argv);
int verb_top(int argc, char **argv);

/* All verbs, in the order of the help; how many. */
size_t verb_table(const struct verb **ret);

/* Becomes the other program: argv[1] is a verb of online.c. Returns only where it cannot be started. */
int verb_become_online(char **argv);

/* One line on stderr, "civicwire VERB: …", for what was wrong with a call, and where to look.
 * Returns EX_USAGE. */
int verb_misused(const char *verb, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* The exit status that stands for an errno of reading or writing the operator's files. */
int verb_exit_status(int code);

/* Flushes stdout. EX_OK, or EX_IOERR with a word about it if not all could be written; quietly
 * so where the reader has gone (`| head`). */
int verb_flush(const char *verb);
