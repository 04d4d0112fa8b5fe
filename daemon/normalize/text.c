#include "normalize/text.h"

#include "base/scan.h"
#include "model/flaw.h"
#include "normalize/html.h"
#include "normalize/text-fold.h"

enum kind {
	KIND_CHAR,
	KIND_SPACE,
	KIND_WIDE,      /* white space that somebody chose: no-break, thin, em … */
	KIND_LINE,      /* ends a line */
	KIND_PARAGRAPH, /* ends a paragraph */
	KIND_NOTHING,   /* not for eyes: dropped */
};

/* Dropped, besides control characters: what is invisible and can make a text show something else
 * than it is. U+200C and U+200D stay (Persian and emoji need them), so do the plain direction marks. */
static const struct {
	unsigned first, last;
} invisible[] = {
	{0x7F, 0x9F},       /* DEL, C1 */
	{0xAD, 0xAD},       /* soft hyphen */
	{0x180E, 0x180E},   /* Mongolian vowel separator */
	{0x200B, 0x200B},   /* zero width space */
	{0x202A, 0x202E},   /* bidi embeddings and overrides */
	{0x2060, 0x206F},   /* joiners, invisible operators, isolates, deprecated marks */
	{0xFEFF, 0xFEFF},   /* byte order mark */
	{0xFFF9, 0xFFFB},   /* interlinear annotation */
	{0xFFFE, 0xFFFF},   /* no characters */
	{0xE0000, 0xE007F}, /* tags */
};

/* White space beyond ASCII that does not end a line. */
static bool is_wide(unsigned cp)
{
	return cp == 0xA0 || (cp >= 0x2000 && cp <= 0x200A) || cp == 0x202F || cp == 0x205F ||
	       cp == 0x3000 || cp == 0x1680;
}

static enum kind kind_of(unsigned cp)
{
	switch (cp) {
	case '\n':
	case '\r':
	case 0x2028:
	case 0x85:
		return KIND_LINE;
	case 0x2029:
		return KIND_PARAGRAPH;
	case ' ':
	case '\t':
	case '\v':
	case '\f':
		return KIND_SPACE;
	}
	if (cp < ' ')
		return KIND_NOTHING;
	if (is_wide(cp))
		return KIND_WIDE;
	for (size_t i = 0; i < sizeof invisible / sizeof *invisible; i++)
		if (cp >= invisible[i].first && cp <= invisible[i].last)
			return KIND_NOTHING;
	return KIND_CHAR;
}

/* Blanks in words and printable ASCII are copied without a look: most of most texts. */
SCAN_INLINE scan_bytes is_no_ascii(scan_bytes v)
{
	return scan_up_to(v, 0x1F) | scan_from(v, 0x7F);
}

/* A letter of two bytes at i, U+00C0 to U+07FF: of these, none is a blank or invisible. */
static bool is_pair(struct str s, size_t i)
{
	unsigned char c = (unsigned char)s.p[i];

	return c >= 0xC3 && c <= 0xDF && i + 1 < s.n && ((unsigned char)s.p[i + 1] & 0xC0) == 0x80;
}

/* The end of the run at i of what folding leaves as it is; i if there is none. A single blank may be its
 * last byte. `to` may be NULL: else the run is copied there. */
SCAN_INLINE size_t run_end(char *to, struct str s, size_t i)
{
	const size_t from = i;

	while (i < s.n) {
		if (is_pair(s, i)) {
			if (to)
				memcpy(to + (i - from), s.p + i, 2);
			i += 2;
			continue;
		}
		size_t end = scan_words(s, i, 0, is_no_ascii, to ? to + (i - from) : NULL, NULL);
		if (end == i)
			break;
		i = end;
	}
	return i;
}

struct folder {
	struct buf *out;
	size_t start;
	bool lines; /* line ends are kept */
	/* The white space since the last character: a blank, a wide one, a blank; and line ends. */
	bool space_before, space;
	struct str wide; /* empty: there was none */
	unsigned line_ends;
};

static void put_space(struct folder *f)
{
	if (f->space_before)
		buf_char(f->out, ' ');
	buf_str(f->out, f->wide);
	if (f->space)
		buf_char(f->out, ' ');
}

static void before_word(struct folder *f)
{
	if (f->out->n > f->start) {
		if (f->line_ends > 1)
			buf_lit(f->out, "\n\n");
		else if (f->line_ends)
			buf_char(f->out, '\n');
		else
			put_space(f);
	}
	f->space = f->space_before = false;
	f->wide.n = 0;
	f->line_ends = 0;
}

