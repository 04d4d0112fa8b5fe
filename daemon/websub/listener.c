/* A request's way:
 *
 *   GET  /…/TOKEN ─▶ what is expected behind the token ─▶ the challenge, or 404
 *   POST /…/TOKEN ─▶ head judged ─▶ body spooled and hashed ─▶ signature fits ─▶ knock ┄▶ the loop
 *                        │                                        │              (connection
 *                        └─ refused: the rest is swallowed        └─ not: 202     suspended)
 *                                                                                   │
 *                                      answered ◀──────────────── listener_answer() ┘
 *
 * What must hold:
 *  - A connection is suspended before its knock is told, for the answer may come at once, from the
 *    loop's thread. libmicrohttpd takes a resumption of a connection that is just being suspended.
 *  - While it is suspended libmicrohttpd does not look at it: no timeout, no end of it. So the call lives
 *    until it has been answered, and all must be answered before the daemon is stopped.
 *  - A response may be given at the head of a request or at its end, not between: a body that has become
 *    too long is swallowed, or its connection cut. */
#include "websub/listener.h"

#include <arpa/inet.h>
#include <errno.h>
#include <microhttpd.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>

#include "base/address.h"
#include "base/alloc.h"
#include "base/list.h"
#include "base/map.h"
#include "base/metrics.h"
#include "base/pulse.h"
#include "websub/lease.h"
#include "websub/limits.h"
#include "websub/signature.h"

const struct listener_limits listener_limits_default = {
	.connections = 256, /* hubs use one or a few; some send many pushes side by side */
	.per_address = 64,
	.silent_s = 10,
	.request_us = 60 * SEC_US,   /* 16 MiB at 2.2 Mbit/s, as when polling */
	.body = 16 * 1024 * 1024,    /* as when polling */
	.waiting = 64 * 1024 * 1024, /* four of the largest, three thousand of the common ones */
	.swallowed =
		1024 * 1024, /* so that who sent it can read the answer; more costs a connection */
	.memory = 32 * 1024, /* nginx takes heads of 8 KiB */
};

/* A connection, from accept to close. */
struct peer {
	struct list link;
	int fd;
	int64_t since_us; /* monotonic; when its request began, at the latest */
	bool waits;       /* for us */
};

struct known_door {
	char *token, *topic;
	char secret[SUBSCRIPTION_SECRET_MAX];
	bool subscribe, unsubscribe;
	int64_t max_body;
};

/* A request. */
struct call {
	struct MHD_Connection *connection;
	struct knock *knock; /* NULL: not a push, or nothing to tell (any more) */
	struct signature_claim claim;
	struct signature *signature;
	int64_t max, size; /* of the body */
	unsigned status;   /* of the answer; 0: not known yet */
	bool told;         /* the knock is the loop's */
	bool counted;      /* its body is in `waiting` */
};

struct listener {
	struct listener_limits limits;
	struct listener_sink *sink;
	struct MHD_Daemon *daemon;
	struct pulse pulse;
	_Atomic int64_t waiting; /* bytes of bodies that are being received or wait */
	pthread_mutex_t lock;    /* over all below */
	struct map doors;
	struct list peers;
	bool ended;
};

struct knock *knock_free(struct knock *knock)
{
	if (!knock)
		return NULL;
	body_deinit(&knock->body);
	free(knock->content_type);
	free(knock->reason);
	free(knock);
	return NULL;
}

static struct knock *knock_new(enum knock_kind kind, const char *token)
{
	struct knock *knock = mem_zalloc(1, sizeof *knock);

	knock->kind = kind;
	snprintf(knock->token, sizeof knock->token, "%s", token);
	knock->body = BODY_INIT;
	knock->received_us = clock_real_us();
	return knock;
}

/* ---- doors ---- */

static void door_free(struct known_door *door)
{
	free(door->token);
	free(door->topic);
	explicit_bzero(door->secret, sizeof door->secret);
	free(door);
}

void listener_open(struct listener *l, const struct door *door)
{
	struct known_door *known = mem_zalloc(1, sizeof *known);

	known->token = mem_strdup(door->token);
	known->topic = mem_strdup(door->topic);
	snprintf(known->secret, sizeof known->secret, "%s", door->secret ? door->secret : "");
	known->subscribe = door->subscribe;
	known->unsubscribe = door->unsubscribe;
	known->max_body = door->max_body;
	pthread_mutex_lock(&l->lock);
	struct known_door *before = map_take(&l->doors, str_of(door->token));
	map_add(&l->doors, str_of(known->token), known);
	pthread_mutex_unlock(&l->lock);
	if (before)
		door_free(before);
}

