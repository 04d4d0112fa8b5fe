/* Namespaces and the rows of all vocabularies. To add a vocabulary: a namespace in enum ns, its
 * URIs and usual prefixes here, and a file ns-<name>.c with a table of rows. */
#include "parse/format.h"

static const struct vocabulary *const vocabularies[] = {&vocabulary_rss, &vocabulary_rdf,
	&vocabulary_atom, &vocabulary_content, &vocabulary_dc, &vocabulary_dcterms,
	&vocabulary_media, &vocabulary_itunes, &vocabulary_podcast, &vocabulary_sy,
	&vocabulary_slash, &vocabulary_wfw, &vocabulary_thr, &vocabulary_cc, &vocabulary_feedburner,
	&vocabulary_history, &vocabulary_tombstone, &vocabulary_georss, &vocabulary_gml,
	&vocabulary_geo, &vocabulary_ev, &vocabulary_xcal, &vocabulary_cap};
#define N_VOCABULARIES (sizeof vocabularies / sizeof *vocabularies)

/* As the specifications write them; then as feeds do. Compared without case, white space,
 * scheme, "www." and a last slash or '#', which are the ways in which they are misspelt; and where a
 * prefix is the usual one and the host of the URI is right, the rest of it may be anything. */
static const struct namespace_uri {
	const char *uri;
	enum ns ns;
} namespace_uris[] = {
	{"http://my.netscape.com/rdf/simple/0.9/", NS_NONE},
	{"http://channel.netscape.com/rdf/simple/0.9/", NS_NONE},
	{"http://purl.org/rss/1.0/", NS_NONE},
	{"http://purl.org/net/rss1.1#", NS_NONE},
	{"http://my.netscape.com/publish/formats/rss-0.91.dtd", NS_NONE},
	{"http://example.com/newformat#", NS_NONE},
	{"http://example.com/necho", NS_NONE},
	{"http://backend.userland.com/rss", NS_NONE},
	{"http://backend.userland.com/rss2", NS_NONE},
	{"http://backend.userland.com/RSS2", NS_NONE},
	{"http://backend.userland.com/rss091", NS_NONE},
	{"http://backend.userland.com/rss092", NS_NONE},
	{"http://blogs.law.harvard.edu/tech/rss", NS_NONE},
	{"http://cyber.law.harvard.edu/rss/rss.html", NS_NONE},
	{"http://purl.org/rss/2.0/", NS_NONE},
	{"http://www.w3.org/2005/Atom", NS_ATOM},
	{"http://purl.org/atom/ns#", NS_ATOM},
	{"uri/of/echo/namespace#", NS_ATOM},
	{"http://purl.org/echo/", NS_ATOM},
	{"http://purl.org/pie/", NS_ATOM},
	{"http://www.w3.org/1999/02/22-rdf-syntax-ns#", NS_RDF},
	{"http://purl.org/dc/elements/1.1/", NS_DC},
	{"http://purl.org/dc/elements/1.0/", NS_DC},
	{"http://purl.org/dc/terms/", NS_DCTERMS},
	{"http://purl.org/rss/1.0/modules/dcterms/", NS_DCTERMS},
	{"http://purl.org/rss/1.0/modules/content/", NS_CONTENT},
	{"http://search.yahoo.com/mrss/", NS_MEDIA},
	{"http://video.search.yahoo.com/mrss", NS_MEDIA},
	{"http://www.georss.org/georss", NS_GEORSS},
	{"http://www.georss.org/georss/10", NS_GEORSS},
	{"http://www.opengis.net/gml", NS_GML},
	{"http://www.opengis.net/gml/3.2", NS_GML},
	{"http://www.w3.org/2003/01/geo/wgs84_pos#", NS_GEO},
	{"http://www.w3.org/2003/01/geo/", NS_GEO},
	{"http://purl.org/rss/1.0/modules/syndication/", NS_SY},
	{"http://purl.org/rss/modules/syndication/", NS_SY},
	{"http://www.itunes.com/dtds/podcast-1.0.dtd", NS_ITUNES},
	{"http://example.com/dtds/podcast-1.0.dtd", NS_ITUNES},
	{"http://www.google.com/schemas/play-podcasts/1.0", NS_GOOGLEPLAY},
	{"https://podcastindex.org/namespace/1.0", NS_PODCAST},
	{"https://github.com/Podcastindex-org/podcast-namespace/blob/main/docs/1.0.md", NS_PODCAST},
	{"http://purl.org/rss/1.0/modules/slash/", NS_SLASH},
	{"http://wellformedweb.org/CommentAPI/", NS_WFW},
	{"http://purl.org/syndication/thread/1.0", NS_THR},
	{"http://web.resource.org/cc/", NS_CC},
	{"http://backend.userland.com/creativeCommonsRssModule", NS_CC},
	{"http://cyber.law.harvard.edu/rss/creativeCommonsRssModule.html", NS_CC},
	{"http://creativecommons.org/ns#", NS_CC},
	{"http://rssnamespace.org/feedburner/ext/1.0", NS_FEEDBURNER},
	{"http://www.w3.org/1999/xhtml", NS_XHTML},
	{"http://www.w3.org/2000/svg", NS_SVG},
	{"http://www.w3.org/1998/Math/MathML", NS_MATHML},
	{"http://purl.org/syndication/history/1.0", NS_FH},
	{"http://purl.org/atompub/tombstones/1.0", NS_AT},
	{"http://purl.org/rss/1.0/modules/event/", NS_EV},
	{"urn:ietf:params:xml:ns:xcal", NS_XCAL},
	{"http://www.ietf.org/internet-drafts/draft-ietf-calsch-many-xcal-02.txt", NS_XCAL},
	{"urn:oasis:names:tc:emergency:cap:1.1", NS_CAP},
	{"urn:oasis:names:tc:emergency:cap:1.2", NS_CAP},
	{"http://docs.oasis-open.org/emergency/cap/v1.2/CAP-v1.2.xsd", NS_CAP},
	{"http://www.incident.com/cap/1.0", NS_CAP},
	{"http://www.w3.org/XML/1998/namespace", NS_XML},
};

