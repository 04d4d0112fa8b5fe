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
	HTML_NEEDS_ATTR = 1 << 14,  /* says nothing without an attribute: taken out then */
	HTML_TABLE_ROOT = 1 << 15,  /* where the search for an open table part ends */
};

/* What the value of an attribute is; it decides what may be written. */
enum html_value {
	HTML_VALUE_TEXT,
	HTML_VALUE_LINK,   /* a URL one may follow */
	HTML_VALUE_MEDIA,  /* a URL that is loaded: http and https alone */
	HTML_VALUE_NUMBER, /* digits, perhaps with a percent sign */
	HTML_VALUE_WORD,   /* ASCII letters, digits, '-', '_', '#', ':' … */
	HTML_VALUE_FLAG,   /* present or not */
	HTML_VALUE_UNSEEN, /* never written: read to judge the element */
};

#define HTML_ATTRS(A) \
	A(ABBR, "abbr", TEXT) \
	A(ALIGN, "align", WORD) \
	A(ALT, "alt", TEXT) \
	A(CITE, "cite", LINK) \
	A(COLOR, "color", WORD) \
	A(COLSPAN, "colspan", NUMBER) \
	A(CONTROLS, "controls", FLAG) \
	A(DATA_LAZY_SRC, "data-lazy-src", UNSEEN) \
	A(DATA_ORIGINAL, "data-original", UNSEEN) \
	A(DATA_SRC, "data-src", UNSEEN) \
	A(DATETIME, "datetime", TEXT) \
	A(DIR, "dir", WORD) \
	A(FACE, "face", TEXT) \
	A(HEIGHT, "height", NUMBER) \
	A(HREF, "href", LINK) \
	A(HREFLANG, "hreflang", WORD) \
	A(LANG, "lang", WORD) \
	A(OPEN, "open", FLAG) \
	A(POSTER, "poster", MEDIA) \
	A(REVERSED, "reversed", FLAG) \
	A(ROWSPAN, "rowspan", NUMBER) \
	A(SCOPE, "scope", WORD) \
	A(SIZE, "size", WORD) \
	A(SPAN, "span", NUMBER) \
	A(SRC, "src", MEDIA) \
	A(START, "start", NUMBER) \
	A(STYLE, "style", UNSEEN) \
	A(SUMMARY, "summary", TEXT) \
	A(TITLE, "title", TEXT) \
	A(TYPE, "type", TEXT) \
	A(VALIGN, "valign", WORD) \
	A(VALUE, "value", NUMBER) \
	A(WIDTH, "width", NUMBER)

#define HTML_ATTR_ENUM(id, name, kind) HTML_ATTR_##id,
enum html_attr_id { HTML_ATTRS(HTML_ATTR_ENUM) HTML_ATTR_COUNT, HTML_ATTR_OTHER = HTML_ATTR_COUNT };
#undef HTML_ATTR_ENUM

/* The set of attributes an element may have is a bit mask. */
_Static_assert(HTML_ATTR_COUNT <= 64, "attribute sets are 64 bits wide");
#define HTML_ATTR_BIT(id) (UINT64_C(1) << HTML_ATTR_##id)

#define HTML_F_BLOCK   (HTML_ALLOWED | HTML_CLOSES_P)
#define HTML_F_DIV     (HTML_F_BLOCK | HTML_LINE)
#define HTML_F_PARA    (HTML_F_BLOCK | HTML_PARAGRAPH)
#define HTML_F_INLINE  (HTML_ALLOWED | HTML_INLINE)
#define HTML_F_FORMAT  (HTML_F_INLINE | HTML_FORMAT)
#define HTML_F_HEADING (HTML_F_PARA | HTML_HEADING)
#define HTML_F_LIST    (HTML_F_PARA | HTML_LIST)
#define HTML_F_PART    (HTML_ALLOWED | HTML_TABLE_PART | HTML_OPTIONAL_END)
#define HTML_F_CELL    (HTML_F_PART | HTML_FENCE)

#define HTML_A_CELL \
	(HTML_ATTR_BIT(COLSPAN) | HTML_ATTR_BIT(ROWSPAN) | HTML_ATTR_BIT(ALIGN) | \
		HTML_ATTR_BIT(VALIGN) | HTML_ATTR_BIT(SCOPE) | HTML_ATTR_BIT(ABBR))
