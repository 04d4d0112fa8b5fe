#include "normalize/html-balance.h"

#define NOWHERE SIZE_MAX

static void write_end(struct html_balance *b, enum html_tag tag)
{
	char *start = buf_room(b->out, HTML_NAME_SIZE + 3), *p = start;

	*p++ = '<';
	*p++ = '/';
	p = html_element_name(p, tag);
	*p++ = '>';
	b->out->n += (size_t)(p - start);
	html_reader_end(&b->reader, tag);
}

static void pop(struct html_balance *b)
{
	struct html_open *top = &b->stack[--b->n];

	if (!top->dying)
		b->live[top->tag]--;
	write_end(b, top->tag);
}

static void pop_dying(struct html_balance *b)
{
	while (b->n && b->stack[b->n - 1].dying)
		pop(b);
}

/* Formatting that is cut off by the end of the entry at `index`. */
static void save_pending(struct html_balance *b, size_t index)
{
	for (size_t i = index + 1; i < b->n; i++) {
		const struct html_open *open = &b->stack[i];
		if (html_has(open->tag, HTML_FORMAT) && !open->dying &&
			b->n_pending < HTML_PENDING_MAX)
			b->pending[b->n_pending++] = open->tag;
	}
}

/* Closes everything down to and including the entry at `index`. What was closed in passing and may
 * not be left open by rule makes the input a mended one. */
static void pop_to(struct html_balance *b, size_t index)
{
	bool fence = false;

	for (size_t i = index; i < b->n; i++) {
		const struct html_open *open = &b->stack[i];
		fence |= html_has(open->tag, HTML_FENCE | HTML_TABLE_PART);
		if (i > index && !html_has(open->tag, HTML_OPTIONAL_END))
			b->result |= HTML_RECOVERED;
	}
	if (fence)
		b->n_pending = 0; /* the standard's marker: formatting stays in its cell */
	else
		save_pending(b, index);
	while (b->n > index)
		pop(b);
	pop_dying(b);
}

/* The innermost open `tag` that is not outside of an element with one of `fences`. */
static size_t find(const struct html_balance *b, enum html_tag tag, unsigned fences)
{
	if (!b->live[tag])
		return NOWHERE;
	for (size_t i = b->n; i-- > 0;) {
		const struct html_open *open = &b->stack[i];
		if (open->tag == tag && !open->dying)
			return i;
		if (html_has(open->tag, fences))
			return NOWHERE;
	}
	return NOWHERE;
}

/* The innermost open element. */
static enum html_tag top_tag(const struct html_balance *b)
{
	return b->n ? b->stack[b->n - 1].tag : HTML_TAG_OTHER;
}

static void close_if_open(struct html_balance *b, enum html_tag tag)
{
	size_t i = find(b, tag, HTML_FENCE);

	if (i != NOWHERE)
		pop_to(b, i);
}

/* <li>, <dd>, <dt>: the item before it ends, unless a block is open that may hold items of its own
 * (the standard's loop: everything special but address, div and p stops it). */
static void close_item(struct html_balance *b, enum html_tag tag)
{
	bool list = tag == HTML_TAG_LI;

	for (size_t i = b->n; i-- > 0;) {
		enum html_tag open = b->stack[i].tag;
		if (list ? open == HTML_TAG_LI : open == HTML_TAG_DD || open == HTML_TAG_DT) {
			pop_to(b, i);
			return;
		}
		if (!html_has(open, HTML_INLINE) && open != HTML_TAG_ADDRESS &&
			open != HTML_TAG_DIV && open != HTML_TAG_P)
			return;
	}
}

/* Links do not nest, not even in one that is dying. */
static void close_link(struct html_balance *b)
{
	for (size_t i = b->n; i-- > 0 && !html_has(b->stack[i].tag, HTML_FENCE);)
		if (b->stack[i].tag == HTML_TAG_A) {
			b->result |= HTML_RECOVERED;
			pop_to(b, i);
			return;
		}
}

static bool may_hold(enum html_tag parent, enum html_tag part)
{
	bool section =
		parent == HTML_TAG_TBODY || parent == HTML_TAG_THEAD || parent == HTML_TAG_TFOOT;

	switch (part) {
	case HTML_TAG_TD:
	case HTML_TAG_TH:
		return parent == HTML_TAG_TR || section || parent == HTML_TAG_TABLE;
	case HTML_TAG_TR:
		return section || parent == HTML_TAG_TABLE;
	case HTML_TAG_COL:
		return parent == HTML_TAG_COLGROUP || parent == HTML_TAG_TABLE;
	default:
		return parent == HTML_TAG_TABLE;
	}
}

static void write_bare(struct html_balance *b, enum html_tag tag)
{
	size_t mark = b->out->n;
	char *start = buf_room(b->out, HTML_NAME_SIZE + 2), *p = start;

	*p++ = '<';
	p = html_element_name(p, tag);
	*p++ = '>';
	b->out->n += (size_t)(p - start);
	html_balance_open(b, tag, mark);
}

