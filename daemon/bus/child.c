/* The daemon's side of the bus.
 *
 *            bus_child_new()
 *                  │                         ended by itself
 *                  ▼            ┌────────────────────────────────────────┐
 *               RUNNING ────────┤                                        ▼
 *                  │            └──── READY, STATS, FAILED            RESTING ── back-off ─▶ RUNNING
 *   bus_child_stop │                                                     │ bus_child_stop()
 *                  ▼         ended                                       ▼
 *               ENDING ────────────────────────────────────────────▶ STOPPED ─▶ sink->ended()
 *                  └── 2 s ─▶ SIGKILL
 *
 * Each process has a `life` of its own, which goes when libuv has closed the last of its handles:
 * a new one may be there already by then. */
#include "bus/child.h"

#include <errno.h>
#include <linux/close_range.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include <uv.h>

#include <civicwire/key.h>

#include "base/alloc.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "base/list.h"
#include "base/log.h"
#include "base/metrics.h"
#include "bus/briefing.h"
#include "bus/build.h"
#include "bus/inheritance.h"

/* Before a new start: doubled each time, so that a bus which cannot live does not keep a core busy;
 * never so long that it were back later than 2 s. A bus that has lived for a while died of something
 * new. */
#define REST_MS     50
#define REST_MAX_MS 1500
#define LIVED_US    (10 * SEC_US)
/* The child may take this long to end. */
#define END_MS  2000
#define MIND_MS 5000
/* Where the child finds its end of the channel. */
#define CHANNEL_FD 3

enum stage { RUNNING, ENDING, RESTING, STOPPED };

struct life {
	struct bus_child *child;
	uv_process_t process;
	uv_poll_t poll;
	int fd;       /* our end of the channel */
	int handles;  /* open */
	int watched;  /* events that libuv looks for */
	bool hearing; /* the child has not closed its end */
	int64_t began_us;
};

struct bus_child {
	uv_loop_t *loop;
	const struct bus_settings *bus;
	const char *journal_path;
	struct bus_child_sink *sink;
	char *build;
	uv_timer_t timer;  /* of resting, or of ending */
	uv_timer_t minder; /* looks whether it still says something */
	int64_t heard_us;  /* monotonic: its last word, or its start */
	enum stage stage;
	unsigned rest_ms;
	struct life *life; /* NULL: none */
	struct buf packet;
	struct channel_head head;
	bool has_head;
	const struct client_settings *clients;
	size_t n_clients;
	/* What the child could not take at once; of the clients, those from here on. */
	bool head_is_due, end_is_due, clients_are_due;
	size_t clients_at;
	struct bus_stats stats;
};

static int start(struct bus_child *child, struct error *error);
static void hear(uv_poll_t *poll, int status, int events);

/* uv_poll_start() forgets what has come in this round of the loop, even for the same events: done for each
 * head, where rounds are full and each brings one, the child would never be heard. */
static void watch(struct life *life)
{
	const struct bus_child *child = life->child;
	int events = UV_READABLE;

	if (!life->hearing)
		return;
	if (child->head_is_due || child->end_is_due || child->clients_are_due)
		events |= UV_WRITABLE;
	if (events == life->watched)
		return;
	life->watched = events;
	uv_poll_start(&life->poll, events, hear);
}

/* Packet by packet; new ones that come in between begin from the first, which the bus is told. */
static void send_clients(struct bus_child *child)
{
	struct buf text = BUF_INIT;

	while (child->clients_are_due) {
		buf_clear(&text);
		size_t next = briefing_write_clients(
			&text, child->clients, child->clients_at, child->n_clients);
		if (channel_send(child->life->fd, CHANNEL_CLIENTS, text.p, text.n) == -EAGAIN)
			break;
		child->clients_at = next;
		child->clients_are_due = next < child->n_clients;
	}
	buf_deinit(&text);
}

/* Sends what is due; only the newest head matters, so a child that does not read costs one flag. */
static void send_due(struct bus_child *child)
{
	struct life *life = child->life;

	if (!life || !life->hearing)
		return;
	send_clients(child);
	if (child->head_is_due &&
		channel_send(life->fd, CHANNEL_HEAD, &child->head, sizeof child->head) != -EAGAIN)
		child->head_is_due = false;
	if (child->end_is_due && !child->head_is_due &&
		channel_send(life->fd, CHANNEL_END, NULL, 0) != -EAGAIN)
		child->end_is_due = false;
	watch(life);
}

