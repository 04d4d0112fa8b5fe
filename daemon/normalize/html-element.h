/* The elements and attributes of HTML that we know, and what may be done with each: the allow-list
 * of the sanitiser and the layout hints of the plain text are one table. Who wants to allow an
 * element adds a flag here; who wants a new one adds a row (in alphabetical order: the look-up
 * goes by first letter, and a test checks it). */
#pragma once

#include "base/str.h"

#include <stdint.h>

enum html_flag {
	HTML_ALLOWED = 1 << 0,
	HTML_VOID = 1 << 1,         /* has no end tag */
	HTML_INLINE = 1 << 2,       /* may be cut and mended; the others are blocks */
	HTML_FORMAT = 1 << 3,       /* misnested, it goes on after what cut it off ("formatting") */
	HTML_CLOSES_P = 1 << 4,     /* its start tag ends an open paragraph */
	HTML_FENCE = 1 << 5,        /* what is open outside of it is not closed from inside */
	HTML_LIST = 1 << 6,         /* likewise, for list items */
	HTML_HEADING = 1 << 7,      /* no heading holds another */
	HTML_OPTIONAL_END = 1 << 8, /* leaving its end tag out is no mistake */
	HTML_TABLE_PART = 1 << 9,   /* makes sense in a table only */
	HTML_RAW = 1 << 10,         /* no markup inside; § 13.2.5.2–4 of the HTML standard */
	HTML_SKIP = 1 << 11,        /* has markup inside that is not the reader's text */
	HTML_LINE = 1 << 12,        /* in plain text: on lines of its own */
	HTML_PARAGRAPH = 1 << 13,   /* in plain text: with a blank line around it */
	HTML_TABLE_ROOT = 1 << 14,  /* where the search for an open table part ends */
};

/* What the value of an attribute is; it decides what may be written. */
enum html_value {
	HTML_VALUE_TEXT,
	HTML_VALUE_LINK,   /* a URL one may follow */
	HTML_VALUE_IDLE,   /* likewise, but no browser of today does; or empty */
	HTML_VALUE_MEDIA,  /* a URL that is loaded: http and https alone */
	HTML_VALUE_BACK,   /* likewise, behind tables and their parts: idle elsewhere */
	HTML_VALUE_NUMBER, /* digits, perhaps with a fraction or a percent sign; or empty */
	HTML_VALUE_WORD,   /* ASCII letters, digits, '-', '_', '#' …; or empty */
	HTML_VALUE_KEY,    /* a word that is a key of the reader's keyboard */
	HTML_VALUE_NAME,   /* a word by which the text refers to its own things: HTML_NAME_PREFIX */
	HTML_VALUE_WINDOW, /* where a link opens */
	HTML_VALUE_FLAG,   /* present or not */
	HTML_VALUE_STYLE,  /* CSS declarations: html-style.h */
	HTML_VALUE_UNSEEN, /* never written: read to judge the element */
};

/* Before every name that a text gives to its own things. In a page that shows it names become
 * variables of its scripts (DOM clobbering) and may be those of the page's own things; with a '-' in
 * it none is a variable's name, and no page uses this beginning. */
#define HTML_NAME_PREFIX "cw-"

/* Name, kind, and which elements may have it. EVERY one may say its language, its direction, a word of
 * explanation, how it would like to look, and what nobody acts on (any more): wherever such an
 * attribute stands it does nothing worse than nothing. The others are for SOME elements, each for a
 * reason (HTML_TAGS below).
 *
 * Left out on purpose: `class` (the page's own rules would apply), `autofocus`, `tabindex` and
 * `contenteditable` (the reader's keyboard), and what makes things load, run or be sent. */
