/* The subscriber's inside, shared by subscriber.c and hearing.c; nobody else. */
#pragma once

#include <uv.h>

#include "actors/subscriber.h"
#include "base/map.h"
#include "base/queue.h"
#include "fetch/fetch.h"
#include "schedule/schedule.h"
#include "websub/listener.h"

struct follower {
	struct hub_subscription s;
	struct schedule_slot slot;
	struct feed *feed;  /* as it is configured; NULL: it is not, or not known yet */
	int64_t pinged_us;  /* last poll for a ping, on the clock that nobody sets */
	bool ping_waits;    /* another is due once PING_US is over */
	int64_t look_us;    /* when one more is due, on the same clock; 0: none is */
	bool delivers;      /* as the poller was told */
	bool is_dirty;      /* something is to be kept, but not at once */
	struct feed *asker; /* who asks its hub now; NULL: nobody does. A reference. */
};

struct subscriber {
	struct websub_settings websub; /* callback NULL: no hub is to push any more */
	struct poller *poller;
	struct subscriber_sink *sink;
	struct listener *listener;
	struct listener_sink heard;
	struct queue knocks;
	struct fetcher *fetcher;
	struct fetch_sink fetched;
	struct schedule *schedule; /* of followers, by their hubs' hosts */
	struct map by_token, by_feed;
	struct list waiting;
	int64_t started_us; /* since when the listener has been there */
	int64_t tick_us;    /* when leases are looked at next, on the clock that nobody sets */
	size_t delivering;
	bool started, stopped;
	uv_async_t *wake; /* these two outlive us until the loop has closed them */
	uv_timer_t *timer;
};

/* subscriber.c */
double subscribing_chance(void);
bool subscribing_is_leaving(const struct follower *f);
/* After any change of what was asked or said. */
void subscribing_changed(struct subscriber *s, struct follower *f);
/* Tells the poller, where it has changed, whether the feed is served by pushes. */
void subscribing_tell_delivery(struct subscriber *s, struct follower *f);
void subscribing_forget(struct subscriber *s, struct follower *f);
/* Polls the feed, if it was not polled for a ping a moment ago; then soon. */
void subscribing_ping(struct subscriber *s, struct follower *f, int64_t boot_us);
/* Asks whoever is due and may be. */
void subscribing_pump(struct subscriber *s);
/* Until something is due. */
void subscribing_sleep(struct subscriber *s);

/* hearing.c */
bool hear_knock(struct listener_sink *sink, struct knock *knock);
void hear_wake(uv_async_t *wake);
void hear_all(struct subscriber *s);
/* Pushes whose hubs have waited long enough are answered that they should come again; all are. */
void waiting_answer_late(struct subscriber *s);
void waiting_answer_all(struct subscriber *s);
void waiting_free_all(struct subscriber *s);
