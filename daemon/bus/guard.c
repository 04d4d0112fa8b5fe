/* What must hold:
 * - Fail closed. A key is admitted when it is found in the table, for this endpoint, now; anything
 *   else is a refusal, of which the client hears nothing but the end of its connection.
 * - A key that loses its right (revoked, expired, taken off an endpoint) loses its connections within
 *   a second. libzmq does not tell whose a connection is; it tells of each message whose it was and on
 *   which descriptor it came. So the threads that receive messages pass that on (claims), and the
 *   connection is cut by its descriptor (connections.h says why that is safe). A connection that has
 *   not said a word has not been given any event either: it is judged at its first one.
 * - One peer can use no more than its share (traffic.h).
 *
 *   libzmq ── ZAP: may this key? ─────────────────▶ ┐
 *   libzmq ── monitors: accepted, gone ───────────▶ │
 *   live, replay ── claims: whose it is ──────────▶ ├ guard ──▶ cut(descriptor)
 *   kernel ── epoll: there are bytes ─────────────▶ │
 *   main ── mail: who may read from now on ───────▶ ┘ */
#include "bus/guard.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <unistd.h>
#include <zmq.h>

#include "base/clock.h"
#include "base/log.h"
#include "bus/traffic.h"
#include "bus/zap.h"

/* Without anything to do the guard shows this often that it is there. */
#define TURN_US      (500 * MSEC_US)
#define TURN_LATE_US (5 * SEC_US)
/* Questions answered between two looks at the rest. */
#define ZAP_AT_ONCE 100
/* Descriptors for everything that is no connection, and for those that wait to be cut. */
#define DESCRIPTORS_KEPT 256

struct claim {
	size_t endpoint;
	int fd;
	uint64_t cookie;
	bool strange; /* it says what is no topic */
	char key[ZAP_KEY_SIZE];
};

/* More than that are not kept: a claim comes again with the next message. */
#define CLAIMS_MAX 65536

struct guard {
	void *context;
	struct auth_endpoint *endpoints;
	void **monitors; /* PAIR, one for each endpoint; NULL: not watched */
	size_t n;
	struct bus_counters *counters;
	struct mailbox box;
	bool started;
	pthread_t thread;
	_Atomic int64_t turned_us; /* monotonic */
	atomic_bool gone;

	pthread_mutex_t claims_lock;
	struct claim *claims;
	size_t n_claims, cap_claims;
	bool urgent;   /* some have keys */
	int claims_fd; /* eventfd: written then */

	/* The thread's own. */
	struct mail mail;
	void *zap; /* REP */
	struct traffic traffic;
	struct claim *taken; /* swapped with the above */
	size_t cap_taken;
	int64_t expiry_us; /* real: when the next key expires */
	int64_t judged_us; /* real: when that was found */
};

/* ---- connections ---- */

/* Everything that the monitors have to tell: a claim must find its connection. */
static void take_events(struct guard *guard, size_t endpoint, int64_t now_us)
{
	void *monitor = guard->monitors[endpoint];
	char place[256];
	struct {
		uint16_t event;
		uint32_t value;
	} __attribute__((packed)) told;

	while (monitor && zmq_recv(monitor, &told, sizeof told, ZMQ_DONTWAIT) >= 0) {
		(void)zmq_recv(monitor, place, sizeof place, ZMQ_DONTWAIT);
		switch (told.event) {
		case ZMQ_EVENT_ACCEPTED:
			traffic_accept(&guard->traffic, endpoint, (int)told.value, now_us);
			break;
		case ZMQ_EVENT_DISCONNECTED:
			connections_remove(&guard->traffic.connections, (int)told.value);
			break;
		case ZMQ_EVENT_HANDSHAKE_FAILED_NO_DETAIL:
		case ZMQ_EVENT_HANDSHAKE_FAILED_PROTOCOL:
		case ZMQ_EVENT_HANDSHAKE_FAILED_AUTH:
			counter_add(&guard->counters->handshakes_failed, 1);
			break;
		default:
			break;
		}
	}
	counter_set(&guard->counters->connections, guard->traffic.connections.n);
}