void listener_close(struct listener *l, const char *token)
{
	pthread_mutex_lock(&l->lock);
	struct known_door *before = map_take(&l->doors, str_of(token));
	pthread_mutex_unlock(&l->lock);
	if (before)
		door_free(before);
}

/* The part of a path behind its last slash. */
static const char *token_of(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

/* Held while the result is used. */
static struct known_door *door_lock(struct listener *l, const char *path)
{
	pthread_mutex_lock(&l->lock);
	return map_get(&l->doors, str_of(token_of(path)));
}

/* ---- answers ---- */

static enum MHD_Result respond(struct MHD_Connection *connection, unsigned status, struct str text)
{
	struct MHD_Response *response = MHD_create_response_from_buffer(
		text.n, (void *)(uintptr_t)text.p, MHD_RESPMEM_MUST_COPY);

	if (!response)
		return MHD_NO;
	MHD_add_response_header(response, "Content-Type", "text/plain");
	MHD_add_response_header(response, "Cache-Control", "no-store");
	MHD_add_response_header(response, "X-Content-Type-Options", "nosniff");
	if (status == MHD_HTTP_METHOD_NOT_ALLOWED)
		MHD_add_response_header(response, "Allow", "GET, POST");
	if (status == MHD_HTTP_SERVICE_UNAVAILABLE)
		MHD_add_response_header(response, "Retry-After", "60");
	enum MHD_Result r = MHD_queue_response(connection, status, response);
	MHD_destroy_response(response);
	return r;
}

static struct str argument(struct MHD_Connection *connection, const char *name)
{
	const char *value = NULL;
	size_t n = 0;

	if (MHD_lookup_connection_value_n(
		    connection, MHD_GET_ARGUMENT_KIND, name, strlen(name), &value, &n) != MHD_YES ||
		!value)
		return STR_NONE;
	return str_make(value, n);
}

/* Tells the loop; false: it has no room. */
static bool tell(struct listener *l, struct knock *knock)
{
	pthread_mutex_lock(&l->lock);
	bool told = !l->ended && l->sink->knock(l->sink, knock);
	pthread_mutex_unlock(&l->lock);
	if (!told)
		knock_free(knock);
	return told;
}

/* Text for our log: nobody writes escapes or line ends into it. */
static char *printable(struct str s)
{
	char *text = mem_strndup(s.p ? s.p : "", s.n < 200 ? s.n : 200);

	for (char *p = text; *p; p++)
		if ((unsigned char)*p < ' ' || (unsigned char)*p > '~')
			*p = '?';
	return text;
}

static enum MHD_Result answer_get(
	struct listener *l, struct MHD_Connection *connection, const char *path)
{
	static const enum knock_kind kinds[] = {[INTENT_SUBSCRIBE] = KNOCK_SUBSCRIBED,
		[INTENT_UNSUBSCRIBE] = KNOCK_UNSUBSCRIBED,
		[INTENT_DENIED] = KNOCK_DENIED};
	struct intent intent = {.mode = argument(connection, "hub.mode"),
		.topic = argument(connection, "hub.topic"),
		.challenge = argument(connection, "hub.challenge"),
		.lease_seconds = argument(connection, "hub.lease_seconds"),
		.reason = argument(connection, "hub.reason")};
	enum verdict verdict = INTENT_REFUSED;

	struct known_door *door = door_lock(l, path);
	if (door)
		verdict = intent_judge(&intent, &(struct expectation){str_of(door->topic),
							door->subscribe, door->unsubscribe});
	pthread_mutex_unlock(&l->lock);
	if (verdict == INTENT_REFUSED)
		return respond(connection, MHD_HTTP_NOT_FOUND, STR("nothing here\n"));
	struct knock *knock = knock_new(kinds[verdict], token_of(path));
	knock->lease_us = intent_lease_us(&intent);
	if (verdict == INTENT_DENIED && intent.reason.n)
		knock->reason = printable(intent.reason);
	if (!tell(l, knock))
		return respond(connection, MHD_HTTP_SERVICE_UNAVAILABLE, STR("busy\n"));
	return respond(connection, MHD_HTTP_OK,
		verdict == INTENT_DENIED ? STR("noted\n") : intent.challenge);
}

/* ---- content ---- */

static const char *header(struct MHD_Connection *connection, const char *name)
{
	return MHD_lookup_connection_value(connection, MHD_HEADER_KIND, name);
}

/* Bytes as announced; −1: it does not say. */
static int64_t announced(struct MHD_Connection *connection)
{
	const char *text = header(connection, MHD_HTTP_HEADER_CONTENT_LENGTH);
	unsigned long long n;

	return text && str_u64(str_trim(str_of(text)), INT64_MAX, &n) ? (int64_t)n : -1;
}

static bool is_encoded(struct MHD_Connection *connection)
{
	const char *coding = header(connection, MHD_HTTP_HEADER_CONTENT_ENCODING);

	return coding && !str_is_i(str_trim(str_of(coding)), "identity");
}

static struct call *call_new(struct MHD_Connection *connection)
{
	struct call *call = mem_zalloc(1, sizeof *call);

	call->connection = connection;
	return call;
}

static void forget_body(struct listener *l, struct call *call)
{
	if (call->counted)
		atomic_fetch_sub(&l->waiting, call->size);
	call->counted = false;
}

static void refuse(struct listener *l, struct call *call, unsigned status)
{
	forget_body(l, call);
	call->status = status;
	call->knock = knock_free(call->knock);
	call->signature = signature_free(call->signature);
}

/* The head of a POST: what is behind the path, and does its signature look like one? */
static void begin_post(struct listener *l, struct call *call, const char *path)
{
	const char *claimed = header(call->connection, "X-Hub-Signature");
	char secret[SUBSCRIPTION_SECRET_MAX] = "";
	int64_t length = announced(call->connection);
	struct known_door *door = door_lock(l, path);
	bool counts = door && door->subscribe;

	call->max = door && door->max_body > 0 ? door->max_body : l->limits.body;
	if (door)
		memcpy(secret, door->secret, sizeof secret);
	pthread_mutex_unlock(&l->lock);
	if (!counts) {
		call->status = MHD_HTTP_GONE;
	} else if (!*secret) {
		call->knock = knock_new(KNOCK_PING, token_of(path));
		call->status = MHD_HTTP_ACCEPTED;
	} else if (is_encoded(call->connection)) {
		call->status = MHD_HTTP_UNSUPPORTED_MEDIA_TYPE;
	} else if (length > call->max) {
		call->status = MHD_HTTP_CONTENT_TOO_LARGE;
	} else if (atomic_load(&l->waiting) + (length > 0 ? length : 0) > l->limits.waiting) {
		call->status = MHD_HTTP_SERVICE_UNAVAILABLE;
	} else if (!claimed || !signature_read(str_of(claimed), &call->claim)) {
		call->knock = knock_new(KNOCK_WRONG, token_of(path));
		call->status = MHD_HTTP_ACCEPTED;
	} else {
		const char *type = header(call->connection, MHD_HTTP_HEADER_CONTENT_TYPE);
		call->signature = signature_begin(&call->claim, str_of(secret));
		call->knock = knock_new(KNOCK_PUSH, token_of(path));
		call->knock->content_type = type ? mem_strdup(type) : NULL;
		call->knock->call = call;
		call->counted = true;
		if (!call->signature)
			refuse(l, call, MHD_HTTP_SERVICE_UNAVAILABLE);
	}
	explicit_bzero(secret, sizeof secret);
}

static enum MHD_Result take_piece(struct listener *l, struct call *call, const char *data, size_t n)
{
	call->size += (int64_t)n;
	/* A hub that has something to tell is let tell it. */
	if (!call->signature)
		return call->size > (call->knock ? call->max : l->limits.swallowed) ? MHD_NO
										    : MHD_YES;
	int64_t waiting = atomic_fetch_add(&l->waiting, (int64_t)n) + (int64_t)n;
	if (call->size > call->max)
		refuse(l, call, MHD_HTTP_CONTENT_TOO_LARGE);
	else if (waiting > l->limits.waiting || body_append(&call->knock->body, data, n) < 0)
		refuse(l, call, MHD_HTTP_SERVICE_UNAVAILABLE);
	else
		signature_add(call->signature, data, n);
	return MHD_YES;
}

static enum MHD_Result tell_at_once(struct listener *l, struct call *call)
{
	struct knock *knock = call->knock;

	call->knock = NULL;
	if (knock && !tell(l, knock) && call->status == MHD_HTTP_ACCEPTED)
		call->status = MHD_HTTP_SERVICE_UNAVAILABLE;
	return respond(call->connection, call->status, STR(""));
}

static struct peer *peer_of(struct MHD_Connection *connection)
{
	const union MHD_ConnectionInfo *info =
		MHD_get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT);

	return info ? info->socket_context : NULL;
}