static bool has_gap(const struct folder *f)
{
	return f->space || f->wide.n;
}

static void put(struct folder *f, const char *p, size_t n)
{
	if (has_gap(f))
		before_word(f);
	buf_add(f->out, p, n);
}

static void put_gap(struct folder *f, enum kind kind)
{
	f->space = true;
	if (f->lines && kind != KIND_SPACE)
		f->line_ends += kind == KIND_PARAGRAPH ? 2 : 1;
}

/* The first of a run stays, with a blank on the sides that have one. */
static void put_wide(struct folder *f, struct str wide)
{
	if (f->wide.n)
		return;
	f->wide = wide;
	f->space_before = f->space;
	f->space = false;
}

/* A character that ended a run; how many bytes it has. */
static size_t fold_character(struct folder *f, struct str s, bool *repaired)
{
	size_t len;
	unsigned cp = utf8_decode(s, &len);
	enum kind kind = kind_of(cp);

	if (kind == KIND_CHAR && cp == 0xFFFD && len == 1) { /* no valid UTF-8 */
		put(f, "\xEF\xBF\xBD", 3);
		*repaired = true;
	} else if (kind == KIND_CHAR) {
		put(f, s.p, len);
	} else if (kind == KIND_NOTHING) {
		*repaired = true;
	} else if (kind == KIND_WIDE) {
		put_wide(f, str_head(s, len));
	} else {
		bool crlf = cp == '\r' && s.n > 1 && s.p[1] == '\n';
		put_gap(f, crlf ? KIND_SPACE : kind);
	}
	return len;
}

static bool fold(struct buf *out, struct str s, bool lines)
{
	struct folder f = {.out = out, .start = out->n, .lines = lines};
	bool repaired = false;
	size_t i = 0;

	while (i < s.n) {
		if (s.p[i] == ' ') {
			f.space = true;
			i++;
			continue;
		}
		if ((unsigned char)s.p[i] < ' ' || (unsigned char)s.p[i] == 0x7F ||
			((unsigned char)s.p[i] > 0x7F && !is_pair(s, i))) {
			i += fold_character(&f, str_skip(s, i), &repaired);
			continue;
		}
		if (has_gap(&f))
			before_word(&f);
		size_t end = run_end(buf_room(out, s.n - i + SCAN_SIZE), s, i);
		f.space = s.p[end - 1] == ' ';
		out->n += end - i - f.space;
		i = end;
	}
	return repaired;
}

bool text_is_folded(struct str s)
{
	return !s.n || (s.p[0] != ' ' && s.p[s.n - 1] != ' ' && run_end(NULL, s, 0) == s.n);
}

bool text_fold(struct buf *out, struct str s)
{
	return fold(out, s, false);
}

bool text_fold_lines(struct buf *out, struct str s)
{
	return fold(out, s, true);
}

/* is_wide() in bytes, for quotation marks and dashes begin as most of them do. */
size_t text_wide(struct str s)
{
	unsigned first = (unsigned char)s.p[0], second = s.n > 1 ? (unsigned char)s.p[1] : 0;
	unsigned third = s.n > 2 ? (unsigned char)s.p[2] : 0;

	switch (first) {
	case 0xC2:
		return second == 0xA0 ? 2 : 0;
	case 0xE1:
		return second == 0x9A && third == 0x80 ? 3 : 0;
	case 0xE2:
		if (second == 0x80)
			return (third >= 0x80 && third <= 0x8A) || third == 0xAF ? 3 : 0;
		return second == 0x81 && third == 0x9F ? 3 : 0;
	case 0xE3:
		return second == 0x80 && third == 0x80 ? 3 : 0;
	default:
		return 0;
	}
}

/* Index of the first wide one at or after i, and its length. */
static size_t find_wide(struct str s, size_t i, size_t *ret_len)
{
	for (; (i = scan_find(s, i, text_may_be_wide)) < s.n; i++) {
		*ret_len = text_wide(str_skip(s, i));
		if (*ret_len)
			break;
	}
	return i;
}

static void put_blank(struct buf *out, size_t start)
{
	if (out->n == start || out->p[out->n - 1] != ' ')
		buf_char(out, ' ');
}

