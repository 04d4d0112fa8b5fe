/* A wall clock that is not believed at once when it jumps.
 *
 * Clocks of machines are wrong now and then: a dead battery at the start, a time server gone mad, an
 * operator's slip. Most such jumps are taken back within minutes. What cannot be taken back (removing
 * old events, forgetting items, the recorded times of a journal, which never fall) asks this clock: it
 * follows the wall clock through steps smaller than `step_us`; a larger one it believes when it has
 * stood for `hold_us` of a clock that nobody sets. Until then it goes on from where it was. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct steady {
	int64_t step_us, hold_us;
	int64_t offset_us; /* believed: wall clock minus the clock that nobody sets */
	bool is_doubting;
	int64_t other_us, since_us; /* the offset that is doubted, and since when it stands */
};

/* `real_us` is believed to begin with. `boot_us`: clock_boot_us(). */
void steady_init(
	struct steady *steady, int64_t step_us, int64_t hold_us, int64_t real_us, int64_t boot_us);
/* The time to go by, given what both clocks say. To be asked more often than every hold_us. */
int64_t steady_us(struct steady *steady, int64_t real_us, int64_t boot_us);
