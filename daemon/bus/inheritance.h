/* What a bus gets from the daemon besides its briefing, and from the bus before it. */
#pragma once

#include "model/settings.h"

/* The environment of a bus, NULL at its end: what the log, the loader and debugging tools read there.
 * Not the daemon's whole one, in which there may be passwords, and in which systemd names the folder of
 * credentials. Free it, and not its texts, which are the daemon's. */
char **inheritance_environment(void);
/* Removes the sockets that ended buses left at ipc endpoints: a bus may not do that itself
 * (confine-files.c). What is no socket stays, and binding then says so. */
void inheritance_clear(const struct bus_settings *settings);
