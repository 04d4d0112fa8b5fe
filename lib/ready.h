/* What is ready to be handed out, in order: events, and marks that say "everything up to here is
 * accounted for". */
#ifndef LIB_READY_H
#define LIB_READY_H

#include <civicwire/event.h>

struct ready {
	struct cw_event *event; /* NULL: a mark */
	uint64_t seq;
};

struct ready_queue {
	struct ready *slots;
	size_t head, n, cap;
};

void ready_deinit(struct ready_queue *queue);
/* Makes room for one more. 0 or -ENOMEM. */
int ready_reserve(struct ready_queue *queue);
/* Takes the event; room was made before. */
void ready_push(struct ready_queue *queue, struct cw_event *event, uint64_t seq);
/* False if empty. */
int ready_pop(struct ready_queue *queue, struct ready *ret);
void ready_clear(struct ready_queue *queue);

#endif
