/* A configuration folder for one test: files are written into it, it is loaded, it goes away. */
#pragma once

#include "base/buf.h"
#include "config/config.h"

struct folder {
	char path[64];
	struct buf messages; /* of the last load, one a line */
	size_t problems;
	int result; /* of config_load() */
	struct error error;
	struct config *config;
};

void folder_open(struct folder *folder);
void folder_close(struct folder *folder);
/* `name` may be "civicwired.yaml" or "feeds.d/x.yaml". */
void folder_write(struct folder *folder, const char *name, const char *text);
/* Loads; returns the messages. */
const char *folder_load(struct folder *folder);
/* The feed with this id; the test fails if there is none. */
const struct feed *folder_feed(const struct folder *folder, const char *id);

/* config/ of the source tree; the test program's environment names it. */
const char *source_folder(void);
/* The bytes of a file there. */
void source_read(const char *name, struct buf *ret);

/* One file of a configuration, and all that config_load() says about it. */
struct broken {
	const char *name, *file, *text, *messages;
};
extern const struct broken broken_settings[], broken_feeds[];
extern const size_t n_broken_settings, n_broken_feeds;

/* The smallest configuration with a feed; lines may be added to the feed or the city. */
#define GOOD \
	"cities:\n" \
	"  - id: co-mde\n" \
	"    name: { es: Medellín }\n" \
	"    agencies:\n" \
	"      - id: aci\n" \
	"        name: { es: ACI }\n" \
	"        feeds:\n" \
	"          - id: noticias\n" \
	"            url: https://aci.example/feed/\n"
