/* What was asked of a hub for one feed (W3C WebSub), as it is kept over a restart. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

enum subscription_state {
	SUBSCRIPTION_ASKED,   /* or about to be */
	SUBSCRIPTION_ACTIVE,  /* the hub has verified, and the lease is running */
	SUBSCRIPTION_DENIED,  /* the hub has said no */
	SUBSCRIPTION_FAILING, /* it does not answer, does not verify, or does not push */
	SUBSCRIPTION_LEAVING, /* it is to end: the hub is told */
	SUBSCRIPTION_STATE_COUNT
};
extern const char *const subscription_state_names[SUBSCRIPTION_STATE_COUNT];

/* The callback's last part, which only the hub is told: 128 random bits as base64url. */
#define SUBSCRIPTION_TOKEN_MAX 23
/* What the hub signs with: 256 of them. */
#define SUBSCRIPTION_SECRET_MAX 45

/* Times are microseconds since 1970; 0: never. */
struct hub_subscription {
	char *feed_id, *hub, *topic; /* owned */
	char *callback;              /* as the hub was told it, but for the token. Owned. */
	char *reason;                /* why it is denied or failing, one sentence; NULL. Owned. */
	char token[SUBSCRIPTION_TOKEN_MAX];
	char secret[SUBSCRIPTION_SECRET_MAX]; /* "": pushes are pings, without content */
	enum subscription_state state;
	bool distrusted;     /* news came by polling that it had not pushed */
	uint32_t failures;   /* in a row */
	int64_t asked_us;    /* last request to the hub */
	int64_t next_us;     /* when the next one is due */
	int64_t verified_us; /* since when it could push without a break */
	int64_t lease_us;    /* when the lease ends */
	int64_t push_us;     /* last push that counted */
	int64_t failing_us;  /* since when it has been failing */
	int64_t leaving_us;  /* since when it is to end */
	int64_t doubt_us;    /* since when news is waited for that a poll has brought; not kept */
};

/* How it is with it, in one word: a hub that does not push what there is does not serve, whatever it has
 * verified. */
enum subscription_state hub_subscription_shown(const struct hub_subscription *subscription);
void hub_subscription_deinit(struct hub_subscription *subscription);
/* A copy without token and secret. */
void hub_subscription_copy_shown(struct hub_subscription *to, const struct hub_subscription *from);
/* A deep copy; *to must be uninitialised or deinitialised. */
void hub_subscription_copy(struct hub_subscription *to, const struct hub_subscription *from);
