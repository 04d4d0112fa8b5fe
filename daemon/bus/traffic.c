/* What must hold: one peer can make libzmq use no more memory than what it may send, nor more time
 * than the handshakes it may begin. ZMQ_MAXMSGSIZE bounds a frame, not the number of frames in a
 * message, nor that of subscriptions; so bytes are counted where they come in, by the kernel
 * (TCP_INFO): of a connection (allowance.h), of all at an address, and of all, for live and replay each.
 *
 * Bytes are looked at when some have come, and then for as long as they keep coming every LOOK_US: a
 * quiet connection costs nothing. */
#include "bus/traffic.h"

#include <errno.h>
#include <stdio.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "base/clock.h"

/* How often busy connections are looked at: what a gigabit a second brings meanwhile is 3 MB. */
#define LOOK_US     (25 * MSEC_US)
#define LOOK_EVENTS 256
/* Connections whose end we were not told of are looked for. */
#define SWEEP_US (10 * SEC_US)
/* Greeting and handshake, by CURVE too, are not counted among what subscribers have said. */
#define HANDSHAKE_BYTES 512
/* What the subscribers of an address may have said together, for each connection that it may have:
 * twelve subscriptions; 128 KB by default. libzmq keeps 50 times their bytes if they are chosen for it
 * (a table of 600 bytes for each 15), and whenever a subscriber leaves it walks through all of them:
 * 6 MB and 7 ms. */
#define LIVE_BYTES_EACH 512
/* But one may always say what it may say. */
#define LIVE_BYTES_LEAST (2 * ALLOWANCE_LIVE)
/* The same for all subscribers that there may be: six subscriptions each, and 3 MB by default. */
#define LIVE_BYTES_EACH_OF_ALL 256
/* What the askers of an address, and all askers, may have said that is not taken as requests yet:
 * 1,700 and 14,000 of 300 bytes. */
#define REPLAY_BYTES_ADDRESS ALLOWANCE_REPLAY
#define REPLAY_BYTES_ALL     (8 * ALLOWANCE_REPLAY)

int traffic_init(struct traffic *t, const struct auth_endpoint *endpoints,
	const struct connection_limits *limits, struct bus_counters *counters, struct error *error)
{
	*t = (struct traffic){.endpoints = endpoints, .limits = *limits, .counters = counters};
	connections_init(&t->connections);
	handshakes_init(&t->handshakes, limits->per_address, limits->all);
	offences_init(&t->offences);
	list_init(&t->busy);
	t->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	return t->epoll_fd < 0 ? error_errno(error, errno, "cannot watch connections") : 0;
}

void traffic_deinit(struct traffic *t)
{
	connections_deinit(&t->connections);
	handshakes_deinit(&t->handshakes);
	offences_deinit(&t->offences);
	if (t->epoll_fd >= 0)
		close(t->epoll_fd);
}

static bool is_live(const struct traffic *t, const struct connection *connection)
{
	return t->endpoints[connection->endpoint].audience != NULL;
}

struct str traffic_peer(const struct traffic *t, const struct connection *connection)
{
	const struct client_settings *client =
		connection->key ? auth_find(t->clients, connection->key->name) : NULL;

	if (client)
		return str_of(client->name);
	return connection->address ? connection->address->name : STR("a peer by ipc");
}

void traffic_cut(struct traffic *t, struct connection *connection)
{
	epoll_ctl(t->epoll_fd, EPOLL_CTL_DEL, connection->fd, NULL);
	list_remove(&connection->link);
	connection_cut(connection);
	connections_say(&t->connections, connection, 0);
}

static _Atomic uint64_t *counter_of(struct bus_counters *counters, enum offence offence)
{
	switch (offence) {
	case OFFENCE_BYTES:
	case OFFENCE_WORDS:
		return &counters->cut_bytes;
	default:
		return &counters->cut_connections;
	}
}

void traffic_punish(
	struct traffic *t, struct connection *connection, enum offence offence, const char *what)
{
	const char *where = t->endpoints[connection->endpoint].bind;
	char text[256];

	if (connection->cut)
		return;
	snprintf(text, sizeof text, "%s (%s): cut", what, where);
	offences_note(
		&t->offences, offence, traffic_peer(t, connection), text, clock_monotonic_us());
	counter_add(counter_of(t->counters, offence), 1);
	traffic_cut(t, connection);
}

/* ---- bytes ---- */

static int64_t most(int64_t a, int64_t b)
{
	return a > b ? a : b;
}

static int64_t address_may_say(const struct traffic *t, enum side side)
{
	return side == SIDE_REPLAY
		       ? REPLAY_BYTES_ADDRESS
		       : most(t->limits.per_address * LIVE_BYTES_EACH, LIVE_BYTES_LEAST);
}

static int64_t all_may_say(const struct traffic *t, enum side side)
{
	return side == SIDE_REPLAY ? REPLAY_BYTES_ALL
				   : most(t->limits.all * LIVE_BYTES_EACH_OF_ALL, LIVE_BYTES_LEAST);
}

/* The one that has said most: not who comes last pays for who came first. */
static void punish_loudest(
	struct traffic *t, enum side side, const struct tally *address, const char *what)
{
	struct connection *loudest = NULL;

