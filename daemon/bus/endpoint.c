#include "bus/endpoint.h"

#include <arpa/inet.h>
#include <assert.h>
#include <errno.h>
#include <zmq.h>

#include "base/str.h"

/* A peer that does not finish its greeting in this time is cut (ms). */
#define HANDSHAKE_MS 2000
/* A quiet connection is probed. As soon as one probe has gone unanswered, MAXRT (TCP_USER_TIMEOUT)
 * decides when the peer is dead; so it does while something is on its way to it, when nothing is probed,
 * and about a peer that is there and takes nothing. */
#define PROBES 4
/* What peers that read get at the end; those that do not must not hold it up (ms). */
#define LINGER_MS 250
/* Connections that wait to be accepted: a city's worth of clients after a restart. */
#define BACKLOG 1024

/* What encryption adds to a frame: 16 bytes of command and nonce, 16 of authentication, flags. */
#define CURVE_BYTES 33
/* A draft in the headers of 4.3, and there all the same. */
#ifndef ZMQ_ZAP_ENFORCE_DOMAIN
#define ZMQ_ZAP_ENFORCE_DOMAIN 93
#endif

static bool ip_is_loopback(struct str address)
{
	char text[INET6_ADDRSTRLEN];
	struct in_addr v4;

	if (str_is(address, "[::1]"))
		return true;
	if (address.n >= sizeof text)
		return false;
	memcpy(text, address.p, address.n);
	text[address.n] = '\0';
	return inet_pton(AF_INET, text, &v4) == 1 && ntohl(v4.s_addr) >> 24 == 127;
}

bool endpoint_is_local(const char *endpoint)
{
	struct str s = str_of(endpoint);
	unsigned long long port;

	if (str_starts(s, STR("ipc://")))
		return s.n > strlen("ipc://");
	if (!str_starts(s, STR("tcp://")))
		return false;
	s = str_skip(s, strlen("tcp://"));
	size_t colon = s.n;
	while (colon && s.p[colon - 1] != ':')
		colon--;
	return colon && str_u64(str_skip(s, colon), 65535, &port) && port &&
	       ip_is_loopback(str_head(s, colon - 1));
}

void endpoint_options(void *socket, const struct endpoint_limits *limits)
{
	const int64_t message_bytes = limits->message_max + CURVE_BYTES;
	/* ZMTP heartbeats stay off: in 4.3.4 they abort slow subscribers' processes. */
	const struct {
		int option, value;
	} options[] = {
		{ZMQ_IPV6, 1},
		{ZMQ_BACKLOG, BACKLOG},
		{ZMQ_SNDHWM, limits->send_hwm},
		{ZMQ_RCVHWM, limits->receive_hwm},
		{ZMQ_HANDSHAKE_IVL, HANDSHAKE_MS},
		{ZMQ_TCP_KEEPALIVE, 1},
		{ZMQ_TCP_KEEPALIVE_IDLE, limits->quiet_s},
		{ZMQ_TCP_KEEPALIVE_INTVL, limits->dead_ms / 1000 / PROBES},
		{ZMQ_TCP_KEEPALIVE_CNT, PROBES},
		{ZMQ_TCP_MAXRT, limits->dead_ms},
		{ZMQ_LINGER, LINGER_MS},
	};
	int r = zmq_setsockopt(socket, ZMQ_MAXMSGSIZE, &message_bytes, sizeof message_bytes);

	for (size_t i = 0; i < sizeof options / sizeof *options; i++)
		r |= zmq_setsockopt(socket, options[i].option, &options[i].value, sizeof(int));
	assert(!r); /* all of these are constants that every libzmq 4.3 takes */
	(void)r;
}

int endpoint_secure(void *socket, const char *secret, const char *domain, struct error *error)
{
	const int yes = 1;

	if (!zmq_has("curve"))
		return error_set(error, ENOTSUP, "this libzmq was built without CURVE");
	/* Without ENFORCE_DOMAIN, libzmq 4.3.4 admits everybody while there is no handler. */
	if (zmq_setsockopt(socket, ZMQ_ZAP_ENFORCE_DOMAIN, &yes, sizeof yes) < 0 ||
		zmq_setsockopt(socket, ZMQ_ZAP_DOMAIN, domain, strlen(domain)) < 0 ||
		zmq_setsockopt(socket, ZMQ_CURVE_SERVER, &yes, sizeof yes) < 0 ||
		zmq_setsockopt(socket, ZMQ_CURVE_SECRETKEY, secret, strlen(secret) + 1) < 0)
		return error_set(
			error, zmq_errno(), "cannot ask for keys: %s", zmq_strerror(zmq_errno()));
	return 0;
}

int endpoint_bind(void *socket, const char *endpoint, bool secure, struct error *error)
{
	if (!secure && !endpoint_is_local(endpoint))
		return error_set(error, EPERM,
			"%s is not this machine alone (127.0.0.0/8, [::1] or ipc): refused without "
			"keys",
			endpoint);
	if (zmq_bind(socket, endpoint) == 0)
		return 0;
	return error_set(
		error, zmq_errno(), "cannot bind %s: %s", endpoint, zmq_strerror(zmq_errno()));
}

void endpoint_close(void *socket)
{
	const int linger = LINGER_MS;

	if (!socket)
		return;
	zmq_setsockopt(socket, ZMQ_LINGER, &linger, sizeof linger);
	zmq_close(socket);
}
