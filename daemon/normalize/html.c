/* The sanitiser: tokens in, allowed tags out.
 *
 * Nothing of the input is copied as markup. A start tag is written anew from the tables of
 * html-element.h: the element's own name, the attributes it may have, each value decoded, judged by
 * its kind and escaped; text is decoded and escaped. So whatever trick the input plays, the output
 * can hold nothing but what the tables allow, and reading the output again finds just that: it
 * has no raw-text element, no foreign content and no comment, the places where two parsers may
 * read the same bytes differently. */
#include "normalize/html.h"

#include "normalize/html-balance.h"
#include "normalize/html-escape.h"
#include "normalize/html-reference.h"
#include "normalize/html-style.h"
#include "normalize/html-token.h"
#include "normalize/url.h"

/* Attributes that are copied as text (title, alt): real ones are a sentence or two; one of a
 * megabyte is an attack or an accident. */
#define ATTR_BYTES_MAX 8192

/* No table has a million columns and no picture as many pixels. */
#define DIGITS_MAX 6

/* A style attribute as it came, and what was written of it. */
struct seen_style {
	struct str raw;
	char clean[110];
	uint8_t n, result;
};
#define N_STYLES 4

struct cleaner {
	struct str base;
	struct seen_style styles[N_STYLES]; /* the last ones, by their length */
	struct buf *addresses;              /* may be NULL */
	/* Of the last tag: its style and alt attributes as they were written in balance.out (0: it has
	 * none), and whether the style would have hidden the element. */
	size_t style_from, style_n, alt_from, alt_n;
	bool hidden;
	struct html_balance balance;
};

/* Decodes a value into `value`; false if it is too long to be one. */
static bool decode_value(struct str raw, char value[URL_BYTES_MAX], struct str *ret)
{
	size_t n = 0, i = 0;

	if (raw.n > URL_BYTES_MAX)
		return false;
	size_t run = str_chr(raw, '&');
	if (run == raw.n) {
		*ret = raw;
		return true;
	}
	for (;;) {
		char decoded[HTML_REFERENCE_MAX];
		size_t decoded_n = 0, used;
		/* A few references are shorter than what they stand for. */
		if (run > URL_BYTES_MAX - n)
			return false;
		memcpy(value + n, raw.p + i, run);
		n += run;
		i += run;
		if (i == raw.n)
			break;
		used = html_reference(str_skip(raw, i), true, decoded, &decoded_n);
		if (!used) {
			decoded[0] = '&';
			decoded_n = used = 1;
		}
		if (decoded_n > URL_BYTES_MAX - n)
			return false;
		memcpy(value + n, decoded, decoded_n);
		n += decoded_n;
		i += used;
		run = str_chr(str_skip(raw, i), '&');
	}
	*ret = str_make(value, n);
	return true;
}

static void begin_attr(struct buf *out, enum html_attr_id id)
{
	char *start = buf_room(out, HTML_NAME_SIZE + 3), *p = start;

	*p++ = ' ';
	p = html_attr_name(p, id);
	*p++ = '=';
	*p++ = '"';
	out->n += (size_t)(p - start);
}

/* Appends the URL that a value means here; false if it may not stand here. */
static bool resolve(const struct cleaner *c, struct str ref, bool media)
{
	struct buf *out = c->balance.out;
	size_t from = out->n;

	if (!url_resolve_to(out, c->base, ref))
		return false;
	struct str url = str_make(out->p + from, out->n - from);
	bool wanted = media ? url_is_web(url) || !url_is_absolute(url) : true;
	return url.n && wanted && url_is_safe(url);
}

