/* A word is a run of letters, digits and combining marks. Apostrophes and hyphens end words
 * ("l'eau" has two), but do not break a phrase. Scripts that do not separate words (Chinese,
 * Japanese, Thai …) and Hangul, which hangs particles on them, have one word per character: there
 * "whole words" cannot be told, and a rule's word is a phrase of its characters. */
#include "normalize/theme-word.h"

#include "base/scan.h"
#include "normalize/text-fold.h"
#include "normalize/text.h"

enum kind { BREAK, GAP, WORD, ALONE };

struct range {
	uint32_t first, last;
	enum kind kind;
};

/* Sorted; what is not here is a letter. */
static const struct range ranges[] = {
	{0x0080, 0x009F, BREAK},
	{0x00A0, 0x00A0, GAP},
	{0x00A1, 0x00A9, BREAK},
	{0x00AB, 0x00AC, BREAK},
	{0x00AD, 0x00AD, GAP}, /* soft hyphen */
	{0x00AE, 0x00B4, BREAK},
	{0x00B6, 0x00B9, BREAK},
	{0x00BB, 0x00BF, BREAK},
	{0x00D7, 0x00D7, BREAK},
	{0x00F7, 0x00F7, BREAK},
	{0x0E00, 0x0EFF, ALONE}, /* Thai, Lao */
	{0x1000, 0x109F, ALONE}, /* Myanmar */
	{0x1100, 0x11FF, ALONE}, /* Hangul */
	{0x1780, 0x17FF, ALONE}, /* Khmer */
	{0x2000, 0x2011, GAP},
	{0x2012, 0x2017, BREAK},
	{0x2018, 0x2019, GAP},
	{0x201A, 0x2027, BREAK},
	{0x2028, 0x202F, GAP},
	{0x2030, 0x2BFF, BREAK}, /* up to Glagolitic, more of Latin, Coptic, Tifinagh … */
	{0x2CF9, 0x2CFC, BREAK},
	{0x2CFE, 0x2CFF, BREAK},
	{0x2D70, 0x2D70, BREAK},
	{0x2E00, 0x2E7F, BREAK},
	{0x2E80, 0x2FFF, ALONE},
	{0x3000, 0x3000, GAP},
	{0x3001, 0x3004, BREAK},
	{0x3005, 0x3007, ALONE},
	{0x3008, 0x3020, BREAK},
	{0x3021, 0x9FFF, ALONE}, /* kana, ideographs */
	{0xA960, 0xA97F, ALONE},
	{0xAC00, 0xD7FF, ALONE},
	{0xE000, 0xF8FF, BREAK},
	{0xF900, 0xFAFF, ALONE},
	{0xFF00, 0xFF0F, BREAK},
	{0xFF1A, 0xFF20, BREAK},
	{0xFF66, 0xFF9D, ALONE},
	{0xFFF0, 0xFFFF, BREAK},
	{0x1F000, 0x1FAFF, BREAK}, /* pictures */
	{0x20000, 0x3FFFF, ALONE},
};

static const unsigned char ascii_kinds[0x80] = {
	['\t' ... '\r'] = GAP,
	[' '] = GAP,
	['-'] = GAP,
	['\''] = GAP,
	['_'] = GAP,
	['0' ... '9'] = WORD,
	['A' ... 'Z'] = WORD,
	['a' ... 'z'] = WORD,
};

static enum kind classify(unsigned cp)
{
	if (cp < 0x80)
		return ascii_kinds[cp];
	for (size_t low = 0, high = sizeof ranges / sizeof ranges[0]; low < high;) {
		size_t middle = (low + high) / 2;

		if (cp < ranges[middle].first)
			high = middle;
		else if (cp > ranges[middle].last)
			low = middle + 1;
		else
			return ranges[middle].kind;
	}
	return WORD;
}

/* The keys of the table it is for are the operator's words, so nobody outside can choose collisions. */
SCAN_INLINE uint64_t mix(uint64_t hash, scan_bytes v)
{
	const uint64_t factor = UINT64_C(0x9E3779B97F4A7C15);
	uint64_t half[2];

	memcpy(half, &v, sizeof half);
	hash = (hash ^ half[0]) * factor;
	return (hash ^ hash >> 32 ^ half[1]) * factor;
}

static uint32_t hash_of_word(struct str word)
{
	uint64_t hash = word.n;

	for (size_t i = 0; i < word.n; i += SCAN_SIZE) {
		size_t rest = word.n - i;
		hash = mix(hash, rest < SCAN_SIZE ? scan_load_part(word.p + i, rest)
						  : scan_load(word.p + i));
	}
	return (uint32_t)(hash >> 32);
}

