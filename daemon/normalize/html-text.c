#include "normalize/html-reader.h"

#include "base/scan.h"
#include "normalize/html-reference.h"
#include "normalize/html-token.h"
#include "normalize/html.h"

/* What one character may take besides its own bytes: of an escape or a gap, and what a scan may write
 * beyond its end. */
#define SLACK (2 * SCAN_SIZE)

#define NBSP "\u00a0"

static void widen(struct html_reader *r, enum html_gap gap)
{
	if (gap > r->gap)
		r->gap = gap;
}

static void before_word(struct html_reader *r)
{
	static const struct str gaps[] = {STR(""), STR(""), STR(" "), STR("\n"), STR("\n\n")};

	if (r->out->n > r->start) {
		if (r->nbsp && r->gap < HTML_GAP_LINE)
			buf_str(r->out, r->space_before ? STR(" " NBSP) : STR(NBSP));
		buf_str(r->out, gaps[r->gap]);
	}
	r->gap = HTML_GAP_NONE;
	r->nbsp = r->space_before = false;
	if (r->bullet)
		buf_lit(r->out, "- ");
	r->bullet = false;
}

static void put_word(struct html_reader *r, const char *p, size_t n)
{
	if (!n)
		return;
	if (r->gap || r->bullet)
		before_word(r);
	buf_add(r->out, p, n);
}

static void put_space(struct html_reader *r, char c)
{
	if (c == '\n' && r->pre)
		r->gap = r->gap >= HTML_GAP_LINE ? HTML_GAP_PARAGRAPH : HTML_GAP_LINE;
	else
		widen(r, HTML_GAP_SPACE);
}

static void put_nbsp(struct html_reader *r)
{
	if (r->nbsp || r->gap >= HTML_GAP_LINE)
		return;
	r->nbsp = true;
	r->space_before = r->gap == HTML_GAP_SPACE;
	r->gap = HTML_GAP_NBSP;
}

/* U+00A0, the only white space beyond ASCII that is common in HTML; rarer ones are left to text.h. */
static bool is_nbsp(struct str s)
{
	return s.n >= 2 && s.p[0] == '\xC2' && s.p[1] == '\xA0';
}

/* Bytes at which a run of text may end: controls, markup and the first byte of U+00A0. The rest is
 * copied without a look, but for two blanks in a row. '<' and '>' differ in one bit. */
SCAN_INLINE scan_bytes ends_run(scan_bytes v)
{
	return scan_up_to(v, 0x1F) | scan_is(v, '&') | scan_is(v | 2, '>') | scan_is(v, '\xC2') |
	       scan_is(v, 0x7F);
}

static bool is_end(char c)
{
	unsigned char u = (unsigned char)c;

	return u <= 0x1F || u == '&' || (u | 2) == '>' || u == 0xC2 || u == 0x7F;
}

static void put_escaped(struct buf *html, char c)
{
	if (c == '&')
		buf_lit(html, "&amp;");
	else if (c == '<')
		buf_lit(html, "&lt;");
	else if (c == '>')
		buf_lit(html, "&gt;");
	else
		buf_char(html, c);
}

/* Characters of the text, decoded. */
static void put_character(struct html_reader *r, struct buf *html, const char *p, size_t n)
{
	if (html && n) { /* "&nvlt;" is two characters, of which the first is "<" */
		put_escaped(html, *p);
		buf_add(html, p + 1, n - 1);
	}
	if (n == 1 && ascii_is_space((unsigned char)*p))
		put_space(r, *p);
	else if (is_nbsp(str_make(p, n)))
		put_nbsp(r);
	else
		put_word(r, p, n);
}

/* What ended a run; how many bytes it has. Line ends and form feeds become what they mean, other control
 * characters nothing. */
static size_t put_end(struct html_reader *r, struct buf *html, struct str s, bool references)
{
	char decoded[HTML_REFERENCE_MAX];
	size_t n = 0, used = 0;

	switch (s.p[0]) {
	case '&':
		used = references ? html_reference(s, false, decoded, &n) : 0;
		put_character(r, html, used ? decoded : "&", used ? n : 1);
		return used ? used : 1;
	case '\xC2':
		n = s.n > 1 && ((unsigned char)s.p[1] & 0xC0) == 0x80 ? 2 : 1;
		put_character(r, html, s.p, n);
		return n;
	case '\r':
		if (s.n == 1 || s.p[1] != '\n')
			put_character(r, html, "\n", 1);
		return 1;
	case '\f':
		put_character(r, html, " ", 1);
		return 1;
	case '\t':
	case '\n':
	case '<':
	case '>':
		put_character(r, html, s.p, 1);
		return 1;
	default:
		return 1;
	}
}

/* Blanks in front, or more than one in a row; how many. */
SCAN_INLINE size_t put_blanks(struct html_reader *r, struct buf *html, struct str s)
{
	size_t n = 0;

	do
		if (html)
			buf_char(html, ' ');
	while (++n < s.n && s.p[n] == ' ');
	widen(r, HTML_GAP_SPACE);
	return n;
}

SCAN_INLINE void put_text(
	struct html_reader *r, struct buf *html, struct str s, size_t behind, bool references)
{
	struct buf *out = r->out;
	size_t i = 0;

