#include "bus/connections.h"

#include <arpa/inet.h>
#include <linux/tcp.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <sys/socket.h>

#include "base/alloc.h"

/* "2001:db8:1:2::/64" */
#define ADDRESS_MAX (INET6_ADDRSTRLEN + 4)

void connections_init(struct connections *c)
{
	*c = (struct connections){.n = 0};
	map_init(&c->addresses);
	map_init(&c->keys);
}

static void forget_tallies(struct map *map)
{
	map_for_each(it, map)
		free(it->value);
	map_deinit(map);
}

void connections_deinit(struct connections *c)
{
	for (size_t i = 0; i < c->cap; i++)
		free(c->by_fd[i]);
	free(c->by_fd);
	forget_tallies(&c->addresses);
	forget_tallies(&c->keys);
}

static struct tally *tally_take(struct map *map, struct str name)
{
	struct tally *tally = map_get(map, name);

	if (!tally) {
		tally = mem_alloc(sizeof *tally + name.n);
		char *text = (char *)(tally + 1);
		memcpy(text, name.p, name.n);
		*tally = (struct tally){.name = str_make(text, name.n)};
		map_add(map, tally->name, tally);
	}
	tally->n++;
	return tally;
}

static void tally_drop(struct map *map, struct tally *tally)
{
	if (!tally || --tally->n)
		return;
	map_take(map, tally->name);
	free(tally);
}

uint64_t connection_cookie(int fd)
{
	uint64_t cookie;
	socklen_t n = sizeof cookie;

	return fd >= 0 && getsockopt(fd, SOL_SOCKET, SO_COOKIE, &cookie, &n) == 0 ? cookie : 0;
}

/* The peer's address as it is counted: of IPv6 the first half, for who has one has 2^64. */
static struct str read_address(int fd, char text[ADDRESS_MAX])
{
	struct sockaddr_storage address;
	struct sockaddr_in *v4 = (struct sockaddr_in *)&address;
	struct in6_addr *v6 = &((struct sockaddr_in6 *)&address)->sin6_addr;
	socklen_t n = sizeof address;

	if (getpeername(fd, (struct sockaddr *)&address, &n) < 0)
		return STR_NONE;
	if (address.ss_family == AF_INET6 && IN6_IS_ADDR_V4MAPPED(v6)) {
		inet_ntop(AF_INET, &v6->s6_addr[12], text, ADDRESS_MAX);
	} else if (address.ss_family == AF_INET6) {
		memset(&v6->s6_addr[8], 0, 8);
		inet_ntop(AF_INET6, v6, text, ADDRESS_MAX);
		memcpy(text + strlen(text), "/64", sizeof "/64");
	} else if (address.ss_family == AF_INET) {
		inet_ntop(AF_INET, &v4->sin_addr, text, ADDRESS_MAX);
	} else {
		return STR_NONE;
	}
	return str_of(text);
}

struct connection *connections_add(struct connections *c, int fd, size_t endpoint)
{
	char text[ADDRESS_MAX];
	uint64_t cookie = connection_cookie(fd);

	if (!cookie)
		return NULL;
	connections_remove(c, fd);
	if ((size_t)fd >= c->cap) {
		size_t want = (size_t)fd + 1 + (size_t)fd / 2;
		c->by_fd = mem_realloc(c->by_fd, want, sizeof(struct connection *));
		memset(c->by_fd + c->cap, 0, (want - c->cap) * sizeof(struct connection *));
		c->cap = want;
	}
	struct connection *connection = mem_zalloc(1, sizeof *connection);
	connection->fd = fd;
	connection->cookie = cookie;
	connection->endpoint = endpoint;
	list_init(&connection->link);
	struct str address = read_address(fd, text);
	if (address.p)
		connection->address = tally_take(&c->addresses, address);
	c->by_fd[fd] = connection;
	c->n++;
	return connection;
}

void connections_say(struct connections *c, struct connection *connection, int64_t bytes)
{
	int64_t more = bytes - connection->said;

	connection->said = bytes;
	c->said[connection->side] += more;
	if (connection->address)
		connection->address->said[connection->side] += more;
}

static bool is_same(const struct connection *connection)
{
	return connection_cookie(connection->fd) == connection->cookie;
}

struct connection *connections_get(struct connections *c, int fd)
{
	struct connection *connection = fd >= 0 && (size_t)fd < c->cap ? c->by_fd[fd] : NULL;

	return connection && is_same(connection) ? connection : NULL;
}

void connections_remove(struct connections *c, int fd)
{
	struct connection *connection = fd >= 0 && (size_t)fd < c->cap ? c->by_fd[fd] : NULL;

	if (!connection)
		return;
	list_remove(&connection->link);
	connections_say(c, connection, 0);
	tally_drop(&c->addresses, connection->address);
	tally_drop(&c->keys, connection->key);
	c->by_fd[fd] = NULL;
	c->n--;
	free(connection);
}

bool connections_claim(struct connections *c, struct connection *connection, struct str key)
{
	if (connection->key)
		return str_eq(connection->key->name, key);
	connection->key = tally_take(&c->keys, key);
	return true;
}

uint64_t connection_bytes(const struct connection *connection)
{
	struct tcp_info info = {0};
	socklen_t n = sizeof info;

	if (!connection->address ||
		getsockopt(connection->fd, IPPROTO_TCP, TCP_INFO, &info, &n) < 0)
		return 0;
	return info.tcpi_bytes_received;
}

void connection_cut(struct connection *connection)
{
	/* Connecting to nowhere resets a TCP connection at once and drops what waits in the kernel,
	 * both ways: who floods is not read to the end of megabytes that have come already, and who
	 * has lost a right gets nothing more. libzmq sees an error and closes. Where a confined
	 * process may not connect, it is shut down, and reset when libzmq closes: otherwise who
	 * floods would wait behind a window that stays shut. */
	const struct sockaddr nowhere = {.sa_family = AF_UNSPEC};
	const struct linger at_once = {.l_onoff = 1, .l_linger = 0};

	if (connection->cut)
		return;
	connection->cut = true;
	if (!is_same(connection) || connect(connection->fd, &nowhere, sizeof nowhere) == 0)
		return;
	setsockopt(connection->fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
	shutdown(connection->fd, SHUT_RDWR);
}
