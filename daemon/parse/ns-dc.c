/* Dublin Core, elements 1.1. */
#include "parse/format.h"

static void end_subject(struct parser *p, const struct element *e, struct str text)
{
	(void)e;
	build_add_category(p, build_copy(p, text), STR_NONE, STR_NONE);
}

static void end_contributor(struct parser *p, const struct element *e, struct str text)
{
	struct person *person = text.n ? build_add_person(p, true, e->rank) : NULL;

	if (person)
		person_from_text(person, build_copy(p, text));
}

#define TEXT   .collect = COLLECT_TEXT
#define STRING TEXT, .end = build_end_string
#define MARKUP .collect = COLLECT_MARKUP, .end = build_end_text

static const struct element rows[] = {
	{NS_DC, "title", IN_BOTH, MARKUP, .slot = SLOT_TITLE, .rank = 3},
	{NS_DC, "description", IN_BOTH, MARKUP, .slot = SLOT_SUMMARY, .rank = 3},
	{NS_DC, "creator", IN_BOTH, TEXT, .rank = 4, .end = build_end_author},
	{NS_DC, "author", IN_BOTH, TEXT, .rank = 4, .end = build_end_author},
	{NS_DC, "contributor", IN_BOTH, TEXT, .rank = 1, .end = end_contributor},
	{NS_DC, "date", IN_BOTH, STRING, .slot = SLOT_UPDATED, .rank = 3},
	{NS_DC, "subject", IN_BOTH, TEXT, .end = end_subject},
	{NS_DC, "language", IN_BOTH, STRING, .slot = SLOT_LANGUAGE, .rank = 4},
	{NS_DC, "rights", IN_BOTH, MARKUP, .slot = SLOT_RIGHTS, .rank = 3},
	{NS_DC, "identifier", IN_BOTH, STRING, .slot = SLOT_ID, .rank = 2},
	{0},
};

const struct vocabulary vocabulary_dc = VOCABULARY(rows);
