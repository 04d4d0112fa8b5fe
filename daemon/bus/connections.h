/* The connections there are, by descriptor: whose they are, how many an address or a client has, and
 * how much each has said. The descriptors are libzmq's, which closes them when it likes and gets the
 * same numbers again; so a connection is a descriptor and its socket's cookie (SO_COOKIE, never used
 * twice), and nothing is done to a descriptor whose cookie is another. Should it change hands between
 * that look and a cut, a stranger is cut once, and connects again. */
#pragma once

#include "base/list.h"
#include "base/map.h"
#include "bus/allowance.h"

#include <stdint.h>

enum side { SIDE_REPLAY, SIDE_LIVE, SIDES };

/* How many connections something has, and what they have said. */
struct tally {
	struct str name;
	size_t n;
	int64_t said[SIDES];
};

struct connection {
	int fd;
	uint64_t cookie;
	size_t endpoint;
	struct tally *address; /* NULL: this machine's, by ipc */
	struct tally *key;     /* NULL: not known, or it needs none */
	enum side side;        /* which its bytes count for */
	int64_t said;          /* those that count for its address */
	bool cut;              /* shut down; libzmq is about to close it */
	struct list link;      /* among those whose bytes are looked at again soon */
	struct allowance allowance;
};

struct connections {
	struct connection **by_fd;
	size_t cap, n;
	int64_t said[SIDES];
	struct map addresses, keys; /* name → tally */
};

void connections_init(struct connections *connections);
void connections_deinit(struct connections *connections);
/* A new one in the place of what had the descriptor before. NULL: the descriptor is no socket any
 * more. */
struct connection *connections_add(struct connections *connections, int fd, size_t endpoint);
/* The one that has the descriptor now; NULL: none that we know. */
struct connection *connections_get(struct connections *connections, int fd);
void connections_remove(struct connections *connections, int fd);
/* Sets whose it is. False: it is somebody else's already. */
bool connections_claim(
	struct connections *connections, struct connection *connection, struct str key);
/* So many of its bytes count for its address from now on, until it is cut or gone. */
void connections_say(struct connections *connections, struct connection *connection, int64_t bytes);
/* What tells a socket from all others, before and after it; 0: the descriptor is none. */
uint64_t connection_cookie(int fd);
/* Bytes the kernel has received on it; 0 for what is not TCP. */
uint64_t connection_bytes(const struct connection *connection);
/* Ends it, if it is still the same; libzmq notices and closes. */
void connection_cut(struct connection *connection);
