/* Coordinates: georss, gml, W3C geo and CAP write "lat lon" (some with an altitude), GeoJSON wants
 * "lon lat", rings closed and counter-clockwise, and nothing across the 180th meridian. A geometry
 * with one impossible number is worth nothing: half a polygon would be another place. */
#include "normalize/normalizing.h"

#include <math.h>
#include <stdlib.h>

/* All shapes of an item together: borders of 10,000 points say where something is better than
 * anybody needs, in 0.4 MB of JSON. */
#define POINTS_MAX 10000
/* Half of the earth's girth, in metres: no circle reaches farther. */
#define RADIUS_MAX 20037509.0
/* Longer than any number that means a place (17 digits, sign, point, exponent). */
#define NUMBER_MAX 40

struct numbers {
	double *v;
	size_t n, cap;
};

/* A decimal number as people write it. strtod() alone would follow the locale and read "nan",
 * "inf" and hexadecimal; the digits here are checked first, and the locale is never set. */
static bool read_number(struct str s, double *ret)
{
	char text[NUMBER_MAX + 1], *end;

	if (!s.n || s.n > NUMBER_MAX)
		return false;
	for (size_t i = 0; i < s.n; i++)
		if (!ascii_is_digit((unsigned char)s.p[i]) && !memchr("+-.eE", s.p[i], 5))
			return false;
	memcpy(text, s.p, s.n);
	text[s.n] = '\0';
	*ret = strtod(text, &end);
	return end == text + s.n && isfinite(*ret);
}

static bool is_between(char c)
{
	return ascii_is_space((unsigned char)c) || c == ',' || c == ';';
}

static bool read_numbers(struct str s, struct arena *arena, struct numbers *ret)
{
	size_t i = 0;

	while (true) {
		while (i < s.n && is_between(s.p[i]))
			i++;
		if (i == s.n)
			return ret->n > 0;
		size_t from = i;
		double v;
		while (i < s.n && !is_between(s.p[i]))
			i++;
		if (ret->n == 3 * (size_t)POINTS_MAX ||
			!read_number(str_make(s.p + from, i - from), &v))
			return false;
		*ARENA_PUSH(arena, ret->v, ret->n, ret->cap) = v;
	}
}

/* How many numbers make a point: what is said, or, in a point alone, what is there. */
static size_t dimensions(const struct raw_geo *raw, const struct numbers *numbers)
{
	return raw->has_altitudes || (raw->type == GEO_POINT && numbers->n == 3) ? 3 : 2;
}

static bool points_suffice(enum geo_type type, size_t n)
{
	switch (type) {
	case GEO_POINT:
	case GEO_CIRCLE:
		return n == 1;
	case GEO_LINE:
		return n >= 2;
	case GEO_POLYGON:
		return n >= 3;
	case GEO_BOX:
		return n == 2;
	case GEO_NONE:
		break;
	}
	return false;
}

static void set_point(struct item_shape *to, size_t at, const struct item_shape *from, size_t i)
{
	to->points[at][0] = from->points[i][0];
	to->points[at][1] = from->points[i][1];
	if (to->altitudes)
		to->altitudes[at] = from->altitudes[i];
}

/* RFC 7946 § 3.1.6: the first and the last position of a ring are the same, and its inside is on
 * the left. False: it has no inside. */
static bool settle_ring(struct arena *arena, struct item_shape *ring)
{
	size_t last = ring->n - 1;
	double area = 0;

	if (ring->points[0][0] != ring->points[last][0] ||
		ring->points[0][1] != ring->points[last][1])
		set_point(ring, ring->n++, ring, 0); /* there is room for one more */
	if (ring->n < 4)
		return false; /* there and back again */
	for (size_t i = 0; i + 1 < ring->n; i++)
		area += ring->points[i][0] * ring->points[i + 1][1] -
			ring->points[i + 1][0] * ring->points[i][1];
	if (area < 0) {
		struct item_shape turned = *ring;
		turned.points = arena_alloc(arena, ring->n * sizeof *turned.points);
		if (ring->altitudes)
			turned.altitudes = arena_alloc(arena, ring->n * sizeof *turned.altitudes);
		for (size_t i = 0; i < ring->n; i++)
			set_point(&turned, ring->n - 1 - i, ring, i);
		*ring = turned;
	}
	return true;
}

