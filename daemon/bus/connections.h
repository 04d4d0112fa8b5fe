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

/* How many connections something has, and what its subscribers have said. */
struct tally {
	struct str name;
	size_t n;
	uint64_t said;
};

struct connection {
	int fd;
	uint64_t cookie;
	size_t endpoint;
	struct tally *address; /* NULL: this machine's, by ipc */
	struct tally *key;     /* NULL: not known, or it needs none */
	uint64_t said;         /* of its bytes, those that count for its address */
	bool cut;              /* shut down; libzmq is about to close it */
	struct list link;      /* among those whose bytes are looked at again soon */
	struct allowance allowance;
};

struct connections {
	struct connection **by_fd;
	size_t cap, n;
	uint64_t said;
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
/* It has said so many bytes in all, which count for its address while it is there. */
void connections_say(
	struct connections *connections, struct connection *connection, uint64_t bytes);
/* What it has said counts no more. */
void connections_unsay(struct connections *connections, struct connection *connection);
/* What tells a socket from all others, before and after it; 0: the descriptor is none. */
uint64_t connection_cookie(int fd);
/* Bytes the kernel has received on it; 0 for what is not TCP. */
uint64_t connection_bytes(const struct connection *connection);
/* Ends it, if it is still the same; libzmq notices and closes. */
void connection_cut(struct connection *connection);
