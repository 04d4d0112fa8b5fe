/* The podcast namespace ("podcasting 2.0"): what of it is of use outside of a player. Transcripts and
 * chapters are links, people are contributors, a place is a place. */
#include "parse/format.h"

static void add_link(struct parser *p, const struct attributes *a, const char *rel)
{
	struct link link = {.href = str_trim(xml_attribute(p, a, "url")),
		.rel = str_of(rel),
		.type = xml_attribute(p, a, "type"),
		.hreflang = xml_attribute(p, a, "language"),
		.base = xml_base(p)};

	if (link.href.n)
		build_add_link(p, &link);
}

static void start_transcript(struct parser *p, const struct element *e, const struct attributes *a)
{
	(void)e;
	add_link(p, a, "transcript");
}

static void start_chapters(struct parser *p, const struct element *e, const struct attributes *a)
{
	(void)e;
	add_link(p, a, "chapters");
}

/* Where to pay: its address is an attribute, what to say of it the text. */
static void start_funding(struct parser *p, const struct element *e, const struct attributes *a)
{
	(void)e;
	p->link = (struct link){.href = str_trim(xml_attribute(p, a, "url")),
		.rel = STR("payment"),
		.base = xml_base(p)};
}

static void end_funding(struct parser *p, const struct element *e, struct str text)
{
	(void)e;
	if (text.n)
		p->link.title = build_copy(p, text);
	if (p->link.href.n)
		build_add_link(p, &p->link);
	p->link = (struct link){.href = STR_NONE};
}

static void start_person(struct parser *p, const struct element *e, const struct attributes *a)
{
	(void)e;
	p->attribute[0] = str_trim(xml_attribute(p, a, "href"));
}

static void end_person(struct parser *p, const struct element *e, struct str text)
{
	struct person *person = text.n ? build_add_person(p, true, 1) : NULL;

	(void)e;
	if (!person)
		return;
	person->name = build_copy(p, text);
	person->uri = p->attribute[0];
	person->base = p->text_base;
}

/* geo="geo:latitude,longitude[,altitude][;u=…]" (RFC 5870). */
static void start_location(struct parser *p, const struct element *e, const struct attributes *a)
{
	struct str uri = str_trim(xml_attribute(p, a, "geo"));

	(void)e;
	if (!str_istarts(uri, STR("geo:")))
		return;
	uri = str_skip(uri, 4);
	const struct raw_geo place = {
		.type = GEO_POINT, .coordinates = str_head(uri, str_chr(uri, ';'))};
	build_add_place(p, &place, 1);
}

static void start_license(struct parser *p, const struct element *e, const struct attributes *a)
{
	(void)e;
	p->attribute[0] = str_trim(xml_attribute(p, a, "url"));
}

/* Without an address the text names a licence of the SPDX list, which is none yet to click on. */
static void end_license(struct parser *p, const struct element *e, struct str text)
{
	(void)text;
	if (!p->attribute[0].n)
		return;
	if (!p->in_entry) {
		struct link link = {
			.href = p->attribute[0], .rel = STR("license"), .base = p->text_base};
		build_add_link(p, &link);
	} else if (build_claim(p, SLOT_LICENSE, e->rank)) {
		p->entry.license = p->attribute[0];
	}
}

/* Where people talk about it. */
static void start_discussion(struct parser *p, const struct element *e, const struct attributes *a)
{
	struct str uri = str_trim(xml_attribute(p, a, "uri"));

	if (!str_istarts(uri, STR("http")) || !build_claim(p, SLOT_COMMENTS, e->rank))
		return;
	p->entry.comments = uri;
	p->entry.comments_base = STR_NONE;
}

#define TEXT .collect = COLLECT_TEXT

static const struct element rows[] = {
	{NS_PODCAST, "transcript", IN_ENTRY, .start = start_transcript},
	{NS_PODCAST, "chapters", IN_ENTRY, .start = start_chapters},
	{NS_PODCAST, "funding", IN_FEED, TEXT, .start = start_funding, .end = end_funding},
	{NS_PODCAST, "person", IN_BOTH, TEXT, .start = start_person, .end = end_person},
	{NS_PODCAST, "location", IN_BOTH, TEXT, .start = start_location},
	{NS_PODCAST, "license", IN_BOTH, TEXT, .rank = 2, .start = start_license,
		.end = end_license},
	{NS_PODCAST, "socialInteract", IN_ENTRY, .rank = 1, .start = start_discussion},
	{NS_PODCAST, "guid", IN(CHANNEL), TEXT, .slot = SLOT_ID, .rank = 1,
		.end = build_end_string},
	{0},
};

const struct vocabulary vocabulary_podcast = VOCABULARY(rows);
