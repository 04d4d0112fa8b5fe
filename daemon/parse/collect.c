/* The text of an element that collects it. Characters are appended to one buffer; in a text construct
 * tags are written again as markup, so that inline XHTML (and the tags that RSS feeds forget to
 * escape) come out as the HTML they mean. */
#include "parse/format.h"

#include "base/scan.h"

SCAN_INLINE scan_bytes is_markup(scan_bytes v)
{
	return scan_is(v, '&') | scan_is(v, '<') | scan_is(v, '>') | scan_is(v, '"');
}

static void add_escaped(struct buf *out, const char *s, size_t n, bool quotes)
{
	struct str text = {s, n};

	for (size_t i = 0, from = 0;; i++) {
		i = scan_find(text, i, is_markup);
		if (i < n && s[i] == '"' && !quotes)
			continue;
		buf_add(out, s + from, i - from);
		if (i == n)
			return;
		if (s[i] == '&')
			buf_lit(out, "&amp;");
		else if (s[i] == '<')
			buf_lit(out, "&lt;");
		else if (s[i] == '>')
			buf_lit(out, "&gt;");
		else
			buf_lit(out, "&quot;");
		from = i + 1;
	}
}

void collect_characters(void *user, const xmlChar *s, int n)
{
	struct parser *p = user;

	if (!p->collect_depth || p->stop || n <= 0)
		return;
	size_t room = p->text.n < PARSE_TEXT_MAX ? PARSE_TEXT_MAX - p->text.n : 0;
	struct str text = {(const char *)s, (size_t)n};
	if (text.n > room) {
		p->document.flaws |= FLAW_LIMIT_REACHED;
		text.n = utf8_valid_prefix(str_head(text, room));
	}
	if (p->text_escape)
		add_escaped(&p->text, text.p, text.n, false);
	else
		buf_str(&p->text, text);
}

/* The first tag inside a text: what came before becomes markup, too. Where it was escaped HTML
 * already, the tags simply join it. */
static void text_becomes_markup(struct parser *p)
{
	struct str before = buf_view(&p->text);
	bool html = p->text_type == TEXT_HTML ||
		    (p->text_type == TEXT_LIKELY && str_chr(before, '<') < before.n);

	if (html) {
		p->text_type = TEXT_HTML;
		return;
	}
	p->text_type = TEXT_XHTML;
	p->text_escape = true;
	buf_clear(&p->scratch);
	add_escaped(&p->scratch, before.p, before.n, false);
	buf_clear(&p->text);
	buf_str(&p->text, buf_view(&p->scratch));
}

static bool is_void(const xmlChar *name)
{
	static const char *const names[] = {"area", "br", "col", "embed", "hr", "img", "input",
		"link", "meta", "source", "track", "wbr"};

	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		if (!strcmp((const char *)name, names[i]))
			return true;
	return false;
}

static void write_name(struct buf *out, const xmlChar *prefix, const xmlChar *name, bool keep)
{
	if (prefix && keep) {
		buf_str(out, xml_str(prefix));
		buf_char(out, ':');
	}
	buf_str(out, xml_str(name));
}

static bool is_markup_namespace(enum ns ns)
{
	return ns == NS_XHTML || ns == NS_SVG || ns == NS_MATHML || ns == NS_ATOM || ns == NS_NONE;
}

static void write_attribute(struct parser *p, const xmlChar **at)
{
	struct str name = xml_str(at[0]), value = {(const char *)at[3], (size_t)(at[4] - at[3])};
	bool is_xml = at[1] && !strcmp((const char *)at[1], "xml");

	if (is_xml && str_is(name, "base"))
		return; /* resolved below */
	buf_char(&p->text, ' ');
	write_name(&p->text, is_xml && str_is(name, "lang") ? NULL : at[1], at[0], true);
	buf_lit(&p->text, "=\"");
	buf_clear(&p->scratch);
	parser_decode(p, &p->scratch, value);
	struct str decoded = buf_view(&p->scratch);
	struct str base = p->inner_base;
	if (base.p && !at[1] && (str_is(name, "href") || str_is(name, "src"))) {
		struct str joined = xml_resolve(p, decoded, base);
		add_escaped(&p->text, joined.p, joined.n, true);
	} else {
		add_escaped(&p->text, decoded.p, decoded.n, true);
	}
	buf_char(&p->text, '"');
}