static bool put_url(
	const struct cleaner *c, enum html_attr_id id, enum html_value kind, struct str raw)
{
	bool media = kind == HTML_VALUE_MEDIA || kind == HTML_VALUE_BACK;
	bool idle = kind == HTML_VALUE_IDLE || kind == HTML_VALUE_BACK;
	struct buf *out = c->balance.out;
	char decoded[URL_BYTES_MAX];
	struct str ref;
	size_t mark = out->n;

	if (!decode_value(raw, decoded, &ref))
		return false;
	begin_attr(out, id);
	if (idle && !str_trim(ref).n) {
		buf_char(out, '"');
		return true;
	}
	size_t from = out->n;
	if (!resolve(c, ref, media)) {
		out->n = mark;
		return false;
	}
	if (c->addresses && (id == HTML_ATTR_HREF || id == HTML_ATTR_SRC)) {
		url_alias(c->addresses, str_make(out->p + from, out->n - from));
		buf_char(c->addresses, '\0');
	}
	html_escape_tail(out, from);
	buf_char(out, '"');
	return true;
}

/* How many digits a value begins with. */
static size_t digits(struct str value)
{
	size_t n = 0;

	while (n < value.n && ascii_is_digit((unsigned char)value.p[n]))
		n++;
	return n;
}

static bool put_number(struct buf *out, enum html_attr_id id, struct str raw)
{
	struct str value = str_trim(raw);
	size_t n = digits(value);

	/* An empty value says no more than none, and does no harm. */
	if ((!n && value.n) || n > DIGITS_MAX)
		return false;
	if (n && n < value.n && value.p[n] == '.') {
		size_t fraction = digits(str_skip(value, n + 1));
		n += fraction && fraction <= DIGITS_MAX ? fraction + 1 : 0;
	}
	begin_attr(out, id);
	buf_add(out, value.p, n);
	if (n < value.n && value.p[n] == '%')
		buf_char(out, '%');
	buf_char(out, '"');
	return true;
}

static bool is_word_char(unsigned char c)
{
	return ascii_is_alnum(c) || c == '-' || c == '_' || c == '#' || c == '+' || c == '.';
}

static bool is_word(struct str value)
{
	/* A language tag may have 35 characters (BCP 47 § 4.4.1); names that are longer are rare. */
	const size_t word_max = 40;

	if (value.n > word_max)
		return false;
	for (size_t i = 0; i < value.n; i++)
		if (!is_word_char((unsigned char)value.p[i]))
			return false;
	return true;
}

static bool put_word(struct buf *out, enum html_attr_id id, struct str raw)
{
	struct str value = str_trim(raw);

	if (!is_word(value))
		return false;
	begin_attr(out, id);
	buf_str(out, value);
	buf_char(out, '"');
	return true;
}

/* A name, or with '#' a reference to one. */
static bool put_name(struct buf *out, enum html_attr_id id, struct str raw)
{
	struct str value = str_trim(raw), name = value;

	if (id == HTML_ATTR_USEMAP && value.n) {
		if (value.p[0] != '#' || value.n == 1)
			return false;
		name = str_skip(value, 1);
	}
	if (str_starts(name, STR(HTML_NAME_PREFIX)))
		name = str_skip(name, sizeof HTML_NAME_PREFIX - 1);
	if (!is_word(name) || str_chr(name, '#') < name.n)
		return false;
	begin_attr(out, id);
	if (value.n)
		buf_str(out,
			id == HTML_ATTR_USEMAP ? STR("#" HTML_NAME_PREFIX) : STR(HTML_NAME_PREFIX));
	buf_str(out, name);
	buf_char(out, '"');
	return true;
}

/* A window of its own, for the standard keeps it from the one it came from; no other window of the
 * reader's, and not the one around the page. */
static bool put_window(struct buf *out, enum html_attr_id id, struct str raw)
{
	struct str value = str_trim(raw);

	return (!value.n || str_is(value, "_blank") || str_is(value, "_self")) &&
	       put_word(out, id, value);
}

/* Would a click on it do something? */
static bool is_interactive(enum html_tag tag)
{
	return tag == HTML_TAG_A || tag == HTML_TAG_AREA || tag == HTML_TAG_AUDIO ||
	       tag == HTML_TAG_DETAILS || tag == HTML_TAG_SUMMARY || tag == HTML_TAG_VIDEO;
}

/* A key clicks on its element, and so on all that it stands in: it is harmless where nothing comes of
 * that. */
static bool put_key(struct cleaner *c, enum html_tag tag, struct str raw)
{
	if (is_interactive(tag))
		return false;
	for (size_t i = 0; i < c->balance.n; i++)
		if (is_interactive(c->balance.stack[i].tag))
			return false;
	return put_word(c->balance.out, HTML_ATTR_ACCESSKEY, raw);
}

