#include "websub/lease.h"

#include <stdlib.h>

#include "base/alloc.h"

/* Longer challenges are no random text. */
#define CHALLENGE_MAX 4096

static int64_t jitter(int64_t us, double chance)
{
	return us + (int64_t)((double)us / 10 * chance);
}

static void set_reason(struct hub_subscription *s, const char *reason)
{
	free(s->reason);
	s->reason = reason ? mem_strdup(reason) : NULL;
}

static bool is_running(const struct hub_subscription *s, int64_t now_us)
{
	return s->state == SUBSCRIPTION_ACTIVE && now_us < s->lease_us;
}

void lease_begin(struct hub_subscription *s, int64_t asked_us, int64_t now_us)
{
	/* A second more than the wait for a hub that verifies, by which lease_waits() tells the two apart. */
	int64_t next_us = asked_us + LEASE_AGAIN_US + SEC_US;

	s->state = SUBSCRIPTION_ASKED;
	s->asked_us = asked_us;
	s->next_us = asked_us && asked_us <= now_us && next_us > now_us ? next_us : now_us;
}

bool lease_waits(const struct hub_subscription *s)
{
	return s->asked_us && s->next_us == s->asked_us + LEASE_VERIFY_US;
}

void lease_asked(struct hub_subscription *s, int64_t now_us)
{
	s->asked_us = now_us;
	s->next_us = now_us + LEASE_VERIFY_US;
	if (s->state != SUBSCRIPTION_ACTIVE && s->state != SUBSCRIPTION_LEAVING)
		s->state = SUBSCRIPTION_ASKED;
}

static void fail(struct hub_subscription *s, const char *reason, int64_t now_us)
{
	if (s->failures < UINT32_MAX)
		s->failures++;
	if (!s->failing_us || s->failing_us > now_us)
		s->failing_us = now_us;
	set_reason(s, reason);
}

void lease_failed(struct hub_subscription *s, const char *reason, double chance, int64_t now_us)
{
	int64_t wait = LEASE_AGAIN_US;

	fail(s, reason, now_us);
	for (uint32_t i = 1; i < s->failures && wait < LEASE_AGAIN_MOST_US; i++)
		wait *= 2;
	if (wait > LEASE_AGAIN_MOST_US)
		wait = LEASE_AGAIN_MOST_US;
	s->next_us = now_us + jitter(wait, chance);
	if (!is_running(s, now_us) && s->state != SUBSCRIPTION_LEAVING)
		s->state = SUBSCRIPTION_FAILING;
}

void lease_denied(struct hub_subscription *s, const char *reason, double chance, int64_t now_us)
{
	fail(s, reason, now_us);
	s->next_us = now_us + jitter(LEASE_GIVE_UP_US, chance);
	s->lease_us = s->verified_us = s->doubt_us = 0;
	if (s->state != SUBSCRIPTION_LEAVING)
		s->state = SUBSCRIPTION_DENIED;
}

void lease_verified(struct hub_subscription *s, int64_t granted_us, int64_t wanted_us,
	double chance, int64_t now_us)
{
	int64_t lease = granted_us > 0 ? granted_us : wanted_us;

	if (s->state == SUBSCRIPTION_LEAVING)
		return;
	if (lease < LEASE_LEAST_US)
		lease = LEASE_LEAST_US;
	if (lease > LEASE_MOST_US)
		lease = LEASE_MOST_US;
	if (!is_running(s, now_us)) {
		s->verified_us = now_us;
		s->distrusted = false;
		s->doubt_us = 0;
	}
	s->state = SUBSCRIPTION_ACTIVE;
	s->lease_us = now_us + lease;
	/* Those that were verified in one burst are not renewed in one. */
	s->next_us = s->lease_us - lease / 5 - (int64_t)((double)lease / 10 * chance);
	s->failures = 0;
	s->failing_us = 0;
	set_reason(s, NULL);
}

bool lease_pushed(struct hub_subscription *s, int64_t now_us)
{
	bool was_distrusted = s->distrusted;

	s->push_us = now_us;
	s->doubt_us = 0;
	s->distrusted = false;
	return was_distrusted;
}

void lease_polled(struct hub_subscription *s, int64_t before_us, int64_t since_us, int64_t now_us)
{
	int64_t could_us = s->verified_us > since_us ? s->verified_us : since_us;

	if (!lease_delivers(s, now_us) || s->doubt_us || before_us < could_us)
		return;
	/* A push that has just come may have been what made us look. */
	if (s->push_us && now_us - s->push_us < LEASE_DOUBT_US)
		return;
	s->doubt_us = now_us;
}

