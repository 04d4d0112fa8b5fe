/* What the service manager hears of us (sd_notify(3)): ready, reloading, stopping, one line of status,
 * and, where the unit has WatchdogSec, that we are alive. Says nothing where nobody listens. Loop
 * thread only. */
#pragma once

#include "base/buf.h"

#include <stdint.h>

struct service;
typedef struct uv_loop_s uv_loop_t;

struct service_sink {
	/* Is a thread at one thing for longer than this (at now_us of the monotonic clock)? Which: "the
	 * journal"; NULL: none. */
	const char *(*stuck)(struct service_sink *sink, int64_t now_us, int64_t limit_us);
	/* Appends how we are, in one line. */
	void (*status)(struct service_sink *sink, struct buf *out);
};

struct service *service_new(uv_loop_t *loop, struct service_sink *sink);
void service_ready(struct service *service);
void service_reloading(struct service *service);
void service_stopping(struct service *service);
/* The loop must run once more. NULL-safe; returns NULL. */
struct service *service_free(struct service *service);
