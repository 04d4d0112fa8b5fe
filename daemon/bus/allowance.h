/* How many bytes a connection may send: pure arithmetic over what the kernel has counted. A
 * subscriber has little to say, and an asker nothing but requests. It is what bounds the memory that a
 * peer can make libzmq use, where neither the number of subscriptions nor the frames of a message are
 * bounded. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

/* A subscriber may say at once 300 subscriptions of the longest kind, or 2,300 of 16 bytes; then a
 * libzmq heartbeat under CURVE every 3 s; and in its whole life 1 MiB, after which it may connect
 * again. What libzmq keeps of subscriptions is some ten times their bytes. */
#define ALLOWANCE_LIVE       65536
#define ALLOWANCE_LIVE_PER_S 16
#define ALLOWANCE_LIVE_LIFE  (1024 * 1024)
/* An asker: eight of the largest requests, or two of those that are heard to be refused, between two that
 * are taken from it. libzmq keeps the 8 KB that it reads into for each part of a message that comes by
 * itself, be it of 36 bytes: 116 MB for these. */
#define ALLOWANCE_REPLAY (512 * 1024)

struct allowance {
	bool live;
	int64_t left, at_us; /* as of when; monotonic */
	uint64_t said;       /* in all, as far as it has been taken from the allowance */
};

/* Of a new connection, that has said nothing yet. */
void allowance_begin(struct allowance *allowance, bool live, int64_t now_us);
/* An asker's request has been taken; it has said so much in all. */
void allowance_renew(struct allowance *allowance, uint64_t said);
/* It has said so much in all. False: more than it may. */
bool allowance_take(struct allowance *allowance, uint64_t said, int64_t now_us);
