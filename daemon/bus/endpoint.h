/* Which ZeroMQ endpoints the bus may bind, and how. */
#pragma once

#include "base/error.h"

#include <stdbool.h>

/* "tcp://127.…:port", "tcp://[::1]:port" or "ipc://…". Any other address needs keys. */
bool endpoint_is_local(const char *endpoint);

struct endpoint_limits {
	int message_max;           /* bytes that a peer's frame may have */
	int send_hwm, receive_hwm; /* messages to and from one peer */
	/* A peer that acknowledges nothing for this long is dead, or does not read: the connection
	 * ends and what is queued for it is freed. At least 4 s. */
	int dead_ms;
	int quiet_s; /* a connection on which nothing is said for this long is probed */
};

/* Options that both sockets share; see endpoint.c. */
void endpoint_options(void *socket, const struct endpoint_limits *limits);

/* Lets in only who is admitted by the ZAP handler under this domain; without a handler, nobody.
 * `secret` is the server's, as Z85. Before binding. */
int endpoint_secure(void *socket, const char *secret, const char *domain, struct error *error);

/* 0, or a negative errno with a sentence; -EADDRINUSE may pass by itself. `secure`: it asks for
 * keys; else only this machine's addresses are bound. */
int endpoint_bind(void *socket, const char *endpoint, bool secure, struct error *error);

/* Sets the time for what is still queued, then closes. */
void endpoint_close(void *socket);
