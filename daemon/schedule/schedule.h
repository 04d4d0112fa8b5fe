/* Which feed next, and when? Pure: the time is an argument, chance is an argument; a week of
 * polling runs in a second. Within the schedule it is the time of a clock that nobody sets
 * (clock_boot_us()): were it the wall clock, setting that forward would make all feeds due at once,
 * and setting it back would silence them for as long. Feeds wait in a 4-ary heap by due time; those
 * due wait in their host's queue until the host is free (one connection at a time, a gap between,
 * unless `hosts:` says otherwise), until the machine that many hosts may be is, and until there is a
 * place in their lane. One thread. */
#pragma once

#include "base/list.h"
#include "model/hop.h"
#include "model/reply.h"
#include "model/settings.h"
#include "schedule/lane.h"

struct schedule;
struct schedule_host;

/* So long a poll that was redirected waits for its turn at that other host, all such turns together: a
 * redirect is an answer for now. Who has waited in vain begins anew after five minutes
 * (WHEN_LOCAL_RETRY), which makes a quarter of an hour: no host that redirects is asked more often than
 * anybody is without consent. At a second each 600 are served meanwhile. One that waits costs no place,
 * but some 300 bytes. */
#define SCHEDULE_HOP_WAIT_US (10 * MIN_US)

/* Slots that can be busy at a time, whatever the settings. */
#define SCHEDULE_BUSY_MAX (2 * FETCH_PARALLEL_MAX)

/* Embedded in the owner's struct for a feed; find the owner with container_of. */
struct schedule_slot {
	int64_t due_us;
	union {
		size_t heap_index; /* SLOT_HEAP */
		int64_t since_us;  /* SLOT_BUSY: when it could be asked; once it is, since when */
	};
	struct schedule_host *host;
	struct list link;
	enum { SLOT_OUT, SLOT_HEAP, SLOT_QUEUED, SLOT_BUSY } where;
	enum schedule_lane lane; /* SLOT_BUSY: of which it has a place */
};

struct schedule *schedule_new(const struct fetch_settings *settings);
struct schedule *schedule_free(struct schedule *schedule);

/* Puts a slot in; `url` tells the host. The slot must be SLOT_OUT (zeroed). */
void schedule_add(
	struct schedule *schedule, struct schedule_slot *slot, const char *url, int64_t due_us);
/* Takes it out, wherever it is (a busy one frees its host). */
void schedule_remove(struct schedule *schedule, struct schedule_slot *slot, int64_t now_us);
/* The next slot that is due, whose host is free and whose lane has a place, now SLOT_BUSY; NULL: none
 * at this time. */
struct schedule_slot *schedule_take(struct schedule *schedule, int64_t now_us);
/* The busy slot's request begins: how late that is, counted from when it was due, its host's gap over
 * and a connection to it allowed. Below 0: too early. */
int64_t schedule_began(struct schedule *schedule, struct schedule_slot *slot, int64_t now_us);
/* The next slot whose request has just become slow, now in the slow lane; NULL: none at this time. */
struct schedule_slot *schedule_slow(struct schedule *schedule, int64_t now_us);
/* The request has its answer, or none: how long it took. The slot stays busy. */
int64_t schedule_answered(struct schedule *schedule, struct schedule_slot *slot, int64_t now_us);
/* A busy slot's request has ended: its host rests for the gap; the slot waits for due_us. */
void schedule_done(
	struct schedule *schedule, struct schedule_slot *slot, int64_t now_us, int64_t due_us);
/* The busy slot's request is about to connect to this address (16 bytes, IPv4 as ::ffff:a.b.c.d). False:
 * as many as may be are under way there already, of whatever hosts; it is to be put back. */
bool schedule_meets(struct schedule *schedule, struct schedule_slot *slot,
	const uint8_t address[16], int64_t now_us);
/* The busy slot's request has not been made, for there was no place at that address: the slot is taken
 * again when there is one. */
void schedule_put_back(struct schedule *schedule, struct schedule_slot *slot,
	const uint8_t address[16], int64_t now_us);
/* The busy slot's request was answered with a redirect to another host (hop->url; the hop is taken over): its
 * place and its host's are free, and it waits for its turn at that other one, by the same rules. It is taken
 * again when that has come, or when it has waited for too long, and goes back to its own host with
 * schedule_done(). */
void schedule_hop(
	struct schedule *schedule, struct schedule_slot *slot, struct hop *hop, int64_t now_us);