#define HTML_A_COLUMN (HTML_ATTR_BIT(SPAN) | HTML_ATTR_BIT(WIDTH) | HTML_ATTR_BIT(ALIGN))
#define HTML_A_MEDIA \
	(HTML_ATTR_BIT(SRC) | HTML_ATTR_BIT(CONTROLS) | HTML_ATTR_BIT(WIDTH) | \
		HTML_ATTR_BIT(HEIGHT) | HTML_ATTR_BIT(POSTER))
#define HTML_A_IMAGE \
	(HTML_ATTR_BIT(SRC) | HTML_ATTR_BIT(ALT) | HTML_ATTR_BIT(WIDTH) | HTML_ATTR_BIT(HEIGHT))
#define HTML_A_EDIT (HTML_ATTR_BIT(CITE) | HTML_ATTR_BIT(DATETIME))
#define HTML_A_LIST (HTML_ATTR_BIT(START) | HTML_ATTR_BIT(REVERSED) | HTML_ATTR_BIT(TYPE))
#define HTML_A_FONT (HTML_ATTR_BIT(COLOR) | HTML_ATTR_BIT(FACE) | HTML_ATTR_BIT(SIZE))

/* name, flags, attributes besides those that every element may have (html-element.c). Elements
 * without a row are unknown: their tags go, what is between them stays. */
