#include "base/str.h"

#include "base/scan.h"

int ascii_hex(unsigned char c)
{
	if (ascii_is_digit(c))
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

SCAN_INLINE bool differ(scan_bytes a, scan_bytes b)
{
	return scan_first((scan_bytes)(scan_lower(a) != scan_lower(b))) < SCAN_SIZE;
}

bool str_ieq(struct str a, struct str b)
{
	size_t i = 0;

	if (a.n != b.n)
		return false;
	for (; a.n - i >= SCAN_SIZE; i += SCAN_SIZE)
		if (differ(scan_load(a.p + i), scan_load(b.p + i)))
			return false;
	return i == a.n ||
	       !differ(scan_load_part(a.p + i, a.n - i), scan_load_part(b.p + i, b.n - i));
}

bool str_is_i(struct str a, const char *literal)
{
	return str_ieq(a, str_of(literal));
}

bool str_istarts(struct str s, struct str prefix)
{
	return s.n >= prefix.n && str_ieq(str_head(s, prefix.n), prefix);
}

bool str_ends(struct str s, struct str suffix)
{
	return s.n >= suffix.n && str_eq(str_skip(s, s.n - suffix.n), suffix);
}

int str_cmp(struct str a, struct str b)
{
	size_t n = a.n < b.n ? a.n : b.n;
	int r = n ? memcmp(a.p, b.p, n) : 0;

	return r ? r : (a.n > b.n) - (a.n < b.n);
}

struct str str_trim(struct str s)
{
	while (s.n && ascii_is_space((unsigned char)s.p[0]))
		s.p++, s.n--;
	while (s.n && ascii_is_space((unsigned char)s.p[s.n - 1]))
		s.n--;
	return s;
}

size_t str_chr(struct str s, char c)
{
	const char *hit = s.n ? memchr(s.p, c, s.n) : NULL;

	return hit ? (size_t)(hit - s.p) : s.n;
}

size_t str_find(struct str s, struct str needle)
{
	const char *hit = s.n ? memmem(s.p, s.n, needle.p, needle.n) : NULL;

	return hit ? (size_t)(hit - s.p) : s.n;
}

size_t str_ifind(struct str s, struct str needle)
{
	char first = needle.n ? ascii_lower(needle.p[0]) : '\0';

	for (size_t i = 0; i + needle.n <= s.n; i++)
		if ((!needle.n || ascii_lower(s.p[i]) == first) &&
			str_ieq(str_make(s.p + i, needle.n), needle))
			return i;
	return s.n;
}

bool str_split(struct str *rest, char separator, struct str *ret_part)
{
	if (!rest->p)
		return false;
	size_t i = str_chr(*rest, separator);
	*ret_part = str_head(*rest, i);
	*rest = i < rest->n ? str_skip(*rest, i + 1) : STR_NONE;
	return true;
}

bool str_word(struct str *rest, struct str *ret_word)
{
	struct str s = str_trim(*rest);
	size_t i = 0;

	while (i < s.n && !ascii_is_space((unsigned char)s.p[i]))
		i++;
	if (!i)
		return false;
	*ret_word = str_head(s, i);
	*rest = str_skip(s, i);
	return true;
}

char *decimal_put(char *to, size_t n, uint64_t v)
{
	for (size_t i = n; i-- > 0; v /= 10)
		to[i] = (char)('0' + v % 10);
	return to + n;
}

bool str_u64(struct str s, unsigned long long max, unsigned long long *ret)
{
	unsigned long long v = 0;

	if (!s.n)
		return false;
	for (size_t i = 0; i < s.n; i++) {
		if (!ascii_is_digit((unsigned char)s.p[i]) ||
			__builtin_mul_overflow(v, 10ULL, &v) ||
			__builtin_add_overflow(v, (unsigned long long)(s.p[i] - '0'), &v) ||
			v > max)
			return false;
	}
	*ret = v;
	return true;
}
