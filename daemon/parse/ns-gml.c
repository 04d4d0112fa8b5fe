/* GML, mostly inside <georss:where>: the element of the shape says what it is, gml:pos or gml:posList
 * the numbers, srsName what they mean. Latitude is first but where the CRS says otherwise; shapes in
 * a CRS that has no degrees of WGS 84 are left out. */
#include "parse/format.h"

#include <stdlib.h>

/* Latitude and longitude on ellipsoids that nowhere differ from WGS 84 by more than two metres. */
static const unsigned epsg_codes[] = {4326, 4979, 4258, 4269, 4171, 4617, 4674, 4283, 7844, 4167};

static bool is_degrees(struct str crs)
{
	size_t from = crs.n;
	unsigned long long code;

	while (from && ascii_is_digit((unsigned char)crs.p[from - 1]))
		from--;
	if (str_u64(str_skip(crs, from), 1u << 20, &code))
		for (size_t i = 0; i < sizeof epsg_codes / sizeof *epsg_codes; i++)
			if (code == epsg_codes[i])
				return true;
	return false;
}

/* The CRS and the number of dimensions of this element, else of the one around it. */
static void axes(struct parser *p, const struct attributes *a)
{
	struct str crs = str_trim(xml_attribute(p, a, "srsName"));
	struct str dimensions = str_trim(xml_attribute(p, a, "srsDimension"));

	if (dimensions.n)
		p->gml.has_altitudes = str_is(dimensions, "3");
	if (!crs.n)
		return;
	bool crs84 = str_ifind(crs, STR("CRS84")) < crs.n || str_ifind(crs, STR("CRS:84")) < crs.n;
	p->gml.is_foreign = !crs84 && !is_degrees(crs);
	/* The old "EPSG:…" of GML 2 has longitude first, the urn: form has not. */
	p->gml.longitude_first = crs84 || str_istarts(crs, STR("EPSG:")) ||
				 str_istarts(crs, STR("http://www.opengis.net/gml/srs/epsg"));
}

static void start_shape(struct parser *p, const struct element *e, const struct attributes *a)
{
	p->gml = (struct gml){.type = (enum geo_type)e->rank};
	buf_clear(&p->positions);
	axes(p, a);
}

static void start_positions(struct parser *p, const struct element *e, const struct attributes *a)
{
	(void)e;
	axes(p, a);
}

static void add(struct parser *p, enum geo_type type, struct str numbers)
{
	const struct raw_geo place = {.type = type,
		.coordinates = numbers,
		.longitude_first = p->gml.longitude_first,
		.has_altitudes = p->gml.has_altitudes};

	if (!p->gml.is_foreign)
		build_add_place(p, &place, 3);
}

static void end_positions(struct parser *p, const struct element *e, struct str text)
{
	/* A ring or a line may have each of its points in a gml:pos of its own. */
	if (e->rank == GEO_POINT && p->gml.type > GEO_POINT) {
		if (p->positions.n + text.n > PARSE_TEXT_MAX) {
			p->document.flaws |= FLAW_LIMIT_REACHED;
			return;
		}
		buf_str(&p->positions, text);
		buf_char(&p->positions, ' ');
		return;
	}
	add(p, p->gml.type ? p->gml.type : (enum geo_type)e->rank, text);
}

static void end_shape(struct parser *p, const struct element *e, struct str text)
{
	(void)text;
	if (p->positions.n)
		add(p, (enum geo_type)e->rank, buf_view(&p->positions));
	buf_clear(&p->positions);
	p->gml = (struct gml){.type = GEO_NONE};
}

static void end_lower(struct parser *p, const struct element *e, struct str text)
{
	(void)e;
	p->gml.corner = build_copy(p, text);
}

static void end_upper(struct parser *p, const struct element *e, struct str text)
{
	(void)e;
	if (p->gml.corner.n && text.n)
		add(p, GEO_BOX,
			arena_printf(p->arena, "%.*s %.*s", STR_FMT(p->gml.corner), STR_FMT(text)));
}

#define IN_WHERE IN_BOTH | IN(GEO)
#define SHAPE(type) \
	IN_WHERE, .inner = SCOPE_GEO, .rank = (type), .start = start_shape, .end = end_shape
#define WRAP IN(GEO), .inner = SCOPE_GEO
#define TEXT IN(GEO), .collect = COLLECT_TEXT

static const struct element rows[] = {
	{NS_GML, "Point", SHAPE(GEO_POINT)},
	{NS_GML, "LineString", SHAPE(GEO_LINE)},
	{NS_GML, "Polygon", SHAPE(GEO_POLYGON)},
	{NS_GML, "Envelope", SHAPE(GEO_BOX)},
	{NS_GML, "MultiPoint", WRAP},
	{NS_GML, "pointMember", WRAP},
	{NS_GML, "pointMembers", WRAP},
	{NS_GML, "MultiCurve", WRAP},
	{NS_GML, "curveMember", WRAP},
	{NS_GML, "MultiSurface", WRAP},
	{NS_GML, "surfaceMember", WRAP},
	{NS_GML, "exterior", WRAP},
	{NS_GML, "LinearRing", WRAP},
	{NS_GML, "pos", TEXT, .rank = GEO_POINT, .start = start_positions, .end = end_positions},
	{NS_GML, "posList", TEXT, .rank = GEO_LINE, .start = start_positions, .end = end_positions},
	{NS_GML, "lowerCorner", TEXT, .end = end_lower},
	{NS_GML, "upperCorner", TEXT, .end = end_upper},
	{0},
};

const struct vocabulary vocabulary_gml = VOCABULARY(rows);
