/* What the bus counts and reports to the daemon, over the channel and on to the control socket. */
#pragma once

#include <stdint.h>

struct bus_stats {
	uint64_t live_sent, live_bytes, live_subscriptions;
	uint64_t replay_requests, replay_events, replay_errors, replay_waiting;
	uint64_t head; /* last sequence sent on live */
};
