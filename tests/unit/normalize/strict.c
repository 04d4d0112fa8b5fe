#include "strict.h"

/* Elements open at a time: the sanitiser's own limit, said again. */
#define STRICT_DEPTH 200

struct strict {
	const char *p, *end;
	struct str open[STRICT_DEPTH];
	size_t n_open;
};

static const char *const allowed[] = {"a", "abbr", "acronym", "address", "article", "aside",
	"audio", "b", "bdi", "bdo", "big", "blockquote", "caption", "center", "cite", "code",
	"colgroup", "dd", "del", "details", "dfn", "dir", "div", "dl", "dt", "em", "figcaption",
	"figure", "font", "footer", "h1", "h2", "h3", "h4", "h5", "h6", "header", "hgroup", "i",
	"ins", "kbd", "li", "main", "mark", "menu", "meter", "nav", "ol", "p", "pre", "progress",
	"q", "rp", "rt", "ruby", "s", "samp", "section", "small", "spacer", "span", "strike",
	"strong", "sub", "summary", "sup", "table", "tbody", "td", "tfoot", "th", "thead", "time",
	"tr", "tt", "u", "ul", "var", "video", NULL};
static const char *const allowed_void[] = {"br", "col", "hr", "img", "source", "wbr", NULL};
static const char *const allowed_attrs[] = {"abbr", "align", "alt", "bgcolor", "bgproperties",
	"border", "bordercolor", "bordercolordark", "bottompadding", "cellpadding", "cellspacing",
	"ch", "choff", "clear", "color", "colspan", "controls", "coords", "datetime", "delay",
	"dir", "face", "frame", "gutter", "height", "high", "hreflang", "hspace", "lang", "loop",
	"loopend", "low", "max", "min", "nowrap", "open", "optimum", "preload", "reversed",
	"rowspan", "rules", "scope", "size", "span", "start", "summary", "title", "type", "valign",
	"value", "vspace", "width", "wrap", NULL};
static const char *const url_attrs[] = {"cite", "href", "poster", "src", NULL};
static const char *const harmless[] = {"http", "https", "mailto", "tel", "ftp", "ftps", "sftp",
	"geo", "magnet", "sms", "xmpp", "sip", "sips", "irc", "ircs", "news", "nntp", "webcal",
	"feed", "callto", "gopher", "matrix", "whatsapp", "tg", "urn", "tag", "doi", "acap", "rtsp",
	"mms", NULL};

/* Even with invisible characters between their letters. */
static const char *const running[] = {
	"javascript", "vbscript", "livescript", "jscript", "mocha", "data", NULL};

/* Of the style attribute: properties by their stems, and what no value may hold. */
static const char *const dressing[] = {"background", "border", "caption", "clear", "color",
	"cursor", "direction", "display", "empty", "float", "font", "height", "hyphens", "letter",
	"line", "list", "margin", "max", "min", "overflow", "padding", "table", "text", "vertical",
	"white", "width", "word", NULL};
static const char *const acting[] = {"url", "expression", "javascript", "image", "var", "attr",
	"calc", "important", "position", "behavior", "binding", "import", NULL};
static const char *const coloring[] = {"rgb", "rgba", "hsl", "hsla", NULL};

static bool in(struct str s, const char *const *list)
{
	for (; *list; list++)
		if (str_is(s, *list))
			return true;
	return false;
}

static bool take(struct strict *s, const char *literal)
{
	size_t n = strlen(literal);

	if ((size_t)(s->end - s->p) < n || memcmp(s->p, literal, n))
		return false;
	s->p += n;
	return true;
}

static struct str take_name(struct strict *s)
{
	const char *start = s->p;

	while (s->p < s->end && ((*s->p >= 'a' && *s->p <= 'z') || (*s->p >= '0' && *s->p <= '9')))
		s->p++;
	return str_make(start, (size_t)(s->p - start));
}

/* One character of text or of a value. */
static const char *take_char(struct strict *s)
{
	unsigned char c = (unsigned char)*s->p;

	if (c == '<' || c == '>')
		return "a bare angle bracket";
	if (c == '&')
		return take(s, "&amp;") || take(s, "&lt;") || take(s, "&gt;") || take(s, "&quot;")
			       ? NULL
			       : "an ampersand that is not escaped";
	if ((c < ' ' && c != '\t' && c != '\n') || c == 0x7F)
		return "a control character";
	s->p++;
	return NULL;
}

/* The colon before any of "/?#" ends a scheme; letters before it must be one we know, whatever stands
 * between them. */
