/* Two heaps and one queue per host.
 *
 *            due              host free and rested           request over
 *   SLOT_HEAP ──▶ SLOT_QUEUED ──────────────────▶ SLOT_BUSY ──────────────▶ SLOT_HEAP
 *   heap by due_us  its host's queue             with the caller
 *
 * A host is in the heap of hosts exactly while it has a queue and room for one more request. Its
 * key there is the time it may be asked again, or when its first slot was due if that is later: so
 * the first key tells the next moment, and among hosts that are free the one whose feed has waited
 * longest goes first, whatever the size of the others' queues. Each step is O(log n): nothing is
 * ever searched.
 *
 * There is a heap of hosts for each lane, so that those of a lane that is full are passed over. The slots
 * of other lanes than the slow one whose request is under way are in a list, as they began.
 *
 * A host whose turn it is while its machine has no place for another request (address.h) leaves the
 * heap and is parked there. Each request that ends at that machine calls so many of those parked back
 * as there are places now; who has to wait for his lane besides is called, but takes no place.
 *
 * A busy slot whose request is redirected to another host leaves its own, and waits in that one's queue
 * like any other (visit.h): SLOT_BUSY ──▶ SLOT_QUEUED ──▶ SLOT_BUSY, until schedule_done() has it at home
 * again. If it waits for too long, it goes home to be told so when it is its turn there. */
#include "schedule/schedule.h"

#include <assert.h>
#include <stdlib.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "base/map.h"
#include "schedule/address.h"
#include "schedule/heap.h"
#include "schedule/host.h"
#include "schedule/visit.h"

/* So long after its last request is a host remembered that has no slot: where it is, for connections to
 * it are kept for half as long, and how quick, for whoever is led there again. */
#define VACANT_US MIN_US

struct schedule_host {
	char *name;
	int64_t gap_us, parallel;
	int64_t ready_us; /* no request starts before */
	size_t place;     /* in its lane's schedule->hosts; HEAP_OUT: in none */
	enum schedule_lane lane;
	size_t busy, slots; /* requests under way; all slots that name this host */
	struct list queue;  /* of slots, by the time they became due */
	struct list vacant; /* in schedule->vacant while slots == 0 */
	struct guest guest;
};

struct schedule {
	const struct fetch_settings *settings;
	struct heap due;               /* slots */
	struct heap hosts[LANE_COUNT]; /* hosts with a queue and room */
	struct lane_places places;     /* busy slots */
	struct list asking;            /* slots not in the slow lane, whose request has begun */
	struct map by_name;
	struct address_book addresses;
	struct visits visits;
	/* Hosts that lost their last slot and still rest: a feed that is taken out and put in again
	 * (a reload) must not be polled twice within the gap, nor one that is led there be there. */
	struct list vacant;
	size_t n;
};

static void set_places(struct schedule *s)
{
	size_t most = s->settings->parallel > 0 ? (size_t)s->settings->parallel : SIZE_MAX / 2;

	s->places.most = most;
	s->places.most_slow = most > SCHEDULE_SLOW_PLACES_MIN ? most : SCHEDULE_SLOW_PLACES_MIN;
}

struct schedule *schedule_new(const struct fetch_settings *settings)
{
	struct schedule *s = mem_zalloc(1, sizeof *s);

	s->settings = settings;
	set_places(s);
	map_init(&s->by_name);
	address_book_init(&s->addresses);
	visits_init(&s->visits);
	list_init(&s->vacant);
	list_init(&s->asking);
	return s;
}

struct schedule *schedule_free(struct schedule *s)
{
	if (!s)
		return NULL;
	map_for_each(it, &s->by_name) {
		struct schedule_host *host = it->value;
		guest_leave(&s->addresses, &host->guest, host->busy);
		free(host->name);
		free(host);
	}
	map_deinit(&s->by_name);
	address_book_deinit(&s->addresses);
	visits_deinit(&s->visits);
	heap_deinit(&s->due);
	for (size_t i = 0; i < LANE_COUNT; i++)
		heap_deinit(&s->hosts[i]);
	free(s);
	return NULL;
}

static void set_manners(struct schedule_host *host, const struct fetch_settings *settings)
{
	struct str name = str_of(host->name);
	const struct host_settings *manners = host_find(settings, name);

	if (str_is(name, HOST_FILE)) {
		host->gap_us = 0;
		host->parallel = INT64_MAX;
		return;
	}
	if (!manners)
		manners = &settings->host_default;
	host->gap_us = manners->gap_us > 0 ? manners->gap_us : 0;
	host->parallel = manners->parallel > 0 ? manners->parallel : 1;
	guest_allow(&host->guest, host->gap_us, host->parallel);
}

