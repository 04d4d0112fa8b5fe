/* A fetcher on a loop of its own and the misbehaving server beside it. */
#pragma once

#include <sys/types.h>

#include <uv.h>

#include "base/list.h"
#include "fetch/limits.h"

struct origin {
	pid_t pid;
	int stdin_fd;
	int port;
};

/* Starts tests/origin (with a certificate and key, or NULL); fails the test if it does not come up. */
void origin_start(struct origin *origin, const char *certificate, const char *key);
void origin_stop(struct origin *origin);

struct harness {
	uv_loop_t loop;
	struct fetch_settings settings;
	struct fetch_limits limits;
	struct fetch_sink sink;
	struct fetcher *fetcher;
	struct reply *last; /* of several: the others are freed */
	size_t done;
	size_t outcomes[REPLY_OUTCOME_COUNT];
};

/* Change settings and limits between the two. */
void harness_init(struct harness *h);
void harness_open(struct harness *h);
/* Fails the test if a handle or a transfer is left. */
void harness_close(struct harness *h);

/* Both: the state of most tests, or what it begins with. */
struct stand {
	struct origin origin;
	struct harness h;
};
/* A state of this size, the rest of it zero. */
void *stand_new(size_t size);
int stand_setup(void **state);
int stand_teardown(void **state);

/* A feed at a URL, allowed on loopback. */
struct feed *harness_feed(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* Polls once and waits for the end; the reply is the caller's. `state` NULL: nothing is known. */
struct reply *harness_poll(
	struct harness *h, const struct feed *feed, const struct feed_state *state);
/* The same for a URL of the origin. */
struct reply *harness_get(struct harness *h, const struct origin *origin, const char *path);
void harness_run(struct harness *h);

/* The reply's outcome is this one, its error says that; frees it. */
void expect_failure(struct reply *reply, enum reply_outcome outcome, const char *words);
/* The body has this text in it. */
void expect_in_body(const struct reply *reply, const char *words);
