#include "bus/allowance.h"

#include "base/clock.h"

void allowance_begin(struct allowance *a, bool live, int64_t now_us)
{
	*a = (struct allowance){
		.live = live, .left = live ? ALLOWANCE_LIVE : ALLOWANCE_REPLAY, .at_us = now_us};
}

void allowance_renew(struct allowance *a, uint64_t said)
{
	if (a->live)
		return;
	a->left = ALLOWANCE_REPLAY;
	if (said > a->said)
		a->said = said;
}

/* So that the remainder of a byte is not lost with each look. */
static void refill(struct allowance *a, int64_t now_us)
{
	int64_t bytes = (now_us - a->at_us) * ALLOWANCE_LIVE_PER_S / SEC_US;

	if (bytes <= 0)
		return;
	a->at_us += bytes * SEC_US / ALLOWANCE_LIVE_PER_S;
	a->left = a->left + bytes < ALLOWANCE_LIVE ? a->left + bytes : ALLOWANCE_LIVE;
}

bool allowance_take(struct allowance *a, uint64_t said, int64_t now_us)
{
	if (said <= a->said)
		return true;
	if (a->live)
		refill(a, now_us);
	a->left -= (int64_t)(said - a->said);
	a->said = said;
	return a->left >= 0 && (!a->live || said <= ALLOWANCE_LIVE_LIFE);
}
