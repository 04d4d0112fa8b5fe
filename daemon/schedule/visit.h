/* Slots whose polls a redirect has led to another host. While the poll lasts such a slot is that host's,
 * in its queue like any other's; its own host keeps it in its count and has it back in the end. What is
 * remembered of a visit is here, so that the slots of a million feeds need no room for it. Inside
 * schedule/ only. */
#pragma once

#include "base/map.h"
#include "model/hop.h"
#include "schedule/heap.h"

struct schedule_slot;
struct schedule_host;

struct visit {
	struct schedule_slot *slot; /* its key among the visits */
	struct schedule_host *home; /* the slot's own host */
	struct hop hop;
	int64_t until_us; /* so long it may wait for its turn */
	size_t place;     /* in `waiting`; HEAP_OUT: it has its turn, or is over */
	bool over;        /* it has waited long enough */
};

struct visits {
	struct map by_slot;
	struct heap waiting; /* by until_us */
};

void visits_init(struct visits *visits);
void visits_deinit(struct visits *visits);

/* NULL: the slot is at its own host. */
struct visit *visit_of(const struct visits *visits, const struct schedule_slot *slot);
/* Takes the hop over. `home` is of no account where the slot is on a visit already, which goes on. */
struct visit *visit_begin(struct visits *visits, struct schedule_slot *slot,
	struct schedule_host *home, struct hop *hop);
/* Its slot is in a queue from now on; not, or not any more. */
void visit_wait(struct visits *visits, struct visit *visit);
void visit_wait_no_more(struct visits *visits, struct visit *visit);
void visit_end(struct visits *visits, struct visit *visit);
