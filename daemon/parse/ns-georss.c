/* GeoRSS simple: shapes as lists of "latitude longitude". The words stay as they are written. What
 * stands in <georss:where> is GML (ns-gml.c). */
#include "parse/format.h"

static void end_shape(struct parser *p, const struct element *e, struct str text)
{
	const struct raw_geo place = {
		.type = (enum geo_type)e->rank, .coordinates = text, .metres = 1};

	build_add_place(p, &place, 3);
}

#define SHAPE(type) IN_BOTH | IN(GEO), .collect = COLLECT_TEXT, .rank = (type), .end = end_shape

static const struct element rows[] = {
	{NS_GEORSS, "point", SHAPE(GEO_POINT)},
	{NS_GEORSS, "line", SHAPE(GEO_LINE)},
	{NS_GEORSS, "polygon", SHAPE(GEO_POLYGON)},
	{NS_GEORSS, "box", SHAPE(GEO_BOX)},
	{NS_GEORSS, "circle", SHAPE(GEO_CIRCLE)},
	{NS_GEORSS, "where", IN_BOTH, .inner = SCOPE_GEO},
	{0},
};

const struct vocabulary vocabulary_georss = VOCABULARY(rows);