struct str text_blanks(struct buf *scratch, struct str s)
{
	size_t len = 0, from = 0, at = find_wide(s, 0, &len);

	if (at == s.n)
		return s;
	buf_clear(scratch);
	for (; at < s.n; at = find_wide(s, from, &len)) {
		buf_add(scratch, s.p + from, at - from);
		put_blank(scratch, 0);
		from = at + len;
		from += from < s.n && s.p[from] == ' ';
	}
	buf_add(scratch, s.p + from, s.n - from);
	return buf_view(scratch);
}

/* Does it still hold a reference that nobody would write for a reader? "&lt;" and "&gt;" alone may be
 * a text about HTML. */
static bool is_still_escaped(struct str s)
{
	static const struct str marks[] = {
		STR("&amp;"), STR("&quot;"), STR("&apos;"), STR("&nbsp;"), STR("&#")};

	if (str_chr(s, '&') == s.n)
		return false;
	for (size_t i = 0; i < sizeof marks / sizeof *marks; i++) {
		size_t at = str_find(s, marks[i]);
		if (at < s.n && html_likely(str_skip(s, at)))
			return true;
	}
	return false;
}

/* RSS never says what a title is. If it can be HTML it is read as HTML; and what was escaped once
 * too often (a CMS that escapes what its editor had escaped) is decoded again. Twice is the most that
 * was seen; a bound there must be. */
static void read_likely(struct buf *scratch, struct str s)
{
	const unsigned rounds_max = 2;

	if (!html_likely(s)) {
		buf_str(scratch, s);
		return;
	}
	html_text(scratch, s);
	for (unsigned i = 0; i < rounds_max && is_still_escaped(buf_view(scratch)); i++) {
		size_t n = scratch->n;
		/* Behind itself, then moved to the front: the source must not move meanwhile. */
		buf_room(scratch, 2 * n + n);
		html_decode(scratch, str_make(scratch->p, n));
		memmove(scratch->p, scratch->p + n, scratch->n - n);
		scratch->n -= n;
	}
}

/* Is it what a person reads already? Of most titles, names and categories this is so. */
static bool is_plain(const struct text *text)
{
	struct str s = text->value;

	if (!text_is_folded(s))
		return false;
	switch (text->type) {
	case TEXT_HTML:
	case TEXT_XHTML:
		return str_chr(s, '<') == s.n && str_chr(s, '&') == s.n;
	case TEXT_LIKELY:
		return !html_likely(s);
	case TEXT_PLAIN:
		break;
	}
	return true;
}

struct str text_plain(
	struct arena *arena, struct buf *scratch, const struct text *text, unsigned *flaws)
{
	struct str s = text->value;

	if (str_is_none(s) || is_plain(text))
		return s;
	buf_clear(scratch);
	switch (text->type) {
	case TEXT_HTML:
	case TEXT_XHTML:
		html_text(scratch, s);
		break;
	case TEXT_LIKELY:
		read_likely(scratch, s);
		break;
	case TEXT_PLAIN:
		buf_str(scratch, s);
		break;
	}
	size_t n = scratch->n;
	/* Folding makes nothing longer but invalid bytes, three for one. */
	buf_room(scratch, 3 * n + SCAN_SIZE);
	if (text_fold(scratch, str_make(scratch->p, n)) && flaws)
		*flaws |= FLAW_TEXT_REPAIRED;
	return arena_str(arena, str_make(scratch->p + n, scratch->n - n));
}

SCAN_INLINE scan_bytes is_beyond_ascii(scan_bytes v)
{
	return scan_from(v, 0x80);
}

static void put_folded(struct buf *out, unsigned cp, struct str bytes)
{
	for (size_t i = 0; i < TEXT_FOLD_RANGES; i++) {
		const struct text_fold_range *range = &text_fold_ranges[i];
		if (cp < range->first || cp > range->last)
			continue;
		unsigned cell = range->cells[cp - range->first];
		if (cell & TEXT_FOLD_PAIR) {
			buf_char(out, (char)(cell >> 7 & 0x7F));
			buf_char(out, (char)(cell & 0x7F));
		} else {
			buf_utf8(out, cell);
		}
		return;
	}
	buf_str(out, bytes);
}

/* Appends the ASCII at i in small letters; where it ends. */
static size_t put_lower(struct buf *out, struct str s, size_t i)
{
	char *to = buf_room(out, s.n - i + SCAN_SIZE);
	size_t end = scan_copy(to, s, i, is_beyond_ascii), n = end - i;

	for (size_t k = 0; k < n; k += SCAN_SIZE)
		scan_store(to + k, scan_lower(scan_load(to + k)));
	out->n += n;
	return end;
}

