/* Servers that hang must not take the places of others. A request that has been under way for
 * SCHEDULE_SLOW_US goes over to the slow lane, and the next ones to its host begin there, until one is
 * quick again. Most servers answer in a tenth of that; those that hang are waited for ten times as long
 * and more. Hosts that have not been asked yet share the places of quick ones, but have half of them at
 * most: so many can hang until they are known to. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/clock.h"

/* LANE(id, name) */
#define LANES(LANE) \
	LANE(QUICK, "quick") \
	LANE(NEW, "new") \
	LANE(SLOW, "slow")
#define LANE_ENUM(id, name) LANE_##id,
enum schedule_lane { LANES(LANE_ENUM) LANE_COUNT };
#undef LANE_ENUM

#define SCHEDULE_SLOW_US (2 * SEC_US)
/* The slow lane has as many places as the others (fetch.parallel), and at least so many: what hangs costs
 * a socket and some 20 KiB, so this is 8 MB. A million feeds an hour, a hundredth of which begins to
 * hang, for as long as a minute, needs 167. */
#define SCHEDULE_SLOW_PLACES_MIN 400

/* Places, and who has them. */
struct lane_places {
	size_t most, most_slow;
	size_t busy[LANE_COUNT];
};

/* May another begin in this lane? Half of the slow lane is for those that turn out to be slow. */
static inline bool lane_has_room(const struct lane_places *places, enum schedule_lane lane)
{
	if (lane == LANE_SLOW)
		return places->busy[LANE_SLOW] < (places->most_slow + 1) / 2;
	return places->busy[LANE_QUICK] + places->busy[LANE_NEW] < places->most &&
	       (lane == LANE_QUICK || places->busy[LANE_NEW] < (places->most + 1) / 2);
}

/* May one that has begun go over to the slow lane? */
static inline bool lane_takes_slow(const struct lane_places *places)
{
	return places->busy[LANE_SLOW] < places->most_slow;
}