static const struct namespace_prefix {
	const char *prefix;
	enum ns ns;
} namespace_prefixes[] = {
	{"rss", NS_NONE},
	{"atom", NS_ATOM},
	{"atom10", NS_ATOM},
	{"a10", NS_ATOM},
	{"rdf", NS_RDF},
	{"dc", NS_DC},
	{"dcterms", NS_DCTERMS},
	{"content", NS_CONTENT},
	{"media", NS_MEDIA},
	{"georss", NS_GEORSS},
	{"gml", NS_GML},
	{"geo", NS_GEO},
	{"sy", NS_SY},
	{"syn", NS_SY},
	{"itunes", NS_ITUNES},
	{"googleplay", NS_GOOGLEPLAY},
	{"slash", NS_SLASH},
	{"wfw", NS_WFW},
	{"thr", NS_THR},
	{"cc", NS_CC},
	{"creativeCommons", NS_CC},
	{"feedburner", NS_FEEDBURNER},
	{"xhtml", NS_XHTML},
	{"svg", NS_SVG},
	{"fh", NS_FH},
	{"at", NS_AT},
	{"ev", NS_EV},
	{"xCal", NS_XCAL},
	{"xcal", NS_XCAL},
	{"cap", NS_CAP},
	{"podcast", NS_PODCAST},
	{"xml", NS_XML},
};

/* A longer URI is none of those above, however it is misspelt. */
#define URI_MAX 200

/* What counts of a URI, in `room`: no white space (editors break lines inside), scheme, "www.",
 * and slash or '#' at the end. */
static struct str uri_core(struct str uri, char room[static URI_MAX])
{
	static const char *const prefixes[] = {"http:", "https:", "//", "www."};
	size_t n = 0;

	for (size_t i = 0; i < uri.n; i++)
		if (!ascii_is_space((unsigned char)uri.p[i])) {
			if (n == URI_MAX)
				return STR("");
			room[n++] = uri.p[i];
		}
	struct str core = str_make(room, n);
	for (size_t i = 0; i < sizeof prefixes / sizeof *prefixes; i++)
		if (str_istarts(core, str_of(prefixes[i])))
			core = str_skip(core, strlen(prefixes[i]));
	while (core.n && (core.p[core.n - 1] == '/' || core.p[core.n - 1] == '#'))
		core.n--;
	return core;
}

enum ns namespace_find(struct str uri, bool *ret_repaired)
{
	const size_t n = sizeof namespace_uris / sizeof *namespace_uris;
	char room[URI_MAX], known[URI_MAX];

	*ret_repaired = false;
	if (!uri.n)
		return NS_NONE;
	for (size_t i = 0; i < n; i++)
		if (str_is(uri, namespace_uris[i].uri))
			return namespace_uris[i].ns;
	struct str core = uri_core(uri, room);
	for (size_t i = 0; i < n && core.n; i++)
		if (str_ieq(core, uri_core(str_of(namespace_uris[i].uri), known))) {
			*ret_repaired = true;
			return namespace_uris[i].ns;
		}
	return NS_OTHER;
}

/* The host of a URI, and so the part of it that nobody gets wrong. */
static struct str uri_host(struct str core)
{
	return str_head(core, str_chr(core, '/'));
}

enum ns namespace_guess(struct str uri, struct str prefix)
{
	enum ns ns = namespace_of_prefix(prefix);
	char room[URI_MAX], known[URI_MAX];
	struct str host = uri_host(uri_core(uri, room));

	if (ns == NS_OTHER || ns == NS_NONE)
		return NS_OTHER;
	for (size_t i = 0; i < sizeof namespace_uris / sizeof *namespace_uris && host.n; i++)
		if (namespace_uris[i].ns == ns &&
			str_ieq(host, uri_host(uri_core(str_of(namespace_uris[i].uri), known))))
			return ns;
	return NS_OTHER;
}

enum ns namespace_of_prefix(struct str prefix)
{
	for (size_t i = 0; i < sizeof namespace_prefixes / sizeof *namespace_prefixes; i++)
		if (str_is(prefix, namespace_prefixes[i].prefix))
			return namespace_prefixes[i].ns;
	return NS_OTHER;
}

static bool same_name(const struct element *e, enum ns ns, const char *name)
{
	return e->name && e->ns == ns && !strcmp(e->name, name);
}

/* Case counts in XML, but RSS feeds write <pubdate> and <GUID>: the exact name first, then any
 * case of RSS's own elements. Asked once per name and document, so a walk is good enough. */
const struct element *vocabulary_first(enum ns ns, const char *name)
{
	for (size_t v = 0; v < N_VOCABULARIES; v++)
		for (size_t i = 0; i < vocabularies[v]->n; i++)
			if (same_name(&vocabularies[v]->rows[i], ns, name))
				return &vocabularies[v]->rows[i];
	if (ns != NS_NONE)
		return NULL;
	for (size_t i = 0; i < vocabulary_rss.n; i++) {
		const struct element *e = &vocabulary_rss.rows[i];
		if (e->name && str_ieq(str_of(e->name), str_of(name)))
			return e;
	}
	return NULL;
}

const struct element *vocabulary_next(const struct element *e)
{
	return same_name(e + 1, e->ns, e->name) ? e + 1 : NULL;
}
