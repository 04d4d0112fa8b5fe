/* Who may be connected, and for how long: one thread that answers libzmq's questions about keys, and
 * cuts connections that are too many, say too much, or have lost their right to be there. */
#pragma once

#include "bus/auth.h"
#include "bus/counters.h"
#include "bus/mailbox.h"

struct guard;

/* `settings` must outlive it. 0 or a negative errno; *ret is set either way. */
int guard_new(struct guard **ret, void *context, const struct bus_settings *settings,
	struct bus_counters *counters, struct error *error);
/* The endpoints: the live ones in their order, and behind them replay's. */
const struct auth_endpoint *guard_endpoint(const struct guard *guard, size_t i);
/* Watches a socket that is not bound yet; before guard_start(), by the thread that has the socket. */
int guard_watch(struct guard *guard, void *socket, size_t endpoint, struct error *error);
/* Before anything is bound: while no guard answers, libzmq admits nobody to a CURVE endpoint. */
int guard_start(struct guard *guard, const struct mail *first, struct error *error);
/* Any thread. */
void guard_tell(struct guard *guard, const struct mail *mail);
/* A whole message came on this descriptor, from the holder of `key` ("": none was asked for). Any
 * thread; waits for nothing. */
void guard_claim(struct guard *guard, size_t endpoint, int fd, struct str key);
/* A subscription to what cannot begin a topic came on this descriptor. Any thread; waits for nothing. */
void guard_report(struct guard *guard, size_t endpoint, int fd);
/* Does it still turn? Without it a revoked key would stay: the bus must not go on. Any thread. */
bool guard_is_well(const struct guard *guard, int64_t now_us);
/* Waits for the thread (tell it the end before) and closes its sockets; after those it watches are
 * closed, before the context ends. */
void guard_close(struct guard *guard);
/* NULL-safe; returns NULL. */
struct guard *guard_free(struct guard *guard);
