/* What became of a reading of the configuration, for logs, `civicwire status` and `civicwire reload`.
 * Immutable once made, counted by reference. */
#pragma once

#include "base/arena.h"
#include "base/cleanup.h"

#include <stdatomic.h>
#include <stdint.h>

struct reload {
	atomic_uint refs;
	struct arena arena; /* of all texts */
	uint64_t number;    /* 0: the start's; then from 1 */
	int64_t finished_us;
	int64_t took_us; /* in the background; the loop's share was loop_us */
	int64_t loop_us;
	size_t feeds, added, changed, removed;
	const char *failed;    /* why nothing could be read at all; NULL: it could */
	const char **problems; /* "file:line:column: sentence" */
	size_t n_problems, cap_problems;
	const char **next_start; /* settings that take effect at the next start: "journal.path" */
	size_t n_next_start, cap_next_start;
};

struct reload *reload_new(uint64_t number);
struct reload *reload_ref(struct reload *reload);
/* NULL-safe; returns NULL. Any thread. */
struct reload *reload_unref(struct reload *reload);
CLEANUP_DEFINE(struct reload, reload_unref);
