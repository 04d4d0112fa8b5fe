/* The body of an item: what people read.
 *
 * The fullest text an entry has is its content, whatever its format calls it, so that a client reads
 * the same members in every feed; a shorter one beside it is the summary. Where there is one text
 * only, it is a summary too if its feed says both that it is one and that it is plain (Atom, JSON
 * Feed): RSS' description may be anything. HTML goes to content_html, sanitised, and as plain text
 * to content_text; plain text goes to content_text alone. */
#include "normalize/normalizing.h"

#include "normalize/html.h"
#include "normalize/text.h"
#include "normalize/url.h"

/* Both forms of a body together, before JSON's escapes: an event is at most 1 MiB (EVENT), and
 * escapes, lists and the envelope need the rest. The longest real body of the corpus has 0.4 MiB in
 * HTML and less than half of that in text. */
#define BODY_BYTES_MAX (640 * 1024)
/* One line that introduces something; what is longer is no summary but a second body. */
#define SUMMARY_BYTES_MAX (16 * 1024)

static bool is_html(const struct text *text)
{
	switch (text->type) {
	case TEXT_PLAIN:
		return false;
	case TEXT_LIKELY:
		return html_likely(text->value);
	case TEXT_HTML:
	case TEXT_XHTML:
		break;
	}
	return true;
}

static bool has_words(const struct text *text)
{
	return str_trim(text->value).n > 0;
}

/* The longest prefix of at most max bytes that ends between words, if a word ends in its last
 * 100 bytes, else between characters. */
static struct str cut_text(struct str s, size_t max)
{
	if (s.n <= max)
		return s;
	size_t n = max;
	while (n && ((unsigned char)s.p[n] & 0xC0) == 0x80)
		n--;
	for (size_t i = n; i > 0 && n - i < 100; i--)
		if (ascii_is_space((unsigned char)s.p[i]))
			return str_trim(str_head(s, i));
	return str_head(s, n);
}

static struct str cut(struct normalizing *w, struct str s, size_t max)
{
	if (s.n > max)
		w->flaws |= FLAW_CONTENT_CUT;
	return cut_text(s, max);
}

static void plain_body(struct normalizing *w, const struct text *text, struct item *item)
{
	struct buf *out = &w->n->text;

	buf_clear(out);
	if (text_fold_lines(out, text->value))
		w->flaws |= FLAW_TEXT_REPAIRED;
	item->content_text = cut(w, buf_view(out), BODY_BYTES_MAX);
}

/* In sanitised HTML a '<' begins a tag and nothing else. */
static bool has_markup(struct str html)
{
	return str_chr(html, '<') < html.n;
}

static void html_body(struct normalizing *w, const struct text *text, struct item *item)
{
	struct buf *html = &w->n->html, *plain = &w->n->text;
	struct html_options options = {.base = normalize_base(w, text->base),
		.text = plain,
		.addresses = &w->n->addresses};

	if (!url_is_absolute(options.base))
		options.base = STR_NONE;
	buf_clear(html);
	buf_clear(plain);
	if (html_clean(html, text->value, &options) & HTML_RECOVERED)
		w->flaws |= FLAW_HTML_RECOVERED;
	if (!has_markup(buf_view(html))) {
		item->content_text = cut(w, buf_view(plain), BODY_BYTES_MAX);
		return;
	}
	if (html->n + plain->n > BODY_BYTES_MAX) {
		/* Both forms keep their share of the room. */
		size_t share = (size_t)((double)BODY_BYTES_MAX * (double)html->n /
					(double)(html->n + plain->n));
		buf_clear(&w->n->scratch);
		html_cut(&w->n->scratch, buf_view(html), share);
		w->flaws |= FLAW_CONTENT_CUT;
		item->content_html = arena_str(w->arena, buf_view(&w->n->scratch));
		item->content_text = cut_text(buf_view(plain), BODY_BYTES_MAX - share);
		return;
	}
	item->content_html = buf_view(html);
	item->content_text = buf_view(plain);
}

static bool same_text(const struct text *a, const struct text *b)
{
	return str_eq(str_trim(a->value), str_trim(b->value));
}

void normalize_body(struct normalizing *w, const struct entry *entry, struct item *item)
{
	const struct text *body = has_words(&entry->content) ? &entry->content : &entry->summary;

	item->content_text = STR("");
	buf_clear(&w->n->addresses);
	if (body->value.p) {
		struct text repaired = *body;
		repaired.value = normalize_repair(w, body->value);
		if (is_html(&repaired))
			html_body(w, &repaired, item);
		else
			plain_body(w, &repaired, item);
	}
	if (body == &entry->content ? !same_text(body, &entry->summary) : body->type == TEXT_PLAIN)
		item->summary = cut(w, normalize_text(w, &entry->summary), SUMMARY_BYTES_MAX);
}
