/* What the control socket says, as JSON and text. Pure. */
#pragma once

#include "base/buf.h"
#include "control/control.h"

void render_status(struct buf *out, const struct control_snapshot *snapshot);
void render_refresh(struct buf *out, const struct control_refresh *when);
void render_feeds(struct buf *out, const struct control_snapshot *snapshot);
void render_reload(struct buf *out, const struct reload *report);
/* Prometheus' text format, version 0.0.4: the counters, what the snapshot counted, and what the
 * process uses. A few dozen lines however many feeds there are. */
void render_metrics(struct buf *out, const struct control_snapshot *snapshot);
