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

/* Options that all of them have, for getopt_long()'s table, its switch and the usage. */
enum { LISTEN_KEY = 512, LISTEN_SERVER_KEY, LISTEN_REPLAY };
#define LISTEN_OPTIONS \
	{"key", required_argument, NULL, LISTEN_KEY}, \
		{"replay", required_argument, NULL, LISTEN_REPLAY}, \
	{ \
		"server-key", required_argument, NULL, LISTEN_SERVER_KEY \
	}
#define LISTEN_USAGE \
	"      --replay ENDPOINT   where the journal is asked (default " CW_REPLAY_DEFAULT ")\n" \
	"      --key FILE          this client's key, where the server asks for one (see " \
	"`civicwire key`)\n" \
	"      --server-key FILE   the server's public key, where FILE of --key does not have " \
	"it\n"
/* Takes one of them; false: it is none of these. */
bool listen_option(struct listen *listen, int option, const char *value);

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
