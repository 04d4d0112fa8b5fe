/* Texts whose bytes were taken for another character set's before they came into the feed. What people
 * meant is read instead, and the item says that it was.
 *
 * Twice encoded: a program took UTF-8 for Windows-1252 and encoded each byte of it once more, so that
 * "é" became "Ã©" and a dash "â€“". Undone only where all of the text's characters beyond ASCII read
 * so and one of them can be nothing else; for "PERCHÉ…" reads so, too, and is Italian as it stands.
 *
 * Control characters: U+0080–U+009F nobody types. Where they stand in a feed, its writer had
 * Windows-1252 and called it ISO 8859-1, or wrote "&#150;" for a dash: HTML reads such references
 * as Windows-1252 (HTML standard § 13.2.5.80), XML does not. */
#include "normalize/normalizing.h"

#include "base/scan.h"

/* Windows-1252's 0x80–0x9F; 0: it has none there. */
static const uint16_t windows_1252[32] = {0x20AC, 0, 0x201A, 0x0192, 0x201E, 0x2026, 0x2020, 0x2021,
	0x02C6, 0x2030, 0x0160, 0x2039, 0x0152, 0, 0x017D, 0, 0, 0x2018, 0x2019, 0x201C, 0x201D,
	0x2022, 0x2013, 0x2014, 0x02DC, 0x2122, 0x0161, 0x203A, 0x0153, 0, 0x017E, 0x0178};

/* The byte that means this character in Windows-1252 or, where that has none, in ISO 8859-1; 0: none. */
static unsigned char byte_of(unsigned cp)
{
	if (cp < 0x100)
		return (unsigned char)cp;
	for (unsigned i = 0; i < 32; i++)
		if (windows_1252[i] == cp)
			return (unsigned char)(0x80 + i);
	return 0;
}

SCAN_INLINE scan_bytes is_beyond_ascii(scan_bytes v)
{
	return scan_from(v, 0x80);
}

/* Index of the first character beyond ASCII at or after `from`. */
static size_t ascii_prefix(struct str s, size_t from)
{
	return scan_find(s, from, is_beyond_ascii);
}

/* Characters that are the bytes of one character in UTF-8. */
struct sequence {
	unsigned char bytes[4];
	size_t n;      /* bytes, and characters */
	size_t length; /* what they take in the text */
};

static bool read_sequence(struct str s, struct sequence *ret)
{
	struct sequence q = {.n = 0};
	size_t want = 1, len;

	while (q.n < want && q.length < s.n) {
		unsigned char b = byte_of(utf8_decode(str_skip(s, q.length), &len));
		if (q.n == 0)
			want = b >= 0xF0 ? 4 : b >= 0xE0 ? 3 : 2;
		q.bytes[q.n++] = b;
		q.length += len;
	}
	*ret = q;
	/* One character of more than one byte: one byte alone is no sequence, nor are two characters. */
	utf8_decode(str_make((const char *)q.bytes, q.n), &len);
	return q.n == want && len == want;
}

static bool is_small(struct str s, size_t i)
{
	return i < s.n && s.p[i] >= 'a' && s.p[i] <= 'z';
}

/* May the character of this byte follow a letter in a text as people write them? Blanks, quotation
 * marks, dashes, raised signs, an accent in an apostrophe's place, and the letters of the set. */
static bool may_follow(unsigned char b)
{
	static const unsigned char such[] = {0x85, 0x8A, 0x8B, 0x8C, 0x8E, 0x91, 0x92, 0x93, 0x94,
		0x95, 0x96, 0x97, 0x99, 0x9A, 0x9B, 0x9C, 0x9E, 0x9F, 0xA0, 0xAA, 0xAB, 0xAD, 0xAE,
		0xB0, 0xB2, 0xB3, 0xB4, 0xB7, 0xB9, 0xBA, 0xBB};

	return memchr(such, b, sizeof such);
}

/* Can the sequence at i be no text of its own? `run` characters of others stand right before it. */
static bool is_certain(struct str s, size_t i, const struct sequence *q, size_t run)
{
	unsigned char lead = q->bytes[0];

	/* Six in a row: no word has a capital with an accent and then a sign, thrice. */
	if (run + q->n >= 6)
		return true;
	/* "â€", "â‚", "â„": before all of the quotation marks and dashes. */
	if (lead == 0xE2 && (q->bytes[1] == 0x80 || q->bytes[1] == 0x82 || q->bytes[1] == 0x84))
		return true;
	/* A capital with an accent right after a small letter; "×" is none, nor is "ß". */
	if (lead < 0xDF && lead != 0xD7 && i && is_small(s, i - 1))
		return true;
	/* "Ã©", "Â§": all of Western Europe's letters and signs. */
	if ((lead == 0xC2 || lead == 0xC3) && !may_follow(q->bytes[1]))
		return true;
	return q->n == 2 && !may_follow(q->bytes[1]) && is_small(s, i + q->length);
}

/* `from`: where ASCII ends. */
static bool is_twice_encoded(struct str s, size_t from)
{
	bool certain = false;
	size_t run = 0; /* characters of sequences right before i */
	struct sequence q;

	for (size_t i = from, next; i < s.n; i = next) {
		if (!read_sequence(str_skip(s, i), &q))
			return false;
		certain = certain || is_certain(s, i, &q, run);
		next = ascii_prefix(s, i + q.length);
		run = next == i + q.length ? run + q.n : 0;
	}
	return certain;
}

/* Every character's byte. */
static struct str decode_again(struct arena *arena, struct str s)
{
	char *p = arena_alloc(arena, s.n + 1);
	size_t n = 0;

	for (size_t i = 0, len; i < s.n; i += len)
		p[n++] = (char)byte_of(utf8_decode(str_skip(s, i), &len));
	p[n] = '\0';
	return str_make(p, n);
}

/* Index of the first of the control characters at or after `from`: C2 80 … C2 9F in UTF-8. */
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

/* From the first control character, which is `at`. */
static struct str replace_controls(struct arena *arena, struct str s, size_t at)
{
	/* Two bytes become at most three. */
	char *p = arena_alloc(arena, s.n + s.n / 2 + 1);
	size_t from = 0, n = 0;

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
	return str_make(p, n);
}

struct str normalize_repair(struct normalizing *w, struct str s)
{
	size_t from = ascii_prefix(s, 0);

	if (from == s.n)
		return s;
	if (is_twice_encoded(s, from)) {
		s = decode_again(w->arena, s);
		w->flaws |= FLAW_TEXT_REPAIRED;
		from = 0;
	}
	size_t at = find_control(s, from);
	if (at == s.n)
		return s;
	w->flaws |= FLAW_TEXT_REPAIRED;
	return replace_controls(w->arena, s, at);
}
