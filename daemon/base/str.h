/* A slice of bytes: pointer and length, owning nothing. The bytes need not end in NUL, but all
 * that arena_* and mem_* made do. An absent text has p == NULL; an empty one has p != NULL, n == 0.
 * All functions are pure and for any thread; case means ASCII case. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct str {
	const char *p;
	size_t n;
};

#define STR(literal) ((struct str){"" literal, sizeof(literal) - 1})
#define STR_NONE     ((struct str){NULL, 0})
/* For printf("%.*s", STR_FMT(s)). */
#define STR_FMT(s) (int)(s).n, (s).p ? (s).p : ""

static inline struct str str_of(const char *s)
{
	return (struct str){s, s ? strlen(s) : 0};
}

static inline struct str str_make(const char *p, size_t n)
{
	return (struct str){p, n};
}

static inline bool str_is_none(struct str s)
{
	return !s.p;
}

static inline bool str_is_empty(struct str s)
{
	return !s.n;
}

static inline bool str_eq(struct str a, struct str b)
{
	return a.n == b.n && (!a.n || !memcmp(a.p, b.p, a.n));
}

static inline bool str_is(struct str a, const char *literal)
{
	return str_eq(a, str_of(literal));
}

static inline struct str str_skip(struct str s, size_t n)
{
	return n > s.n ? (struct str){s.p + s.n, 0} : (struct str){s.p + n, s.n - n};
}

static inline struct str str_head(struct str s, size_t n)
{
	return (struct str){s.p, n < s.n ? n : s.n};
}

static inline bool str_starts(struct str s, struct str prefix)
{
	return s.n >= prefix.n && str_eq(str_head(s, prefix.n), prefix);
}

static inline bool ascii_is_space(unsigned char c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}

static inline bool ascii_is_digit(unsigned char c)
{
	return c >= '0' && c <= '9';
}

static inline bool ascii_is_alpha(unsigned char c)
{
	return (unsigned char)((c | 0x20) - 'a') < 26;
}

static inline bool ascii_is_alnum(unsigned char c)
{
	return ascii_is_alpha(c) || ascii_is_digit(c);
}

static inline char ascii_lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c | 0x20) : c;
}

/* Value of a hexadecimal digit, -1 for anything else. */
int ascii_hex(unsigned char c);

bool str_ieq(struct str a, struct str b);
bool str_is_i(struct str a, const char *literal);
bool str_istarts(struct str s, struct str prefix);
bool str_ends(struct str s, struct str suffix);
/* Order of memcmp(), shorter first. */
int str_cmp(struct str a, struct str b);
/* Without ASCII white space at both ends. */
struct str str_trim(struct str s);
/* Index of the first c, or s.n. */
size_t str_chr(struct str s, char c);
/* Index of the first occurrence of needle, or s.n. */
size_t str_find(struct str s, struct str needle);
size_t str_ifind(struct str s, struct str needle);
/* Cuts the part before the first `separator` off *rest and puts it into *ret_part (without the
 * separator). False when *rest is used up; a text without separator is one part. Begin with the
 * whole text in *rest. */
bool str_split(struct str *rest, char separator, struct str *ret_part);
/* The next run of bytes that are not ASCII white space. */
bool str_word(struct str *rest, struct str *ret_word);
/* The whole of s as a decimal number without sign; false if it is not one or over max. */
bool str_u64(struct str s, unsigned long long max, unsigned long long *ret);
/* Writes the last n decimal digits of v, zeros before it; returns what is behind them. */
char *decimal_put(char *to, size_t n, uint64_t v);

/* ---- utf8.c ---- */
/* Length of the longest prefix of s that is valid UTF-8 (RFC 3629: no surrogates, no overlong). */
size_t utf8_valid_prefix(struct str s);
static inline bool utf8_is_valid(struct str s)
{
	return utf8_valid_prefix(s) == s.n;
}
/* Length of the longest prefix of s that is ASCII. */
size_t utf8_ascii_prefix(struct str s);
/* Length of the valid character at s (s.n > 0): 0 if it is none, -1 if it is the beginning of one. */
int utf8_sequence(struct str s);
/* Decodes the code point at s (s.n > 0) and puts its length in *ret_len; U+FFFD and length 1 for
 * what is not valid. */
unsigned utf8_decode(struct str s, size_t *ret_len);
/* Encodes a code point, 1–4 bytes into out; U+FFFD for surrogates and beyond U+10FFFF. */
size_t utf8_encode(unsigned cp, char out[4]);
