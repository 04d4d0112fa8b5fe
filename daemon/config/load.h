/* One reading of a configuration folder. Inside config/ only: load.c reads it once, reload.c until what
 * is broken has been left out. */
#pragma once

#include "config/config.h"
#include "config/files.h"
#include "config/resolve.h"
#include "config/standing.h"

struct loader {
	struct arena arena; /* of entries: all that does not outlive the load */
	struct problems problems;
	struct binder binder;
	struct files files;
	struct sources sources;
	size_t cap_feeds, cap_themes;
	const char *folder; /* absolute */
	struct config *config;
	struct standing_feeds standing;
};

void loader_init(struct loader *loader);
/* Finds, reads and resolves; problems are in loader->problems, untold. `path` NULL: the vocabulary
 * alone. `clients`: those in force, on a reload; else NULL. 0, or a negative errno when the folder
 * cannot be read at all. */
int loader_run(struct loader *loader, const char *path, const struct config_clients *clients,
	struct error *error);
/* Frees loader->config too, unless it was taken out (NULL). */
void loader_deinit(struct loader *loader);
