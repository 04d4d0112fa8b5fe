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

#define SHORT_SIZE offsetof(struct feed_state, failing_since_us)

static bool is_zero(const char *bytes, size_t n)
{
	return !n || (!bytes[0] && !memcmp(bytes, bytes + 1, n - 1));
}

struct feed_state *feed_state_pack(const struct feed_state *state)
{
	struct feed_state from = *state;
	size_t sizes[N_TEXTS], n = sizeof from;

	from.is_short = is_zero((const char *)state + SHORT_SIZE, sizeof *state - SHORT_SIZE);
	if (from.is_short)
		n = SHORT_SIZE;
	size_t size = n;
	for (size_t i = 0; i < N_TEXTS; i++) {
		const char *text = *text_of(&from, i);
		sizes[i] = text ? strlen(text) + 1 : 0;
		size += sizes[i];
	}
	char *to = mem_alloc(size), *end = to + n;
	for (size_t i = 0; i < N_TEXTS; i++) {
		if (!sizes[i])
			continue;
		*text_of(&from, i) = memcpy(end, *text_of(&from, i), sizes[i]);
		end += sizes[i];
	}
	memcpy(to, &from, n);
	return (struct feed_state *)(void *)to;
}

struct feed_state feed_state_unpack(const struct feed_state *packed)
{
	struct feed_state state = {0};

	if (packed)
		memcpy(&state, packed, packed->is_short ? SHORT_SIZE : sizeof state);
	state.is_short = false;
	return state;
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
