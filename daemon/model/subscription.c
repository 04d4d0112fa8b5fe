#include "model/subscription.h"

#include "base/alloc.h"

#include <stdlib.h>
#include <string.h>

const char *const subscription_state_names[SUBSCRIPTION_STATE_COUNT] = {
	[SUBSCRIPTION_ASKED] = "asked",
	[SUBSCRIPTION_ACTIVE] = "active",
	[SUBSCRIPTION_DENIED] = "denied",
	[SUBSCRIPTION_FAILING] = "failing",
	[SUBSCRIPTION_LEAVING] = "leaving",
};

enum subscription_state hub_subscription_shown(const struct hub_subscription *s)
{
	return s->state == SUBSCRIPTION_ACTIVE && s->distrusted ? SUBSCRIPTION_FAILING : s->state;
}

void hub_subscription_deinit(struct hub_subscription *s)
{
	free(s->feed_id);
	free(s->hub);
	free(s->topic);
	free(s->callback);
	free(s->reason);
	*s = (struct hub_subscription){0};
}

static char *copy(const char *s)
{
	return s ? mem_strdup(s) : NULL;
}

void hub_subscription_copy(struct hub_subscription *to, const struct hub_subscription *from)
{
	*to = *from;
	to->feed_id = copy(from->feed_id);
	to->hub = copy(from->hub);
	to->topic = copy(from->topic);
	to->callback = copy(from->callback);
	to->reason = copy(from->reason);
}

void hub_subscription_copy_shown(struct hub_subscription *to, const struct hub_subscription *from)
{
	hub_subscription_copy(to, from);
	explicit_bzero(to->token, sizeof to->token);
	explicit_bzero(to->secret, sizeof to->secret);
}
