/* Media RSS: pictures, films and sounds, alone or in groups. */
#include "parse/format.h"

static void start_content(struct parser *p, const struct element *e, const struct attributes *a)
{
	struct enclosure enclosure = {.url = str_trim(xml_attribute(p, a, "url")),
		.type = xml_attribute(p, a, "type"),
		.length = xml_attribute(p, a, "fileSize"),
		.duration = str_trim(xml_attribute(p, a, "duration")),
		.base = xml_base(p)};

	(void)e;
	p->media = NULL;
	if (!enclosure.url.n)
		return;
	/* Without a type the medium says as much as the kind of it. */
	if (!enclosure.type.n)
		enclosure.type = xml_attribute(p, a, "medium");
	p->media = build_add_enclosure(p, &enclosure);
	if (p->in_entry && str_istarts(enclosure.type, STR("image")) &&
		build_claim(p, SLOT_IMAGE, 2)) {
		p->entry.image = enclosure.url;
		p->entry.image_base = enclosure.base;
	}
}

static void end_content(struct parser *p, const struct element *e, struct str text)
{
	(void)e;
	(void)text;
	p->media = NULL;
}

static void start_thumbnail(struct parser *p, const struct element *e, const struct attributes *a)
{
	struct str url = str_trim(xml_attribute(p, a, "url"));

	if (!url.n || !build_claim(p, SLOT_IMAGE, e->rank))
		return;
	*build_string(p, SLOT_IMAGE) = url;
	*(p->in_entry ? &p->entry.image_base : &p->document.image_base) = xml_base(p);
}

static void start_text(struct parser *p, const struct element *e, const struct attributes *a)
{
	struct str type = xml_attribute(p, a, "type");

	(void)e;
	text_begin(p, str_is_i(type, "html")    ? TEXT_HTML
		      : str_is_i(type, "plain") ? TEXT_PLAIN
						: TEXT_LIKELY);
}

/* Of the medium we are in, else of the entry. */
static void end_title(struct parser *p, const struct element *e, struct str text)
{
	if (p->media && !p->media->title.p && text.n)
		p->media->title = build_copy(p, text);
	build_end_text(p, e, text);
}

static void start_category(struct parser *p, const struct element *e, const struct attributes *a)
{
	(void)e;
	p->attribute[0] = xml_attribute(p, a, "scheme");
	p->attribute[1] = xml_attribute(p, a, "label");
}

static void end_category(struct parser *p, const struct element *e, struct str text)
{
	(void)e;
	build_add_category(p, build_copy(p, text), p->attribute[0], p->attribute[1]);
}

static void end_keywords(struct parser *p, const struct element *e, struct str text)
{
	(void)e;
	build_add_keywords(p, text, STR_NONE);
}

/* media:credit role="author". */
static void start_credit(struct parser *p, const struct element *e, const struct attributes *a)
{
	(void)e;
	p->attribute[0] = xml_attribute(p, a, "role");
}

static void end_credit(struct parser *p, const struct element *e, struct str text)
{
	if (str_is_i(p->attribute[0], "author"))
		build_end_author(p, e, text);
}

#define IN_MEDIA (IN_ENTRY | IN(MEDIA))
#define TEXT     .collect = COLLECT_TEXT
#define MARKUP   .collect = COLLECT_MARKUP

static const struct element rows[] = {
	{NS_MEDIA, "group", IN_ENTRY, .inner = SCOPE_MEDIA},
	{NS_MEDIA, "content", IN_MEDIA, .inner = SCOPE_MEDIA, .start = start_content,
		.end = end_content},
	{NS_MEDIA, "thumbnail", IN_MEDIA | IN_FEED, .inner = SCOPE_MEDIA, .rank = 3,
		.start = start_thumbnail},
	{NS_MEDIA, "title", IN_MEDIA, MARKUP, .slot = SLOT_TITLE, .rank = 1, .start = start_text,
		.end = end_title},
	{NS_MEDIA, "description", IN_MEDIA, MARKUP, .slot = SLOT_SUMMARY, .rank = 1,
		.start = start_text, .end = build_end_text},
	{NS_MEDIA, "category", IN_MEDIA, TEXT, .start = start_category, .end = end_category},
	{NS_MEDIA, "keywords", IN_MEDIA, TEXT, .end = end_keywords},
	{NS_MEDIA, "credit", IN_MEDIA, TEXT, .rank = 1, .start = start_credit, .end = end_credit},
	{0},
};

const struct vocabulary vocabulary_media = VOCABULARY(rows);
