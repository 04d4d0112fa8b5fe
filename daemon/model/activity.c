#include "model/activity.h"

#include <string.h>

#include "base/clock.h"

static int32_t day_of(int64_t us)
{
	return (int32_t)(us / DAY_US);
}

/* Makes `day` the newest. */
static void turn(struct activity *a, int32_t day)
{
	int64_t by = (int64_t)day - a->day;

	if (by >= ACTIVITY_DAYS) {
		memset(a->counts, 0, sizeof a->counts);
	} else {
		memmove(a->counts + by, a->counts,
			(ACTIVITY_DAYS - (size_t)by) * sizeof *a->counts);
		memset(a->counts, 0, (size_t)by * sizeof *a->counts);
	}
	a->day = day;
}

void activity_add(struct activity *a, int64_t now_us, size_t n)
{
	int32_t day = day_of(now_us);

	if (!n)
		return;
	if (day > a->day)
		turn(a, day);
	if (now_us > a->last_us)
		a->last_us = now_us;
	if (a->day - day >= ACTIVITY_DAYS)
		return;
	uint16_t *count = &a->counts[a->day - day];
	*count = n < (size_t)(UINT16_MAX - *count) ? (uint16_t)(*count + n) : UINT16_MAX;
}

unsigned activity_on(const struct activity *a, int64_t now_us, unsigned ago)
{
	int64_t back = (int64_t)a->day - ((int64_t)day_of(now_us) - ago);

	return back >= 0 && back < ACTIVITY_DAYS ? a->counts[back] : 0;
}
