/* The live side of the bus.
 *
 * What must hold:
 * - Each event goes out once under each of its topics, in order of sequence, with the `prev` that
 *   the journal stored. What XPUB drops (a subscriber's queue is full) the subscriber finds missing
 *   by `prev` or by a heartbeat.
 * - A heartbeat names `sent`, the sequence up to which everything has been sent, and every topic
 *   that changed since the heartbeat before. Nothing at or below it follows. Rule 3 of the wire
 *   protocol rests on this: all seen and nothing changed means nothing missing.
 * - Messages under topics that nobody subscribes to are not made. The set of subscriptions is read
 *   before every slice, and heartbeats are sent between slices: whoever has got a heartbeat was
 *   subscribed to its topics before (sys/heartbeat/ comes last), hence gets all that follows.
 * - An audience is a set of whole topics, never of events: under a filter of events `prev` would
 *   tell of losses that are none.
 *
 *      mail (head, pause, end)              subscriptions
 *                 │                               │
 *   journal ─▶ slice ─▶ for each endpoint, each view: [topic][header][body]   one body, counted
 */
#include "bus/live.h"

#include <errno.h>
#include <stdlib.h>
#include <zmq.h>

#include <civicwire/wire.h>

#include "base/clock.h"
#include "base/list.h"
#include "base/log.h"
#include "bus/endpoint.h"
#include "bus/heartbeat.h"
#include "bus/prefixes.h"
#include "bus/subscriptions.h"
#include "model/rights.h"

#define HEARTBEAT_US (5 * SEC_US)
/* One read transaction (WIRE: short, so that the journal's log stays small). */
#define SLICE_RECORDS 500
#define SLICE_US      (5 * MSEC_US)
#define SLICE_BYTES   (8 * 1024 * 1024)
/* Per subscriber, in messages: half a second at 20,000 events/s, and 15 MB of 1.5 KB bodies (which
 * subscribers share) while one is stuck. libzmq's 1,000 would be a 50 ms hiccup. */
#define SEND_HWM 10000
/* A subscription is a byte and a prefix of at most 255. */
#define MESSAGE_MAX 1024
/* Subscriptions of one subscriber that wait to be taken: those of 256 who are cut at this moment are
 * all still taken, 2 KB of libzmq's tables each. */
#define RECEIVE_HWM 100
/* A subscriber that is gone without a word is known to be within 10 s: the next heartbeat is on its
 * way to it after 5 s at most, and this long unacknowledged then. One that is stuck for so long,
 * while more comes than its kernel takes, loses something in any case: it finds out, and connects
 * again (ms). Probes are for those that get no heartbeats. */
#define DEAD_MS 4000
#define QUIET_S 6
/* Subscriptions taken between two slices, so that a flood of them does not stop the news. */
#define SUBSCRIPTIONS_AT_ONCE 1000
/* After the journal could not be read. */
#define RETRY_US (100 * MSEC_US)
/* For what is durable at the end, of the 2 s that the parent allows. */
#define FINISH_US (500 * MSEC_US)

struct live_socket {
	void *socket; /* XPUB */
	const char *endpoint;
	bool secure; /* asks for keys */
	bool bound;
	struct prefixes audience;
	struct subscriptions subscriptions;
	struct changes changes; /* since the last heartbeat */
	uint64_t told;          /* the head that the last heartbeat named */
};

struct live {
	struct bus_parts parts;
	struct live_socket *sockets;
	size_t n;
	struct mailbox box;
	bool started;
	pthread_t thread;

	/* The thread's own. */
	struct mail mail;
	uint64_t sent;        /* everything up to here has been sent */
	uint64_t topics_head; /* the names of all topics up to this head are known */
	uint64_t oldest;
	int64_t heartbeat_us, retry_us, complained_us; /* when next, and when last; monotonic */
	struct journal_visitor visitor;
	struct buf text;
};

static void init_audience(struct prefixes *prefixes, const struct audience *audience)
{
	size_t n = audience->n_networks + audience->n_topics, k = 0;
	struct arena arena = ARENA_INIT;
	struct str *texts = arena_alloc(&arena, (n + 1) * sizeof *texts);

	for (size_t i = 0; i < audience->n_networks; i++)
		texts[k++] = network_topics(&arena, audience->networks[i]);
	for (size_t i = 0; i < audience->n_topics; i++)
		texts[k++] = str_of(audience->topics[i]);
	if (!k)
		texts[k++] = STR("");
	prefixes_init(prefixes, texts, k);
	arena_deinit(&arena);
}

