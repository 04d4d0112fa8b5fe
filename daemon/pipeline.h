/* The data's way from the feeds to the subscribers. */
#pragma once

#include "base/error.h"
#include "config/config.h"

struct pipeline;
typedef struct uv_loop_s uv_loop_t;

struct pipeline_sink {
	/* After pipeline_stop(): everything has ended; pipeline_free() may follow. */
	void (*stopped)(struct pipeline_sink *sink);
};

/* Opens the journal, restores what is remembered of the feeds, starts threads, the bus and the
 * polling. The configuration must outlive it. Where it fails, as after pipeline_free(), the loop must
 * run until the last handles are closed. */
int pipeline_new(struct pipeline **ret, uv_loop_t *loop, const struct config *config,
	struct pipeline_sink *sink, struct error *error);
/* No new polls; what has arrived is journaled and published; then sink->stopped(). */
void pipeline_stop(struct pipeline *pipeline);
struct pipeline *pipeline_free(struct pipeline *pipeline);
