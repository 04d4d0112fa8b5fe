#include "model/state.h"

#include "base/alloc.h"

#include <stddef.h>
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
	free(state->held_host);
	free(state->moving_url);
	free(state->moved_url);
	free(state->hubs);
	*state = (struct feed_state){0};
}

static const size_t texts[] = {offsetof(struct feed_state, etag),
	offsetof(struct feed_state, last_modified), offsetof(struct feed_state, url),
	offsetof(struct feed_state, error), offsetof(struct feed_state, held_host),
	offsetof(struct feed_state, moving_url), offsetof(struct feed_state, moved_url),
	offsetof(struct feed_state, hubs)};
#define N_TEXTS (sizeof texts / sizeof *texts)

static char **text_of(struct feed_state *state, size_t i)
{
	return (char **)((char *)state + texts[i]);
}

struct feed_state *feed_state_pack(const struct feed_state *state)
{
	struct feed_state from = *state;
	size_t sizes[N_TEXTS], n = sizeof from;

	for (size_t i = 0; i < N_TEXTS; i++) {
		const char *text = *text_of(&from, i);
		sizes[i] = text ? strlen(text) + 1 : 0;
		n += sizes[i];
	}
	struct feed_state *to = mem_alloc(n);
	char *end = (char *)(to + 1);
	*to = from;
	for (size_t i = 0; i < N_TEXTS; i++) {
		if (!sizes[i])
			continue;
		*text_of(to, i) = memcpy(end, *text_of(&from, i), sizes[i]);
		end += sizes[i];
	}
	return to;
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
	to->held_host = copy(from->held_host);
	to->moving_url = copy(from->moving_url);
	to->moved_url = copy(from->moved_url);
	to->hubs = copy(from->hubs);
}

void feed_state_copy_shown(struct feed_state *to, const struct feed_state *from)
{
	*to = *from;
	to->etag = to->last_modified = to->url = NULL;
	to->held_host = to->moving_url = to->hubs = NULL;
	to->error = copy(from->error);
	to->moved_url = copy(from->moved_url);
}
