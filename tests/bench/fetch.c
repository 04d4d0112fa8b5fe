/* The yardstick of polling: libcurl's multi interface, driven by epoll, that reads replies and keeps
 * nothing. One connection for each URL, kept alive; as soon as a reply is whole, it asks again.
 *
 * Usage: bench-fetch MILLISECONDS CA-FILE [HEADER] < list of URLs, one per line
 * Asks each URL once without counting (connections and handshakes), then counts for that long; HEADER
 * is sent with each request, such as "If-None-Match: …".
 * Prints one JSON object: requests by status, bytes of bodies, seconds, and CPU seconds. */
#include <curl/curl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#define URLS_MAX 4096
#define EVENTS   256
#define MSEC_S   1e3

struct bench {
	CURLM *multi;
	int epoll;
	long timeout_ms; /* libcurl's; -1: none */
	size_t n, greeted;
	CURL *easy[URLS_MAX];
	size_t ok, not_modified, other, failed, bytes;
};

static void die(const char *what)
{
	fprintf(stderr, "bench-fetch: %s\n", what);
	exit(1);
}

static double now_s(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static double cpu_s(void)
{
	struct rusage u;

	getrusage(RUSAGE_SELF, &u);
	return (double)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) +
	       (double)(u.ru_utime.tv_usec + u.ru_stime.tv_usec) / 1e6;
}

static size_t on_body(char *data, size_t size, size_t n, void *userp)
{
	struct bench *b = userp;

	(void)data;
	b->bytes += size * n;
	return size * n;
}

static int on_deadline(CURLM *multi, long timeout_ms, void *userp)
{
	struct bench *b = userp;

	(void)multi;
	b->timeout_ms = timeout_ms;
	return 0;
}

static int on_socket(CURL *easy, curl_socket_t fd, int what, void *userp, void *known)
{
	struct bench *b = userp;
	struct epoll_event event = {.data.fd = fd};

	(void)easy;
	if (what == CURL_POLL_REMOVE) {
		epoll_ctl(b->epoll, EPOLL_CTL_DEL, fd, NULL); /* may be closed already */
		return 0;
	}
	event.events =
		(what & CURL_POLL_IN ? EPOLLIN : 0u) | (what & CURL_POLL_OUT ? EPOLLOUT : 0u);
	if (epoll_ctl(b->epoll, known ? EPOLL_CTL_MOD : EPOLL_CTL_ADD, fd, &event) < 0)
		die("cannot watch a connection");
	curl_multi_assign(b->multi, fd, b);
	return 0;
}

static void count(struct bench *b, CURL *easy, CURLcode result)
{
	long status = 0;

	curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &status);
	if (result)
		b->failed++;
	else if (status == 200)
		b->ok++;
	else if (status == 304)
		b->not_modified++;
	else
		b->other++;
}

/* Asks again at once; but who was greeted waits until all have been. */
static void drain(struct bench *b, bool counts)
{
	CURLMsg *message;
	int left;

	while ((message = curl_multi_info_read(b->multi, &left))) {
		CURL *easy = message->easy_handle;
		CURLcode result = message->data.result;
		curl_multi_remove_handle(b->multi, easy);
		if (counts) {
			count(b, easy, result);
			curl_multi_add_handle(b->multi, easy);
			continue;
		}
		if (result)
			die(curl_easy_strerror(result));
		b->greeted++;
	}
}

static void turn(struct bench *b, bool counts)
{
	struct epoll_event events[EVENTS];
	int running, n = epoll_wait(b->epoll, events, EVENTS, (int)b->timeout_ms);

	if (n == 0) {
		b->timeout_ms = -1;
		curl_multi_socket_action(b->multi, CURL_SOCKET_TIMEOUT, 0, &running);
	}
	for (int i = 0; i < n; i++) {
		int flags = (events[i].events & EPOLLIN ? CURL_CSELECT_IN : 0) |
			    (events[i].events & EPOLLOUT ? CURL_CSELECT_OUT : 0);
		if (events[i].events & (EPOLLERR | EPOLLHUP))
			flags |= CURL_CSELECT_ERR;
		curl_multi_socket_action(b->multi, events[i].data.fd, flags, &running);
	}
	drain(b, counts);
}

static void read_urls(struct bench *b, const char *ca_file, struct curl_slist *headers)
{
	char line[2048];

	while (b->n < URLS_MAX && fgets(line, sizeof line, stdin)) {
		CURL *easy = curl_easy_init();
		if (!easy)
			die("no memory");
		line[strcspn(line, "\n")] = '\0';
		curl_easy_setopt(easy, CURLOPT_URL, line);
		curl_easy_setopt(
			easy, CURLOPT_CAPATH, NULL); /* or each handshake reads all of it */
		curl_easy_setopt(easy, CURLOPT_CAINFO, ca_file);
		curl_easy_setopt(easy, CURLOPT_HTTPHEADER, headers);
		curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_body);
		curl_easy_setopt(easy, CURLOPT_WRITEDATA, b);
		curl_easy_setopt(easy, CURLOPT_PROXY, "");
		b->easy[b->n++] = easy;
	}
	if (!b->n)
		die("no URLs");
}

static void ask_all(struct bench *b)
{
	for (size_t i = 0; i < b->n; i++)
		curl_multi_add_handle(b->multi, b->easy[i]);
}

static void measure(struct bench *b, double seconds)
{
	ask_all(b);
	while (b->greeted < b->n)
		turn(b, false);
	b->bytes = 0;
	double cpu = cpu_s(), begin = now_s(), end = begin;
	ask_all(b);
	for (; end - begin < seconds; end = now_s())
		turn(b, true);
	printf("{\"ok\":%zu,\"not_modified\":%zu,\"other\":%zu,\"failed\":%zu,\"bytes\":%zu,"
	       "\"seconds\":%.6f,\"cpu_s\":%.6f}\n",
		b->ok, b->not_modified, b->other, b->failed, b->bytes, end - begin, cpu_s() - cpu);
}

int main(int argc, char **argv)
{
	static struct bench b = {.timeout_ms = -1};
	struct curl_slist *headers = NULL;

	if (argc != 3 && argc != 4) {
		fputs("usage: bench-fetch MILLISECONDS CA-FILE [HEADER] < URLS\n", stderr);
		return 64;
	}
	curl_global_init(CURL_GLOBAL_DEFAULT);
	b.epoll = epoll_create1(EPOLL_CLOEXEC);
	b.multi = curl_multi_init();
	if (b.epoll < 0 || !b.multi)
		die("cannot begin");
	curl_multi_setopt(b.multi, CURLMOPT_SOCKETFUNCTION, on_socket);
	curl_multi_setopt(b.multi, CURLMOPT_SOCKETDATA, &b);
	curl_multi_setopt(b.multi, CURLMOPT_TIMERFUNCTION, on_deadline);
	curl_multi_setopt(b.multi, CURLMOPT_TIMERDATA, &b);
	curl_multi_setopt(b.multi, CURLMOPT_MAXCONNECTS, (long)URLS_MAX);
	if (argc == 4)
		headers = curl_slist_append(NULL, argv[3]);
	read_urls(&b, argv[2], headers);
	measure(&b, strtod(argv[1], NULL) / MSEC_S);
	for (size_t i = 0; i < b.n; i++) {
		curl_multi_remove_handle(b.multi, b.easy[i]);
		curl_easy_cleanup(b.easy[i]);
	}
	curl_multi_cleanup(b.multi);
	curl_slist_free_all(headers);
	close(b.epoll);
	return 0;
}