static struct schedule_host *host_named(struct schedule *s, struct str name)
{
	struct schedule_host *host = map_get(&s->by_name, name);

	if (host)
		return host;
	host = mem_zalloc(1, sizeof *host);
	host->name = mem_strndup(name.n ? name.p : "", name.n);
	host->ready_us = INT64_MIN;
	host->place = HEAP_OUT;
	host->lane = LANE_NEW;
	list_init(&host->queue);
	list_init(&host->vacant);
	guest_init(&host->guest);
	set_manners(host, s->settings);
	map_add(&s->by_name, str_make(host->name, name.n), host);
	return host;
}

/* The URL's host, with a slot more. */
static struct schedule_host *host_join(struct schedule *s, const char *url)
{
	struct buf name = BUF_INIT;

	host_of_url(&name, str_of(url));
	struct schedule_host *host = host_named(s, buf_view(&name));
	buf_deinit(&name);
	host->slots++;
	list_remove(&host->vacant);
	return host;
}

/* Puts the host where its queue and its requests say it belongs. */
static void host_place(struct schedule *s, struct schedule_host *host)
{
	struct heap *hosts = &s->hosts[host->lane];
	bool wanted = !list_is_empty(&host->queue) && (int64_t)host->busy < host->parallel;

	if (wanted && !list_is_empty(&host->guest.parked))
		return;
	list_remove(&host->guest.parked);
	if (!wanted) {
		if (host->place != HEAP_OUT)
			heap_take(hosts, host->place);
		host->place = HEAP_OUT;
		return;
	}
	int64_t due = container_of(host->queue.next, struct schedule_slot, link)->due_us;
	int64_t key = host->ready_us > due ? host->ready_us : due;
	if (key < host->guest.free_us)
		key = host->guest.free_us;
	if (host->place == HEAP_OUT)
		heap_push(hosts, key, &host->place);
	else
		heap_move(hosts, host->place, key);
}

static void host_change_lane(
	struct schedule *s, struct schedule_host *host, enum schedule_lane lane)
{
	if (host->lane == lane)
		return;
	if (host->place != HEAP_OUT)
		heap_take(&s->hosts[host->lane], host->place);
	host->place = HEAP_OUT;
	host->lane = lane;
	host_place(s, host);
}

/* When the slot that has been asking for longest becomes slow. */
static int64_t next_slow(const struct schedule *s)
{
	if (list_is_empty(&s->asking) || !lane_takes_slow(&s->places))
		return INT64_MAX;
	return container_of(s->asking.next, struct schedule_slot, link)->since_us +
	       SCHEDULE_SLOW_US;
}

static void leave_lane(struct schedule *s, struct schedule_slot *slot)
{
	list_remove(&slot->link);
	s->places.busy[slot->lane]--;
}

/* Where there is no gap and room for another request, none waits for this one's end. */
static void host_rest(struct schedule_host *host, int64_t now_us)
{
	bool was_full = (int64_t)host->busy-- >= host->parallel;

	if ((host->gap_us || was_full) && host->ready_us < now_us + host->gap_us)
		host->ready_us = now_us + host->gap_us;
}

/* Of the hosts parked there, so many are called back as there are places. */
static void call_back(struct schedule *s, struct address *address, int64_t now_us)
{
	if (!address)
		return;
	int64_t places = address->parallel - (int64_t)address->busy;
	int64_t free_us = address->ready_us > now_us ? address->ready_us : now_us;
	while (places > 0 && !list_is_empty(&address->parked)) {
		struct schedule_host *host =
			container_of(address->parked.next, struct schedule_host, guest.parked);
		list_remove(&host->guest.parked);
		host->guest.free_us = free_us;
		host_place(s, host);
		/* Else it cannot use it. */
		places -= host->ready_us <= free_us && lane_has_room(&s->places, host->lane);
	}
}

/* One of the host's requests is under way no more. */
static void address_rest(struct schedule *s, struct schedule_host *host, int64_t now_us)
{
	struct address *address = host->guest.at;

	if (!address)
		return;
	bool was_full = (int64_t)address->busy-- >= address->parallel;
	if ((address->gap_us || was_full) && address->ready_us < now_us + address->gap_us)
		address->ready_us = now_us + address->gap_us;
	call_back(s, address, now_us);
}

