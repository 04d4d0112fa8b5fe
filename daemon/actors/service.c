/* The watchdog is fed by the loop, so a loop that hangs feeds nobody; and it is fed only while no
 * other thread has been at one thing for longer than the unit's WatchdogSec. A thread that hangs is
 * so told of within twice that time: once for us to be sure, once for systemd. */
#include "actors/service.h"

#include <stdlib.h>
#include <systemd/sd-daemon.h>
#include <uv.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "base/list.h"
#include "base/log.h"

/* Somebody reads it now and then. */
#define STATUS_MS 10000
/* Fed so often within WatchdogSec: one late turn of the loop is no reason to die. */
#define FEEDINGS 4

struct service {
	struct service_sink *sink;
	uv_timer_t feed, tell; /* closed before we go */
	int open;
	uint64_t watchdog_us; /* 0: nobody asks */
	const char *stuck;    /* told in the log */
	struct buf said, now;
};

static void on_feed(uv_timer_t *timer)
{
	struct service *s = container_of(timer, struct service, feed);
	const char *stuck = s->sink->stuck(s->sink, clock_monotonic_us(), (int64_t)s->watchdog_us);

	if (stuck && stuck != s->stuck)
		log_error("%s has hung for %llu s; the watchdog is not fed any more", stuck,
			(unsigned long long)s->watchdog_us / (unsigned long long)SEC_US);
	s->stuck = stuck;
	if (!stuck)
		sd_notify(0, "WATCHDOG=1");
}

static void on_tell(uv_timer_t *timer)
{
	struct service *s = container_of(timer, struct service, tell);

	buf_clear(&s->now);
	s->sink->status(s->sink, &s->now);
	if (str_eq(buf_view(&s->now), buf_view(&s->said)))
		return;
	sd_notifyf(0, "STATUS=%s", buf_cstr(&s->now));
	buf_clear(&s->said);
	buf_str(&s->said, buf_view(&s->now));
}

struct service *service_new(uv_loop_t *loop, struct service_sink *sink)
{
	struct service *s = mem_zalloc(1, sizeof *s);

	s->sink = sink;
	s->open = 2;
	uv_timer_init(loop, &s->feed);
	uv_timer_init(loop, &s->tell);
	if (!getenv("WATCHDOG_USEC") || sd_watchdog_enabled(0, &s->watchdog_us) <= 0)
		s->watchdog_us = 0;
	return s;
}

void service_ready(struct service *s)
{
	uint64_t feed_ms = s->watchdog_us / FEEDINGS / 1000;

	sd_notify(0, "READY=1");
	if (getenv("NOTIFY_SOCKET") && !uv_is_active((uv_handle_t *)&s->tell))
		uv_timer_start(&s->tell, on_tell, 0, STATUS_MS);
	if (s->watchdog_us && !uv_is_active((uv_handle_t *)&s->feed))
		uv_timer_start(&s->feed, on_feed, 0, feed_ms ? feed_ms : 1);
}

/* systemd.service(5): without the time it could take an older message for this one. */
void service_reloading(struct service *s)
{
	(void)s;
	sd_notifyf(0, "RELOADING=1\nMONOTONIC_USEC=%lld", (long long)clock_monotonic_us());
}

void service_stopping(struct service *s)
{
	uv_timer_stop(&s->tell);
	sd_notify(0, "STOPPING=1\nSTATUS=stopping");
}

static void closed(struct service *s)
{
	if (--s->open)
		return;
	buf_deinit(&s->said);
	buf_deinit(&s->now);
	free(s);
}

static void on_feed_closed(uv_handle_t *handle)
{
	closed(container_of((uv_timer_t *)handle, struct service, feed));
}

static void on_tell_closed(uv_handle_t *handle)
{
	closed(container_of((uv_timer_t *)handle, struct service, tell));
}

struct service *service_free(struct service *s)
{
	if (!s)
		return NULL;
	uv_close((uv_handle_t *)&s->feed, on_feed_closed);
	uv_close((uv_handle_t *)&s->tell, on_tell_closed);
	return NULL;
}
