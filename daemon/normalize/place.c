/* Coordinates: georss, gml and W3C geo write "lat lon" (some with an altitude), GeoJSON wants
 * "lon lat". A geometry with one impossible number is worth nothing: half a polygon would be
 * another place. */
#include "normalize/normalizing.h"

#include <math.h>
#include <stdlib.h>

/* A border of 10,000 points says where something is better than anybody needs, in 0.4 MB of
 * JSON. */
#define POINTS_MAX 10000
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

/* Three numbers can only be one point with its altitude. */
static bool has_altitude(const struct raw_geo *raw, const struct numbers *numbers)
{
	return raw->type == GEO_POINT && numbers->n == 3;
}

static bool points_suffice(enum geo_type type, size_t n)
{
	switch (type) {
	case GEO_POINT:
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

/* RFC 7946 § 3.1.6: the first and the last position of a ring are the same. */
static void close_ring(struct item_geo *geo)
{
	size_t last = geo->n - 1;

	if (geo->points[0][0] != geo->points[last][0] ||
		geo->points[0][1] != geo->points[last][1]) {
		geo->points[geo->n][0] = geo->points[0][0];
		geo->points[geo->n][1] = geo->points[0][1];
		geo->n++;
	}
}

void normalize_geo(struct normalizing *w, const struct raw_geo *raw, struct item_geo *ret)
{
	struct numbers numbers = {0};
	struct item_geo geo = {.type = raw->type};

	*ret = (struct item_geo){0};
	if (raw->type == GEO_NONE || !read_numbers(raw->coordinates, w->arena, &numbers))
		return;
	bool altitude = has_altitude(raw, &numbers);
	if (!altitude && numbers.n % 2)
		return;
	geo.n = altitude ? 1 : numbers.n / 2;
	if (!points_suffice(raw->type, geo.n))
		return;
	geo.points = arena_alloc(w->arena, (geo.n + 1) * sizeof *geo.points);
	for (size_t i = 0; i < geo.n; i++) {
		double lat = numbers.v[2 * i + raw->longitude_first];
		double lon = numbers.v[2 * i + !raw->longitude_first];
		if (fabs(lat) > 90 || fabs(lon) > 180)
			return;
		geo.points[i][0] = lon;
		geo.points[i][1] = lat;
	}
	if (altitude) {
		geo.altitudes = arena_alloc(w->arena, sizeof *geo.altitudes);
		geo.altitudes[0] = numbers.v[2];
	}
	if (raw->type == GEO_POLYGON) {
		if (geo.n < 4 && geo.points[0][0] == geo.points[geo.n - 1][0] &&
			geo.points[0][1] == geo.points[geo.n - 1][1])
			return; /* there and back again: no area */
		close_ring(&geo);
	}
	*ret = geo;
}