/* False: the host's machine has no place now; it is out of the way until there is one. */
static bool has_place(struct schedule *s, struct schedule_host *host, int64_t now_us)
{
	struct address *address = host->guest.at;

	if (!address || address_has_place(address, now_us))
		return true;
	if ((int64_t)address->busy < address->parallel) {
		host->guest.free_us = address->ready_us;
		host_place(s, host);
		return false;
	}
	heap_take(&s->hosts[host->lane], host->place);
	host->place = HEAP_OUT;
	list_append(&address->parked, &host->guest.parked);
	return false;
}

/* Forgets hosts without slots that have rested. A few per call keep pace with those that come;
 * taking out ten thousand feeds at once stays linear. One that is held for a week keeps none of the
 * others. */
static void sweep_vacant(struct schedule *s, int64_t now_us)
{
	for (int i = 0; i < 2 && !list_is_empty(&s->vacant); i++) {
		struct schedule_host *host =
			container_of(s->vacant.next, struct schedule_host, vacant);
		list_remove(&host->vacant);
		if (host->ready_us > now_us - VACANT_US) {
			list_append(&s->vacant, &host->vacant);
			continue;
		}
		guest_leave(&s->addresses, &host->guest, 0);
		map_take(&s->by_name, str_of(host->name));
		free(host->name);
		free(host);
	}
}

/* A slot fewer; may be the host's end. */
static void host_leave(struct schedule *s, struct schedule_host *host, int64_t now_us)
{
	if (--host->slots == 0)
		list_append(&s->vacant, &host->vacant);
	sweep_vacant(s, now_us);
}

static void enqueue(struct schedule *s, struct schedule_slot *slot)
{
	slot->where = SLOT_QUEUED;
	list_append(&slot->host->queue, &slot->link);
	host_place(s, slot->host);
}

/* Its place, its host and the machine are for others now. */
static void release(struct schedule *s, struct schedule_slot *slot, int64_t now_us)
{
	leave_lane(s, slot);
	host_rest(slot->host, now_us);
	host_place(s, slot->host);
	address_rest(s, slot->host, now_us);
}

/* A queued slot goes without having had its turn. */
static void dequeue(struct schedule *s, struct schedule_slot *slot, int64_t now_us)
{
	list_remove(&slot->link);
	host_place(s, slot->host);
	call_back(s, slot->host->guest.at, now_us); /* it may have been called, and not gone */
}

static void go_home(struct schedule *s, struct schedule_slot *slot, int64_t now_us)
{
	struct visit *visit = visit_of(&s->visits, slot);
	struct schedule_host *host = slot->host;

	if (!visit)
		return;
	slot->host = visit->home;
	visit_end(&s->visits, visit);
	host_leave(s, host, now_us);
}

void schedule_add(struct schedule *s, struct schedule_slot *slot, const char *url, int64_t due_us)
{
	assert(slot->where == SLOT_OUT);
	slot->host = host_join(s, url);
	list_init(&slot->link);
	slot->due_us = due_us;
	slot->where = SLOT_HEAP;
	heap_push(&s->due, due_us, &slot->heap_index);
	s->n++;
}

void schedule_remove(struct schedule *s, struct schedule_slot *slot, int64_t now_us)
{
	if (slot->where == SLOT_OUT)
		return;
	if (slot->where == SLOT_HEAP)
		heap_take(&s->due, slot->heap_index);
	else if (slot->where == SLOT_QUEUED)
		dequeue(s, slot, now_us);
	else
		release(s, slot, now_us);
	go_home(s, slot, now_us);
	host_leave(s, slot->host, now_us);
	slot->where = SLOT_OUT;
	slot->host = NULL;
	s->n--;
}

/* Who has waited long enough for another host waits for its own, to be told so. */
static void call_off(struct schedule *s, int64_t now_us)
{
	while (heap_first(&s->visits.waiting) <= now_us) {
		struct visit *visit =
			container_of(s->visits.waiting.entries[0].place, struct visit, place);
		struct schedule_host *host = visit->slot->host;
		visit_wait_no_more(&s->visits, visit);
		visit->over = true;
		dequeue(s, visit->slot, now_us);
		visit->slot->host = visit->home;
		visit->home->slots++;
		host_leave(s, host, now_us);
		visit->slot->due_us = now_us;
		enqueue(s, visit->slot);
	}
}