#define HTML_ATTRS(A) \
	A(ABBR, "abbr", TEXT, EVERY) \
	A(ACCEPT, "accept", TEXT, EVERY) \
	A(ACCESSKEY, "accesskey", KEY, EVERY) \
	A(ACTION, "action", IDLE, EVERY) \
	A(ALIGN, "align", WORD, EVERY) \
	A(ALT, "alt", TEXT, SOME) \
	A(BACKGROUND, "background", BACK, EVERY) \
	A(BGCOLOR, "bgcolor", WORD, EVERY) \
	A(BGPROPERTIES, "bgproperties", WORD, EVERY) \
	A(BORDER, "border", NUMBER, EVERY) \
	A(BORDERCOLOR, "bordercolor", WORD, EVERY) \
	A(BORDERCOLORDARK, "bordercolordark", WORD, EVERY) \
	A(BOTTOMPADDING, "bottompadding", NUMBER, EVERY) \
	A(CELLPADDING, "cellpadding", NUMBER, EVERY) \
	A(CELLSPACING, "cellspacing", NUMBER, EVERY) \
	A(CH, "ch", TEXT, EVERY) \
	A(CHOFF, "choff", NUMBER, EVERY) \
	A(CITE, "cite", LINK, SOME) \
	A(CLEAR, "clear", WORD, EVERY) \
	A(COLOR, "color", WORD, SOME) \
	A(COLSPAN, "colspan", NUMBER, SOME) \
	A(CONTROLS, "controls", FLAG, SOME) \
	A(COORDS, "coords", TEXT, EVERY) \
	A(DATA_LAZY_SRC, "data-lazy-src", UNSEEN, SOME) \
	A(DATA_ORIGINAL, "data-original", UNSEEN, SOME) \
	A(DATA_SRC, "data-src", UNSEEN, SOME) \
	A(DATAFLD, "datafld", WORD, EVERY) \
	A(DATETIME, "datetime", TEXT, SOME) \
	A(DEFAULT, "default", FLAG, EVERY) \
	A(DELAY, "delay", NUMBER, EVERY) \
	A(DIR, "dir", WORD, EVERY) \
	A(DRAGGABLE, "draggable", WORD, EVERY) \
	A(FACE, "face", TEXT, SOME) \
	A(FRAME, "frame", WORD, EVERY) \
	A(GUTTER, "gutter", NUMBER, EVERY) \
	A(HEIGHT, "height", NUMBER, EVERY) \
	A(HIGH, "high", NUMBER, EVERY) \
	A(HREF, "href", LINK, SOME) \
	A(HREFLANG, "hreflang", WORD, SOME) \
	A(HSPACE, "hspace", NUMBER, EVERY) \
	A(ICON, "icon", IDLE, EVERY) \
	A(ID, "id", NAME, EVERY) \
	A(LANG, "lang", WORD, EVERY) \
	A(LONGDESC, "longdesc", IDLE, EVERY) \
	A(LOOP, "loop", FLAG, EVERY) \
	A(LOOPEND, "loopend", NUMBER, EVERY) \
	A(LOW, "low", NUMBER, EVERY) \
	A(MAX, "max", NUMBER, EVERY) \
	A(MAXLENGTH, "maxlength", NUMBER, EVERY) \
	A(MIN, "min", NUMBER, EVERY) \
	A(NAME, "name", NAME, SOME) \
	A(NOWRAP, "nowrap", FLAG, EVERY) \
	A(OPEN, "open", FLAG, SOME) \
	A(OPTIMUM, "optimum", NUMBER, EVERY) \
	A(POSTER, "poster", MEDIA, SOME) \
	A(PRELOAD, "preload", WORD, SOME) \
	A(PROMPT, "prompt", TEXT, EVERY) \
	A(RADIOGROUP, "radiogroup", WORD, EVERY) \
	A(REPEAT_MAX, "repeat-max", NUMBER, EVERY) \
	A(REVERSED, "reversed", FLAG, SOME) \
	A(ROWSPAN, "rowspan", NUMBER, SOME) \
	A(RULES, "rules", WORD, EVERY) \
	A(SCOPE, "scope", WORD, SOME) \
	A(SELECTED, "selected", FLAG, EVERY) \
	A(SHAPE, "shape", WORD, SOME) \
	A(SIZE, "size", WORD, EVERY) \
	A(SPAN, "span", NUMBER, EVERY) \
	A(SRC, "src", MEDIA, SOME) \
	A(START, "start", NUMBER, SOME) \
	A(STYLE, "style", STYLE, EVERY) \
	A(SUMMARY, "summary", TEXT, EVERY) \
	A(SUPPRESS, "suppress", WORD, EVERY) \
	A(TARGET, "target", WINDOW, EVERY) \
	A(TITLE, "title", TEXT, EVERY) \
	A(TYPE, "type", TEXT, SOME) \
	A(USEMAP, "usemap", NAME, EVERY) \
	A(VALIGN, "valign", WORD, EVERY) \
	A(VALUE, "value", NUMBER, SOME) \
	A(VSPACE, "vspace", NUMBER, EVERY) \
	A(WIDTH, "width", NUMBER, EVERY) \
	A(WRAP, "wrap", WORD, EVERY)

