/* RSS 0.90 and 1.0: the root is RDF, items stand beside the channel; the rest is in rss.c. */
#include "parse/format.h"

static void start_rdf(struct parser *p, const struct element *e, const struct attributes *a)
{
	(void)e;
	(void)a;
	p->document.format = FORMAT_RSS10;
	for (int i = 0; i < p->n_root_namespaces; i++) {
		struct str uri = str_of((const char *)p->root_namespaces[(ptrdiff_t)i * 2 + 1]);
		if (str_find(uri, STR("netscape.com/rdf/simple/0.9")) < uri.n)
			p->document.format = FORMAT_RSS090;
	}
}

static const struct element rows[] = {
	{NS_RDF, "RDF", IN(OUTSIDE), .inner = SCOPE_ROOT, .start = start_rdf},
	{NS_NONE, "RDF", IN(OUTSIDE), .inner = SCOPE_ROOT, .start = start_rdf},
	{0},
};

const struct vocabulary vocabulary_rdf = VOCABULARY(rows);