static int make_socket(struct live *live, size_t i, struct error *error)
{
	struct bus_parts *parts = &live->parts;
	struct live_socket *s = &live->sockets[i];
	const struct endpoint_limits limits = {
		MESSAGE_MAX, SEND_HWM, RECEIVE_HWM, DEAD_MS, QUIET_S};
	/* All subscriptions are told, so that whose each connection is gets known. */
	const int yes = 1;

	s->socket = zmq_socket(parts->context, ZMQ_XPUB);
	if (!s->socket)
		return error_set(
			error, zmq_errno(), "cannot make a socket: %s", zmq_strerror(zmq_errno()));
	endpoint_options(s->socket, &limits);
	int r = guard_watch(parts->guard, s->socket, i, error);
	if (r < 0 || !s->secure)
		return r;
	zmq_setsockopt(s->socket, ZMQ_XPUB_VERBOSE, &yes, sizeof yes);
	return endpoint_secure(
		s->socket, parts->server_secret, guard_endpoint(parts->guard, i)->domain, error);
}

int live_new(struct live **ret, const struct bus_parts *parts, const struct bus_settings *settings,
	struct error *error)
{
	struct live *live = *ret = mem_zalloc(1, sizeof *live);

	live->parts = *parts;
	live->n = settings->n_live;
	live->sockets = mem_zalloc(live->n + 1, sizeof *live->sockets);
	for (size_t i = 0; i < live->n; i++) {
		struct live_socket *s = &live->sockets[i];
		s->endpoint = settings->live[i].bind;
		s->secure = settings->live[i].admission.curve == CURVE_REQUIRED;
		init_audience(&s->audience, &settings->live[i].audience);
		subscriptions_init(&s->subscriptions);
	}
	int r = mailbox_init(&live->box);
	if (r < 0)
		return error_errno(error, -r, "cannot make a mailbox");
	for (size_t i = 0; i < live->n && r >= 0; i++)
		r = make_socket(live, i, error);
	return r;
}

int live_bind(struct live *live, struct error *error)
{
	for (size_t i = 0; i < live->n; i++) {
		struct live_socket *s = &live->sockets[i];
		int r = s->bound ? 0 : endpoint_bind(s->socket, s->endpoint, s->secure, error);
		if (r < 0)
			return r;
		s->bound = true;
	}
	return 0;
}

static void send_bytes(void *socket, const void *p, size_t n, int flags)
{
	/* XPUB drops rather than blocks, so sending fails only when the context ends. */
	(void)zmq_send(socket, p, n, flags | ZMQ_DONTWAIT);
}

static void send_event(struct live *live, struct live_socket *s, struct str topic,
	const struct cw_header *header, zmq_msg_t *body)
{
	char line[CW_HEADER_SIZE];
	size_t n = cw_header_format(header, line);
	zmq_msg_t shared;

	send_bytes(s->socket, topic.p, topic.n, ZMQ_SNDMORE);
	send_bytes(s->socket, line, n, ZMQ_SNDMORE);
	zmq_msg_init(&shared);
	zmq_msg_copy(&shared, body);
	if (zmq_msg_send(&shared, s->socket, ZMQ_DONTWAIT) < 0)
		zmq_msg_close(&shared);
	counter_add(&live->parts.counters->live_sent, 1);
	counter_add(&live->parts.counters->live_bytes, topic.n + n + zmq_msg_size(body));
}

static bool carries(struct live *live, struct live_socket *s, uint32_t topic)
{
	return prefixes_have(&s->audience, topic, live->parts.reader);
}

/* Is the body worth reading? Either way its topics have changed. */
static bool want_record(struct journal_visitor *visitor, const struct journal_record *record)
{
	struct live *live = container_of(visitor, struct live, visitor);
	bool wanted = false;

	for (size_t i = 0; i < live->n; i++) {
		struct live_socket *s = &live->sockets[i];
		for (size_t v = 0; v < record->n_views; v++) {
			uint32_t topic = record->views[v].topic;
			if (!carries(live, s, topic))
				continue;
			changes_add(&s->changes, topic, record->seq);
			wanted = wanted ||
				 subscriptions_want(&s->subscriptions, topic, live->parts.reader);
		}
	}
	if (!wanted)
		live->sent = record->seq;
	return wanted;
}

