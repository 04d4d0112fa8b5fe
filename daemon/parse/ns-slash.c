/* Slash: the section an item is filed under. Its counters of comments are left alone: a number that
 * changes with every reader is no property of the news. */
#include "parse/format.h"

static void end_section(struct parser *p, const struct element *e, struct str text)
{
	(void)e;
	build_add_category(p, build_copy(p, text), STR_NONE, STR_NONE);
}

static const struct element rows[] = {
	{NS_SLASH, "section", IN_ENTRY, .collect = COLLECT_TEXT, .end = end_section},
	{0},
};

const struct vocabulary vocabulary_slash = VOCABULARY(rows);
