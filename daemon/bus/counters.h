/* What the serving threads count and the main thread reports. */
#pragma once

#include <stdatomic.h>
#include <stdint.h>

#include "base/pulse.h"

struct bus_counters {
	_Atomic uint64_t live_sent, live_bytes, live_subscriptions;
	_Atomic uint64_t replay_requests, replay_events, replay_errors, replay_waiting;
	_Atomic uint64_t head;
	/* The guard's. */
	_Atomic uint64_t connections, accepted, handshakes_failed, refused;
	_Atomic uint64_t cut_connections, cut_bytes, cut_rights;
	/* Of the two that serve: begun anew with each round, never ended. Rounds are at most
	 * COUNTERS_ROUND_MS apart, so that one that stands still is noticed wherever it does. */
	struct pulse live, replay;
};

#define COUNTERS_ROUND_MS 5000

/* How long zmq_poll() may sleep (ms) of what it would (-1: for ever). */
static inline long counters_patience(long ms)
{
	return ms < 0 || ms > COUNTERS_ROUND_MS ? COUNTERS_ROUND_MS : ms;
}

static inline void counter_add(_Atomic uint64_t *counter, uint64_t n)
{
	atomic_fetch_add_explicit(counter, n, memory_order_relaxed);
}

static inline void counter_set(_Atomic uint64_t *counter, uint64_t value)
{
	atomic_store_explicit(counter, value, memory_order_relaxed);
}

static inline uint64_t counter_get(_Atomic uint64_t *counter)
{
	return atomic_load_explicit(counter, memory_order_relaxed);
}
