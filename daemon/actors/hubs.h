/* What a hub is sent, and by whom. Pure. */
#pragma once

#include "model/feed.h"
#include "model/settings.h"
#include "model/subscription.h"

/* Who asks: a feed of its own, named by the token, which has the proxy and the networks of the one it is for
 * (NULL: none), and no login. One reference, the caller's. */
struct feed *hub_asker(const struct feed *feed, const struct hub_subscription *subscription);
/* The form (W3C WebSub § 5.1). It has secrets in it. The caller's. */
char *hub_form(const struct hub_subscription *subscription, const struct websub_settings *settings);