/* One that hangs as a whole does not end by itself; one thread of it that does is its own business. */
static void on_mind(uv_timer_t *timer)
{
	struct bus_child *child = container_of(timer, struct bus_child, minder);

	if (!child->life || !bus_child_is_silent(child, clock_monotonic_us(), BUS_CHILD_SILENT_US))
		return;
	log_error("the bus has said nothing for %d s; killing it",
		(int)(BUS_CHILD_SILENT_US / SEC_US));
	uv_process_kill(&child->life->process, SIGKILL);
}

static void on_rested(uv_timer_t *timer)
{
	struct bus_child *child = container_of(timer, struct bus_child, timer);
	struct error error = {0};

	if (start(child, &error) >= 0)
		return;
	log_error("%s", error.text);
	uv_timer_start(&child->timer, on_rested, REST_MAX_MS, 0);
}

static void on_overdue(uv_timer_t *timer)
{
	struct bus_child *child = container_of(timer, struct bus_child, timer);

	if (!child->life)
		return;
	log_warning("the bus does not end; killing it");
	uv_process_kill(&child->life->process, SIGKILL);
}

static void on_minder_closed(uv_handle_t *handle)
{
	struct bus_child *child = container_of(handle, struct bus_child, minder);

	if (child->sink->ended)
		child->sink->ended(child->sink);
}

static void on_timer_closed(uv_handle_t *handle)
{
	struct bus_child *child = container_of(handle, struct bus_child, timer);

	uv_close((uv_handle_t *)&child->minder, on_minder_closed);
}

static void settle(struct bus_child *child)
{
	child->stage = STOPPED;
	inheritance_clear(child->bus);
	uv_close((uv_handle_t *)&child->timer, on_timer_closed);
}

static void life_unref(struct life *life)
{
	if (--life->handles)
		return;
	close(life->fd);
	free(life);
}

static void on_process_closed(uv_handle_t *handle)
{
	life_unref(container_of(handle, struct life, process));
}

static void on_poll_closed(uv_handle_t *handle)
{
	life_unref(container_of(handle, struct life, poll));
}

static void take_stats(struct bus_child *child)
{
	struct bus_stats *s = &child->stats;

	memcpy(s, child->packet.p, sizeof *s);
	metric_set(METRIC_civicwire_bus_confined, __builtin_popcountll(s->confined));
	metric_set(METRIC_civicwire_bus_connections, (int64_t)s->connections);
	metric_set(METRIC_civicwire_bus_accepted_total, (int64_t)s->accepted);
	metric_set(METRIC_civicwire_bus_refused_total, (int64_t)s->handshakes_failed);
	metric_set(METRIC_civicwire_bus_cut_total,
		(int64_t)(s->cut_connections + s->cut_bytes + s->cut_rights));
}

static void take_packet(struct bus_child *child, enum channel_type type)
{
	child->heard_us = clock_monotonic_us();
	switch (type) {
	case CHANNEL_READY:
		log_info("the bus serves subscribers (process %d)", child->life->process.pid);
		if (child->sink->ready)
			child->sink->ready(child->sink);
		break;
	case CHANNEL_STATS:
		take_stats(child);
		break;
	case CHANNEL_FAILED:
		if (child->sink->failed)
			child->sink->failed(child->sink, buf_cstr(&child->packet));
		break;
	default:
		log_warning("the bus sent what only its parent sends");
		break;
	}
}

static void read_packets(struct bus_child *child)
{
	struct life *life = child->life;
	enum channel_type type;
	int r;

	while ((r = channel_receive(life->fd, &type, &child->packet)) > 0)
		take_packet(child, type);
	if (r == 0)
		return;
	if (r != -EPIPE)
		log_error("the channel to the bus: %s", strerror(-r));
	life->hearing = false;
	uv_poll_stop(&life->poll);
	/* Whoever has no parent to hear must go; it will be gone already. */
	if (child->stage == RUNNING)
		uv_timer_start(&child->timer, on_overdue, END_MS, 0);
}

