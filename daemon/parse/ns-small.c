/* Vocabularies of an element or two. */
#include "parse/format.h"

static void start_license(struct parser *p, const struct element *e, const struct attributes *a)
{
	(void)e;
	p->attribute[0] = str_trim(xml_attribute_ns(p, a, NS_RDF, "resource"));
}

static void end_license(struct parser *p, const struct element *e, struct str text)
{
	struct str url = text.n ? build_copy(p, text) : p->attribute[0];

	if (!url.n)
		return;
	if (p->in_entry) {
		if (build_claim(p, SLOT_LICENSE, e->rank))
			p->entry.license = url;
		return;
	}
	struct link link = {.href = url, .rel = STR("license"), .base = p->text_base};
	build_add_link(p, &link);
}

static void start_complete(struct parser *p, const struct element *e, const struct attributes *a)
{
	(void)e;
	(void)a;
	p->document.complete = true;
}

static void start_deleted(struct parser *p, const struct element *e, const struct attributes *a)
{
	(void)e;
	p->entry.withdrawn = true;
	p->entry.id = str_trim(xml_attribute(p, a, "ref"));
	p->entry.dates.updated = str_trim(xml_attribute(p, a, "when"));
}

#define STRING .collect = COLLECT_TEXT, .end = build_end_string

static const struct element rows[] = {
	{NS_FEEDBURNER, "origLink", IN_ENTRY, STRING, .slot = SLOT_ORIG_LINK, .rank = 1},
	{NS_CC, "license", IN_BOTH, .collect = COLLECT_TEXT, .rank = 3, .start = start_license,
		.end = end_license},
	{NS_FH, "complete", IN_FEED, .start = start_complete},
	{NS_AT, "deleted-entry", IN_FEED | IN(ROOT), .inner = SCOPE_DELETED,
		.start = start_deleted},
	{0},
};

const struct vocabulary vocabulary_small = VOCABULARY(rows);
