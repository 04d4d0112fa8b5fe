/* Long texts go round libxml2.
 *
 * Of a feed nine bytes in ten are text, and libxml2 spends most of its time on it: character by
 * character from the first that is not ASCII on, a function call for each "&lt;". There is nothing to
 * parse in it. So libxml2 gets the bytes up to where a text begins, the text goes straight to what
 * collects it, and libxml2 goes on at the '<' behind it, as if the element had been empty:
 *
 *	<description>  Hoy abre la biblioteca …  </description>
 *	└─ libxml2 ─┘└───── collect.c ──────┘└─ libxml2 …
 *
 *	<![CDATA[  <p>Hoy abre …</p>  ]]>
 *	└ libxml2┘└──── collect.c ───┘└ libxml2 …
 *
 * Nothing is guessed: a text is ours only when libxml2, having taken all it was given, says that it is
 * in content (or in a CDATA section). In comments, attributes, the DOCTYPE it says otherwise, and gets
 * the bytes as ever. And it gets, from there on, what is not plain in a text: references but to
 * characters and XML's five, and all that is an error, which it is to find. A piece never ends within
 * a tag if it can be helped, for libxml2 takes any '>' for the end of one. */
#include "parse/format.h"

#include "base/scan.h"

/* Shorter texts are cheaper through libxml2 than the two calls that lead round them. */
#define BYPASS_MIN 80

#define CDATA_BEGIN STR("<![CDATA[")
#define CDATA_END   STR("]]>")

/* Has libxml2 taken all that it got, and is it where we think it is? */
static bool is_in(const struct parser *p, xmlParserInputState state)
{
	return !p->stop && !p->held.n && p->xml->instate == state &&
	       p->xml->input->cur == p->xml->input->end;
}

static void collect(struct parser *p, struct str s)
{
	collect_characters(p, (const xmlChar *)s.p, (int)s.n);
}

/* ---- what may not be in a text ---- */

SCAN_INLINE scan_bytes is_odd(scan_bytes v)
{
	scan_bytes controls = scan_up_to(v, 0x1F) & ~scan_in(v, '\t', '\n');

	return controls | scan_is(v, '&') | scan_is(v, ']') | scan_is(v, '\xEF');
}

/* In CDATA a carriage return stays, as libxml2 leaves it. */
SCAN_INLINE scan_bytes is_odd_in_cdata(scan_bytes v)
{
	scan_bytes controls = scan_up_to(v, 0x1F) & ~scan_in(v, '\t', '\n') & ~scan_is(v, '\r');

	return controls | scan_is(v, '\xEF');
}

/* U+FFFE and U+FFFF are no characters. */
static bool is_character(struct str s)
{
	return s.n < 3 || s.p[1] != '\xBF' || (unsigned char)s.p[2] < 0xBE;
}

static bool is_plain_cdata(struct str s)
{
	for (size_t i = 0; (i = scan_find(s, i, is_odd_in_cdata)) < s.n; i++)
		if (s.p[i] != '\xEF' || !is_character(str_skip(s, i)))
			return false;
	return true;
}

/* ---- texts ---- */

/* The character that the reference at s ("&…") means, in *ret: its length; 0: libxml2 is to say. */
static size_t reference(struct str s, unsigned *ret)
{
	static const struct {
		struct str name;
		char means;
	} names[] = {{STR("&lt;"), '<'}, {STR("&gt;"), '>'}, {STR("&amp;"), '&'},
		{STR("&quot;"), '"'}, {STR("&apos;"), '\''}};

	if (s.n > 1 && s.p[1] == '#') {
		struct str head = str_head(s, 12);
		size_t n = str_chr(head, ';');
		bool none = n == head.n || head.p[2] == 'X';
		*ret = none ? 0 : entity_number(str_make(s.p + 1, n - 1));
		return *ret ? n + 1 : 0;
	}
	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		if (s.n >= names[i].name.n && s.p[1] == names[i].name.p[1] &&
			!memcmp(s.p, names[i].name.p, names[i].name.n)) {
			*ret = (unsigned char)names[i].means;
			return names[i].name.n;
		}
	return 0;
}

