#include "normalize/html-style.h"

#include <stdint.h>

/* Letters of a keyword or of one word of a font's name: "xx-large", "TimesNewRomanPSMT". */
#define WORD_MAX      32
#define FONT_NAME_MAX 48
/* "line-height: 1.4285714286": what editors compute, and no more. */
#define FRACTION_MAX 10

/* Shapes of a token. */
enum {
	LENGTH = 1,
	COLOR = 2,
	WORD = 4,
	FONT = 8, /* 'quoted', and commas between them */
	BOX = LENGTH | WORD,
	LINE = LENGTH | COLOR | WORD,
};

struct property {
	const char *name;
	uint8_t length, shapes, tokens_max;
	const char *words; /* the only ones; NULL: a word alone does no harm here */
};

#define NAME(literal) literal, sizeof(literal) - 1
static const struct property properties[] = {
	{NAME("background"), LINE, 8, NULL},
	{NAME("background-color"), COLOR | WORD, 1, NULL},
	{NAME("background-x"), BOX, 1, NULL}, /* of a draft; old feeds have them */
	{NAME("background-y"), BOX, 1, NULL},
	{NAME("border"), LINE, 3, NULL},
	{NAME("border-bottom"), LINE, 3, NULL},
	{NAME("border-bottom-color"), COLOR | WORD, 1, NULL},
	{NAME("border-bottom-style"), WORD, 1, NULL},
	{NAME("border-bottom-width"), BOX, 1, NULL},
	{NAME("border-collapse"), WORD, 1, NULL},
	{NAME("border-color"), COLOR | WORD, 4, NULL},
	{NAME("border-left"), LINE, 3, NULL},
	{NAME("border-left-color"), COLOR | WORD, 1, NULL},
	{NAME("border-left-style"), WORD, 1, NULL},
	{NAME("border-left-width"), BOX, 1, NULL},
	{NAME("border-radius"), LENGTH, 4, NULL},
	{NAME("border-right"), LINE, 3, NULL},
	{NAME("border-right-color"), COLOR | WORD, 1, NULL},
	{NAME("border-right-style"), WORD, 1, NULL},
	{NAME("border-right-width"), BOX, 1, NULL},
	{NAME("border-spacing"), LENGTH, 2, NULL},
	{NAME("border-style"), WORD, 4, NULL},
	{NAME("border-top"), LINE, 3, NULL},
	{NAME("border-top-color"), COLOR | WORD, 1, NULL},
	{NAME("border-top-style"), WORD, 1, NULL},
	{NAME("border-top-width"), BOX, 1, NULL},
	{NAME("border-width"), BOX, 4, NULL},
	{NAME("caption-side"), WORD, 1, NULL},
	{NAME("clear"), WORD, 1, NULL},
	{NAME("color"), COLOR | WORD, 1, NULL},
	{NAME("cursor"), WORD, 1, "auto default help pointer text"},
	{NAME("direction"), WORD, 1, NULL},
	{NAME("display"), WORD, 1,
		"block inline inline-block list-item table table-cell table-row"},
	{NAME("empty-cells"), WORD, 1, "show"},
	{NAME("float"), WORD, 1, NULL},
	{NAME("font"), BOX | FONT, 24, NULL},
	{NAME("font-family"), WORD | FONT, 24, NULL},
	{NAME("font-size"), BOX, 1, NULL},
	{NAME("font-style"), WORD, 1, NULL},
	{NAME("font-variant"), WORD, 2, NULL},
	{NAME("font-weight"), BOX, 1, NULL},
	{NAME("height"), BOX, 1, NULL},
	{NAME("hyphens"), WORD, 1, NULL},
	{NAME("letter-spacing"), BOX, 1, NULL},
	{NAME("line-height"), BOX, 1, NULL},
	{NAME("list-style"), WORD, 3, NULL},
	{NAME("list-style-position"), WORD, 1, NULL},
	{NAME("list-style-type"), WORD, 1, NULL},
	{NAME("margin"), BOX, 4, NULL},
	{NAME("margin-bottom"), BOX, 1, NULL},
	{NAME("margin-left"), BOX, 1, NULL},
	{NAME("margin-right"), BOX, 1, NULL},
	{NAME("margin-top"), BOX, 1, NULL},
	{NAME("max-height"), BOX, 1, NULL},
	{NAME("max-width"), BOX, 1, NULL},
	{NAME("min-height"), BOX, 1, NULL},
	{NAME("min-width"), BOX, 1, NULL},
	{NAME("overflow"), WORD, 1, "auto scroll visible"},
	{NAME("overflow-wrap"), WORD, 1, NULL},
	{NAME("padding"), BOX, 4, NULL},
	{NAME("padding-bottom"), BOX, 1, NULL},
	{NAME("padding-left"), BOX, 1, NULL},
	{NAME("padding-right"), BOX, 1, NULL},
	{NAME("padding-top"), BOX, 1, NULL},
	{NAME("table-layout"), WORD, 1, NULL},
	{NAME("text-align"), WORD, 1, NULL},
	{NAME("text-decoration"), COLOR | WORD, 3, NULL},
	{NAME("text-indent"), LENGTH, 1, NULL},
	{NAME("text-transform"), WORD, 1, NULL},
	{NAME("vertical-align"), BOX, 1, NULL},
	{NAME("white-space"), WORD, 1, NULL},
	{NAME("width"), BOX, 1, NULL},
	{NAME("word-break"), WORD, 1, NULL},
	{NAME("word-spacing"), BOX, 1, NULL},
	{NAME("word-wrap"), WORD, 1, NULL},
};
#undef NAME

