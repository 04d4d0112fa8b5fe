/* Who may read: the clients, and which of them an endpoint admits. A table is never changed once it
 * is shared; a new one takes its place. */
#pragma once

#include "base/buf.h"
#include "model/settings.h"

/* Clients by their public keys. Counted; any thread. */
struct auth_clients;

struct auth_clients *auth_clients_new(void);
/* Before it is shared. Copies. */
void auth_clients_add(struct auth_clients *clients, const struct client_settings *client);
struct auth_clients *auth_clients_ref(struct auth_clients *clients);
/* NULL-safe; returns NULL. */
struct auth_clients *auth_clients_unref(struct auth_clients *clients);
/* NULL: nobody we know; `clients` may be NULL, which is a table of nobody. */
const struct client_settings *auth_find(const struct auth_clients *clients, struct str key);
/* When the next key expires after now_us (real clock); INT64_MAX: none will. */
int64_t auth_next_expiry(const struct auth_clients *clients, int64_t now_us);

/* A socket of the bus, as far as who may come in is concerned. */
struct auth_endpoint {
	char domain[32]; /* ZAP's: "live/0", "replay" */
	const char *bind;
	const struct admission *admission;
	const struct audience *audience; /* NULL: rights are looked at for every request */
};

enum auth_verdict {
	AUTH_ADMITTED,
	AUTH_UNKNOWN,
	AUTH_REVOKED,
	AUTH_EXPIRED,
	AUTH_ELSEWHERE, /* the key is good, but not for this endpoint */
};
/* A word for each, for logs: "unknown key". */
extern const char *const auth_verdict_words[];

/* May this key be connected to the endpoint at this moment (real clock)? */
enum auth_verdict auth_judge(const struct auth_clients *clients,
	const struct auth_endpoint *endpoint, struct str key, int64_t now_us);