/* Collects a text up to the first that is libxml2's business: how much. */
static size_t take_text(struct parser *p, struct str s)
{
	size_t from = 0, i = 0;

	while ((i = scan_find(s, i, is_odd)) < s.n) {
		struct str rest = str_skip(s, i);
		unsigned code = 0;
		size_t n = 1, skip = 0;
		char c = s.p[i];

		if (c == '&') {
			n = skip = reference(rest, &code);
		} else if (c == '\r') {
			/* Two ends of line are one, and one of the old kind is a new one. */
			code = rest.n > 1 && rest.p[1] == '\n' ? 0 : '\n';
			skip = 1;
		} else if (c == ']' ? str_starts(rest, CDATA_END)
				    : c != '\xEF' || !is_character(rest)) {
			n = 0;
		}
		if (!n)
			break;
		if (skip) {
			char out[4];
			collect(p, str_make(s.p + from, i - from));
			if (code)
				collect(p, str_make(out, utf8_encode(code, out)));
			from = i + skip;
		}
		i += n;
	}
	collect(p, str_make(s.p + from, i - from));
	return i;
}

/* ---- finding them ---- */

/* Where the tag that begins at s ends, quotes heeded; s.n: not here. */
static size_t tag_end(struct str s)
{
	char quote = 0;

	for (size_t i = 1; i < s.n; i++) {
		char c = s.p[i];
		if (quote)
			quote = c == quote ? 0 : quote;
		else if (c == '"' || c == '\'')
			quote = c;
		else if (c == '>')
			return i + 1;
	}
	return s.n;
}

/* The text between the tag at s and the '<' that follows it at `next`, if it is long: its place and
 * length. */
static size_t long_text(struct str s, size_t next, size_t *ret_n)
{
	size_t begins = next > BYPASS_MIN ? tag_end(str_head(s, next)) : next;

	*ret_n = next - begins;
	return begins;
}

/* Where "]]>" stands in s; s.n: nowhere. From one bracket to the next: in HTML they are rare. */
static size_t cdata_end(struct str s)
{
	size_t n = 0;

	while (n < s.n && !str_starts(str_skip(s, n), CDATA_END))
		n += 1 + str_chr(str_skip(s, n + 1), ']');
	return n < s.n ? n : s.n;
}

/* A CDATA section at s, if it ends here and is long: the length of what is in it; else 0. *open: none
 * ends in the rest of this piece, so that looking for it again would take time that grows with the
 * square of the brackets. */
static size_t long_cdata(struct str s, bool *open)
{
	if (*open || s.n < 2 || s.p[1] != '!' || !str_starts(s, CDATA_BEGIN))
		return 0;
	struct str inside = str_skip(s, CDATA_BEGIN.n);
	size_t n = cdata_end(inside);
	*open = n == inside.n;
	return *open || n < BYPASS_MIN ? 0 : n;
}

size_t bypass_push(struct parser *p, struct str s)
{
	size_t pushed = 0, at = str_chr(s, '<'), next = s.n;
	bool open = false;

	for (; at < s.n && !p->stop; at = next) {
		struct str tag = str_skip(s, at);
		size_t n = long_cdata(tag, &open), begins = at + CDATA_BEGIN.n;
		bool cdata = n > 0;

		next = at + 1 + str_chr(str_skip(tag, 1), '<');
		if (cdata)
			next = begins + n + str_chr(str_skip(s, begins + n), '<');
		else if (next < s.n)
			begins = at + long_text(tag, next - at, &n);
		else
			break;
		if (n >= BYPASS_MIN) {
			struct str text = str_make(s.p + begins, n);
			xml_push(p, str_make(s.p + pushed, begins - pushed));
			pushed = begins;
			if (cdata && is_in(p, XML_PARSER_CDATA_SECTION) && is_plain_cdata(text)) {
				collect(p, text);
				pushed += n;
			} else if (!cdata && is_in(p, XML_PARSER_CONTENT)) {
				pushed += take_text(p, text);
			}
		} else if (next - pushed > PARSE_CHUNK) {
			xml_push(p, str_make(s.p + pushed, at - pushed));
			pushed = at;
		}
	}
	/* What may go on behind the piece comes again, unless it is all there is. */
	if (!at || at == s.n || at < pushed)
		at = s.n;
	xml_push(p, str_make(s.p + pushed, at - pushed));
	return at;
}
