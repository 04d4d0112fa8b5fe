/* RSS 0.90, 0.91, 0.92, 0.93, 0.94, 2.0, and what calls itself RSS. RSS 1.0 (rdf.c) has the same
 * elements inside its items. Rows of one name stand together: the look-up relies on it. */
#include "parse/format.h"

static void start_rss(struct parser *p, const struct element *e, const struct attributes *a)
{
	static const struct {
		const char *version;
		enum document_format format;
	} formats[] = {{"0.90", FORMAT_RSS090}, {"0.91", FORMAT_RSS091U}, {"0.92", FORMAT_RSS092},
		{"0.93", FORMAT_RSS093}, {"0.94", FORMAT_RSS094}, {"1.0", FORMAT_RSS10}};
	struct str version = str_trim(xml_attribute(p, a, "version"));

	(void)e;
	p->document.format = version.n && version.p[0] == '2' ? FORMAT_RSS20 : FORMAT_RSS;
	for (size_t i = 0; i < sizeof formats / sizeof *formats; i++)
		if (str_is(version, formats[i].version))
			p->document.format = formats[i].format;
	if (p->document.format == FORMAT_RSS091U && p->netscape)
		p->document.format = FORMAT_RSS091N;
}

/* A <channel> without <rss> around it. */
static void start_channel(struct parser *p, const struct element *e, const struct attributes *a)
{
	(void)e;
	if (!p->document.format)
		p->document.format = FORMAT_RSS;
	struct str about = xml_attribute_ns(p, a, NS_RDF, "about");
	if (about.n && build_claim(p, SLOT_ID, 1))
		p->document.id = about;
}

static void start_item(struct parser *p, const struct element *e, const struct attributes *a)
{
	(void)e;
	/* In RSS 0.90 and 1.0 items do stand beside the channel. */
	if (p->depth < 3 && p->document.format != FORMAT_RSS10 &&
		p->document.format != FORMAT_RSS090)
		p->document.flaws |= FLAW_ITEMS_OUTSIDE_CHANNEL;
	struct str about = xml_attribute_ns(p, a, NS_RDF, "about");
	if (about.n && build_claim(p, SLOT_ID, 1))
		p->entry.id = about;
}

static void start_guid(struct parser *p, const struct element *e, const struct attributes *a)
{
	(void)e;
	p->attribute[0] = xml_attribute(p, a, "isPermaLink");
}

static void end_guid(struct parser *p, const struct element *e, struct str text)
{
	if (!text.n || !build_claim(p, SLOT_ID, e->rank))
		return;
	p->entry.id = build_copy(p, text);
	p->entry.id_is_permalink = !str_is_i(str_trim(p->attribute[0]), "false");
	p->entry.link_base = p->entry.link.p ? p->entry.link_base : p->text_base;
}

static void end_link(struct parser *p, const struct element *e, struct str text)
{
	if (!text.n || !build_claim(p, SLOT_LINK, e->rank))
		return;
	*build_string(p, SLOT_LINK) = build_copy(p, text);
	*(p->in_entry ? &p->entry.link_base : &p->document.link_base) = p->text_base;
}

/* <link href="…"/> as in Atom, in RSS without its namespace. */
static void start_link(struct parser *p, const struct element *e, const struct attributes *a)
{
	struct str rel = xml_attribute(p, a, "rel"), href = str_trim(xml_attribute(p, a, "href"));

	if (!href.n || !(str_is_none(rel) || str_is(rel, "alternate")))
		return;
	end_link(p, e, href);
}

static void end_comments(struct parser *p, const struct element *e, struct str text)
{
	if (!text.n || !build_claim(p, SLOT_COMMENTS, e->rank))
		return;
	p->entry.comments = build_copy(p, text);
	p->entry.comments_base = p->text_base;
}

/* Beside a <description>, a <summary> is the longer text of the two. */
static void end_summary(struct parser *p, const struct element *e, struct str text)
{
	static const struct element as_content = {.slot = SLOT_CONTENT, .rank = 1};

	build_end_text(p, p->entry_rank[SLOT_SUMMARY] ? &as_content : e, text);
}

static void start_category(struct parser *p, const struct element *e, const struct attributes *a)
{
	(void)e;
	p->attribute[0] = xml_attribute(p, a, "domain");
}

