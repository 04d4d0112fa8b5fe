/* The replay side of the bus.
 *
 * A request waits in its peer's queue; peers take turns, a slice of reading each, so that a client
 * who reads the whole past delays nobody by more than a slice. A peer that has two replies queued in
 * libzmq is blocked until one of them is written (parcel.h), so that nothing it asks is lost and
 * nothing is read for one who does not take it.
 *
 *   ROUTER ─▶ queue of its peer ─▶ ready ⇄ blocked
 *                                    │ slice by slice
 *                 ┌──────────────────┼──────────────────┐
 *               reply          waiting (at the head)   error
 *                                    │ an event that matches, or the time is up
 *                                    └─▶ ready
 *
 * New events are looked at once for all who wait (watch.h). Whoever waits has looked at everything
 * up to watch.seen; so whoever a look does not touch need not look itself. */
#include "bus/replay.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <zmq.h>

#include "base/clock.h"
#include "bus/connections.h"
#include "bus/endpoint.h"
#include "bus/replaying.h"

/* Replies queued per peer; see PARCEL_BYTES_PEER. */
#define SEND_HWM 2
/* Of a peer that takes nothing: long enough for a router to restart, after which it gets what it asked
 * for (ms). A laptop that was closed does not hold 23 KiB here for ever. */
#define DEAD_MS 60000
#define QUIET_S 60
/* Requests taken off the socket between two slices. */
#define RECEIVE_AT_ONCE 100
/* Requests of one connection that are queued, for programs that do not wait for answers; and of all.
 * A request takes about 1 KiB. */
#define QUEUE_PEER_MAX 64
#define REQUESTS_MAX   20000
/* Deadlines are looked at this often at most: waits are in seconds. */
#define DEADLINE_STEP_US (50 * MSEC_US)
#define SWEEP_US         SEC_US

int replay_new(struct replay **ret, const struct bus_parts *parts,
	const struct bus_settings *settings, struct error *error)
{
	struct replay *replay = *ret = mem_zalloc(1, sizeof *replay);
	const struct endpoint_limits limits = {
		QUESTION_BYTES_HEARD, SEND_HWM, QUEUE_PEER_MAX, DEAD_MS, QUIET_S};
	const int mandatory = 1;

	replay->parts = *parts;
	replay->endpoint = settings->replay_bind;
	replay->number = settings->n_live;
	replay->secure = settings->replay_admission.curve == CURVE_REQUIRED;
	replay->written_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	filters_init(&replay->filters);
	peers_init(&replay->peers, &replay->filters, replay->written_fd);
	watch_init(&replay->watch);
	list_init(&replay->ready);
	list_init(&replay->blocked);
	list_init(&replay->waiting);
	int r = mailbox_init(&replay->box);
	if (r < 0 || replay->written_fd < 0)
		return error_errno(error, r < 0 ? -r : EMFILE, "cannot make a mailbox");
	replay->socket = zmq_socket(parts->context, ZMQ_ROUTER);
	if (!replay->socket)
		return error_set(
			error, zmq_errno(), "cannot make a socket: %s", zmq_strerror(zmq_errno()));
	endpoint_options(replay->socket, &limits);
	zmq_setsockopt(replay->socket, ZMQ_ROUTER_MANDATORY, &mandatory, sizeof mandatory);
	r = guard_watch(parts->guard, replay->socket, replay->number, error);
	if (r < 0 || !replay->secure)
		return r;
	return endpoint_secure(replay->socket, parts->server_secret,
		guard_endpoint(parts->guard, replay->number)->domain, error);
}

int replay_bind(struct replay *replay, struct error *error)
{
	return replay->endpoint
		       ? endpoint_bind(replay->socket, replay->endpoint, replay->secure, error)
		       : 0;
}

/* Puts a peer that has requests in line, unless it is already. */
static void line_up(struct replay *replay, struct peer *peer)
{
	if (peer->n_queue && list_is_empty(&peer->link))
		list_append(&replay->ready, &peer->link);
}

