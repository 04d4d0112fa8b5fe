#include "normalize/html-escape.h"

#include "base/scan.h"
#include "normalize/html-reference.h"
#include "normalize/html.h"

/* Bytes that cannot be copied as they are: by far most runs end at none of these. '<' and '>' differ
 * in one bit. */
SCAN_INLINE scan_bytes is_special(scan_bytes v)
{
	return scan_is(v, '"') | scan_is(v, '&') | scan_is(v | 2, '>') | scan_up_to(v, 0x1F) |
	       scan_is(v, 0x7F);
}

/* Copies the run at i; where it ends. */
static size_t put_run(struct buf *out, struct str s, size_t i)
{
	size_t end = scan_copy(buf_room(out, s.n - i + SCAN_SIZE), s, i, is_special);

	out->n += end - i;
	return end;
}

static struct str escape_of(char c)
{
	switch (c) {
	case '&':
		return STR("&amp;");
	case '<':
		return STR("&lt;");
	case '>':
		return STR("&gt;");
	case '"':
		return STR("&quot;");
	default:
		return STR_NONE;
	}
}

static void put_escaped(struct buf *out, char c)
{
	struct str escape = escape_of(c);

	buf_str(out, escape.n ? escape : str_make(&c, 1));
}

/* The special byte at i: line ends and form feeds become what they mean, other control characters
 * nothing. */
static void put_special(struct buf *out, struct str s, size_t i)
{
	unsigned char c = (unsigned char)s.p[i];

	if (c == '\f')
		buf_char(out, ' ');
	else if (c == '\r' && (i + 1 == s.n || s.p[i + 1] != '\n'))
		buf_char(out, '\n');
	else if ((c >= ' ' && c != 0x7F) || c == '\t' || c == '\n')
		put_escaped(out, (char)c);
}

void html_put_value(struct buf *out, struct str value)
{
	size_t i = 0;

	while ((i = put_run(out, value, i)) < value.n) {
		char decoded[HTML_REFERENCE_MAX];
		size_t n = 0, used = 0;
		if (value.p[i] == '&')
			used = html_reference(str_skip(value, i), true, decoded, &n);
		if (!used) {
			put_special(out, value, i++);
			continue;
		}
		/* "&nvlt;" is two characters, of which the first is "<". */
		if (n) {
			put_escaped(out, decoded[0]);
			buf_add(out, decoded + 1, n - 1);
		}
		i += used;
	}
}

void html_escape(struct buf *out, struct str text)
{
	for (size_t i = 0; (i = put_run(out, text, i)) < text.n; i++)
		put_special(out, text, i);
}

void html_decode(struct buf *out, struct str text)
{
	size_t i = 0;

	while (i < text.n) {
		struct str rest = str_skip(text, i);
		size_t run = str_chr(rest, '&');
		buf_add(out, rest.p, run);
		i += run;
		if (i == text.n)
			break;
		char decoded[HTML_REFERENCE_MAX];
		size_t n;
		size_t used = html_reference(str_skip(text, i), false, decoded, &n);
		if (used)
			buf_add(out, decoded, n);
		else
			buf_char(out, '&');
		i += used ? used : 1;
	}
}

void html_escape_tail(struct buf *out, size_t from)
{
	size_t first = scan_find(buf_view(out), from, is_special), grown = 0;

	for (size_t i = first; i < out->n; i++) {
		size_t n = escape_of(out->p[i]).n;
		grown += n ? n - 1 : 0;
	}
	/* Backwards: what is written is never before what is read. */
	buf_room(out, grown);
	size_t to = out->n + grown;
	out->n = to;
	for (size_t i = to - grown; to > i;) {
		char c = out->p[--i];
		struct str escape = escape_of(c);
		if (!escape.n)
			escape = str_make(&c, 1);
		to -= escape.n;
		memcpy(out->p + to, escape.p, escape.n);
	}
}
