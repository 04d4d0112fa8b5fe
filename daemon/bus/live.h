/* The live side of the bus: one thread with an XPUB for each live endpoint, sending the journal's
 * tail as it becomes durable. */
#pragma once

#include "bus/mailbox.h"
#include "bus/parts.h"
#include "model/settings.h"

struct live;

/* Makes the sockets, unbound. 0 or a negative errno; *ret is set either way and owns the reader. */
int live_new(struct live **ret, const struct bus_parts *parts, const struct bus_settings *settings,
	struct error *error);
/* May be called again after -EADDRINUSE: binds what is not bound yet. */
int live_bind(struct live *live, struct error *error);
/* Starts the thread, which sends what comes after first->head. */
int live_start(struct live *live, const struct mail *first, struct error *error);
/* Any thread, after live_start(). mail->end: send what is durable, and end. */
void live_tell(struct live *live, const struct mail *mail);
/* Waits for the thread (tell it the end before) and closes the sockets; before the context ends. */
void live_close(struct live *live);
/* After the context has ended. NULL-safe; returns NULL. */
struct live *live_free(struct live *live);
