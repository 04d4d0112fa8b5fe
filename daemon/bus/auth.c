#include "bus/auth.h"

#include <stdatomic.h>

#include "base/arena.h"
#include "base/map.h"
#include "model/rights.h"

struct auth_clients {
	atomic_uint refs;
	struct arena arena;
	struct map by_key; /* struct client_settings */
};

const char *const auth_verdict_words[] = {
	[AUTH_ADMITTED] = "admitted",
	[AUTH_UNKNOWN] = "unknown key",
	[AUTH_REVOKED] = "revoked key",
	[AUTH_EXPIRED] = "expired key",
	[AUTH_ELSEWHERE] = "key for another endpoint",
};

struct auth_clients *auth_clients_new(void)
{
	struct auth_clients *clients = mem_zalloc(1, sizeof *clients);

	atomic_init(&clients->refs, 1);
	map_init(&clients->by_key);
	return clients;
}

void auth_clients_add(struct auth_clients *clients, const struct client_settings *client)
{
	struct arena *arena = &clients->arena;
	struct client_settings *kept = ARENA_NEW(arena, struct client_settings);

	*kept = *client;
	kept->name = arena_strdup(arena, client->name);
	kept->key = arena_strdup(arena, client->key);
	kept->topics = arena_alloc(arena, (client->n_topics + 1) * sizeof *kept->topics);
	for (size_t i = 0; i < client->n_topics; i++)
		kept->topics[i] = arena_strdup(arena, client->topics[i]);
	map_set(&clients->by_key, str_of(kept->key), kept);
}

struct auth_clients *auth_clients_ref(struct auth_clients *clients)
{
	if (clients)
		atomic_fetch_add(&clients->refs, 1);
	return clients;
}

struct auth_clients *auth_clients_unref(struct auth_clients *clients)
{
	if (clients && atomic_fetch_sub(&clients->refs, 1) == 1) {
		struct arena arena = clients->arena;
		map_deinit(&clients->by_key);
		arena_deinit(&arena);
		free(clients);
	}
	return NULL;
}

const struct client_settings *auth_find(const struct auth_clients *clients, struct str key)
{
	return clients && key.n ? map_get(&clients->by_key, key) : NULL;
}

int64_t auth_next_expiry(const struct auth_clients *clients, int64_t now_us)
{
	int64_t next_us = INT64_MAX;

	if (!clients)
		return next_us;
	map_for_each(it, &clients->by_key) {
		const struct client_settings *client = it->value;
		if (client->expires_us > now_us && client->expires_us < next_us)
			next_us = client->expires_us;
	}
	return next_us;
}

static bool is_named(const struct admission *admission, const char *name)
{
	for (size_t i = 0; i < admission->n_clients; i++)
		if (!strcmp(admission->clients[i], name))
			return true;
	return false;
}

enum auth_verdict auth_judge(const struct auth_clients *clients,
	const struct auth_endpoint *endpoint, struct str key, int64_t now_us)
{
	const struct client_settings *client = auth_find(clients, key);

	if (!client)
		return AUTH_UNKNOWN;
	if (client->revoked)
		return AUTH_REVOKED;
	if (client->expires_us && client->expires_us <= now_us)
		return AUTH_EXPIRED;
	if (endpoint->admission->clients && !is_named(endpoint->admission, client->name))
		return AUTH_ELSEWHERE;
	/* On live all get the same: only who may read all of it comes in. */
	if (endpoint->audience &&
		!rights_cover_audience(client->topics, client->n_topics, endpoint->audience))
		return AUTH_ELSEWHERE;
	return AUTH_ADMITTED;
}
