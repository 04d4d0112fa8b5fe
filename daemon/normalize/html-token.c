#include "normalize/html-token.h"

/* White space of HTML: no vertical tab. */
static bool is_space(char c)
{
	return c == ' ' || c == '\n' || c == '\t' || c == '\r' || c == '\f';
}

/* Ends a tag's or attribute's name, an unquoted value: a table, for this is the inner loop. */
enum { ENDS_TAG_NAME = 1, ENDS_ATTR_NAME = 2, ENDS_VALUE = 4 };
static const uint8_t enders[256] = {
	['\t'] = 7,
	['\n'] = 7,
	['\f'] = 7,
	['\r'] = 7,
	[' '] = 7,
	['/'] = ENDS_TAG_NAME | ENDS_ATTR_NAME,
	['>'] = 7,
	['='] = ENDS_ATTR_NAME,
};

void html_tokenizer_init(struct html_tokenizer *t, struct str html)
{
	const char *p = html.p ? html.p : "";

	*t = (struct html_tokenizer){.p = p, .end = p + html.n, .skipped = HTML_TAG_OTHER};
}

static struct str rest_of(const struct html_tokenizer *t)
{
	return str_make(t->p, (size_t)(t->end - t->p));
}

static inline void skip_space(struct html_tokenizer *t)
{
	const char *p = t->p;

	while (p < t->end && is_space(*p))
		p++;
	t->p = p;
}

/* Goes behind the next `mark`; or to the end, which is malformed. */
static void skip_past(struct html_tokenizer *t, struct str mark)
{
	struct str rest = rest_of(t);
	size_t i = str_find(rest, mark);

	if (i == rest.n)
		t->malformed = true;
	t->p = i == rest.n ? t->end : t->p + i + mark.n;
}

static inline struct str take_name(struct html_tokenizer *t, unsigned enders_wanted)
{
	const char *start = t->p, *p = start;

	while (p < t->end && !(enders[(unsigned char)*p] & enders_wanted))
		p++;
	t->p = p;
	return str_make(start, (size_t)(p - start));
}

/* After the '=' of an attribute. */
static struct str take_value(struct html_tokenizer *t)
{
	skip_space(t);
	if (t->p == t->end)
		return STR("");
	char quote = *t->p;
	if (quote != '"' && quote != '\'')
		return take_name(t, ENDS_VALUE);
	t->p++;
	struct str rest = rest_of(t);
	struct str value = str_head(rest, str_chr(rest, quote));
	t->p += value.n + (value.n < rest.n);
	return value;
}

/* Which attributes a tag has had. */
struct seen {
	uint64_t bits[2];
};
_Static_assert(HTML_ATTR_COUNT <= 128, "there is a bit for each attribute");

static void keep_attr(
	struct html_token *token, struct seen *seen, enum html_attr_id id, struct str value)
{
	uint64_t *bits = &seen->bits[id / 64], bit = UINT64_C(1) << id % 64;

	if (id == HTML_ATTR_OTHER || *bits & bit) {
		token->strangers = true;
		return;
	}
	*bits |= bit;
	token->attrs[token->n_attrs++] = (struct html_attr){id, value};
}

/* From behind a tag's name to behind its '>'. False: the input ended first, and the tag counts for
 * nothing (eof-in-tag). */
static bool take_attrs(struct html_tokenizer *t, struct html_token *token)
{
	struct seen seen = {{0}};

	for (;;) {
		skip_space(t);
		if (t->p == t->end)
			return false;
		if (*t->p == '>') {
			t->p++;
			return true;
		}
		if (*t->p == '/') {
			t->p++;
			token->self_closing = t->p < t->end && *t->p == '>';
			continue;
		}
		const char *start = t->p++; /* even a '=' here is a name's first character */
		take_name(t, ENDS_ATTR_NAME);
		struct str name = str_make(start, (size_t)(t->p - start)), value = STR("");
		skip_space(t);
		if (t->p < t->end && *t->p == '=') {
			t->p++;
			value = take_value(t);
		}
		keep_attr(token, &seen, html_recent_attr(&t->attrs, name), value);
	}
}

/* Where a script's data ends: its end tag, unless that stands in "<!-- <script> … </script> -->"
 * (the script-data-double-escaped states). Returns the end tag's '<', or the end of the input. */
