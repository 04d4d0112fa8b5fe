/* xCal: the properties of iCalendar as elements of an item, alone or in a <vevent>. A local time has
 * its zone in an attribute. */
#include "parse/format.h"

static void start_time(struct parser *p, const struct element *e, const struct attributes *a)
{
	static const char *const names[] = {"TZID", "tzid", "Tzid"};

	(void)e;
	for (size_t i = 0; i < sizeof names / sizeof *names && !p->attribute[0].n; i++)
		p->attribute[0] = str_trim(xml_attribute(p, a, names[i]));
	for (size_t i = 0; i < sizeof names / sizeof *names && !p->attribute[0].n; i++)
		p->attribute[0] = str_trim(xml_attribute_ns(p, a, NS_XCAL, names[i]));
}

static void end_time(struct parser *p, const struct element *e, struct str text)
{
	struct str *at = build_string(p, e->slot);

	if (!text.n || !build_claim(p, e->slot, e->rank))
		return;
	*at = build_copy(p, text);
	*(e->slot == SLOT_EVENT_START ? &p->entry.event.start_zone : &p->entry.event.end_zone) =
		p->attribute[0];
}

/* "MAILTO:a@b.test" is an address, not a name: people look for the name in CN. */
static void start_organizer(struct parser *p, const struct element *e, const struct attributes *a)
{
	(void)e;
	p->attribute[0] = str_trim(xml_attribute(p, a, "CN"));
	if (!p->attribute[0].n)
		p->attribute[0] = str_trim(xml_attribute(p, a, "cn"));
}

static void end_organizer(struct parser *p, const struct element *e, struct str text)
{
	bool is_address = str_istarts(text, STR("mailto:"));

	if (p->attribute[0].n)
		text = p->attribute[0];
	else if (is_address)
		return;
	build_end_string(p, e, text);
}

/* "latitude;longitude" */
static void end_geo(struct parser *p, const struct element *e, struct str text)
{
	const struct raw_geo place = {.type = GEO_POINT, .coordinates = text};

	build_add_place(p, &place, e->rank);
}

#define IN_EVENT (IN_ENTRY | IN(EVENT))
#define TEXT     .collect = COLLECT_TEXT
#define STRING   TEXT, .rank = 1, .end = build_end_string

static const struct element rows[] = {
	{NS_XCAL, "vcalendar", IN_EVENT, .inner = SCOPE_EVENT},
	{NS_XCAL, "vevent", IN_EVENT, .inner = SCOPE_EVENT},
	{NS_XCAL, "dtstart", IN_EVENT, TEXT, .slot = SLOT_EVENT_START, .rank = 1,
		.start = start_time, .end = end_time},
	{NS_XCAL, "dtend", IN_EVENT, TEXT, .slot = SLOT_EVENT_END, .rank = 1, .start = start_time,
		.end = end_time},
	{NS_XCAL, "location", IN_EVENT, STRING, .slot = SLOT_EVENT_LOCATION},
	{NS_XCAL, "organizer", IN_EVENT, TEXT, .slot = SLOT_EVENT_ORGANIZER, .rank = 1,
		.start = start_organizer, .end = end_organizer},
	{NS_XCAL, "summary", IN_EVENT, STRING, .slot = SLOT_EVENT_NAME},
	{NS_XCAL, "url", IN_EVENT, STRING, .slot = SLOT_EVENT_URL},
	{NS_XCAL, "geo", IN_EVENT, TEXT, .rank = 1, .end = end_geo},
	{0},
};

const struct vocabulary vocabulary_xcal = VOCABULARY(rows);
