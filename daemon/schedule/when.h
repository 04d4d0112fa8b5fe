/* How long to wait: the arithmetic of "When next". Inside schedule/ only. */
#pragma once

#include <stdint.h>

#include "base/clock.h"
#include "model/feed.h"
#include "model/state.h"

/* What a document or its headers ask for is followed up to a day: a feed that says `ttl` 44640 (a
 * month in minutes, seen) means well and would be late with the news. */
#define WHEN_HINT_MAX DAY_US
/* Errors double the wait up to a day, and never beyond: a server that comes back is noticed. */
#define WHEN_ERROR_MAX DAY_US
/* Two answers 410 this far apart are no accident of a deployment. */
#define WHEN_GONE_APART HOUR_US
/* Once a month we look whether what was gone is back. */
#define WHEN_GONE_RETRY (30 * DAY_US)
/* Our own trouble: soon, but not so soon that a full disk becomes the partner's load. */
#define WHEN_LOCAL_RETRY (5 * MIN_US)

/* `base` and up to a tenth more, never less; `chance` in [0, 1). */
int64_t when_jitter(int64_t base_us, double chance);
/* After an answer: the interval, or the longer of the two hints (-1: none). */
int64_t when_well(int64_t interval_us, int64_t hint_us, int64_t fresh_us);
/* A feed that says when it publishes (at phase_us, and each hint_us before and after) is polled a little
 * later than otherwise, if it then brings what it would just have missed: from due_us on, the first of
 * those moments that is at most a quarter of the period away, or due_us. Never earlier: a moment that
 * lies before it is no leave to ask more often. And not a whole period later, for that would have all
 * its news wait once, for the sake of a date that many copy from the module's own example. */
int64_t when_published(int64_t due_us, int64_t hint_us, int64_t phase_us);
/* How often an adaptive feed is looked at: four times in the time that it has needed for news, or has
 * been silent for, between the two bounds. */
int64_t when_adaptive(int64_t rhythm_us, int64_t silent_us, int64_t least_us, int64_t most_us);
/* The first moment from due_us on that is in none of the hours (bits of 0 to 23, GMT) and on none of the
 * days (bits from Sunday), or `latest_us` if that comes first. */
int64_t when_not_skipped(
	int64_t due_us, uint32_t hours, uint32_t days, int64_t latest_us, double chance);
/* When a feed that works is asked next, by all that is known of it: its configuration, its rhythm, what
 * it asked for, and what its last answer's headers did (fresh_us; -1: nothing). `from_us` is the time of
 * that answer. */
int64_t when_next(const struct feed *feed, const struct feed_state *state, int64_t fresh_us,
	double chance, int64_t from_us);
/* After the n-th failure in a row (from 1): the interval, then twice, four times … */
int64_t when_failed(int64_t interval_us, uint32_t failures, double chance);
