/* Deleted entries (RFC 6721): an id and when it went. What else they say (by whom, why) is nobody's
 * news. */
#include "parse/format.h"

static void start_deleted(struct parser *p, const struct element *e, const struct attributes *a)
{
	(void)e;
	p->entry.withdrawn = true;
	p->entry.id = str_trim(xml_attribute(p, a, "ref"));
	p->entry.dates.updated = str_trim(xml_attribute(p, a, "when"));
}

static const struct element rows[] = {
	{NS_AT, "deleted-entry", IN_FEED | IN(ROOT), .inner = SCOPE_DELETED,
		.start = start_deleted},
	{0},
};

const struct vocabulary vocabulary_tombstone = VOCABULARY(rows);
