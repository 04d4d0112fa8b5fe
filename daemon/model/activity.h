/* How many items a feed has brought on each of the last days: what a person sees as its rhythm. Kept
 * in the feed's state, so that nobody has to count the journal. Days are UTC's. */
#pragma once

#include <stddef.h>
#include <stdint.h>

/* Two weeks show the rhythm of a weekday. */
#define ACTIVITY_DAYS 14

struct activity {
	int64_t last_us;                /* when the newest item event was recorded; 0: never */
	int32_t day;                    /* since 1970: that of counts[0] */
	uint16_t counts[ACTIVITY_DAYS]; /* counts[n]: n days before `day`; stops at 65,535 */
};

/* n more items at that time. A day before `day` counts where it belongs, or not at all. */
void activity_add(struct activity *activity, int64_t now_us, size_t n);
/* Items of the day that lies `ago` days before now; 0 for what lies outside. */
unsigned activity_on(const struct activity *activity, int64_t now_us, unsigned ago);
