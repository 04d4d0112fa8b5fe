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

/* POSTs, as a command. EX_OK: the daemon has done it; EX_NOHOST: none runs there, which is not told
 * on stderr; any other exit status is. */
int tell_daemon(const char *verb, const char *socket, const char *path);

/* Asks, and shows or prints the answer. The exit status; what went wrong was told on stderr. */
int ask_daemon(struct question *question);