/* The first moment at which a host of a lane that has room can be asked. */
static int64_t next_host(const struct schedule *s, enum schedule_lane *ret_lane)
{
	int64_t first = INT64_MAX;

	for (enum schedule_lane lane = 0; lane < LANE_COUNT; lane++) {
		if (heap_first(&s->hosts[lane]) >= first || !lane_has_room(&s->places, lane))
			continue;
		first = heap_first(&s->hosts[lane]);
		*ret_lane = lane;
	}
	return first;
}

struct schedule_slot *schedule_take(struct schedule *s, int64_t now_us)
{
	while (heap_first(&s->due) <= now_us) {
		struct schedule_slot *slot =
			container_of(s->due.entries[0].place, struct schedule_slot, heap_index);
		heap_take(&s->due, 0);
		enqueue(s, slot);
	}
	call_off(s, now_us);
	enum schedule_lane lane = LANE_NEW; /* set where there is a host */
	struct schedule_host *host;
	int64_t since_us;
	do {
		since_us = next_host(s, &lane);
		if (since_us > now_us)
			return NULL;
		host = container_of(s->hosts[lane].entries[0].place, struct schedule_host, place);
	} while (!has_place(s, host, now_us));
	struct schedule_slot *slot = container_of(host->queue.next, struct schedule_slot, link);
	list_remove(&slot->link);
	slot->where = SLOT_BUSY;
	slot->lane = lane;
	slot->since_us = since_us;
	s->places.busy[lane]++;
	host->busy++;
	if (host->guest.at)
		host->guest.at->busy++;
	host_place(s, host);
	struct visit *visit = visit_of(&s->visits, slot);
	if (visit)
		visit_wait_no_more(&s->visits, visit);
	return slot;
}

int64_t schedule_began(struct schedule *s, struct schedule_slot *slot, int64_t now_us)
{
	int64_t late_us = now_us - slot->since_us;

	assert(slot->where == SLOT_BUSY);
	slot->since_us = now_us;
	if (slot->lane != LANE_SLOW)
		list_append(&s->asking, &slot->link);
	return late_us;
}

struct schedule_slot *schedule_slow(struct schedule *s, int64_t now_us)
{
	if (next_slow(s) > now_us)
		return NULL;
	struct schedule_slot *slot = container_of(s->asking.next, struct schedule_slot, link);
	leave_lane(s, slot);
	slot->lane = LANE_SLOW;
	s->places.busy[LANE_SLOW]++;
	host_change_lane(s, slot->host, LANE_SLOW);
	return slot;
}

int64_t schedule_answered(struct schedule *s, struct schedule_slot *slot, int64_t now_us)
{
	int64_t took_us = now_us - slot->since_us;

	assert(slot->where == SLOT_BUSY);
	list_remove(&slot->link);
	host_change_lane(s, slot->host, took_us < SCHEDULE_SLOW_US ? LANE_QUICK : LANE_SLOW);
	return took_us;
}

void schedule_done(struct schedule *s, struct schedule_slot *slot, int64_t now_us, int64_t due_us)
{
	assert(slot->where == SLOT_BUSY);
	release(s, slot, now_us);
	go_home(s, slot, now_us);
	slot->due_us = due_us;
	slot->where = SLOT_HEAP;
	heap_push(&s->due, due_us, &slot->heap_index);
}

void schedule_hop(struct schedule *s, struct schedule_slot *slot, struct hop *hop, int64_t now_us)
{
	struct schedule_host *from = slot->host;
	struct visit *visit = visit_of(&s->visits, slot);
	bool was_home = !visit;

	schedule_answered(s, slot, now_us);
	release(s, slot, now_us);
	visit = visit_begin(&s->visits, slot, from, hop);
	if (was_home)
		visit->until_us = now_us + SCHEDULE_HOP_WAIT_US;
	slot->host = host_join(s, visit->hop.url);
	if (!was_home)
		host_leave(s, from, now_us);
	slot->due_us = now_us;
	enqueue(s, slot);
	visit_wait(&s->visits, visit);
}

const struct hop *schedule_hop_of(
	const struct schedule *s, const struct schedule_slot *slot, bool *ret_over)
{
	const struct visit *visit = visit_of(&s->visits, slot);

	if (!visit)
		return NULL;
	*ret_over = visit->over;
	return &visit->hop;
}

static void arrive(struct schedule *s, struct schedule_host *host, const uint8_t bytes[16])
{
	struct address *left = host->guest.at;
	bool remains = left && left->guests > 1;

	guest_arrive(&s->addresses, &host->guest, bytes, host->busy, s->settings);
	guest_allow(&host->guest, host->gap_us, host->parallel);
	host_place(s, host);
	if (remains)
		call_back(s, left, INT64_MIN);
}

