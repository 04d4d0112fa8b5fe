#include "model/reload.h"

#include "base/alloc.h"

#include <stdlib.h>

struct reload *reload_new(uint64_t number)
{
	struct reload *reload = mem_zalloc(1, sizeof *reload);

	atomic_init(&reload->refs, 1);
	reload->arena = ARENA_INIT;
	reload->number = number;
	return reload;
}

struct reload *reload_ref(struct reload *reload)
{
	atomic_fetch_add_explicit(&reload->refs, 1, memory_order_relaxed);
	return reload;
}

struct reload *reload_unref(struct reload *reload)
{
	if (reload && atomic_fetch_sub_explicit(&reload->refs, 1, memory_order_acq_rel) == 1) {
		struct arena arena = reload->arena;
		arena_deinit(&arena);
		free(reload);
	}
	return NULL;
}
