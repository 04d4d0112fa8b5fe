/* Single frames of messages, sent and received without waiting. A signal between two frames of a
 * message must not tear it: what was left of it would be taken for the next one. */
#ifndef LIB_FRAME_H
#define LIB_FRAME_H

#include <stdbool.h>
#include <stddef.h>
#include <zmq.h>

/* 0, or a negative errno: -EAGAIN where nothing is there. `frame` is initialized. */
int frame_receive(void *socket, zmq_msg_t *frame);
/* 0, or a negative errno: -EAGAIN where there is no room. */
int frame_send(void *socket, const void *p, size_t n, bool more);

#endif
