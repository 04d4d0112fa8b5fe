#include "normalize/html-token.h"
#include "normalize/html.h"

/* The elements open at some point of sanitised HTML, and the bytes their end tags will take. */
struct opened {
	size_t n, closing;
	uint8_t tags[HTML_DEPTH_MAX];
};

static void follow(struct opened *o, const struct html_token *token)
{
	size_t cost = html_elements[token->tag].length + sizeof "</>" - 1;

	if (token->type == HTML_TOKEN_START && !html_has(token->tag, HTML_VOID)) {
		if (o->n < HTML_DEPTH_MAX) {
			o->tags[o->n++] = (uint8_t)token->tag;
			o->closing += cost;
		}
	} else if (token->type == HTML_TOKEN_END && o->n && o->tags[o->n - 1] == token->tag) {
		o->n--;
		o->closing -= cost;
	}
}

/* May a line end before the character at i? After a blank, and between characters of scripts that
 * have none (U+2E80 and above: three bytes that begin with E2 BA). */
static bool is_boundary(struct str text, size_t i)
{
	if (ascii_is_space((unsigned char)text.p[i]))
		return true;
	return (unsigned char)text.p[i] >= 0xE3 && (unsigned char)text.p[i] <= 0xEF;
}

/* The last place within `room` bytes where text may be cut; 0: nowhere. */
static size_t last_boundary(struct str text, size_t room)
{
	size_t i = room < text.n ? room : text.n - 1;

	while (i > 0 && !is_boundary(text, i))
		i--;
	return i;
}

/* How many bytes of `html` to keep so that with the end tags it is at most `max`. */
static size_t cut_at(struct str html, size_t max)
{
	struct opened o = {0};
	struct html_tokenizer t;
	struct html_token token;
	size_t best = 0;

	html_tokenizer_init(&t, html);
	while (t.p <= html.p + max) {
		const char *start = t.p;
		if (!html_token_next(&t, &token))
			break;
		size_t at = (size_t)(t.p - html.p);
		if (token.type == HTML_TOKEN_TEXT && o.closing < max) {
			size_t from = (size_t)(start - html.p);
			size_t room = max - o.closing;
			if (room >= at)
				best = from + str_trim(token.text).n +
				       (size_t)(str_trim(token.text).p - token.text.p);
			else if (room > from && last_boundary(token.text, room - from))
				best = from + last_boundary(token.text, room - from);
		}
		follow(&o, &token);
		/* Not right behind a start tag: that would leave an empty element. */
		bool whole = token.type == HTML_TOKEN_END || html_has(token.tag, HTML_VOID);
		if (token.type != HTML_TOKEN_TEXT && whole && at + o.closing <= max)
			best = at;
	}
	return best;
}

void html_cut(struct buf *out, struct str html, size_t max)
{
	struct opened o = {0};
	struct html_tokenizer t;
	struct html_token token;

	if (html.n <= max) {
		buf_str(out, html);
		return;
	}
	struct str kept = str_head(html, cut_at(html, max));
	buf_str(out, kept);
	html_tokenizer_init(&t, kept);
	while (html_token_next(&t, &token))
		follow(&o, &token);
	while (o.n--) {
		const struct html_element *element = &html_elements[o.tags[o.n]];
		buf_lit(out, "</");
		buf_add(out, element->name, element->length);
		buf_char(out, '>');
	}
}
