/* Creative Commons: a licence by its address, as text or as rdf:resource. */
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

static const struct element rows[] = {
	{NS_CC, "license", IN_BOTH, .collect = COLLECT_TEXT, .rank = 3, .start = start_license,
		.end = end_license},
	{0},
};

const struct vocabulary vocabulary_cc = VOCABULARY(rows);