#define HTML_ATTR_ENUM(id, name, kind, whose) HTML_ATTR_##id,
enum html_attr_id { HTML_ATTRS(HTML_ATTR_ENUM) HTML_ATTR_COUNT, HTML_ATTR_OTHER = HTML_ATTR_COUNT };
#undef HTML_ATTR_ENUM

/* Those of SOME elements, numbered by themselves: the set that an element may have is a bit mask. */
#define HTML_ATTR_OWN_EVERY(id)
#define HTML_ATTR_OWN_SOME(id)               HTML_ATTR_OWN_##id,
#define HTML_ATTR_OWN(id, name, kind, whose) HTML_ATTR_OWN_##whose(id)
enum html_attr_own { HTML_ATTRS(HTML_ATTR_OWN) HTML_ATTR_OWN_COUNT };
#undef HTML_ATTR_OWN
#undef HTML_ATTR_OWN_SOME
#undef HTML_ATTR_OWN_EVERY

_Static_assert(HTML_ATTR_OWN_COUNT <= 64, "attribute sets are 64 bits wide");
#define HTML_ATTR_BIT(id) (UINT64_C(1) << HTML_ATTR_OWN_##id)

#define HTML_F_BLOCK   (HTML_ALLOWED | HTML_CLOSES_P)
#define HTML_F_DIV     (HTML_F_BLOCK | HTML_LINE)
#define HTML_F_PARA    (HTML_F_BLOCK | HTML_PARAGRAPH)
#define HTML_F_INLINE  (HTML_ALLOWED | HTML_INLINE)
#define HTML_F_FORMAT  (HTML_F_INLINE | HTML_FORMAT)
#define HTML_F_HEADING (HTML_F_PARA | HTML_HEADING)
#define HTML_F_LIST    (HTML_F_PARA | HTML_LIST)
#define HTML_F_PART    (HTML_ALLOWED | HTML_TABLE_PART | HTML_OPTIONAL_END)
#define HTML_F_CELL    (HTML_F_PART | HTML_FENCE)

#define HTML_A_CELL (HTML_ATTR_BIT(COLSPAN) | HTML_ATTR_BIT(ROWSPAN) | HTML_ATTR_BIT(SCOPE))
#define HTML_A_MEDIA \
	(HTML_ATTR_BIT(SRC) | HTML_ATTR_BIT(CONTROLS) | HTML_ATTR_BIT(POSTER) | \
		HTML_ATTR_BIT(PRELOAD))
#define HTML_A_IMAGE (HTML_ATTR_BIT(SRC) | HTML_ATTR_BIT(ALT))
#define HTML_A_AREA  (HTML_ATTR_BIT(HREF) | HTML_ATTR_BIT(ALT) | HTML_ATTR_BIT(SHAPE))
#define HTML_A_GAUGE HTML_ATTR_BIT(VALUE)
#define HTML_A_EDIT  (HTML_ATTR_BIT(CITE) | HTML_ATTR_BIT(DATETIME))
#define HTML_A_LIST  (HTML_ATTR_BIT(START) | HTML_ATTR_BIT(REVERSED) | HTML_ATTR_BIT(TYPE))
#define HTML_A_FONT  (HTML_ATTR_BIT(COLOR) | HTML_ATTR_BIT(FACE))

/* name, flags, attributes besides those that every element may have (html-element.c). Elements
 * without a row are unknown: their tags go, what is between them stays. */
