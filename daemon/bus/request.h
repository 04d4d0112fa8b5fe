/* Requests under way and the connections they came from. */
#pragma once

#include "base/list.h"
#include "base/map.h"
#include "bus/envelope.h"
#include "bus/filter.h"
#include "bus/parcel.h"
#include "bus/question.h"
#include "model/settings.h"

struct peer;

struct request {
	struct list link; /* in its peer's queue, or among the waiting */
	struct peer *peer;
	struct envelope envelope;
	int fd; /* the connection it came on, and its cookie (connections.h) */
	uint64_t cookie;
	struct question question; /* without its topics, which are the filter */
	struct filter *filter;    /* NULL: everything */
	struct refusal refusal;   /* code not NULL: answer with this */
	bool begun;
	uint64_t asked; /* where it began: the `next` that an error repeats */
	uint64_t after; /* everything up to here has been looked at */
	uint64_t rows;  /* looked at for this reply */
	int64_t deadline_us;

	/* The reply in the making. */
	struct buf bytes;
	struct parcel_frame *frames; /* [0] is the head's */
	size_t n_frames, cap_frames;
};

struct peer {
	struct list link;  /* among the ready or the blocked; else alone */
	struct str id;     /* routing id */
	char key[41];      /* whose it is; "": no key was asked for */
	struct list queue; /* requests, served in order */
	size_t n_queue;
	struct request *waiting; /* at the head, for news */
	struct parcel_gauge *gauge;
};

struct peers {
	struct map map; /* routing id → peer */
	struct parcel_total total;
	struct filters *filters;
	size_t n_requests;
};

void peers_init(struct peers *peers, struct filters *filters, int wake_fd);
/* Frees everything; parcels on their way must have gone. */
void peers_deinit(struct peers *peers);
/* The peer of a routing id, made if need be. */
struct peer *peers_get(struct peers *peers, struct str id);
/* Forgets those for which there is nothing to do nor on its way. */
void peers_sweep(struct peers *peers);

/* Made from what came in; belongs to no queue yet. `client` is who asks: topics beyond its rights are
 * refused, and without topics it asks for all it may read. NULL: everything may be read. */
struct request *request_new(struct peers *peers, struct peer *peer, const struct incoming *incoming,
	const struct client_settings *client);
/* Takes it off the list it is in. */
void request_free(struct peers *peers, struct request *request);
/* Forgets the events gathered beyond the first `n` frames (≥ 1), of `bytes` together. */
void request_truncate(struct request *request, size_t n_frames, size_t bytes);
void request_add_event(struct request *request, struct str body);

static inline size_t request_events(const struct request *request)
{
	return request->n_frames - 1;
}
