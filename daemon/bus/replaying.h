/* The replay side's inside, shared by replay.c (whose turn it is) and replay-step.c (what its request
 * comes to); nobody else. All of it is the replay thread's. */
#pragma once

#include <pthread.h>

#include "bus/replay.h"
#include "bus/request.h"
#include "bus/watch.h"

struct replay {
	struct bus_parts parts;
	const char *endpoint;
	size_t number; /* of the endpoint, for the guard */
	bool secure;   /* it asks for keys */
	void *socket;  /* ROUTER */
	struct mailbox box;
	int written_fd; /* eventfd: a parcel has gone */
	bool started;
	pthread_t thread;

	/* The thread's own. */
	struct mail mail;
	uint64_t topics_head; /* the names of all topics up to this head are known */
	struct peers peers;
	struct filters filters;
	struct watch watch;
	struct list ready, blocked; /* peers */
	struct list waiting;        /* requests */
	size_t n_waiting;
	int64_t deadline_us, sweep_us, complained_us; /* monotonic */
	struct incoming incoming;
};

enum replay_step { REPLAY_AGAIN, REPLAY_DONE, REPLAY_WAIT };

/* One slice of work for a request. REPLAY_DONE: it has been answered. REPLAY_WAIT: there is nothing for
 * it yet, and it would wait. */
enum replay_step replay_step(struct replay *replay, struct request *request, int64_t now_us);
/* An error that passes ("overloaded", "shutting-down"): the client is to ask the same again. */
void replay_send_transient(struct replay *replay, struct request *request, const char *code);
/* Reads the names of the topics that have come up to the head. */
int replay_know_topics(struct replay *replay, struct error *error);
