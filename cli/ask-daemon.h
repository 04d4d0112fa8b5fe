/* Asking the daemon over its control socket: HTTP and JSON, through libcurl. */
#pragma once

#include <jansson.h>

#define CONTROL_SOCKET_DEFAULT "/run/civicwire/control.sock"

/* The socket to use: the option's value, else $CIVICWIRE_SOCKET, else the default. */
const char *ask_daemon_socket(const char *option);

/* GETs a path such as "/v1/feeds". EX_OK: *ret_text is the answer (free() it) and *ret_json the same,
 * read (json_decref() it). Else the exit status, told on stderr. */
int ask_daemon(const char *socket, const char *path, char **ret_text, json_t **ret_json);
