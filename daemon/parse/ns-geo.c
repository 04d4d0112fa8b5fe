/* Where: GeoRSS simple, GML inside georss:where, W3C geo. The words stay as they are written;
 * latitude comes first but for GML with a CRS that says otherwise. */
#include "parse/format.h"

static struct raw_geo *where(struct parser *p)
{
	return p->in_entry ? &p->entry.geo : &p->document.geo;
}

static void set(struct parser *p, enum geo_type type, struct str text)
{
	if (text.n && build_claim(p, SLOT_GEO, 2)) {
		where(p)->type = type;
		where(p)->coordinates = build_copy(p, text);
	}
}

static void end_point(struct parser *p, const struct element *e, struct str text)
{
	(void)e;
	set(p, GEO_POINT, text);
}

static void end_line(struct parser *p, const struct element *e, struct str text)
{
	(void)e;
	set(p, GEO_LINE, text);
}

static void end_polygon(struct parser *p, const struct element *e, struct str text)
{
	(void)e;
	set(p, GEO_POLYGON, text);
}

static void end_box(struct parser *p, const struct element *e, struct str text)
{
	(void)e;
	set(p, GEO_BOX, text);
}

/* ---- GML: the shape's element says the type, gml:pos or gml:posList the numbers ---- */

static void axes(struct parser *p, const struct attributes *a)
{
	struct str crs = xml_attribute(p, a, "srsName");

	if (!crs.n)
		return;
	/* CRS84 by name; the old "EPSG:…" of GML 2 has longitude first, the urn: form has not. */
	p->geo_longitude_first = str_ifind(crs, STR("CRS84")) < crs.n ||
				 str_istarts(crs, STR("EPSG:")) ||
				 str_istarts(crs, STR("http://www.opengis.net/gml/srs/epsg"));
}

static void start_shape(struct parser *p, const struct element *e, const struct attributes *a)
{
	p->geo_type = (enum geo_type)e->rank;
	p->geo_corner = STR_NONE;
	axes(p, a);
}

static void start_where(struct parser *p, const struct element *e, const struct attributes *a)
{
	(void)e;
	(void)a;
	p->geo_type = GEO_NONE;
	p->geo_longitude_first = false;
}

static void start_positions(struct parser *p, const struct element *e, const struct attributes *a)
{
	(void)e;
	axes(p, a);
}

static void end_positions(struct parser *p, const struct element *e, struct str text)
{
	enum geo_type type = p->geo_type ? p->geo_type : (enum geo_type)e->rank;

	if (!text.n || !build_claim(p, SLOT_GEO, 2))
		return;
	where(p)->type = type;
	where(p)->coordinates = build_copy(p, text);
	where(p)->longitude_first = p->geo_longitude_first;
}

static void end_lower(struct parser *p, const struct element *e, struct str text)
{
	(void)e;
	p->geo_corner = build_copy(p, text);
}

static void end_upper(struct parser *p, const struct element *e, struct str text)
{
	(void)e;
	if (p->geo_corner.n && text.n) {
		set(p, GEO_BOX,
			arena_printf(p->arena, "%.*s %.*s", STR_FMT(p->geo_corner), STR_FMT(text)));
		where(p)->longitude_first = p->geo_longitude_first;
	}
}

/* ---- W3C geo: two elements make one point ---- */

static void end_latitude(struct parser *p, const struct element *e, struct str text)
{
	bool is_latitude = e->rank == 0;
	struct str *mine = is_latitude ? &p->geo_latitude : &p->geo_longitude;

	*mine = build_copy(p, text);
	if (p->geo_latitude.n && p->geo_longitude.n && build_claim(p, SLOT_GEO, 1)) {
		where(p)->type = GEO_POINT;
		where(p)->coordinates = arena_printf(
			p->arena, "%.*s %.*s", STR_FMT(p->geo_latitude), STR_FMT(p->geo_longitude));
	}
}

#define IN_WHERE (IN_BOTH | IN(GEO))
#define TEXT     .collect = COLLECT_TEXT

static const struct element rows[] = {
	{NS_GEORSS, "point", IN_WHERE, TEXT, .end = end_point},
	{NS_GEORSS, "line", IN_WHERE, TEXT, .end = end_line},
	{NS_GEORSS, "polygon", IN_WHERE, TEXT, .end = end_polygon},
	{NS_GEORSS, "box", IN_WHERE, TEXT, .end = end_box},
	{NS_GEORSS, "where", IN_BOTH, .inner = SCOPE_GEO, .start = start_where},

	{NS_GML, "Point", IN_WHERE, .inner = SCOPE_GEO, .rank = GEO_POINT, .start = start_shape},
	{NS_GML, "LineString", IN_WHERE, .inner = SCOPE_GEO, .rank = GEO_LINE,
		.start = start_shape},
	{NS_GML, "Polygon", IN_WHERE, .inner = SCOPE_GEO, .rank = GEO_POLYGON,
		.start = start_shape},
	{NS_GML, "Envelope", IN_WHERE, .inner = SCOPE_GEO, .rank = GEO_BOX, .start = start_shape},
	{NS_GML, "exterior", IN(GEO), .inner = SCOPE_GEO},
	{NS_GML, "LinearRing", IN(GEO), .inner = SCOPE_GEO},
	{NS_GML, "pos", IN(GEO), TEXT, .rank = GEO_POINT, .start = start_positions,
		.end = end_positions},
	{NS_GML, "posList", IN(GEO), TEXT, .rank = GEO_LINE, .start = start_positions,
		.end = end_positions},
	{NS_GML, "lowerCorner", IN(GEO), TEXT, .end = end_lower},
	{NS_GML, "upperCorner", IN(GEO), TEXT, .end = end_upper},

	{NS_GEO, "Point", IN_BOTH, .inner = SCOPE_GEO},
	{NS_GEO, "lat", IN_WHERE, TEXT, .rank = 0, .end = end_latitude},
	{NS_GEO, "long", IN_WHERE, TEXT, .rank = 1, .end = end_latitude},
	{NS_GEO, "lon", IN_WHERE, TEXT, .rank = 1, .end = end_latitude},
	{0},
};

const struct vocabulary vocabulary_geo = VOCABULARY(rows);