void text_fold_word(struct buf *out, struct str s)
{
	size_t i = 0, begin = out->n;

	while ((i = put_lower(out, s, i)) < s.n) {
		size_t len;
		unsigned cp = utf8_decode(str_skip(s, i), &len);
		if (is_wide(cp)) {
			put_blank(out, begin);
			i += i + len < s.n && s.p[i + len] == ' ';
		} else if (cp < 0x300 || cp > 0x36F) {
			/* Accents that stand alone (NFD) go, whatever they stand on. */
			put_folded(out, cp, str_make(s.p + i, len));
		}
		i += len;
	}
}

static bool all(struct str s, bool (*is)(unsigned char))
{
	for (size_t i = 0; i < s.n; i++)
		if (!is((unsigned char)s.p[i]))
			return false;
	return s.n > 0;
}

static bool is_alpha(struct str s)
{
	return all(s, ascii_is_alpha);
}

/* What a subtag is, by its length and place (BCP 47 § 2.1), in rising order. */
enum subtag {
	SUBTAG_BAD,
	SUBTAG_EXTLANG,
	SUBTAG_SCRIPT,
	SUBTAG_REGION,
	SUBTAG_VARIANT,
	SUBTAG_EXTENSION
};

static enum subtag subtag_of(struct str s, enum subtag before)
{
	if (!s.n || s.n > 8 || !all(s, ascii_is_alnum))
		return SUBTAG_BAD;
	if (before == SUBTAG_EXTENSION || s.n == 1)
		return SUBTAG_EXTENSION;
	if (s.n == 3 && is_alpha(s))
		return SUBTAG_EXTLANG;
	if (s.n == 4 && is_alpha(s))
		return SUBTAG_SCRIPT;
	if ((s.n == 2 && is_alpha(s)) || (s.n == 3 && all(s, ascii_is_digit)))
		return SUBTAG_REGION;
	bool variant = s.n >= 5 || (s.n == 4 && ascii_is_digit((unsigned char)s.p[0]));
	return variant ? SUBTAG_VARIANT : SUBTAG_BAD;
}

/* Scripts as in "Latn", regions in capitals, all others in small letters. */
static void put_subtag(char *to, struct str s, enum subtag kind)
{
	for (size_t i = 0; i < s.n; i++) {
		bool upper = kind == SUBTAG_REGION || (kind == SUBTAG_SCRIPT && i == 0);
		char c = ascii_lower(s.p[i]);
		to[i] = upper && c >= 'a' && c <= 'z' ? (char)(c - 'a' + 'A') : c;
	}
}

struct str text_language(struct arena *arena, struct str tag)
{
	/* BCP 47 § 4.4.1 asks for room for 35. */
	char out[40];
	enum subtag kind = SUBTAG_BAD;
	size_t n = 0;

	tag = str_trim(tag);
	/* The locale names of POSIX: "es_MX.UTF-8", "ca_ES@valencia". */
	tag = str_head(tag, str_chr(tag, '.'));
	tag = str_head(tag, str_chr(tag, '@'));
	if (!tag.n || tag.n >= sizeof out || tag.p[tag.n - 1] == '-' || tag.p[tag.n - 1] == '_')
		return STR_NONE;
	while (n < tag.n) {
		struct str rest = str_skip(tag, n);
		size_t dash = str_chr(rest, '-'), underscore = str_chr(rest, '_');
		struct str part = str_head(rest, dash < underscore ? dash : underscore);
		if (n == 0) {
			if (part.n < 2 || part.n > 3 || !is_alpha(part))
				return STR_NONE;
		} else {
			enum subtag next = subtag_of(part, kind);
			bool repeats = next >= SUBTAG_VARIANT;
			if (next == SUBTAG_BAD || next < kind || (next == kind && !repeats))
				return STR_NONE;
			kind = next;
			out[n - 1] = '-';
		}
		put_subtag(out + n, part, kind);
		n += part.n + 1;
	}
	/* One letter or digit announces what comes after it ("utf-8" is no language). */
	if (tag.n > 1 && out[tag.n - 2] == '-')
		return STR_NONE;
	return arena_str(arena, str_make(out, tag.n));
}
