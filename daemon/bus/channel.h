/* What civicwired and its bus say to each other, over one SOCK_SEQPACKET pair: small typed
 * messages, one per packet. Parent → child: CONFIG first, CLIENTS (several packets; again when they
 * change), then HEAD (coalesced), PAUSE, END. Child →
 * parent: READY once its sockets are bound, STATS, and FAILED with a sentence before it gives up. */
#pragma once

#include "base/buf.h"
#include "base/error.h"

#include <stdint.h>

enum channel_type {
	CHANNEL_CONFIG,  /* JSON: build id, journal path, endpoints */
	CHANNEL_CLIENTS, /* JSON: some of those who may read, and whether more follow */
	CHANNEL_HEAD,    /* struct channel_head */
	CHANNEL_PAUSE,   /* int64_t: do not read the journal for that many microseconds */
	CHANNEL_END,     /* finish and exit 0 */
	CHANNEL_READY,
	CHANNEL_STATS,  /* struct bus_stats */
	CHANNEL_FAILED, /* text */
};

/* Longest packet: a configuration with 100 endpoints of 500 bytes. */
#define CHANNEL_BYTES_MAX 65536

struct channel_head {
	uint64_t head;
	int64_t committed_us; /* when that head became durable */
};

/* 0, -EAGAIN when the peer does not read, or -errno. `fd` is non-blocking. */
int channel_send(int fd, enum channel_type type, const void *payload, size_t n);
/* 1: a message, its payload in *ret_payload (cleared first); 0: nothing there; -EPIPE: the peer is
 * gone; -EPROTO: not ours. */
int channel_receive(int fd, enum channel_type *ret_type, struct buf *ret_payload);
