#include "ask.h"

#include <errno.h>
#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "frame.h"
#include "secure.h"

/* An answer that takes longer than the wait asked for and this is not coming: the server is away,
 * or the connection died without a word. */
#define ANSWER_MS 15000
/* Asked again after this long where the server does not say. */
#define RETRY_MS         1000
#define RECONNECT_MS     100
#define RECONNECT_MAX_MS 5000
/* What a request has besides its topics: names, a cursor, an id. */
#define REQUEST_REST 256

static int connect_socket(struct ask *ask)
{
	void *socket = zmq_socket(ask->context, ZMQ_DEALER);
	static const struct {
		int option, value;
	} options[] = {{ZMQ_LINGER, 0}, {ZMQ_IPV6, 1}, {ZMQ_RECONNECT_IVL, RECONNECT_MS},
		{ZMQ_RECONNECT_IVL_MAX, RECONNECT_MAX_MS}, {ZMQ_TCP_KEEPALIVE, 1}};

	if (!socket)
		return -zmq_errno();
	for (size_t i = 0; i < sizeof options / sizeof *options; i++)
		zmq_setsockopt(socket, options[i].option, &options[i].value, sizeof(int));
	int r = secure_socket(socket, ask->key);
	if (r == 0 && zmq_connect(socket, ask->endpoint) < 0)
		r = -zmq_errno();
	if (r < 0) {
		zmq_close(socket);
		return r;
	}
	ask->socket = socket;
	return 0;
}

int ask_open(struct ask *ask)
{
	return connect_socket(ask);
}

void ask_close(struct ask *ask)
{
	if (ask->socket)
		zmq_close(ask->socket);
	ask->socket = NULL;
	ask->waiting = false;
}

bool ask_topics_fit(const char *const *topics)
{
	size_t n = 0, bytes = REQUEST_REST;

	for (; topics[n]; n++) /* nothing in them is to be escaped */
		bytes += strlen(topics[n]) + strlen("\"\",");
	return n <= ASK_TOPICS_MAX && bytes <= ASK_BYTES_MAX;
}

bool ask_is_time(const char *after)
{
	return strlen(after) > 10 && after[4] == '-' && after[7] == '-';
}

static json_t *after_value(const char *after)
{
	return ask_is_time(after) ? json_pack("{s:s}", "time", after) : json_string(after);
}

static char *request_text(const struct ask *ask, const char *after, int wait_s, uint64_t number)
{
	char id[24];

	snprintf(id, sizeof id, "%" PRIu64, number);
	json_t *topics = json_array();
	for (const char *const *t = ask->topics; *t && topics; t++)
		if (json_array_append_new(topics, json_string(*t)) < 0) {
			json_decref(topics); /* fewer topics would be other topics */
			topics = NULL;
		}
	if (!topics)
		return NULL;
	json_t *request =
		json_pack("{s:i, s:o, s:o, s:i, s:i, s:s}", "v", 1, "after", after_value(after),
			"topics", topics, "max", ASK_EVENTS_MAX, "wait", wait_s, "id", id);
	char *text = request ? json_dumps(request, JSON_COMPACT) : NULL;
	json_decref(request);
	return text;
}

int ask_send(struct ask *ask, const char *after, int wait_s, int64_t now_ms)
{
	char *text = request_text(ask, after, wait_s, ask->number + 1);

	if (!text)
		return -ENOMEM;
	/* A DEALER puts no empty delimiter before its frames; the server wants one, as from a REQ. */
	int r = frame_send(ask->socket, "", 0, true);
	if (r == 0)
		r = frame_send(ask->socket, text, strlen(text), false);
	free(text);
	if (r < 0 && r != -EAGAIN)
		return r;
	/* EAGAIN: too much is queued for a server that is away; the deadline brings a new socket. */
	ask->number++;
	ask->waiting = true;
	ask->deadline_ms = now_ms + ANSWER_MS + (int64_t)wait_s * 1000;
	return 0;
}

int ask_reopen(struct ask *ask)
{
	void *old = ask->socket;
	int r = connect_socket(ask);

	if (r < 0)
		return r;
	zmq_close(old);
	ask->waiting = false;
	return 0;
}

void ask_reply_clear(struct ask_reply *reply)
{
	for (size_t i = 0; i < reply->n_events; i++)
		zmq_msg_close(&reply->events[i]);
	reply->n_events = 0;
}

static void copy_text(char *to, size_t size, json_t *from)
{
	const char *text = json_string_value(from);

	snprintf(to, size, "%s", text ? text : "");
}

static enum ask_result read_error(struct ask_reply *ret, json_t *head)
{
	double retry_s = json_number_value(json_object_get(head, "retry_after"));

	copy_text(ret->error, sizeof ret->error, json_object_get(head, "error"));
	copy_text(ret->message, sizeof ret->message, json_object_get(head, "message"));
	copy_text(ret->oldest, sizeof ret->oldest, json_object_get(head, "oldest"));
	ret->retry_ms = retry_s > 0 && retry_s < 3600 ? (int64_t)(retry_s * 1000) : RETRY_MS;
	if (!strcmp(ret->error, "overloaded") || !strcmp(ret->error, "shutting-down"))
		return ASK_LATER;
	if (!strcmp(ret->error, "cursor-outdated"))
		return ASK_OUTDATED;
	/* A cursor from the future is one of a journal that has lost what we saw. */
	if (!strcmp(ret->error, "epoch-changed") || !strcmp(ret->error, "cursor-future"))
		return ASK_EPOCH;
	return ASK_REFUSED;
}

/* Reads the head of a reply. ASK_NOTHING: not the answer to what we asked last. */
static enum ask_result read_head(const struct ask *ask, zmq_msg_t *frame, struct ask_reply *ret)
{
	json_t *head = json_loadb(zmq_msg_data(frame), zmq_msg_size(frame), 0, NULL);
	const char *id = json_string_value(json_object_get(head, "id"));
	char want[24];
	enum ask_result result = ASK_NOTHING;

	snprintf(want, sizeof want, "%" PRIu64, ask->number);
	if (ask->waiting && id && !strcmp(id, want)) {
		if (json_object_get(head, "error")) {
			result = read_error(ret, head);
		} else {
			copy_text(ret->next, sizeof ret->next, json_object_get(head, "next"));
			ret->more = json_is_true(json_object_get(head, "more"));
			result = ASK_EVENTS;
		}
	}
	json_decref(head);
	return result;
}

enum ask_result ask_receive(struct ask *ask, struct ask_reply *ret)
{
	enum ask_result result = ASK_NOTHING;
	bool more = true, have_head = false, have_delimiter = false;

	ret->n_events = 0;
	while (more) {
		zmq_msg_t frame;
		zmq_msg_init(&frame);
		if (frame_receive(ask->socket, &frame) < 0) {
			zmq_msg_close(&frame);
			return ASK_NOTHING;
		}
		more = zmq_msg_more(&frame);
		if (!have_delimiter) {
			have_delimiter = zmq_msg_size(&frame) == 0;
		} else if (!have_head) {
			have_head = true;
			result = read_head(ask, &frame, ret);
		} else if (result == ASK_EVENTS && ret->n_events < ASK_EVENTS_MAX) {
			zmq_msg_init(&ret->events[ret->n_events]);
			zmq_msg_move(&ret->events[ret->n_events++], &frame);
		}
		zmq_msg_close(&frame);
	}
	if (result != ASK_NOTHING)
		ask->waiting = false;
	return result;
}