static void stop_waiting(struct replay *replay, struct request *request)
{
	replay->n_waiting--;
	list_remove(&request->link);
	request->peer->waiting = NULL;
	counter_set(&replay->parts.counters->replay_waiting, replay->n_waiting);
}

static void start_waiting(struct replay *replay, struct request *request, int64_t now_us)
{
	struct peer *peer = request->peer;

	list_remove(&request->link);
	peer->n_queue--;
	if (list_is_empty(&replay->waiting))
		replay->watch.seen = request->after;
	if (!request->deadline_us)
		request->deadline_us = now_us + request->question.wait_us;
	if (request->deadline_us < replay->deadline_us || list_is_empty(&replay->waiting))
		replay->deadline_us = request->deadline_us;
	list_append(&replay->waiting, &request->link);
	peer->waiting = request;
	replay->n_waiting++;
	counter_set(&replay->parts.counters->replay_waiting, replay->n_waiting);
}

/* Back into the queue, in front. */
static void resume(struct replay *replay, struct request *request)
{
	struct peer *peer = request->peer;

	stop_waiting(replay, request);
	list_append(peer->queue.next, &request->link);
	peer->n_queue++;
	line_up(replay, peer);
}

static bool is_blocked(const struct peer *peer)
{
	return atomic_load(&peer->gauge->parcels) >= SEND_HWM;
}

/* Sets aside a peer that does not take its replies. False: it has just taken one. */
static bool block(struct replay *replay, struct peer *peer)
{
	atomic_store(&replay->peers.total.is_awaited, true);
	if (!is_blocked(peer))
		return false;
	list_remove(&peer->link);
	list_append(&replay->blocked, &peer->link);
	return true;
}

/* Looks at each blocked peer once: those that stay so go to the end of the list. */
static void unblock(struct replay *replay)
{
	struct list looked_at;

	list_init(&looked_at);
	while (!list_is_empty(&replay->blocked)) {
		struct list *it = replay->blocked.next;
		list_remove(it);
		list_append(&looked_at, it);
	}
	while (!list_is_empty(&looked_at)) {
		struct peer *peer = container_of(looked_at.next, struct peer, link);
		list_remove(&peer->link);
		list_append(&replay->ready, &peer->link);
		if (is_blocked(peer))
			block(replay, peer);
	}
}

/* The peer in front gets its turn. */
static void serve(struct replay *replay, int64_t now_us)
{
	struct peer *peer = container_of(replay->ready.next, struct peer, link);
	struct request *request = container_of(peer->queue.next, struct request, link);

	if (is_blocked(peer) && block(replay, peer))
		return;
	list_remove(&peer->link);
	switch (replay_step(replay, request, now_us)) {
	case REPLAY_AGAIN:
		break;
	case REPLAY_WAIT:
		if (peer->n_queue > 1)
			request_free(&replay->peers, request); /* superseded already */
		else
			start_waiting(replay, request, now_us);
		break;
	case REPLAY_DONE:
		request_free(&replay->peers, request);
		break;
	}
	line_up(replay, peer);
}

/* Has the sender of what just came in the right to ask? *ret_client: with which rights. */
static bool is_admitted(struct replay *replay, const struct client_settings **ret_client)
{
	const struct incoming *in = &replay->incoming;
	struct str key = str_of(replay->secure ? in->key : "");

	*ret_client = NULL;
	/* The guard also ends the connection of who is not admitted any more. */
	guard_claim(replay->parts.guard, replay->number, in->fd, key);
	if (!replay->secure)
		return true;
	*ret_client = auth_find(replay->mail.clients, key);
	return auth_judge(replay->mail.clients, guard_endpoint(replay->parts.guard, replay->number),
		       key, clock_real_us()) == AUTH_ADMITTED;
}

