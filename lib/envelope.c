#include "envelope.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>

struct scan {
	const char *p, *end;
};

static void skip_blanks(struct scan *s)
{
	while (s->p < s->end && (*s->p == ' ' || *s->p == '\n' || *s->p == '\r' || *s->p == '\t'))
		s->p++;
}

static bool skip_char(struct scan *s, char c)
{
	skip_blanks(s);
	if (s->p == s->end || *s->p != c)
		return false;
	s->p++;
	return true;
}

/* At the opening quote; ends behind the closing one. */
static bool skip_string(struct scan *s)
{
	if (!skip_char(s, '"'))
		return false;
	for (; s->p < s->end && *s->p != '"'; s->p++)
		if (*s->p == '\\' && ++s->p == s->end)
			return false;
	return skip_char(s, '"');
}

/* Any value: strings as such, brackets counted, the rest up to the next comma or bracket. */
static bool skip_value(struct scan *s)
{
	size_t depth = 0;

	skip_blanks(s);
	while (s->p < s->end) {
		char c = *s->p;
		if (c == '"') {
			if (!skip_string(s))
				return false;
			continue;
		}
		if (c == '{' || c == '[')
			depth++;
		else if ((c == '}' || c == ']') && depth-- == 0)
			return true;
		else if (c == ',' && depth == 0)
			return true;
		s->p++;
	}
	return false;
}

static int read_seq(struct scan *s, uint64_t *ret_seq)
{
	uint64_t v = 0;
	bool any = false;

	if (!skip_char(s, '"'))
		return -EINVAL;
	for (; s->p < s->end && *s->p >= '0' && *s->p <= '9'; s->p++, any = true)
		if (__builtin_mul_overflow(v, (uint64_t)10, &v) ||
			__builtin_add_overflow(v, (uint64_t)(*s->p - '0'), &v))
			return -EINVAL;
	if (!any || !skip_char(s, '"'))
		return -EINVAL;
	*ret_seq = v;
	return 0;
}

int envelope_seq(const char *json, size_t n, uint64_t *ret_seq)
{
	static const char name[] = "\"sequence\"";
	struct scan s = {json, json + n};

	if (!skip_char(&s, '{'))
		return -EINVAL;
	do {
		skip_blanks(&s);
		const char *key = s.p;
		if (!skip_string(&s))
			return -EINVAL;
		bool found = (size_t)(s.p - key) == sizeof name - 1 &&
			     !memcmp(key, name, sizeof name - 1);
		if (!skip_char(&s, ':'))
			return -EINVAL;
		if (found)
			return read_seq(&s, ret_seq);
		if (!skip_value(&s))
			return -EINVAL;
	} while (skip_char(&s, ','));
	return -EINVAL;
}
