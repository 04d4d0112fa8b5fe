/* Asking the daemon over its control socket: HTTP and JSON, through libcurl. */
#pragma once

#include <jansson.h>
#include <stdbool.h>

#define CONTROL_SOCKET_DEFAULT "/run/civicwire/control.sock"

/* Embed this and find the owner with container_of. */
struct question {
	const char *verb;
	const char *socket; /* NULL: $CIVICWIRE_SOCKET, else the default */
	const char *path;   /* such as "/v1/feeds" */
	bool post;          /* a command, not a question */
	bool json;          /* print the daemon's own answer instead of showing it */
	/* Prints the answer on stdout. */
	void (*show)(struct question *question, json_t *answer);
	/* The exit status for it, however it was printed. */
	int (*judge)(const struct question *question, json_t *answer);
};

/* Reads the options of a verb that only asks: --json, --socket, --help. 0: go on; else the exit status + 1,
 * and all is said. */
int question_parse(struct question *question, const char *usage, int argc, char **argv);

/* POSTs, as a command. EX_OK: the daemon has done it; EX_NOHOST: none runs there, which is not told
 * on stderr; any other exit status is. */
int tell_daemon(const char *verb, const char *socket, const char *path);

/* Asks, and shows or prints the answer. The exit status; what went wrong was told on stderr. */
int ask_daemon(struct question *question);

/* A connection for many requests. */
struct daemon_line;
/* NULL: no memory. `socket` as above. */
struct daemon_line *daemon_line_new(const char *verb, const char *socket);
/* NULL-safe; returns NULL. */
struct daemon_line *daemon_line_free(struct daemon_line *line);
/* While quiet, nothing is told on stderr: the terminal is in use. */
void daemon_line_quiet(struct daemon_line *line, bool quiet);
/* GETs, or POSTs as a command. EX_OK: *ret_answer is the JSON, the caller's. EX_NOINPUT of a
 * command: the daemon does not know what was named (404), which is not told on stderr; any other exit
 * status is. */
int daemon_line_ask(
	struct daemon_line *line, bool is_command, const char *path, json_t **ret_answer);
/* Appends a text to a path as the value of a parameter. */
struct buf;
void daemon_line_escape(struct buf *path, const char *text);
