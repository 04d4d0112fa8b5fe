/* Any text → well-formed XML.
 *
 * A tolerant tokenizer, used once libxml2 has found an error: what it cannot repair it takes as
 * text, so that nothing stops it and nothing is lost:
 *	control characters and U+FFFE/U+FFFF	dropped
 *	'&' that begins no reference		"&amp;"
 *	'<' that begins no tag			"&lt;"
 *	attributes unquoted, without value, twice	quoted, empty, the first one
 *	an end tag of an outer element		closes the inner ones first
 *	an end tag of nothing			dropped
 *	<item> or <entry> inside its like	closes the one before
 *	comments, processing instructions	dropped
 *	text before or after the root		dropped; so is markup before a root that we know
 *	the end					closes what is open
 * Pieces of any size come in; only a tag that is not complete waits in `pending`. What was searched
 * once for an end that did not come is not searched again, neither with the next piece nor for the
 * next beginning: a megabyte of "<!--" takes as long as a megabyte of anything. */
#include "parse/format.h"

/* A tag longer than this is text: the longest of the corpus has 3 KiB. */
#define TAG_MAX (256 * 1024)
/* Attributes of one tag: each is compared with those before it. */
#define TAG_ATTRIBUTES_MAX 64
/* Open elements; deeper ones are dropped. libxml2 stops at 256. */
#define OPEN_MAX 240
/* Names of elements and attributes: libxml2 gives up at 50,000 bytes, the longest real one has 40. */
#define NAME_BYTES_MAX 1000

struct open_element {
	size_t name, n; /* in names */
	size_t namespaces;
};

/* What ends something. */
enum mark { MARK_COMMENT, MARK_CDATA, MARK_TAG, MARK_SUBSET_BEGIN, MARK_SUBSET, N_MARKS };
static const char *const marks[N_MARKS] = {"-->", "]]>", ">", "[", "]>"};

/* How far the tag at the beginning of `pending` has been looked at. */
struct tag_scan {
	size_t i, plain; /* plain: behind the first '>' even inside quotes; 0: none yet */
	char quote;
};

struct mender {
	struct buf pending, names;
	struct open_element open[OPEN_MAX];
	size_t n_open, n_namespaces; /* of all that is open */
	uint64_t at;                 /* of all bytes, how many went before `pending` */
	uint64_t clear[N_MARKS];     /* up to here, counted like `at`, no such mark is left */
	struct tag_scan scan;
	bool any_tag, root, root_ended, done, ended, truncated;
	bool limited; /* something was dropped that was too much */
};

struct mender *mender_new(void)
{
	return mem_zalloc(1, sizeof(struct mender));
}

struct mender *mender_free(struct mender *m)
{
	if (m) {
		buf_deinit(&m->pending);
		buf_deinit(&m->names);
		free(m);
	}
	return NULL;
}

void mender_reset(struct mender *m)
{
	buf_clear(&m->pending);
	buf_clear(&m->names);
	m->n_open = m->n_namespaces = 0;
	m->at = 0;
	memset(m->clear, 0, sizeof m->clear);
	m->scan = (struct tag_scan){0};
	m->any_tag = m->root = m->root_ended = m->done = m->ended = false;
	m->truncated = m->limited = false;
}

bool mender_truncated(const struct mender *m)
{
	return m->truncated;
}

bool mender_limited(const struct mender *m)
{
	return m->limited;
}

bool mender_at_end(const struct mender *m)
{
	return m && m->ended;
}

/* ---- characters ---- */

static bool is_name_start(unsigned char c)
{
	return ascii_is_alpha(c) || c == '_' || c == ':' || c >= 0xC3;
}

static bool is_name(unsigned char c)
{
	return ascii_is_alnum(c) || c == '_' || c == ':' || c == '-' || c == '.' || c >= 0x80;
}

