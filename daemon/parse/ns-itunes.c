/* Podcasts: what of Apple's and Google's elements a newswire can use. They rank below RSS's own. */
#include "parse/format.h"

static void start_image(struct parser *p, const struct element *e, const struct attributes *a)
{
	struct str href = str_trim(xml_attribute(p, a, "href"));

	if (!href.n)
		href = str_trim(xml_attribute(p, a, "url"));
	if (!href.n || !build_claim(p, SLOT_IMAGE, e->rank))
		return;
	*build_string(p, SLOT_IMAGE) = href;
	*(p->in_entry ? &p->entry.image_base : &p->document.image_base) = xml_base(p);
}

static void start_category(struct parser *p, const struct element *e, const struct attributes *a)
{
	(void)e;
	build_add_category(
		p, str_trim(xml_attribute(p, a, "text")), STR("http://www.itunes.com/"), STR_NONE);
}

static void end_keywords(struct parser *p, const struct element *e, struct str text)
{
	(void)e;
	build_add_keywords(p, text, STR("http://www.itunes.com/"));
}

/* Of the episode's sound, which is its first enclosure and may come after this. */
static void end_duration(struct parser *p, const struct element *e, struct str text)
{
	(void)e;
	if (text.n && !p->entry.duration.p)
		p->entry.duration = build_copy(p, text);
}

#define TEXT   .collect = COLLECT_TEXT
#define MARKUP .collect = COLLECT_MARKUP, .end = build_end_text

static const struct element rows[] = {
	{NS_ITUNES, "title", IN_BOTH, MARKUP, .slot = SLOT_TITLE, .rank = 1},
	{NS_ITUNES, "summary", IN_BOTH, MARKUP, .slot = SLOT_SUMMARY, .rank = 2},
	{NS_ITUNES, "subtitle", IN_BOTH, MARKUP, .slot = SLOT_SUMMARY, .rank = 1},
	{NS_ITUNES, "author", IN_BOTH, TEXT, .rank = 2, .end = build_end_author},
	{NS_ITUNES, "image", IN_ENTRY, .rank = 4, .start = start_image},
	{NS_ITUNES, "image", IN_FEED, .rank = 4, .start = start_image},
	{NS_ITUNES, "link", IN_FEED, .rank = 4, .start = start_image},
	{NS_ITUNES, "category", IN_FEED, .inner = SCOPE_CHANNEL, .start = start_category},
	{NS_ITUNES, "duration", IN_ENTRY, TEXT, .end = end_duration},
	{NS_ITUNES, "keywords", IN_BOTH, TEXT, .end = end_keywords},
	{NS_GOOGLEPLAY, "description", IN_BOTH, MARKUP, .slot = SLOT_SUMMARY, .rank = 1},
	{NS_GOOGLEPLAY, "author", IN_BOTH, TEXT, .rank = 1, .end = build_end_author},
	{NS_GOOGLEPLAY, "image", IN_BOTH, .rank = 1, .start = start_image},
	{0},
};

const struct vocabulary vocabulary_itunes = VOCABULARY(rows);
