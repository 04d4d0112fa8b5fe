/* Does a thread get on? It says when it begins something and when it is done; whoever watches sees how
 * long that has been. Waiting for work, or for room in a queue, is no work: a disk that is full holds
 * everybody back and hangs nobody. Begin and end in one thread; look from any. */
#pragma once

#include <stdatomic.h>
#include <stdint.h>

#include "base/clock.h"

struct pulse {
	_Atomic int64_t since_us; /* on the monotonic clock; 0: idle */
};

static inline void pulse_begin(struct pulse *pulse)
{
	atomic_store_explicit(&pulse->since_us, clock_monotonic_us(), memory_order_relaxed);
}

static inline void pulse_end(struct pulse *pulse)
{
	atomic_store_explicit(&pulse->since_us, 0, memory_order_relaxed);
}

/* Has it been at one thing for longer than that? `now_us` on the monotonic clock. */
static inline bool pulse_is_stuck(const struct pulse *pulse, int64_t now_us, int64_t limit_us)
{
	int64_t since = atomic_load_explicit(&pulse->since_us, memory_order_relaxed);

	return since && now_us - since > limit_us;
}
