/* Topic filters of replay requests. Requests with the same topics share one, and it outlives them
 * for a while, so that a client which asks again and again does not make its filter again. */
#pragma once

#include "base/map.h"
#include "bus/prefixes.h"

struct filter {
	struct prefixes prefixes;
	struct str key;
	unsigned refs;
	/* Of the last look at new events (watch.h): which look, and the newest event that matched. */
	uint64_t look, newest;
};

struct filters {
	struct map map; /* key → filter */
	size_t n_unused;
};

void filters_init(struct filters *filters);
void filters_deinit(struct filters *filters);
/* One more reference to the filter of these prefixes; NULL, which means everything, if there are
 * none or one of them is empty. */
struct filter *filters_ref(struct filters *filters, const struct str *texts, size_t n);
/* NULL is allowed. */
void filters_unref(struct filters *filters, struct filter *filter);

static inline bool filter_has(
	struct filter *filter, uint32_t topic, const struct journal_reader *names)
{
	return !filter || prefixes_have(&filter->prefixes, topic, names);
}