/* Appends what may stay of a style; a set of enum html_style_result. Most styles of an article came in
 * it before. */
static unsigned put_css(struct cleaner *c, struct str raw)
{
	struct buf *out = c->balance.out;
	struct seen_style *seen = &c->styles[raw.n % N_STYLES];
	char decoded[URL_BYTES_MAX];
	struct str css;

	if (str_eq(seen->raw, raw)) {
		buf_add(out, seen->clean, seen->n);
		return seen->result;
	}
	if (!decode_value(raw, decoded, &css))
		return HTML_STYLE_REMOVED;
	size_t from = out->n;
	unsigned result = html_style(out, css);
	size_t n = out->n - from;
	if (n <= sizeof seen->clean) {
		seen->raw = raw;
		seen->n = (uint8_t)n;
		seen->result = (uint8_t)result;
		memcpy(seen->clean, out->p + from, n);
	}
	return result;
}

static bool put_style(struct cleaner *c, struct str raw)
{
	struct buf *out = c->balance.out;
	size_t mark = out->n;

	begin_attr(out, HTML_ATTR_STYLE);
	size_t from = out->n;
	unsigned result = put_css(c, raw);
	c->hidden = result & HTML_STYLE_HIDES;
	if (result & HTML_STYLE_REMOVED)
		c->balance.result |= HTML_REMOVED;
	if (out->n == from) {
		out->n = mark;
		return false;
	}
	c->style_from = from;
	c->style_n = out->n - from;
	buf_char(out, '"');
	return true;
}

static void put_text_attr(struct cleaner *c, const struct html_attr *attr)
{
	struct buf *out = c->balance.out;

	begin_attr(out, attr->id);
	size_t from = out->n;
	html_put_value(out, attr->value);
	if (attr->id == HTML_ATTR_ALT) {
		c->alt_from = from;
		c->alt_n = out->n - from;
	}
	buf_char(out, '"');
}

/* True if it was written. */
static bool put_attr(struct cleaner *c, enum html_tag tag, const struct html_attr *attr)
{
	struct buf *out = c->balance.out;
	enum html_value kind = html_attr_kinds[attr->id].value;

	switch (kind) {
	case HTML_VALUE_BACK:
		/* A picture that hides as easily as a dot, and that no text needs. */
		if (html_has(tag, HTML_TABLE_ROOT | HTML_TABLE_PART))
			return false;
		return put_url(c, attr->id, kind, attr->value);
	case HTML_VALUE_LINK:
	case HTML_VALUE_IDLE:
	case HTML_VALUE_MEDIA:
		return put_url(c, attr->id, kind, attr->value);
	case HTML_VALUE_NUMBER:
		return put_number(out, attr->id, attr->value);
	case HTML_VALUE_WORD:
		return put_word(out, attr->id, attr->value);
	case HTML_VALUE_KEY:
		return put_key(c, tag, attr->value);
	case HTML_VALUE_NAME:
		return put_name(out, attr->id, attr->value);
	case HTML_VALUE_WINDOW:
		return put_window(out, attr->id, attr->value);
	case HTML_VALUE_TEXT:
		if (attr->value.n > ATTR_BYTES_MAX)
			return false;
		put_text_attr(c, attr);
		return true;
	case HTML_VALUE_FLAG:
		begin_attr(out, attr->id);
		buf_char(out, '"');
		return true;
	case HTML_VALUE_STYLE:
		return put_style(c, attr->value);
	case HTML_VALUE_UNSEEN:
		break;
	}
	return false;
}

