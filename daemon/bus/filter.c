#include "bus/filter.h"

#include <stdlib.h>

/* Unused filters kept: of as many clients that ask in turn. A filter over 60,000 topics takes 15 KiB
 * of answers. */
#define UNUSED_MAX 256

void filters_init(struct filters *filters)
{
	map_init(&filters->map);
	filters->n_unused = 0;
}

static void filter_free(struct filter *filter)
{
	prefixes_deinit(&filter->prefixes);
	free((char *)filter->key.p);
	free(filter);
}

void filters_deinit(struct filters *filters)
{
	map_for_each(it, &filters->map)
		filter_free(it->value);
	map_deinit(&filters->map);
}

struct filter *filters_ref(struct filters *filters, const struct str *texts, size_t n)
{
	struct prefixes prefixes;
	struct buf key = BUF_INIT;

	prefixes_init(&prefixes, texts, n);
	if (!prefixes.n || !prefixes.items[0].n) {
		prefixes_deinit(&prefixes);
		return NULL;
	}
	prefixes_key(&prefixes, &key);
	struct filter *filter = map_get(&filters->map, buf_view(&key));
	if (filter) {
		if (!filter->refs++)
			filters->n_unused--;
		prefixes_deinit(&prefixes);
		buf_deinit(&key);
		return filter;
	}
	filter = mem_zalloc(1, sizeof *filter);
	*filter = (struct filter){.prefixes = prefixes, .key = buf_view(&key), .refs = 1};
	map_add(&filters->map, filter->key, filter);
	return filter;
}

static void drop_unused(struct filters *filters)
{
	struct filter **unused = mem_zalloc(filters->map.n + 1, sizeof *unused);
	size_t n = 0;

	map_for_each(it, &filters->map) {
		struct filter *filter = it->value;
		if (!filter->refs)
			unused[n++] = filter;
	}
	for (size_t i = 0; i < n; i++) {
		map_take(&filters->map, unused[i]->key);
		filter_free(unused[i]);
	}
	free(unused);
	filters->n_unused = 0;
}

void filters_unref(struct filters *filters, struct filter *filter)
{
	if (!filter || --filter->refs)
		return;
	if (++filters->n_unused > UNUSED_MAX)
		drop_unused(filters);
}
