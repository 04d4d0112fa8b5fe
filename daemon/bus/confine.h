/* What the bus takes from itself, for good, before it opens the journal and before a byte of a peer is
 * read: whoever gets to run code in it through libzmq or a decoder of ours finds a process that
 * can serve, and nothing else. SECURITY.md says what that means for the operator.
 *
 * Each layer stands alone. A kernel without one has the others, the log says so once, and the status
 * shows which ones hold; no layer that is missing keeps the bus from starting, for a wire that is
 * silent protects nobody. */
#pragma once

#include "base/error.h"
#include "base/str.h"
#include "model/bus-stats.h"

/* What must stay possible. */
struct confine_need {
	const char *journal;
	const char *const *binds; /* endpoints: "tcp://address:port", "ipc://path" */
	size_t n_binds;
};

/* Before there is a second thread. Returns the layers that hold: enum bus_confinement. */
uint64_t confine(const struct confine_need *need);
/* Once the endpoints are bound: no new socket, no file, from any thread. Returns the layer, or 0. */
uint64_t confine_seal(void);

/* The folder of an ipc endpoint's path; STR_NONE: it has none (tcp, or an abstract name). */
struct str confine_folder(const char *endpoint);
/* The port of a tcp endpoint, 0 for one the kernel chooses; -1: it has none. */
int confine_port(const char *endpoint);

/* The layers, each for confine.c: 1: it holds; 0: this kernel has none; -errno and a sentence. */
int confine_files(const struct confine_need *need, uint64_t *ret_layers, struct error *error);
int confine_calls(struct error *error);
int confine_calls_seal(struct error *error);