/* By which redirect the slot is at another host than its own, until schedule_done() or schedule_remove();
 * NULL: by none. *ret_over (then only): it has waited for too long; no request is to be made. */
const struct hop *schedule_hop_of(
	const struct schedule *schedule, const struct schedule_slot *slot, bool *ret_over);
/* This slot's host was asked last at that time, before the start perhaps: it rests for the gap. */
void schedule_asked(struct schedule *schedule, struct schedule_slot *slot, int64_t at_us);
/* No request to the host at which this slot is before then (429 with Retry-After). */
void schedule_hold_host(struct schedule *schedule, struct schedule_slot *slot, int64_t until_us);
/* The same by the host's name (host_of_url()), whether or not a slot is there. */
void schedule_hold_named(struct schedule *schedule, const char *name, int64_t until_us);
/* For how much longer no request is to be made to the URL's host; 0: only its gap is waited for, at most. */
int64_t schedule_held_us(const struct schedule *schedule, const char *url, int64_t now_us);
/* When schedule_take() or schedule_slow() may next have something; INT64_MAX: never, unless something
 * changes. */
int64_t schedule_wake(const struct schedule *schedule, int64_t now_us);
/* When a slot may be polled, at the earliest: its due time, or when its host has served the `ahead` slots
 * that wait before it, a gap between each. Now: it is busy. For people; costs a walk of the host's queue. */
int64_t schedule_expect(const struct schedule *schedule, const struct schedule_slot *slot,
	int64_t now_us, size_t *ret_ahead);
size_t schedule_count(const struct schedule *schedule);
/* Slots that have a place of this lane. */
size_t schedule_busy(const struct schedule *schedule, enum schedule_lane lane);
/* Other settings from now on (they must outlive the schedule, or the next ones). */
void schedule_set(struct schedule *schedule, const struct fetch_settings *settings);

/* What a poll's end means for the feed's state: validators, failures, health, and when next (the
 * rules of FETCH). `digested`: 0, or -EBADMSG when the body was no feed (then `why` says what it
 * was), for REPLY_BODY only; `items` its items. `hint_us` is what the document asked for (-1:
 * none), and is remembered until there is another document. `chance` is uniform in [0, 1). Writes
 * reply->state. True: nothing of it has changed but when the feed was polled, and with success, with
 * what status, and when it is due (last_poll_us, last_success_us, http_status, next_due_us, wait_us). */
struct settle {
	int digested;
	const char *why;
	size_t items;
	bool guids_repeat;
	bool partial; /* the document broke off: its items count, but it is asked for again */
	int64_t hint_us, phase_us;
	uint32_t skip_hours, skip_days; /* likewise: GMT */
	const char *hubs;               /* as in struct feed_state; NULL: it names none */
	double chance;
	int64_t now_us;
};
bool schedule_settle(struct reply *reply, const struct settle *settle);
/* The same for what a hub has pushed: it says nothing of the server, so that only what its items showed is
 * remembered. */
void schedule_settle_pushed(struct reply *reply, const struct settle *settle);
/* What was learnt from another URL than this one is forgotten: validators, failures, due time (the
 * feed counts as never polled). True if so. Settling does it; so should whoever restores a state,
 * or a URL that was corrected waits out the back-off of the wrong one. */
bool schedule_forget(struct feed_state *state, const char *url);

/* The feed is configured differently now: when is it polled next? A changed address, login or network
 * at once (what was learnt from the old address is forgotten); a changed interval counts from the
 * last poll. Writes state->next_due_us and wait_us, too. `chance` as above. */
int64_t schedule_reconsider(struct feed_state *state, const struct feed *was, const struct feed *is,
	double chance, int64_t now_us);

/* state->least_us has become shorter: is the feed due earlier? Then writes next_due_us and wait_us. */
bool schedule_hasten(struct feed_state *state, const struct feed *feed, double chance);

/* Was the feed due while nobody was there to poll it? Here, and below, `now_us` is the wall clock's,
 * as the state's times are. A poll in the future means that the clock was set back since: then when
 * it is due cannot be known, and it counts as overdue. */
bool schedule_is_overdue(const struct feed_state *state, int64_t now_us);
/* When a feed is polled first after a start: at once if never polled, at its due time if that is
 * ahead; overdue ones spread over min(10 min, overdue ÷ 50 per s). */
int64_t schedule_first(
	const struct feed_state *state, size_t overdue, double chance, int64_t now_us);
