/* The events that the library makes itself. */
#ifndef LIB_EVENT_MAKE_H
#define LIB_EVENT_MAKE_H

#include <civicwire/event.h>

/* An event from a server that is known to send events, whose sequence is known: it is read on first
 * use only, where cw_event_parse() reads it at once. 0 or -ENOMEM. */
int event_make(const char *json, size_t n, uint64_t seq, struct cw_event **ret_event);

#endif
