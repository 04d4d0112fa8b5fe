/* The rules of the bus, for one event: which endpoint carries it, and which client may have it there. */
#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "cli/explain.h"
#include "model/rights.h"

/* The first topic of an event that begins with one of the prefixes; NULL: none does. */
static const char *covered(const json_t *views, const char *const *prefixes, size_t n)
{
	const json_t *view;
	size_t i;

	json_array_foreach(views, i, view)
	{
		if (rights_cover(prefixes, n, str_of(json_string_value(view))))
			return json_string_value(view);
	}
	return NULL;
}

/* What an endpoint's audience carries of the event; an empty audience carries all. */
static const char *carried(const json_t *views, const struct audience *audience)
{
	cleanup(arena_deinit) struct arena arena = ARENA_INIT;
	const char *view = covered(views, audience->topics, audience->n_topics);

	if (!audience->n_networks && !audience->n_topics)
		return json_string_value(json_array_get(views, 0));
	for (size_t i = 0; i < audience->n_networks && !view; i++) {
		const char *prefix = network_topics(&arena, audience->networks[i]).p;
		view = covered(views, &prefix, 1);
	}
	return view;
}

static bool is_named(const struct admission *admission, const char *name)
{
	for (size_t i = 0; i < admission->n_clients; i++)
		if (!strcmp(admission->clients[i], name))
			return true;
	return !admission->clients;
}

/* Why a client cannot come in here at all; NULL: it can. */
static const char *refusal(const struct client_settings *client, const struct admission *admission,
	const struct audience *audience)
{
	if (admission->curve == CURVE_OFF)
		return NULL;
	if (client->revoked)
		return "its key is revoked";
	if (client->expires_us && client->expires_us <= clock_real_us())
		return "its key has expired";
	if (!is_named(admission, client->name))
		return "the endpoint's list of clients does not name it";
	if (audience && !rights_cover_audience(client->topics, client->n_topics, audience))
		return "the endpoint carries topics that it may not read, so it is not let in";
	return NULL;
}

static json_t *verdict(const struct client_settings *client, const char *topic, const char *why)
{
	json_t *one = json_object();

	json_object_set_new(one, "client", json_string(client->name));
	json_object_set_new(one, "may", json_boolean(!why));
	if (why)
		json_object_set_new(one, "why", json_string(why));
	else
		json_object_set_new(one, "topic", json_string(topic));
	return one;
}

static json_t *endpoint(const char *socket, const char *bind, const struct admission *admission)
{
	json_t *one = json_object();

	json_object_set_new(one, "socket", json_string(socket));
	json_object_set_new(one, "endpoint", json_string(bind));
	json_object_set_new(one, "keys", json_boolean(admission->curve == CURVE_REQUIRED));
	json_object_set_new(one, "clients", json_array());
	return one;
}

static bool is_asked(const struct explain_run *run, const struct client_settings *client)
{
	return !run->client || !strcmp(run->client, client->name);
}

static json_t *live_readers(
	const struct explain_run *run, const struct live_endpoint *live, const json_t *views)
{
	const struct config_clients *clients = run->config->clients;
	json_t *one = endpoint("live", live->bind, &live->admission);
	const char *topic = carried(views, &live->audience);

	if (topic)
		json_object_set_new(one, "topic", json_string(topic));
	for (size_t i = 0; i < clients->n && live->admission.curve; i++) {
		const struct client_settings *client = &clients->items[i];
		const char *why = refusal(client, &live->admission, &live->audience);
		if (!why && !topic)
			why = "the endpoint's audience has none of its topics";
		if (is_asked(run, client))
			json_array_append_new(
				json_object_get(one, "clients"), verdict(client, topic, why));
	}
	return one;
}

static json_t *replay_readers(const struct explain_run *run, const json_t *views)
{
	const struct bus_settings *bus = &run->config->bus;
	const struct config_clients *clients = run->config->clients;
	json_t *one = endpoint("replay", bus->replay_bind, &bus->replay_admission);

	json_object_set(one, "topic", json_array_get(views, 0));
	for (size_t i = 0; i < clients->n && bus->replay_admission.curve; i++) {
		const struct client_settings *client = &clients->items[i];
		const char *why = refusal(client, &bus->replay_admission, NULL);
		const char *topic = covered(views, client->topics, client->n_topics);
		if (!why && !topic)
			why = "none of its topics is one of the event's";
		if (is_asked(run, client))
			json_array_append_new(
				json_object_get(one, "clients"), verdict(client, topic, why));
	}
	return one;
}

json_t *explain_readers(const struct explain_run *run, const json_t *views)
{
	const struct bus_settings *bus = &run->config->bus;
	json_t *all = json_array();

	for (size_t i = 0; i < bus->n_live; i++)
		json_array_append_new(all, live_readers(run, &bus->live[i], views));
	if (bus->replay_bind)
		json_array_append_new(all, replay_readers(run, views));
	return all;
}
