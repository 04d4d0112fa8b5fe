/* A client of libcivicwire for test_library.py. It tells what happens to it, a line each:
 *
 *   event SEQ ID       an event was handed out
 *   done SEQ           ... and committed
 *   error NUMBER TEXT  cw_subscriber_next() failed
 *   current            everything up to the head is handed out
 *   stats LOSSES RESYNCS FILLED RECONNECTS WAKEUPS
 *
 * usage: library-client LIVE REPLAY AFTER [fd] [file=PATH] [delay=MS] [once=MS] [topic=PREFIX]...
 *   fd        waits in a poll loop of its own, on cw_subscriber_fd()
 *   file=     the cursor file
 *   delay=    takes that long for each event
 *   once=     takes that long for the first event
 * SIGTERM ends it. */
#include <civicwire/civicwire.h>
#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define WAIT_MS    100
#define TOPICS_MAX 1100

static volatile sig_atomic_t over;

struct client {
	struct cw_subscriber_options options;
	const char *topics[TOPICS_MAX + 1];
	struct cw_subscriber *subscriber;
	bool in_poll_loop, was_current;
	long delay_ms, once_ms;
	unsigned long wakeups;
};

static void on_term(int number)
{
	(void)number;
	over = 1;
}

static const char *value(const char *argument, const char *name)
{
	size_t n = strlen(name);

	return !strncmp(argument, name, n) ? argument + n : NULL;
}

static void read_options(struct client *c, int argc, char **argv)
{
	size_t n = 0;

	c->options = (struct cw_subscriber_options){
		.live = argv[1], .replay = argv[2], .after = argv[3]};
	for (int i = 4; i < argc; i++) {
		const char *v;
		if (!strcmp(argv[i], "fd"))
			c->in_poll_loop = true;
		else if ((v = value(argv[i], "file=")))
			c->options.cursor_file = v;
		else if ((v = value(argv[i], "key=")))
			c->options.key_file = v;
		else if ((v = value(argv[i], "server-key=")))
			c->options.server_key_file = v;
		else if ((v = value(argv[i], "delay=")))
			c->delay_ms = strtol(v, NULL, 10);
		else if ((v = value(argv[i], "once=")))
			c->once_ms = strtol(v, NULL, 10);
		else if ((v = value(argv[i], "topic=")) && n < TOPICS_MAX)
			c->topics[n++] = v;
	}
	if (n)
		c->options.topics = c->topics;
}

static void take_time(long ms)
{
	struct timespec t = {ms / 1000, ms % 1000 * 1000000};

	while (ms && !over && nanosleep(&t, &t) < 0)
		;
}

static void take_event(struct client *c, struct cw_event *event)
{
	uint64_t seq = cw_event_seq(event);

	printf("event %" PRIu64 " %s\n", seq, cw_event_id(event));
	cw_event_unref(event);
	take_time(c->delay_ms + c->once_ms);
	c->once_ms = 0;
	if (cw_subscriber_commit(c->subscriber) < 0)
		printf("error commit %s\n", cw_subscriber_error(c->subscriber));
	printf("done %" PRIu64 "\n", seq);
}

/* Takes all that is there; what next() answers last. */
static int take_all(struct client *c, int timeout_ms)
{
	struct cw_event *event;
	int r = 0;

	while (!over && (r = cw_subscriber_next(c->subscriber, timeout_ms, &event)) > 0)
		take_event(c, event);
	if (r < 0 && r != -EINTR)
		printf("error %d %s\n", r, cw_subscriber_error(c->subscriber));
	return over ? 0 : r;
}

static void run(struct client *c)
{
	struct pollfd fd = {.fd = cw_subscriber_fd(c->subscriber), .events = POLLIN};
	int r = 0;

	while (!over) {
		if (c->in_poll_loop && r == 0 && poll(&fd, 1, -1) >= 0)
			c->wakeups++;
		r = take_all(c, c->in_poll_loop ? 0 : WAIT_MS);
		if (r == -EACCES || r == -EINVAL || r == -EPROTO)
			break;
		if (r == 0 && cw_subscriber_is_current(c->subscriber)) {
			/* Marks may have moved the cursor. */
			cw_subscriber_commit(c->subscriber);
			if (!c->was_current)
				puts("current");
		}
		c->was_current = cw_subscriber_is_current(c->subscriber);
	}
}

int main(int argc, char **argv)
{
	struct client c = {0};
	struct cw_subscriber_stats s;
	struct sigaction action = {.sa_handler = on_term};

	if (argc < 4)
		return 2;
	setvbuf(stdout, NULL, _IOLBF, 0);
	sigaction(SIGTERM, &action, NULL);
	read_options(&c, argc, argv);
	int r = cw_subscriber_open(&c.options, &c.subscriber);
	if (r < 0) {
		printf("error %d open\n", r);
		return 1;
	}
	run(&c);
	cw_subscriber_stats(c.subscriber, &s);
	printf("stats %" PRIu64 " %" PRIu64 " %" PRIu64 " %" PRIu64 " %lu\n", s.losses, s.resyncs,
		s.filled, s.reconnects, c.wakeups);
	cw_subscriber_close(c.subscriber);
	return 0;
}