static const char *script_end(const char *p, const char *end)
{
	bool escaped = false, doubly = false;

	for (;;) {
		struct str rest = str_make(p, (size_t)(end - p));
		/* Inside an escape, "-->" may come before the next '<'. */
		size_t lt = str_chr(rest, '<');
		if (escaped && str_find(str_head(rest, lt), STR("-->")) < lt)
			escaped = doubly = false;
		if (lt == rest.n)
			return end;
		rest = str_skip(rest, lt);
		p = rest.p + 1;
		if (str_starts(rest, STR("<!--")) && !escaped) {
			escaped = true;
			p = rest.p + 2; /* "<!-->" is opened and closed at once */
			continue;
		}
		bool closing = rest.n > 1 && rest.p[1] == '/';
		struct str name = str_skip(rest, closing ? 2 : 1);
		if (!str_istarts(name, STR("script")) || name.n < 7 ||
			!(enders[(unsigned char)name.p[6]] & ENDS_TAG_NAME))
			continue;
		if (closing && !doubly)
			return rest.p;
		if (escaped)
			doubly = !closing;
	}
}

/* Where the content of another raw element ends. */
static const char *raw_end(const char *p, const char *end, struct str name)
{
	for (;;) {
		p = memchr(p, '<', (size_t)(end - p));
		if (!p)
			return end;
		struct str rest = str_make(p, (size_t)(end - p));
		if (rest.n > name.n + 2 && rest.p[1] == '/' &&
			str_istarts(str_skip(rest, 2), name) &&
			enders[(unsigned char)rest.p[name.n + 2]] & ENDS_TAG_NAME)
			return p;
		p++;
	}
}

/* The content of a raw element and its end tag go with its start tag. */
static void take_raw(struct html_tokenizer *t, struct html_token *token)
{
	enum html_tag tag = token->tag;
	const struct html_element *element = &html_elements[tag];
	uint64_t bit = UINT64_C(1) << (tag & 63);
	bool code = tag == HTML_TAG_SCRIPT || tag == HTML_TAG_STYLE;
	const char *end = t->end;

	token->text = str_make(t->p, 0);
	if (tag == HTML_TAG_PLAINTEXT) {
		token->text = rest_of(t);
		t->p = t->end;
		return;
	}
	if (!(t->unclosed[tag / 64] & bit))
		end = tag == HTML_TAG_SCRIPT
			      ? script_end(t->p, t->end)
			      : raw_end(t->p, t->end, str_make(element->name, element->length));
	if (end == t->end) {
		/* Remembered, so that many of them do not search the whole rest each. */
		t->unclosed[tag / 64] |= bit;
		t->malformed = true;
		if (!code || token->self_closing)
			return;
	}
	token->text = str_make(t->p, (size_t)(end - t->p));
	t->p = end;
	if (t->p < t->end) {
		struct html_token end_tag = {.n_attrs = 0};
		t->p += 2 + element->length;
		t->malformed |= !take_attrs(t, &end_tag);
	}
}

/* "<!…": a comment, a doctype, CDATA, or what the standard calls a bogus comment. Without its end
 * the last of these is text. */
static void take_declaration(struct html_tokenizer *t, struct html_token *token)
{
	struct str rest = rest_of(t);

	if (str_starts(rest, STR("<![CDATA["))) {
		t->p += 9;
		t->cdata++;
	} else if (!str_starts(rest, STR("<!--"))) {
		skip_past(t, STR(">"));
		if (t->p == t->end && rest.p[rest.n - 1] != '>') {
			token->type = HTML_TOKEN_TEXT;
			token->text = rest;
		}
	} else {
		t->p += 4;
		rest = rest_of(t);
		if (str_starts(rest, STR(">")) || str_starts(rest, STR("->"))) {
			skip_past(t, STR(">"));
			return;
		}
		/* It ends at "-->" or "--!>", whichever is first. */
		for (;;) {
			struct str found = rest_of(t);
			size_t i = str_find(found, STR("--"));
			if (i == found.n) {
				t->p = t->end;
				t->malformed = true;
				return;
			}
			t->p += i + 1;
			struct str after = str_skip(found, i + 2);
			if (str_starts(after, STR(">")) || str_starts(after, STR("!>"))) {
				skip_past(t, STR(">"));
				return;
			}
		}
	}
}

/* At a '<' that begins a tag: the token. False: only the end of the input was found. */
static bool take_tag(struct html_tokenizer *t, struct html_token *token)
{
	bool closing = t->p[1] == '/';

	t->p += closing ? 2 : 1;
	token->type = closing ? HTML_TOKEN_END : HTML_TOKEN_START;
	token->tag = html_recent_tag(&t->tags, take_name(t, ENDS_TAG_NAME));
	token->self_closing = token->strangers = false;
	token->n_attrs = 0;
	token->text = STR_NONE;
	if (t->p < t->end && *t->p == '>') /* most have no attributes */
		t->p++;
	else if (!take_attrs(t, token)) {
		t->malformed = true;
		return false;
	}
	if (!closing && html_has(token->tag, HTML_RAW))
		take_raw(t, token);
	return true;
}

