/* libcurl says which sockets and which moment it waits for; libuv waits; libcurl is told.
 *
 *   libcurl ── on_socket(fd, IN/OUT) ──▶ uv_poll   ── on_ready ──▶ curl_multi_socket_action(fd)
 *           ── on_deadline(ms) ────────▶ uv_timer  ── on_timer ──▶ … (CURL_SOCKET_TIMEOUT)
 *
 * What must hold, each learnt the hard way by somebody:
 *  - A connection's uv_poll lives as long as the connection: to take it out of epoll after each request
 *    and put it in again before the next one is four system calls for each. Between two requests
 *    nobody wants its events; if one comes (the server closes), watching stops until the next.
 *  - Before a descriptor is closed its uv_poll is stopped and closed, for the next socket may get the same
 *    number: a connection's in CURLOPT_CLOSESOCKETFUNCTION. What libcurl opens for itself (between its
 *    resolver's threads and us) it closes by itself, right after CURL_POLL_REMOVE. uv_poll_stop() takes
 *    the number out of libuv's table at once; only the memory waits for the close callback.
 *  - Nothing of libcurl is called from its callbacks. A deadline of 0 becomes a timer of 0, which
 *    fires in the loop's next round: no recursion, and no lost millisecond either.
 *  - libuv answers EPOLLERR with UV_EBADF and stops the handle. libcurl is told that it can read and
 *    write: then it tries, and learns what the error is (told CURL_CSELECT_ERR, it only says that
 *    there is one). If it still wants the socket, watching goes on.
 *  - The socket callback never returns -1: that would kill every transfer of the multi handle.
 *  - libuv's clock stands still within a round, so its timers may fire early by what the round
 *    took. libcurl then finds nothing to do and sets the deadline again, for it was told of one. */
#include "fetch/multi.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"

/* Idle connections kept beside as many as there may be transfers: at 38 KB for one with TLS, 10 MB.
 * libcurl counts those in use, too, and closes an idle one whenever a request ends while there are
 * more: were the bound not above `parallel`, none would ever be used again. With `parallel` at
 * 10,000 that is 390 MB, of which its transfers take as much by themselves. */
#define POOL_IDLE_MAX 256
/* Of a pool that is one of several; with 750 and 2,000 hosts, looking at all of them cost four times
 * what the rest of a poll does. */
#define POOL_CONNECTIONS 64
#define POOL_PARTS_MAX   64

struct watch {
	uv_poll_t poll;
	struct pool *pool;
	curl_socket_t fd;
	int wanted;  /* by libcurl; 0: nothing, the connection is idle */
	int watched; /* by libuv */
	bool is_ours;
};

static void on_ready(uv_poll_t *poll, int status, int events);

/* Hands over what has ended, then lets the sink start what was waiting. */
static void drain(struct pool *pool)
{
	CURLMsg *message;
	int left;

	while ((message = curl_multi_info_read(pool->multi, &left))) {
		if (message->msg != CURLMSG_DONE)
			continue;
		CURL *easy = message->easy_handle;
		CURLcode code = message->data.result; /* gone with the next call */
		curl_multi_remove_handle(pool->multi, easy);
		pool->sink->done(pool->sink, easy, code);
	}
	pool->sink->ran(pool->sink);
}

static void on_timer(uv_timer_t *timer)
{
	struct pool *pool = container_of(timer, struct pool, timer);
	int running;

	curl_multi_socket_action(pool->multi, CURL_SOCKET_TIMEOUT, 0, &running);
	drain(pool);
}

static int on_deadline(CURLM *multi, long timeout_ms, void *userp)
{
	struct pool *pool = userp;

	(void)multi;
	if (timeout_ms < 0)
		uv_timer_stop(&pool->timer);
	else
		uv_timer_start(&pool->timer, on_timer, (uint64_t)timeout_ms, 0);
	return 0;
}

static void on_watch_closed(uv_handle_t *handle)
{
	free(container_of((uv_poll_t *)handle, struct watch, poll));
}

static struct watch *watch_of(const struct pool *pool, curl_socket_t fd)
{
	return fd >= 0 && (size_t)fd < pool->cap_watches ? pool->watches[fd] : NULL;
}

static void watch_close(struct watch *watch)
{
	watch->pool->watches[watch->fd] = NULL;
	watch->wanted = 0;
	uv_poll_stop(&watch->poll);
	uv_close((uv_handle_t *)&watch->poll, on_watch_closed);
}

/* NULL if libuv cannot watch it; the transfer then ends by its own time limit. */
static struct watch *watch_open(struct pool *pool, curl_socket_t fd)
{
	struct watch *watch = mem_zalloc(1, sizeof *watch);
	size_t had = pool->cap_watches;

	if (fd < 0 || uv_poll_init_socket(pool->loop, &watch->poll, fd) < 0) {
		free(watch);
		return NULL;
	}
	watch->pool = pool;
	watch->fd = fd;
	MEM_GROW(pool->watches, pool->cap_watches, (size_t)fd + 1);
	if (pool->cap_watches > had)
		memset(pool->watches + had, 0, (pool->cap_watches - had) * sizeof(struct watch *));
	if (pool->watches[fd]) /* closed behind our back, which no libcurl has been seen to do */
		watch_close(pool->watches[fd]);
	pool->watches[fd] = watch;
	return watch;
}

