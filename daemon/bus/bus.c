/* The bus process: its main thread hears the parent and tells the serving threads.
 *
 *   channel ─▶ main ─ mail ─▶ live    (XPUB, a reader of the journal)
 *                  ├─ mail ─▶ replay  (ROUTER, another)
 *                  └─ mail ─▶ guard   (who may be connected)
 *
 * Life: CONFIG and CLIENTS, then the process is confined, the journal is opened and the endpoints bound
 * (READY), then with the first HEAD the threads start (the guard before anything is bound). Before it
 * nobody knows how far the journal may be shown: requests that come in the meantime wait in libzmq.
 * END, SIGTERM and the parent's death end it in the same way: what is durable is sent, who waits for
 * news is told to ask again. Whatever else goes wrong ends the process: the parent makes a new one. */
#include "bus/bus.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sysexits.h>
#include <time.h>
#include <unistd.h>
#include <zmq.h>

#include "base/clock.h"
#include "base/log.h"
#include "bus/briefing.h"
#include "bus/build.h"
#include "bus/channel.h"
#include "bus/confine.h"
#include "bus/guard.h"
#include "bus/live.h"
#include "bus/replay.h"
#include "model/bus-stats.h"

#define STATS_US SEC_US
/* What a serving thread does in a round takes milliseconds, on a disk that is sick seconds. */
#define STUCK_US (20 * SEC_US)
/* An orphan of a killed parent may still hold the port: it ends within this. */
#define BIND_US       (5 * SEC_US)
#define BIND_AGAIN_US (100 * MSEC_US)
/* CONFIG is the first thing the parent says. */
#define BRIEFING_US (10 * SEC_US)
/* Ending takes 0.5 s for live and 0.25 s for each socket's last words, and libzmq 0.3 ms for each
 * connection: 3 s for 10,000 (measured). The parent waits 2 s. So at this time what libzmq has not
 * closed is left to the kernel, which needs 0.03 ms; it also sends what it has been given. */
#define CLOSE_US SEC_US
/* Should even that hang, the alarm clock kills (s). */
#define END_S 3

/* Looks at the guard, one a second, after which it is given up: one alone may come right after the
 * whole process was stopped for a while. */
#define UNWELL_MAX 3

struct bus {
	int channel, signals;
	struct buf packet;
	struct briefing briefing;
	struct mail mail;
	struct auth_clients *coming; /* clients, while more follow; NULL: none is under way */
	bool briefed, knows_clients, has_head;
	bool briefing_is_bad;

	void *context;
	char epoch[JOURNAL_EPOCH_MAX];
	struct bus_counters counters;
	struct guard *guard;
	struct live *live;
	struct replay *replay;
	bool guarded, serving;
	uint64_t confined; /* enum bus_confinement */
	int unwell;        /* times in a row that the guard did not turn */
};

/* Tells the parent why we give up. */
static int give_up(struct bus *bus, int status, const struct error *error)
{
	log_error("%s", error->text);
	channel_send(bus->channel, CHANNEL_FAILED, error->text, strlen(error->text));
	return status;
}

static void tell_threads(struct bus *bus)
{
	if (bus->guarded)
		guard_tell(bus->guard, &bus->mail);
	if (!bus->serving)
		return;
	/* Replay first: who has heard of a head on live must not find it in replay's future. */
	replay_tell(bus->replay, &bus->mail);
	live_tell(bus->live, &bus->mail);
}

static void take_briefing(struct bus *bus)
{
	struct error error = {0};

	if (bus->briefed)
		return;
	bus->briefed = true;
	if (briefing_read(&bus->briefing, buf_view(&bus->packet), &error) < 0) {
		bus->briefing_is_bad = true;
		log_error("%s", error.text);
	}
}