/* What kind of thing begins at the '<' at p? ' ' for plain text. */
static char kind_of(const char *p, const char *end)
{
	if (end - p < 2)
		return ' ';
	if (ascii_is_alpha((unsigned char)p[1]))
		return '<';
	if (p[1] == '!' || p[1] == '?')
		return p[1];
	if (p[1] != '/' || end - p < 3)
		return ' ';
	return ascii_is_alpha((unsigned char)p[2]) ? '<' : '/';
}

/* Where a CDATA section ends; where one stands in another, the end of the inner one is escaped. */
static const struct str cdata_ends[] = {STR("]]>"), STR("]]&gt;")};
#define CDATA_ENDS (sizeof cdata_ends / sizeof *cdata_ends)

static bool take_cdata_end(struct html_tokenizer *t)
{
	for (size_t i = 0; i < CDATA_ENDS; i++)
		if (str_starts(rest_of(t), cdata_ends[i])) {
			t->cdata--;
			t->p += cdata_ends[i].n;
			return true;
		}
	return false;
}

/* Text up to the next thing that is none. */
static void take_text(struct html_tokenizer *t, struct html_token *token)
{
	const char *start = t->p, *p = start;

	if (t->cdata && take_cdata_end(t)) {
		token->type = HTML_TOKEN_OTHER;
		return;
	}
	for (;; p++) {
		p = memchr(p, '<', (size_t)(t->end - p));
		if (!p || kind_of(p, t->end) != ' ')
			break;
	}
	struct str text = str_make(start, (size_t)((p ? p : t->end) - start));
	for (size_t i = 0; t->cdata && i < CDATA_ENDS; i++)
		text.n = str_find(text, cdata_ends[i]);
	t->p = start + text.n;
	token->type = HTML_TOKEN_TEXT;
	token->text = text;
}

static bool next_token(struct html_tokenizer *t, struct html_token *token)
{
	if (t->p >= t->end)
		return false;
	token->tag = HTML_TAG_OTHER;
	char kind = *t->p == '<' ? kind_of(t->p, t->end) : ' ';
	if (kind == ' ') {
		take_text(t, token);
		return true;
	}
	if (kind == '<' && take_tag(t, token))
		return true;
	token->type = HTML_TOKEN_OTHER;
	if (kind == '!')
		take_declaration(t, token);
	else if (kind != '<') /* "<?", "</ ": bogus comments */
		skip_past(t, STR(">"));
	return true;
}

/* In an <svg>: is this what the drawing is said to show? It stands for the drawing, as words, as the
 * alternative text of an image does. */
static bool is_said(struct html_tokenizer *t, struct html_token *token)
{
	if (token->type == HTML_TOKEN_START && token->tag == HTML_TAG_TITLE) {
		token->type = HTML_TOKEN_TEXT; /* of which its content is the text */
		return true;
	}
	if (token->tag == HTML_TAG_DESC)
		t->in_desc = token->type == HTML_TOKEN_START && !token->self_closing;
	return t->in_desc && token->type == HTML_TOKEN_TEXT;
}

/* Is this token still inside the skipped element? An element of ordinary text ends it, as in
 * browsers: a missing </svg> or </select> does not take the rest of the article with it. */
static bool is_skipped(struct html_tokenizer *t, struct html_token *token)
{
	if (t->skipped == HTML_TAG_SVG && is_said(t, token))
		return false;
	if (t->in_desc && html_has(token->tag, HTML_INLINE))
		return true;
	if (token->type == HTML_TOKEN_START && token->tag == t->skipped)
		t->skip_depth += !token->self_closing;
	else if (token->type == HTML_TOKEN_END && token->tag == t->skipped && !--t->skip_depth)
		t->skipped = HTML_TAG_OTHER;
	else if (token->type == HTML_TOKEN_START && token->tag != HTML_TAG_A &&
		 html_has(token->tag, HTML_ALLOWED) && t->skipped != HTML_TAG_TEMPLATE) {
		t->skipped = HTML_TAG_OTHER;
		return false;
	}
	return true;
}

bool html_token_next(struct html_tokenizer *t, struct html_token *token)
{
	if (!next_token(t, token))
		return false;
	if (t->skipped != HTML_TAG_OTHER) {
		if (is_skipped(t, token))
			token->type = HTML_TOKEN_OTHER;
	} else if (token->type == HTML_TOKEN_START && html_has(token->tag, HTML_SKIP) &&
		   !token->self_closing) {
		t->skipped = token->tag;
		t->skip_depth = 1;
		t->in_desc = false;
		token->type = HTML_TOKEN_OTHER;
	}
	return true;
}

struct str html_token_attr(const struct html_token *token, enum html_attr_id id)
{
	for (size_t i = 0; i < token->n_attrs; i++)
		if (token->attrs[i].id == id)
			return token->attrs[i].value;
	return STR_NONE;
}
