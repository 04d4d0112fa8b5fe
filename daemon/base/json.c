#include "base/json.h"

#include "base/clock.h"

#include <math.h>
#include <stdio.h>

/* What must be escaped: 0 nothing, 'u' as \u00XX, else the letter after the backslash. */
static char escape_of(unsigned char c)
{
	static const char control[32] = {
		['\b'] = 'b', ['\t'] = 't', ['\n'] = 'n', ['\f'] = 'f', ['\r'] = 'r'};

	if (c >= 0x20)
		return c == '"' || c == '\\' ? (char)c : c == 0x7F ? 'u' : 0;
	return control[c] ? control[c] : 'u';
}

void json_quote(struct buf *out, struct str s)
{
	size_t from = 0;

	buf_room(out, s.n + 2);
	buf_char(out, '"');
	for (size_t i = 0; i < s.n; i++) {
		char e = escape_of((unsigned char)s.p[i]);
		if (!e)
			continue;
		buf_add(out, s.p + from, i - from);
		from = i + 1;
		if (e == 'u') {
			buf_printf(out, "\\u%04x", (unsigned char)s.p[i]);
		} else {
			buf_char(out, '\\');
			buf_char(out, e);
		}
	}
	buf_add(out, s.p + from, s.n - from);
	buf_char(out, '"');
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

void json_key(struct json *j, const char *name)
{
	before_value(j);
	buf_char(j->out, '"');
	buf_str(j->out, str_of(name));
	buf_lit(j->out, "\":");
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
	buf_printf(j->out, "%lld", (long long)v);
}

void json_uint(struct json *j, uint64_t v)
{
	before_value(j);
	buf_printf(j->out, "%llu", (unsigned long long)v);
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

void json_member(struct json *j, const char *name, struct str s)
{
	if (!s.p)
		return;
	json_key(j, name);
	json_str(j, s);
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
