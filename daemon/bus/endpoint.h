/* Which ZeroMQ endpoints the bus may bind, and how. */
#pragma once

#include "base/error.h"

#include <stdbool.h>

/* "tcp://127.…:port", "tcp://[::1]:port" or "ipc://…". Any other address needs keys. */
bool endpoint_is_local(const char *endpoint);

/* Options that both sockets share; see endpoint.c. `message_max`: bytes a peer's frame may have;
 * the HWMs are of messages to and from one peer. */
void endpoint_options(void *socket, int message_max, int send_hwm, int receive_hwm);

/* Lets in only who is admitted by the ZAP handler under this domain; without a handler, nobody.
 * `secret` is the server's, as Z85. Before binding. */
int endpoint_secure(void *socket, const char *secret, const char *domain, struct error *error);

/* 0, or a negative errno with a sentence; -EADDRINUSE may pass by itself. `secure`: it asks for
 * keys; else only this machine's addresses are bound. */
int endpoint_bind(void *socket, const char *endpoint, bool secure, struct error *error);

/* Sets the time for what is still queued, then closes. */
void endpoint_close(void *socket);
