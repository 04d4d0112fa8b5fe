/* Durations and sizes as the operator writes them: a whole number and its unit, "15min", "64KiB".
 * A number without unit is refused, never guessed. Pure. */
#pragma once

#include "base/str.h"

#include <stdint.h>

struct arena;

/* "500ms 30s 15min 6h 90d" → microseconds; one blank before the unit is allowed. */
bool quantity_duration(struct str text, int64_t *ret_us);
/* "512B 64KiB 16MiB 20GiB 1TiB" → bytes. */
bool quantity_size(struct str text, int64_t *ret_bytes);
/* The shortest exact text of a duration or size, in the arena: for sentences. */
const char *quantity_duration_text(struct arena *arena, int64_t us);
const char *quantity_size_text(struct arena *arena, int64_t bytes);
