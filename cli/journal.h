/* The verbs of `civicwire journal`, which look after a store's file: one file and one row of the table
 * in journal.c each. They need no daemon; those that only read may run beside one. */
#pragma once

#include "journal/upkeep.h"

struct journal_verb {
	const char *name, *arguments;
	const char *help; /* one line */
	size_t n_arguments_min, n_arguments_max;
	bool may_ask; /* a daemon that has the journal can do it */
	/* `path` is the journal's file. Returns an exit code of <sysexits.h>. */
	int (*run)(const struct journal_verb *verb, const char *path, char **arguments, size_t n);
	bool readable;      /* of this call: export what can be read, though it is not all */
	const char *socket; /* of this call: the daemon's; "": the default one */
};

int journal_verb_backup(
	const struct journal_verb *verb, const char *path, char **arguments, size_t n);
int journal_verb_export(
	const struct journal_verb *verb, const char *path, char **arguments, size_t n);
int journal_verb_import(
	const struct journal_verb *verb, const char *path, char **arguments, size_t n);
int journal_verb_prune(
	const struct journal_verb *verb, const char *path, char **arguments, size_t n);
int journal_verb_redact(
	const struct journal_verb *verb, const char *path, char **arguments, size_t n);
int journal_verb_stat(
	const struct journal_verb *verb, const char *path, char **arguments, size_t n);
int journal_verb_verify(
	const struct journal_verb *verb, const char *path, char **arguments, size_t n);

/* "civicwire journal VERB: <error>" on stderr, and the exit code that fits. */
int journal_verb_failed(const struct journal_verb *verb, const struct error *error);
/* Opens the store to write; says what to do where a daemon has it, unless that may be asked. NULL: see
 * *ret_code. */
struct journal *journal_verb_open(
	const struct journal_verb *verb, const struct journal_settings *settings, int *ret_code);
