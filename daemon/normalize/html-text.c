/* HTML → what a person reads of it. The layout is kept as a gap that the next word writes: so
 * that gaps never add up, and none stands at the beginning or the end. */
#include "normalize/html-reference.h"
#include "normalize/html-scan.h"
#include "normalize/html-token.h"
#include "normalize/html.h"

/* In rising order: the widest of those that meet is written. A no-break space is one that somebody
 * chose: it stays, with a blank on the sides that have one, unless a line ends there. */
enum gap { GAP_NONE, GAP_NBSP, GAP_SPACE, GAP_LINE, GAP_PARAGRAPH };

#define NBSP "\u00a0"

struct reader {
	struct buf *out;
	size_t start;
	enum gap gap;
	bool nbsp, space_before; /* in this gap, and a blank before it */
	bool bullet;             /* the next word is a list item's first */
	unsigned pre;            /* <pre> elements open: line ends count */
};

static void widen(struct reader *r, enum gap gap)
{
	if (gap > r->gap)
		r->gap = gap;
}

static void before_word(struct reader *r)
{
	static const struct str gaps[] = {STR(""), STR(""), STR(" "), STR("\n"), STR("\n\n")};

	if (r->out->n > r->start) {
		if (r->nbsp && r->gap < GAP_LINE)
			buf_str(r->out, r->space_before ? STR(" " NBSP) : STR(NBSP));
		buf_str(r->out, gaps[r->gap]);
	}
	r->gap = GAP_NONE;
	r->nbsp = r->space_before = false;
	if (r->bullet)
		buf_lit(r->out, "- ");
	r->bullet = false;
}

static void put_word(struct reader *r, const char *p, size_t n)
{
	if (!n)
		return;
	if (r->gap || r->bullet)
		before_word(r);
	buf_add(r->out, p, n);
}

static void put_space(struct reader *r, char c)
{
	if (c == '\n' && r->pre)
		r->gap = r->gap >= GAP_LINE ? GAP_PARAGRAPH : GAP_LINE;
	else
		widen(r, GAP_SPACE);
}

static void put_nbsp(struct reader *r)
{
	if (r->nbsp || r->gap >= GAP_LINE)
		return;
	r->nbsp = true;
	r->space_before = r->gap == GAP_SPACE;
	r->gap = GAP_NBSP;
}

/* U+00A0, the only white space beyond ASCII that is common in HTML; rarer ones are left to text.h. */
static bool is_nbsp(struct str s)
{
	return s.n >= 2 && s.p[0] == '\xC2' && s.p[1] == '\xA0';
}

/* Bytes at which a run of text may end: white space and controls, references, and the first byte of
 * U+00A0. The rest is copied without a look. */
enum { PLAIN, BLANK, REFERENCE, MAYBE_NBSP };
static const uint8_t classes[256] = {1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1,
	1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1,
	BLANK, ['&'] = REFERENCE, [0x7F] = BLANK, [0xC2] = MAYBE_NBSP};

/* Where the run that begins at i ends. A single blank between two words belongs to it. */
static size_t run_end(struct str s, size_t i, bool references)
{
	size_t start = i;

	i = html_scan_words(s, i);
	if (i > start && s.p[i - 1] == ' ') /* what comes after the blank is not known yet */
		i--;
	for (;; i++) {
		while (i < s.n && classes[(unsigned char)s.p[i]] == PLAIN)
			i++;
		if (i == s.n)
			return i;
		switch (classes[(unsigned char)s.p[i]]) {
		case BLANK:
			if (s.p[i] != ' ' || i + 1 == s.n ||
				classes[(unsigned char)s.p[i + 1]] != PLAIN)
				return i;
			break;
		case REFERENCE:
			if (references)
				return i;
			break;
		default:
			if (is_nbsp(str_skip(s, i)))
				return i;
		}
	}
}

static void put_decoded(struct reader *r, const char *p, size_t n)
{
	if (n == 1 && ascii_is_space((unsigned char)*p))
		put_space(r, *p);
	else if (is_nbsp(str_make(p, n)))
		put_nbsp(r);
	else
		put_word(r, p, n);
}

