/* Dublin Core's newer terms. They rank below those of the elements, which more feeds mean. */
#include "parse/format.h"

/* dcterms:valid holds "start=…; end=…" (DCMI Period): its end is when the entry expires. */
static void end_valid(struct parser *p, const struct element *e, struct str text)
{
	struct str rest = text, part;

	(void)e;
	while (str_split(&rest, ';', &part)) {
		part = str_trim(part);
		if (str_istarts(part, STR("end=")) && part.n > 4 && build_claim(p, SLOT_EXPIRES, 2))
			*build_string(p, SLOT_EXPIRES) = build_copy(p, str_trim(str_skip(part, 4)));
	}
}

#define TEXT   .collect = COLLECT_TEXT
#define STRING TEXT, .end = build_end_string
#define MARKUP .collect = COLLECT_MARKUP, .end = build_end_text

static const struct element rows[] = {
	{NS_DCTERMS, "title", IN_BOTH, MARKUP, .slot = SLOT_TITLE, .rank = 2},
	{NS_DCTERMS, "abstract", IN_BOTH, MARKUP, .slot = SLOT_SUMMARY, .rank = 2},
	{NS_DCTERMS, "creator", IN_BOTH, TEXT, .rank = 3, .end = build_end_author},
	{NS_DCTERMS, "issued", IN_BOTH, STRING, .slot = SLOT_PUBLISHED, .rank = 3},
	{NS_DCTERMS, "available", IN_BOTH, STRING, .slot = SLOT_PUBLISHED, .rank = 2},
	{NS_DCTERMS, "modified", IN_BOTH, STRING, .slot = SLOT_UPDATED, .rank = 4},
	{NS_DCTERMS, "created", IN_BOTH, STRING, .slot = SLOT_CREATED, .rank = 3},
	{NS_DCTERMS, "valid", IN_BOTH, TEXT, .end = end_valid},
	{NS_DCTERMS, "rights", IN_BOTH, MARKUP, .slot = SLOT_RIGHTS, .rank = 2},
	{NS_DCTERMS, "license", IN_BOTH, STRING, .slot = SLOT_LICENSE, .rank = 2},
	{NS_DCTERMS, "identifier", IN_BOTH, STRING, .slot = SLOT_ID, .rank = 1},
	{NS_DCTERMS, "language", IN_BOTH, STRING, .slot = SLOT_LANGUAGE, .rank = 3},
	{0},
};

const struct vocabulary vocabulary_dcterms = VOCABULARY(rows);
