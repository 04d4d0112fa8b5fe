/* Reads the whole journal through replay: request, reply, request, …, on each of some connections
 * at once.
 *
 * Usage: bench-replayer ENDPOINT CONNECTIONS [TOPIC]
 * Prints one JSON object: events and bytes over all connections, requests, seconds. */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <zmq.h>

#include "base/alloc.h"
#include "base/buf.h"
#include "base/clock.h"

#define EVENTS_AT_ONCE 1000
#define PATIENCE_MS    30000

struct client {
	pthread_t thread;
	void *context;
	const char *endpoint, *topic;
	uint64_t events, bytes, requests;
	const char *why; /* it failed */
};

static void ask(const struct client *client, void *socket, const char *after)
{
	struct buf text = BUF_INIT;

	buf_printf(&text, "{\"v\":1,\"after\":\"%s\",\"max\":%d,\"wait\":0", after, EVENTS_AT_ONCE);
	if (client->topic)
		buf_printf(&text, ",\"topics\":[\"%s\"]", client->topic);
	buf_char(&text, '}');
	zmq_send(socket, "", 0, ZMQ_SNDMORE);
	zmq_send(socket, text.p, text.n, 0);
	buf_deinit(&text);
}

/* The text behind `"name":"` up to the quote; cursors have no escapes. */
static bool find_text(const char *json, const char *name, char *out, size_t size)
{
	const char *at = strstr(json, name);
	size_t n = at ? strcspn(at + strlen(name), "\"") : 0;

	if (!n || n >= size)
		return false;
	memcpy(out, at + strlen(name), n);
	out[n] = '\0';
	return true;
}

/* Takes one reply: its head as text, the events counted. */
static bool receive(struct client *client, void *socket, char *head, size_t size)
{
	int more = 1;

	head[0] = '\0';
	for (int i = 0; more; i++) {
		zmq_msg_t frame;
		zmq_msg_init(&frame);
		if (zmq_msg_recv(&frame, socket, 0) < 0) {
			zmq_msg_close(&frame);
			return false;
		}
		more = zmq_msg_more(&frame);
		size_t n = zmq_msg_size(&frame);
		if (i == 1 && n < size) {
			memcpy(head, zmq_msg_data(&frame), n);
			head[n] = '\0';
		} else if (i > 1) {
			client->events++;
			client->bytes += n;
		}
		zmq_msg_close(&frame);
	}
	return head[0] != '\0';
}

static void *run(void *argument)
{
	struct client *client = argument;
	const struct timespec pause = {.tv_nsec = 10 * 1000 * 1000};
	int patience_ms = PATIENCE_MS, unbounded = 0;
	char head[1024], after[128] = "oldest";
	void *socket = zmq_socket(client->context, ZMQ_DEALER);

	zmq_setsockopt(socket, ZMQ_RCVTIMEO, &patience_ms, sizeof patience_ms);
	zmq_setsockopt(socket, ZMQ_RCVHWM, &unbounded, sizeof unbounded);
	zmq_setsockopt(socket, ZMQ_LINGER, &unbounded, sizeof unbounded);
	zmq_connect(socket, client->endpoint);
	for (bool more = true; more && !client->why;) {
		ask(client, socket, after);
		client->requests++;
		if (!receive(client, socket, head, sizeof head))
			client->why = "no reply";
		else if (strstr(head, "\"retry_after\""))
			nanosleep(&pause, NULL);
		else if (!find_text(head, "\"next\":\"", after, sizeof after))
			client->why = "an error was answered";
		else
			more = strstr(head, "\"more\":true") != NULL;
	}
	if (client->why)
		fprintf(stderr, "bench-replayer: %s: %s\n", client->why, head);
	zmq_close(socket);
	return NULL;
}

int main(int argc, char **argv)
{
	struct client total = {0};

	if (argc < 3) {
		fputs("usage: bench-replayer ENDPOINT CONNECTIONS [TOPIC]\n", stderr);
		return 64;
	}
	size_t n = strtoul(argv[2], NULL, 10);
	struct client *clients = mem_zalloc(n, sizeof *clients);
	void *context = zmq_ctx_new();
	int64_t start_us = clock_monotonic_us();
	for (size_t i = 0; i < n; i++) {
		clients[i] = (struct client){.context = context,
			.endpoint = argv[1],
			.topic = argc > 3 ? argv[3] : NULL};
		if (pthread_create(&clients[i].thread, NULL, run, &clients[i]) != 0)
			abort();
	}
	for (size_t i = 0; i < n; i++) {
		pthread_join(clients[i].thread, NULL);
		total.events += clients[i].events;
		total.bytes += clients[i].bytes;
		total.requests += clients[i].requests;
		total.why = clients[i].why ? clients[i].why : total.why;
	}
	double seconds = (double)(clock_monotonic_us() - start_us) / 1e6;
	printf("{\"events\":%llu,\"bytes\":%llu,\"requests\":%llu,\"seconds\":%.6f}\n",
		(unsigned long long)total.events, (unsigned long long)total.bytes,
		(unsigned long long)total.requests, seconds);
	zmq_ctx_term(context);
	free(clients);
	return total.why ? 1 : 0;
}