#define HTML_TAGS(T) \
	T(A, "a", HTML_F_INLINE, HTML_ATTR_BIT(HREF) | HTML_ATTR_BIT(HREFLANG)) \
	T(ABBR, "abbr", HTML_F_INLINE, 0) \
	T(ACRONYM, "acronym", HTML_F_INLINE, 0) \
	T(ADDRESS, "address", HTML_F_DIV, 0) \
	T(APPLET, "applet", 0, 0) \
	T(AREA, "area", HTML_F_INLINE | HTML_VOID, HTML_A_AREA) \
	T(ARTICLE, "article", HTML_F_PARA, 0) \
	T(ASIDE, "aside", HTML_F_PARA, 0) \
	T(AUDIO, "audio", HTML_F_INLINE, HTML_A_MEDIA) \
	T(B, "b", HTML_F_FORMAT, 0) \
	T(BASE, "base", HTML_VOID, 0) \
	T(BDI, "bdi", HTML_F_INLINE, 0) \
	T(BDO, "bdo", HTML_F_INLINE, 0) \
	T(BIG, "big", HTML_F_FORMAT, 0) \
	T(BLOCKQUOTE, "blockquote", HTML_F_PARA, HTML_ATTR_BIT(CITE)) \
	T(BODY, "body", 0, 0) \
	T(BR, "br", HTML_F_INLINE | HTML_VOID, 0) \
	T(BUTTON, "button", 0, 0) \
	T(CANVAS, "canvas", 0, 0) \
	T(CAPTION, "caption", HTML_F_CELL | HTML_PARAGRAPH, 0) \
	T(CENTER, "center", HTML_F_DIV, 0) \
	T(CITE, "cite", HTML_F_INLINE, 0) \
	T(CODE, "code", HTML_F_FORMAT, 0) \
	T(COL, "col", HTML_F_PART | HTML_VOID, 0) \
	T(COLGROUP, "colgroup", HTML_F_PART, 0) \
	T(DATALIST, "datalist", HTML_SKIP, 0) \
	T(DD, "dd", HTML_F_DIV | HTML_OPTIONAL_END, 0) \
	T(DEL, "del", HTML_F_INLINE, HTML_A_EDIT) \
	T(DESC, "desc", 0, 0) \
	T(DETAILS, "details", HTML_F_PARA, HTML_ATTR_BIT(OPEN)) \
	T(DFN, "dfn", HTML_F_INLINE, 0) \
	T(DIALOG, "dialog", HTML_LINE, 0) \
	T(DIR, "dir", HTML_F_LIST, 0) \
	T(DIV, "div", HTML_F_DIV, 0) \
	T(DL, "dl", HTML_F_PARA, 0) \
	T(DT, "dt", HTML_F_DIV | HTML_OPTIONAL_END, 0) \
	T(EM, "em", HTML_F_FORMAT, 0) \
	T(EMBED, "embed", HTML_VOID, 0) \
	T(FIELDSET, "fieldset", HTML_LINE, 0) \
	T(FIGCAPTION, "figcaption", HTML_F_PARA, 0) \
	T(FIGURE, "figure", HTML_F_PARA, 0) \
	T(FONT, "font", HTML_F_INLINE, HTML_A_FONT) \
	T(FOOTER, "footer", HTML_F_PARA, 0) \
	T(FORM, "form", HTML_LINE, 0) \
	T(FRAME, "frame", HTML_VOID, 0) \
	T(FRAMESET, "frameset", 0, 0) \
	T(H1, "h1", HTML_F_HEADING, 0) \
	T(H2, "h2", HTML_F_HEADING, 0) \
	T(H3, "h3", HTML_F_HEADING, 0) \
	T(H4, "h4", HTML_F_HEADING, 0) \
	T(H5, "h5", HTML_F_HEADING, 0) \
	T(H6, "h6", HTML_F_HEADING, 0) \
	T(HEAD, "head", 0, 0) \
	T(HEADER, "header", HTML_F_PARA, 0) \
	T(HGROUP, "hgroup", HTML_F_PARA, 0) \
	T(HR, "hr", HTML_F_PARA | HTML_VOID, 0) \
	T(HTML, "html", 0, 0) \
	T(I, "i", HTML_F_FORMAT, 0) \
	T(IFRAME, "iframe", 0, 0) \
	T(IMG, "img", HTML_F_INLINE | HTML_VOID, HTML_A_IMAGE) \
	T(INPUT, "input", HTML_VOID, 0) \
	T(INS, "ins", HTML_F_INLINE, HTML_A_EDIT) \
	T(KBD, "kbd", HTML_F_INLINE, 0) \
	T(LABEL, "label", 0, 0) \
	T(LEGEND, "legend", HTML_LINE, 0) \
	T(LI, "li", HTML_F_DIV | HTML_OPTIONAL_END, HTML_ATTR_BIT(VALUE)) \
	T(LINK, "link", HTML_VOID, 0) \
	T(MAIN, "main", HTML_F_PARA, 0) \
	T(MAP, "map", HTML_F_INLINE, HTML_ATTR_BIT(NAME)) \
	T(MARK, "mark", HTML_F_INLINE, 0) \
	T(MARQUEE, "marquee", HTML_LINE, 0) \
	T(MATH, "math", 0, 0) \
	T(MENU, "menu", HTML_F_LIST, 0) \
	T(META, "meta", HTML_VOID, 0) \
	T(METER, "meter", HTML_F_INLINE, HTML_A_GAUGE) \
	T(NAV, "nav", HTML_F_PARA, 0) \
	T(NOBR, "nobr", 0, 0) \
	T(NOEMBED, "noembed", HTML_RAW, 0) \
	T(NOFRAMES, "noframes", HTML_RAW, 0) \
	T(NOSCRIPT, "noscript", HTML_RAW, 0) \
	T(OBJECT, "object", 0, 0) \
	T(OL, "ol", HTML_F_LIST, HTML_A_LIST) \
	T(OPTGROUP, "optgroup", 0, 0) \
	T(OPTION, "option", 0, 0) \
	T(P, "p", HTML_F_PARA | HTML_OPTIONAL_END, 0) \
	T(PARAM, "param", HTML_VOID, 0) \
	T(PICTURE, "picture", 0, 0) \
	T(PLAINTEXT, "plaintext", HTML_RAW | HTML_PARAGRAPH, 0) \
	T(PRE, "pre", HTML_F_PARA, 0) \
	T(PROGRESS, "progress", HTML_F_INLINE, HTML_A_GAUGE) \
	T(Q, "q", HTML_F_INLINE, HTML_ATTR_BIT(CITE)) \
	T(RP, "rp", HTML_F_INLINE | HTML_OPTIONAL_END, 0) \
	T(RT, "rt", HTML_F_INLINE | HTML_OPTIONAL_END, 0) \
	T(RUBY, "ruby", HTML_F_INLINE, 0) \
	T(S, "s", HTML_F_FORMAT, 0) \
	T(SAMP, "samp", HTML_F_INLINE, 0) \
	T(SCRIPT, "script", HTML_RAW, 0) \
	T(SECTION, "section", HTML_F_PARA, 0) \
	T(SELECT, "select", HTML_SKIP, 0) \
	T(SMALL, "small", HTML_F_FORMAT, 0) \
	T(SOURCE, "source", HTML_F_INLINE | HTML_VOID, HTML_ATTR_BIT(SRC) | HTML_ATTR_BIT(TYPE)) \
	T(SPACER, "spacer", HTML_F_INLINE, 0) \
	T(SPAN, "span", HTML_F_INLINE, 0) \
	T(STRIKE, "strike", HTML_F_FORMAT, 0) \
	T(STRONG, "strong", HTML_F_FORMAT, 0) \
	T(STYLE, "style", HTML_RAW, 0) \
	T(SUB, "sub", HTML_F_INLINE, 0) \
	T(SUMMARY, "summary", HTML_F_DIV, 0) \
	T(SUP, "sup", HTML_F_INLINE, 0) \
	T(SVG, "svg", HTML_SKIP, 0) \
	T(TABLE, "table", HTML_F_PARA | HTML_FENCE | HTML_TABLE_ROOT, 0) \
	T(TBODY, "tbody", HTML_F_PART | HTML_LINE, 0) \
	T(TD, "td", HTML_F_CELL, HTML_A_CELL) \
	T(TEMPLATE, "template", HTML_SKIP, 0) \
	T(TEXTAREA, "textarea", HTML_RAW, 0) \
	T(TFOOT, "tfoot", HTML_F_PART | HTML_LINE, 0) \
	T(TH, "th", HTML_F_CELL, HTML_A_CELL) \
	T(THEAD, "thead", HTML_F_PART | HTML_LINE, 0) \
	T(TIME, "time", HTML_F_INLINE, HTML_ATTR_BIT(DATETIME)) \
	T(TITLE, "title", HTML_RAW, 0) \
	T(TR, "tr", HTML_F_PART | HTML_LINE, 0) \
	T(TRACK, "track", HTML_VOID, 0) \
	T(TT, "tt", HTML_F_FORMAT, 0) \
	T(U, "u", HTML_F_FORMAT, 0) \
	T(UL, "ul", HTML_F_LIST, 0) \
	T(VAR, "var", HTML_F_INLINE, 0) \
	T(VIDEO, "video", HTML_F_INLINE, HTML_A_MEDIA) \
	T(WBR, "wbr", HTML_F_INLINE | HTML_VOID, 0) \
	T(XMP, "xmp", HTML_RAW | HTML_PARAGRAPH, 0)