/* Who may read from now on, once the last packet of them is there. */
static void take_clients(struct bus *bus)
{
	struct error error = {0};
	int r = briefing_read_clients(&bus->coming, buf_view(&bus->packet), &error);

	if (r > 0)
		return;
	if (r < 0) {
		log_error("%s", error.text);
		bus->coming = auth_clients_unref(bus->coming);
		return;
	}
	auth_clients_unref(bus->mail.clients); /* the threads have references of their own */
	bus->mail.clients = bus->coming;
	bus->coming = NULL;
	bus->knows_clients = true;
}

static void take_packet(struct bus *bus, enum channel_type type)
{
	int64_t us;

	switch (type) {
	case CHANNEL_CONFIG:
		take_briefing(bus);
		break;
	case CHANNEL_CLIENTS:
		take_clients(bus);
		break;
	case CHANNEL_HEAD:
		memcpy(&bus->mail.head, bus->packet.p, sizeof bus->mail.head);
		bus->has_head = true;
		break;
	case CHANNEL_PAUSE:
		memcpy(&us, bus->packet.p, sizeof us);
		bus->mail.pause_until_us = clock_monotonic_us() + us;
		break;
	case CHANNEL_END:
		bus->mail.end = true;
		break;
	default:
		log_warning("the parent sent what only a bus sends");
		break;
	}
}

/* Everything the parent has said since. Many heads are one. */
static void hear(struct bus *bus)
{
	enum channel_type type;
	int r;

	while ((r = channel_receive(bus->channel, &type, &bus->packet)) > 0)
		take_packet(bus, type);
	if (r < 0) {
		if (r != -EPIPE)
			log_error("the channel to the parent: %s", strerror(-r));
		bus->mail.end = true;
	}
	tell_threads(bus);
}

/* Sleeps until `until_us`, hearing the parent and signals meanwhile; wakes after either. */
static void rest(struct bus *bus, int64_t until_us)
{
	struct pollfd fds[] = {{bus->channel, POLLIN, 0}, {bus->signals, POLLIN, 0}};
	int64_t us = until_us - clock_monotonic_us();

	if (poll(fds, 2, us > 0 ? (int)((us + MSEC_US - 1) / MSEC_US) : 0) < 0)
		return;
	if (fds[1].revents) {
		struct signalfd_siginfo info;
		if (read(bus->signals, &info, sizeof info) > 0)
			bus->mail.end = true;
	}
	if (fds[0].revents || bus->mail.end)
		hear(bus);
}

/* We die with our parent: by its death's signal, and if it died before we asked for that, by the
 * channel's end and by who our parent is now. Ctrl-C on a terminal goes to both: the parent decides. */
static int prepare(struct bus *bus)
{
	sigset_t set;

	prctl(PR_SET_PDEATHSIG, SIGTERM);
	prctl(PR_SET_NAME, "civicwired-bus");
	signal(SIGINT, SIG_IGN);
	signal(SIGHUP, SIG_IGN);
	signal(SIGPIPE, SIG_IGN);
	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigprocmask(SIG_BLOCK, &set, NULL); /* before any thread: all of them inherit it */
	bus->signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	return bus->signals < 0 ? -errno : 0;
}

static int check_briefing(struct bus *bus, struct error *error)
{
	char *build = bus_build_id();
	int64_t until_us = clock_monotonic_us() + BRIEFING_US;
	int r = 0;

	while (!(bus->briefed && bus->knows_clients) && !bus->mail.end &&
		clock_monotonic_us() < until_us)
		rest(bus, until_us);
	if (!bus->briefed || !bus->knows_clients || bus->briefing_is_bad)
		r = error_set(error, EPROTO, "the bus was not told what to do");
	else if (strcmp(build, bus->briefing.build) != 0)
		r = error_set(error, EPROTO,
			"the bus is build %s, civicwired is build %s: the program was replaced "
			"while it runs; restart civicwired",
			build, bus->briefing.build);
	else if (bus->briefing.parent != getppid())
		r = error_set(error, ESRCH, "civicwired ended while its bus began");
	free(build);
	return r;
}

