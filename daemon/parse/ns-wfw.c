/* The Well-Formed Web: where the feed of an item's comments is. */
#include "parse/format.h"

static void end_comment_feed(struct parser *p, const struct element *e, struct str text)
{
	struct link link = {.href = build_copy(p, text),
		.rel = STR("replies"),
		.type = STR("application/rss+xml"),
		.base = p->text_base};

	(void)e;
	if (text.n)
		build_add_link(p, &link);
}

#define COMMENT_FEED IN_ENTRY, .collect = COLLECT_TEXT, .end = end_comment_feed

static const struct element rows[] = {
	{NS_WFW, "commentRss", COMMENT_FEED},
	{NS_WFW, "commentRSS", COMMENT_FEED},
	{0},
};

const struct vocabulary vocabulary_wfw = VOCABULARY(rows);
