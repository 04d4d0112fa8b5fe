/* The entry point: what kind of document this is, and what to say of one that is no feed. */
#include "parse/parse.h"

#include <errno.h>
#include <stdlib.h>

#include "parse/format.h"

struct parser *parser_new(void)
{
	struct parser *p = mem_zalloc(1, sizeof *p);

	/* libxml2 sets its tables up on first use, without a lock; parsers are made before the
	 * threads that use them. */
	xmlInitParser();
	p->document_arena = p->entry_arena = ARENA_INIT;
	return p;
}

struct parser *parser_free(struct parser *p)
{
	if (!p)
		return NULL;
	xml_deinit(p);
	charset_close(&p->charset);
	arena_deinit(&p->document_arena);
	arena_deinit(&p->entry_arena);
	buf_deinit(&p->text);
	buf_deinit(&p->scratch);
	buf_deinit(&p->decoded);
	buf_deinit(&p->positions);
	free(p);
	return NULL;
}

int parser_read_beginning(struct parser *p, size_t max)
{
	buf_clear(&p->text);
	charset_rewind(&p->charset);
	while (p->text.n < max) {
		struct str piece;
		int r = charset_next(&p->charset, &piece);
		if (r < 0)
			return r;
		if (!piece.n)
			break;
		buf_str(&p->text, piece);
	}
	return 0;
}

/* ---- what is it, if no feed? ---- */

static bool contains(struct str s, const char *what)
{
	return str_ifind(s, str_of(what)) < s.n;
}

static int say_what(struct parser *p, struct error *error)
{
	static const struct {
		const char *root, *what;
	} known[] = {
		{"opml", "this is an OPML list of feeds, not a feed"},
		{"urlset", "this is a sitemap, not a feed"},
		{"sitemapindex", "this is a sitemap index, not a feed"},
		{"OpenSearchDescription", "this is an OpenSearch description, not a feed"},
		{"kml", "this is a KML map, not a feed"},
		{"svg", "this is an SVG picture, not a feed"},
		{"iCalendar", "this is a calendar in XML, not a feed"},
		{"Envelope", "this is a SOAP message, not a feed"},
		{"Error", "this is a storage service's error message, not a feed"},
	};
	struct str text = str_trim(buf_view(&p->text));

	if (!text.n)
		return error_set(
			error, EBADMSG, "the document is empty: not even a feed without items");
	if (str_is_i(str_of(p->root), "html") || contains(str_head(text, 1024), "<!doctype html") ||
		contains(str_head(text, 4096), "<html") ||
		contains(str_head(text, 4096), "<head>")) {
		buf_clear(&p->decoded);
		size_t n = advertised_feeds(p, text, &p->decoded);
		if (!n)
			return error_set(error, EBADMSG, "this is an HTML page, not a feed");
		return error_set(error, EBADMSG, "this is an HTML page, not a feed; it names %s %s",
			n > 1 ? "feeds at" : "a feed at", buf_cstr(&p->decoded));
	}
	if (contains(text, "<rss") || contains(text, "<feed") || contains(text, "<rdf:RDF"))
		return error_set(error, EBADMSG, "this feed is cut off before it says anything");
	for (size_t i = 0; i < sizeof known / sizeof *known; i++)
		if (str_is_i(str_of(p->root), known[i].root))
			return error_set(error, EBADMSG, "%s", known[i].what);
	if (p->root[0])
		return error_set(
			error, EBADMSG, "this is XML with the root <%s>, not a feed", p->root);
	if (str_starts(text, STR("%PDF")))
		return error_set(error, EBADMSG, "this is a PDF file, not a feed");
	if (str_starts(text, STR("BEGIN:VCALENDAR")))
		return error_set(error, EBADMSG, "this is an iCalendar file, not a feed");
	return error_set(error, EBADMSG, "this is neither XML nor JSON, so it is no feed");
}

/* ---- running ---- */

void parser_hint(struct parser *p, const struct parse_hints *hints)
{
	static const struct parse_hints none = {{NULL, 0}, {NULL, 0}, {NULL, 0}, {NULL, 0}};

	if (!hints)
		hints = &none;
	arena_reset(&p->document_arena);
	memset(&p->document, 0, sizeof p->document);
	p->document.url = arena_str(&p->document_arena, hints->url);
	p->hint_base = arena_str(&p->document_arena, str_trim(hints->content_location));
	if (!p->hint_base.n)
		p->hint_base = STR_NONE;
	/* Content-Language may list several: then it says nothing of this text. */
	struct str language = str_trim(hints->content_language);
	p->hint_language = language.n && str_chr(language, ',') == language.n
				   ? arena_str(&p->document_arena, language)
				   : STR_NONE;
}

int parse_run(struct parser *p, const struct body *body, const struct parse_hints *hints,
	struct parse_sink *sink, const struct document **ret_document, struct error *error)
{
	parser_hint(p, hints);
	p->sink = sink;
	p->error = 0;
	p->replay = 0;
	int r = charset_open(&p->charset, body, hints ? hints->content_type : STR_NONE);
	if (r < 0)
		return error_errno(error, -r, "cannot read the body");
	p->document.encoding = arena_str(&p->document_arena, str_of(p->charset.name));
	p->document.encoding_from = p->charset.why;
	struct str start;
	r = charset_next(&p->charset, &start);
	if (r < 0)
		return error_errno(error, -r, "cannot read the body");
	start = str_trim(start);
	if (start.n && (start.p[0] == '{' || start.p[0] == '['))
		r = jsonfeed_run(p, error);
	else
		r = xml_run(p, error);
	charset_rewind(&p->charset);
	if (!r && !p->error && p->not_feed) {
		r = parser_read_beginning(p, PARSE_SNIFF_MAX);
		r = r < 0 ? error_errno(error, -r, "cannot read the body") : say_what(p, error);
	}
	/* A text of the largest size is rare: its memory is not kept. */
	buf_shrink(&p->text, PARSE_ATTRIBUTE_MAX);
	buf_shrink(&p->mended, PARSE_ATTRIBUTE_MAX);
	buf_shrink(&p->scratch, PARSE_ATTRIBUTE_MAX);
	buf_shrink(&p->positions, PARSE_ATTRIBUTE_MAX);
	charset_close(&p->charset);
	if (r < 0)
		return r;
	if (p->error)
		return p->error;
	*ret_document = &p->document;
	return 0;
}