#define HTML_TAGS(T) \
	T(A, "a", HTML_F_INLINE | HTML_NEEDS_ATTR, HTML_ATTR_BIT(HREF) | HTML_ATTR_BIT(HREFLANG)) \
	T(ABBR, "abbr", HTML_F_INLINE, 0) \
	T(ACRONYM, "acronym", HTML_F_INLINE, 0) \
	T(ADDRESS, "address", HTML_F_DIV, 0) \
	T(APPLET, "applet", 0, 0) \
	T(AREA, "area", HTML_VOID, 0) \
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
	T(COL, "col", HTML_F_PART | HTML_VOID, HTML_A_COLUMN) \
	T(COLGROUP, "colgroup", HTML_F_PART, HTML_A_COLUMN) \
	T(DATALIST, "datalist", HTML_SKIP, 0) \
	T(DD, "dd", HTML_F_DIV | HTML_OPTIONAL_END, 0) \
	T(DEL, "del", HTML_F_INLINE, HTML_A_EDIT) \
	T(DETAILS, "details", HTML_F_PARA, HTML_ATTR_BIT(OPEN)) \
	T(DFN, "dfn", HTML_F_INLINE, 0) \
	T(DIALOG, "dialog", HTML_LINE, 0) \
	T(DIR, "dir", HTML_F_LIST, 0) \
	T(DIV, "div", HTML_F_DIV, HTML_ATTR_BIT(ALIGN)) \
	T(DL, "dl", HTML_F_PARA, 0) \
	T(DT, "dt", HTML_F_DIV | HTML_OPTIONAL_END, 0) \
	T(EM, "em", HTML_F_FORMAT, 0) \
	T(EMBED, "embed", HTML_VOID, 0) \
	T(FIELDSET, "fieldset", HTML_LINE, 0) \
	T(FIGCAPTION, "figcaption", HTML_F_PARA, 0) \
	T(FIGURE, "figure", HTML_F_PARA, 0) \
	T(FONT, "font", HTML_F_INLINE | HTML_NEEDS_ATTR, HTML_A_FONT) \
	T(FOOTER, "footer", HTML_F_PARA, 0) \
	T(FORM, "form", HTML_LINE, 0) \
	T(FRAME, "frame", HTML_VOID, 0) \
	T(FRAMESET, "frameset", 0, 0) \
	T(H1, "h1", HTML_F_HEADING, HTML_ATTR_BIT(ALIGN)) \
	T(H2, "h2", HTML_F_HEADING, HTML_ATTR_BIT(ALIGN)) \
	T(H3, "h3", HTML_F_HEADING, HTML_ATTR_BIT(ALIGN)) \
	T(H4, "h4", HTML_F_HEADING, HTML_ATTR_BIT(ALIGN)) \
	T(H5, "h5", HTML_F_HEADING, HTML_ATTR_BIT(ALIGN)) \
	T(H6, "h6", HTML_F_HEADING, HTML_ATTR_BIT(ALIGN)) \
	T(HEAD, "head", 0, 0) \
	T(HEADER, "header", HTML_F_PARA, 0) \
	T(HGROUP, "hgroup", HTML_F_PARA, 0) \
	T(HR, "hr", HTML_F_PARA | HTML_VOID, 0) \
	T(HTML, "html", 0, 0) \
	T(I, "i", HTML_F_FORMAT, 0) \
	T(IFRAME, "iframe", HTML_RAW, 0) \
	T(IMG, "img", HTML_F_INLINE | HTML_VOID, HTML_A_IMAGE) \
	T(INPUT, "input", HTML_VOID, 0) \
	T(INS, "ins", HTML_F_INLINE, HTML_A_EDIT) \
	T(KBD, "kbd", HTML_F_INLINE, 0) \
	T(LABEL, "label", 0, 0) \
	T(LEGEND, "legend", HTML_LINE, 0) \
	T(LI, "li", HTML_F_DIV | HTML_OPTIONAL_END, HTML_ATTR_BIT(VALUE)) \
	T(LINK, "link", HTML_VOID, 0) \
	T(MAIN, "main", HTML_F_PARA, 0) \
	T(MARK, "mark", HTML_F_INLINE, 0) \
	T(MARQUEE, "marquee", HTML_LINE, 0) \
	T(MATH, "math", 0, 0) \
	T(MENU, "menu", HTML_F_LIST, 0) \
	T(META, "meta", HTML_VOID, 0) \
	T(NAV, "nav", HTML_F_PARA, 0) \
	T(NOBR, "nobr", 0, 0) \
	T(NOEMBED, "noembed", HTML_RAW, 0) \
	T(NOFRAMES, "noframes", HTML_RAW, 0) \
	T(NOSCRIPT, "noscript", HTML_RAW, 0) \
	T(OBJECT, "object", 0, 0) \
	T(OL, "ol", HTML_F_LIST, HTML_A_LIST) \
	T(OPTGROUP, "optgroup", 0, 0) \
	T(OPTION, "option", 0, 0) \
	T(P, "p", HTML_F_PARA | HTML_OPTIONAL_END, HTML_ATTR_BIT(ALIGN)) \
	T(PARAM, "param", HTML_VOID, 0) \
	T(PICTURE, "picture", 0, 0) \
	T(PLAINTEXT, "plaintext", HTML_RAW | HTML_PARAGRAPH, 0) \
	T(PRE, "pre", HTML_F_PARA, 0) \
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
	T(SPAN, "span", HTML_F_INLINE | HTML_NEEDS_ATTR, 0) \
	T(STRIKE, "strike", HTML_F_FORMAT, 0) \
	T(STRONG, "strong", HTML_F_FORMAT, 0) \
	T(STYLE, "style", HTML_RAW, 0) \
	T(SUB, "sub", HTML_F_INLINE, 0) \
	T(SUMMARY, "summary", HTML_F_DIV, 0) \
	T(SUP, "sup", HTML_F_INLINE, 0) \
	T(SVG, "svg", HTML_SKIP, 0) \
	T(TABLE, "table", HTML_F_PARA | HTML_FENCE | HTML_TABLE_ROOT, \
		HTML_ATTR_BIT(ALIGN) | HTML_ATTR_BIT(SUMMARY)) \
	T(TBODY, "tbody", HTML_F_PART | HTML_LINE, 0) \
	T(TD, "td", HTML_F_CELL, HTML_A_CELL) \
	T(TEMPLATE, "template", HTML_SKIP, 0) \
	T(TEXTAREA, "textarea", HTML_RAW, 0) \
	T(TFOOT, "tfoot", HTML_F_PART | HTML_LINE, 0) \
	T(TH, "th", HTML_F_CELL, HTML_A_CELL) \
	T(THEAD, "thead", HTML_F_PART | HTML_LINE, 0) \
	T(TIME, "time", HTML_F_INLINE, HTML_ATTR_BIT(DATETIME)) \
	T(TITLE, "title", HTML_RAW, 0) \
	T(TR, "tr", HTML_F_PART | HTML_LINE, HTML_ATTR_BIT(ALIGN) | HTML_ATTR_BIT(VALIGN)) \
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
	uint64_t attrs; /* set of HTML_ATTR_BIT() */
};

struct html_attr_kind {
	char name[HTML_NAME_SIZE];
	uint8_t length;
	enum html_value value;
};

/* Both have one row more, empty, for what we do not know. */
extern const struct html_element html_elements[HTML_TAG_COUNT + 1];
extern const struct html_attr_kind html_attr_kinds[HTML_ATTR_COUNT + 1];

/* The element or attribute of this name, in any case; HTML_TAG_OTHER, HTML_ATTR_OTHER. */
enum html_tag html_tag_of(struct str name);
enum html_attr_id html_attr_of(struct str name);

static inline bool html_has(enum html_tag tag, unsigned flags)
{
	return html_elements[tag].flags & flags;
}
