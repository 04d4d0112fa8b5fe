/* An address to bind, as it is written in the configuration. */
#pragma once

#include "base/error.h"

struct sockaddr_storage;

/* "127.0.0.1:8570", "[::1]:8570": an IP address and a port. 0 or -EINVAL. */
int address_read(const char *text, struct sockaddr_storage *ret, struct error *error);