#define HTML_TAG_ENUM(id, name, flags, attrs) HTML_TAG_##id,
enum html_tag { HTML_TAGS(HTML_TAG_ENUM) HTML_TAG_COUNT, HTML_TAG_OTHER = HTML_TAG_COUNT };
#undef HTML_TAG_ENUM

/* Longer than every name of the tables, so that each ends in a NUL. */
#define HTML_NAME_SIZE 16

struct html_element {
	char name[HTML_NAME_SIZE]; /* padded with NULs: compared whole */
	uint8_t length;
	uint16_t flags;
	uint64_t attrs; /* set of HTML_ATTR_BIT(), besides those that every element may have */
};

struct html_attr_kind {
	char name[HTML_NAME_SIZE];
	uint8_t length;
	enum html_value value;
	uint64_t bit; /* HTML_ATTR_BIT(); 0: every element may have it */
};

/* Both have one row more, empty, for what we do not know. */
extern const struct html_element html_elements[HTML_TAG_COUNT + 1];
extern const struct html_attr_kind html_attr_kinds[HTML_ATTR_COUNT + 1];

/* The element or attribute of this name, in any case; HTML_TAG_OTHER, HTML_ATTR_OTHER. */
enum html_tag html_tag_of(struct str name);
enum html_attr_id html_attr_of(struct str name);

