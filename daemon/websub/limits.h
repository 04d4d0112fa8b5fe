/* Every bound on what whoever reaches the callback may make us do. Inside websub/ and its tests only. */
#pragma once

#include "websub/listener.h"

struct listener_limits {
	unsigned connections; /* at a time */
	unsigned
		per_address; /* likewise; but behind a web server on this machine all have one address */
	unsigned silent_s;  /* a connection that is silent for so long is closed */
	int64_t request_us; /* the whole of a request, from its first byte or the one before it */
	int64_t body;       /* bytes, where the feed does not allow more */
	int64_t waiting;    /* bytes of all bodies that are not journaled yet */
	int64_t swallowed;  /* of a body nobody reads */
	unsigned memory;    /* of one connection: its headers must fit */
};

extern const struct listener_limits listener_limits_default;

/* listener_start() with other limits (copied). */
int listener_start_limited(struct listener **ret, const char *bind,
	const struct listener_limits *limits, struct listener_sink *sink, struct error *error);