/* A name libxml2 takes: it is strict about the characters beyond ASCII, we drop those names. */
static bool is_plain_name(struct str s)
{
	if (!s.n || s.n > NAME_BYTES_MAX || !is_name_start((unsigned char)s.p[0]) ||
		s.p[0] == ':' || s.p[s.n - 1] == ':')
		return false;
	size_t colons = 0;
	for (size_t i = 0; i < s.n; i++) {
		if ((unsigned char)s.p[i] >= 0x80)
			return false;
		colons += s.p[i] == ':';
	}
	return colons <= 1;
}

/* Length of a control character (or a non-character) at s; 0: it is none. */
static size_t control_length(struct str s)
{
	unsigned char c = (unsigned char)s.p[0];

	if (c < 0x20)
		return c != '\t' && c != '\n' && c != '\r';
	if (c == 0xEF && s.n >= 3 && (unsigned char)s.p[1] == 0xBF && (unsigned char)s.p[2] >= 0xBE)
		return 3;
	return 0;
}

/* Length of the reference at s ("&…;") that may stay as it is; 0: the '&' is text. */
static size_t reference_length(struct str s)
{
	size_t n = 1;

	while (n < s.n && n < 34 && (ascii_is_alnum((unsigned char)s.p[n]) || s.p[n] == '#'))
		n++;
	if (n < 2 || n >= s.n || s.p[n] != ';')
		return 0;
	struct str name = str_make(s.p + 1, n - 1);
	if (name.p[0] == '#'
			? entity_number(name) == 0
			: !ascii_is_alpha((unsigned char)name.p[0]) || str_chr(name, '#') < name.n)
		return 0;
	return n + 1;
}

/* "&#X41;" is what XML takes for none: numbers are written anew. */
static void write_reference(struct buf *out, struct str s)
{
	if (s.p[1] == '#')
		buf_printf(out, "&#%u;", entity_number(str_make(s.p + 1, s.n - 2)));
	else
		buf_str(out, s);
}

static void write_text(struct buf *out, struct str s, bool attribute)
{
	while (s.n) {
		size_t n = 0;
		while (n < s.n && (unsigned char)s.p[n] >= 0x20 && (unsigned char)s.p[n] != 0xEF &&
			s.p[n] != '&' && s.p[n] != '<' && s.p[n] != '>' && s.p[n] != '"')
			n++;
		buf_add(out, s.p, n);
		s = str_skip(s, n);
		if (!s.n)
			return;
		size_t skip = control_length(s),
		       reference = s.p[0] == '&' ? reference_length(s) : 0;
		if (skip) {
			s = str_skip(s, skip);
			continue;
		}
		if (reference)
			write_reference(out, str_head(s, reference));
		else if (s.p[0] == '&')
			buf_lit(out, "&amp;");
		else if (s.p[0] == '<')
			buf_lit(out, "&lt;");
		else if (s.p[0] == '>')
			buf_lit(out, "&gt;");
		else if (s.p[0] == '"' && attribute)
			buf_lit(out, "&quot;");
		else
			buf_char(out, s.p[0]);
		s = str_skip(s, reference ? reference : 1);
	}
}

/* ---- elements ---- */

static struct str open_name(const struct mender *m, size_t i)
{
	return str_make(m->names.p + m->open[i].name, m->open[i].n);
}

static void close_to(struct mender *m, size_t depth, struct buf *out)
{
	while (m->n_open > depth) {
		buf_lit(out, "</");
		buf_str(out, open_name(m, --m->n_open));
		buf_char(out, '>');
		m->n_namespaces -= m->open[m->n_open].namespaces;
		m->names.n = m->open[m->n_open].name;
	}
	if (!m->n_open && m->root)
		m->done = true;
}

static struct str local_name(struct str name)
{
	size_t colon = str_chr(name, ':');

	return colon < name.n ? str_skip(name, colon + 1) : name;
}

/* A feed may begin here. Of other elements' names only the first tag of all is believed: they
 * occur in web pages, too. */
