/* U+0080–U+009F are control characters that nobody types. Where they stand in a feed, its writer had
 * Windows-1252 and called it ISO 8859-1, or wrote "&#150;" for a dash: HTML reads such references
 * as Windows-1252 (HTML standard § 13.2.5.80), XML does not. What people meant is read instead, and
 * the item says that it was. */
#include "normalize/normalizing.h"

/* Windows-1252's 0x80–0x9F; 0: it has none there. */
static const uint16_t windows_1252[32] = {0x20AC, 0, 0x201A, 0x0192, 0x201E, 0x2026, 0x2020, 0x2021,
	0x02C6, 0x2030, 0x0160, 0x2039, 0x0152, 0, 0x017D, 0, 0, 0x2018, 0x2019, 0x201C, 0x201D,
	0x2022, 0x2013, 0x2014, 0x02DC, 0x2122, 0x0161, 0x203A, 0x0153, 0, 0x017E, 0x0178};

/* Index of the first of these characters at or after `from`: C2 80 … C2 9F in UTF-8. */
static size_t find_control(struct str s, size_t from)
{
	while (from + 1 < s.n) {
		size_t i = from + str_chr(str_skip(s, from), '\xC2');
		if (i + 1 >= s.n)
			break;
		if ((unsigned char)s.p[i + 1] < 0xA0)
			return i;
		from = i + 2;
	}
	return s.n;
}

struct str normalize_repair(struct normalizing *w, struct str s)
{
	size_t at = find_control(s, 0), from = 0, n = 0;

	if (at == s.n)
		return s;
	/* Two bytes become at most three. */
	char *p = arena_alloc(w->arena, s.n + s.n / 2 + 1);
	while (at < s.n) {
		uint16_t cp = windows_1252[(unsigned char)s.p[at + 1] - 0x80];
		memcpy(p + n, s.p + from, at - from);
		n += at - from;
		if (cp)
			n += utf8_encode(cp, p + n);
		from = at + 2;
		at = find_control(s, from);
	}
	memcpy(p + n, s.p + from, s.n - from);
	n += s.n - from;
	p[n] = '\0';
	w->flaws |= FLAW_TEXT_REPAIRED;
	return str_make(p, n);
}