/* ---- keys ---- */

static void judge(struct guard *guard, struct connection *connection, int64_t real_us)
{
	const struct auth_endpoint *endpoint = &guard->endpoints[connection->endpoint];

	if (!connection->key || connection->cut)
		return;
	enum auth_verdict verdict =
		auth_judge(guard->mail.clients, endpoint, connection->key->name, real_us);
	if (verdict == AUTH_ADMITTED)
		return;
	struct str peer = traffic_peer(&guard->traffic, connection);
	log_info("%.*s is cut off %s: %s", STR_FMT(peer), endpoint->bind,
		auth_verdict_words[verdict]);
	counter_add(&guard->counters->cut_rights, 1);
	traffic_cut(&guard->traffic, connection);
}

static void judge_all(struct guard *guard)
{
	int64_t real_us = clock_real_us();

	for (size_t fd = 0; fd < guard->traffic.connections.cap; fd++)
		if (guard->traffic.connections.by_fd[fd])
			judge(guard, guard->traffic.connections.by_fd[fd], real_us);
	guard->expiry_us = auth_next_expiry(guard->mail.clients, real_us);
	guard->judged_us = real_us;
}

static void take_claim(struct guard *guard, const struct claim *claim)
{
	struct connection *connection = connections_get(&guard->traffic.connections, claim->fd);

	if (!connection || connection->cookie != claim->cookie ||
		connection->endpoint != claim->endpoint || connection->cut)
		return;
	traffic_renew(&guard->traffic, connection);
	if (claim->strange) {
		traffic_punish(&guard->traffic, connection, OFFENCE_WORDS,
			"subscribes to bytes that no topic has");
		return;
	}
	if (!claim->key[0])
		return;
	bool first = !connection->key;
	if (!connections_claim(&guard->traffic.connections, connection, str_of(claim->key))) {
		/* The descriptor has changed hands between message and claim: whose it is can no
		 * longer be told, so nobody keeps it. */
		traffic_cut(&guard->traffic, connection);
		return;
	}
	const struct client_settings *client =
		auth_find(guard->mail.clients, connection->key->name);
	if (first && client && (int64_t)connection->key->n > client->connections)
		traffic_punish(&guard->traffic, connection, OFFENCE_CONNECTIONS,
			"has more connections than its file in clients.d allows");
	judge(guard, connection, clock_real_us());
}

static void take_claims(struct guard *guard, int64_t now_us)
{
	pthread_mutex_lock(&guard->claims_lock);
	struct claim *claims = guard->claims;
	size_t n = guard->n_claims, cap = guard->cap_claims;
	guard->claims = guard->taken;
	guard->cap_claims = guard->cap_taken;
	guard->n_claims = 0;
	guard->urgent = false;
	pthread_mutex_unlock(&guard->claims_lock);
	guard->taken = claims;
	guard->cap_taken = cap;
	/* Accepted comes before any claim; so what was told before they were made is known. */
	for (size_t i = 0; i < guard->n; i++)
		take_events(guard, i, now_us);
	for (size_t i = 0; i < n; i++)
		take_claim(guard, &claims[i]);
}

static const struct auth_endpoint *endpoint_of(const struct guard *guard, const char *domain)
{
	for (size_t i = 0; i < guard->n; i++)
		if (!strcmp(guard->endpoints[i].domain, domain))
			return &guard->endpoints[i];
	return NULL;
}