/* Corners in the order that boxes have: south-west, north-east. A box whose west is east of its east
 * crosses the 180th meridian. */
static void settle_box(struct item_shape *box)
{
	double south = fmin(box->points[0][1], box->points[1][1]);
	double north = fmax(box->points[0][1], box->points[1][1]);

	box->points[0][1] = south;
	box->points[1][1] = north;
}

static bool read_shape(
	struct normalizing *w, const struct raw_geo *raw, size_t room, struct item_shape *ret)
{
	struct numbers numbers = {0};
	struct item_shape shape = {.type = raw->type};

	if (raw->type == GEO_NONE || !read_numbers(raw->coordinates, w->arena, &numbers))
		return false;
	if (raw->type == GEO_CIRCLE) {
		if (numbers.n != 3)
			return false;
		shape.radius = numbers.v[--numbers.n] * raw->metres;
		if (!(shape.radius >= 0 && shape.radius <= RADIUS_MAX))
			return false;
		if (shape.radius == 0)
			shape.type = GEO_POINT;
	}
	size_t each = dimensions(raw, &numbers);
	shape.n = numbers.n / each;
	if (numbers.n % each || shape.n > room || !points_suffice(shape.type, shape.n))
		return false;
	shape.points = arena_alloc(w->arena, (shape.n + 1) * sizeof *shape.points);
	if (each == 3)
		shape.altitudes = arena_alloc(w->arena, (shape.n + 1) * sizeof *shape.altitudes);
	for (size_t i = 0; i < shape.n; i++) {
		double lat = numbers.v[each * i + raw->longitude_first];
		double lon = numbers.v[each * i + !raw->longitude_first];
		if (fabs(lat) > 90 || fabs(lon) > 180)
			return false;
		shape.points[i][0] = lon;
		shape.points[i][1] = lat;
		if (shape.altitudes)
			shape.altitudes[i] = numbers.v[each * i + 2];
	}
	if (shape.type == GEO_BOX) {
		settle_box(&shape);
		shape.altitudes = NULL;
	}
	*ret = shape;
	return shape.type != GEO_POLYGON || settle_ring(w->arena, ret);
}

static bool same_shape(const struct item_shape *a, const struct item_shape *b)
{
	return a->type == b->type && a->n == b->n && a->radius == b->radius &&
	       !memcmp(a->points, b->points, a->n * sizeof *a->points);
}

static void add_shape(
	struct normalizing *w, const struct item_shape *shape, struct item_geo *geo, size_t *cap)
{
	for (size_t i = 0; i < geo->n; i++)
		if (same_shape(&geo->shapes[i], shape))
			return;
	*ARENA_PUSH(w->arena, geo->shapes, geo->n, *cap) = *shape;
}

/* RFC 7946 § 3.1.9: what crosses the 180th meridian is cut there. */
static void add_halves(
	struct normalizing *w, const struct item_shape *box, struct item_geo *geo, size_t *cap)
{
	struct item_shape west = *box, east = *box;

	west.points = arena_alloc(w->arena, 2 * sizeof *west.points);
	east.points = arena_alloc(w->arena, 2 * sizeof *east.points);
	memcpy(west.points, box->points, 2 * sizeof *west.points);
	memcpy(east.points, box->points, 2 * sizeof *east.points);
	west.points[1][0] = 180;
	east.points[0][0] = -180;
	add_shape(w, &west, geo, cap);
	add_shape(w, &east, geo, cap);
}

void normalize_geo(struct normalizing *w, const struct raw_geo *raw, size_t n, struct item_geo *ret)
{
	struct item_geo geo = {0};
	size_t cap = 0, points = 0;

	for (size_t i = 0; i < n; i++) {
		struct item_shape shape;
		if (!read_shape(w, &raw[i], POINTS_MAX - points, &shape))
			continue;
		points += shape.n;
		if (points > POINTS_MAX)
			break; /* a ring's last point was one too many */
		if (shape.type == GEO_BOX && shape.points[0][0] > shape.points[1][0])
			add_halves(w, &shape, &geo, &cap);
		else
			add_shape(w, &shape, &geo, &cap);
	}
	*ret = geo;
}
