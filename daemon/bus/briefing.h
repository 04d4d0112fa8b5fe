/* What the bus must know before it can begin: the payload of CHANNEL_CONFIG, written by the parent
 * and read by the bus. */
#pragma once

#include "base/arena.h"
#include "base/buf.h"
#include "base/error.h"
#include "bus/auth.h"
#include "model/settings.h"

#include <sys/types.h>

struct briefing {
	struct arena arena; /* all texts */
	const char *build;
	pid_t parent;
	const char *journal_path;
	const char *server_secret; /* NULL: no endpoint needs it */
	struct bus_settings bus;
};

/* build, parent, journal_path, server_secret and bus. */
void briefing_write(struct buf *out, const struct briefing *briefing);
/* 0, or -EPROTO: not one of this build's (end it with briefing_deinit() either way). */
int briefing_read(struct briefing *ret, struct str json, struct error *error);
void briefing_deinit(struct briefing *briefing);

/* The payload of one CHANNEL_CLIENTS: as many clients from items[at] on as go into a packet. Returns
 * where the next one begins; n: it was the last. */
size_t briefing_write_clients(
	struct buf *out, const struct client_settings *items, size_t at, size_t n);
/* Adds those of a packet to *coming, a new table if they are the first. 1: more follow; 0: these were
 * all; -EPROTO. */
int briefing_read_clients(struct auth_clients **coming, struct str json, struct error *error);
