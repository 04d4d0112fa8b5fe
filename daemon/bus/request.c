#include "bus/request.h"

#include <stdlib.h>

#include "bus/connections.h"
#include "model/rights.h"

void peers_init(struct peers *peers, struct filters *filters, int wake_fd)
{
	*peers = (struct peers){.filters = filters};
	map_init(&peers->map);
	atomic_init(&peers->total.bytes, 0);
	atomic_init(&peers->total.is_awaited, false);
	peers->total.wake_fd = wake_fd;
}

static void peer_free(struct peers *peers, struct peer *peer)
{
	while (!list_is_empty(&peer->queue))
		request_free(peers, container_of(peer->queue.next, struct request, link));
	if (peer->waiting)
		request_free(peers, peer->waiting);
	list_remove(&peer->link);
	parcel_gauge_unref(peer->gauge);
	free((char *)peer->id.p);
	free(peer);
}

void peers_deinit(struct peers *peers)
{
	map_for_each(it, &peers->map)
		peer_free(peers, it->value);
	map_deinit(&peers->map);
}

struct peer *peers_get(struct peers *peers, struct str id)
{
	struct peer *peer = map_get(&peers->map, id);

	if (peer)
		return peer;
	peer = mem_zalloc(1, sizeof *peer);
	list_init(&peer->link);
	list_init(&peer->queue);
	peer->id = str_make(mem_strndup(id.p, id.n), id.n);
	peer->gauge = parcel_gauge_new(&peers->total);
	map_add(&peers->map, peer->id, peer);
	return peer;
}

void peers_sweep(struct peers *peers)
{
	struct peer **idle = mem_zalloc(peers->map.n + 1, sizeof *idle);
	size_t n = 0;

	map_for_each(it, &peers->map) {
		struct peer *peer = it->value;
		if (!peer->n_queue && !peer->waiting && !atomic_load(&peer->gauge->parcels))
			idle[n++] = peer;
	}
	for (size_t i = 0; i < n; i++) {
		map_take(&peers->map, idle[i]->id);
		peer_free(peers, idle[i]);
	}
	free(idle);
}

static const struct refusal forbidden = {
	"forbidden", "\"topics\" names what this key may not read"};
/* Whoever can choose an id can wait for that of somebody who has left, and gets what he asked for. */
static const struct refusal chosen_id = {"bad-request", "leave the routing id to the server"};

static bool may_ask(const struct client_settings *client, const struct question *question)
{
	for (size_t i = 0; i < question->n_topics; i++)
		if (!rights_cover(client->topics, client->n_topics, question->topics[i]))
			return false;
	return true;
}

static struct filter *filter_rights(struct filters *filters, const struct client_settings *client)
{
	struct str *texts = mem_zalloc(client->n_topics + 1, sizeof *texts);

	for (size_t i = 0; i < client->n_topics; i++)
		texts[i] = str_of(client->topics[i]);
	struct filter *filter = filters_ref(filters, texts, client->n_topics);
	free(texts);
	return filter;
}

static void read_question(struct peers *peers, struct request *request,
	const struct incoming *incoming, const struct client_settings *client)
{
	struct question *question = &request->question;

	if (!question_read(question, buf_view(&incoming->body), &request->refusal))
		return;
	if (client && !envelope_id_is_ours(&incoming->envelope))
		request->refusal = chosen_id;
	else if (client && (!client->n_topics || !may_ask(client, question)))
		request->refusal = forbidden;
	else if (client && !question->n_topics)
		request->filter = filter_rights(peers->filters, client);
	else
		request->filter = filters_ref(peers->filters, question->topics, question->n_topics);
}

struct request *request_new(struct peers *peers, struct peer *peer, const struct incoming *incoming,
	const struct client_settings *client)
{
	struct request *request = mem_zalloc(1, sizeof *request);

	list_init(&request->link);
	request->peer = peer;
	request->fd = incoming->fd;
	request->cookie = connection_cookie(incoming->fd);
	envelope_copy(&request->envelope, &incoming->envelope);
	read_question(peers, request, incoming, client);
	arena_deinit(&request->question.arena);
	request->question.topics = NULL;
	MEM_GROW(request->frames, request->cap_frames, 1);
	request->n_frames = 1;
	peers->n_requests++;
	return request;
}

void request_free(struct peers *peers, struct request *request)
{
	struct peer *peer = request->peer;

	if (peer->waiting == request)
		peer->waiting = NULL;
	else if (!list_is_empty(&request->link))
		peer->n_queue--;
	list_remove(&request->link);
	filters_unref(peers->filters, request->filter);
	envelope_deinit(&request->envelope);
	question_deinit(&request->question);
	buf_deinit(&request->bytes);
	free(request->frames);
	free(request);
	peers->n_requests--;
}

void request_truncate(struct request *request, size_t n_frames, size_t bytes)
{
	request->n_frames = n_frames;
	request->bytes.n = bytes;
}

void request_add_event(struct request *request, struct str body)
{
	MEM_GROW(request->frames, request->cap_frames, request->n_frames + 1);
	request->frames[request->n_frames++] = (struct parcel_frame){request->bytes.n, body.n};
	buf_str(&request->bytes, body);
}
