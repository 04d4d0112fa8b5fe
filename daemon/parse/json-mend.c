/* Broken JSON → JSON, for the ways in which JSON Feeds break:
 *	cut off					ends after the last whole item
 *	something after the end			dropped
 *	control characters in a text		blanks
 *	escapes that are none, half pairs	U+FFFD
 *	a comma before '}' or ']'		dropped
 * One pass over the text; what else is wrong is for jansson to say. */
#include "parse/format.h"

struct json_mender {
	struct buf *out;
	size_t depth;
	char outer[2];       /* the brackets of the first two levels */
	size_t whole;        /* length of what was written up to the last whole item */
	const char *closing; /* what is missing after it */
};

/* The four digits of "\uXXXX" at s, or -1. */
static long unit_at(struct str s)
{
	long unit = 0;

	if (s.n < 6 || s.p[0] != '\\' || s.p[1] != 'u')
		return -1;
	for (size_t i = 2; i < 6; i++) {
		int digit = ascii_hex((unsigned char)s.p[i]);
		if (digit < 0)
			return -1;
		unit = unit * 16 + digit;
	}
	return unit;
}

/* The escape at s: writes it and returns its length; 0: the text ends in it. */
static size_t mend_escape(struct buf *out, struct str s)
{
	if (s.n < 2)
		return 0;
	if (s.p[1] != 'u') {
		if (strchr("\"\\/bfnrt", s.p[1])) {
			buf_str(out, str_head(s, 2));
			return 2;
		}
		buf_lit(out, "\\\\"); /* a backslash that nobody escaped */
		return 1;
	}
	long unit = unit_at(s);
	if (unit < 0) {
		buf_lit(out, "\\\\");
		return 1;
	}
	if (unit < 0xD800 || unit > 0xDFFF) {
		buf_str(out, str_head(s, 6));
		return 6;
	}
	long low = unit <= 0xDBFF ? unit_at(str_skip(s, 6)) : -1;
	if (low >= 0xDC00 && low <= 0xDFFF) {
		buf_str(out, str_head(s, 12));
		return 12;
	}
	buf_lit(out, "\\uFFFD");
	return 6;
}

/* The string that begins at s.p[0] == '"': its length, or 0 if it does not end. */
static size_t mend_string(struct buf *out, struct str s)
{
	size_t i = 1;

	buf_char(out, '"');
	while (i < s.n) {
		size_t n = i;
		while (n < s.n && s.p[n] != '"' && s.p[n] != '\\' && (unsigned char)s.p[n] >= ' ')
			n++;
		buf_add(out, s.p + i, n - i);
		i = n;
		if (i == s.n)
			return 0;
		if (s.p[i] == '"') {
			buf_char(out, '"');
			return i + 1;
		}
		if (s.p[i] != '\\') {
			buf_char(out, ' ');
			i++;
			continue;
		}
		n = mend_escape(out, str_skip(s, i));
		if (!n)
			return 0;
		i += n;
	}
	return 0;
}

static void open_bracket(struct json_mender *m, char c)
{
	if (m->depth < 2)
		m->outer[m->depth] = c;
	m->depth++;
	buf_char(m->out, c);
	if (m->depth == 2 && m->outer[0] == '{' && c == '[') {
		m->whole = m->out->n;
		m->closing = "]}";
	}
}

/* False: there is nothing to close. */
static bool close_bracket(struct json_mender *m, char c)
{
	if (!m->depth)
		return false;
	/* The comma before it, if only white space is between. */
	size_t n = m->out->n;
	while (n && ascii_is_space((unsigned char)m->out->p[n - 1]))
		n--;
	if (n && m->out->p[n - 1] == ',')
		m->out->n = n - 1;
	buf_char(m->out, c);
	m->depth--;
	if (m->depth == 2 && m->outer[0] == '{' && m->outer[1] == '[') {
		m->whole = m->out->n;
		m->closing = "]}";
	} else if (m->depth == 1 && m->outer[0] == '{') {
		m->whole = m->out->n;
		m->closing = "}";
	}
	return true;
}

bool json_mend(struct buf *out, struct str in, bool *ret_truncated)
{
	struct json_mender m = {.out = out};

	*ret_truncated = false;
	for (size_t i = 0; i < in.n;) {
		char c = in.p[i];
		if (c == '"') {
			size_t n = mend_string(out, str_skip(in, i));
			if (!n)
				break;
			i += n;
			continue;
		}
		i++;
		if (c == '{' || c == '[') {
			open_bracket(&m, c);
		} else if (c == '}' || c == ']') {
			if (!close_bracket(&m, c))
				return false;
			if (!m.depth)
				return true; /* what follows is none of it */
		} else {
			buf_char(out, c);
		}
	}
	if (!m.closing)
		return false;
	*ret_truncated = true;
	out->n = m.whole;
	buf_str(out, str_of(m.closing));
	return true;
}
