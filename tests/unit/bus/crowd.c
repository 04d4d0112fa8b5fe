/* Many subscribers at once, in raw ZMTP 3.0 (ZeroMQ RFC 23): a connection costs a descriptor and
 * twenty bytes here, so that what is measured is the server.
 *
 *   crowd PORT COUNT PROCESSES TOPIC...
 *
 * Each connection comes from one of COUNT / 200 addresses of 127.0.0.0/8, greets, subscribes, and has
 * joined when the first message reaches it. Prints for each process
 *   joined COUNT MS      when all have
 *   lost COUNT           if connections end, or the time is up
 * and leaves when standard input ends. */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define PER_ADDRESS 200
#define GREETING    64
/* Connections that are not yet greeted; more would only fill the server's backlog. */
#define AT_ONCE 200
#define TIME_MS 60000

enum stage { GREETED_US, READY, JOINED, ENDED };

struct peer {
	int fd;
	enum stage stage;
	size_t got; /* bytes of this stage */
};

struct crowd {
	int epoll_fd;
	struct sockaddr_in server;
	struct peer *peers;
	size_t n, begun, greeted, joined, ended;
	char hello[512]; /* READY and the subscriptions */
	size_t n_hello;
};

static int64_t now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static void make_hello(struct crowd *crowd, char **topics)
{
	static const char ready[] = "\4\31\5READY\13Socket-Type\0\0\0\3SUB";
	char *p = crowd->hello;

	memcpy(p, ready, sizeof ready - 1);
	p += sizeof ready - 1;
	for (; *topics; topics++) {
		size_t n = strlen(*topics);
		*p++ = 0;
		*p++ = (char)(n + 1);
		*p++ = 1;
		memcpy(p, *topics, n);
		p += n;
	}
	crowd->n_hello = (size_t)(p - crowd->hello);
}

static void finish(struct crowd *crowd, struct peer *peer)
{
	if (peer->stage == GREETED_US)
		crowd->greeted++; /* its place is free */
	if (peer->stage != JOINED)
		crowd->ended++;
	peer->stage = ENDED;
	close(peer->fd);
}

static void begin(struct crowd *crowd, size_t i, size_t number)
{
	static const char greeting[GREETING] = "\xff\0\0\0\0\0\0\0\0\x7f\3\0NULL";
	struct peer *peer = &crowd->peers[i];
	size_t address = number / PER_ADDRESS;
	struct sockaddr_in source = {.sin_family = AF_INET,
		.sin_addr.s_addr =
			htonl(0x7f010001 + (uint32_t)(address / 250 * 256 + address % 250))};
	struct epoll_event event = {.events = EPOLLIN, .data.u64 = i};
	const int yes = 1;

	peer->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	setsockopt(peer->fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &yes, sizeof yes);
	/* Blocking: with loopback it takes as long as the backlog is full. */
	if (peer->fd < 0 || bind(peer->fd, (struct sockaddr *)&source, sizeof source) < 0 ||
		connect(peer->fd, (struct sockaddr *)&crowd->server, sizeof crowd->server) < 0 ||
		send(peer->fd, greeting, GREETING, MSG_NOSIGNAL) != GREETING ||
		epoll_ctl(crowd->epoll_fd, EPOLL_CTL_ADD, peer->fd, &event) < 0) {
		perror("crowd");
		finish(crowd, peer);
	}
}

static void take(struct crowd *crowd, struct peer *peer)
{
	char bytes[4096];
	ssize_t n = recv(peer->fd, bytes,
		peer->stage == GREETED_US ? GREETING - peer->got : sizeof bytes, 0);

	if (n <= 0) {
		finish(crowd, peer);
		return;
	}
	peer->got += (size_t)n;
	if (peer->stage == GREETED_US && peer->got == GREETING) {
		crowd->greeted++;
		peer->stage = READY;
		peer->got = 0;
		if (send(peer->fd, crowd->hello, crowd->n_hello, MSG_NOSIGNAL) < 0)
			finish(crowd, peer);
	} else if (peer->stage == READY && peer->got > 60) { /* its READY has less */
		peer->stage = JOINED;
		crowd->joined++;
	}
}

static void run(struct crowd *crowd, size_t first, int ready_fd)
{
	struct epoll_event events[256];
	int64_t began_ms = now_ms(), until_ms = began_ms + TIME_MS;
	char line[64];

	while (crowd->joined + crowd->ended < crowd->n && now_ms() < until_ms) {
		while (crowd->begun < crowd->n && crowd->begun < crowd->greeted + AT_ONCE) {
			begin(crowd, crowd->begun, first + crowd->begun);
			crowd->begun++;
		}
		int n = epoll_wait(crowd->epoll_fd, events, 256, 100);
		for (int i = 0; i < n; i++)
			take(crowd, &crowd->peers[events[i].data.u64]);
	}
	int n = snprintf(line, sizeof line, "joined %zu %lld\n", crowd->joined,
		(long long)(now_ms() - began_ms));
	(void)!write(STDOUT_FILENO, line, (size_t)n);
	if (crowd->joined < crowd->n) {
		n = snprintf(line, sizeof line, "lost %zu\n", crowd->n - crowd->joined);
		(void)!write(STDOUT_FILENO, line, (size_t)n);
	}
	/* What comes from now on is thrown away, as a subscriber would read it. */
	for (;;) {
		struct epoll_event end = {.events = EPOLLIN, .data.u64 = UINT64_MAX};
		epoll_ctl(crowd->epoll_fd, EPOLL_CTL_ADD, ready_fd, &end);
		n = epoll_wait(crowd->epoll_fd, events, 256, -1);
		for (int i = 0; i < n; i++) {
			if (events[i].data.u64 == UINT64_MAX)
				return;
			take(crowd, &crowd->peers[events[i].data.u64]);
		}
	}
}

int main(int argc, char **argv)
{
	struct crowd crowd = {
		.server = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)}};
	struct rlimit files;
	int pipe_fds[2], status = 0;

	if (argc < 5 || pipe(pipe_fds) < 0)
		return 64;
	signal(SIGCHLD, SIG_DFL);
	getrlimit(RLIMIT_NOFILE, &files);
	files.rlim_cur = files.rlim_max;
	setrlimit(RLIMIT_NOFILE, &files);
	crowd.server.sin_port = htons((uint16_t)atoi(argv[1]));
	size_t all = strtoul(argv[2], NULL, 10), processes = strtoul(argv[3], NULL, 10);
	make_hello(&crowd, argv + 4);
	for (size_t i = 0; i < processes; i++) {
		if (fork() != 0)
			continue;
		close(pipe_fds[1]);
		crowd.n = all * (i + 1) / processes - all * i / processes;
		crowd.peers = calloc(crowd.n, sizeof *crowd.peers);
		crowd.epoll_fd = epoll_create1(EPOLL_CLOEXEC);
		run(&crowd, all * i / processes, pipe_fds[0]);
		_exit(crowd.joined < crowd.n);
	}
	close(pipe_fds[0]);
	char c;
	while (read(STDIN_FILENO, &c, 1) > 0)
		continue;
	close(pipe_fds[1]);
	while (wait(&status) > 0)
		continue;
	return 0;
}
