/* The distance is that of Damerau and Levenshtein with adjacent transpositions ("optimal string
 * alignment"): insertions, deletions, replacements and swapped neighbours cost one each. Near
 * enough means a third of the word's length, and never more than three: "intervall" is 1 from
 * "interval"; "tiem" must not become "point". */
#include "config/suggest.h"

/* Three ids of 40 bytes and two dots. A longer text gets no suggestion. */
#define SUGGEST_LENGTH_MAX   128
#define SUGGEST_DISTANCE_MAX 3

struct suggestion suggest_for(struct str text)
{
	size_t near = (text.n + 2) / 3;

	if (near > SUGGEST_DISTANCE_MAX)
		near = SUGGEST_DISTANCE_MAX;
	if (!text.n || text.n > SUGGEST_LENGTH_MAX)
		near = 0;
	return (struct suggestion){text, STR_NONE, near + 1};
}

static size_t least(size_t a, size_t b)
{
	return a < b ? a : b;
}

/* The distance of a and b, or any number ≥ bound once it is known to be no less. */
static size_t distance(struct str a, struct str b, size_t bound)
{
	size_t rows[3][SUGGEST_LENGTH_MAX + 1];
	size_t *before = rows[0], *above = rows[1], *row = rows[2];

	for (size_t j = 0; j <= b.n; j++)
		above[j] = before[j] = j;
	for (size_t i = 1; i <= a.n; i++) {
		size_t smallest = row[0] = i;
		for (size_t j = 1; j <= b.n; j++) {
			size_t cost = ascii_lower(a.p[i - 1]) != ascii_lower(b.p[j - 1]);
			row[j] = least(least(above[j], row[j - 1]) + 1, above[j - 1] + cost);
			if (i > 1 && j > 1 && a.p[i - 1] == b.p[j - 2] && a.p[i - 2] == b.p[j - 1])
				row[j] = least(row[j], before[j - 2] + 1);
			smallest = least(smallest, row[j]);
		}
		if (smallest > bound)
			return bound;
		size_t *oldest = before;
		before = above;
		above = row;
		row = oldest;
	}
	return above[b.n];
}

void suggest_offer(struct suggestion *s, struct str candidate)
{
	size_t apart = s->text.n > candidate.n ? s->text.n - candidate.n : candidate.n - s->text.n;

	if (candidate.n > SUGGEST_LENGTH_MAX || apart > s->distance)
		return;
	size_t d = distance(s->text, candidate, s->distance + 1);
	/* of equals the first in order, so that the order of offers does not matter */
	if (d < s->distance || (d == s->distance && s->best.p && str_cmp(candidate, s->best) < 0)) {
		s->distance = d;
		s->best = candidate;
	}
}