static void end_category(struct parser *p, const struct element *e, struct str text)
{
	(void)e;
	build_add_category(p, build_copy(p, text), p->attribute[0], STR_NONE);
}

static void start_enclosure(struct parser *p, const struct element *e, const struct attributes *a)
{
	struct enclosure enclosure = {.url = str_trim(xml_attribute(p, a, "url")),
		.type = xml_attribute(p, a, "type"),
		.length = xml_attribute(p, a, "length"),
		.base = xml_base(p)};

	(void)e;
	if (!enclosure.url.n)
		enclosure.url = str_trim(xml_attribute(p, a, "href"));
	if (enclosure.url.n)
		build_add_enclosure(p, &enclosure);
}

static void start_source(struct parser *p, const struct element *e, const struct attributes *a)
{
	(void)e;
	p->entry.has_source = true;
	p->entry.source.url = str_trim(xml_attribute(p, a, "url"));
	p->entry.source.base = xml_base(p);
}

static void end_image_url(struct parser *p, const struct element *e, struct str text)
{
	if (!text.n || !build_claim(p, SLOT_IMAGE, e->rank))
		return;
	*build_string(p, SLOT_IMAGE) = build_copy(p, text);
	*(p->in_entry ? &p->entry.image_base : &p->document.image_base) = p->text_base;
}

/* The skipHours and skipDays lists: values joined by blanks. */
static void end_skip(struct parser *p, const struct element *e, struct str text)
{
	struct str *at = build_string(p, e->slot);

	if (!at || !text.n || text.n > 16 || at->n > 256)
		return;
	*at = at->n ? arena_printf(p->arena, "%.*s %.*s", STR_FMT(*at), STR_FMT(text))
		    : build_copy(p, text);
}

#define TEXT   .collect = COLLECT_TEXT
#define MARKUP .collect = COLLECT_MARKUP