/* What the number of each unit stays below: about 4000 pixels, more than a screen shows of a text. Units
 * of the window (vw, vh) are not a text's business. */
static const struct {
	struct str unit;
	unsigned max;
} units[] = {{STR(""), 1000}, {STR("%"), 1000}, {STR("ch"), 200}, {STR("cm"), 100},
	{STR("em"), 100}, {STR("ex"), 200}, {STR("in"), 40}, {STR("mm"), 1000}, {STR("pc"), 250},
	{STR("pt"), 3000}, {STR("px"), 4000}, {STR("rem"), 100}};

static const char *const color_functions[] = {"rgb", "rgba", "hsl", "hsla"};

static const struct property *find_property(struct str name)
{
	char first = name.n ? ascii_lower(name.p[0]) : 0;

	for (size_t i = 0; i < sizeof properties / sizeof *properties; i++) {
		const struct property *p = &properties[i];
		if (p->length == name.n && p->name[0] == first && str_is_i(name, p->name))
			return p;
	}
	return NULL;
}

/* What a character may stand in. */
enum { DIGIT = 1, HEX = 2, UNIT = 4, WORDS = 8, FONTS = 16 };

static unsigned classes_of(unsigned char c)
{
	unsigned char lower = (unsigned char)(c | 0x20);

	if (ascii_is_digit(c))
		return DIGIT | HEX | WORDS | FONTS;
	if (ascii_is_alpha(c))
		return (lower <= 'f' ? HEX : 0) | UNIT | WORDS | FONTS;
	if (c == '-')
		return WORDS | FONTS;
	return c == '%' ? UNIT : c == ' ' || c == '_' ? FONTS : 0;
}

/* How many characters at the beginning are of one of these classes. */
static size_t run_of(struct str s, unsigned classes)
{
	size_t n = 0;

	while (n < s.n && classes_of((unsigned char)s.p[n]) & classes)
		n++;
	return n;
}

/* "12", ".5", "0.75": its length, 0 if it is none; the whole part to *ret. */
static size_t take_number(struct str s, unsigned *ret)
{
	size_t whole = run_of(s, DIGIT), n = whole;

	*ret = 0;
	for (size_t i = 0; i < whole && i < 5; i++)
		*ret = *ret * 10 + (unsigned)(s.p[i] - '0');
	if (whole > 4)
		return 0;
	if (n < s.n && s.p[n] == '.') {
		size_t fraction = run_of(str_skip(s, n + 1), DIGIT);
		if (!fraction || fraction > FRACTION_MAX)
			return 0;
		n += 1 + fraction;
	}
	return n;
}

static size_t take_length(struct str s)
{
	unsigned whole;
	size_t n = take_number(s, &whole);

	if (!n)
		return 0;
	struct str unit = str_skip(s, n);
	unit.n = run_of(unit, UNIT);
	for (size_t i = 0; i < sizeof units / sizeof *units; i++)
		if (unit.n == units[i].unit.n && str_ieq(unit, units[i].unit))
			return whole < units[i].max ? n + unit.n : 0;
	return 0;
}

static size_t space_run(struct str s)
{
	size_t n = 0;

	while (n < s.n && ascii_is_space((unsigned char)s.p[n]))
		n++;
	return n;
}

/* "(0, 128, 0)" after a colour function's name; written with one blank after each comma. */
static size_t take_arguments(struct buf *out, struct str s)
{
	size_t i = 1;

	buf_char(out, '(');
	for (unsigned count = 1;; count++) {
		unsigned whole;
		i += space_run(str_skip(s, i));
		size_t n = take_number(str_skip(s, i), &whole);
		if (n && i + n < s.n && s.p[i + n] == '%')
			n++;
		if (!n)
			return 0;
		buf_add(out, s.p + i, n);
		i += n + space_run(str_skip(s, i + n));
		if (i == s.n || count > 4)
			return 0;
		if (s.p[i] == ')') {
			buf_char(out, ')');
			return count >= 3 ? i + 1 : 0;
		}
		if (s.p[i++] != ',')
			return 0;
		buf_lit(out, ", ");
	}
}

static size_t take_hex_color(struct buf *out, struct str s)
{
	size_t n = run_of(str_skip(s, 1), HEX);

	if (n != 3 && n != 4 && n != 6 && n != 8)
		return 0;
	buf_add(out, s.p, n + 1);
	return n + 1;
}

