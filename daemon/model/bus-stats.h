/* What the bus counts and reports to the daemon, over the channel and on to the control socket. */
#pragma once

#include <stdint.h>

struct bus_stats {
	uint64_t live_sent, live_bytes, live_subscriptions;
	uint64_t replay_requests, replay_events, replay_errors, replay_waiting;
	uint64_t head; /* last sequence sent on live */
	uint64_t connections, accepted;
	uint64_t handshakes_failed; /* not finished in time, or not ZeroMQ, or refused */
	uint64_t refused;           /* keys that may not come in */
	uint64_t cut_connections;   /* for being too many */
	uint64_t cut_bytes;         /* for saying too much */
	uint64_t cut_rights;        /* revoked or expired while they were there */
};
