/* A bounded first-in-first-out queue of pointers between threads. A full queue holds its producers
 * back: that is what bounds the daemon's memory. Any number of threads on either side. */
#pragma once

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>

struct queue {
	pthread_mutex_t lock;
	pthread_cond_t not_empty, not_full, is_closed, gathered;
	void **slots;
	size_t head, n, cap, reserved;
	size_t enough; /* of the queue_gather() that waits for more; 0: none does */
	bool closed, woken, urgent;
};

void queue_init(struct queue *q, size_t cap);
/* `reserved` places more, which queue_push() leaves to queue_try_push(): who puts in no more than that at a
 * time always finds room. */
void queue_init_reserved(struct queue *q, size_t cap, size_t reserved);
/* All threads must have left; pointers still inside are the caller's to take out first. */
void queue_deinit(struct queue *q);
/* Waits for room. False if the queue is closed (the item stays the caller's). */
bool queue_push(struct queue *q, void *item);
/* Does not wait: false if full or closed. */
bool queue_try_push(struct queue *q, void *item);
/* The same for an item that is in no hurry: a queue_gather() that waits for more goes on waiting. */
bool queue_try_push_patient(struct queue *q, void *item);
/* Waits for an item; NULL once the queue is closed and empty. */
void *queue_pop(struct queue *q);
/* The queue_pop_many() that waits now, or the next one, returns though nothing has come. */
void queue_wake(struct queue *q);
/* Waits like queue_pop(), then takes all there is, at most `max`. Returns how many; 0 once the
 * queue is closed and empty, woken, or when nothing came within timeout_us (negative: wait for ever). */
size_t queue_pop_many(struct queue *q, void **out, size_t max, long long timeout_us);
/* Waits like queue_pop_many(). If all that has come is in no hurry, it then waits patience_us more, or until
 * there are `enough`, without being woken for each: they share one turn. */
size_t queue_gather(struct queue *q, void **out, size_t max, long long timeout_us,
	long long patience_us, size_t enough);
/* No more pushes; waiting threads wake. What is inside can still be popped. */
void queue_close(struct queue *q);
size_t queue_length(struct queue *q);
bool queue_is_closed(struct queue *q);
/* Sleeps until the queue is closed, at most this long. True if it is closed. */
bool queue_wait_closed(struct queue *q, long long timeout_us);
