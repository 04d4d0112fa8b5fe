#include "normalize/html-reference.h"

/* What "&#128;" to "&#159;" mean: windows-1252, as all browsers read them. Zero: not assigned. */
static const uint16_t windows_1252[32] = {0x20AC, 0, 0x201A, 0x0192, 0x201E, 0x2026, 0x2020, 0x2021,
	0x02C6, 0x2030, 0x0160, 0x2039, 0x0152, 0, 0x017D, 0, 0, 0x2018, 0x2019, 0x201C, 0x201D,
	0x2022, 0x2013, 0x2014, 0x02DC, 0x2122, 0x0161, 0x203A, 0x0153, 0, 0x017E, 0x0178};

/* The characters of a number. White space that is no blank, tab or line feed becomes one of them,
 * so that every text of ours has three kinds of white space below U+0080. */
static size_t numbered(unsigned cp, char out[HTML_REFERENCE_MAX])
{
	if (!cp)
		cp = 0xFFFD;
	if (cp >= 0x80 && cp < 0xA0)
		cp = windows_1252[cp - 0x80];
	else if (cp == '\r')
		cp = '\n';
	else if (cp == '\f')
		cp = ' ';
	if ((cp < ' ' && cp != '\t' && cp != '\n') || cp == 0x7F || cp == 0xFFFE || cp == 0xFFFF)
		return 0;
	return utf8_encode(cp, out);
}

/* "&#…": s begins with "&#". */
static size_t read_number(struct str s, char out[HTML_REFERENCE_MAX], size_t *ret_n)
{
	size_t i = 2, first;
	unsigned cp = 0, base = 10;

	if (i < s.n && (s.p[i] | 0x20) == 'x') {
		base = 16;
		i++;
	}
	for (first = i; i < s.n; i++) {
		int digit = ascii_hex((unsigned char)s.p[i]);
		if (digit < 0 || digit >= (int)base)
			break;
		if (cp <= 0x10FFFF) /* more digits do not make it smaller again */
			cp = cp * base + (unsigned)digit;
	}
	if (i == first)
		return 0;
	*ret_n = numbered(cp, out);
	return i + (i < s.n && s.p[i] == ';');
}

/* The index of a name, or -1. */
static int find_name(const char *name, size_t n)
{
	unsigned low = 0, high = html_entity_count;

	while (low < high) {
		unsigned middle = (low + high) / 2;
		const uint16_t *at = &html_entity_offsets[middle];
		int r = str_cmp(str_make(name, n),
			str_make(html_entity_names + at[0], (size_t)(at[1] - at[0])));
		if (!r)
			return (int)middle;
		if (r < 0)
			high = middle;
		else
			low = middle + 1;
	}
	return -1;
}

static size_t write_entity(int index, char out[HTML_REFERENCE_MAX])
{
	uint32_t value = html_entity_values[index];
	size_t n = utf8_encode(HTML_ENTITY_CP(value), out);

	if (HTML_ENTITY_SECOND(value))
		n += utf8_encode(html_entity_seconds[HTML_ENTITY_SECOND(value)], out + n);
	return n;
}

/* The five that are nine of ten in feeds, without a search. */
static char common_name(const char *name, size_t n)
{
	switch (n) {
	case 2:
		return !memcmp(name, "lt", 2) ? '<' : !memcmp(name, "gt", 2) ? '>' : 0;
	case 3:
		return !memcmp(name, "amp", 3) ? '&' : 0;
	case 4:
		return !memcmp(name, "quot", 4) ? '"' : !memcmp(name, "apos", 4) ? '\'' : 0;
	default:
		return 0;
	}
}

size_t html_reference(struct str s, bool attribute, char out[HTML_REFERENCE_MAX], size_t *ret_n)
{
	size_t n = 0;

	if (s.n < 3)
		return 0;
	if (s.p[1] == '#')
		return read_number(s, out, ret_n);
	const char *name = s.p + 1;
	struct str rest = str_head(str_skip(s, 1), HTML_ENTITY_NAME_MAX + 1);
	while (n < rest.n && ascii_is_alnum((unsigned char)name[n]))
		n++;
	if (n && n < rest.n && name[n] == ';') {
		char c = common_name(name, n);
		int index = c ? 0 : find_name(name, n);
		if (index >= 0) {
			out[0] = c;
			*ret_n = c ? 1 : write_entity(index, out);
			return n + 2;
		}
	}
	/* Without its semicolon: the longest of the old names that this begins with. */
	for (n = n < HTML_ENTITY_BARE_LENGTH ? n : HTML_ENTITY_BARE_LENGTH; n >= 2; n--) {
		int index = find_name(name, n);
		if (index < 0 || !(html_entity_values[index] & HTML_ENTITY_BARE))
			continue;
		unsigned char next = n + 1 < s.n ? (unsigned char)name[n] : 0;
		if (attribute && (next == '=' || ascii_is_alnum(next)))
			return 0;
		*ret_n = write_entity(index, out);
		return n + 1;
	}
	return 0;
}
