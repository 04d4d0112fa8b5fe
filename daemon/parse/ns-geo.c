/* W3C's Basic Geo: two elements make one point. It ranks below GeoRSS, which says more. */
#include "parse/format.h"

static void end_half(struct parser *p, const struct element *e, struct str text)
{
	*(e->slot == SLOT_LATITUDE ? &p->geo_latitude : &p->geo_longitude) = build_copy(p, text);
	if (!p->geo_latitude.n || !p->geo_longitude.n)
		return;
	struct str both = arena_printf(
		p->arena, "%.*s %.*s", STR_FMT(p->geo_latitude), STR_FMT(p->geo_longitude));
	const struct raw_geo place = {.type = GEO_POINT, .coordinates = both};
	build_add_place(p, &place, 2);
	p->geo_latitude = p->geo_longitude = STR_NONE;
}

/* Halves of different points make none. */
static void start_point(struct parser *p, const struct element *e, const struct attributes *a)
{
	(void)e;
	(void)a;
	p->geo_latitude = p->geo_longitude = STR_NONE;
}

#define HALF IN_BOTH | IN(GEO), .collect = COLLECT_TEXT, .end = end_half

static const struct element rows[] = {
	{NS_GEO, "Point", IN_BOTH, .inner = SCOPE_GEO, .start = start_point},
	{NS_GEO, "lat", HALF, .slot = SLOT_LATITUDE},
	{NS_GEO, "long", HALF, .slot = SLOT_LONGITUDE},
	{NS_GEO, "lon", HALF, .slot = SLOT_LONGITUDE},
	{0},
};

const struct vocabulary vocabulary_geo = VOCABULARY(rows);
