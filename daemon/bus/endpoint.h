/* Which ZeroMQ endpoints the bus may bind, and how. */
#pragma once

#include "base/error.h"

#include <stdbool.h>

/* "tcp://127.…:port", "tcp://[::1]:port" or "ipc://…". Any other address would need keys, which
 * this build does not have. */
bool endpoint_is_local(const char *endpoint);

/* Options that both sockets share; see endpoint.c. `message_max`: bytes a peer's frame may have. */
void endpoint_options(void *socket, int message_max, int send_hwm);

/* 0, or a negative errno with a sentence; -EADDRINUSE may pass by itself. */
int endpoint_bind(void *socket, const char *endpoint, struct error *error);

/* Sets the time for what is still queued, then closes. */
void endpoint_close(void *socket);
