/* A pool of connections: one libcurl multi handle on the libuv loop. Feeds that may live in
 * private networks have a pool of their own for each set of such networks, and so have those with
 * secrets or a proxy: a connection that was opened under one rule is then never reused under
 * another. Inside fetch/ only. */
#pragma once

#include <curl/curl.h>
#include <uv.h>

#include "base/list.h"
#include "base/map.h"
#include "fetch/guard.h"
#include "fetch/sessions.h"

struct watch;

struct pool_sink {
	/* A transfer has ended and is out of the pool. May add others, or this one again. */
	void (*done)(struct pool_sink *sink, CURL *easy, CURLcode code);
	/* libcurl has been run; its callbacks, where nothing can be added, are over. */
	void (*ran)(struct pool_sink *sink);
};

struct pool {
	struct guard guard;
	struct sessions sessions;
	struct map
		connecting; /* transfers by scheme and authority, until their connection stands */
	CURLM *multi;
	uv_timer_t timer;
	struct watch **watches; /* by descriptor */
	size_t cap_watches;
	struct pool_sink *sink;
	uv_loop_t *loop;
};

/* How requests share connections. */
enum pool_kind {
	POOL_COMMON,  /* those to one host share an HTTP/2 connection */
	POOL_PRIVATE, /* one at a time on each: whatever they carry stays with them */
};

/* Takes the guard over. NULL if libcurl has no memory. */
struct pool *pool_new(
	uv_loop_t *loop, enum pool_kind kind, struct guard *guard, struct pool_sink *sink);
/* So many transfers there may be at a time. */
void pool_set_parallel(struct pool *pool, int64_t parallel);
/* libcurl looks at each connection and each address that a pool keeps whenever a request ends: hosts are
 * shared out among so many pools. */
size_t pool_parts(int64_t parallel);
/* No transfer may be left in it. Its memory goes when the loop has closed its handles. NULL-safe;
 * returns NULL. Not from inside the sink. */
struct pool *pool_free(struct pool *pool);

/* A connection of the pool's has this descriptor from now on, … */
void pool_opened(struct pool *pool, curl_socket_t fd);
/* … until it is closed by this: for CURLOPT_CLOSESOCKETFUNCTION, with the pool as its data. */
int pool_close_socket(void *pool, curl_socket_t fd);

CURLMcode pool_add(struct pool *pool, CURL *easy);
void pool_remove(struct pool *pool, CURL *easy);