static void put_text(struct reader *r, struct str s, bool references)
{
	size_t i = 0;

	while (i < s.n) {
		size_t start = i;
		if (s.p[i] != ' ')
			i = run_end(s, i, references);
		put_word(r, s.p + start, i - start);
		if (i == s.n)
			break;
		char decoded[HTML_REFERENCE_MAX];
		size_t n = 0, used = 0;
		if (s.p[i] == '&') {
			used = html_reference(str_skip(s, i), false, decoded, &n);
			put_decoded(r, used ? decoded : "&", used ? n : 1);
		} else if (ascii_is_space((unsigned char)s.p[i])) {
			put_space(r, s.p[i]);
		} else if (is_nbsp(str_skip(s, i))) {
			put_nbsp(r);
			used = 2;
		}
		i += used ? used : 1;
	}
}

static void layout(struct reader *r, enum html_tag tag)
{
	if (html_has(tag, HTML_PARAGRAPH))
		widen(r, GAP_PARAGRAPH);
	else if (html_has(tag, HTML_LINE))
		widen(r, GAP_LINE);
	else if (tag == HTML_TAG_TD || tag == HTML_TAG_TH)
		widen(r, GAP_SPACE);
}

static void start_tag(struct reader *r, const struct html_token *token)
{
	layout(r, token->tag);
	switch (token->tag) {
	case HTML_TAG_BR:
		/* Two in a row are the old way of a paragraph. */
		r->gap = r->gap >= GAP_LINE ? GAP_PARAGRAPH : GAP_LINE;
		break;
	case HTML_TAG_LI:
		r->bullet = true;
		break;
	case HTML_TAG_PRE:
		r->pre++;
		break;
	case HTML_TAG_IMG:
		if (html_token_attr(token, HTML_ATTR_ALT).n) {
			widen(r, GAP_SPACE);
			put_text(r, html_token_attr(token, HTML_ATTR_ALT), true);
			widen(r, GAP_SPACE);
		}
		break;
	case HTML_TAG_XMP:
	case HTML_TAG_PLAINTEXT:
		r->pre++;
		put_text(r, token->text, false);
		r->pre--;
		layout(r, token->tag);
		break;
	default:
		break;
	}
}

static void end_tag(struct reader *r, enum html_tag tag)
{
	layout(r, tag);
	if (tag == HTML_TAG_LI)
		r->bullet = false;
	else if (tag == HTML_TAG_PRE && r->pre)
		r->pre--;
}

void html_text(struct buf *out, struct str html)
{
	struct reader r = {.out = out, .start = out->n};
	struct html_tokenizer t;
	struct html_token token;

	buf_room(out, html.n / 2 + 64);
	html_tokenizer_init(&t, html);
	while (html_token_next(&t, &token))
		if (token.type == HTML_TOKEN_TEXT)
			put_text(&r, token.text, true);
		else if (token.type == HTML_TOKEN_START)
			start_tag(&r, &token);
		else if (token.type == HTML_TOKEN_END)
			end_tag(&r, token.tag);
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

bool html_likely(struct str text)
{
	const char *last = text.n ? memrchr(text.p, '>', text.n) : NULL;
	size_t tags_end = last ? (size_t)(last - text.p) : 0; /* a tag has a '>' behind it */

	for (size_t i = 0; i < text.n; i++) {
		struct str rest = str_skip(text, i);
		char decoded[HTML_REFERENCE_MAX];
		size_t n, used;

		switch (text.p[i]) {
		case '<':
			if (str_starts(rest, STR("<!--")) || (i < tags_end && is_tag(rest)))
				return true;
			break;
		case '&':
			/* Only with its semicolon: "AT&T", "R&D" and "a&lt" are text. */
			used = html_reference(rest, false, decoded, &n);
			if (used && rest.p[used - 1] == ';')
				return true;
			break;
		}
	}
	return false;
}
