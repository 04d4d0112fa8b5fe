#include "actors/lapse.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "base/log.h"
#include "websub/lease.h"

void lapse_add(struct lapse *l, const struct hub_subscription *s)
{
	int64_t now = clock_real_us(), most = now + LEASE_MOST_US;
	/* As in subscriber_restore(). */
	int64_t until = s->lease_us < most ? s->lease_us : most;

	MEM_GROW(l->tokens, l->cap, l->n + 1);
	memcpy(l->tokens[l->n++], s->token, sizeof *l->tokens);
	if (s->state == SUBSCRIPTION_ACTIVE && !s->distrusted)
		poller_hasten(l->poller, s->feed_id);
	if (until <= now)
		return;
	l->running++;
	if (l->until_us < until)
		l->until_us = until;
}

void lapse_tell(const struct lapse *l, struct subscriber_sink *sink)
{
	char until[TIME_TEXT_MAX];

	for (size_t i = 0; i < l->n; i++)
		sink->drop(sink, l->tokens[i]);
	if (!l->running)
		return;
	time_format_s(l->until_us / SEC_US, until);
	log_info("websub.callback is configured no more: %zu subscription%s forgotten; the hub%s "
		 "cannot be told, and may push to where nobody listens until the lease ends (%s at "
		 "the latest)",
		l->running, l->running == 1 ? " is" : "s are", l->running == 1 ? "" : "s", until);
}

void lapse_deinit(struct lapse *l)
{
	explicit_bzero(l->tokens, l->n * sizeof *l->tokens);
	free(l->tokens);
	*l = (struct lapse){0};
}
