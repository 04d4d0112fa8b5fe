/* A plain ZeroMQ subscriber that counts: what arrives, when, and how long it took.
 *
 * Usage: bench-subscriber ENDPOINT TOPIC
 * Prints "joined" when it has got a heartbeat, then obeys lines on standard input:
 *
 *	take N S   takes N events, fewer if none comes for S seconds, and prints one JSON object:
 *	           events, bytes of bodies, how many were backfill, the times of first and last, and
 *	           how long after "sent@<µs>" in the event each arrived (µs: median, 99th, largest)
 *
 * Messages wait in the socket, unbounded, while no order is being carried out. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zmq.h>

#include "base/alloc.h"
#include "base/clock.h"

static const char heartbeat[] = "sys/heartbeat/";
static const char stamp[] = "sent@";
static const char backfill[] = "\"cwbackfill\":true";
/* The stamp stands in the title: behind the envelope, before the texts. */
#define STAMP_WITHIN 2048

struct taken {
	size_t events, bytes, backfill;
	int64_t first_us, last_us;
	int64_t *delays;
	size_t n_delays, cap_delays;
};

static void fail(const char *what)
{
	fprintf(stderr, "bench-subscriber: %s: %s\n", what, zmq_strerror(zmq_errno()));
	exit(1);
}

static void look_at(struct taken *taken, const char *body, size_t n)
{
	int64_t now_us = clock_real_us();
	size_t within = n < STAMP_WITHIN ? n : STAMP_WITHIN;
	const char *at = memmem(body, within, stamp, sizeof stamp - 1);

	if (!taken->events++)
		taken->first_us = now_us;
	taken->last_us = now_us;
	taken->bytes += n;
	taken->backfill += memmem(body, within, backfill, sizeof backfill - 1) != NULL;
	if (!at)
		return;
	MEM_GROW(taken->delays, taken->cap_delays, taken->n_delays + 1);
	taken->delays[taken->n_delays++] = now_us - strtoll(at + sizeof stamp - 1, NULL, 10);
}

/* 1: an event; 0: a heartbeat; -1: nothing came. */
static int receive(void *socket, struct taken *taken)
{
	zmq_msg_t parts[3];
	int n = 0, more = 1, r = -1;

	while (more && n < 3) {
		zmq_msg_init(&parts[n]);
		if (zmq_msg_recv(&parts[n], socket, 0) < 0) {
			zmq_msg_close(&parts[n]);
			break;
		}
		more = zmq_msg_more(&parts[n++]);
	}
	if (n == 3) {
		r = zmq_msg_size(&parts[0]) != sizeof heartbeat - 1 ||
		    memcmp(zmq_msg_data(&parts[0]), heartbeat, sizeof heartbeat - 1) != 0;
		if (r)
			look_at(taken, zmq_msg_data(&parts[2]), zmq_msg_size(&parts[2]));
	}
	while (n)
		zmq_msg_close(&parts[--n]);
	return r;
}

static int compare(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

	return (x > y) - (x < y);
}

static int64_t percentile(const struct taken *taken, double p)
{
	if (!taken->n_delays)
		return 0;
	return taken->delays[(size_t)(p * (double)(taken->n_delays - 1))];
}

static void report(struct taken *taken)
{
	if (taken->n_delays)
		qsort(taken->delays, taken->n_delays, sizeof *taken->delays, compare);
	printf("{\"events\":%zu,\"bytes\":%zu,\"backfill\":%zu,\"first_us\":%lld,"
	       "\"last_us\":%lld,\"p50_us\":%lld,\"p99_us\":%lld,\"max_us\":%lld}\n",
		taken->events, taken->bytes, taken->backfill, (long long)taken->first_us,
		(long long)taken->last_us, (long long)percentile(taken, 0.5),
		(long long)percentile(taken, 0.99), (long long)percentile(taken, 1));
	fflush(stdout);
}

static void take(void *socket, size_t n, int64_t quiet_us)
{
	struct taken taken = {0};
	int64_t last_us = clock_monotonic_us();

	while (taken.events < n) {
		int r = receive(socket, &taken);
		if (r > 0 && taken.events % 64)
			continue; /* the clock need not be asked each time */
		int64_t now_us = clock_monotonic_us();
		if (r > 0)
			last_us = now_us;
		else if (now_us - last_us >= quiet_us)
			break;
	}
	report(&taken);
	free(taken.delays);
}

int main(int argc, char **argv)
{
	int unbounded = 0, patience_ms = 100;
	char line[128];
	struct taken none = {0};
	unsigned long events;
	double quiet_s;

	if (argc != 3) {
		fputs("usage: bench-subscriber ENDPOINT TOPIC\n", stderr);
		return 64;
	}
	void *context = zmq_ctx_new(), *socket = zmq_socket(context, ZMQ_SUB);
	zmq_setsockopt(socket, ZMQ_RCVHWM, &unbounded, sizeof unbounded);
	zmq_setsockopt(socket, ZMQ_RCVTIMEO, &patience_ms, sizeof patience_ms);
	zmq_setsockopt(socket, ZMQ_LINGER, &unbounded, sizeof unbounded);
	if (zmq_setsockopt(socket, ZMQ_SUBSCRIBE, argv[2], strlen(argv[2])) < 0 ||
		zmq_setsockopt(socket, ZMQ_SUBSCRIBE, heartbeat, sizeof heartbeat - 1) < 0 ||
		zmq_connect(socket, argv[1]) < 0)
		fail(argv[1]);
	while (receive(socket, &none) != 0)
		;
	free(none.delays);
	puts("joined");
	fflush(stdout);
	while (fgets(line, sizeof line, stdin))
		if (sscanf(line, "take %lu %lf", &events, &quiet_s) == 2)
			take(socket, events, (int64_t)(quiet_s * 1e6));
	zmq_close(socket);
	zmq_ctx_term(context);
	return 0;
}
