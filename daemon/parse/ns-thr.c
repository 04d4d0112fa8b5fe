/* Threads in Atom (RFC 4685): what an entry answers to. Its counters (thr:count, thr:total) are left
 * alone: a number that changes with every reader is no property of the news. */
#include "parse/format.h"

static void start_in_reply_to(struct parser *p, const struct element *e, const struct attributes *a)
{
	struct link link = {.href = str_trim(xml_attribute(p, a, "href")),
		.rel = STR("in-reply-to"),
		.type = xml_attribute(p, a, "type"),
		.base = xml_base(p)};

	(void)e;
	if (link.href.n)
		build_add_link(p, &link);
}

static const struct element rows[] = {
	{NS_THR, "in-reply-to", IN_ENTRY, .start = start_in_reply_to},
	{0},
};

const struct vocabulary vocabulary_thr = VOCABULARY(rows);