static void answer(struct guard *guard, const struct zap_request *request, bool understood)
{
	const struct auth_endpoint *endpoint = endpoint_of(guard, request->domain);
	enum auth_verdict verdict = AUTH_UNKNOWN;
	struct str key = str_of(request->key);
	char text[256];

	if (understood && endpoint)
		verdict = auth_judge(guard->mail.clients, endpoint, key, clock_real_us());
	zap_answer(guard->zap, request, verdict == AUTH_ADMITTED);
	if (verdict == AUTH_ADMITTED)
		return;
	const struct client_settings *client = auth_find(guard->mail.clients, key);
	snprintf(text, sizeof text, "is refused at %s: %s%s%s", endpoint ? endpoint->bind : "?",
		auth_verdict_words[verdict], client ? " of client " : "",
		client ? client->name : "");
	offences_note(&guard->traffic.offences, OFFENCE_REFUSED, str_of(request->address), text,
		clock_monotonic_us());
	counter_add(&guard->counters->refused, 1);
}

static void answer_questions(struct guard *guard)
{
	struct zap_request request;

	for (int i = 0; i < ZAP_AT_ONCE; i++) {
		int r = zap_receive(guard->zap, &request);
		if (r == 0)
			return;
		answer(guard, &request, r > 0);
	}
}

/* ---- the thread ---- */

static void take_mail(struct guard *guard)
{
	struct auth_clients *before = guard->mail.clients;

	guard->mail = mailbox_take(&guard->box);
	guard->traffic.clients = guard->mail.clients;
	if (guard->mail.clients != before)
		judge_all(guard);
	auth_clients_unref(before);
}

static long patience(const struct guard *guard, int64_t now_us)
{
	int64_t until_us = now_us + TURN_US, look_us = traffic_next_us(&guard->traffic);

	if (look_us < until_us)
		until_us = look_us;
	return until_us <= now_us ? 0 : (long)((until_us - now_us + MSEC_US - 1) / MSEC_US);
}

static void work(struct guard *guard, const zmq_pollitem_t *items)
{
	int64_t now_us = clock_monotonic_us();
	eventfd_t count;

	if (items[1].revents)
		eventfd_read(guard->claims_fd, &count);
	take_claims(guard, now_us);
	if (items[0].revents)
		take_mail(guard);
	answer_questions(guard);
	traffic_look(&guard->traffic, items[2].revents, now_us);
	int64_t real_us = clock_real_us();
	/* A clock that was set back since makes keys good again, which will expire again. */
	if (real_us >= guard->expiry_us || real_us < guard->judged_us)
		judge_all(guard);
}

static void *run(void *argument)
{
	struct guard *guard = argument;
	size_t n = 4 + guard->n;
	zmq_pollitem_t *items = mem_zalloc(n, sizeof *items);

	/* From here and not from the thread that starts it, which would have to write to /proc. */
	pthread_setname_np(pthread_self(), "bus-guard");
	items[0] = (zmq_pollitem_t){.fd = guard->box.fd, .events = ZMQ_POLLIN};
	items[1] = (zmq_pollitem_t){.fd = guard->claims_fd, .events = ZMQ_POLLIN};
	items[2] = (zmq_pollitem_t){.fd = guard->traffic.epoll_fd, .events = ZMQ_POLLIN};
	items[3] = (zmq_pollitem_t){.socket = guard->zap, .events = ZMQ_POLLIN};
	for (size_t i = 0; i < guard->n; i++)
		items[4 + i] = (zmq_pollitem_t){.socket = guard->monitors[i], .events = ZMQ_POLLIN};
	while (!guard->mail.end) {
		int64_t now_us = clock_monotonic_us();
		atomic_store(&guard->turned_us, now_us);
		if (zmq_poll(items, (int)n, patience(guard, now_us)) >= 0)
			work(guard, items);
		else if (zmq_errno() != EINTR)
			break; /* guard_is_well() says so */
	}
	if (!guard->mail.end)
		atomic_store(&guard->gone, true);
	free(items);
	return NULL;
}

/* ---- outside ---- */

