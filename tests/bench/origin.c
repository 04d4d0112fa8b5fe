/* An HTTP origin for measuring: one thread, epoll, keep-alive, feeds from prepared bytes.
 *
 * Usage: bench-origin ITEMS TEXT-BYTES
 * Prints "port N", then obeys lines on standard input:
 *
 *	serve G    each feed (GET /<number>.xml) has G generations of new items; the reply after them
 *	           is 304, so a round has an end. Starts the count afresh.
 *	report     prints the count as one JSON object
 *
 * It ends with its standard input. */
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
#include "origin_feed.h"

#define FEEDS_MAX   100000
#define REQUEST_MAX 4096
#define EVENTS      64

struct connection {
	int fd;
	char request[REQUEST_MAX];
	size_t n_request;
	struct buf out;
	size_t written;
	bool is_feed; /* `out` is a feed: counted when it has been written */
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
	struct counts counts;
	struct buf line;
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

static void close_connection(struct connection *c)
{
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
}

static void answer(struct origin *o, struct connection *c)
{
	unsigned feed;

	buf_clear(&c->out);
	c->written = 0;
	c->is_feed = false;
	if (sscanf(c->request, "GET /%u.xml ", &feed) != 1 || feed >= FEEDS_MAX) {
		answer_plain(c, "404 Not Found", 0);
		return;
	}
	if (o->rounds[feed] != o->round) {
		o->rounds[feed] = o->round;
		o->until[feed] = o->generations[feed] + o->per_round;
	}
	if (o->generations[feed] < o->until[feed]) {
		answer_feed(o, c, feed);
		return;
	}
	o->counts.not_modified++;
	answer_plain(c, "304 Not Modified", o->generations[feed] - 1);
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
			close_connection(c);
			return false;
		}
		c->written += (size_t)n;
	}
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
		close_connection(c);
		return;
	}
	c->n_request += (size_t)n;
	c->request[c->n_request] = '\0';
	if (!strstr(c->request, "\r\n\r\n")) {
		if (c->n_request == REQUEST_MAX - 1)
			close_connection(c);
		return;
	}
	answer(o, c);
	c->n_request = 0;
	write_out(o, c);
}

static void accept_one(struct origin *o)
{
	int one = 1, fd = accept4(o->listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);

	if (fd < 0)
		return;
	struct connection *c = mem_zalloc(1, sizeof *c);
	c->fd = fd;
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
	watch(o, fd, c, EPOLLIN, EPOLL_CTL_ADD);
}

static void report(const struct origin *o)
{
	const struct counts *c = &o->counts;

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
	if (o->listener < 0 || bind(o->listener, (struct sockaddr *)&at, sizeof at) < 0 ||
		listen(o->listener, 512) < 0 ||
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

	if (argc != 3) {
		fputs("usage: bench-origin ITEMS TEXT-BYTES\n", stderr);
		return 64;
	}
	signal(SIGPIPE, SIG_IGN);
	o.items = strtoul(argv[1], NULL, 10);
	o.maker = feed_maker_new(o.items, strtoul(argv[2], NULL, 10));
	o.generations = mem_zalloc(FEEDS_MAX, sizeof *o.generations);
	o.until = mem_zalloc(FEEDS_MAX, sizeof *o.until);
	o.rounds = mem_zalloc(FEEDS_MAX, sizeof *o.rounds);
	start(&o);
	for (;;) {
		int n = epoll_wait(o.epoll, events, EVENTS, -1);
		for (int i = 0; i < n; i++)
			handle(&o, &events[i]);
	}
}
