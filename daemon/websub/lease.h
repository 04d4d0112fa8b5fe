/* A subscription's life: when the hub is asked, and what its answers mean. Pure: the time and chance (uniform
 * in [0, 1)) are arguments.
 *
 *            asked                    verified                   lease over
 *   (new) ──────────▶ ASKED ─────────────────────▶ ACTIVE ─────────────────────▶ ASKED
 *                       │ ▲                         │   ▲
 *         no, no answer │ │ asked again             │   │ verified again (renewed at 70 to 80 % of the lease)
 *                       ▼ │                         └───┘
 *                 FAILING, DENIED ── a day ──▶ another hub, if the feed names one
 *
 * and from all of them LEAVING, when the feed does not name the hub any more. */
#pragma once

#include "base/clock.h"
#include "model/subscription.h"

/* A hub that grants less would be asked all the time; one that grants more has the time to forget us. */
#define LEASE_LEAST_US (5 * MIN_US)
#define LEASE_MOST_US  (90 * DAY_US)
/* A hub that has accepted verifies within seconds; one that is busy, or verifies by hand, within this. */
#define LEASE_VERIFY_US HOUR_US
/* No hub is asked more often than this for one feed, whatever the feed says: who writes feeds could have us
 * send requests to others. Failures double it, up to a day. */
#define LEASE_AGAIN_US      HOUR_US
#define LEASE_AGAIN_MOST_US DAY_US
/* A hub that said no is not asked before then; one that has failed for so long gives way to the next. */
#define LEASE_GIVE_UP_US DAY_US
/* News that a poll has found and no push brings within this time were not going to be pushed. */
#define LEASE_DOUBT_US (15 * MIN_US)
/* What was done later than now by more than this was noted by a clock that has been set back since; by less,
 * clocks are put right all the time. */
#define LEASE_SLACK_US MIN_US

/* A new one. `asked_us`: when the hub was asked for the same feed last; 0: never. */
void lease_begin(struct hub_subscription *s, int64_t asked_us, int64_t now_us);
/* The hub has been asked, and has neither verified nor refused. */
bool lease_waits(const struct hub_subscription *s);
/* The request has gone out. */
void lease_asked(struct hub_subscription *s, int64_t now_us);
/* It came to nothing; `reason` is copied. */
void lease_failed(struct hub_subscription *s, const char *reason, double chance, int64_t now_us);
/* The hub said no, in its answer or later. */
void lease_denied(struct hub_subscription *s, const char *reason, double chance, int64_t now_us);
/* The hub has verified. `granted_us`: its lease; 0: it did not say; then `wanted_us` counts. */
void lease_verified(struct hub_subscription *s, int64_t granted_us, int64_t wanted_us,
	double chance, int64_t now_us);
/* A push that counts has come. True: the hub is trusted again. */
bool lease_pushed(struct hub_subscription *s, int64_t now_us);
/* A poll has brought news. `before_us` is when the poll before it was, `since_us` since when this daemon
 * has been listening: what is older the hub may have pushed in vain. */
void lease_polled(struct hub_subscription *s, int64_t before_us, int64_t since_us, int64_t now_us);
/* It is to end. */
void lease_leave(struct hub_subscription *s, int64_t now_us);

/* What time alone changes; to be called once a minute or so. */
enum lease_change {
	LEASE_SAME,
	LEASE_RAN_OUT,
	LEASE_UNVERIFIED, /* the hub was asked, and has not come back */
	LEASE_DISTRUSTED, /* from now on */
	LEASE_CLOCK_SET,  /* its times meant nothing any more: the hub is asked anew, now */
	LEASE_FORGET,     /* it was to end, and nobody needs to be told any more */
};
enum lease_change lease_tick(struct hub_subscription *s, double chance, int64_t now_us);

/* Is the feed served by pushes now? */
bool lease_delivers(const struct hub_subscription *s, int64_t now_us);
/* Should another hub of the feed be asked? */
bool lease_gives_way(const struct hub_subscription *s, int64_t now_us);

/* What a hub wants confirmed (W3C WebSub § 5.3), and what is known of the subscription. */
struct intent {
	struct str mode, topic, challenge, lease_seconds, reason;
};
struct expectation {
	struct str topic;
	bool subscribe, unsubscribe; /* which of both we want */
};
enum verdict {
	INTENT_REFUSED,
	INTENT_SUBSCRIBE, /* the challenge is to be sent back */
	INTENT_UNSUBSCRIBE,
	INTENT_DENIED, /* the hub does not want to */
};
enum verdict intent_judge(const struct intent *intent, const struct expectation *expected);
/* hub.lease_seconds in microseconds; 0: it is none. */
int64_t intent_lease_us(const struct intent *intent);
