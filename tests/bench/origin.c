/* An HTTP origin for measuring: one thread, epoll, keep-alive, feeds from prepared bytes.
 *
 * Usage: bench-origin ITEMS TEXT-BYTES [LOG]
 * Prints "port N", then obeys lines on standard input:
 *
 *	serve G    each feed (GET /<number>.xml) has G generations of new items; the reply after them
 *	           is 304, so a round has an end. Starts the count afresh.
 *	report     prints the count as one JSON object; by then all so far is in the log
 *
 * /<number>.xml?news=N has new items at every Nth request instead; &slow=MS answers after so long.
 *
 * With a log it listens on all addresses of the loopback, 127.0.0.0/8, and writes a line for each feed
 * answered: its number, the monotonic clock's microseconds when the request was there and when the answer
 * was sent, and the status. It ends with its standard input. */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "base/list.h"
#include "origin_feed.h"
#include "schedule/heap.h"

#define FEEDS_MAX   100000
#define REQUEST_MAX 4096
#define EVENTS      64
#define NOT_HELD    SIZE_MAX

struct connection {
	int fd;
	char request[REQUEST_MAX];
	size_t n_request;
	struct buf out;
	size_t written;
	bool is_feed; /* `out` is a feed: counted when it has been written */
	uint32_t feed;
	int status; /* 0: not of a feed */
	int64_t asked_us;
	size_t place; /* in origin->held, while the answer waits; else NOT_HELD */
};

struct counts {
	uint64_t replies, not_modified, bytes;
	int64_t first_us, last_us; /* of feeds: the first one begun, the last one written */
};

struct origin {
	int epoll, listener;
	struct feed_maker *maker;
	size_t items;
	uint32_t *generations; /* served so far, by feed */
	uint32_t *until;       /* generations to be served, by feed; set when first asked for */
	uint32_t *rounds;      /* the round that `until` is of */
	uint32_t round, per_round;
	uint32_t *asked; /* how often, by feed: for those with news of their own */
	struct heap held;
	struct counts counts;
	struct buf line;
	FILE *log; /* NULL: none */
};

static void die(const char *what)
{
	perror(what);
	exit(1);
}

static void watch(struct origin *o, int fd, void *p, uint32_t events, int op)
{
	struct epoll_event event = {.events = events, .data.ptr = p};

	if (epoll_ctl(o->epoll, op, fd, &event) < 0)
		die("epoll_ctl");
}

static void close_connection(struct origin *o, struct connection *c)
{
	if (c->place != NOT_HELD)
		heap_take(&o->held, c->place);
	close(c->fd);
	buf_deinit(&c->out);
	free(c);
}

static void answer_plain(struct connection *c, const char *status, uint32_t tag)
{
	buf_printf(
		&c->out, "HTTP/1.1 %s\r\nETag: \"%u\"\r\nContent-Length: 0\r\n\r\n", status, tag);
}

static void answer_feed(struct origin *o, struct connection *c, uint32_t feed)
{
	int64_t now_us = clock_real_us();
	uint32_t generation = o->generations[feed]++;

	if (!o->counts.first_us)
		o->counts.first_us = now_us;
	buf_printf(&c->out,
		"HTTP/1.1 200 OK\r\nContent-Type: application/rss+xml\r\nETag: \"%u\"\r\n"
		"Content-Length: %zu\r\n\r\n",
		generation, feed_maker_length(o->maker));
	feed_maker_write(o->maker, &c->out, feed, generation, now_us);
	c->is_feed = true;
	c->status = 200;
}

static unsigned parameter(const char *query, size_t n, const char *name)
{
	const char *at = memmem(query, n, name, strlen(name));

	return at ? (unsigned)strtoul(at + strlen(name), NULL, 10) : 0;
}

/* Does the feed have something new? `news`: at every so manieth request; 0: as "serve" says. */
static bool has_news(struct origin *o, uint32_t feed, unsigned news)
{
	if (news)
		return o->asked[feed]++ % news == 0;
	if (o->rounds[feed] != o->round) {
		o->rounds[feed] = o->round;
		o->until[feed] = o->generations[feed] + o->per_round;
	}
	return o->generations[feed] < o->until[feed];
}

/* Returns the milliseconds that the answer is to wait. */
static unsigned answer(struct origin *o, struct connection *c)
{
	size_t line = strcspn(c->request, "\r");
	unsigned feed;

	buf_clear(&c->out);
	c->written = 0;
	c->is_feed = false;
	c->status = 0;
	c->asked_us = clock_monotonic_us();
	if (sscanf(c->request, "GET /%u.xml", &feed) != 1 || feed >= FEEDS_MAX) {
		answer_plain(c, "404 Not Found", 0);
		return 0;
	}
	c->feed = feed;
	if (has_news(o, feed, parameter(c->request, line, "news="))) {
		answer_feed(o, c, feed);
	} else {
		o->counts.not_modified++;
		c->status = 304;
		answer_plain(c, "304 Not Modified", o->generations[feed] - 1);
	}
	return parameter(c->request, line, "slow=");
}

/* False: the connection is closed. */
static bool write_out(struct origin *o, struct connection *c)
{
	while (c->written < c->out.n) {
		ssize_t n = write(c->fd, c->out.p + c->written, c->out.n - c->written);
		if (n < 0 && errno == EAGAIN) {
			watch(o, c->fd, c, EPOLLOUT, EPOLL_CTL_MOD);
			return true;
		}
		if (n < 0) {
			close_connection(o, c);
			return false;
		}
		c->written += (size_t)n;
	}
	if (o->log && c->status)
		fprintf(o->log, "%u %lld %lld %d\n", c->feed, (long long)c->asked_us,
			(long long)clock_monotonic_us(), c->status);
	if (c->is_feed) {
		c->is_feed = false;
		o->counts.replies++;
		o->counts.bytes += c->out.n;
		o->counts.last_us = clock_real_us();
	}
	watch(o, c->fd, c, EPOLLIN, EPOLL_CTL_MOD);
	return true;
}