static void confine_to_briefing(struct bus *bus)
{
	const struct bus_settings *settings = &bus->briefing.bus;
	const char **binds = mem_zalloc(settings->n_live + 1, sizeof *binds);
	struct confine_need need = {.journal = bus->briefing.journal_path, .binds = binds};

	for (size_t i = 0; i < settings->n_live; i++)
		binds[need.n_binds++] = settings->live[i].bind;
	if (settings->replay_bind)
		binds[need.n_binds++] = settings->replay_bind;
	bus->confined = confine(&need);
	free(binds);
}

static int open_reader(struct bus *bus, struct journal_reader **ret, struct error *error)
{
	struct journal_extent extent;

	journal_expect_read_errors();
	int r = journal_reader_open(ret, bus->briefing.journal_path, error);

	if (r < 0)
		return r;
	r = journal_extent(*ret, &extent, error);
	if (r < 0)
		*ret = journal_reader_close(*ret);
	else
		memcpy(bus->epoch, extent.epoch, sizeof bus->epoch);
	return r;
}

static int start_guard(struct bus *bus, struct error *error)
{
	int r = guard_start(bus->guard, &bus->mail, error);

	bus->guarded = r >= 0;
	return r;
}

static int make_servers(struct bus *bus, struct error *error)
{
	struct bus_parts parts = {.context = bus->context,
		.epoch = bus->epoch,
		.counters = &bus->counters,
		.guard = bus->guard,
		.server_secret = bus->briefing.server_secret};
	int r = open_reader(bus, &parts.reader, error);

	if (r >= 0)
		r = live_new(&bus->live, &parts, &bus->briefing.bus, error);
	if (r >= 0)
		r = open_reader(bus, &parts.reader, error);
	if (r >= 0)
		r = replay_new(&bus->replay, &parts, &bus->briefing.bus, error);
	return r;
}

static int bind_servers(struct bus *bus, struct error *error)
{
	int64_t until_us = clock_monotonic_us() + BIND_US;

	for (;;) {
		int r = live_bind(bus->live, error);
		if (r >= 0)
			r = replay_bind(bus->replay, error);
		int64_t now_us = clock_monotonic_us();
		if (r != -EADDRINUSE || bus->mail.end || now_us > until_us)
			return r;
		rest(bus, now_us + BIND_AGAIN_US);
	}
}

static int start_servers(struct bus *bus, struct error *error)
{
	bus->confined |= confine_seal();
	channel_send(bus->channel, CHANNEL_READY, NULL, 0);
	while (!bus->has_head && !bus->mail.end)
		rest(bus, clock_monotonic_us() + SEC_US);
	if (bus->mail.end)
		return 0;
	int r = live_start(bus->live, &bus->mail, error);
	if (r >= 0)
		r = replay_start(bus->replay, &bus->mail, error);
	if (r < 0)
		return r;
	bus->serving = true;
	tell_threads(bus); /* what came while they started */
	return 0;
}

/* When the parent does not read, the next second's statistics will do. */
static void send_stats(struct bus *bus)
{
	struct bus_counters *c = &bus->counters;
	const struct bus_stats stats = {
		.confined = bus->confined,
		.live_sent = counter_get(&c->live_sent),
		.live_bytes = counter_get(&c->live_bytes),
		.live_subscriptions = counter_get(&c->live_subscriptions),
		.replay_requests = counter_get(&c->replay_requests),
		.replay_events = counter_get(&c->replay_events),
		.replay_errors = counter_get(&c->replay_errors),
		.replay_waiting = counter_get(&c->replay_waiting),
		.head = counter_get(&c->head),
		.connections = counter_get(&c->connections),
		.accepted = counter_get(&c->accepted),
		.handshakes_failed = counter_get(&c->handshakes_failed),
		.refused = counter_get(&c->refused),
		.cut_connections = counter_get(&c->cut_connections),
		.cut_bytes = counter_get(&c->cut_bytes),
		.cut_rights = counter_get(&c->cut_rights),
	};

	channel_send(bus->channel, CHANNEL_STATS, &stats, sizeof stats);
}