static bool is_root_name(struct str name, bool first)
{
	static const char *const names[] = {"rss", "RDF", "feed", "channel", "entry", "alert"};

	for (size_t i = 0; i < (first ? sizeof names / sizeof *names : 3); i++)
		if (str_is_i(local_name(name), names[i]))
			return true;
	return false;
}

/* An item opened while one is open means that the end tag of the first is missing. */
static void close_sibling(struct mender *m, struct str name, struct buf *out)
{
	struct str local = local_name(name);

	if (!str_is(local, "item") && !str_is(local, "entry"))
		return;
	for (size_t i = m->n_open; i > 0; i--)
		if (str_eq(open_name(m, i - 1), name)) {
			close_to(m, i - 1, out);
			return;
		}
}

/* ---- tags ---- */

struct tag {
	struct str name, rest; /* rest: the attributes */
	bool empty;
};

/* Reads one attribute off *rest. False when there are no more. */
static bool next_attribute(struct str *rest, struct str *ret_name, struct str *ret_value)
{
	struct str s = *rest;

	while (s.n && !is_name_start((unsigned char)s.p[0]))
		s = str_skip(s, 1);
	if (!s.n)
		return false;
	size_t n = 0;
	while (n < s.n && is_name((unsigned char)s.p[n]))
		n++;
	*ret_name = str_head(s, n);
	*ret_value = STR("");
	s = str_skip(s, n);
	struct str after = str_trim(s);
	if (after.n && after.p[0] == '=') {
		s = str_trim(str_skip(after, 1));
		if (s.n && (s.p[0] == '"' || s.p[0] == '\'')) {
			size_t end = str_chr(str_skip(s, 1), s.p[0]);
			*ret_value = str_make(s.p + 1, end);
			s = str_skip(s, end + 2);
		} else {
			size_t end = 0;
			while (end < s.n && !ascii_is_space((unsigned char)s.p[end]))
				end++;
			*ret_value = str_head(s, end);
			s = str_skip(s, end);
		}
	}
	*rest = s;
	return true;
}

/* Returns how many of them declare a namespace: at most `namespaces_max`. */
static size_t write_attributes(
	struct mender *m, struct str rest, size_t namespaces_max, struct buf *out)
{
	struct str seen[TAG_ATTRIBUTES_MAX], name, value;
	size_t n = 0, namespaces = 0;

	while (next_attribute(&rest, &name, &value)) {
		bool again = false;
		if (n == TAG_ATTRIBUTES_MAX) {
			m->limited = true;
			break;
		}
		for (size_t i = 0; i < n && !again; i++)
			again = str_eq(seen[i], name);
		bool declares = str_starts(name, STR("xmlns"));
		/* xmlns:a="" is an error, and so is binding what XML keeps for itself. */
		if (again || !is_plain_name(name) ||
			(str_starts(name, STR("xmlns:")) && !str_trim(value).n) ||
			(declares && namespaces >= namespaces_max))
			continue;
		namespaces += declares;
		seen[n++] = name;
		buf_char(out, ' ');
		buf_str(out, name);
		buf_lit(out, "=\"");
		write_text(out, value, true);
		buf_char(out, '"');
	}
	return namespaces;
}

static void start_tag(struct mender *m, struct str inside, struct buf *out)
{
	size_t n = 0;
	bool empty = inside.n && inside.p[inside.n - 1] == '/';

	while (n < inside.n && is_name((unsigned char)inside.p[n]))
		n++;
	struct str name = str_head(inside, n);
	bool first = !m->any_tag;
	m->any_tag = true;
	if (m->done || (!m->root && !is_root_name(name, first)))
		return;
	if (m->n_open >= OPEN_MAX || name.n > NAME_BYTES_MAX)
		m->limited = true;
	if (m->n_open >= OPEN_MAX || !is_plain_name(name))
		return;
	close_sibling(m, name, out);
	m->root = true;
	buf_char(out, '<');
	buf_str(out, name);
	size_t namespaces = write_attributes(m, str_head(str_skip(inside, n), inside.n - n - empty),
		PARSE_NAMESPACES_MAX - m->n_namespaces, out);
	if (empty) {
		buf_lit(out, "/>");
		m->done = !m->n_open;
		return;
	}
	buf_char(out, '>');
	m->n_namespaces += namespaces;
	m->open[m->n_open++] = (struct open_element){m->names.n, name.n, namespaces};
	buf_str(&m->names, name);
}