/* The whole body is here. */
static enum MHD_Result end_post(struct listener *l, struct call *call)
{
	struct peer *peer = peer_of(call->connection);
	bool fits = false;

	if (call->told || !call->signature) /* answered, or known from the beginning */
		return tell_at_once(l, call);
	fits = signature_end(call->signature, &call->claim);
	call->signature = NULL;
	if (!fits || !call->knock->body.n) {
		/* A signed nothing is a ping. */
		call->knock->kind = fits ? KNOCK_PING : KNOCK_WRONG;
		forget_body(l, call);
		body_deinit(&call->knock->body);
		call->status = MHD_HTTP_ACCEPTED;
		return tell_at_once(l, call);
	}
	pthread_mutex_lock(&l->lock);
	MHD_suspend_connection(call->connection);
	if (peer)
		peer->waits = true;
	call->told = !l->ended;
	/* The answer may be there before this call returns. */
	bool taken = call->told && l->sink->knock(l->sink, call->knock);
	pthread_mutex_unlock(&l->lock);
	if (!taken) {
		call->told = true;
		listener_answer(l, call->knock, MHD_HTTP_SERVICE_UNAVAILABLE);
	}
	return MHD_YES;
}

void listener_answer(struct listener *l, struct knock *knock, unsigned status)
{
	struct call *call = knock->call;
	struct MHD_Connection *connection = call->connection;

	forget_body(l, call);
	call->status = status;
	call->knock = knock_free(knock);
	MHD_resume_connection(connection);
}

