/* One poll for whoever has no loop: the command line. */
#pragma once

#include "fetch/fetch.h"

/* Polls the feed as the daemon would, and waits for the end; the reply is the caller's. `trace` may
 * be NULL. NULL: *error says why nothing could be asked at all. */
struct reply *fetch_once(const struct feed *feed, const struct feed_state *state,
	const struct fetch_settings *settings, struct fetch_trace *trace, struct error *error);
