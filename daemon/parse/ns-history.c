/* Feed paging and archiving (RFC 5005). Of its elements only "complete" means something to a reader
 * of one document; the pages are links (rel next, prev-archive …) like others. */
#include "parse/format.h"

static void start_complete(struct parser *p, const struct element *e, const struct attributes *a)
{
	(void)e;
	(void)a;
	p->document.complete = true;
}

static const struct element rows[] = {
	{NS_FH, "complete", IN_FEED, .start = start_complete},
	{0},
};

const struct vocabulary vocabulary_history = VOCABULARY(rows);