	while (i < s.n) {
		if (s.p[i] == ' ') {
			i += put_blanks(r, html, str_skip(s, i));
			continue;
		}
		if (is_end(s.p[i])) {
			i += put_end(r, html, str_skip(s, i), references);
			continue;
		}
		if (r->gap || r->bullet)
			before_word(r);
		size_t end = scan_words(s, i, behind, ends_run, buf_room(out, s.n - i + SLACK),
			html ? buf_room(html, s.n - i + SLACK) : NULL);
		if (html)
			html->n += end - i;
		/* A single blank between two words belongs to the run; what comes after the last
		 * one is not known yet. */
		bool blank = s.p[end - 1] == ' ';
		out->n += end - i - blank;
		if (blank)
			widen(r, HTML_GAP_SPACE);
		i = end;
	}
}

void html_reader_text(struct html_reader *r, struct str text, size_t behind, bool references)
{
	put_text(r, NULL, text, behind, references);
}

void html_reader_copy(
	struct html_reader *r, struct buf *html, struct str text, size_t behind, bool references)
{
	put_text(r, html, text, behind, references);
}

void html_reader_alt(struct html_reader *r, struct str alt)
{
	if (!alt.n)
		return;
	widen(r, HTML_GAP_SPACE);
	put_text(r, NULL, alt, 0, true);
	widen(r, HTML_GAP_SPACE);
}

static void layout(struct html_reader *r, enum html_tag tag)
{
	if (html_has(tag, HTML_PARAGRAPH))
		widen(r, HTML_GAP_PARAGRAPH);
	else if (html_has(tag, HTML_LINE))
		widen(r, HTML_GAP_LINE);
	else if (tag == HTML_TAG_TD || tag == HTML_TAG_TH)
		widen(r, HTML_GAP_SPACE);
}

void html_reader_start(struct html_reader *r, enum html_tag tag)
{
	layout(r, tag);
	if (tag == HTML_TAG_BR) /* two in a row are the old way of a paragraph */
		r->gap = r->gap >= HTML_GAP_LINE ? HTML_GAP_PARAGRAPH : HTML_GAP_LINE;
	else if (tag == HTML_TAG_LI)
		r->bullet = true;
	else if (tag == HTML_TAG_PRE)
		r->pre++;
}

void html_reader_end(struct html_reader *r, enum html_tag tag)
{
	layout(r, tag);
	if (tag == HTML_TAG_LI)
		r->bullet = false;
	else if (tag == HTML_TAG_PRE && r->pre)
		r->pre--;
}

static void read_start(struct html_reader *r, const struct html_token *token)
{
	html_reader_start(r, token->tag);
	switch (token->tag) {
	case HTML_TAG_IMG:
		html_reader_alt(r, html_token_attr(token, HTML_ATTR_ALT));
		break;
	case HTML_TAG_XMP:
	case HTML_TAG_PLAINTEXT:
		r->pre++;
		html_reader_text(r, token->text, 0, false);
		r->pre--;
		layout(r, token->tag);
		break;
	default:
		break;
	}
}

void html_text(struct buf *out, struct str html)
{
	struct html_reader r = html_reader_to(out);
	struct html_tokenizer t;
	struct html_token token;

	buf_room(out, html.n / 2 + 64);
	html_tokenizer_init(&t, html);
	while (html_token_next(&t, &token))
		if (token.type == HTML_TOKEN_TEXT)
			html_reader_text(&r, token.text, (size_t)(t.end - t.p), true);
		else if (token.type == HTML_TOKEN_START)
			read_start(&r, &token);
		else if (token.type == HTML_TOKEN_END)
			html_reader_end(&r, token.tag);
}

/* Is there a tag of an element we know at the '<' of s? */
static bool is_tag(struct str s)
{
	bool closing = s.n > 1 && s.p[1] == '/';
	struct str name = str_skip(s, closing ? 2 : 1);
	size_t n = 0;

	while (n < name.n && ascii_is_alnum((unsigned char)name.p[n]))
		n++;
	if (n == name.n || html_tag_of(str_head(name, n)) == HTML_TAG_OTHER)
		return false;
	char after = name.p[n];
	return after == '>' || after == '/' || ascii_is_space((unsigned char)after);
}

SCAN_INLINE scan_bytes begins_markup(scan_bytes v)
{
	return scan_is(v, '<') | scan_is(v, '&');
}

bool html_likely(struct str text)
{
	const char *last = text.n ? memrchr(text.p, '>', text.n) : NULL;
	size_t tags_end = last ? (size_t)(last - text.p) : 0; /* a tag has a '>' behind it */

	for (size_t i = 0; (i = scan_find(text, i, begins_markup)) < text.n; i++) {
		struct str rest = str_skip(text, i);
		char decoded[HTML_REFERENCE_MAX];
		size_t n, used;

		if (text.p[i] == '<') {
			if (str_starts(rest, STR("<!--")) || (i < tags_end && is_tag(rest)))
				return true;
			continue;
		}
		/* Only with its semicolon: "AT&T", "R&D" and "a&lt" are text. */
		used = html_reference(rest, false, decoded, &n);
		if (used && rest.p[used - 1] == ';')
			return true;
	}
	return false;
}