static void end_tag(struct mender *m, struct str inside, struct buf *out)
{
	struct str name = str_trim(inside);
	size_t n = 0;

	while (n < name.n && is_name((unsigned char)name.p[n]))
		n++;
	name.n = n;
	for (size_t i = m->n_open; i > 0; i--)
		if (str_eq(open_name(m, i - 1), name)) {
			/* The root ends where its last end tag is: items may follow a first one. */
			if (i > 1)
				close_to(m, i - 1, out);
			else
				m->root_ended = true;
			return;
		}
}

/* ---- tokens ---- */

/* Where the tag that begins at s ends ('>' outside quotes): its length; 0: not here yet. A '<'
 * before any '>' means that it is none, or unfinished: *ret_text. */
static size_t tag_length(struct tag_scan *scan, struct str s, bool *ret_text)
{
	char quote = scan->quote;
	size_t plain = scan->plain;

	*ret_text = false;
	for (size_t i = scan->i ? scan->i : 1; i < s.n; i++) {
		char c = s.p[i];
		if (c == '>' && !plain)
			plain = i + 1;
		if (quote) {
			if (c == quote)
				quote = 0;
			else if (c == '<' && plain)
				return plain; /* a quote that never ends */
		} else if ((c == '"' || c == '\'') && s.p[i - 1] == '=') {
			quote = c;
		} else if (c == '>') {
			return i + 1;
		} else if (c == '<') {
			*ret_text = true;
			return i;
		}
	}
	if (s.n > TAG_MAX) {
		*ret_text = !plain;
		return plain ? plain : 1;
	}
	*scan = (struct tag_scan){s.n, plain, quote};
	return 0;
}

struct token {
	size_t n; /* bytes it takes; 0: more are needed */
	enum { TOKEN_TEXT, TOKEN_START, TOKEN_END, TOKEN_CDATA, TOKEN_DROP } kind;
};

/* Where the next such mark is in s, which is all that is pending, from `from` on; s.n: not here. */
static size_t find_mark(struct mender *m, struct str s, enum mark mark, size_t from)
{
	struct str wanted = str_of(marks[mark]);
	size_t clear = m->clear[mark] > m->at ? (size_t)(m->clear[mark] - m->at) : 0;

	if (clear < from)
		clear = from;
	size_t found = clear + str_find(str_skip(s, clear), wanted);
	if (found < s.n) {
		m->clear[mark] = m->at + found;
		return found;
	}
	/* It may begin in the last bytes and end in the next piece. */
	if (s.n >= clear + wanted.n)
		m->clear[mark] = m->at + s.n - (wanted.n - 1);
	return s.n;
}

static struct token until(
	struct mender *m, struct str s, enum mark mark, size_t from, bool last, int kind)
{
	size_t at = find_mark(m, s, mark, from);

	if (at < s.n)
		return (struct token){at + strlen(marks[mark]), kind};
	/* It never ends: its beginning is dropped, what follows is read as usual. */
	if (last || s.n > PARSE_TEXT_MAX) {
		m->limited |= !last;
		return (struct token){from, TOKEN_DROP};
	}
	return (struct token){0, kind};
}

static struct token doctype(struct mender *m, struct str s, bool last)
{
	size_t bracket = find_mark(m, s, MARK_SUBSET_BEGIN, 9);
	bool subset = bracket < find_mark(m, s, MARK_TAG, 9);

	return until(m, s, subset ? MARK_SUBSET : MARK_TAG, 9, last, TOKEN_DROP);
}

