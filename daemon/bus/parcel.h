/* A reply on its way: its bytes in one block, of which each frame is a part, counted until libzmq
 * has written the last of them. So we know what is queued for a peer, which ZeroMQ does not tell. */
#pragma once

#include "base/buf.h"

#include <stdatomic.h>
#include <stdint.h>

/* Reply bytes queued for one peer, and for all. Four of the largest replies: two in the pipe
 * (SNDHWM), one being written, one in the making. */
#define PARCEL_BYTES_PEER (16 * 1024 * 1024)
#define PARCEL_BYTES_ALL  (256 * 1024 * 1024)

/* Of all peers. */
struct parcel_total {
	atomic_size_t bytes;
	atomic_bool is_awaited; /* someone wants to know when a parcel is gone */
	int wake_fd;            /* eventfd, written then */
};

/* Of one peer; outlives it while parcels are on their way. */
struct parcel_gauge {
	atomic_uint refs;
	atomic_uint parcels;
	atomic_size_t bytes;
	struct parcel_total *total;
};

struct parcel_gauge *parcel_gauge_new(struct parcel_total *total);
struct parcel_gauge *parcel_gauge_unref(struct parcel_gauge *gauge);

/* Where a frame lies in the block. */
struct parcel_frame {
	size_t at, n;
};

/* Sends n > 0 frames of `bytes`, which the parcel takes over (*bytes is empty then). The envelope
 * has been sent. */
void parcel_send(struct buf *bytes, const struct parcel_frame *frames, size_t n,
	struct parcel_gauge *gauge, void *socket);
