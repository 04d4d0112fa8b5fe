/* The data's way from the feeds to the subscribers. */
#pragma once

#include "base/buf.h"
#include "base/error.h"
#include "config/config.h"

struct pipeline;
typedef struct uv_loop_s uv_loop_t;

struct pipeline_sink {
	/* After pipeline_stop(): everything has ended; pipeline_free() may follow. */
	void (*stopped)(struct pipeline_sink *sink);
	/* The configuration is being read again; it has been, and is in force. */
	void (*reloading)(struct pipeline_sink *sink);
	void (*reloaded)(struct pipeline_sink *sink);
};

/* What the configuration was loaded from, for reading it again. Must outlive the pipeline. */
struct pipeline_options {
	const char *path;  /* as given to config_load() */
	const char *state; /* as given to config_set_state() */
};

/* Opens the journal, restores what is remembered of the feeds, starts threads, the bus and the
 * polling. The configuration is the pipeline's, also where it fails; then, as after pipeline_free(), the
 * loop must run until the last handles are closed. */
int pipeline_new(struct pipeline **ret, uv_loop_t *loop, struct config *config,
	const struct pipeline_options *options, struct pipeline_sink *sink, struct error *error);
/* Reads the configuration again, in the background, and takes what has changed. */
void pipeline_reload(struct pipeline *pipeline);
/* As in actors/service.h. */
const char *pipeline_stuck(struct pipeline *pipeline, int64_t now_us, int64_t limit_us);
void pipeline_status(struct pipeline *pipeline, struct buf *out);
/* No new polls; what has arrived is journaled and published; then sink->stopped(). */
void pipeline_stop(struct pipeline *pipeline);
struct pipeline *pipeline_free(struct pipeline *pipeline);
