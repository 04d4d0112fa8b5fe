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
	"ins", "kbd", "li", "main", "map", "mark", "menu", "meter", "nav", "ol", "p", "pre",
	"progress", "q", "rp", "rt", "ruby", "s", "samp", "section", "small", "spacer", "span",
	"strike", "strong", "sub", "summary", "sup", "table", "tbody", "td", "tfoot", "th", "thead",
	"time", "tr", "tt", "u", "ul", "var", "video", NULL};
static const char *const allowed_void[] = {"area", "br", "col", "hr", "img", "source", "wbr", NULL};
static const char *const allowed_attrs[] = {"abbr", "accept", "align", "alt", "bgcolor",
	"bgproperties", "border", "bordercolor", "bordercolordark", "bottompadding", "cellpadding",
	"cellspacing", "ch", "choff", "clear", "color", "colspan", "controls", "coords", "datafld",
	"datetime", "default", "delay", "dir", "draggable", "face", "frame", "gutter", "height",
	"high", "hreflang", "hspace", "lang", "loop", "loopend", "low", "max", "maxlength", "min",
	"nowrap", "open", "optimum", "preload", "prompt", "radiogroup", "repeat-max", "reversed",
	"rowspan", "rules", "scope", "selected", "shape", "size", "span", "start", "summary",
	"suppress", "title", "type", "valign", "value", "vspace", "width", "wrap", NULL};
static const char *const url_attrs[] = {"cite", "href", "poster", "src", NULL};
/* What nobody follows may be empty. */
static const char *const idle_attrs[] = {"action", "background", "icon", "longdesc", NULL};
static const char *const name_attrs[] = {"id", "name", "usemap", NULL};
static const char *const windows[] = {"", "_blank", "_self", NULL};
static const char *const interactive[] = {
	"a", "area", "audio", "details", "summary", "video", NULL};
static const char *const table_parts[] = {
	"caption", "col", "colgroup", "table", "tbody", "td", "tfoot", "th", "thead", "tr", NULL};
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
static const char *const coloring[] = {"rgb", "rgba", "hsl", "hsla", NULL};

static bool in(struct str s, const char *const *list)
{
	for (; *list; list++)
		if (str_is(s, *list))
			return true;
	return false;
}

/* Of CSS, which knows no case: "RGB(" is "rgb(". */
static bool is_coloring(struct str name)
{
	for (const char *const *known = coloring; *known; known++)
		if (str_is_i(name, *known))
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

	while (s->p < s->end &&
		((*s->p >= 'a' && *s->p <= 'z') || (*s->p >= '0' && *s->p <= '9') || *s->p == '-'))
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

/* One value: a few characters, no sign, no function but the colours, nothing hidden. Words alone do
 * nothing: there is a font called Curlz, and "url" without its "(" is a word. */
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
		if (c == '(' && !is_coloring(str_make(start, (size_t)(value.p + i - start))))
			return "a function";
		if (c == ' ' || c == ',')
			start = value.p + i + 1;
	}
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

/* No name of the page's, and none that a script could have. */
static const char *check_name(struct str name, bool reference)
{
	struct str prefix = reference ? STR("#cw-") : STR("cw-");

	if (!name.n)
		return NULL;
	if (!str_starts(name, prefix))
		return "a name that is not ours";
	name = str_skip(name, prefix.n);
	for (size_t i = 0; i < name.n; i++)
		if (!ascii_is_alnum((unsigned char)name.p[i]) && !strchr("-_+.", name.p[i]))
			return "a character that no name needs";
	return NULL;
}

/* A key may click on nothing that does something. */
static const char *check_key(const struct strict *s, struct str element)
{
	bool acts = in(element, interactive);

	for (size_t i = 0; i < s->n_open; i++)
		acts = acts || in(s->open[i], interactive);
	return acts ? "a key that leads somewhere" : NULL;
}

static const char *check_attr(
	const struct strict *s, struct str element, struct str name, struct str value)
{
	if (in(name, url_attrs))
		return check_url(value);
	if (str_is(name, "background") && in(element, table_parts))
		return "a picture behind a table";
	if (in(name, idle_attrs))
		return value.n ? check_url(value) : NULL;
	if (str_is(name, "style"))
		return check_style(value);
	if (in(name, name_attrs))
		return check_name(value, str_is(name, "usemap"));
	if (str_is(name, "accesskey"))
		return check_key(s, element);
	if (str_is(name, "target"))
		return in(value, windows) ? NULL : "somebody else's window";
	return in(name, allowed_attrs) ? NULL : "an attribute that is not allowed";
}

static const char *take_attr(struct strict *s, struct str element)
{
	struct str name = take_name(s);
	const char *start, *wrong;

	if (!take(s, "=\""))
		return "an attribute without a quoted value";
	start = s->p;
	while (s->p < s->end && *s->p != '"')
		if ((wrong = take_char(s)))
			return wrong;
	wrong = check_attr(s, element, name, str_make(start, (size_t)(s->p - start)));
	if (wrong)
		return wrong;
	return take(s, "\"") ? NULL : "a value without end";
}

static const char *take_start(struct strict *s)
{
	struct str name = take_name(s);
	const char *wrong;

	while (take(s, " "))
		if ((wrong = take_attr(s, name)))
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