static void name_endpoints(struct guard *guard, const struct bus_settings *settings)
{
	guard->n = settings->n_live + 1;
	guard->endpoints = mem_zalloc(guard->n, sizeof *guard->endpoints);
	guard->monitors = mem_zalloc(guard->n, sizeof *guard->monitors);
	for (size_t i = 0; i < settings->n_live; i++) {
		struct auth_endpoint *e = &guard->endpoints[i];
		snprintf(e->domain, sizeof e->domain, "live/%zu", i);
		e->bind = settings->live[i].bind;
		e->admission = &settings->live[i].admission;
		e->audience = &settings->live[i].audience;
	}
	guard->endpoints[settings->n_live] = (struct auth_endpoint){.domain = "replay",
		.bind = settings->replay_bind,
		.admission = &settings->replay_admission};
}

/* As many descriptors as we may have; libzmq accepts while there are any, so that the limits must
 * leave some. */
static struct connection_limits make_limits(const struct connection_limits *wanted)
{
	struct connection_limits limits = *wanted;
	struct rlimit files;

	if (getrlimit(RLIMIT_NOFILE, &files) < 0)
		return limits;
	files.rlim_cur = files.rlim_max;
	(void)setrlimit(RLIMIT_NOFILE, &files);
	if (getrlimit(RLIMIT_NOFILE, &files) == 0 && files.rlim_cur != RLIM_INFINITY &&
		(uint64_t)limits.all + DESCRIPTORS_KEPT > files.rlim_cur) {
		limits.all = files.rlim_cur > 2 * DESCRIPTORS_KEPT
				     ? (int64_t)files.rlim_cur - DESCRIPTORS_KEPT
				     : (int64_t)files.rlim_cur / 2;
		log_warning("only %lld connections are taken: the limit of descriptors "
			    "(LimitNOFILE) allows no more",
			(long long)limits.all);
	}
	return limits;
}

int guard_new(struct guard **ret, void *context, const struct bus_settings *settings,
	struct bus_counters *counters, struct error *error)
{
	struct guard *guard = *ret = mem_zalloc(1, sizeof *guard);
	const int none = 0;

	guard->context = context;
	guard->counters = counters;
	name_endpoints(guard, settings);
	guard->claims_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	pthread_mutex_init(&guard->claims_lock, NULL);
	const struct connection_limits limits = make_limits(&settings->limits);
	int r = traffic_init(&guard->traffic, guard->endpoints, &limits, counters, error);
	if (r < 0)
		return r;
	r = mailbox_init(&guard->box);
	if (r < 0 || guard->claims_fd < 0)
		return error_errno(error, r < 0 ? -r : EMFILE, "cannot make a mailbox");
	guard->zap = zmq_socket(context, ZMQ_REP);
	if (!guard->zap || zmq_setsockopt(guard->zap, ZMQ_LINGER, &none, sizeof none) < 0 ||
		zmq_bind(guard->zap, ZAP_ENDPOINT) < 0)
		return error_set(error, zmq_errno(), "cannot answer for keys: %s",
			zmq_strerror(zmq_errno()));
	return 0;
}

const struct auth_endpoint *guard_endpoint(const struct guard *guard, size_t i)
{
	return &guard->endpoints[i];
}

int guard_watch(struct guard *guard, void *socket, size_t endpoint, struct error *error)
{
	/* Without a bound on this queue, or libzmq's I/O thread would wait for us when it is full. */
	const int no_bound = 0;
	char place[64];
	void *monitor = zmq_socket(guard->context, ZMQ_PAIR);

	guard->monitors[endpoint] = monitor;
	snprintf(place, sizeof place, "inproc://monitor-%zu", endpoint);
	if (!monitor ||
		zmq_socket_monitor(socket, place,
			ZMQ_EVENT_ACCEPTED | ZMQ_EVENT_DISCONNECTED |
				ZMQ_EVENT_HANDSHAKE_FAILED_NO_DETAIL |
				ZMQ_EVENT_HANDSHAKE_FAILED_PROTOCOL |
				ZMQ_EVENT_HANDSHAKE_FAILED_AUTH) < 0 ||
		zmq_setsockopt(monitor, ZMQ_RCVHWM, &no_bound, sizeof no_bound) < 0 ||
		zmq_setsockopt(monitor, ZMQ_LINGER, &no_bound, sizeof no_bound) < 0 ||
		zmq_connect(monitor, place) < 0)
		return error_set(error, zmq_errno(), "cannot watch %s: %s",
			guard->endpoints[endpoint].bind, zmq_strerror(zmq_errno()));
	return 0;
}

