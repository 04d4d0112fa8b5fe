#include "base/steady.h"

static bool is_step(const struct steady *steady, int64_t a_us, int64_t b_us)
{
	int64_t by_us = a_us > b_us ? a_us - b_us : b_us - a_us;

	return by_us >= steady->step_us;
}

void steady_init(
	struct steady *steady, int64_t step_us, int64_t hold_us, int64_t real_us, int64_t boot_us)
{
	*steady = (struct steady){
		.step_us = step_us, .hold_us = hold_us, .offset_us = real_us - boot_us};
}

int64_t steady_us(struct steady *steady, int64_t real_us, int64_t boot_us)
{
	int64_t offset_us = real_us - boot_us;

	if (!is_step(steady, offset_us, steady->offset_us)) {
		steady->offset_us = offset_us;
		steady->is_doubting = false;
	} else if (!steady->is_doubting || is_step(steady, offset_us, steady->other_us)) {
		steady->is_doubting = true;
		steady->other_us = offset_us;
		steady->since_us = boot_us;
	} else if (boot_us - steady->since_us >= steady->hold_us) {
		steady->offset_us = offset_us;
		steady->is_doubting = false;
	} else {
		steady->other_us = offset_us; /* slewed meanwhile */
	}
	return boot_us + steady->offset_us;
}
