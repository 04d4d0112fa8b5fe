#include "actors/polled.h"

#include <stdlib.h>
#include <string.h>

void polled_free(struct polled *polled)
{
	if (!polled)
		return;
	feed_unref(polled->feed);
	feed_unref(polled->asked);
	free(polled->packed);
	free(polled->pushing); /* the pushes are whose who pushed */
	free(polled);
}

const struct feed_state *polled_kept(const struct polled *polled)
{
	static const struct feed_state none;

	return polled->packed ? polled->packed : &none;
}

struct feed_state polled_state(const struct polled *polled)
{
	struct feed_state state = feed_state_unpack(polled->packed);

	if (polled->is_of_feed)
		state.url = (char *)polled->feed->url; /* nobody writes to it */
	return state;
}

void polled_copy_state(struct feed_state *to, const struct polled *polled)
{
	struct feed_state state = polled_state(polled);

	feed_state_copy(to, &state);
}

void polled_set_state(struct polled *polled, const struct feed_state *state)
{
	struct feed_state kept = *state;
	struct feed_state *was = polled->packed;

	polled->is_of_feed = state->url && !strcmp(state->url, polled->feed->url);
	if (polled->is_of_feed)
		kept.url = NULL;
	polled->packed = feed_state_pack(&kept);
	free(was);
}

const char *polled_url(const struct polled *polled)
{
	const struct feed_state *packed = polled->packed;
	const char *moved_url = packed && !packed->is_short ? packed->moved_url : NULL;

	/* As feed_state_url() has it. */
	return polled->is_of_feed && moved_url ? moved_url : polled->feed->url;
}