static void take_request(struct replay *replay)
{
	const struct client_settings *client;

	if (!is_admitted(replay, &client))
		return;
	if (!replay->incoming.fits) {
		counter_add(&replay->parts.counters->replay_errors, 1);
		return; /* there is no way to answer so that its sender would understand */
	}
	struct peer *peer =
		peers_get(&replay->peers, envelope_routing_id(&replay->incoming.envelope));
	struct request *request = request_new(&replay->peers, peer, &replay->incoming, client);
	memcpy(peer->key, replay->incoming.key, sizeof peer->key);
	if (peer->waiting) {
		struct request *superseded = peer->waiting;
		stop_waiting(replay, superseded);
		request_free(&replay->peers, superseded);
	}
	if (peer->n_queue >= QUEUE_PEER_MAX || replay->peers.n_requests > REQUESTS_MAX) {
		replay_send_transient(replay, request, "overloaded");
		request_free(&replay->peers, request);
		return;
	}
	list_append(&peer->queue, &request->link);
	peer->n_queue++;
	line_up(replay, peer);
}

static void receive(struct replay *replay)
{
	for (int i = 0; i < RECEIVE_AT_ONCE; i++) {
		if (!incoming_receive(&replay->incoming, replay->socket))
			return;
		counter_add(&replay->parts.counters->replay_requests, 1);
		take_request(replay);
	}
}

/* Looks at a slice of what is new, for those who wait. */
static void look(struct replay *replay)
{
	struct error error = {0};
	uint64_t before = replay->watch.seen;
	struct list *next;
	int r = replay_know_topics(replay, &error);

	if (r >= 0)
		r = watch_look(
			&replay->watch, replay->parts.reader, replay->mail.head.head, &error);
	for (struct list *it = replay->waiting.next; it != &replay->waiting; it = next) {
		struct request *request = container_of(it, struct request, link);
		next = it->next;
		if (r < 0) { /* each will see for itself what is wrong */
			resume(replay, request);
			continue;
		}
		if (request->after < before)
			request->after = before;
		if (watch_newest(&replay->watch, request->filter, replay->parts.reader) >
			request->after)
			resume(replay, request);
	}
}

/* Answers those whose time is up. */
static void expire(struct replay *replay, int64_t now_us)
{
	int64_t first_us = INT64_MAX;
	struct list *next;

	for (struct list *it = replay->waiting.next; it != &replay->waiting; it = next) {
		struct request *request = container_of(it, struct request, link);
		next = it->next;
		if (request->deadline_us <= now_us) {
			if (request->after < replay->watch.seen)
				request->after = replay->watch.seen;
			resume(replay, request);
		} else if (request->deadline_us < first_us) {
			first_us = request->deadline_us;
		}
	}
	if (first_us < now_us + DEADLINE_STEP_US)
		first_us = now_us + DEADLINE_STEP_US;
	replay->deadline_us = first_us;
}

static bool has_news(const struct replay *replay)
{
	return !list_is_empty(&replay->waiting) && replay->watch.seen < replay->mail.head.head;
}

/* How long zmq_poll() may sleep (ms). */
static long patience(const struct replay *replay, int64_t now_us)
{
	int64_t until_us = now_us + SWEEP_US;

	if (!list_is_empty(&replay->waiting) && replay->deadline_us < until_us)
		until_us = replay->deadline_us;
	if (has_news(replay) || !list_is_empty(&replay->ready))
		until_us = replay->mail.pause_until_us;
	return until_us <= now_us ? 0 : (long)((until_us - now_us + MSEC_US - 1) / MSEC_US);
}

static bool same_rights(const struct client_settings *a, const struct client_settings *b)
{
	bool same = a->n_topics == b->n_topics;

	for (size_t i = 0; same && i < a->n_topics; i++)
		same = !strcmp(a->topics[i], b->topics[i]);
	return same;
}

static void drop_request(struct replay *replay, struct request *request, bool tell)
{
	if (tell)
		replay_send_transient(replay, request, "overloaded");
	if (request->peer->waiting == request)
		stop_waiting(replay, request);
	request_free(&replay->peers, request);
}

/* What a peer asked for under rights that are no longer its own: who has others is to ask again, who
 * has none hears nothing. */
