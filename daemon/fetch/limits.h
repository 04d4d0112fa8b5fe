/* Every bound on what a server may make us do. The defaults are the product's; tests shorten them.
 * Inside fetch/ and its tests only. */
#pragma once

#include "fetch/fetch.h"

struct fetch_limits {
	long connect_ms, total_ms;
	long low_speed_bytes, low_speed_s; /* slower than this for so long: given up */
	int64_t wire, decoded, headers;    /* bytes */
	int64_t ratio, ratio_from;         /* decoded : wire, looked at beyond ratio_from bytes */
	unsigned redirects;
	unsigned resolving;      /* transfers that may be waiting for the resolver, at least … */
	unsigned resolving_slow; /* … and slow ones besides */
	long address_s;          /* how long a name's addresses are kept … */
	long connection_s;       /* … and how old a connection may be that is used again */
	const char *ca_file;     /* NULL: the system's */
};

extern const struct fetch_limits fetch_limits_default;

/* fetcher_new() with other limits (copied). */
int fetcher_new_limited(struct fetcher **ret, uv_loop_t *loop,
	const struct fetch_settings *settings, const struct fetch_limits *limits,
	struct fetch_sink *sink, struct error *error);