void pool_opened(struct pool *pool, curl_socket_t fd)
{
	struct watch *watch = watch_open(pool, fd);

	if (!watch)
		return;
	watch->is_ours = true;
	uv_unref((uv_handle_t *)&watch->poll); /* it alone keeps no loop going */
}

int pool_close_socket(void *userp, curl_socket_t fd)
{
	struct watch *watch = watch_of(userp, fd);

	if (watch)
		watch_close(watch);
	return close(fd);
}

/* libuv takes the descriptor out of epoll and in again, even for the same events. */
static void watch_start(struct watch *watch)
{
	if (watch->wanted == watch->watched)
		return;
	watch->watched = watch->wanted;
	uv_poll_start(&watch->poll, watch->wanted, on_ready);
}

static void on_ready(uv_poll_t *poll, int status, int events)
{
	struct watch *watch = container_of(poll, struct watch, poll);
	struct pool *pool = watch->pool;
	int flags = (events & UV_READABLE ? CURL_CSELECT_IN : 0) |
		    (events & UV_WRITABLE ? CURL_CSELECT_OUT : 0);
	int running;

	if (status < 0) {
		flags = CURL_CSELECT_IN | CURL_CSELECT_OUT;
		watch->watched = 0;
	}
	if (!watch->wanted) {
		uv_poll_stop(poll);
		watch->watched = 0;
		return;
	}
	curl_multi_socket_action(pool->multi, watch->fd, flags, &running);
	/* Closed or not, the watch's memory lives to the end of this round of the loop. */
	if (watch->wanted)
		watch_start(watch);
	drain(pool);
}

static int on_socket(CURL *easy, curl_socket_t fd, int what, void *userp, void *socketp)
{
	struct pool *pool = userp;
	struct watch *watch = watch_of(pool, fd);

	(void)easy;
	(void)socketp;
	if (what == CURL_POLL_REMOVE) {
		if (watch && watch->is_ours) {
			watch->wanted = 0;
			uv_unref((uv_handle_t *)&watch->poll);
		} else if (watch) {
			watch_close(watch);
		}
		return 0;
	}
	if (!watch)
		watch = watch_open(pool, fd);
	if (!watch)
		return 0;
	watch->wanted =
		(what & CURL_POLL_IN ? UV_READABLE : 0) | (what & CURL_POLL_OUT ? UV_WRITABLE : 0);
	uv_ref((uv_handle_t *)&watch->poll);
	watch_start(watch);
	return 0;
}

struct pool *pool_new(
	uv_loop_t *loop, enum pool_kind kind, struct guard *guard, struct pool_sink *sink)
{
	CURLM *multi = curl_multi_init();

	if (!multi)
		return NULL;
	struct pool *pool = mem_zalloc(1, sizeof *pool);
	pool->guard = *guard;
	*guard = (struct guard){0};
	pool->multi = multi;
	pool->sink = sink;
	pool->loop = loop;
	sessions_init(&pool->sessions);
	map_init(&pool->connecting);
	uv_timer_init(loop, &pool->timer);
	curl_multi_setopt(multi, CURLMOPT_SOCKETFUNCTION, on_socket);
	curl_multi_setopt(multi, CURLMOPT_SOCKETDATA, pool);
	curl_multi_setopt(multi, CURLMOPT_TIMERFUNCTION, on_deadline);
	curl_multi_setopt(multi, CURLMOPT_TIMERDATA, pool);
	curl_multi_setopt(multi, CURLMOPT_PIPELINING,
		kind == POOL_COMMON ? CURLPIPE_MULTIPLEX : CURLPIPE_NOTHING);
	return pool;
}

size_t pool_parts(int64_t parallel)
{
	int64_t parts = (parallel + POOL_IDLE_MAX) / POOL_CONNECTIONS;

	return parts < POOL_PARTS_MAX ? (size_t)parts : POOL_PARTS_MAX;
}

void pool_set_parallel(struct pool *pool, int64_t parallel)
{
	int64_t parts = (int64_t)pool_parts(parallel);

	curl_multi_setopt(pool->multi, CURLMOPT_MAXCONNECTS,
		(long)((parallel + POOL_IDLE_MAX + parts - 1) / parts));
}

static void on_pool_closed(uv_handle_t *handle)
{
	free(container_of((uv_timer_t *)handle, struct pool, timer));
}

struct pool *pool_free(struct pool *pool)
{
	if (!pool)
		return NULL;
	curl_multi_cleanup(pool->multi);
	sessions_deinit(&pool->sessions);
	map_deinit(&pool->connecting);
	for (size_t fd = 0; fd < pool->cap_watches; fd++)
		if (pool->watches[fd])
			watch_close(pool->watches[fd]);
	free(pool->watches);
	guard_deinit(&pool->guard);
	uv_timer_stop(&pool->timer);
	uv_close((uv_handle_t *)&pool->timer, on_pool_closed);
	return NULL;
}

CURLMcode pool_add(struct pool *pool, CURL *easy)
{
	return curl_multi_add_handle(pool->multi, easy);
}

void pool_remove(struct pool *pool, CURL *easy)
{
	curl_multi_remove_handle(pool->multi, easy);
}
