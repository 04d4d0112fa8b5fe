/* The poller's inside, shared by the files that are named below; nobody else. */
#pragma once

#include <uv.h>

#include "actors/polled.h"
#include "actors/poller.h"
#include "base/map.h"
#include "fetch/fetch.h"
#include "schedule/lateness.h"
#include "schedule/outage.h"
#include "schedule/schedule.h"

struct poller {
	const struct fetch_settings *settings;
	struct schedule *schedule;
	struct fetcher *fetcher;
	struct fetch_sink fetched;
	struct poller_sink *sink;
	struct polled **feeds;          /* as configured, in the order of their ids */
	struct feed *const *configured; /* the same: theirs */
	size_t n_feeds;
	struct map asked; /* by id: those whose poll is under way, also those that are leaving */
	struct map by_former_id;  /* of those configured */
	struct polled **new_ones; /* not scheduled yet */
	size_t n_new, cap_new;
	struct map new_by_id; /* the same, once somebody asks for one */
	bool started, held;
	struct lateness lateness[LANE_COUNT];
	struct outage outage;
	bool in_outage;
	size_t pushes;     /* of hubs, under way or waiting for what is */
	uv_timer_t *timer; /* outlives us until the loop has closed it */
};

/* Both clocks at one moment: the wall clock's is the states', the other's the schedule's. */
struct now {
	int64_t real_us, boot_us;
};

/* poller.c */
struct now polling_now(void);
double polling_chance(void);
/* Is scheduled anew, or not any more: whatever the slot was. */
void polling_reschedule(struct poller *p, struct polled *polled, struct now now, int64_t due_us);
void polling_pump(struct poller *p);
/* Something of it is under way from now on … */
void polling_begin(struct poller *p, struct polled *polled);
/* … and no more: as it was when that began. The caller's reference. */
struct feed *polling_end_asking(struct poller *p, struct polled *polled);
/* One that is not scheduled yet. */
struct polled *polling_new(struct poller *p, struct feed *feed);
void polling_schedule_new_ones(struct poller *p, struct now now);
/* It is configured like this from now on; NULL: not at all. (Keys of the poller's maps are texts of it.) */
void polling_set_feed(struct poller *p, struct polled *polled, struct feed *feed);
/* Its poll is over: what remains of it goes to the feed that was given another id. */
void polling_leave(struct poller *p, struct polled *polled, struct now now);
/* To who wants to know of feeds; `news`: of a poll, or NULL. */
void polling_tell_known(
	struct poller *p, const struct polled *polled, const struct poller_news *news);

/* showing.c */
/* The feed, as it is configured; NULL: it is not. */
struct polled *polling_find(const struct poller *p, const char *feed_id);

/* polling-log.c */
/* What `--verbose` tells of each poll. */
void polling_log(const struct reply *reply, int64_t took_us);
/* That a feed is ill, or well again, by the state that it is about to have. */
void polling_log_change(const struct polled *polled, const struct feed_state *is);

/* hopping.c */
/* By which redirect its poll is at another host, or waits for it; NULL: by none. */
const struct hop *hopping_of(const struct poller *p, const struct polled *polled);
/* The host that a redirect leads to could not be asked in time: its poll, under way, ends as the host's own
 * 429 would have ended it, where the host has sent one; else nothing is said of the feed, and it is polled
 * again in minutes. */
void hopping_put_off(struct poller *p, struct polled *polled, const struct hop *hop);

/* pushing.c */
/* Is what is under way a push? */
bool pushing_is_under_way(const struct polled *polled);
void pushing_ended(struct poller *p, struct polled *polled, enum push_end end);
/* The next push that waits, if nothing is under way. */
void pushing_begin(struct poller *p, struct polled *polled);
/* Those that wait are told that nothing comes of them. */
void pushing_drop(struct poller *p, struct polled *polled);
/* As poller_hasten(). */
void pushing_hasten(struct poller *p, struct polled *polled);
/* Puts the slot back where the push took it from. */
void pushing_restore_slot(struct poller *p, struct polled *polled, struct now now);