static void read_request(struct origin *o, struct connection *c)
{
	ssize_t n = read(c->fd, c->request + c->n_request, REQUEST_MAX - 1 - c->n_request);

	if (n <= 0) {
		close_connection(o, c);
		return;
	}
	c->n_request += (size_t)n;
	c->request[c->n_request] = '\0';
	if (!strstr(c->request, "\r\n\r\n")) {
		if (c->n_request == REQUEST_MAX - 1)
			close_connection(o, c);
		return;
	}
	unsigned wait_ms = answer(o, c);
	c->n_request = 0;
	if (!wait_ms) {
		write_out(o, c);
		return;
	}
	watch(o, c->fd, c, 0, EPOLL_CTL_MOD);
	heap_push(&o->held, c->asked_us + wait_ms * MSEC_US, &c->place);
}

/* Answers what has waited long enough; returns the milliseconds until the next one has, or -1. */
static int release(struct origin *o)
{
	int64_t now = clock_monotonic_us();

	while (heap_first(&o->held) <= now) {
		struct connection *c =
			container_of(o->held.entries[0].place, struct connection, place);
		heap_take(&o->held, 0);
		c->place = NOT_HELD;
		write_out(o, c);
	}
	return o->held.n ? (int)((heap_first(&o->held) - now) / MSEC_US) + 1 : -1;
}

static void accept_one(struct origin *o)
{
	int one = 1, fd = accept4(o->listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);

	if (fd < 0)
		return;
	struct connection *c = mem_zalloc(1, sizeof *c);
	c->fd = fd;
	c->place = NOT_HELD;
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
	watch(o, fd, c, EPOLLIN, EPOLL_CTL_ADD);
}

static void report(const struct origin *o)
{
	const struct counts *c = &o->counts;

	if (o->log)
		fflush(o->log);
	printf("{\"replies\":%llu,\"items\":%llu,\"bytes\":%llu,\"not_modified\":%llu,"
	       "\"first_us\":%lld,\"last_us\":%lld}\n",
		(unsigned long long)c->replies, (unsigned long long)(c->replies * o->items),
		(unsigned long long)c->bytes, (unsigned long long)c->not_modified,
		(long long)c->first_us, (long long)c->last_us);
	fflush(stdout);
}

static void obey(struct origin *o, const char *line)
{
	unsigned generations;

	if (sscanf(line, "serve %u", &generations) == 1) {
		o->round++;
		o->per_round = generations;
		o->counts = (struct counts){0};
	} else if (!strncmp(line, "report", 6)) {
		report(o);
	}
}

static void read_orders(struct origin *o)
{
	char piece[256];
	ssize_t n = read(STDIN_FILENO, piece, sizeof piece);

	if (n <= 0)
		exit(0);
	for (ssize_t i = 0; i < n; i++) {
		if (piece[i] != '\n') {
			buf_char(&o->line, piece[i]);
			continue;
		}
		buf_char(&o->line, '\0');
		obey(o, o->line.p);
		buf_clear(&o->line);
	}
}

static void start(struct origin *o)
{
	struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t n = sizeof at;

	o->listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (o->log) { /* the loopback alone, but all of it */
		at.sin_addr.s_addr = htonl(INADDR_ANY);
		if (setsockopt(o->listener, SOL_SOCKET, SO_BINDTODEVICE, "lo", 3) < 0)
			die("binding to lo");
	}
	if (o->listener < 0 || bind(o->listener, (struct sockaddr *)&at, sizeof at) < 0 ||
		listen(o->listener, 4096) < 0 ||
		getsockname(o->listener, (struct sockaddr *)&at, &n) < 0)
		die("listening on the loopback");
	o->epoll = epoll_create1(EPOLL_CLOEXEC);
	if (o->epoll < 0)
		die("epoll_create1");
	watch(o, o->listener, &o->listener, EPOLLIN, EPOLL_CTL_ADD);
	watch(o, STDIN_FILENO, NULL, EPOLLIN, EPOLL_CTL_ADD);
	printf("port %u\n", (unsigned)ntohs(at.sin_port));
	fflush(stdout);
}

static void handle(struct origin *o, const struct epoll_event *event)
{
	struct connection *c = event->data.ptr;

	if (!c)
		read_orders(o);
	else if ((void *)c == &o->listener)
		accept_one(o);
	else if (event->events & EPOLLOUT)
		write_out(o, c);
	else
		read_request(o, c);
}

int main(int argc, char **argv)
{
	struct origin o = {0};
	struct epoll_event events[EVENTS];

	if (argc != 3 && argc != 4) {
		fputs("usage: bench-origin ITEMS TEXT-BYTES [LOG]\n", stderr);
		return 64;
	}
	if (argc == 4 && !(o.log = fopen(argv[3], "w")))
		die(argv[3]);
	signal(SIGPIPE, SIG_IGN);
	o.items = strtoul(argv[1], NULL, 10);
	o.maker = feed_maker_new(o.items, strtoul(argv[2], NULL, 10));
	o.generations = mem_zalloc(FEEDS_MAX, sizeof *o.generations);
	o.until = mem_zalloc(FEEDS_MAX, sizeof *o.until);
	o.rounds = mem_zalloc(FEEDS_MAX, sizeof *o.rounds);
	o.asked = mem_zalloc(FEEDS_MAX, sizeof *o.asked);
	start(&o);
	for (;;) {
		int n = epoll_wait(o.epoll, events, EVENTS, release(&o));
		for (int i = 0; i < n; i++)
			handle(&o, &events[i]);
	}
}