static const struct element rows[] = {
	{NS_NONE, "rss", IN(OUTSIDE) | IN(ROOT), .inner = SCOPE_ROOT, .start = start_rss},
	{NS_NONE, "channel", IN(OUTSIDE) | IN(ROOT), .inner = SCOPE_CHANNEL,
		.start = start_channel},
	{NS_NONE, "item", IN(ROOT) | IN(CHANNEL) | IN(WRAP), .inner = SCOPE_ITEM,
		.start = start_item},

	{NS_NONE, "title", IN(CHANNEL) | IN(ITEM), MARKUP, .slot = SLOT_TITLE, .rank = 5,
		.end = build_end_text},
	{NS_NONE, "title", IN(IMAGE), TEXT, .slot = SLOT_IMAGE_TITLE, .rank = 5,
		.end = build_end_string},
	{NS_NONE, "link", IN(CHANNEL) | IN(ITEM), TEXT, .slot = SLOT_LINK, .rank = 5,
		.start = start_link, .end = end_link},
	{NS_NONE, "link", IN(IMAGE), TEXT, .slot = SLOT_IMAGE_LINK, .rank = 5,
		.end = build_end_string},
	{NS_NONE, "description", IN(CHANNEL) | IN(ITEM), MARKUP, .slot = SLOT_SUMMARY, .rank = 5,
		.end = build_end_text},
	{NS_NONE, "tagline", IN(CHANNEL), MARKUP, .slot = SLOT_SUMMARY, .rank = 3,
		.end = build_end_text},
	{NS_NONE, "summary", IN(ITEM), MARKUP, .slot = SLOT_SUMMARY, .rank = 4, .end = end_summary},
	{NS_NONE, "body", IN(ITEM), MARKUP, .slot = SLOT_CONTENT, .rank = 3, .end = build_end_text},
	{NS_NONE, "fullitem", IN(ITEM), MARKUP, .slot = SLOT_CONTENT, .rank = 3,
		.end = build_end_text},
	{NS_NONE, "content", IN(ITEM), MARKUP, .slot = SLOT_CONTENT, .rank = 2,
		.end = build_end_text},
	{NS_NONE, "guid", IN(ITEM), TEXT, .slot = SLOT_ID, .rank = 5, .start = start_guid,
		.end = end_guid},
	{NS_NONE, "id", IN(CHANNEL) | IN(ITEM), TEXT, .slot = SLOT_ID, .rank = 3,
		.end = build_end_string},
	{NS_NONE, "comments", IN(ITEM), TEXT, .slot = SLOT_COMMENTS, .rank = 5,
		.end = end_comments},
	{NS_NONE, "category", IN(CHANNEL) | IN(ITEM), TEXT, .start = start_category,
		.end = end_category},
	{NS_NONE, "keywords", IN(ITEM), TEXT, .start = start_category, .end = end_category},
	{NS_NONE, "enclosure", IN_ENTRY, .start = start_enclosure},
	/* In Atom entries: left over from RSS. */
	{NS_ATOM, "enclosure", IN_ENTRY, .start = start_enclosure},
	{NS_NONE, "source", IN(ITEM), TEXT, .slot = SLOT_SOURCE_TITLE, .rank = 5,
		.start = start_source, .end = build_end_text},

	{NS_NONE, "author", IN(CHANNEL) | IN(ITEM), TEXT, .rank = 5, .end = build_end_author},
	{NS_NONE, "managingEditor", IN(CHANNEL), TEXT, .rank = 5, .end = build_end_author},
	{NS_NONE, "managingeditor", IN(CHANNEL), TEXT, .rank = 5, .end = build_end_author},
	{NS_NONE, "copyright", IN(CHANNEL) | IN(ITEM), MARKUP, .slot = SLOT_RIGHTS, .rank = 5,
		.end = build_end_text},
	{NS_NONE, "language", IN(CHANNEL) | IN(ITEM), TEXT, .slot = SLOT_LANGUAGE, .rank = 5,
		.end = build_end_string},

	{NS_NONE, "pubDate", IN(CHANNEL) | IN(ITEM), TEXT, .slot = SLOT_PUBLISHED, .rank = 5,
		.end = build_end_string},
	{NS_ATOM, "pubDate", IN_ENTRY, TEXT, .slot = SLOT_PUBLISHED, .rank = 2,
		.end = build_end_string},
	{NS_NONE, "published", IN(ITEM), TEXT, .slot = SLOT_PUBLISHED, .rank = 4,
		.end = build_end_string},
	{NS_NONE, "date", IN(CHANNEL) | IN(ITEM), TEXT, .slot = SLOT_PUBLISHED, .rank = 1,
		.end = build_end_string},
	{NS_NONE, "lastBuildDate", IN(CHANNEL), TEXT, .slot = SLOT_UPDATED, .rank = 5,
		.end = build_end_string},
	{NS_NONE, "updated", IN(ITEM), TEXT, .slot = SLOT_UPDATED, .rank = 5,
		.end = build_end_string},
	{NS_NONE, "expirationDate", IN(ITEM), TEXT, .slot = SLOT_EXPIRES, .rank = 5,
		.end = build_end_string},

	{NS_NONE, "image", IN(ROOT) | IN(CHANNEL) | IN(ITEM), .inner = SCOPE_IMAGE},
	{NS_NONE, "url", IN(IMAGE), TEXT, .slot = SLOT_IMAGE, .rank = 5, .end = end_image_url},
	{NS_NONE, "generator", IN(CHANNEL), TEXT, .slot = SLOT_GENERATOR, .rank = 5,
		.end = build_end_string},
	{NS_NONE, "ttl", IN(CHANNEL), TEXT, .slot = SLOT_TTL, .rank = 5, .end = build_end_string},
	{NS_NONE, "docs", IN(CHANNEL), TEXT, .slot = SLOT_DOCS, .rank = 5, .end = build_end_string},
	{NS_NONE, "skipHours", IN(CHANNEL), .inner = SCOPE_LIST},
	{NS_NONE, "skipDays", IN(CHANNEL), .inner = SCOPE_LIST},
	{NS_NONE, "hour", IN(LIST), TEXT, .slot = SLOT_SKIP_HOURS, .end = end_skip},
	{NS_NONE, "day", IN(LIST), TEXT, .slot = SLOT_SKIP_DAYS, .end = end_skip},
	{0},
};

const struct vocabulary vocabulary_rss = VOCABULARY(rows);