/* Without its guard the bus would keep whoever loses the right to be there; so it ends, at once:
 * a thread that hangs could not be waited for. */
static void mind_guard(struct bus *bus, int64_t now_us)
{
	bus->unwell = guard_is_well(bus->guard, now_us) ? 0 : bus->unwell + 1;
	if (bus->unwell < UNWELL_MAX)
		return;
	log_error("who may be connected is not watched any more: ending");
	_exit(EX_SOFTWARE);
}

/* Likewise without one that serves: our parent starts us again. */
static void mind_servers(const struct bus_counters *counters, int64_t now_us)
{
	bool live = pulse_is_stuck(&counters->live, now_us, STUCK_US);

	if (!live && !pulse_is_stuck(&counters->replay, now_us, STUCK_US))
		return;
	log_error("%s hangs: ending", live ? "live" : "replay");
	_exit(EX_SOFTWARE);
}

static void serve(struct bus *bus)
{
	int64_t stats_us = clock_monotonic_us();

	while (!bus->mail.end) {
		int64_t now_us = clock_monotonic_us();
		if (now_us >= stats_us) {
			mind_guard(bus, now_us);
			mind_servers(&bus->counters, now_us);
			send_stats(bus);
			stats_us = now_us + STATS_US;
		}
		rest(bus, stats_us);
	}
}

static void *close_sockets(void *argument)
{
	struct bus *bus = argument;

	if (bus->live)
		live_close(bus->live);
	if (bus->replay)
		replay_close(bus->replay);
	if (bus->guard)
		guard_close(bus->guard);
	if (bus->context)
		zmq_ctx_term(bus->context);
	return NULL;
}

/* False: libzmq is still at it. */
static bool close_in_time(struct bus *bus)
{
	int64_t until_us = clock_monotonic_us() + CLOSE_US;
	const struct timespec until = {until_us / SEC_US, until_us % SEC_US * 1000};
	pthread_t thread;

	if (pthread_create(&thread, NULL, close_sockets, bus) != 0)
		return false;
	return pthread_clockjoin_np(thread, NULL, CLOCK_MONOTONIC, &until) == 0;
}

static void close_servers(struct bus *bus, int status)
{
	alarm(END_S);
	bus->mail.end = true;
	tell_threads(bus);
	bool closed = close_in_time(bus);
	send_stats(bus);
	if (!closed)
		_exit(status);
	/* Only now: libzmq has given back the replies that they count. */
	bus->live = live_free(bus->live);
	bus->replay = replay_free(bus->replay);
	bus->guard = guard_free(bus->guard);
}

static int run(struct bus *bus)
{
	struct error error = {0};
	int r = check_briefing(bus, &error);

	if (r < 0)
		return bus->mail.end ? EX_OK : give_up(bus, EX_CONFIG, &error);
	confine_to_briefing(bus);
	bus->context = zmq_ctx_new();
	r = guard_new(&bus->guard, bus->context, &bus->briefing.bus, &bus->counters, &error);
	if (r >= 0)
		r = make_servers(bus, &error);
	if (r >= 0)
		r = start_guard(bus, &error);
	if (r >= 0)
		r = bind_servers(bus, &error);
	if (r >= 0)
		r = start_servers(bus, &error);
	if (r < 0)
		return bus->mail.end ? EX_OK : give_up(bus, EX_UNAVAILABLE, &error);
	serve(bus);
	return EX_OK;
}

int bus_main(int channel_fd)
{
	struct bus *bus = mem_zalloc(1, sizeof *bus);

	bus->channel = channel_fd;
	if (prepare(bus) < 0)
		return EX_OSERR;
	int status = run(bus);
	close_servers(bus, status);
	auth_clients_unref(bus->mail.clients);
	auth_clients_unref(bus->coming);
	briefing_deinit(&bus->briefing);
	buf_deinit(&bus->packet);
	close(bus->signals);
	free(bus);
	return status;
}
