/* Lets other threads ask the loop what it knows: the control thread's snapshots and commands. A
 * question waits for the loop; the loop never waits. */
#pragma once

#include "actors/poller.h"
#include "control/control.h"

struct inspector;
struct subscriber;

/* What only the pipeline knows or can do. Called on the loop. */
struct inspector_sink {
	void (*complete)(struct inspector_sink *sink, struct control_snapshot *snapshot);
	/* As in control_source. */
	int (*reload_clients)(struct inspector_sink *sink);
	uint64_t (*reload)(struct inspector_sink *sink);
	struct reload *(*reload_report)(struct inspector_sink *sink);
	/* In the control thread, for the journal's thread does it and the loop
	 * waits for nobody. */
	int (*redact)(struct inspector_sink *sink, const char *id, const char *epoch,
		struct control_redaction *ret, struct error *error);
};

/* Loop thread. The control_source given to control_start() is inspector_source(). */
int inspector_new(struct inspector **ret, uv_loop_t *loop, struct poller *poller,
	struct inspector_sink *sink, struct error *error);
/* The subscriptions that a snapshot tells of; NULL: there are none. */
void inspector_set_subscriber(struct inspector *inspector, const struct subscriber *subscriber);
struct control_source *inspector_source(struct inspector *inspector);
/* Answers all waiting questions with "ending" and takes no more; loop thread. (control_stop() does
 * it too: its threads could not end while they wait for a loop that waits for them.) */
void inspector_end(struct inspector *inspector);
/* After control_stop() and inspector_end(); the loop must run once more. NULL-safe. */
struct inspector *inspector_free(struct inspector *inspector);
