/* UTF-8 (RFC 3629). Whole feeds are looked at before they are parsed, so checking costs next to nothing:
 * sixteen bytes at a time where the machine has SSE2, and where it has not, eight as long as they are
 * ASCII. */
#include "base/str.h"

#include <stdint.h>

#if defined __SSE2__ && !defined UTF8_PORTABLE
#include <emmintrin.h>
#define BLOCK 16
#endif

static bool is_continuation(unsigned char c)
{
	return (c & 0xC0) == 0x80;
}

int utf8_sequence(struct str s)
{
	const unsigned char *p = (const unsigned char *)s.p;
	size_t want = p[0] < 0x80 ? 1 : p[0] >= 0xF0 ? 4 : p[0] >= 0xE0 ? 3 : 2;

	if ((p[0] >= 0x80 && p[0] < 0xC2) || p[0] > 0xF4)
		return 0;
	if (want > 1 && s.n > 1) {
		unsigned char low = p[0] == 0xE0 ? 0xA0 : p[0] == 0xF0 ? 0x90 : 0x80;
		unsigned char high = p[0] == 0xED ? 0x9F : p[0] == 0xF4 ? 0x8F : 0xBF;
		if (p[1] < low || p[1] > high)
			return 0;
	}
	for (size_t i = 2; i < want && i < s.n; i++)
		if (!is_continuation(p[i]))
			return 0;
	return s.n < want ? -1 : (int)want;
}

/* Where the first byte at or after i that is not ASCII may be: never behind it. */
static size_t skip_ascii(struct str s, size_t i)
{
#ifdef BLOCK
	for (; s.n - i >= 2 * BLOCK; i += 2 * BLOCK) {
		const __m128i *p = (const __m128i *)(const void *)(s.p + i);
		unsigned a = (unsigned)_mm_movemask_epi8(_mm_loadu_si128(p));
		unsigned b = (unsigned)_mm_movemask_epi8(_mm_loadu_si128(p + 1));
		if (a | b)
			return i + (size_t)__builtin_ctz(a | b << BLOCK);
	}
#else
	for (uint64_t word; s.n - i >= sizeof word; i += sizeof word) {
		memcpy(&word, s.p + i, sizeof word);
		if (word & UINT64_C(0x8080808080808080))
			break;
	}
#endif
	return i;
}

size_t utf8_ascii_prefix(struct str s)
{
	size_t i = skip_ascii(s, 0);

	while (i < s.n && (unsigned char)s.p[i] < 0x80)
		i++;
	return i;
}

#ifdef BLOCK
/* Blocks from i, where a character begins. Each bit of a mask stands for a byte. The bytes that must be
 * continuations (one after each leading byte, two after those of three) have to be those that are.
 * Leading bytes whose next byte is bound more closely, and those of four, are left to the caller:
 * returned is the beginning of the first character that is not known to be good. */
static size_t skip_blocks(struct str s, size_t i)
{
	unsigned carry = 0; /* bytes of the next block that must be continuations */

	for (; s.n - i >= BLOCK; i += BLOCK) {
		__m128i v = _mm_loadu_si128((const __m128i *)(const void *)(s.p + i));
		unsigned high = (unsigned)_mm_movemask_epi8(v);
		if (!(high | carry))
			continue;
		/* As signed bytes: continuations are the least, then C0 and C1, then the leads. */
		__m128i least = _mm_cmplt_epi8(v, _mm_set1_epi8((char)0xC0));
		__m128i below_c2 = _mm_cmplt_epi8(v, _mm_set1_epi8((char)0xC2));
		__m128i below_e0 = _mm_cmplt_epi8(v, _mm_set1_epi8((char)0xE0));
		unsigned is = (unsigned)_mm_movemask_epi8(least);
		unsigned leads = high & ~is;
		unsigned long_leads = high & ~(unsigned)_mm_movemask_epi8(below_e0);
		unsigned must = leads << 1 | long_leads << 2 | carry;
		if ((must & 0xFFFF) != is || (unsigned)_mm_movemask_epi8(below_c2) != is)
			break;
		if (long_leads) {
			__m128i e0 = _mm_cmpeq_epi8(v, _mm_set1_epi8((char)0xE0));
			__m128i ed = _mm_cmpeq_epi8(v, _mm_set1_epi8((char)0xED));
			__m128i above_ef = _mm_cmpgt_epi8(v, _mm_set1_epi8((char)0xEF));
			unsigned ascii = 0xFFFF & ~high;
			if (_mm_movemask_epi8(_mm_or_si128(e0, ed)) ||
				(unsigned)_mm_movemask_epi8(above_ef) != ascii)
				break;
		}
		carry = must >> BLOCK;
	}
	/* Back to the beginning of what is only begun. */
	return carry == 0 ? i : (unsigned char)s.p[i - 1] >= 0xC0 ? i - 1 : i - 2;
}
#endif

size_t utf8_valid_prefix(struct str s)
{
	size_t i = 0;

	while (i < s.n) {
		i = skip_ascii(s, i);
#ifdef BLOCK
		i = skip_blocks(s, i);
#endif
		/* A character at a time, up to where blocks may go on. */
		for (size_t from = i; i < s.n && i - from < 8;) {
			int n = utf8_sequence(str_skip(s, i));
			if (n <= 0)
				return i;
			i += (size_t)n;
		}
	}
	return i;
}

unsigned utf8_decode(struct str s, size_t *ret_len)
{
	const unsigned char *p = (const unsigned char *)s.p;
	int n = p[0] < 0x80 ? 1 : utf8_sequence(s);
	unsigned cp = p[0];

	*ret_len = 1;
	if (n == 1)
		return cp;
	if (n <= 0)
		return 0xFFFD;
	cp &= 0xFFu >> (n + 1);
	for (int i = 1; i < n; i++)
		cp = cp << 6 | (p[i] & 0x3Fu);
	*ret_len = (size_t)n;
	return cp;
}

size_t utf8_encode(unsigned cp, char out[4])
{
	if (cp > 0x10FFFF || (cp >= 0xD800 && cp <= 0xDFFF))
		cp = 0xFFFD;
	if (cp < 0x80) {
		out[0] = (char)cp;
		return 1;
	}
	size_t len = cp < 0x800 ? 2 : cp < 0x10000 ? 3 : 4;
	for (size_t i = len - 1; i > 0; i--, cp >>= 6)
		out[i] = (char)(0x80 | (cp & 0x3F));
	out[0] = (char)((0xF00u >> len & 0xFF) | cp);
	return len;
}
