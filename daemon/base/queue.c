#include "base/queue.h"

#include "base/alloc.h"

#include <errno.h>
#include <stdlib.h>
#include <time.h>

void queue_init(struct queue *q, size_t cap)
{
	queue_init_reserved(q, cap, 0);
}

void queue_init_reserved(struct queue *q, size_t cap, size_t reserved)
{
	pthread_condattr_t attr;

	cap += reserved;
	*q = (struct queue){
		.slots = mem_zalloc(cap, sizeof *q->slots), .cap = cap, .reserved = reserved};
	pthread_mutex_init(&q->lock, NULL);
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&q->not_empty, &attr);
	pthread_cond_init(&q->not_full, &attr);
	pthread_cond_init(&q->is_closed, &attr);
	pthread_cond_init(&q->gathered, &attr);
	pthread_condattr_destroy(&attr);
}

void queue_deinit(struct queue *q)
{
	pthread_cond_destroy(&q->not_empty);
	pthread_cond_destroy(&q->not_full);
	pthread_cond_destroy(&q->is_closed);
	pthread_cond_destroy(&q->gathered);
	pthread_mutex_destroy(&q->lock);
	free(q->slots);
}

static void put(struct queue *q, void *item, bool urgent)
{
	q->slots[(q->head + q->n++) % q->cap] = item;
	q->urgent = q->urgent || urgent;
	if (q->enough && (q->urgent || q->n >= q->enough)) {
		q->enough = 0;
		pthread_cond_signal(&q->gathered);
	}
}

/* Whoever waits is told after the lock is let go: else it wakes, finds the lock held, sleeps again, and
 * must be woken a second time. */
static bool let_go(struct queue *q, bool has_put)
{
	pthread_mutex_unlock(&q->lock);
	if (has_put)
		pthread_cond_signal(&q->not_empty);
	return has_put;
}

static void *take(struct queue *q)
{
	void *item = q->slots[q->head];

	q->head = (q->head + 1) % q->cap;
	q->n--;
	pthread_cond_signal(&q->not_full);
	return item;
}

bool queue_push(struct queue *q, void *item)
{
	pthread_mutex_lock(&q->lock);
	while (q->n + q->reserved >= q->cap && !q->closed)
		pthread_cond_wait(&q->not_full, &q->lock);
	bool ok = !q->closed;
	if (ok)
		put(q, item, true);
	return let_go(q, ok);
}

static bool try_push(struct queue *q, void *item, bool urgent)
{
	pthread_mutex_lock(&q->lock);
	bool ok = !q->closed && q->n < q->cap;
	if (ok)
		put(q, item, urgent);
	return let_go(q, ok);
}

bool queue_try_push(struct queue *q, void *item)
{
	return try_push(q, item, true);
}

bool queue_try_push_patient(struct queue *q, void *item)
{
	return try_push(q, item, false);
}

void *queue_pop(struct queue *q)
{
	void *item = NULL;

	queue_pop_many(q, &item, 1, -1);
	return item;
}

static struct timespec deadline(long long timeout_us)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	t.tv_sec += timeout_us / 1000000;
	t.tv_nsec += timeout_us % 1000000 * 1000;
	t.tv_sec += t.tv_nsec / 1000000000;
	t.tv_nsec %= 1000000000;
	return t;
}

static void wait_for_item(struct queue *q, long long timeout_us)
{
	struct timespec until = deadline(timeout_us < 0 ? 0 : timeout_us);

	while (!q->n && !q->closed && !q->woken) {
		if (timeout_us < 0)
			pthread_cond_wait(&q->not_empty, &q->lock);
		else if (pthread_cond_timedwait(&q->not_empty, &q->lock, &until) == ETIMEDOUT)
			return;
	}
}

void queue_wake(struct queue *q)
{
	pthread_mutex_lock(&q->lock);
	q->woken = true;
	pthread_cond_broadcast(&q->not_empty);
	pthread_cond_broadcast(&q->gathered);
	pthread_mutex_unlock(&q->lock);
}

static void wait_for_more(struct queue *q, long long patience_us, size_t enough)
{
	struct timespec until = deadline(patience_us);

	q->enough = enough;
	while (q->n < enough && !q->urgent && !q->closed && !q->woken)
		if (pthread_cond_timedwait(&q->gathered, &q->lock, &until) == ETIMEDOUT)
			break;
	q->enough = 0;
}

size_t queue_gather(struct queue *q, void **out, size_t max, long long timeout_us,
	long long patience_us, size_t enough)
{
	size_t n = 0;

	pthread_mutex_lock(&q->lock);
	wait_for_item(q, timeout_us);
	if (q->n && patience_us > 0)
		wait_for_more(q, patience_us, enough);
	q->woken = false;
	while (q->n && n < max)
		out[n++] = take(q);
	q->urgent = q->urgent && q->n;
	pthread_mutex_unlock(&q->lock);
	return n;
}

size_t queue_pop_many(struct queue *q, void **out, size_t max, long long timeout_us)
{
	return queue_gather(q, out, max, timeout_us, 0, 0);
}

void queue_close(struct queue *q)
{
	pthread_mutex_lock(&q->lock);
	q->closed = true;
	pthread_cond_broadcast(&q->not_empty);
	pthread_cond_broadcast(&q->not_full);
	pthread_cond_broadcast(&q->is_closed);
	pthread_cond_broadcast(&q->gathered);
	pthread_mutex_unlock(&q->lock);
}

size_t queue_length(struct queue *q)
{
	pthread_mutex_lock(&q->lock);
	size_t n = q->n;
	pthread_mutex_unlock(&q->lock);
	return n;
}

bool queue_is_closed(struct queue *q)
{
	pthread_mutex_lock(&q->lock);
	bool closed = q->closed;
	pthread_mutex_unlock(&q->lock);
	return closed;
}

bool queue_wait_closed(struct queue *q, long long timeout_us)
{
	struct timespec until = deadline(timeout_us);

	pthread_mutex_lock(&q->lock);
	while (!q->closed && pthread_cond_timedwait(&q->is_closed, &q->lock, &until) != ETIMEDOUT)
		;
	bool closed = q->closed;
	pthread_mutex_unlock(&q->lock);
	return closed;
}