/* A font's name in either quotation mark; written in the one that an attribute need not escape. */
static size_t take_quoted(struct buf *out, struct str s)
{
	size_t n = run_of(str_skip(s, 1), FONTS);

	if (!n || n > FONT_NAME_MAX || n + 1 >= s.n || s.p[n + 1] != s.p[0])
		return 0;
	buf_char(out, '\'');
	buf_add(out, s.p + 1, n);
	buf_char(out, '\'');
	return n + 2;
}

static bool is_listed(struct str word, const char *words)
{
	struct str rest = str_of(words), each;

	while (str_word(&rest, &each))
		if (str_ieq(word, each))
			return true;
	return false;
}

/* A word, or a colour function. */
static size_t take_word(struct buf *out, const struct property *property, struct str s)
{
	size_t n = run_of(s, WORDS);
	struct str word = str_head(s, n);

	if (n > WORD_MAX)
		return 0;
	buf_str(out, word);
	if (n < s.n && s.p[n] == '(') {
		bool known = false;
		for (size_t i = 0; i < sizeof color_functions / sizeof *color_functions; i++)
			known |= str_is_i(word, color_functions[i]);
		size_t more =
			known && property->shapes & COLOR ? take_arguments(out, str_skip(s, n)) : 0;
		return more ? n + more : 0;
	}
	if (!(property->shapes & WORD) || (property->words && !is_listed(word, property->words)))
		return 0;
	return n;
}

/* One token into out; its length, 0 if it may not be. */
static size_t take_token(struct buf *out, const struct property *property, struct str s)
{
	unsigned char c = (unsigned char)s.p[0];

	if (ascii_is_digit(c) || c == '.') {
		size_t n = property->shapes & LENGTH ? take_length(s) : 0;
		buf_add(out, s.p, n);
		return n;
	}
	if (c == '#')
		return property->shapes & COLOR ? take_hex_color(out, s) : 0;
	if (c == '\'' || c == '"')
		return property->shapes & FONT ? take_quoted(out, s) : 0;
	return ascii_is_alpha(c) ? take_word(out, property, s) : 0;
}

/* The whole value; false if something in it may not be. */
static bool put_value(struct buf *out, const struct property *property, struct str value)
{
	unsigned tokens = 0;
	bool comma = false;
	size_t i = 0;

	while (i < value.n) {
		if (tokens && !comma && value.p[i] == ',' && property->shapes & FONT) {
			buf_char(out, ',');
			comma = true;
			i++;
		} else {
			if (tokens && !comma)
				buf_char(out, ' ');
			size_t n = take_token(out, property, str_skip(value, i));
			i += n;
			/* What follows must be a border: "10px20" is no two lengths. */
			bool ends = i == value.n || ascii_is_space((unsigned char)value.p[i]) ||
				    value.p[i] == ',';
			if (!n || !ends || ++tokens > property->tokens_max)
				return false;
			comma = false;
		}
		i += space_run(str_skip(value, i));
	}
	return tokens && !comma;
}

/* Cuts "!important" off: it is for the page that shows the text to say. */
static struct str without_importance(struct str value)
{
	size_t bang = str_chr(value, '!');

	if (bang < value.n && str_is_i(str_trim(str_skip(value, bang + 1)), "important"))
		return str_trim(str_head(value, bang));
	return value;
}

static unsigned put_declaration(struct buf *out, size_t start, struct str declaration)
{
	size_t colon = str_chr(declaration, ':'), mark = out->n;
	struct str name = str_trim(str_head(declaration, colon));
	struct str said = str_trim(str_skip(declaration, colon + 1));
	struct str value = without_importance(said);
	unsigned result = said.n == value.n ? 0 : HTML_STYLE_REMOVED;

	const struct property *property = colon < declaration.n ? find_property(name) : NULL;
	if (property) {
		if (out->n > start)
			buf_char(out, ' ');
		/* As it was written: only the case of the letters can differ. */
		buf_str(out, name);
		buf_lit(out, ": ");
		if (put_value(out, property, value)) {
			buf_char(out, ';');
			return result;
		}
		out->n = mark;
	}
	if ((str_is_i(name, "display") && str_is_i(value, "none")) ||
		(str_is_i(name, "visibility") && str_is_i(value, "hidden")))
		result |= HTML_STYLE_HIDES;
	return result | HTML_STYLE_REMOVED;
}

unsigned html_style(struct buf *out, struct str css)
{
	size_t start = out->n;
	struct str declaration;
	unsigned result = 0;

	/* A ';' in quotation marks parts too: neither half is well formed then, and both go. */
	while (str_split(&css, ';', &declaration)) {
		declaration = str_trim(declaration);
		if (declaration.n)
			result |= put_declaration(out, start, declaration);
	}
	return result;
}

struct str html_style_value(struct str style, const char *property)
{
	struct str declaration;

	while (str_split(&style, ';', &declaration)) {
		size_t colon = str_chr(declaration, ':');
		if (colon < declaration.n &&
			str_is_i(str_trim(str_head(declaration, colon)), property))
			return str_trim(str_skip(declaration, colon + 1));
	}
	return STR_NONE;
}
