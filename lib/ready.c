#include "ready.h"

#include <errno.h>
#include <stdlib.h>

void ready_clear(struct ready_queue *queue)
{
	struct ready r;

	while (ready_pop(queue, &r))
		cw_event_unref(r.event);
}

void ready_deinit(struct ready_queue *queue)
{
	ready_clear(queue);
	free(queue->slots);
	*queue = (struct ready_queue){0};
}

static int grow(struct ready_queue *queue)
{
	size_t cap = queue->cap ? queue->cap * 2 : 64;
	struct ready *slots = malloc(cap * sizeof *slots);

	if (!slots)
		return -ENOMEM;
	for (size_t i = 0; i < queue->n; i++)
		slots[i] = queue->slots[(queue->head + i) % queue->cap];
	free(queue->slots);
	queue->slots = slots;
	queue->head = 0;
	queue->cap = cap;
	return 0;
}

int ready_reserve(struct ready_queue *queue)
{
	return queue->n == queue->cap ? grow(queue) : 0;
}

void ready_push(struct ready_queue *queue, struct cw_event *event, uint64_t seq)
{
	queue->slots[(queue->head + queue->n++) % queue->cap] = (struct ready){event, seq};
}

int ready_pop(struct ready_queue *queue, struct ready *ret)
{
	if (!queue->n)
		return 0;
	*ret = queue->slots[queue->head];
	queue->head = (queue->head + 1) % queue->cap;
	queue->n--;
	return 1;
}
