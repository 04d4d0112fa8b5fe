#include "model/batch.h"

#include "base/alloc.h"

#include <stdlib.h>

struct batch *batch_new(const struct feed *feed)
{
	struct batch *batch = mem_zalloc(1, sizeof *batch);

	batch->arena = ARENA_INIT;
	batch->feed = feed_ref(feed);
	return batch;
}

struct batch *batch_free(struct batch *batch)
{
	if (!batch)
		return NULL;
	feed_unref(batch->feed);
	feed_state_deinit(&batch->state);
	arena_deinit(&batch->arena);
	free(batch);
	return NULL;
}
