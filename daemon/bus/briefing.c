#include "bus/briefing.h"

#include <errno.h>
#include <jansson.h>

#include "base/json.h"

/* Of the 64 KiB that a packet of the channel may have: the socket's buffer holds some of them. */
#define CLIENTS_PACKET 32768

static void write_texts(struct json *j, const char *name, const char **texts, size_t n)
{
	json_key(j, name);
	json_open(j, '[');
	for (size_t i = 0; i < n; i++)
		json_str(j, str_of(texts[i]));
	json_close(j, ']');
}

static void write_admission(struct json *j, const struct admission *admission)
{
	json_member_bool(j, "curve", admission->curve == CURVE_REQUIRED);
	if (admission->clients)
		write_texts(j, "clients", admission->clients, admission->n_clients);
}

static void write_live(struct json *j, const struct live_endpoint *live)
{
	json_open(j, '{');
	json_member(j, "bind", str_of(live->bind));
	write_admission(j, &live->admission);
	write_texts(j, "networks", live->audience.networks, live->audience.n_networks);
	write_texts(j, "topics", live->audience.topics, live->audience.n_topics);
	json_close(j, '}');
}

void briefing_write(struct buf *out, const struct briefing *briefing)
{
	const struct bus_settings *bus = &briefing->bus;
	struct json j = json_to(out);

	json_open(&j, '{');
	json_member(&j, "build", str_of(briefing->build));
	json_member_int(&j, "parent", briefing->parent);
	json_member(&j, "journal", str_of(briefing->journal_path));
	json_member(&j, "secret", str_of(briefing->server_secret));
	json_member_int(&j, "connections", bus->limits.all);
	json_member_int(&j, "per_address", bus->limits.per_address);
	json_key(&j, "replay");
	json_open(&j, '{');
	json_member(&j, "bind", str_of(bus->replay_bind));
	write_admission(&j, &bus->replay_admission);
	json_close(&j, '}');
	json_key(&j, "live");
	json_open(&j, '[');
	for (size_t i = 0; i < bus->n_live; i++)
		write_live(&j, &bus->live[i]);
	json_close(&j, ']');
	json_close(&j, '}');
}

static const char *read_text(struct arena *arena, json_t *object, const char *name)
{
	const char *text = json_string_value(json_object_get(object, name));

	return text ? arena_strdup(arena, text) : NULL;
}

static const char **read_texts(struct arena *arena, json_t *object, const char *name, size_t *ret_n)
{
	json_t *array = json_object_get(object, name), *text;
	size_t n = json_array_size(array), i;
	const char **texts = arena_zalloc(arena, (n + 1) * sizeof *texts);

	json_array_foreach(array, i, text) texts[i] =
		arena_strdup(arena, json_is_string(text) ? json_string_value(text) : "");
	*ret_n = n;
	return texts;
}

static void read_admission(struct arena *arena, json_t *object, struct admission *ret)
{
	ret->curve = json_is_true(json_object_get(object, "curve")) ? CURVE_REQUIRED : CURVE_OFF;
	if (json_object_get(object, "clients"))
		ret->clients = read_texts(arena, object, "clients", &ret->n_clients);
}

static bool needs_secret(const struct bus_settings *bus)
{
	bool needed = bus->replay_admission.curve == CURVE_REQUIRED;

	for (size_t i = 0; i < bus->n_live; i++)
		needed = needed || bus->live[i].admission.curve == CURVE_REQUIRED;
	return needed;
}

static void read_live(struct briefing *b, json_t *array)
{
	json_t *object;
	size_t i;

	b->bus.n_live = json_array_size(array);
	b->bus.live = arena_zalloc(&b->arena, (b->bus.n_live + 1) * sizeof *b->bus.live);
	json_array_foreach(array, i, object)
	{
		struct live_endpoint *live = &b->bus.live[i];
		struct audience *audience = &live->audience;
		live->bind = read_text(&b->arena, object, "bind");
		read_admission(&b->arena, object, &live->admission);
		audience->networks =
			read_texts(&b->arena, object, "networks", &audience->n_networks);
		audience->topics = read_texts(&b->arena, object, "topics", &audience->n_topics);
	}
}