/* xml:base inside the markup itself: rare, so its URLs are resolved as they are written. */
static void inner_base(struct parser *p, const struct attributes *a, struct frame *frame)
{
	p->inner_base = frame->base.p == p->text_base.p ? STR_NONE : frame->base;
	for (int i = 0; i < a->n; i++) {
		const xmlChar **at = a->p + (ptrdiff_t)i * 5;
		if (at[1] && !strcmp((const char *)at[1], "xml") &&
			!strcmp((const char *)at[0], "base")) {
			struct str outer = frame->base.p ? frame->base : p->document.base;
			frame->base = xml_resolve(p, xml_attribute_value(p, at), outer);
			p->inner_base = frame->base;
		}
	}
}

void collect_start(struct parser *p, const xmlChar *name, const xmlChar *prefix, const xmlChar *uri,
	int n_namespaces, const xmlChar **namespaces, const struct attributes *a)
{
	struct frame *frame = &p->stack[p->depth];
	enum ns ns = uri ? xml_name(p, name, prefix, uri)->ns : NS_NONE;

	if (p->collect != COLLECT_MARKUP)
		return;
	if (p->text.n >= PARSE_TEXT_MAX) {
		p->document.flaws |= FLAW_LIMIT_REACHED;
		return;
	}
	if (!p->text_escape && p->text_type != TEXT_HTML)
		text_becomes_markup(p);
	inner_base(p, a, frame);
	if (p->text_type == TEXT_XHTML && p->text_is_atom && p->depth == p->collect_depth + 1 &&
		!strcmp((const char *)name, "div") && !str_trim(buf_view(&p->text)).n) {
		/* RFC 4287, 3.1.1.3: the div itself is not part of the text. */
		p->text_skipped_div = p->depth;
		if (p->inner_base.p)
			p->text_base = p->inner_base;
		return;
	}
	buf_char(&p->text, '<');
	write_name(&p->text, prefix, name, !is_markup_namespace(ns));
	for (int i = 0; i < n_namespaces; i++)
		if (!namespaces[(ptrdiff_t)i * 2] && (ns == NS_SVG || ns == NS_MATHML)) {
			buf_lit(&p->text, " xmlns=\"");
			struct str value = xml_str(namespaces[(ptrdiff_t)i * 2 + 1]);
			add_escaped(&p->text, value.p, value.n, true);
			buf_char(&p->text, '"');
		}
	for (int i = 0; i < a->n; i++)
		write_attribute(p, a->p + (ptrdiff_t)i * 5);
	buf_str(&p->text, is_void(name) ? STR(" />") : STR(">"));
}

void collect_end(struct parser *p, const xmlChar *name, const xmlChar *prefix, const xmlChar *uri)
{
	enum ns ns = uri ? xml_name(p, name, prefix, uri)->ns : NS_NONE;

	if (p->collect != COLLECT_MARKUP || p->text.n >= PARSE_TEXT_MAX || is_void(name))
		return;
	if (p->text_skipped_div == p->depth) {
		p->text_skipped_div = 0;
		return;
	}
	buf_lit(&p->text, "</");
	write_name(&p->text, prefix, name, !is_markup_namespace(ns));
	buf_char(&p->text, '>');
}

void text_begin(struct parser *p, enum text_type type)
{
	p->text_type = type;
	p->text_escape = type == TEXT_XHTML;
}

void collect_begin(struct parser *p, const struct element *e)
{
	buf_clear(&p->text);
	p->collect_depth = p->depth;
	p->collect = e->collect;
	p->text_type = TEXT_LIKELY;
	p->text_escape = p->text_base64 = p->text_is_atom = false;
	p->text_skipped_div = 0;
	p->text_base = xml_base(p);
	p->text_language = xml_language(p);
	p->attribute[0] = p->attribute[1] = STR_NONE;
}
