#include "schedule/visit.h"

#include <stdlib.h>

#include "base/alloc.h"

/* Where the slot is, as a text: the pointer must stay in its place. */
static struct str key_of(const void *pointer)
{
	return str_make(pointer, sizeof(struct schedule_slot *));
}

void visits_init(struct visits *visits)
{
	map_init(&visits->by_slot);
	visits->waiting = (struct heap){0};
}

static void visit_free(struct visit *visit)
{
	free(visit->hop.url);
	free(visit);
}

void visits_deinit(struct visits *visits)
{
	map_for_each(it, &visits->by_slot)
		visit_free(it->value);
	map_deinit(&visits->by_slot);
	heap_deinit(&visits->waiting);
}

struct visit *visit_of(const struct visits *visits, const struct schedule_slot *slot)
{
	return visits->by_slot.n ? map_get(&visits->by_slot, key_of(&slot)) : NULL;
}

struct visit *visit_begin(struct visits *visits, struct schedule_slot *slot,
	struct schedule_host *home, struct hop *hop)
{
	struct visit *visit = visit_of(visits, slot);

	if (!visit) {
		visit = mem_zalloc(1, sizeof *visit);
		visit->slot = slot;
		visit->home = home;
		visit->place = HEAP_OUT;
		map_add(&visits->by_slot, key_of(&visit->slot), visit);
	}
	free(visit->hop.url);
	visit->hop = *hop;
	*hop = (struct hop){0};
	return visit;
}

void visit_wait(struct visits *visits, struct visit *visit)
{
	heap_push(&visits->waiting, visit->until_us, &visit->place);
}

void visit_wait_no_more(struct visits *visits, struct visit *visit)
{
	if (visit->place != HEAP_OUT)
		heap_take(&visits->waiting, visit->place);
	visit->place = HEAP_OUT;
}

void visit_end(struct visits *visits, struct visit *visit)
{
	visit_wait_no_more(visits, visit);
	map_take(&visits->by_slot, key_of(&visit->slot));
	visit_free(visit);
}
