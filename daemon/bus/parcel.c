#include "bus/parcel.h"

#include <stdlib.h>
#include <sys/eventfd.h>
#include <zmq.h>

struct parcel {
	atomic_uint refs; /* frames not yet written, and the sender */
	struct parcel_gauge *gauge;
	char *bytes;
	size_t n;
};

struct parcel_gauge *parcel_gauge_new(struct parcel_total *total)
{
	struct parcel_gauge *gauge = mem_zalloc(1, sizeof *gauge);

	atomic_init(&gauge->refs, 1);
	gauge->total = total;
	return gauge;
}

struct parcel_gauge *parcel_gauge_unref(struct parcel_gauge *gauge)
{
	if (gauge && atomic_fetch_sub(&gauge->refs, 1) == 1)
		free(gauge);
	return NULL;
}

static void parcel_unref(struct parcel *parcel)
{
	struct parcel_gauge *gauge = parcel->gauge;
	struct parcel_total *total = gauge->total;

	if (atomic_fetch_sub(&parcel->refs, 1) != 1)
		return;
	atomic_fetch_sub(&gauge->bytes, parcel->n);
	atomic_fetch_sub(&total->bytes, parcel->n);
	atomic_fetch_sub(&gauge->parcels, 1);
	if (atomic_exchange(&total->is_awaited, false))
		eventfd_write(total->wake_fd, 1);
	parcel_gauge_unref(gauge);
	free(parcel->bytes);
	free(parcel);
}

/* libzmq's I/O thread has written a frame, or dropped it with its connection. */
static void on_written(void *data, void *hint)
{
	(void)data;
	parcel_unref(hint);
}

void parcel_send(struct buf *bytes, const struct parcel_frame *frames, size_t n,
	struct parcel_gauge *gauge, void *socket)
{
	struct parcel *parcel = mem_alloc(sizeof *parcel);

	*parcel = (struct parcel){.gauge = gauge, .bytes = bytes->p, .n = bytes->n};
	*bytes = BUF_INIT;
	atomic_init(&parcel->refs, (unsigned)n + 1);
	atomic_fetch_add(&gauge->refs, 1);
	atomic_fetch_add(&gauge->parcels, 1);
	atomic_fetch_add(&gauge->bytes, parcel->n);
	atomic_fetch_add(&gauge->total->bytes, parcel->n);
	for (size_t i = 0; i < n; i++) {
		zmq_msg_t frame;
		if (zmq_msg_init_data(&frame, parcel->bytes + frames[i].at, frames[i].n, on_written,
			    parcel) < 0)
			abort(); /* out of memory, as in base/alloc.h */
		if (zmq_msg_send(&frame, socket, ZMQ_DONTWAIT | (i + 1 < n ? ZMQ_SNDMORE : 0)) < 0)
			zmq_msg_close(&frame);
	}
	parcel_unref(parcel);
}
