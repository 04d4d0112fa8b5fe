/* One feed as the poller has it: when it is due, and what is remembered of it. Inside the poller
 * only. */
#pragma once

#include "model/feed.h"
#include "model/state.h"
#include "schedule/schedule.h"

struct pushing;

struct polled {
	struct schedule_slot slot;
	struct feed *feed;  /* as it is configured now */
	struct feed *asked; /* as it was when the poll or push under way began; NULL: none is */
	/* Packed; NULL: all is zero, as before the first poll. Without its URL where that is the feed's
	 * own (is_of_feed). Read and written through the functions below. */
	struct feed_state *packed;
	struct pushing *pushing; /* what hubs have sent; NULL: nothing is under way or waits */
	uint32_t took_ms;        /* its last request */
	bool is_of_feed;
	bool is_new;  /* not scheduled yet */
	bool leaving; /* configured no more; goes when its poll is settled */
	bool again;   /* to be polled as soon as what is under way has ended */
};

/* NULL-safe. */
void polled_free(struct polled *polled);
/* As everybody knows it; the texts stay the feed's, until the next of these calls but this. */
struct feed_state polled_state(const struct polled *polled);
/* The same where it lies, but for its URL and for what stands from failing_since_us on (it may not be
 * there): until the state is set anew. */
const struct feed_state *polled_kept(const struct polled *polled);
/* A deep copy. */
void polled_copy_state(struct feed_state *to, const struct polled *polled);
/* Copies all of `state`. It speaks of `polled->feed` as it is now: who sets another feed sets the state
 * after that. */
void polled_set_state(struct polled *polled, const struct feed_state *state);
/* What is asked for. */
const char *polled_url(const struct polled *polled);

static inline int64_t polled_last_us(const struct polled *polled)
{
	return polled->packed ? polled->packed->last_poll_us : 0;
}
