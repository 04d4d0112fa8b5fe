#include "bus/watch.h"

#include <errno.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/list.h"

/* No bodies are read, so a slice may have more records than one that reads them. */
#define LOOK_RECORDS 2000
#define LOOK_US      (5 * MSEC_US)

static void touch(struct watch *watch, uint32_t topic, uint64_t seq)
{
	if (topic >= watch->n_places) {
		size_t want = topic + 1 + (size_t)topic / 2;
		watch->places = mem_realloc(watch->places, want, sizeof *watch->places);
		memset(watch->places + watch->n_places, 0,
			(want - watch->n_places) * sizeof *watch->places);
		watch->n_places = want;
	}
	if (!watch->places[topic]) {
		MEM_GROW(watch->touches, watch->cap, watch->n + 1);
		watch->touches[watch->n++].topic = topic;
		watch->places[topic] = (uint32_t)watch->n;
	}
	watch->touches[watch->places[topic] - 1].newest = seq;
}

static bool want_record(struct journal_visitor *visitor, const struct journal_record *record)
{
	struct watch *watch = container_of(visitor, struct watch, visitor);

	if (!watch->first)
		watch->first = record->seq;
	watch->newest = record->seq;
	for (size_t i = 0; i < record->n_views; i++)
		touch(watch, record->views[i].topic, record->seq);
	return false;
}

void watch_init(struct watch *watch)
{
	*watch = (struct watch){.visitor = {.want = want_record}};
}

void watch_deinit(struct watch *watch)
{
	free(watch->touches);
	free(watch->places);
}

int watch_look(
	struct watch *watch, struct journal_reader *reader, uint64_t head, struct error *error)
{
	const struct journal_read_limits limits = {head, LOOK_RECORDS, SIZE_MAX, LOOK_US};
	uint64_t next = watch->seen;

	for (size_t i = 0; i < watch->n; i++)
		watch->places[watch->touches[i].topic] = 0;
	watch->n = 0;
	watch->first = watch->newest = 0;
	watch->look++;
	int r = journal_read(reader, watch->seen, &limits, &watch->visitor, &next, error);
	if (r < 0)
		return r;
	if (watch->first != watch->seen + 1)
		r = -ESTALE;
	watch->seen = next;
	return r;
}

uint64_t watch_newest(
	struct watch *watch, struct filter *filter, const struct journal_reader *names)
{
	if (!filter)
		return watch->newest;
	if (filter->look == watch->look)
		return filter->newest;
	filter->look = watch->look;
	filter->newest = 0;
	for (size_t i = 0; i < watch->n; i++)
		if (watch->touches[i].newest > filter->newest &&
			filter_has(filter, watch->touches[i].topic, names))
			filter->newest = watch->touches[i].newest;
	return filter->newest;
}