/* The token at s.p[0] == '<'. */
static struct token markup(struct mender *m, struct str s, bool last)
{
	if (str_starts(s, STR("<!--")))
		return until(m, s, MARK_COMMENT, 4, last, TOKEN_DROP);
	if (str_starts(s, STR("<![CDATA[")))
		return until(m, s, MARK_CDATA, 9, last, TOKEN_CDATA);
	if (str_istarts(s, STR("<!doctype")))
		return doctype(m, s, last);
	if (str_starts(s, STR("<?")))
		return until(m, s, MARK_TAG, 2, last, TOKEN_DROP);
	if (s.n < 9 && !last && (s.n == 1 || s.p[1] == '!'))
		return (struct token){0, TOKEN_TEXT};
	size_t end = s.n > 1 && s.p[1] == '/';
	bool text;
	if (s.n < 2 + end && last)
		return (struct token){s.n, TOKEN_DROP};
	if (s.n < 2 + end + 1 && !last)
		return (struct token){0, TOKEN_TEXT};
	if (s.n < 2 + end || !is_name_start((unsigned char)s.p[1 + end]))
		return (struct token){1, TOKEN_TEXT};
	size_t n = tag_length(&m->scan, s, &text);
	if (!n && last)
		return (struct token){s.n, TOKEN_DROP}; /* cut in the middle of a tag */
	if (text && !end)
		return (struct token){1, TOKEN_TEXT};
	return (struct token){n, end ? TOKEN_END : TOKEN_START};
}

static void write_cdata(struct mender *m, struct str s, struct buf *out)
{
	s = str_make(s.p + 9, s.n - 12);
	if (!m->n_open)
		return;
	/* As text, so that what XML forbids can be taken out; '&' is always a character here. */
	while (s.n) {
		size_t n = str_chr(s, '&');
		write_text(out, str_head(s, n), false);
		s = str_skip(s, n);
		if (s.n) {
			buf_lit(out, "&amp;");
			s = str_skip(s, 1);
		}
	}
}

static void write_token(struct mender *m, struct token token, struct str s, struct buf *out)
{
	s = str_head(s, token.n);
	switch (token.kind) {
	case TOKEN_TEXT:
		if (m->n_open)
			write_text(out, s, false);
		break;
	case TOKEN_START:
		start_tag(m, str_make(s.p + 1, s.n - (s.p[s.n - 1] == '>' ? 2 : 1)), out);
		break;
	case TOKEN_END:
		end_tag(m, str_make(s.p + 2, s.n - (s.p[s.n - 1] == '>' ? 3 : 2)), out);
		break;
	case TOKEN_CDATA:
		write_cdata(m, s, out);
		break;
	case TOKEN_DROP:
		break;
	}
}

/* Length of the text at s that can be written now: all up to '<', but a reference that is cut. */
static size_t text_length(struct str s, bool last)
{
	size_t n = str_chr(s, '<');

	if (n < s.n || last)
		return n;
	for (size_t back = 1; back <= 34 && back <= n; back++) {
		if (s.p[n - back] == ';')
			break;
		if (s.p[n - back] == '&')
			return n - back;
	}
	/* U+FFFE in pieces, too. */
	for (size_t back = 1; back <= 2 && back <= n; back++)
		if ((unsigned char)s.p[n - back] == 0xEF)
			return n - back;
	return n;
}

void mender_feed(struct mender *m, struct str piece, bool last, struct buf *out)
{
	buf_str(&m->pending, piece);
	struct str s = buf_view(&m->pending);
	m->ended = last;
	while (s.n) {
		struct token token = {text_length(s, last), TOKEN_TEXT};
		if (!token.n && s.p[0] == '<')
			token = markup(m, s, last);
		if (!token.n)
			break;
		write_token(m, token, s, out);
		s = str_skip(s, token.n);
		m->at += token.n;
		m->scan = (struct tag_scan){0};
	}
	if (s.n)
		memmove(m->pending.p, s.p, s.n);
	m->pending.n = s.n;
	if (last) {
		m->truncated = m->n_open > 0 && !m->root_ended;
		close_to(m, 0, out);
	}
}
