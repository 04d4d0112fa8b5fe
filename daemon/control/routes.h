/* What can be asked of the control socket and of the status port, one row for each. Inside control/
 * only. */
#pragma once

#include "base/buf.h"
#include "control/control.h"

struct MHD_Connection;

/* What an answer is, and what a browser may do with it. */
struct content {
	const char *type, *policy; /* of Content-Security-Policy; NULL: it is no document */
};
extern const struct content content_json;

struct route {
	const char *method, *path;
	bool socket_only; /* it changes something */
	bool waits;       /* for the journal, which may take its time */
	const struct content *content;
	/* Writes the answer; returns its HTTP status. */
	unsigned (*handle)(
		struct control_source *source, struct MHD_Connection *connection, struct buf *out);
};

/* NULL: there is nothing of that name. */
const struct route *route_find(const char *method, const char *path);
