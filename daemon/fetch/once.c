#include "fetch/once.h"

#include <uv.h>

#include "base/list.h"

struct once {
	struct fetch_sink sink;
	struct reply *reply;
};

static void on_done(struct fetch_sink *sink, struct reply *reply)
{
	container_of(sink, struct once, sink)->reply = reply;
}

struct reply *fetch_once(const struct feed *feed, const struct feed_state *state,
	const struct fetch_settings *settings, struct fetch_trace *trace, struct error *error)
{
	struct once once = {.sink.done = on_done};
	struct fetcher *fetcher;
	uv_loop_t loop;
	int r = uv_loop_init(&loop);

	if (r < 0) {
		error_set(error, -r, "no loop: %s", uv_strerror(r));
		return NULL;
	}
	if (fetcher_new(&fetcher, &loop, settings, &once.sink, error) == 0) {
		fetcher_trace(fetcher, trace);
		fetch_submit(fetcher, feed, state, LANE_QUICK);
		while (!once.reply)
			uv_run(&loop, UV_RUN_ONCE);
		fetcher_free(fetcher);
		uv_run(&loop, UV_RUN_DEFAULT);
	}
	uv_loop_close(&loop);
	return once.reply;
}
