/* Finding the first byte of a set, sixteen bytes at a time: the inner loop of all that reads texts.
 *
 * A set is a function from sixteen bytes to sixteen marks: 0xFF where the byte is in the set, else 0. It
 * is written with the compiler's own vector types, so that it is one text for every machine; only
 * where the first mark stands is asked in a machine's own way. Give such functions by name: they
 * are inlined.
 *
 *	SCAN_INLINE scan_bytes ends_word(scan_bytes v)
 *	{
 *		return scan_is(v, ' ') | scan_in(v, '\t', '\r');
 *	}
 *	…
 *	i = scan_find(s, i, ends_word);
 */
#pragma once

#include "base/str.h"

#include <stdint.h>

#if defined __SSE2__ && !defined SCAN_PORTABLE
#include <emmintrin.h>
#endif

#define SCAN_SIZE 16

/* The one type name of ours that hides what it is: C has no other way to write a vector's. */
typedef uint8_t scan_bytes __attribute__((vector_size(SCAN_SIZE)));

#define SCAN_INLINE static inline __attribute__((always_inline))

SCAN_INLINE scan_bytes scan_load(const char *p)
{
	scan_bytes v;

	memcpy(&v, p, sizeof v);
	return v;
}

SCAN_INLINE void scan_store(char *p, scan_bytes v)
{
	memcpy(p, &v, sizeof v);
}

/* ---- sets ---- */
SCAN_INLINE scan_bytes scan_is(scan_bytes v, char c)
{
	return (scan_bytes)(v == (uint8_t)c);
}

SCAN_INLINE scan_bytes scan_up_to(scan_bytes v, unsigned char last)
{
	return (scan_bytes)(v <= last);
}

SCAN_INLINE scan_bytes scan_from(scan_bytes v, unsigned char first)
{
	return (scan_bytes)(v >= first);
}

SCAN_INLINE scan_bytes scan_in(scan_bytes v, unsigned char first, unsigned char last)
{
	return scan_up_to(v - first, (unsigned char)(last - first));
}

/* ASCII letters small, all else as it is. */
SCAN_INLINE scan_bytes scan_lower(scan_bytes v)
{
	return v | (scan_in(v, 'A', 'Z') & 0x20);
}

/* Index of the first mark; SCAN_SIZE: there is none. */
SCAN_INLINE size_t scan_first(scan_bytes marks)
{
#if defined __SSE2__ && !defined SCAN_PORTABLE
	return (size_t)__builtin_ctz((unsigned)_mm_movemask_epi8((__m128i)marks) | 1u << SCAN_SIZE);
#else
	uint64_t half[2];

	memcpy(half, &marks, sizeof half);
	if (!(half[0] | half[1]))
		return SCAN_SIZE;
	uint64_t one = half[0] ? half[0] : half[1];
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
	size_t bit = (size_t)__builtin_ctzll(one);
#else
	size_t bit = (size_t)__builtin_clzll(one);
#endif
	return bit / 8 + (half[0] ? 0 : 8);
#endif
}

SCAN_INLINE bool scan_any(scan_bytes marks)
{
#if defined __SSE2__ && !defined SCAN_PORTABLE
	return _mm_movemask_epi8((__m128i)marks);
#else
	return scan_first(marks) < SCAN_SIZE;
#endif
}

/* n bytes, 1 to SCAN_SIZE - 1, and zeros behind them. In registers: from two loads that overlap. */
SCAN_INLINE scan_bytes scan_load_part(const char *p, size_t n)
{
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
	uint64_t half[2] = {0, 0};

	if (n >= 8) {
		memcpy(&half[0], p, 8);
		memcpy(&half[1], p + n - 8, 8);
		half[1] = half[1] >> 8 >> (120 - 8 * n);
	} else if (n >= 4) {
		uint32_t first, last;
		memcpy(&first, p, 4);
		memcpy(&last, p + n - 4, 4);
		half[0] = first | (uint64_t)last << (8 * n - 32);
	} else {
		half[0] = (uint64_t)(uint8_t)p[0] | (uint64_t)(uint8_t)p[n / 2] << n / 2 * 8 |
			  (uint64_t)(uint8_t)p[n - 1] << (n - 1) * 8;
	}
	return scan_load((const char *)half);
#else
	char whole[SCAN_SIZE] = {0};

	memcpy(whole, p, n);
	return scan_load(whole);
#endif
}

/* The first n bytes (n <= SCAN_SIZE), and zeros behind them. */
SCAN_INLINE scan_bytes scan_head(scan_bytes v, size_t n)
{
	static const uint8_t kept[2 * SCAN_SIZE] = {[0 ... SCAN_SIZE - 1] = 0xFF};

	return v & scan_load((const char *)kept + SCAN_SIZE - n);
}

/* ---- loops ---- */
/* Index of the first byte at or after i that is in the set; s.n: there is none. */
SCAN_INLINE size_t scan_find(struct str s, size_t i, scan_bytes (*set)(scan_bytes))
{
	for (; i + SCAN_SIZE <= s.n; i += SCAN_SIZE) {
		scan_bytes marks = set(scan_load(s.p + i));
		if (scan_any(marks))
			return i + scan_first(marks);
	}
	if (i < s.n) {
		i += scan_first(set(scan_load_part(s.p + i, s.n - i)));
		if (i > s.n)
			i = s.n;
	}
	return i;
}

/* The same, copying to `to` what lies before that byte. Up to SCAN_SIZE bytes more than s has from i
 * on may be written there. */
SCAN_INLINE size_t scan_copy(char *to, struct str s, size_t i, scan_bytes (*set)(scan_bytes))
{
	to -= i;
	for (; i + SCAN_SIZE <= s.n; i += SCAN_SIZE) {
		scan_bytes v = scan_load(s.p + i);
		scan_store(to + i, v);
		scan_bytes marks = set(v);
		if (scan_any(marks))
			return i + scan_first(marks);
	}
	if (i < s.n) {
		scan_bytes v = scan_load_part(s.p + i, s.n - i);
		scan_store(to + i, v);
		i += scan_first(set(v));
		if (i > s.n)
			i = s.n;
	}
	return i;
}

/* Goes over words and the single blanks between them, from i on, up to a byte of the set or two blanks in
 * a row; where that is. Copies them to `to` and `also`, which may be NULL; up to SCAN_SIZE bytes more
 * than s has from i on may be written there, and `behind` more bytes behind s may be read. */
SCAN_INLINE size_t scan_words(
	struct str s, size_t i, size_t behind, scan_bytes (*set)(scan_bytes), char *to, char *also)
{
	const size_t readable = s.n + behind, from = i;

	while (i < s.n) {
		size_t rest = readable - i;
		scan_bytes v, next = {0};
		if (rest > SCAN_SIZE) {
			v = scan_load(s.p + i);
			next = scan_load(s.p + i + 1);
		} else {
			v = rest < SCAN_SIZE ? scan_load_part(s.p + i, rest) : scan_load(s.p + i);
			if (rest > 1)
				next = scan_load_part(s.p + i + 1, rest - 1);
		}
		if (to)
			scan_store(to + (i - from), v);
		if (also)
			scan_store(also + (i - from), v);
		scan_bytes marks = set(v) | (scan_is(v, ' ') & scan_is(next, ' '));
		if (scan_any(marks)) {
			i += scan_first(marks);
			break;
		}
		i += SCAN_SIZE;
	}
	return i < s.n ? i : s.n;
}