/* Brings the part of a table to the parent it belongs to; false outside of tables. */
static bool enter_table_part(struct html_balance *b, enum html_tag part)
{
	if (!b->live[HTML_TAG_TABLE]) {
		b->result |= HTML_RECOVERED;
		return false;
	}
	size_t i = b->n;
	while (i > 0 && !may_hold(b->stack[i - 1].tag, part))
		i--;
	if (i < b->n)
		pop_to(b, i);
	b->n_pending = 0;
	if ((part == HTML_TAG_TD || part == HTML_TAG_TH) && b->stack[b->n - 1].tag != HTML_TAG_TR) {
		write_bare(b, HTML_TAG_TR);
		return b->stack[b->n - 1].tag == HTML_TAG_TR;
	}
	return true;
}

/* Opens again what was cut off. */
void html_balance_text(struct html_balance *b)
{
	size_t n = b->n_pending;

	b->n_pending = 0;
	for (size_t i = 0; i < n; i++)
		write_bare(b, b->pending[i]);
}

static void close_ruby_text(struct html_balance *b)
{
	enum html_tag top = top_tag(b);

	if (top == HTML_TAG_RT || top == HTML_TAG_RP)
		pop_to(b, b->n - 1);
}

bool html_balance_before(struct html_balance *b, enum html_tag tag)
{
	if (html_has(tag, HTML_TABLE_PART))
		return enter_table_part(b, tag);
	if (html_has(tag, HTML_CLOSES_P))
		close_if_open(b, HTML_TAG_P);
	/* More than one: what dies with a heading may uncover another. */
	while (html_has(tag, HTML_HEADING) && html_has(top_tag(b), HTML_HEADING)) {
		b->result |= HTML_RECOVERED;
		pop_to(b, b->n - 1);
	}
	switch (tag) {
	case HTML_TAG_LI:
	case HTML_TAG_DD:
	case HTML_TAG_DT:
		close_item(b, tag);
		break;
	case HTML_TAG_A:
		close_link(b);
		break;
	case HTML_TAG_RT:
	case HTML_TAG_RP:
		close_ruby_text(b);
		break;
	default:
		break;
	}
	if (html_has(tag, HTML_INLINE))
		html_balance_text(b);
	return true;
}

void html_balance_open(struct html_balance *b, enum html_tag tag, size_t mark)
{
	if (b->n == HTML_DEPTH_MAX) {
		b->out->n = mark;
		b->overflow[tag]++;
		b->result |= HTML_RECOVERED;
		return;
	}
	b->stack[b->n++] = (struct html_open){(uint8_t)tag, false};
	b->live[tag]++;
	html_reader_start(&b->reader, tag);
}

/* The end tag of formatting that waits to be opened again. */
static bool drop_pending(struct html_balance *b, enum html_tag tag)
{
	for (size_t i = b->n_pending; i-- > 0;)
		if (b->pending[i] == tag) {
			memmove(&b->pending[i], &b->pending[i + 1], b->n_pending - i - 1);
			b->n_pending--;
			return true;
		}
	return false;
}

static bool only_inline_above(const struct html_balance *b, size_t index)
{
	for (size_t i = index + 1; i < b->n; i++)
		if (!html_has(b->stack[i].tag, HTML_INLINE))
			return false;
	return true;
}

/* Any heading's end tag ends any heading. */
static size_t find_heading(const struct html_balance *b)
{
	for (size_t i = b->n; i-- > 0;) {
		if (html_has(b->stack[i].tag, HTML_HEADING))
			return i;
		if (html_has(b->stack[i].tag, HTML_FENCE))
			break;
	}
	return NOWHERE;
}

/* What hides outer elements from the end tag of `tag`. */
static unsigned fences_of(enum html_tag tag)
{
	if (tag == HTML_TAG_TABLE)
		return 0;
	if (html_has(tag, HTML_TABLE_PART))
		return HTML_TABLE_ROOT;
	return tag == HTML_TAG_LI ? HTML_FENCE | HTML_LIST : HTML_FENCE;
}

void html_balance_close(struct html_balance *b, enum html_tag tag)
{
	if (b->overflow[tag]) {
		b->overflow[tag]--;
		return;
	}
	if (drop_pending(b, tag))
		return;
	size_t i = find(b, tag, fences_of(tag));
	if (i == NOWHERE && html_has(tag, HTML_HEADING))
		i = find_heading(b);
	if (i == NOWHERE) {
		b->result |= HTML_RECOVERED;
	} else if (html_has(tag, HTML_INLINE) && !only_inline_above(b, i)) {
		b->stack[i].dying = true;
		b->live[tag]--;
		b->result |= HTML_RECOVERED;
	} else {
		pop_to(b, i);
	}
}

void html_balance_end(struct html_balance *b)
{
	b->n_pending = 0;
	for (size_t i = 0; i < b->n; i++)
		if (!html_has(b->stack[i].tag, HTML_OPTIONAL_END))
			b->result |= HTML_RECOVERED;
	while (b->n)
		pop(b);
}
