/* What the verbs that subscribe have in common: options, signals, and the waiting. */
#pragma once

#include <civicwire/subscriber.h>
#include <stdbool.h>

/* A dozen prefixes are a long command line already. */
#define LISTEN_TOPICS_MAX 64

struct listen {
	struct cw_subscriber_options options;
	const char *topics[LISTEN_TOPICS_MAX + 1];
	size_t n_topics;
	struct cw_subscriber *subscriber;
};

/* Adds a topic prefix. False, with a sentence on stderr: there are too many. */
bool listen_topic(struct listen *listen, const char *topic);

/* Opens the subscriber; from now on SIGINT and SIGTERM end listen_next(). An exit status (sysexits),
 * told on stderr if it is not 0. */
int listen_open(struct listen *listen);
void listen_close(struct listen *listen);

/* The next event: 1, the caller's; 0: nothing within the time, or asked to end (listen_is_over());
 * negative: the sentence was told on stderr. -ENODATA and -ESTALE are told and passed over. */
int listen_next(struct listen *listen, int timeout_ms, struct cw_event **ret_event);
bool listen_is_over(void);