/* libmicrohttpd calls this first for the head, then for each piece of the body, then with none left, and
 * so again after a resumption. */
static enum MHD_Result handle(struct listener *l, struct MHD_Connection *connection,
	const char *path, const char *method, const char *data, size_t *size, void **context)
{
	struct call *call = *context;
	bool is_post = !strcmp(method, MHD_HTTP_METHOD_POST);

	if (!is_post && !call) {
		*context = call_new(connection);
		return MHD_YES;
	}
	if (!is_post && *size) { /* a body where there should be none */
		call->size += (int64_t)*size;
		*size = 0;
		return call->size > l->limits.swallowed ? MHD_NO : MHD_YES;
	}
	if (!is_post)
		return strcmp(method, MHD_HTTP_METHOD_GET) != 0
			       ? respond(connection, MHD_HTTP_METHOD_NOT_ALLOWED, STR(""))
			       : answer_get(l, connection, path);
	if (!call) {
		*context = call = call_new(connection);
		begin_post(l, call, path);
		/* What would be too much even to swallow is answered before it is sent. */
		bool too_much = !call->signature && announced(connection) > l->limits.swallowed;
		return too_much ? tell_at_once(l, call) : MHD_YES;
	}
	if (!*size)
		return end_post(l, call);
	size_t n = *size;
	*size = 0;
	return take_piece(l, call, data, n);
}

static enum MHD_Result on_request(void *cls, struct MHD_Connection *connection, const char *path,
	const char *method, const char *version, const char *data, size_t *size, void **context)
{
	struct listener *l = cls;

	(void)version;
	pulse_begin(&l->pulse);
	enum MHD_Result r = handle(l, connection, path, method, data, size, context);
	pulse_end(&l->pulse);
	return r;
}

static void on_completed(void *cls, struct MHD_Connection *connection, void **context,
	enum MHD_RequestTerminationCode why)
{
	struct listener *l = cls;
	struct call *call = *context;
	struct peer *peer = peer_of(connection);

	(void)why;
	*context = NULL;
	if (call) {
		refuse(l, call, 0);
		free(call);
	}
	pthread_mutex_lock(&l->lock);
	if (peer) {
		peer->since_us = clock_monotonic_us();
		peer->waits = false;
	}
	pthread_mutex_unlock(&l->lock);
}

/* ---- connections ---- */

