/* Atom 1.0 (RFC 4287) and 0.3, and Atom's elements inside RSS. Rows of one name stand together:
 * the look-up relies on it. */
#include "parse/format.h"

static bool is_atom03(struct str uri)
{
	return str_istarts(uri, STR("http://purl.org/atom/ns")) ||
	       str_starts(uri, STR("uri/of/echo")) ||
	       str_istarts(uri, STR("http://purl.org/echo")) ||
	       str_istarts(uri, STR("http://purl.org/pie"));
}

static void start_feed(struct parser *p, const struct element *e, const struct attributes *a)
{
	struct str version = str_trim(xml_attribute(p, a, "version"));

	(void)e;
	p->document.format = FORMAT_ATOM;
	for (int i = 0; i < p->n_root_namespaces; i++) {
		struct str uri = str_of((const char *)p->root_namespaces[(ptrdiff_t)i * 2 + 1]);
		if (is_atom03(uri))
			p->document.format = FORMAT_ATOM03;
		else if (str_ifind(uri, STR("www.w3.org/2005/atom")) < uri.n)
			p->document.format = FORMAT_ATOM10;
	}
	if (str_is(version, "0.3"))
		p->document.format = FORMAT_ATOM03;
	else if (str_is(version, "1.0"))
		p->document.format = FORMAT_ATOM10;
}

static void start_entry(struct parser *p, const struct element *e, const struct attributes *a)
{
	if (!p->document.format)
		start_feed(p, e, a);
}

/* ---- text constructs ---- */

/* The type attribute: a word (1.0) or a media type (0.3, content). */
static enum text_type text_type(struct parser *p, struct str type, struct str mode)
{
	bool old = p->document.format == FORMAT_ATOM03;

	if (str_is_i(mode, "base64")) {
		p->text_base64 = true;
		return str_is_i(type, "text/plain") || !type.n ? TEXT_LIKELY : TEXT_HTML;
	}
	if (!type.n || str_is_i(type, "text") || str_is_i(type, "text/plain"))
		return TEXT_PLAIN;
	if (str_is_i(type, "html") || str_is_i(type, "text/html"))
		return TEXT_HTML;
	if (str_is_i(type, "xhtml")) {
		p->text_is_atom = true;
		return TEXT_XHTML;
	}
	if (str_is_i(type, "application/xhtml+xml"))
		return old && str_is_i(mode, "escaped") ? TEXT_HTML : TEXT_XHTML;
	if (str_ends(type, STR("+xml")) || str_ends(type, STR("/xml")))
		return TEXT_XHTML;
	if (!old && !str_istarts(type, STR("text/")) && str_chr(type, '/') < type.n)
		p->text_base64 = true;
	return TEXT_LIKELY;
}

static void start_text(struct parser *p, const struct element *e, const struct attributes *a)
{
	struct str type = str_trim(xml_attribute(p, a, "type"));

	(void)e;
	text_begin(p, text_type(p, type, str_trim(xml_attribute(p, a, "mode"))));
}

static void start_content(struct parser *p, const struct element *e, const struct attributes *a)
{
	struct str src = str_trim(xml_attribute(p, a, "src"));

	start_text(p, e, a);
	if (!src.n)
		return;
	/* Out of line: the content is elsewhere, so it is a link of the entry. */
	struct enclosure enclosure = {
		.url = src, .type = xml_attribute(p, a, "type"), .base = xml_base(p)};
	build_add_enclosure(p, &enclosure);
	p->text_base64 = false;
}

/* ---- links ---- */

static void start_link(struct parser *p, const struct element *e, const struct attributes *a)
{
	struct link link = {.href = str_trim(xml_attribute(p, a, "href")),
		.rel = str_trim(xml_attribute(p, a, "rel")),
		.type = xml_attribute(p, a, "type"),
		.hreflang = xml_attribute(p, a, "hreflang"),
		.title = xml_attribute(p, a, "title"),
		.length = xml_attribute(p, a, "length"),
		.base = xml_base(p)};

	(void)e;
	if (str_istarts(link.rel, STR("http://www.iana.org/assignments/relation/")))
		link.rel =
			str_skip(link.rel, sizeof "http://www.iana.org/assignments/relation/" - 1);
	p->link = link;
	p->link_open = true;
}

static bool is_page(struct str type)
{
	return !type.n || str_istarts(type, STR("text/html")) ||
	       str_istarts(type, STR("application/xhtml"));
}

