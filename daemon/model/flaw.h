/* Everything we had to repair or could not read, in one fixed vocabulary: nothing is guessed
 * silently. A set of flaws is a bit mask. */
#pragma once

#include "base/json.h"

/* FLAW(name, word of the wire, what it means to a person) */
#define FLAWS(FLAW) \
	/* of the document */ \
	FLAW(NOT_WELL_FORMED, "not-well-formed", \
		"the XML or JSON is broken; what could be read was read") \
	FLAW(TRUNCATED, "truncated", "the document breaks off before its end") \
	FLAW(ENCODING_OVERRIDE, "encoding-override", \
		"it is not in the character set that it says") \
	FLAW(ENCODING_UNKNOWN, "encoding-unknown", "it names a character set that nobody knows") \
	FLAW(NON_XML_CONTENT_TYPE, "non-xml-content-type", \
		"the server's Content-Type is not one of a feed") \
	FLAW(UNDECLARED_NAMESPACE, "undeclared-namespace", \
		"it uses a prefix that it does not declare") \
	FLAW(NAMESPACE_REPAIRED, "namespace-repaired", "the address of a namespace is misspelt") \
	FLAW(ITEMS_OUTSIDE_CHANNEL, "items-outside-channel", "items stand outside of the channel") \
	FLAW(GUIDS_REPEAT, "guids-repeat", \
		"several items have one id; they are told apart by their links") \
	FLAW(LIMIT_REACHED, "limit-reached", \
		"it has more than is read of any feed; the rest was left out") \
	/* of an item */ \
	FLAW(ID_SYNTHESIZED, "id-synthesized", \
		"no id: one was made of the link, the title or the content") \
	FLAW(LINK_MISSING, "link-missing", "no link") \
	FLAW(DATE_MISSING, "date-missing", "no date") \
	FLAW(DATE_INVALID, "date-invalid", "a date that cannot be read, or does not exist") \
	FLAW(DATE_AMBIGUOUS, "date-ambiguous", \
		"a date that can be read two ways (day or month first); it was left out") \
	FLAW(DATE_FUTURE, "date-future", "a date in the future") \
	FLAW(HTML_RECOVERED, "html-recovered", \
		"HTML that is not closed or nested as it should be") \
	FLAW(TEXT_REPAIRED, "text-repaired", "text in a mangled character set, put right") \
	FLAW(CONTENT_CUT, "content-cut", "too long for an event; it was cut") \
	FLAW(UPDATES_COALESCED, "updates-coalesced", "changes more than 24 times a day")

#define FLAW_INDEX(name, text, words) FLAW_INDEX_##name,
enum flaw_index { FLAWS(FLAW_INDEX) FLAW_COUNT };
#undef FLAW_INDEX

#define FLAW_BIT(name, text, words) FLAW_##name = 1u << FLAW_INDEX_##name,
enum flaw { FLAWS(FLAW_BIT) FLAW_NONE = 0 };
#undef FLAW_BIT

/* What a flaw means, by its word of the wire; NULL: there is none of that name. */
const char *flaw_words(const char *name);
/* Writes the array of the words of a set. */
void flaws_write(struct json *j, unsigned flaws);
