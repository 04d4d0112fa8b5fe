#include "model/state.h"

#include "base/alloc.h"

#include <stdlib.h>
#include <string.h>

const char *const feed_health_names[FEED_HEALTH_COUNT] = {
	[FEED_NEW] = "new", [FEED_FINE] = "fine", [FEED_FAILING] = "failing", [FEED_GONE] = "gone"};

const char *feed_state_url(const struct feed_state *state, const char *configured)
{
	bool is_of_it = state->moved_url && state->url && !strcmp(state->url, configured);

	return is_of_it ? state->moved_url : configured;
}

void feed_state_deinit(struct feed_state *state)
{
	free(state->etag);
	free(state->last_modified);
	free(state->url);
	free(state->error);
	free(state->moving_url);
	free(state->moved_url);
	*state = (struct feed_state){0};
}

static char *copy(const char *s)
{
	return s ? mem_strdup(s) : NULL;
}

void feed_state_copy(struct feed_state *to, const struct feed_state *from)
{
	*to = *from;
	to->etag = copy(from->etag);
	to->last_modified = copy(from->last_modified);
	to->url = copy(from->url);
	to->error = copy(from->error);
	to->moving_url = copy(from->moving_url);
	to->moved_url = copy(from->moved_url);
}

void feed_state_copy_shown(struct feed_state *to, const struct feed_state *from)
{
	*to = *from;
	to->etag = to->last_modified = to->url = to->moving_url = NULL;
	to->error = copy(from->error);
	to->moved_url = copy(from->moved_url);
}
