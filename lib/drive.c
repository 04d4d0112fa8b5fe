/* The descriptor for foreign loops is an epoll set of three: both sockets' ZMQ_FD and a timer.
 *
 * A ZMQ_FD says only that libzmq has commands for the socket, and becomes quiet as soon as libzmq
 * has looked at them, whatever messages remain. So drive() may stop only when both sockets have
 * nothing more, or when it leaves something to hand out (the caller then comes again); where work is
 * left for another reason the timer is set to now. Both sockets must be looked at each time, also the
 * one that nothing is expected from: a connection's end is a command too, and would keep the
 * descriptor readable for ever. */
#include "drive.h"

#include <errno.h>
#include <sys/epoll.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#include "follow.h"
#include "inside.h"

/* Three heartbeats have not come (rule 4). */
#define SILENCE_MS 15000
/* A replay-only subscriber's long poll. */
#define LONG_POLL_S 30
/* Where a new socket cannot be made (no descriptors, no memory) it is tried again after this. */
#define REOPEN_MS 1000

int64_t drive_now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

static int change_watch(struct cw_subscriber *s, int operation, void *socket)
{
	int fd;
	size_t n = sizeof fd;
	struct epoll_event event = {.events = EPOLLIN};

	if (zmq_getsockopt(socket, ZMQ_FD, &fd, &n) < 0)
		return -zmq_errno();
	return epoll_ctl(s->epoll_fd, operation, fd, &event) < 0 ? -errno : 0;
}

int drive_open(struct cw_subscriber *s)
{
	const char *const *topics = (const char *const *)s->topics;
	const struct cw_key *key = s->key.secret_key[0] ? &s->key : NULL;
	struct epoll_event event = {.events = EPOLLIN};

	s->context = zmq_ctx_new();
	s->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	s->timer_fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
	if (!s->context || s->epoll_fd < 0 || s->timer_fd < 0)
		return -errno;
	if (epoll_ctl(s->epoll_fd, EPOLL_CTL_ADD, s->timer_fd, &event) < 0)
		return -errno;
	s->ask = (struct ask){.context = s->context,
		.endpoint = s->replay_endpoint,
		.topics = topics,
		.key = key};
	int r = ask_open(&s->ask);
	if (r == 0)
		r = change_watch(s, EPOLL_CTL_ADD, s->ask.socket);
	if (r == 0 && *s->live_endpoint) {
		s->live = (struct live){.context = s->context,
			.endpoint = s->live_endpoint,
			.topics = topics,
			.key = key};
		r = live_open(&s->live, drive_now_ms());
		if (r == 0)
			r = change_watch(s, EPOLL_CTL_ADD, s->live.socket);
	}
	return r;
}

void drive_close(struct cw_subscriber *s)
{
	live_close(&s->live);
	ask_close(&s->ask);
	while (s->context && zmq_ctx_term(s->context) < 0 && zmq_errno() == EINTR)
		;
	if (s->epoll_fd >= 0)
		close(s->epoll_fd);
	if (s->timer_fd >= 0)
		close(s->timer_fd);
}

/* Rule 4. Only where nothing waits to be read: the silence may have been ours. */
static int mind_silence(struct cw_subscriber *s, int64_t now)
{
	if (!s->live.socket || s->ready.n >= READY_MAX || now - s->live.heard_ms < SILENCE_MS)
		return 0;
	change_watch(s, EPOLL_CTL_DEL, s->live.socket);
	int r = live_reopen(&s->live, now), watched;
	watched = change_watch(s, EPOLL_CTL_ADD, s->live.socket);
	if (r < 0) {
		s->live.heard_ms = now - SILENCE_MS + REOPEN_MS;
		return r;
	}
	s->stats.reconnects++;
	if (s->mode == FOLLOWING)
		follow_doubt(s, false);
	return watched;
}

static int mind_overdue(struct cw_subscriber *s, int64_t now)
{
	if (!s->ask.waiting || now < s->ask.deadline_ms)
		return 0;
	s->at_head = false;
	change_watch(s, EPOLL_CTL_DEL, s->ask.socket);
	int r = ask_reopen(&s->ask), watched;
	watched = change_watch(s, EPOLL_CTL_ADD, s->ask.socket);
	if (r < 0)
		s->ask.deadline_ms = now + REOPEN_MS;
	return r < 0 ? r : watched;
}

static bool is_asking_time(const struct cw_subscriber *s, int64_t now)
{
	return s->mode == FILLING && !s->ask.waiting && !s->broken && !s->pending_error &&
	       s->ready.n < READY_MAX && now >= s->ask_not_before_ms;
}

/* Replies are taken only when all before them is handed out, so that what they turn over (an epoch,
 * a lost past) comes in its place; the next question is under way meanwhile. */
static bool is_hungry(const struct cw_subscriber *s)
{
	return !s->ready.n && !s->pending_error;
}

static int mind_question(struct cw_subscriber *s, int64_t now)
{
	int r, taken;

	do {
		taken = is_hungry(s) ? follow_take_reply(s) : 0;
		if (taken < 0)
			return taken;
		r = is_hungry(s) ? mind_overdue(s, now) : 0;
		if (r == 0 && is_asking_time(s, now)) {
			/* The first question is where the head is; then it may wait there. */
			bool may_wait = !s->live.socket && s->at_head;
			r = ask_send(&s->ask, s->after, may_wait ? LONG_POLL_S : 0, now);
		}
	} while (r == 0 && taken);
	return r;
}

static int64_t next_deadline(const struct cw_subscriber *s)
{
	int64_t at = INT64_MAX;

	if (s->live.socket)
		at = s->live.heard_ms + SILENCE_MS;
	if (s->ask.waiting && s->ask.deadline_ms < at)
		at = s->ask.deadline_ms;
	if (s->mode == FILLING && !s->ask.waiting && !s->broken && s->ask_not_before_ms < at)
		at = s->ask_not_before_ms;
	return at;
}

static void set_timer(struct cw_subscriber *s)
{
	int64_t at = s->ready.n || s->pending_error ? 0 : next_deadline(s);
	struct itimerspec spec = {0};

	if (at != INT64_MAX) {
		spec.it_value.tv_sec = at / 1000;
		spec.it_value.tv_nsec = at % 1000 * 1000000 + 1; /* zero would disarm it */
	}
	timerfd_settime(s->timer_fd, TFD_TIMER_ABSTIME, &spec, NULL);
}

int drive(struct cw_subscriber *s)
{
	int64_t now = drive_now_ms();
	int r = follow_judge_held(s);

	if (r == 0)
		r = follow_take_live(s);
	if (r == 0)
		r = mind_silence(s, now);
	if (r == 0)
		r = mind_question(s, now);
	set_timer(s);
	return r;
}

int drive_wait(struct cw_subscriber *s, int64_t until_ms)
{
	zmq_pollitem_t items[2] = {{.socket = s->ask.socket, .events = ZMQ_POLLIN}};
	int n = 1;
	int64_t at = next_deadline(s), now = drive_now_ms();

	if (s->live.socket)
		items[n++] = (zmq_pollitem_t){.socket = s->live.socket, .events = ZMQ_POLLIN};
	if (until_ms < at)
		at = until_ms;
	long wait = at == INT64_MAX ? -1 : at > now ? (long)(at - now) : 0;
	return zmq_poll(items, n, wait) < 0 ? -zmq_errno() : 0;
}