int guard_start(struct guard *guard, const struct mail *first, struct error *error)
{
	guard->mail = *first;
	auth_clients_ref(guard->mail.clients);
	guard->traffic.clients = first->clients;
	guard->judged_us = clock_real_us();
	guard->expiry_us = auth_next_expiry(guard->mail.clients, guard->judged_us);
	atomic_store(&guard->turned_us, clock_monotonic_us());
	int r = pthread_create(&guard->thread, NULL, run, guard);
	if (r)
		return error_errno(error, r, "cannot start a thread");
	guard->started = true;
	return 0;
}

void guard_tell(struct guard *guard, const struct mail *mail)
{
	mailbox_put(&guard->box, mail);
}

static void put_claim(struct guard *guard, struct claim *claim)
{
	bool wake = false, urgent = claim->key[0] || claim->strange;

	claim->cookie = connection_cookie(claim->fd);
	if (!claim->cookie)
		return;
	pthread_mutex_lock(&guard->claims_lock);
	struct claim *last = guard->n_claims ? &guard->claims[guard->n_claims - 1] : NULL;
	bool again = last && !memcmp(last, claim, sizeof *claim);
	if (!again && guard->n_claims < CLAIMS_MAX) {
		MEM_GROW(guard->claims, guard->cap_claims, guard->n_claims + 1);
		guard->claims[guard->n_claims++] = *claim;
		/* Others are about bytes only, and they wake the guard themselves. */
		wake = urgent && !guard->urgent;
		guard->urgent = guard->urgent || urgent;
	}
	pthread_mutex_unlock(&guard->claims_lock);
	if (wake)
		eventfd_write(guard->claims_fd, 1);
}

void guard_claim(struct guard *guard, size_t endpoint, int fd, struct str key)
{
	struct claim claim;

	memset(&claim, 0, sizeof claim); /* with its padding: they are compared whole */
	claim.endpoint = endpoint;
	claim.fd = fd;
	if (key.n >= sizeof claim.key)
		return;
	memcpy(claim.key, key.p ? key.p : "", key.n);
	put_claim(guard, &claim);
}

void guard_report(struct guard *guard, size_t endpoint, int fd)
{
	struct claim claim;

	memset(&claim, 0, sizeof claim);
	claim.endpoint = endpoint;
	claim.fd = fd;
	claim.strange = true;
	put_claim(guard, &claim);
}

bool guard_is_well(const struct guard *guard, int64_t now_us)
{
	return !atomic_load(&guard->gone) && now_us < atomic_load(&guard->turned_us) + TURN_LATE_US;
}

void guard_close(struct guard *guard)
{
	if (guard->started)
		pthread_join(guard->thread, NULL);
	guard->started = false;
	for (size_t i = 0; i < guard->n; i++)
		if (guard->monitors[i])
			zmq_close(guard->monitors[i]);
	if (guard->zap)
		zmq_close(guard->zap);
	guard->zap = NULL;
}

struct guard *guard_free(struct guard *guard)
{
	if (!guard)
		return NULL;
	auth_clients_unref(guard->mail.clients);
	traffic_deinit(&guard->traffic);
	mailbox_deinit(&guard->box);
	pthread_mutex_destroy(&guard->claims_lock);
	free(guard->claims);
	free(guard->taken);
	if (guard->claims_fd >= 0)
		close(guard->claims_fd);
	free(guard->endpoints);
	free(guard->monitors);
	free(guard);
	return NULL;
}