static int send_record(struct journal_visitor *visitor, const struct journal_record *record)
{
	struct live *live = container_of(visitor, struct live, visitor);
	struct cw_header header = {.seq = record->seq, .time_us = record->recorded_us};
	zmq_msg_t body;

	if (zmq_msg_init_size(&body, record->body.n) < 0)
		return -ENOMEM;
	memcpy(zmq_msg_data(&body), record->body.p, record->body.n);
	memcpy(header.epoch, live->parts.epoch, strlen(live->parts.epoch));
	for (size_t i = 0; i < live->n; i++) {
		struct live_socket *s = &live->sockets[i];
		for (size_t v = 0; v < record->n_views; v++) {
			uint32_t topic = record->views[v].topic;
			if (!carries(live, s, topic) ||
				!subscriptions_want(&s->subscriptions, topic, live->parts.reader))
				continue;
			header.prev = record->views[v].prev;
			send_event(live, s, journal_reader_topic(live->parts.reader, topic),
				&header, &body);
		}
	}
	zmq_msg_close(&body);
	live->sent = record->seq;
	return 0;
}

/* Sends one slice of what is durable. */
static int send_slice(struct live *live, struct error *error)
{
	const struct journal_read_limits limits = {
		live->mail.head.head, SLICE_RECORDS, SLICE_BYTES, SLICE_US};
	uint64_t next = live->sent;
	uint32_t n;
	int r = 0;

	if (live->topics_head < limits.to) {
		r = journal_reader_topics(live->parts.reader, &n, error);
		if (r < 0)
			return r;
		live->topics_head = limits.to;
	}
	r = journal_read(live->parts.reader, live->sent, &limits, &live->visitor, &next, error);
	if (r == -EBADMSG) {
		/* It is lost for everybody; those behind it are not. */
		next = live->sent + 1;
		r = 0;
		log_error("%s; subscribers will notice its absence", error->text);
	}
	if (r >= 0 && next > live->sent)
		live->sent = next;
	counter_set(&live->parts.counters->head, live->sent);
	return r;
}

static bool may_read(const struct live *live, int64_t now_us)
{
	return live->sent < live->mail.head.head && now_us >= live->retry_us &&
	       (now_us >= live->mail.pause_until_us || live->mail.end);
}

static void send_news(struct live *live, int64_t now_us)
{
	struct error error = {0};

	if (!may_read(live, now_us) || send_slice(live, &error) >= 0)
		return;
	live->retry_us = now_us + RETRY_US;
	if (now_us < live->complained_us + SEC_US)
		return;
	live->complained_us = now_us;
	log_warning("live: %s", error.text);
}

static void send_heartbeat(struct live *live, struct live_socket *s)
{
	const struct heartbeat heartbeat = {
		live->parts.epoch, live->sent, live->oldest, clock_real_us()};
	struct cw_header header = {
		.seq = live->sent, .prev = s->told, .time_us = heartbeat.time_us};
	char line[CW_HEADER_SIZE];

	memcpy(header.epoch, live->parts.epoch, strlen(live->parts.epoch));
	size_t n = cw_header_format(&header, line);
	buf_clear(&live->text);
	heartbeat_write(&live->text, &heartbeat, &s->changes, live->parts.reader);
	send_bytes(s->socket, CW_HEARTBEAT_TOPIC, strlen(CW_HEARTBEAT_TOPIC), ZMQ_SNDMORE);
	send_bytes(s->socket, line, n, ZMQ_SNDMORE);
	send_bytes(s->socket, live->text.p, live->text.n, 0);
	s->told = live->sent;
	changes_clear(&s->changes);
}

static void send_heartbeats(struct live *live, int64_t now_us)
{
	struct journal_extent extent;

	if (now_us >= live->mail.pause_until_us &&
		journal_extent(live->parts.reader, &extent, NULL) >= 0)
		live->oldest = extent.oldest;
	for (size_t i = 0; i < live->n; i++)
		send_heartbeat(live, &live->sockets[i]);
	live->heartbeat_us = now_us + HEARTBEAT_US;
}

/* Whose connection the message came on; what XPUB says itself, for one who left, came on none. */
static void claim(struct live *live, const struct live_socket *s, zmq_msg_t *message)
{
	struct str text = str_make(zmq_msg_data(message), zmq_msg_size(message));

	if (subscription_is_strange(text)) {
		guard_report(live->parts.guard, (size_t)(s - live->sockets),
			zmq_msg_get(message, ZMQ_SRCFD));
		return;
	}
	const char *key = s->secure ? zmq_msg_gets(message, "User-Id") : NULL;

	if (key && *key)
		guard_claim(live->parts.guard, (size_t)(s - live->sockets),
			zmq_msg_get(message, ZMQ_SRCFD), str_of(key));
}