static void mind_rights(struct replay *replay, struct peer *peer, const struct auth_clients *before)
{
	const struct auth_endpoint *endpoint = guard_endpoint(replay->parts.guard, replay->number);
	struct str key = str_of(peer->key);
	const struct client_settings *old = auth_find(before, key),
				     *new = auth_find(replay->mail.clients, key);
	bool admitted =
		auth_judge(replay->mail.clients, endpoint, key, clock_real_us()) == AUTH_ADMITTED;

	if (admitted && old && new &&same_rights(old, new))
		return;
	if (peer->waiting)
		drop_request(replay, peer->waiting, admitted);
	while (!list_is_empty(&peer->queue))
		drop_request(
			replay, container_of(peer->queue.next, struct request, link), admitted);
	list_remove(&peer->link);
}

static void take_mail(struct replay *replay)
{
	struct auth_clients *before = replay->mail.clients;

	replay->mail = mailbox_take(&replay->box);
	if (replay->secure && replay->mail.clients != before)
		map_for_each(it, &replay->peers.map)
			mind_rights(replay, it->value, before);
	auth_clients_unref(before);
}

static void wait_for_work(struct replay *replay, zmq_pollitem_t items[3])
{
	if (zmq_poll(items, 3, counters_patience(patience(replay, clock_monotonic_us()))) < 0)
		return; /* EINTR: look at everything next time */
	if (items[0].revents)
		take_mail(replay);
	if (items[1].revents) {
		eventfd_t count;
		eventfd_read(replay->written_fd, &count);
		unblock(replay);
	}
	if (items[2].revents)
		receive(replay);
}

static void work(struct replay *replay, int64_t now_us)
{
	if (!list_is_empty(&replay->waiting) && now_us >= replay->deadline_us)
		expire(replay, now_us);
	if (now_us >= replay->sweep_us) {
		peers_sweep(&replay->peers);
		replay->sweep_us = now_us + SWEEP_US;
	}
	if (now_us < replay->mail.pause_until_us)
		return;
	if (has_news(replay))
		look(replay);
	if (!list_is_empty(&replay->ready))
		serve(replay, now_us);
}

/* Whoever has a request here is told to ask again. */
static void dismiss(struct replay *replay)
{
	receive(replay);
	map_for_each(it, &replay->peers.map) {
		struct peer *peer = it->value;
		if (peer->waiting)
			replay_send_transient(replay, peer->waiting, "shutting-down");
		list_for_each(queued, &peer->queue)
			replay_send_transient(replay, container_of(queued, struct request, link),
				"shutting-down");
	}
}

static void *run(void *argument)
{
	struct replay *replay = argument;
	zmq_pollitem_t items[] = {{.fd = replay->box.fd, .events = ZMQ_POLLIN},
		{.fd = replay->written_fd, .events = ZMQ_POLLIN},
		{.socket = replay->socket, .events = ZMQ_POLLIN}};

	pthread_setname_np(pthread_self(), "bus-replay");
	while (!replay->mail.end) {
		wait_for_work(replay, items);
		pulse_begin(&replay->parts.counters->replay);
		work(replay, clock_monotonic_us());
	}
	dismiss(replay);
	return NULL;
}

int replay_start(struct replay *replay, const struct mail *first, struct error *error)
{
	replay->mail = *first;
	auth_clients_ref(replay->mail.clients);
	int r = pthread_create(&replay->thread, NULL, run, replay);
	if (r)
		return error_errno(error, r, "cannot start a thread");
	replay->started = true;
	return 0;
}

void replay_tell(struct replay *replay, const struct mail *mail)
{
	mailbox_put(&replay->box, mail);
}

void replay_close(struct replay *replay)
{
	if (replay->started)
		pthread_join(replay->thread, NULL);
	replay->started = false;
	endpoint_close(replay->socket);
	replay->socket = NULL;
}

struct replay *replay_free(struct replay *replay)
{
	if (!replay)
		return NULL;
	peers_deinit(&replay->peers);
	filters_deinit(&replay->filters);
	watch_deinit(&replay->watch);
	incoming_deinit(&replay->incoming);
	mailbox_deinit(&replay->box);
	if (replay->written_fd >= 0)
		close(replay->written_fd);
	journal_reader_close(replay->parts.reader);
	auth_clients_unref(replay->mail.clients);
	free(replay);
	return NULL;
}
