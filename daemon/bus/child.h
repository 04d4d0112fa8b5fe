/* The daemon's side of the bus: starts it by re-executing /proc/self/exe --bus, tells it the head,
 * and starts it again within 2 s whenever it ends. Loop thread only. */
#pragma once

#include "base/error.h"
#include "bus/channel.h"
#include "model/bus-stats.h"
#include "model/settings.h"

struct bus_child;
typedef struct uv_loop_s uv_loop_t;

/* All must outlive the child, but for the clients, which bus_child_clients() replaces. */
struct bus_child_settings {
	const struct bus_settings *bus;
	const char *journal_path;
	const struct client_settings *clients;
	size_t n_clients;
};

/* Told of the child's life; may be NULL members. `failed` is called when the bus cannot bind its
 * endpoints (it keeps trying). */
struct bus_child_sink {
	void (*ready)(struct bus_child_sink *sink);
	void (*failed)(struct bus_child_sink *sink, const char *why);
	void (*ended)(struct bus_child_sink *sink); /* after bus_child_stop(): it is gone */
};

/* Can the server's key be read, if an endpoint needs one? 0, or a negative errno and a sentence that
 * says what to do. */
int bus_child_check(const struct bus_settings *settings, struct error *error);
int bus_child_new(struct bus_child **ret, uv_loop_t *loop,
	const struct bus_child_settings *settings, struct bus_child_sink *sink,
	struct error *error);
/* It says something each second. After this long without a word it is killed, and started again. */
#define BUS_CHILD_SILENT_US INT64_C(20000000)
/* Has it said nothing for longer than this, though it runs? `now_us` on the monotonic clock. */
bool bus_child_is_silent(const struct bus_child *child, int64_t now_us, int64_t limit_us);
/* The newest durable head. Coalesced: only the last one matters. */
void bus_child_head(struct bus_child *child, uint64_t head, int64_t committed_us);
/* Who may read from now on; kept, so they must stay until the next ones come. */
void bus_child_clients(
	struct bus_child *child, const struct client_settings *clients, size_t n_clients);
void bus_child_pause(struct bus_child *child, int64_t us);
/* Asks it to end (kills it after 2 s); sink->ended() follows, then bus_child_free(). */
void bus_child_stop(struct bus_child *child);
struct bus_child *bus_child_free(struct bus_child *child);
/* The last statistics it sent, and its process id (0: not running). */
const struct bus_stats *bus_child_stats(const struct bus_child *child, int *ret_pid);
