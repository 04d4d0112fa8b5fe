#include "config/quantity.h"

#include "base/arena.h"
#include "base/clock.h"

struct unit {
	const char *name;
	int64_t factor;
};

/* Each from the largest to the smallest, so that the first that divides gives the shortest text. */
static const struct unit durations[] = {
	{"d", DAY_US}, {"h", HOUR_US}, {"min", MIN_US}, {"s", SEC_US}, {"ms", MSEC_US}};
static const struct unit sizes[] = {{"TiB", INT64_C(1) << 40}, {"GiB", INT64_C(1) << 30},
	{"MiB", INT64_C(1) << 20}, {"KiB", INT64_C(1) << 10}, {"B", 1}};

#define N_UNITS 5
_Static_assert(sizeof durations / sizeof *durations == N_UNITS, "see N_UNITS");
_Static_assert(sizeof sizes / sizeof *sizes == N_UNITS, "see N_UNITS");

static bool read_quantity(struct str text, const struct unit *units, int64_t *ret)
{
	unsigned long long number;
	size_t digits = 0;

	while (digits < text.n && ascii_is_digit((unsigned char)text.p[digits]))
		digits++;
	struct str unit = str_skip(text, digits);
	if (unit.n && unit.p[0] == ' ')
		unit = str_skip(unit, 1);
	for (size_t i = 0; i < N_UNITS; i++) {
		if (!str_is(unit, units[i].name))
			continue;
		if (!str_u64(str_head(text, digits),
			    (unsigned long long)(INT64_MAX / units[i].factor), &number))
			return false;
		*ret = (int64_t)number * units[i].factor;
		return true;
	}
	return false;
}

static const char *quantity_text(struct arena *arena, int64_t n, const struct unit *units)
{
	size_t i = 0;

	while (i < N_UNITS - 1 && (!n || n % units[i].factor))
		i++;
	return arena_printf(arena, "%lld%s", (long long)(n / units[i].factor), units[i].name).p;
}

bool quantity_duration(struct str text, int64_t *ret_us)
{
	return read_quantity(text, durations, ret_us);
}

bool quantity_size(struct str text, int64_t *ret_bytes)
{
	return read_quantity(text, sizes, ret_bytes);
}

const char *quantity_duration_text(struct arena *arena, int64_t us)
{
	return quantity_text(arena, us, durations);
}

const char *quantity_size_text(struct arena *arena, int64_t bytes)
{
	return quantity_text(arena, bytes, sizes);
}
