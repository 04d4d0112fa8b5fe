/* What the operator decides, as typed data: one struct per consumer, so that a stage sees its own
 * settings and no others. config/schema.c binds the keys of the files to these members; all texts
 * belong to the `struct config` they came with. Durations in microseconds, sizes in bytes. */
#pragma once

#include "base/str.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct journal_settings {
	const char *path;
	int64_t keep_us;  /* events older than this leave from the oldest end */
	int64_t max_size; /* likewise above this many bytes; 0: no bound */
};

/* Which events a live endpoint carries. Both lists empty: all. */
struct audience {
	const char **networks, **topics;
	size_t n_networks, n_topics;
};

/* Who may connect to an endpoint. */
struct admission {
	int curve;            /* enum curve */
	const char **clients; /* names; NULL: every client whose rights suffice */
	size_t n_clients;
};

enum curve { CURVE_OFF, CURVE_REQUIRED };

struct live_endpoint {
	const char *bind; /* ZeroMQ endpoint */
	struct admission admission;
	struct audience audience;
};

/* A reader with a key. */
struct client_settings {
	const char *name, *key; /* key: public, 40 characters of Z85 */
	const char **topics;    /* prefixes it may read */
	size_t n_topics;
	int64_t expires_us; /* 0: never */
	bool revoked;
	int64_t connections; /* at a time, over all endpoints */
};

/* How many connections the bus takes. */
struct connection_limits {
	int64_t all, per_address;
};

struct bus_settings {
	struct live_endpoint *live;
	size_t n_live;
	const char *replay_bind;
	struct admission replay_admission;
	const char *server_key; /* path of the file with the server's secret key */
	struct connection_limits limits;
};

struct control_settings {
	const char *socket;      /* path of the control socket */
	const char *status_bind; /* "127.0.0.1:8570"; NULL: none */
};

/* How hubs are asked to push (W3C WebSub). */
struct websub_settings {
	const char *callback; /* URL without slash at its end; NULL: no hub is asked */
	const char *bind;     /* "127.0.0.1:8580" */
	int64_t lease_us;     /* asked for */
	int64_t interval_us;  /* least time between polls while a hub delivers */
};

/* How one host may be treated; a `hosts:` entry, or the defaults. */
struct host_settings {
	const char *host; /* lower case; "*" in no entry: the defaults are elsewhere */
	int64_t gap_us;   /* between the end of a request and the next one's start */
	int64_t parallel; /* connections at a time */
};

/* What fetch.parallel may be at most: queues have room for twice as many. */
#define FETCH_PARALLEL_MAX 10000

struct fetch_settings {
	const char *contact; /* URL for the User-Agent; NULL: none */
	int64_t interval_us; /* default of a feed */
	int64_t parallel;    /* polls at a time, slow ones apart (schedule/lane.h); 0: any number */
	bool allow_file;     /* file: URLs may be polled: for demonstrations only */
	struct host_settings *hosts;
	size_t n_hosts;
	struct host_settings host_default;
};