static void hear(uv_poll_t *poll, int status, int events)
{
	struct life *life = container_of(poll, struct life, poll);

	if (status < 0)
		life->watched = 0; /* libuv has stopped it */
	if (status < 0 || (events & UV_READABLE))
		read_packets(life->child);
	if (status < 0 || (events & UV_WRITABLE))
		send_due(life->child);
}

static void rest(struct bus_child *child)
{
	child->stage = RESTING;
	uv_timer_start(&child->timer, on_rested, child->rest_ms, 0);
	child->rest_ms = child->rest_ms * 2 < REST_MAX_MS ? child->rest_ms * 2 : REST_MAX_MS;
}

static void on_process_ended(uv_process_t *process, int64_t status, int signal)
{
	struct life *life = container_of(process, struct life, process);
	struct bus_child *child = life->child;

	if (life->hearing)
		read_packets(child); /* its last words */
	child->life = NULL;
	uv_close((uv_handle_t *)&life->poll, on_poll_closed);
	uv_close((uv_handle_t *)&life->process, on_process_closed);
	uv_timer_stop(&child->timer);
	if (child->stage == ENDING) {
		settle(child);
		return;
	}
	if (clock_monotonic_us() - life->began_us > LIVED_US)
		child->rest_ms = REST_MS;
	if (signal)
		log_error("the bus was ended by signal %d; starting it again", signal);
	else
		log_error("the bus ended with status %d; starting it again", (int)status);
	rest(child);
}

static int spawn(struct life *life, int fd)
{
	char program[] = "civicwired", option[] = "--bus";
	char *args[] = {program, option, NULL};
	uv_stdio_container_t stdio[CHANNEL_FD + 1] = {
		{.flags = UV_IGNORE},
		{.flags = UV_INHERIT_FD, .data.fd = STDOUT_FILENO},
		{.flags = UV_INHERIT_FD, .data.fd = STDERR_FILENO},
		{.flags = UV_INHERIT_FD, .data.fd = fd},
	};
	cleanup(free_p) char **environment = inheritance_environment();
	const uv_process_options_t options = {
		.file = "/proc/self/exe", /* this very build, whatever has its name now */
		.args = args,
		.env = environment,
		.exit_cb = on_process_ended,
		.stdio = stdio,
		.stdio_count = CHANNEL_FD + 1,
	};

	inheritance_clear(life->child->bus);
	/* Whatever a library opened without O_CLOEXEC is not the bus's business. */
	close_range(CHANNEL_FD, ~0U, CLOSE_RANGE_CLOEXEC);
	return uv_spawn(life->child->loop, &life->process, &options);
}

static bool needs_key(const struct bus_settings *bus)
{
	bool needed = bus->replay_admission.curve == CURVE_REQUIRED;

	for (size_t i = 0; i < bus->n_live; i++)
		needed = needed || bus->live[i].admission.curve == CURVE_REQUIRED;
	return needed;
}

static int read_key(const struct bus_settings *bus, struct cw_key *ret, struct error *error)
{
	struct cw_key key = {.public_key = ""};
	int r = cw_key_read(bus->server_key, &key);

	if (r == 0 && !key.secret_key[0])
		r = -EINVAL;
	if (r == -EINVAL)
		error_set(error, EINVAL,
			"%s does not hold a server's key; move it away and run `civicwire key "
			"server`",
			bus->server_key);
	else if (r < 0)
		error_set(error, -r,
			"the server's key %s: %s; endpoints with 'curve: required' need it: run "
			"`civicwire key server`, as a user whose files the daemon can read",
			bus->server_key, strerror(-r));
	else
		*ret = key;
	cw_key_wipe(&key);
	return r;
}

int bus_child_check(const struct bus_settings *settings, struct error *error)
{
	struct cw_key key;
	int r = needs_key(settings) ? read_key(settings, &key, error) : 0;

	cw_key_wipe(&key);
	return r;
}

/* The key is read anew for every bus, and kept by nobody else. */
static int send_briefing(struct bus_child *child, struct error *error)
{
	struct cw_key key = {.public_key = ""};
	bool secure = needs_key(child->bus);
	struct buf text = BUF_INIT;

	if (secure && read_key(child->bus, &key, error) < 0)
		return -error->code;
	const struct briefing briefing = {.build = child->build,
		.parent = getpid(),
		.journal_path = child->journal_path,
		.server_secret = secure ? key.secret_key : NULL,
		.bus = *child->bus};
	buf_room(&text, CHANNEL_BYTES_MAX); /* in one place, so that wiping it wipes all */
	briefing_write(&text, &briefing);
	int r = channel_send(child->life->fd, CHANNEL_CONFIG, text.p, text.n);
	explicit_bzero(text.p, text.n);
	buf_deinit(&text);
	cw_key_wipe(&key);
	return r < 0 ? error_errno(error, -r, "cannot tell the bus what to do") : 0;
}

