#include "normalize/html-escape.h"

#include "normalize/html-reference.h"
#include "normalize/html-scan.h"
#include "normalize/html.h"

#include <stdint.h>

/* Bytes that cannot be copied as they are: by far most runs end at none of these. */
enum { TEXT = 1, ATTRIBUTE = 2 };
static const uint8_t special[256] = {3, 3, 3, 3, 3, 3, 3, 3, 3, 0, 0, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3,
	3, 3, 3, 3, 3, 3, 3, 3, 3, 3,
	3, ['"'] = ATTRIBUTE, ['&'] = 3, ['<'] = 3, ['>'] = 3, [0x7F] = 3};

static size_t plain_run(struct str s, size_t i, unsigned mask)
{
	for (;;) {
		i = html_scan_markup(s, i);
		while (i < s.n && !(special[(unsigned char)s.p[i]] & mask)) {
			/* A quotation mark stops the scan, but not the run of a text. */
			if (s.p[i++] == '"')
				break;
		}
		if (i == s.n || special[(unsigned char)s.p[i]] & mask)
			return i;
	}
}

static void put_escaped(struct buf *out, char c, enum html_escape_mode mode)
{
	switch (c) {
	case '&':
		buf_lit(out, "&amp;");
		break;
	case '<':
		buf_lit(out, "&lt;");
		break;
	case '>':
		buf_lit(out, "&gt;");
		break;
	case '"':
		if (mode == HTML_ESCAPE_ATTRIBUTE)
			buf_lit(out, "&quot;");
		else
			buf_char(out, '"');
		break;
	default:
		buf_char(out, c);
	}
}

/* A control character: line ends and form feeds become what they mean, the others nothing. */
static void put_control(struct buf *out, struct str s, size_t i)
{
	if (s.p[i] == '\f')
		buf_char(out, ' ');
	else if (s.p[i] == '\r' && (i + 1 == s.n || s.p[i + 1] != '\n'))
		buf_char(out, '\n');
}

void html_put(struct buf *out, struct str html, enum html_escape_mode mode)
{
	unsigned mask = mode == HTML_ESCAPE_TEXT ? TEXT : ATTRIBUTE;
	size_t i = 0;

	while (i < html.n) {
		size_t run = plain_run(html, i, mask);
		buf_add(out, html.p + i, run - i);
		i = run;
		if (i == html.n)
			break;
		char c = html.p[i];
		char decoded[HTML_REFERENCE_MAX];
		size_t n = 0, used = 0;
		if (c == '&')
			used = html_reference(
				str_skip(html, i), mode == HTML_ESCAPE_ATTRIBUTE, decoded, &n);
		if (used) {
			/* "&nvlt;" is two characters, of which the first is "<". */
			if (n) {
				put_escaped(out, decoded[0], mode);
				buf_add(out, decoded + 1, n - 1);
			}
			i += used;
			continue;
		}
		if ((unsigned char)c < ' ' || c == 0x7F)
			put_control(out, html, i);
		else
			put_escaped(out, c, mode);
		i++;
	}
}

void html_put_literal(struct buf *out, struct str text, enum html_escape_mode mode)
{
	unsigned mask = mode == HTML_ESCAPE_TEXT ? TEXT : ATTRIBUTE;
	size_t i = 0;

	while (i < text.n) {
		size_t run = plain_run(text, i, mask);
		buf_add(out, text.p + i, run - i);
		if (run < text.n && ((unsigned char)text.p[run] < ' ' || text.p[run] == 0x7F))
			put_control(out, text, run);
		else if (run < text.n)
			put_escaped(out, text.p[run], mode);
		i = run + 1;
	}
}

void html_escape(struct buf *out, struct str text)
{
	html_put_literal(out, text, HTML_ESCAPE_ATTRIBUTE);
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
	if (plain_run(buf_view(out), from, ATTRIBUTE) == out->n)
		return;
	struct buf tail = BUF_INIT;
	html_escape(&tail, str_make(out->p + from, out->n - from));
	out->n = from;
	buf_str(out, buf_view(&tail));
	buf_deinit(&tail);
}