bool schedule_meets(
	struct schedule *s, struct schedule_slot *slot, const uint8_t address[16], int64_t now_us)
{
	assert(slot->where == SLOT_BUSY);
	const struct address *at = slot->host->guest.at;
	if (at && !memcmp(at->bytes, address, ADDRESS_BYTES))
		return true; /* counted since it was taken */
	arrive(s, slot->host, address);
	at = slot->host->guest.at;
	return (int64_t)at->busy <= at->parallel && at->ready_us <= now_us;
}

void schedule_put_back(
	struct schedule *s, struct schedule_slot *slot, const uint8_t address[16], int64_t now_us)
{
	struct schedule_host *host = slot->host;

	assert(slot->where == SLOT_BUSY);
	leave_lane(s, slot);
	arrive(s, host, address);
	host->busy--;
	host->guest.at->busy--;
	slot->where = SLOT_QUEUED;
	list_append(host->queue.next, &slot->link); /* before the first */
	host_place(s, host);
	call_back(s, host->guest.at, now_us);
	struct visit *visit = visit_of(&s->visits, slot);
	if (visit)
		visit_wait(&s->visits, visit);
}

static void hold(struct schedule *s, struct schedule_host *host, int64_t until_us)
{
	if (host->ready_us >= until_us)
		return;
	host->ready_us = until_us;
	host_place(s, host);
}

void schedule_hold_host(struct schedule *s, struct schedule_slot *slot, int64_t until_us)
{
	if (slot->where != SLOT_OUT)
		hold(s, slot->host, until_us);
}

void schedule_asked(struct schedule *s, struct schedule_slot *slot, int64_t at_us)
{
	schedule_hold_host(s, slot, at_us + slot->host->gap_us);
}

void schedule_hold_named(struct schedule *s, const char *name, int64_t until_us)
{
	struct schedule_host *host = host_named(s, str_of(name));

	hold(s, host, until_us);
	if (!host->slots && list_is_empty(&host->vacant))
		list_append(&s->vacant, &host->vacant);
}

int64_t schedule_held_us(const struct schedule *s, const char *url, int64_t now_us)
{
	struct buf name = BUF_INIT;

	host_of_url(&name, str_of(url));
	const struct schedule_host *host = map_get(&s->by_name, buf_view(&name));
	buf_deinit(&name);
	return host && host->ready_us > now_us + host->gap_us ? host->ready_us - now_us : 0;
}

int64_t schedule_wake(const struct schedule *s, int64_t now_us)
{
	enum schedule_lane lane;
	int64_t due = heap_first(&s->due), host = next_host(s, &lane), slow = next_slow(s);
	int64_t wake = due < host ? due : host;

	wake = slow < wake ? slow : wake;
	if (heap_first(&s->visits.waiting) < wake)
		wake = heap_first(&s->visits.waiting);
	return wake < now_us ? now_us : wake;
}

void schedule_set(struct schedule *s, const struct fetch_settings *settings)
{
	s->settings = settings;
	set_places(s);
	address_book_set(&s->addresses, settings);
	map_for_each(it, &s->by_name) {
		set_manners(it->value, settings);
		host_place(s, it->value);
	}
	map_for_each(it, &s->by_name) {
		const struct schedule_host *host = it->value;
		call_back(s, host->guest.at, INT64_MIN);
	}
}

int64_t schedule_expect(const struct schedule *s, const struct schedule_slot *slot, int64_t now_us,
	size_t *ret_ahead)
{
	const struct schedule_host *host = slot->host;
	size_t ahead = 0;

	(void)s;
	*ret_ahead = 0;
	if (slot->where == SLOT_BUSY || slot->where == SLOT_OUT)
		return now_us;
	int64_t ready = host->ready_us > now_us ? host->ready_us : now_us;
	if (slot->where == SLOT_HEAP)
		return slot->due_us > ready ? slot->due_us : ready;
	list_for_each(link, &host->queue) {
		if (link == &slot->link)
			break;
		ahead++;
	}
	*ret_ahead = ahead;
	/* Those before it, in rows of so many as the host may be asked at a time; one that is being
	 * asked now has to end, too. */
	int64_t rows = (int64_t)ahead / host->parallel + ((int64_t)host->busy >= host->parallel);
	return ready + rows * host->gap_us;
}

size_t schedule_count(const struct schedule *s)
{
	return s->n;
}

size_t schedule_busy(const struct schedule *s, enum schedule_lane lane)
{
	return s->places.busy[lane];
}
