/* Everything we had to repair or could not read, in one fixed vocabulary: nothing is guessed
 * silently. A set of flaws is a bit mask. */
#pragma once

#include "base/json.h"

#define FLAWS(FLAW) \
	/* of the document */ \
	FLAW(NOT_WELL_FORMED, "not-well-formed") \
	FLAW(TRUNCATED, "truncated") \
	FLAW(ENCODING_OVERRIDE, "encoding-override") \
	FLAW(ENCODING_UNKNOWN, "encoding-unknown") \
	FLAW(NON_XML_CONTENT_TYPE, "non-xml-content-type") \
	FLAW(UNDECLARED_NAMESPACE, "undeclared-namespace") \
	FLAW(NAMESPACE_REPAIRED, "namespace-repaired") \
	FLAW(ITEMS_OUTSIDE_CHANNEL, "items-outside-channel") \
	FLAW(GUIDS_REPEAT, "guids-repeat") \
	FLAW(LIMIT_REACHED, "limit-reached") \
	/* of an item */ \
	FLAW(ID_SYNTHESIZED, "id-synthesized") \
	FLAW(LINK_MISSING, "link-missing") \
	FLAW(DATE_MISSING, "date-missing") \
	FLAW(DATE_INVALID, "date-invalid") \
	FLAW(DATE_AMBIGUOUS, "date-ambiguous") \
	FLAW(DATE_FUTURE, "date-future") \
	FLAW(HTML_RECOVERED, "html-recovered") \
	FLAW(TEXT_REPAIRED, "text-repaired") \
	FLAW(CONTENT_CUT, "content-cut") \
	FLAW(UPDATES_COALESCED, "updates-coalesced")

#define FLAW_INDEX(name, text) FLAW_INDEX_##name,
enum flaw_index { FLAWS(FLAW_INDEX) FLAW_COUNT };
#undef FLAW_INDEX

#define FLAW_BIT(name, text) FLAW_##name = 1u << FLAW_INDEX_##name,
enum flaw { FLAWS(FLAW_BIT) FLAW_NONE = 0 };
#undef FLAW_BIT

/* Writes the array of the words of a set. */
void flaws_write(struct json *j, unsigned flaws);