static int start(struct bus_child *child, struct error *error)
{
	struct life *life = mem_zalloc(1, sizeof *life);
	struct error why = {0};
	int fds[2];

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, fds) < 0) {
		int e = errno;
		free(life);
		return error_errno(error, e, "cannot make a channel to the bus");
	}
	*life = (struct life){.child = child, .fd = fds[0], .handles = 2, .hearing = true};
	life->began_us = child->heard_us = clock_monotonic_us();
	uv_poll_init(child->loop, &life->poll, life->fd);
	int r = spawn(life, fds[1]);
	close(fds[1]);
	if (r < 0) {
		life->hearing = false;
		uv_close((uv_handle_t *)&life->poll, on_poll_closed);
		uv_close((uv_handle_t *)&life->process, on_process_closed);
		return error_set(error, -r, "cannot start the bus: %s", uv_strerror(r));
	}
	metric_add(METRIC_civicwire_bus_starts_total, 1);
	child->life = life;
	child->stage = RUNNING;
	r = send_briefing(child, &why);
	if (r < 0)
		log_error("%s", why.text); /* it gives up without it, and is started again */
	child->clients_are_due = true;
	child->clients_at = 0;
	child->head_is_due = child->has_head;
	send_due(child);
	return 0;
}

int bus_child_new(struct bus_child **ret, uv_loop_t *loop,
	const struct bus_child_settings *settings, struct bus_child_sink *sink, struct error *error)
{
	struct bus_child *child = mem_zalloc(1, sizeof *child);

	*child = (struct bus_child){.loop = loop,
		.bus = settings->bus,
		.journal_path = settings->journal_path,
		.clients = settings->clients,
		.n_clients = settings->n_clients,
		.sink = sink,
		.build = bus_build_id(),
		.rest_ms = REST_MS};
	int r = start(child, error);
	if (r < 0) {
		bus_child_free(child);
		return r;
	}
	uv_timer_init(loop, &child->timer);
	uv_timer_init(loop, &child->minder);
	uv_timer_start(&child->minder, on_mind, MIND_MS, MIND_MS);
	*ret = child;
	return 0;
}

bool bus_child_is_silent(const struct bus_child *child, int64_t now_us, int64_t limit_us)
{
	return child->stage == RUNNING && now_us - child->heard_us > limit_us;
}

void bus_child_head(struct bus_child *child, uint64_t head, int64_t committed_us)
{
	child->head = (struct channel_head){head, committed_us};
	child->has_head = child->head_is_due = true;
	send_due(child);
}

void bus_child_clients(
	struct bus_child *child, const struct client_settings *clients, size_t n_clients)
{
	child->clients = clients;
	child->n_clients = n_clients;
	child->clients_are_due = true;
	child->clients_at = 0;
	send_due(child);
}

/* Passing over one costs the log's restart some milliseconds; so it is not repeated. */
void bus_child_pause(struct bus_child *child, int64_t us)
{
	if (child->life && child->life->hearing)
		channel_send(child->life->fd, CHANNEL_PAUSE, &us, sizeof us);
}

void bus_child_stop(struct bus_child *child)
{
	switch (child->stage) {
	case RUNNING:
		child->stage = ENDING;
		child->end_is_due = true;
		uv_timer_start(&child->timer, on_overdue, END_MS, 0);
		send_due(child);
		break;
	case RESTING:
		settle(child);
		break;
	case ENDING:
	case STOPPED:
		break;
	}
}

struct bus_child *bus_child_free(struct bus_child *child)
{
	if (!child)
		return NULL;
	free(child->build);
	buf_deinit(&child->packet);
	free(child);
	return NULL;
}

const struct bus_stats *bus_child_stats(const struct bus_child *child, int *ret_pid)
{
	*ret_pid = child->life ? child->life->process.pid : 0;
	return &child->stats;
}