int briefing_read(struct briefing *ret, struct str json, struct error *error)
{
	json_error_t why;
	json_t *root = json_loadb(json.p, json.n, 0, &why);

	*ret = (struct briefing){.arena = ARENA_INIT};
	if (!root)
		return error_set(error, EPROTO, "the parent's configuration: %s", why.text);
	ret->build = read_text(&ret->arena, root, "build");
	ret->parent = (pid_t)json_integer_value(json_object_get(root, "parent"));
	ret->journal_path = read_text(&ret->arena, root, "journal");
	ret->server_secret = read_text(&ret->arena, root, "secret");
	ret->bus.limits.all = json_integer_value(json_object_get(root, "connections"));
	ret->bus.limits.per_address = json_integer_value(json_object_get(root, "per_address"));
	json_t *replay = json_object_get(root, "replay");
	ret->bus.replay_bind = read_text(&ret->arena, replay, "bind");
	read_admission(&ret->arena, replay, &ret->bus.replay_admission);
	read_live(ret, json_object_get(root, "live"));
	json_decref(root);
	for (size_t i = 0; i < ret->bus.n_live; i++)
		if (!ret->bus.live[i].bind)
			return error_set(error, EPROTO, "a live endpoint without an address");
	if (!ret->build || !ret->journal_path || (needs_secret(&ret->bus) && !ret->server_secret))
		return error_set(error, EPROTO, "the parent's configuration is not whole");
	return 0;
}

void briefing_deinit(struct briefing *briefing)
{
	arena_deinit(&briefing->arena);
}

static void write_client(struct json *j, const struct client_settings *client)
{
	json_open(j, '{');
	json_member(j, "name", str_of(client->name));
	json_member(j, "key", str_of(client->key));
	write_texts(j, "topics", client->topics, client->n_topics);
	json_member_int(j, "expires_us", client->expires_us);
	json_member_bool(j, "revoked", client->revoked);
	json_member_int(j, "connections", client->connections);
	json_close(j, '}');
}

size_t briefing_write_clients(
	struct buf *out, const struct client_settings *items, size_t at, size_t n)
{
	struct json j = json_to(out);
	struct buf one = BUF_INIT;

	json_open(&j, '{');
	json_member_bool(&j, "first", !at);
	json_key(&j, "clients");
	json_open(&j, '[');
	for (size_t first = at; at < n; at++) {
		struct json k = json_to(&one);
		buf_clear(&one);
		write_client(&k, &items[at]);
		/* One that were too long even alone the channel would refuse: it stays unknown. */
		if (out->n + one.n > CLIENTS_PACKET && at > first)
			break;
		if (one.n <= CLIENTS_PACKET)
			json_raw(&j, buf_view(&one));
	}
	json_close(&j, ']');
	json_member_bool(&j, "more", at < n);
	json_close(&j, '}');
	buf_deinit(&one);
	return at;
}

int briefing_read_clients(struct auth_clients **coming, struct str json, struct error *error)
{
	json_error_t why;
	json_t *root = json_loadb(json.p, json.n, 0, &why), *object;
	struct arena arena = ARENA_INIT;
	size_t i;

	if (!root)
		return error_set(error, EPROTO, "the parent's list of clients: %s", why.text);
	if (json_is_true(json_object_get(root, "first"))) {
		auth_clients_unref(*coming);
		*coming = auth_clients_new();
	}
	if (!*coming) {
		json_decref(root);
		return error_set(error, EPROTO, "the parent's list of clients has no beginning");
	}
	json_array_foreach(json_object_get(root, "clients"), i, object)
	{
		struct client_settings client = {
			.name = read_text(&arena, object, "name"),
			.key = read_text(&arena, object, "key"),
			.expires_us = json_integer_value(json_object_get(object, "expires_us")),
			.revoked = !json_is_false(json_object_get(object, "revoked")),
			.connections = json_integer_value(json_object_get(object, "connections")),
		};
		client.topics = read_texts(&arena, object, "topics", &client.n_topics);
		if (client.name && client.key)
			auth_clients_add(*coming, &client);
		arena_reset(&arena);
	}
	int more = json_is_true(json_object_get(root, "more"));
	json_decref(root);
	arena_deinit(&arena);
	return more;
}
