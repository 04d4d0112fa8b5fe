/* clients.d/: who may read, a file for each. Used by load.c alone. */
#pragma once

#include "config/files.h"

struct config_clients;

/* Reads the folder into *clients, which begins as zeros. A file with a problem leaves its client as
 * it is in `before` (may be NULL: then it is not known at all). False: the folder cannot be read. */
bool clients_read(struct files *files, const char *folder, const struct config_clients *before,
	struct config_clients *clients);