/* The same for who reads many names, most of which came before: what was found last under each hash of a
 * short name. One for tags, one for attributes; begins as zeros. */
#define HTML_RECENT_BITS 6
struct html_recent {
	uint64_t words[1 << HTML_RECENT_BITS]; /* names as they were written; 0: none */
	uint8_t ids[1 << HTML_RECENT_BITS];
};
enum html_tag html_recent_tag(struct html_recent *recent, struct str name);
enum html_attr_id html_recent_attr(struct html_recent *recent, struct str name);

static inline bool html_may_have(enum html_tag tag, enum html_attr_id id)
{
	uint64_t bit = html_attr_kinds[id].bit;

	return !bit || html_elements[tag].attrs & bit;
}

/* Copies a name, with the NULs behind it: HTML_NAME_SIZE bytes are written, whatever its length. Returns
 * what is behind the name. */
static inline char *html_element_name(char *to, enum html_tag tag)
{
	memcpy(to, html_elements[tag].name, HTML_NAME_SIZE);
	return to + html_elements[tag].length;
}

static inline char *html_attr_name(char *to, enum html_attr_id id)
{
	memcpy(to, html_attr_kinds[id].name, HTML_NAME_SIZE);
	return to + html_attr_kinds[id].length;
}

static inline bool html_has(enum html_tag tag, unsigned flags)
{
	return html_elements[tag].flags & flags;
}