static void on_connection(void *cls, struct MHD_Connection *connection, void **context,
	enum MHD_ConnectionNotificationCode what)
{
	struct listener *l = cls;
	struct peer *peer = *context;

	pthread_mutex_lock(&l->lock);
	if (what == MHD_CONNECTION_NOTIFY_CLOSED) {
		if (peer)
			list_remove(&peer->link);
		free(peer);
		*context = NULL;
	} else {
		const union MHD_ConnectionInfo *info =
			MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);
		peer = mem_zalloc(1, sizeof *peer);
		peer->fd = info ? info->connect_fd : -1;
		peer->since_us = clock_monotonic_us();
		list_append(&l->peers, &peer->link);
		*context = peer;
	}
	pthread_mutex_unlock(&l->lock);
}

/* libmicrohttpd's own timeout counts silence alone; who sends a byte now and then would stay for ever. Its
 * descriptor is only shut down here: libmicrohttpd sees that and closes it. */
void listener_cut_slow(struct listener *l, int64_t now_us)
{
	pthread_mutex_lock(&l->lock);
	list_for_each(link, &l->peers) {
		struct peer *peer = container_of(link, struct peer, link);
		if (!peer->waits && peer->fd >= 0 && now_us - peer->since_us > l->limits.request_us)
			shutdown(peer->fd, SHUT_RDWR);
	}
	pthread_mutex_unlock(&l->lock);
}

/* ---- beginning and end ---- */

static bool is_loopback(const struct sockaddr_storage *address)
{
	const struct sockaddr_in *v4 = (const struct sockaddr_in *)address;
	const struct sockaddr_in6 *v6 = (const struct sockaddr_in6 *)address;

	return address->ss_family == AF_INET ? ntohl(v4->sin_addr.s_addr) >> 24 == 127
					     : IN6_IS_ADDR_LOOPBACK(&v6->sin6_addr);
}

int listener_start_limited(struct listener **ret, const char *bind,
	const struct listener_limits *limits, struct listener_sink *sink, struct error *error)
{
	struct sockaddr_storage address;
	int r = address_read(bind, &address, error);

	if (r < 0)
		return r;
	struct listener *l = mem_zalloc(1, sizeof *l);
	l->limits = *limits;
	l->sink = sink;
	pthread_mutex_init(&l->lock, NULL);
	map_init(&l->doors);
	list_init(&l->peers);
	unsigned flags = MHD_USE_EPOLL_INTERNAL_THREAD | MHD_USE_ITC | MHD_ALLOW_SUSPEND_RESUME;
	if (address.ss_family == AF_INET6)
		flags |= MHD_USE_IPv6;
	unsigned per_address = is_loopback(&address) ? 0 : limits->per_address;
	l->daemon = MHD_start_daemon(flags, 0, NULL, NULL, on_request, l, MHD_OPTION_SOCK_ADDR,
		&address, MHD_OPTION_CONNECTION_LIMIT, limits->connections,
		MHD_OPTION_PER_IP_CONNECTION_LIMIT, per_address, MHD_OPTION_CONNECTION_TIMEOUT,
		limits->silent_s, MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)limits->memory,
		MHD_OPTION_NOTIFY_COMPLETED, on_completed, l, MHD_OPTION_NOTIFY_CONNECTION,
		on_connection, l, MHD_OPTION_END);
	if (!l->daemon) {
		r = error_errno(error, errno ? errno : EADDRINUSE,
			"the listener for hubs cannot be opened at %s (websub.bind)", bind);
		listener_free(l);
		return r;
	}
	*ret = l;
	return 0;
}

int listener_start(
	struct listener **ret, const char *bind, struct listener_sink *sink, struct error *error)
{
	return listener_start_limited(ret, bind, &listener_limits_default, sink, error);
}

void listener_end(struct listener *l)
{
	pthread_mutex_lock(&l->lock);
	l->ended = true;
	pthread_mutex_unlock(&l->lock);
}

struct listener *listener_free(struct listener *l)
{
	if (!l)
		return NULL;
	if (l->daemon)
		MHD_stop_daemon(l->daemon);
	map_for_each(it, &l->doors)
		door_free(it->value);
	map_deinit(&l->doors);
	pthread_mutex_destroy(&l->lock);
	free(l);
	return NULL;
}

bool listener_is_stuck(const struct listener *l, int64_t now_us, int64_t limit_us)
{
	return pulse_is_stuck(&l->pulse, now_us, limit_us);
}
