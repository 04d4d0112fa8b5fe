/* What the bus must know before it can begin: the payload of CHANNEL_CONFIG, written by the parent
 * and read by the bus. */
#pragma once

#include "base/arena.h"
#include "base/buf.h"
#include "base/error.h"
#include "model/settings.h"

#include <sys/types.h>

struct briefing {
	struct arena arena; /* all texts */
	const char *build;
	pid_t parent;
	const char *journal_path;
	struct bus_settings bus;
};

void briefing_write(struct buf *out, const char *build, pid_t parent, const char *journal_path,
	const struct bus_settings *bus);
/* 0, or -EPROTO: not one of this build's (end it with briefing_deinit() either way). */
int briefing_read(struct briefing *ret, struct str json, struct error *error);
void briefing_deinit(struct briefing *briefing);
