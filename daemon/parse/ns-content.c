/* content:encoded, and XHTML bodies in RSS. */
#include "parse/format.h"

static void start_html(struct parser *p, const struct element *e, const struct attributes *a)
{
	(void)e;
	(void)a;
	text_begin(p, TEXT_HTML);
}

static void start_xhtml(struct parser *p, const struct element *e, const struct attributes *a)
{
	(void)e;
	(void)a;
	text_begin(p, TEXT_XHTML);
}

#define MARKUP .collect = COLLECT_MARKUP, .end = build_end_text

static const struct element rows[] = {
	{NS_CONTENT, "encoded", IN_ENTRY, MARKUP, .slot = SLOT_CONTENT, .rank = 6,
		.start = start_html},
	{NS_CONTENT, "encoded", IN(CHANNEL), MARKUP, .slot = SLOT_SUMMARY, .rank = 1,
		.start = start_html},
	{NS_XHTML, "body", IN(ITEM), MARKUP, .slot = SLOT_CONTENT, .rank = 4, .start = start_xhtml},
	{NS_XHTML, "div", IN(ITEM), MARKUP, .slot = SLOT_CONTENT, .rank = 3, .start = start_xhtml},
	{0},
};

const struct vocabulary vocabulary_content = VOCABULARY(rows);
