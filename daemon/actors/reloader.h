/* Takes a changed configuration while the daemon runs. Reading and checking 100,000 feeds takes a
 * second and is done in a thread of libuv's pool; what is found is handed to the loop, whole, in one
 * step. Loop thread only. */
#pragma once

#include "actors/poller.h"
#include "base/error.h"
#include "config/config.h"
#include "model/reload.h"
#include "normalize/theme.h"

struct reloader;

struct reloader_settings {
	const char *path;  /* of the configuration, as given to config_load() */
	const char *state; /* as for config_set_state() */
	const char *journal_path;
};

/* What has been read. */
struct reloader_news {
	struct config *config;
	struct theme_rules *rules;
	struct poller_memory *memory; /* what the journal knows of feeds that are new */
	struct reload *report;        /* to be completed: what changed, what takes a restart */
};

struct reloader_sink {
	/* Reading begins. The configuration in force; it stays so until `taken`. */
	const struct config *(*begun)(struct reloader_sink *sink);
	/* Take config and rules over (NULL both: nothing could be read). Returns the configuration
	 * that was in force, to be freed. */
	struct config *(*taken)(struct reloader_sink *sink, struct reloader_news *news);
	/* All is done; the report is the reloader's. */
	void (*ended)(struct reloader_sink *sink, const struct reload *report);
	/* After reloader_stop(): no thread is at work. */
	void (*stopped)(struct reloader_sink *sink);
};

/* All texts of the settings must outlive it. `feeds`: how many there are at the start. */
struct reloader *reloader_new(uv_loop_t *loop, const struct reloader_settings *settings,
	size_t feeds, struct reloader_sink *sink);
/* Reads the configuration again; if it is being read already, once more after that. Returns the
 * number that the report will have which tells of what the files say now. */
uint64_t reloader_request(struct reloader *reloader);
/* The last one that is complete; a reference. */
struct reload *reloader_report(const struct reloader *reloader);
bool reloader_is_busy(const struct reloader *reloader);
/* Gives up what is under way; sink->stopped() is called, perhaps at once. */
void reloader_stop(struct reloader *reloader);
/* After that. NULL-safe; returns NULL. */
struct reloader *reloader_free(struct reloader *reloader);
