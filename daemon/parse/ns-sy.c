/* The syndication module: how often a feed changes. */
#include "parse/format.h"

static const struct element rows[] = {
	{NS_SY, "updatePeriod", IN_FEED, .collect = COLLECT_TEXT, .slot = SLOT_PERIOD, .rank = 1,
		.end = build_end_string},
	{NS_SY, "updateFrequency", IN_FEED, .collect = COLLECT_TEXT, .slot = SLOT_FREQUENCY,
		.rank = 1, .end = build_end_string},
	{NS_SY, "updateBase", IN_FEED, .collect = COLLECT_TEXT, .slot = SLOT_BASE, .rank = 1,
		.end = build_end_string},
	{0},
};

const struct vocabulary vocabulary_sy = VOCABULARY(rows);
