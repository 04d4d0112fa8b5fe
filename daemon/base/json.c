#include "base/json.h"

#include "base/clock.h"
#include "base/scan.h"

#include <math.h>
#include <stdio.h>

/* What must be escaped; and DEL, which a terminal would obey. */
SCAN_INLINE scan_bytes must_escape(scan_bytes v)
{
	return scan_up_to(v, 0x1F) | scan_is(v, '"') | scan_is(v, '\\') | scan_is(v, 0x7F);
}

/* Writes the escape of a byte: its length. */
static size_t put_escape(char *to, unsigned char c)
{
	static const char hex[] = "0123456789abcdef";
	static const char letters[32] = {
		['\b'] = 'b', ['\t'] = 't', ['\n'] = 'n', ['\f'] = 'f', ['\r'] = 'r'};
	char letter = c == 0x7F ? 0 : c >= 0x20 ? (char)c : letters[c];

	to[0] = '\\';
	to[1] = letter;
	if (letter)
		return 2;
	memcpy(to + 1, "u00", 3);
	to[4] = hex[c >> 4];
	to[5] = hex[c & 15];
	return 6;
}

void json_quote(struct buf *out, struct str s)
{
	/* The longest escape, the closing quote, and what scan_copy() may write. */
	const size_t slack = 6 + 1 + SCAN_SIZE;
	size_t i = 0, spare = 0;
	char *to;

	buf_char(out, '"');
	to = buf_room(out, s.n + slack);
	for (;;) {
		size_t end = scan_copy(to, s, i, must_escape);
		to += end - i;
		i = end;
		if (i == s.n)
			break;
		if (spare < 5) { /* what escapes take more than the bytes they stand for */
			out->n = (size_t)(to - out->p);
			spare = 16 + (s.n - i) / 8;
			to = buf_room(out, s.n - i + spare + slack);
		}
		size_t n = put_escape(to, (unsigned char)s.p[i++]);
		to += n;
		spare -= n - 1;
	}
	*to++ = '"';
	out->n = (size_t)(to - out->p);
}

static void before_value(struct json *j)
{
	if (j->comma)
		buf_char(j->out, ',');
	j->comma = true;
}

void json_open(struct json *j, char bracket)
{
	before_value(j);
	buf_char(j->out, bracket);
	j->comma = false;
}

void json_close(struct json *j, char bracket)
{
	buf_char(j->out, bracket);
	j->comma = true;
}

void json_name(struct json *j, struct str name)
{
	char *to = buf_room(j->out, name.n + 4), *p = to;

	if (j->comma)
		*p++ = ',';
	*p++ = '"';
	memcpy(p, name.p, name.n);
	p += name.n;
	*p++ = '"';
	*p++ = ':';
	j->out->n += (size_t)(p - to);
	j->comma = false;
}

void json_str(struct json *j, struct str s)
{
	before_value(j);
	if (s.p)
		json_quote(j->out, s);
	else
		buf_lit(j->out, "null");
}

void json_int(struct json *j, int64_t v)
{
	before_value(j);
	if (v < 0)
		buf_char(j->out, '-');
	buf_uint(j->out, v < 0 ? -(uint64_t)v : (uint64_t)v);
}

void json_uint(struct json *j, uint64_t v)
{
	before_value(j);
	buf_uint(j->out, v);
}

void json_double(struct json *j, double v)
{
	char text[64];

	before_value(j);
	if (!isfinite(v) || fabs(v) > 1e15) {
		buf_lit(j->out, "null");
		return;
	}
	/* Through integers, so that no locale can put a comma in. */
	double rounded = round(fabs(v) * 1e9);
	double whole = floor(rounded / 1e9);
	long long fraction = (long long)(rounded - whole * 1e9);
	if (fraction < 0)
		fraction = 0;
	int n = snprintf(text, sizeof text, "%s%.0f.%09lld", v < 0 && rounded > 0 ? "-" : "", whole,
		fraction);
	while (n > 0 && text[n - 1] == '0')
		n--;
	if (n > 0 && text[n - 1] == '.')
		n--;
	buf_add(j->out, text, (size_t)n);
}

void json_bool(struct json *j, bool v)
{
	json_raw(j, v ? STR("true") : STR("false"));
}

void json_raw(struct json *j, struct str json)
{
	before_value(j);
	buf_str(j->out, json);
}

void json_member_int(struct json *j, const char *name, int64_t v)
{
	json_key(j, name);
	json_int(j, v);
}

void json_member_bool(struct json *j, const char *name, bool v)
{
	json_key(j, name);
	json_bool(j, v);
}

void json_member_time(struct json *j, const char *name, int64_t unix_s)
{
	char text[TIME_TEXT_MAX];

	if (unix_s != TIME_NONE)
		json_member(j, name, str_make(text, time_format_s(unix_s, text)));
}