	for (size_t fd = 0; fd < t->connections.cap; fd++) {
		struct connection *c = t->connections.by_fd[fd];
		if (c && !c->cut && c->side == side && (!address || c->address == address) &&
			(!loudest || c->said > loudest->said))
			loudest = c;
	}
	if (loudest)
		traffic_punish(t, loudest, OFFENCE_BYTES, what);
}

/* Of a subscriber all counts, of an asker what has not been taken as requests. */
static int64_t counts(const struct connection *connection)
{
	int64_t bytes = connection->side == SIDE_LIVE
				? (int64_t)connection->allowance.said
				: ALLOWANCE_REPLAY - connection->allowance.left;

	return most(bytes - HANDSHAKE_BYTES, 0);
}

static void look_at(struct traffic *t, struct connection *connection, int64_t now_us)
{
	enum side side = connection->side;
	const struct tally *address = connection->address;

	if (!allowance_take(&connection->allowance, connection_bytes(connection), now_us)) {
		traffic_punish(t, connection, OFFENCE_BYTES,
			side == SIDE_LIVE ? "sends more than a subscriber has to say"
					  : "sends bytes that are no requests");
		return;
	}
	connections_say(&t->connections, connection, counts(connection));
	if (address && address->said[side] > address_may_say(t, side))
		punish_loudest(t, side, address, "sends more than all at its address may say");
	else if (t->connections.said[side] > all_may_say(t, side))
		punish_loudest(t, side, NULL, "sends most while all send more than all may say");
}

/* Those that were quiet. */
static void look_at_new(struct traffic *t, int64_t now_us)
{
	struct epoll_event events[LOOK_EVENTS];
	int n = epoll_wait(t->epoll_fd, events, LOOK_EVENTS, 0);

	for (int i = 0; i < n; i++) {
		struct connection *connection = connections_get(&t->connections, events[i].data.fd);
		if (!connection || connection->cut)
			continue;
		if (list_is_empty(&connection->link))
			list_append(&t->busy, &connection->link);
		look_at(t, connection, now_us);
	}
}

/* Looks again at those that were busy, and lets the kernel tell of the next bytes. */
static void look_at_busy(struct traffic *t, int64_t now_us)
{
	struct list due;

	t->look_us = now_us + LOOK_US;
	list_init(&due);
	while (!list_is_empty(&t->busy)) {
		struct list *it = t->busy.next;
		list_remove(it);
		list_append(&due, it);
	}
	/* One that is looked at may cost another its place. */
	while (!list_is_empty(&due)) {
		struct connection *connection = container_of(due.next, struct connection, link);
		struct epoll_event event = {
			.events = EPOLLIN | EPOLLONESHOT, .data.fd = connection->fd};
		list_remove(&connection->link);
		look_at(t, connection, now_us);
		if (!connection->cut)
			epoll_ctl(t->epoll_fd, EPOLL_CTL_MOD, connection->fd, &event);
	}
}

/* ---- connections ---- */

static bool asks_for_keys(const struct traffic *t, size_t endpoint)
{
	return t->endpoints[endpoint].admission->curve == CURVE_REQUIRED;
}

void traffic_renew(struct traffic *t, struct connection *connection)
{
	if (connection->side == SIDE_LIVE)
		return;
	allowance_renew(&connection->allowance, connection_bytes(connection));
	connections_say(&t->connections, connection, 0);
}

void traffic_accept(struct traffic *t, size_t endpoint, int fd, int64_t now_us)
{
	struct connection *connection = connections_add(&t->connections, fd, endpoint);
	struct epoll_event event = {.events = EPOLLIN | EPOLLONESHOT, .data.fd = fd};

	counter_add(&t->counters->accepted, 1);
	if (!connection)
		return; /* it is gone already */
	struct tally *address = connection->address;
	connection->side = is_live(t, connection) ? SIDE_LIVE : SIDE_REPLAY;
	allowance_begin(&connection->allowance, connection->side == SIDE_LIVE, now_us);
	if (address && (int64_t)address->n > t->limits.per_address)
		traffic_punish(t, connection, OFFENCE_CONNECTIONS,
			"has more connections than connections.per_address allows");
	else if ((int64_t)t->connections.n > t->limits.all)
		traffic_punish(t, connection, OFFENCE_CONNECTIONS,
			"comes when there are as many connections as connections.all allows");
	else if (address && asks_for_keys(t, endpoint) &&
		 !handshakes_take(&t->handshakes, address->name, now_us))
		traffic_punish(t, connection, OFFENCE_HANDSHAKES,
			"connects more often than keys are looked at");
	else
		epoll_ctl(t->epoll_fd, EPOLL_CTL_ADD, fd, &event);
}

static void sweep(struct traffic *t, int64_t now_us)
{
	for (size_t fd = 0; fd < t->connections.cap; fd++)
		if (!connections_get(&t->connections, (int)fd))
			connections_remove(&t->connections, (int)fd);
	handshakes_sweep(&t->handshakes, now_us);
	t->sweep_us = now_us + SWEEP_US;
}

void traffic_look(struct traffic *t, bool told, int64_t now_us)
{
	if (told)
		look_at_new(t, now_us);
	if (!list_is_empty(&t->busy) && now_us >= t->look_us)
		look_at_busy(t, now_us);
	if (now_us >= t->sweep_us)
		sweep(t, now_us);
}

int64_t traffic_next_us(const struct traffic *t)
{
	return list_is_empty(&t->busy) ? t->sweep_us : t->look_us;
}
