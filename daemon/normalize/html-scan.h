/* Long runs of text, sixteen bytes at a time. These only skip ahead: they may stop early, never late,
 * and the caller's loop decides byte by byte what stopped them. So the portable form is to skip
 * nothing. */
#pragma once

#include "base/str.h"

#ifdef __SSE2__
#include <emmintrin.h>

static inline __m128i html_scan_load(const char *p)
{
	return _mm_loadu_si128((const __m128i *)(const void *)p);
}

/* Controls (below U+0020) and DEL. */
static inline __m128i html_scan_controls(__m128i v)
{
	__m128i low = _mm_cmpeq_epi8(_mm_min_epu8(v, _mm_set1_epi8(0x1F)), v);

	return _mm_or_si128(low, _mm_cmpeq_epi8(v, _mm_set1_epi8(0x7F)));
}

static inline __m128i html_scan_is(__m128i v, char c)
{
	return _mm_cmpeq_epi8(v, _mm_set1_epi8(c));
}

/* To the next control, '&', '<', '>' or '"'. */
static inline size_t html_scan_markup(struct str s, size_t i)
{
	for (; s.n - i >= 16; i += 16) {
		__m128i v = html_scan_load(s.p + i);
		__m128i angles = _mm_or_si128(html_scan_is(v, '<'), html_scan_is(v, '>'));
		__m128i others = _mm_or_si128(html_scan_is(v, '&'), html_scan_is(v, '"'));
		__m128i hits = _mm_or_si128(html_scan_controls(v), _mm_or_si128(angles, others));
		int mask = _mm_movemask_epi8(hits);
		if (mask)
			return i + (size_t)__builtin_ctz((unsigned)mask);
	}
	return i;
}

/* To the next control, '&', byte C2 (it may begin U+00A0) or two blanks. */
static inline size_t html_scan_words(struct str s, size_t i)
{
	for (; s.n - i >= 17; i += 16) {
		__m128i v = html_scan_load(s.p + i), next = html_scan_load(s.p + i + 1);
		__m128i blanks = _mm_and_si128(html_scan_is(v, ' '), html_scan_is(next, ' '));
		__m128i others = _mm_or_si128(html_scan_is(v, '&'), html_scan_is(v, '\xC2'));
		__m128i hits = _mm_or_si128(html_scan_controls(v), _mm_or_si128(blanks, others));
		int mask = _mm_movemask_epi8(hits);
		if (mask)
			return i + (size_t)__builtin_ctz((unsigned)mask);
	}
	return i;
}

#else

static inline size_t html_scan_markup(struct str s, size_t i)
{
	(void)s;
	return i;
}

static inline size_t html_scan_words(struct str s, size_t i)
{
	(void)s;
	return i;
}

#endif