/* What a link means besides being one. */
static void use_link(struct parser *p, const struct link *link)
{
	struct str rel = link->rel.n ? link->rel : STR("alternate");

	if (str_is_i(rel, "alternate")) {
		/* In an Atom document its own link; in RSS one among others, after <link>. A page
		 * goes before other types. */
		unsigned rank = (document_is_atom(&p->document) ? 5 : 2) + is_page(link->type);
		if (build_claim(p, SLOT_LINK, rank)) {
			*build_string(p, SLOT_LINK) = link->href;
			*(p->in_entry ? &p->entry.link_base : &p->document.link_base) = link->base;
		}
	} else if (str_is_i(rel, "enclosure") && p->in_entry) {
		struct enclosure enclosure = {.url = link->href,
			.type = link->type,
			.length = link->length,
			.title = link->title,
			.base = link->base};
		build_add_enclosure(p, &enclosure);
	} else if (str_is_i(rel, "self") && !p->in_entry && !p->document.feed_url.p) {
		p->document.feed_url = link->href;
	} else if (str_is_i(rel, "license") && p->in_entry && build_claim(p, SLOT_LICENSE, 4)) {
		p->entry.license = link->href;
	} else if (str_is_i(rel, "replies") && p->in_entry && is_page(link->type) &&
		   build_claim(p, SLOT_COMMENTS, 3)) {
		p->entry.comments = link->href;
		p->entry.comments_base = link->base;
	}
}

static void end_link(struct parser *p, const struct element *e, struct str text)
{
	(void)e;
	if (!p->link_open)
		return;
	p->link_open = false;
	/* <link>URL</link>, as if it were RSS. */
	if (!p->link.href.n && text.n)
		p->link.href = build_copy(p, text);
	if (!p->link.href.n)
		return;
	build_add_link(p, &p->link);
	use_link(p, &p->link);
}

static void end_source_link(struct parser *p, const struct element *e, struct str text)
{
	(void)e;
	if (!p->link_open)
		return;
	p->link_open = false;
	if (!p->link.href.n && text.n)
		p->link.href = build_copy(p, text);
	if (p->link.href.n && (!p->link.rel.n || str_is_i(p->link.rel, "alternate")) &&
		build_claim(p, SLOT_SOURCE_URL, 4 + is_page(p->link.type))) {
		p->entry.source.url = p->link.href;
		p->entry.source.base = p->link.base;
	}
}

/* ---- the rest ---- */

static void start_category(struct parser *p, const struct element *e, const struct attributes *a)
{
	(void)e;
	p->attribute[0] = xml_attribute(p, a, "term");
	p->attribute[1] = xml_attribute(p, a, "scheme");
	p->attribute[2] = xml_attribute(p, a, "label");
	if (!p->attribute[0].n && p->attribute[2].n)
		p->attribute[0] = STR_NONE;
}

static void end_category(struct parser *p, const struct element *e, struct str text)
{
	struct str term = p->attribute[0];

	(void)e;
	if (!term.n)
		term = text.n ? build_copy(p, text) : STR_NONE;
	build_add_category(p, term, p->attribute[1], p->attribute[2]);
}

static void start_author(struct parser *p, const struct element *e, const struct attributes *a)
{
	(void)a;
	p->person = build_add_person(p, e->slot != SLOT_AUTHOR, e->rank);
	if (p->person)
		p->person->base = xml_base(p);
}

static void end_author(struct parser *p, const struct element *e, struct str text)
{
	(void)e;
	(void)text;
	p->person = NULL;
}

static void end_person_name(struct parser *p, const struct element *e, struct str text)
{
	(void)e;
	if (p->person && text.n && !p->person->name.p) {
		struct person split = {.name = STR_NONE};
		person_from_text(&split, build_copy(p, text));
		p->person->name = split.name;
		if (split.email.p && !p->person->email.p)
			p->person->email = split.email;
	}
}

static void end_person_email(struct parser *p, const struct element *e, struct str text)
{
	(void)e;
	if (str_istarts(text, STR("mailto:")))
		text = str_skip(text, 7);
	if (p->person && text.n)
		p->person->email = build_copy(p, text);
}

static void end_person_uri(struct parser *p, const struct element *e, struct str text)
{
	(void)e;
	if (p->person && text.n && !p->person->uri.p) {
		p->person->uri = build_copy(p, text);
		p->person->base = p->text_base;
	}
}

static void start_generator(struct parser *p, const struct element *e, const struct attributes *a)
{
	(void)e;
	p->document.generator_url = str_trim(xml_attribute(p, a, "uri"));
	if (!p->document.generator_url.n)
		p->document.generator_url = str_trim(xml_attribute(p, a, "url"));
	if (!p->document.generator_url.n)
		p->document.generator_url = STR_NONE;
	p->document.generator_version = xml_attribute(p, a, "version");
}

static void start_source(struct parser *p, const struct element *e, const struct attributes *a)
{
	(void)e;
	(void)a;
	p->entry.has_source = true;
	p->entry.source.base = xml_base(p);
}

static void end_logo(struct parser *p, const struct element *e, struct str text)
{
	build_end_string(p, e, text);
	if (!p->document.image_base.p)
		p->document.image_base = p->text_base;
}