void lease_leave(struct hub_subscription *s, int64_t now_us)
{
	if (s->state == SUBSCRIPTION_LEAVING)
		return;
	bool was_running = is_running(s, now_us);
	s->state = SUBSCRIPTION_LEAVING;
	s->leaving_us = now_us;
	s->next_us = now_us;
	s->doubt_us = 0;
	if (!was_running)
		s->lease_us = 0;
}

static bool wants_doubt(const struct hub_subscription *s, int64_t now_us)
{
	return s->doubt_us && now_us - s->doubt_us >= LEASE_DOUBT_US;
}

static bool was_set_back(const struct hub_subscription *s, int64_t now_us)
{
	const int64_t done[] = {
		s->asked_us, s->verified_us, s->push_us, s->failing_us, s->leaving_us, s->doubt_us};

	for (size_t i = 0; i < sizeof done / sizeof *done; i++)
		if (done[i] > now_us + LEASE_SLACK_US)
			return true;
	return false;
}

static void not_after(int64_t *us, int64_t most_us)
{
	if (*us > most_us)
		*us = most_us;
}

/* When the lease ends only the hub knows now. */
static void put_right(struct hub_subscription *s, int64_t now_us)
{
	int64_t *const done[] = {&s->asked_us, &s->verified_us, &s->push_us, &s->failing_us,
		&s->leaving_us, &s->doubt_us};

	for (size_t i = 0; i < sizeof done / sizeof *done; i++)
		not_after(done[i], now_us);
	not_after(&s->lease_us, now_us + LEASE_MOST_US);
	s->next_us = now_us;
}

enum lease_change lease_tick(struct hub_subscription *s, double chance, int64_t now_us)
{
	if (was_set_back(s, now_us)) {
		put_right(s, now_us);
		return LEASE_CLOCK_SET;
	}
	if (s->state == SUBSCRIPTION_LEAVING) {
		bool over = now_us >= s->lease_us || now_us - s->leaving_us >= LEASE_GIVE_UP_US;
		return over ? LEASE_FORGET : LEASE_SAME;
	}
	if (s->state == SUBSCRIPTION_ACTIVE && now_us >= s->lease_us) {
		s->state = s->failures ? SUBSCRIPTION_FAILING : SUBSCRIPTION_ASKED;
		s->verified_us = s->doubt_us = 0;
		return LEASE_RAN_OUT;
	}
	/* Also a renewal: the hub was asked after it had verified last. */
	if (lease_waits(s) && now_us >= s->next_us) {
		lease_failed(s, "the hub has not verified what it was asked", chance, now_us);
		return LEASE_UNVERIFIED;
	}
	if (wants_doubt(s, now_us)) {
		s->doubt_us = 0;
		s->distrusted = true;
		return LEASE_DISTRUSTED;
	}
	return LEASE_SAME;
}

bool lease_delivers(const struct hub_subscription *s, int64_t now_us)
{
	return is_running(s, now_us) && !s->distrusted;
}

bool lease_gives_way(const struct hub_subscription *s, int64_t now_us)
{
	if (s->state == SUBSCRIPTION_DENIED)
		return true;
	return s->state == SUBSCRIPTION_FAILING && s->failing_us &&
	       now_us - s->failing_us >= LEASE_GIVE_UP_US;
}

enum verdict intent_judge(const struct intent *intent, const struct expectation *expected)
{
	bool is_ours = intent->topic.n && str_eq(intent->topic, expected->topic);
	bool has_challenge = intent->challenge.n && intent->challenge.n <= CHALLENGE_MAX;

	if (!is_ours)
		return INTENT_REFUSED;
	if (str_is(intent->mode, "denied"))
		return expected->subscribe ? INTENT_DENIED : INTENT_REFUSED;
	if (str_is(intent->mode, "subscribe") && has_challenge && expected->subscribe)
		return INTENT_SUBSCRIBE;
	if (str_is(intent->mode, "unsubscribe") && has_challenge && expected->unsubscribe)
		return INTENT_UNSUBSCRIBE;
	return INTENT_REFUSED;
}

int64_t intent_lease_us(const struct intent *intent)
{
	unsigned long long s;

	/* More than the most that is taken is the most. */
	if (!intent->lease_seconds.n || !str_u64(intent->lease_seconds, UINT32_MAX, &s))
		return 0;
	int64_t us = (int64_t)s * SEC_US;
	return us < LEASE_MOST_US ? us : LEASE_MOST_US;
}