static const char *check_url(struct str url)
{
	char scheme[32];
	size_t n = 0;
	bool plain = true; /* of such characters as a scheme may have */

	if (!url.n)
		return "an empty URL";
	for (size_t i = 0; i < url.n && !strchr("/?#", url.p[i]); i++) {
		unsigned char c = (unsigned char)url.p[i];
		if (c <= ' ')
			return "white space in a URL";
		if (c == ':') {
			struct str found = str_make(scheme, n);
			bool is_scheme = plain && n && ascii_is_alpha((unsigned char)url.p[0]);
			if (in(found, running) || (is_scheme && !in(found, harmless)))
				return "a URL that may run code";
			return NULL;
		}
		plain = plain && (ascii_is_alnum(c) || c == '+' || c == '.' || c == '-');
		if (n < sizeof scheme && c < 0x7F)
			scheme[n++] = ascii_lower((char)c);
	}
	return NULL;
}

/* One value: a few characters, no sign, no function but the colours, nothing hidden. */
static const char *check_value(struct str property, struct str value)
{
	const char *start = value.p;

	if (!value.n || value.p[0] == ' ')
		return "a property without value";
	for (size_t i = 0; i < value.n; i++) {
		char c = value.p[i];
		if (!ascii_is_alnum((unsigned char)c) && !strchr(" #%(),.-'_", c))
			return "a character that no value needs";
		if (c == '-' && (i == 0 || value.p[i - 1] == ' '))
			return "a sign";
		if (c == '(' && !in(str_make(start, (size_t)(value.p + i - start)), coloring))
			return "a function";
		if (c == ' ' || c == ',')
			start = value.p + i + 1;
	}
	for (const char *const *word = acting; *word; word++)
		if (str_ifind(value, str_of(*word)) < value.n)
			return "a value that acts";
	if (str_is_i(property, "display") && str_is_i(value, "none"))
		return "a text that is hidden";
	return NULL;
}

static const char *check_style(struct str style)
{
	const char *wrong = NULL;

	while (style.n && !wrong) {
		size_t colon = str_find(style, STR(": ")), semicolon = str_chr(style, ';');
		if (colon > semicolon || semicolon == style.n)
			return "a style that is no list of declarations";
		char stem[16] = "";
		for (size_t i = 0; i < colon && i < sizeof stem - 1 && style.p[i] != '-'; i++)
			stem[i] = ascii_lower(style.p[i]);
		if (!in(str_of(stem), dressing))
			return "a property that is not allowed";
		wrong = check_value(str_head(style, colon),
			str_make(style.p + colon + 2, semicolon - colon - 2));
		style = str_skip(style, semicolon + 1);
		if (style.n && (style.p[0] != ' ' || style.n == 1))
			return "declarations without a blank between them";
		style = str_skip(style, 1);
	}
	return wrong;
}

static const char *take_attr(struct strict *s)
{
	struct str name = take_name(s);
	const char *start, *wrong;

	bool url = in(name, url_attrs), style = str_is(name, "style");
	if (!url && !style && !in(name, allowed_attrs))
		return "an attribute that is not allowed";
	if (!take(s, "=\""))
		return "an attribute without a quoted value";
	start = s->p;
	while (s->p < s->end && *s->p != '"')
		if ((wrong = take_char(s)))
			return wrong;
	if (url && (wrong = check_url(str_make(start, (size_t)(s->p - start)))))
		return wrong;
	if (style && (wrong = check_style(str_make(start, (size_t)(s->p - start)))))
		return wrong;
	return take(s, "\"") ? NULL : "a value without end";
}

static const char *take_start(struct strict *s)
{
	struct str name = take_name(s);
	const char *wrong;

	while (take(s, " "))
		if ((wrong = take_attr(s)))
			return wrong;
	if (!take(s, ">"))
		return "a tag without end";
	if (in(name, allowed_void))
		return NULL;
	if (!in(name, allowed))
		return "an element that is not allowed";
	if (s->n_open == STRICT_DEPTH)
		return "too many open elements";
	s->open[s->n_open++] = name;
	return NULL;
}

static const char *take_end(struct strict *s)
{
	struct str name = take_name(s);

	if (!s->n_open || !str_eq(s->open[s->n_open - 1], name))
		return "an end tag without its start tag";
	s->n_open--;
	return take(s, ">") ? NULL : "an end tag without end";
}

const char *strict_check(struct str html, size_t *ret_at)
{
	struct strict s = {.p = html.p, .end = html.p + html.n};
	const char *wrong = NULL;

	while (s.p < s.end && !wrong)
		if (take(&s, "</"))
			wrong = take_end(&s);
		else if (take(&s, "<"))
			wrong = take_start(&s);
		else
			wrong = take_char(&s);
	if (!wrong && s.n_open)
		wrong = "an element left open";
	*ret_at = (size_t)(s.p - html.p);
	return wrong;
}