#define TEXT      .collect = COLLECT_TEXT
#define MARKUP    .collect = COLLECT_MARKUP
#define STRING    TEXT, .end = build_end_string
#define CONSTRUCT MARKUP, .start = start_text, .end = build_end_text

static const struct element rows[] = {
	{NS_ATOM, "feed", IN(OUTSIDE), .inner = SCOPE_FEED, .start = start_feed},
	{NS_NONE, "feed", IN(OUTSIDE), .inner = SCOPE_FEED, .start = start_feed},
	{NS_ATOM, "entry", IN(OUTSIDE) | IN(FEED) | IN(WRAP), .inner = SCOPE_ENTRY,
		.start = start_entry},

	{NS_ATOM, "title", IN_ENTRY | IN(FEED), CONSTRUCT, .slot = SLOT_TITLE, .rank = 6},
	{NS_ATOM, "title", IN(CHANNEL), CONSTRUCT, .slot = SLOT_TITLE, .rank = 2},
	{NS_ATOM, "title", IN(SOURCE), CONSTRUCT, .slot = SLOT_SOURCE_TITLE, .rank = 5},
	{NS_ATOM, "subtitle", IN_FEED, CONSTRUCT, .slot = SLOT_SUMMARY, .rank = 4},
	{NS_ATOM, "tagline", IN_FEED, CONSTRUCT, .slot = SLOT_SUMMARY, .rank = 3},
	{NS_ATOM, "summary", IN_ENTRY, CONSTRUCT, .slot = SLOT_SUMMARY, .rank = 4},
	{NS_ATOM, "content", IN_ENTRY, MARKUP, .slot = SLOT_CONTENT, .rank = 5,
		.start = start_content, .end = build_end_text},
	{NS_ATOM, "rights", IN_BOTH, CONSTRUCT, .slot = SLOT_RIGHTS, .rank = 5},
	{NS_ATOM, "copyright", IN_BOTH, CONSTRUCT, .slot = SLOT_RIGHTS, .rank = 4},
	{NS_ATOM, "id", IN_BOTH, STRING, .slot = SLOT_ID, .rank = 4},
	{NS_ATOM, "id", IN(SOURCE), STRING, .slot = SLOT_SOURCE_ID, .rank = 4},
	{NS_ATOM, "link", IN_BOTH, TEXT, .start = start_link, .end = end_link},
	{NS_ATOM, "link", IN(SOURCE), TEXT, .start = start_link, .end = end_source_link},

	{NS_ATOM, "published", IN_BOTH, STRING, .slot = SLOT_PUBLISHED, .rank = 6},
	{NS_ATOM, "issued", IN_BOTH, STRING, .slot = SLOT_PUBLISHED, .rank = 4},
	{NS_ATOM, "updated", IN_BOTH, STRING, .slot = SLOT_UPDATED, .rank = 6},
	{NS_ATOM, "updated", IN(SOURCE), STRING, .slot = SLOT_SOURCE_UPDATED, .rank = 6},
	{NS_ATOM, "modified", IN_BOTH, STRING, .slot = SLOT_UPDATED, .rank = 4},
	{NS_ATOM, "modified", IN(SOURCE), STRING, .slot = SLOT_SOURCE_UPDATED, .rank = 4},
	{NS_ATOM, "created", IN_BOTH, STRING, .slot = SLOT_CREATED, .rank = 4},

	{NS_ATOM, "category", IN_BOTH, TEXT, .start = start_category, .end = end_category},
	{NS_ATOM, "author", IN_BOTH, .inner = SCOPE_PERSON, .slot = SLOT_AUTHOR, .rank = 6,
		.start = start_author, .end = end_author},
	{NS_ATOM, "contributor", IN_BOTH, .inner = SCOPE_PERSON, .start = start_author,
		.end = end_author},
	{NS_ATOM, "name", IN(PERSON), TEXT, .end = end_person_name},
	{NS_ATOM, "email", IN(PERSON), TEXT, .end = end_person_email},
	{NS_ATOM, "uri", IN(PERSON), TEXT, .end = end_person_uri},
	{NS_ATOM, "url", IN(PERSON), TEXT, .end = end_person_uri},
	{NS_ATOM, "homepage", IN(PERSON), TEXT, .end = end_person_uri},

	{NS_ATOM, "generator", IN_FEED, TEXT, .slot = SLOT_GENERATOR, .rank = 6,
		.start = start_generator, .end = build_end_string},
	{NS_ATOM, "icon", IN(FEED), TEXT, .slot = SLOT_ICON, .rank = 5, .end = end_logo},
	{NS_ATOM, "logo", IN(FEED), TEXT, .slot = SLOT_LOGO, .rank = 5, .end = end_logo},
	{NS_ATOM, "source", IN_ENTRY, .inner = SCOPE_SOURCE, .start = start_source},
	{0},
};

const struct vocabulary vocabulary_atom = VOCABULARY(rows);
