/* FeedBurner: the link as it was before the service counted clicks on it. */
#include "parse/format.h"

static const struct element rows[] = {
	{NS_FEEDBURNER, "origLink", IN_ENTRY, .collect = COLLECT_TEXT, .slot = SLOT_ORIG_LINK,
		.rank = 1, .end = build_end_string},
	{0},
};

const struct vocabulary vocabulary_feedburner = VOCABULARY(rows);