/* Writes the start tag. Returns the set of its own attributes that were written. */
static uint64_t put_tag(struct cleaner *c, const struct html_token *token)
{
	const struct html_element *element = &html_elements[token->tag];
	struct buf *out = c->balance.out;
	uint64_t written = 0;
	char *p = buf_room(out, HTML_NAME_SIZE + 1);

	c->style_from = c->style_n = c->alt_from = c->alt_n = 0;
	c->hidden = false;
	*p = '<';
	html_element_name(p + 1, token->tag);
	out->n += 1 + element->length;
	for (size_t i = 0; i < token->n_attrs; i++) {
		const struct html_attr *attr = &token->attrs[i];
		if (html_may_have(token->tag, attr->id) && put_attr(c, token->tag, attr))
			written |= html_attr_kinds[attr->id].bit;
		else
			c->balance.result |= HTML_REMOVED;
	}
	if (token->strangers)
		c->balance.result |= HTML_REMOVED;
	buf_char(out, '>');
	return written;
}

/* 0 or 1 pixel. */
static bool is_tiny(struct str value)
{
	value = str_trim(value);
	return value.n && (value.p[0] == '0' || value.p[0] == '1') &&
	       (value.n == 1 || !ascii_is_digit((unsigned char)value.p[1])) &&
	       !(value.n > 1 && value.p[1] == '%');
}

/* A value that put_number() would write. */
static bool is_number(struct str value)
{
	size_t n = digits(str_trim(value));

	return n && n <= DIGITS_MAX;
}

/* One side alone counts when the other is not given: a line of 600×1 is a line. */
static bool is_dot(struct str width, struct str height)
{
	return (is_tiny(width) && (!is_number(height) || is_tiny(height))) ||
	       (is_tiny(height) && !is_number(width));
}

/* A picture nobody is to see: it counts readers. The style is judged as it was written, not as it
 * was found: the output must be judged as the input was. */
static bool is_tracker(const struct cleaner *c, const struct html_token *token)
{
	struct str width = html_token_attr(token, HTML_ATTR_WIDTH);
	struct str height = html_token_attr(token, HTML_ATTR_HEIGHT);
	struct str style = str_make(c->balance.out->p + c->style_from, c->style_n);

	if (c->hidden || is_dot(width, height))
		return true;
	if (!style.n)
		return false;
	return is_dot(is_number(width) ? width : html_style_value(style, "width"),
		is_number(height) ? height : html_style_value(style, "height"));
}

/* Pictures that a script would load later have their URL in another attribute, and in src nothing or
 * a placeholder in a data: URL. */
static void use_lazy_source(struct html_token *token)
{
	static const enum html_attr_id lazy[] = {
		HTML_ATTR_DATA_SRC, HTML_ATTR_DATA_LAZY_SRC, HTML_ATTR_DATA_ORIGINAL};
	struct str src = html_token_attr(token, HTML_ATTR_SRC), found = STR_NONE;

	if (src.n && !str_istarts(str_trim(src), STR("data:")))
		return;
	for (size_t i = 0; i < sizeof lazy / sizeof *lazy && !found.n; i++)
		found = html_token_attr(token, lazy[i]);
	if (!found.n)
		return;
	for (size_t i = 0; i < token->n_attrs; i++)
		if (token->attrs[i].id == HTML_ATTR_SRC) {
			token->attrs[i].value = found;
			return;
		}
	/* There is room: the lazy attribute has a place of its own in attrs[]. */
	token->attrs[token->n_attrs++] = (struct html_attr){HTML_ATTR_SRC, found};
}

static void put_void(struct cleaner *c, struct html_token *token)
{
	struct buf *out = c->balance.out;
	size_t mark = out->n, addresses = c->addresses ? c->addresses->n : 0;
	enum html_tag tag = token->tag;

	if (tag == HTML_TAG_IMG)
		use_lazy_source(token);
	uint64_t written = put_tag(c, token);
	bool needs_source = tag == HTML_TAG_IMG || tag == HTML_TAG_SOURCE;
	/* Without its picture an image still says what it would have shown: if something is left of
	 * that, so the output is asked. */
	bool has_source = written & HTML_ATTR_BIT(SRC) || (tag == HTML_TAG_IMG && c->alt_n);
	if ((needs_source && !has_source) || (tag == HTML_TAG_IMG && is_tracker(c, token))) {
		out->n = mark;
		if (c->addresses)
			c->addresses->n = addresses;
		c->balance.result |= HTML_REMOVED;
		return;
	}
	html_reader_start(&c->balance.reader, tag);
	if (tag == HTML_TAG_IMG)
		html_reader_alt(&c->balance.reader, str_make(out->p + c->alt_from, c->alt_n));
}

