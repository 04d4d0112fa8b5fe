/* What connections use of the bus: how many there are, how often new ones come, how many bytes they
 * say. Who goes over a limit is cut, counted and told of. One thread at a time: the guard's. */
#pragma once

#include "base/error.h"
#include "bus/auth.h"
#include "bus/connections.h"
#include "bus/counters.h"
#include "bus/handshakes.h"
#include "bus/offences.h"

struct traffic {
	const struct auth_endpoint *endpoints;
	const struct auth_clients *clients; /* for names in logs; as the owner has them now */
	struct connection_limits limits;
	struct bus_counters *counters;
	int epoll_fd; /* readable: somebody quiet has said something */
	struct connections connections;
	struct handshakes handshakes;
	struct offences offences;
	struct list busy;
	int64_t look_us, sweep_us; /* when next; monotonic */
};

/* `endpoints` and `counters` must outlive it. */
int traffic_init(struct traffic *traffic, const struct auth_endpoint *endpoints,
	const struct connection_limits *limits, struct bus_counters *counters, struct error *error);
void traffic_deinit(struct traffic *traffic);
void traffic_accept(struct traffic *traffic, size_t endpoint, int fd, int64_t now_us);
/* An asker's request has been taken. */
void traffic_renew(struct traffic *traffic, struct connection *connection);
/* Ends a connection. */
void traffic_cut(struct traffic *traffic, struct connection *connection);
/* The same, for an offence; `what` is the beginning of a sentence about the peer. */
void traffic_punish(struct traffic *traffic, struct connection *connection, enum offence offence,
	const char *what);
/* What logs call it: its client's name or its address. */
struct str traffic_peer(const struct traffic *traffic, const struct connection *connection);
/* Looks at whoever is due; `told`: epoll_fd is readable. */
void traffic_look(struct traffic *traffic, bool told, int64_t now_us);
/* When to look next, at the latest. */
int64_t traffic_next_us(const struct traffic *traffic);