SCAN_INLINE scan_bytes ends_ascii_word(scan_bytes v)
{
	return ~(scan_in(scan_lower(v), 'a', 'z') | scan_in(v, '0', '9'));
}

/* Goes on with a word at s whose first `n` bytes are ASCII and lie folded at `to`: with letters of ASCII and
 * those that Latin-1 has beside, U+00C0 to U+00FF, where they fold to one of ASCII. The length of the
 * folded word, at most SCAN_SIZE, and in *ret_taken that of the word; 0: it has others, or is longer. */
static size_t fold_latin(struct str s, size_t n, char *to, size_t *ret_taken)
{
	size_t i = n;

	while (i < s.n) {
		unsigned char c = (unsigned char)s.p[i++];

		/* U+2000 to U+203F: blanks, dashes and quotes. */
		bool is_mark = c == 0xE2 && i < s.n && (unsigned char)s.p[i] == 0x80;
		if (is_mark || (c < 0x80 && ascii_kinds[c] != WORD)) {
			i--;
			break;
		}
		unsigned letter = c | 0x20u; /* digits have that bit */
		if (c >= 0x80) {
			if (c != 0xC3 || i == s.n)
				return 0;
			letter = text_fold_ranges[0].cells[(unsigned char)s.p[i++] & 0x3F];
		}
		if (letter >= 0x80 || n == SCAN_SIZE)
			return 0;
		to[n++] = (char)letter;
	}
	*ret_taken = i;
	return n;
}

/* Nearly all words are of Latin letters and no longer than a scan's step. False: this is none of them, and
 * nothing was taken. */
static bool take_short_word(struct theme_words *words)
{
	struct str s = words->rest;
	scan_bytes v = s.n < SCAN_SIZE ? scan_load_part(s.p, s.n) : scan_load(s.p);
	size_t n = scan_first(ends_ascii_word(v)), taken = n;

	if (n == SCAN_SIZE)
		return false;
	v = scan_head(scan_lower(v), n);
	scan_store(words->folded, v);
	if (n < s.n && (unsigned char)s.p[n] >= 0x80) {
		n = fold_latin(s, n, words->folded, &taken);
		v = scan_load(words->folded);
	}
	if (!n)
		return false;
	words->rest = str_skip(s, taken);
	words->word = str_make(words->folded, n);
	words->hash = (uint32_t)(mix(n, v) >> 32);
	return true;
}

/* The bytes of the word at the front of s. */
static size_t word_length(struct str s)
{
	size_t i = 0, n;

	while (i < s.n) {
		unsigned char c = (unsigned char)s.p[i];

		if (c < 0x80) {
			if (!ascii_is_alnum(c))
				break;
			i++;
			continue;
		}
		enum kind kind = classify(utf8_decode(str_skip(s, i), &n));
		if (kind == ALONE && !i)
			return n;
		if (kind != WORD)
			break;
		i += n;
	}
	return i;
}

static size_t skip_ascii_gap(struct str s, bool *broken)
{
	size_t i = 0;

	for (; i < s.n && (unsigned char)s.p[i] < 0x80; i++) {
		enum kind kind = ascii_kinds[(unsigned char)s.p[i]];

		if (kind == WORD)
			break;
		*broken |= kind == BREAK;
	}
	return i;
}

/* What is no word at the front of s (s.n > 0) and no ASCII: its length, or 0. */
static size_t skip_wide_gap(struct str s, bool *broken)
{
	size_t n;
	enum kind kind = classify(utf8_decode(s, &n));

	if (kind == WORD || kind == ALONE)
		return 0;
	*broken |= kind == BREAK;
	return n;
}

/* Any other word; false: it is an accent on nothing. */
static bool take_word(struct theme_words *words)
{
	/* A buffer over storage that is large enough never grows, so it never allocates. */
	struct buf folded = {words->folded, 0, sizeof words->folded};
	struct str word = str_head(words->rest, word_length(words->rest));

	words->rest = str_skip(words->rest, word.n);
	text_fold_word(&folded, str_head(word, THEME_WORD_MAX));
	words->word = buf_view(&folded);
	words->hash = hash_of_word(words->word);
	return folded.n;
}

bool theme_words_next(struct theme_words *words)
{
	words->broken = false;
	for (;;) {
		words->rest = str_skip(words->rest, skip_ascii_gap(words->rest, &words->broken));
		if (!words->rest.n)
			return false;
		if (take_short_word(words))
			return true;
		size_t wide = skip_wide_gap(words->rest, &words->broken);
		words->rest = str_skip(words->rest, wide);
		if (!wide && take_word(words))
			return true;
	}
}