static void put_text(struct cleaner *c, struct str text, size_t behind)
{
	/* Blank text opens nothing: it shows nothing. */
	if (c->balance.n_pending && str_trim(text).n)
		html_balance_text(&c->balance);
	html_reader_copy(&c->balance.reader, c->balance.out, text, behind, true);
}

/* <xmp> and <plaintext>: text as it stands, in the way of today. */
static void put_preformatted(struct cleaner *c, struct str text)
{
	struct buf *out = c->balance.out;

	html_balance_before(&c->balance, HTML_TAG_PRE);
	size_t mark = out->n;
	buf_lit(out, "<pre>");
	html_balance_open(&c->balance, HTML_TAG_PRE, mark);
	html_reader_copy(&c->balance.reader, out, text, 0, false);
	html_balance_close(&c->balance, HTML_TAG_PRE);
}

static void start_tag(struct cleaner *c, struct html_token *token)
{
	enum html_tag tag = token->tag;
	struct html_balance *b = &c->balance;

	if (!html_has(tag, HTML_ALLOWED)) {
		b->result |= HTML_REMOVED;
		if (tag == HTML_TAG_XMP || tag == HTML_TAG_PLAINTEXT)
			put_preformatted(c, token->text);
		return;
	}
	if (!html_balance_before(b, tag))
		return;
	if (html_has(tag, HTML_VOID)) {
		put_void(c, token);
		return;
	}
	size_t mark = b->out->n;
	put_tag(c, token);
	html_balance_open(b, tag, mark);
}

static void end_tag(struct cleaner *c, enum html_tag tag)
{
	struct html_balance *b = &c->balance;

	if (tag == HTML_TAG_BR) { /* the standard reads </br> as <br> */
		html_balance_before(b, tag);
		buf_lit(b->out, "<br>");
		html_reader_start(&b->reader, tag);
		b->result |= HTML_RECOVERED;
	} else if (!html_has(tag, HTML_ALLOWED)) {
		b->result |= HTML_REMOVED;
	} else if (html_has(tag, HTML_VOID)) {
		b->result |= HTML_RECOVERED;
	} else {
		html_balance_close(b, tag);
	}
}

static void clean(struct cleaner *c, struct str html)
{
	struct html_balance *b = &c->balance;
	struct html_tokenizer t;
	struct html_token token;

	/* Most articles lose more than they gain. */
	buf_room(b->out, html.n + 64);
	html_tokenizer_init(&t, html);
	while (html_token_next(&t, &token))
		switch (token.type) {
		case HTML_TOKEN_TEXT:
			put_text(c, token.text, (size_t)(t.end - t.p));
			break;
		case HTML_TOKEN_START:
			start_tag(c, &token);
			break;
		case HTML_TOKEN_END:
			end_tag(c, token.tag);
			break;
		case HTML_TOKEN_OTHER:
			b->result |= HTML_REMOVED;
			break;
		}
	html_balance_end(b);
	if (t.malformed)
		b->result |= HTML_RECOVERED;
}

unsigned html_clean(struct buf *out, struct str html, const struct html_options *options)
{
	struct buf unwanted = BUF_INIT;
	struct cleaner c;
	struct html_balance *b = &c.balance;

	/* Not the stack: it is large, and only what is below `n` is ever read. */
	memset(b, 0, offsetof(struct html_balance, stack));
	memset(b->live, 0, sizeof b->live);
	memset(b->overflow, 0, sizeof b->overflow);
	b->out = out;
	b->reader = html_reader_to(options && options->text ? options->text : &unwanted);
	c.base = options ? options->base : STR_NONE;
	for (size_t i = 0; i < N_STYLES; i++) { /* an empty style is an empty style */
		c.styles[i].raw = STR("");
		c.styles[i].n = c.styles[i].result = 0;
	}
	c.addresses = options ? options->addresses : NULL;
	clean(&c, html);
	buf_deinit(&unwanted);
	return b->result;
}