static void take_subscriptions(struct live *live, struct live_socket *s)
{
	size_t before = s->subscriptions.n;

	for (int i = 0; i < SUBSCRIPTIONS_AT_ONCE; i++) {
		zmq_msg_t message;
		zmq_msg_init(&message);
		int n = zmq_msg_recv(&message, s->socket, ZMQ_DONTWAIT);
		if (n >= 0) {
			subscriptions_take(&s->subscriptions,
				str_make(zmq_msg_data(&message), zmq_msg_size(&message)));
			claim(live, s, &message);
		}
		zmq_msg_close(&message);
		if (n < 0)
			break;
	}
	counter_add(&live->parts.counters->live_subscriptions,
		s->subscriptions.n - before); /* modulo 2^64: may be less */
}

/* How long zmq_poll() may sleep (ms). */
static long patience(const struct live *live, int64_t now_us)
{
	int64_t until_us = live->heartbeat_us;

	if (live->sent < live->mail.head.head) {
		int64_t read_us = live->retry_us > live->mail.pause_until_us
					  ? live->retry_us
					  : live->mail.pause_until_us;
		if (read_us < until_us)
			until_us = read_us;
	}
	return until_us <= now_us ? 0 : (long)((until_us - now_us + MSEC_US - 1) / MSEC_US);
}

static void wait_for_work(struct live *live, zmq_pollitem_t *items)
{
	int r = zmq_poll(
		items, (int)live->n + 1, counters_patience(patience(live, clock_monotonic_us())));

	if (r < 0)
		return; /* EINTR: look at everything next time */
	if (items[0].revents) {
		live->mail = mailbox_take(&live->box);
		/* Who may read is the guard's business. */
		live->mail.clients = auth_clients_unref(live->mail.clients);
	}
	for (size_t i = 0; i < live->n; i++)
		if (items[i + 1].revents)
			take_subscriptions(live, &live->sockets[i]);
}

static void finish(struct live *live)
{
	int64_t now_us = clock_monotonic_us(), until_us = now_us + FINISH_US;

	for (; live->sent < live->mail.head.head && now_us < until_us;
		now_us = clock_monotonic_us()) {
		struct error error = {0};
		if (send_slice(live, &error) < 0)
			break;
	}
	send_heartbeats(live, now_us);
}

static void *run(void *argument)
{
	struct live *live = argument;
	zmq_pollitem_t *items = mem_zalloc(live->n + 1, sizeof *items);

	pthread_setname_np(pthread_self(), "bus-live");
	items[0] = (zmq_pollitem_t){.fd = live->box.fd, .events = ZMQ_POLLIN};
	for (size_t i = 0; i < live->n; i++)
		items[i + 1] =
			(zmq_pollitem_t){.socket = live->sockets[i].socket, .events = ZMQ_POLLIN};
	while (!live->mail.end) {
		wait_for_work(live, items);
		pulse_begin(&live->parts.counters->live);
		int64_t now_us = clock_monotonic_us();
		send_news(live, now_us);
		if (now_us >= live->heartbeat_us)
			send_heartbeats(live, now_us);
	}
	finish(live);
	free(items);
	return NULL;
}

int live_start(struct live *live, const struct mail *first, struct error *error)
{
	live->visitor = (struct journal_visitor){want_record, send_record};
	live->mail = *first;
	live->mail.clients = NULL;
	live->sent = first->head.head;
	/* What changed before this bus lived it cannot tell: who has not just joined must replay. */
	for (size_t i = 0; i < live->n; i++)
		live->sockets[i].changes.overflow = live->sent > 0;
	counter_set(&live->parts.counters->head, live->sent);
	int r = pthread_create(&live->thread, NULL, run, live);
	if (r)
		return error_errno(error, r, "cannot start a thread");
	live->started = true;
	return 0;
}

void live_tell(struct live *live, const struct mail *mail)
{
	mailbox_put(&live->box, mail);
}

void live_close(struct live *live)
{
	if (live->started)
		pthread_join(live->thread, NULL);
	live->started = false;
	for (size_t i = 0; i < live->n; i++) {
		endpoint_close(live->sockets[i].socket);
		live->sockets[i].socket = NULL;
	}
}

struct live *live_free(struct live *live)
{
	if (!live)
		return NULL;
	for (size_t i = 0; i < live->n; i++) {
		struct live_socket *s = &live->sockets[i];
		prefixes_deinit(&s->audience);
		subscriptions_deinit(&s->subscriptions);
		changes_deinit(&s->changes);
	}
	free(live->sockets);
	mailbox_deinit(&live->box);
	buf_deinit(&live->text);
	journal_reader_close(live->parts.reader);
	free(live);
	return NULL;
}
