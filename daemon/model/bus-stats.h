/* What the bus counts and reports to the daemon, over the channel and on to the control socket. */
#pragma once

#include <stdint.h>

/* What is taken from the bus process, as bits. */
enum bus_confinement {
	CONFINED_FILES = 1 << 0, /* Landlock: the journal's files, to read; nothing else */
	CONFINED_PORTS = 1 << 1, /* Landlock: its own ports to bind, none to connect to */
	CONFINED_SIGNALS =
		1 << 2,          /* Landlock: no signals to others, no abstract sockets of theirs */
	CONFINED_CALLS = 1 << 3, /* seccomp: the system calls of a server that reads */
	CONFINED_SEALED = 1 << 4, /* seccomp: no new sockets and files since it serves */
};

/* CONFINEMENT(bit, name) */
#define CONFINEMENTS(CONFINEMENT) \
	CONFINEMENT(CONFINED_FILES, "files") \
	CONFINEMENT(CONFINED_PORTS, "ports") \
	CONFINEMENT(CONFINED_SIGNALS, "signals") \
	CONFINEMENT(CONFINED_CALLS, "calls") \
	CONFINEMENT(CONFINED_SEALED, "sealed")

struct bus_stats {
	uint64_t confined; /* enum bus_confinement */
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
