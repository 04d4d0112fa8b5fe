/* The replay side of the bus: one thread with a ROUTER that answers from the journal what clients ask,
 * at once or when there is news. */
#pragma once

#include "bus/mailbox.h"
#include "bus/parts.h"
#include "model/settings.h"

struct replay;

/* Makes the socket, unbound. 0 or a negative errno; *ret is set either way and owns the reader. */
int replay_new(struct replay **ret, const struct bus_parts *parts,
	const struct bus_settings *settings, struct error *error);
/* May be called again after -EADDRINUSE. */
int replay_bind(struct replay *replay, struct error *error);
/* Starts the thread, which shows the journal up to first->head. */
int replay_start(struct replay *replay, const struct mail *first, struct error *error);
/* Any thread, after replay_start(). mail->end: dismiss who waits, and end. */
void replay_tell(struct replay *replay, const struct mail *mail);
/* Waits for the thread (tell it the end before) and closes the socket; before the context ends. */
void replay_close(struct replay *replay);
/* After the context has ended. NULL-safe; returns NULL. */
struct replay *replay_free(struct replay *replay);
