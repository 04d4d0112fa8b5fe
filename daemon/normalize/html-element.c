#include "normalize/html-element.h"

#include "base/scan.h"

_Static_assert(HTML_NAME_SIZE == SCAN_SIZE, "a name is one vector");

#define ELEMENT(id, name, flags, attrs) {name, sizeof(name) - 1, flags, attrs},
const struct html_element html_elements[HTML_TAG_COUNT + 1] = {
	HTML_TAGS(ELEMENT){"", 0, 0, 0},
};
#undef ELEMENT

#define BIT_EVERY(id)               0
#define BIT_SOME(id)                HTML_ATTR_BIT(id)
#define KIND(id, name, kind, whose) {name, sizeof(name) - 1, HTML_VALUE_##kind, BIT_##whose(id)},
const struct html_attr_kind html_attr_kinds[HTML_ATTR_COUNT + 1] = {
	HTML_ATTRS(KIND){"", 0, HTML_VALUE_UNSEEN, 0},
};
#undef KIND
#undef BIT_SOME
#undef BIT_EVERY

/* Where the names of each letter begin; the next letter's beginning is their end. */
static const uint8_t tag_letters[27] = {HTML_TAG_A, HTML_TAG_B, HTML_TAG_CANVAS, HTML_TAG_DATALIST,
	HTML_TAG_EM, HTML_TAG_FIELDSET, HTML_TAG_H1, HTML_TAG_H1, HTML_TAG_I, HTML_TAG_KBD,
	HTML_TAG_KBD, HTML_TAG_LABEL, HTML_TAG_MAIN, HTML_TAG_NAV, HTML_TAG_OBJECT, HTML_TAG_P,
	HTML_TAG_Q, HTML_TAG_RP, HTML_TAG_S, HTML_TAG_TABLE, HTML_TAG_U, HTML_TAG_VAR, HTML_TAG_WBR,
	HTML_TAG_XMP, HTML_TAG_COUNT, HTML_TAG_COUNT, HTML_TAG_COUNT};

static const uint8_t attr_letters[27] = {HTML_ATTR_ABBR, HTML_ATTR_BACKGROUND,
	HTML_ATTR_CELLPADDING, HTML_ATTR_DATA_LAZY_SRC, HTML_ATTR_FACE, HTML_ATTR_FACE,
	HTML_ATTR_GUTTER, HTML_ATTR_HEIGHT, HTML_ATTR_ICON, HTML_ATTR_LANG, HTML_ATTR_LANG,
	HTML_ATTR_LANG, HTML_ATTR_MAX, HTML_ATTR_NAME, HTML_ATTR_OPEN, HTML_ATTR_POSTER,
	HTML_ATTR_RADIOGROUP, HTML_ATTR_RADIOGROUP, HTML_ATTR_SCOPE, HTML_ATTR_TARGET,
	HTML_ATTR_USEMAP, HTML_ATTR_VALIGN, HTML_ATTR_WIDTH, HTML_ATTR_COUNT, HTML_ATTR_COUNT,
	HTML_ATTR_COUNT, HTML_ATTR_COUNT};

/* The name in lower case, padded; false if it cannot be one of ours. */
static bool lower_name(struct str name, char out[HTML_NAME_SIZE])
{
	if (!name.n || name.n >= HTML_NAME_SIZE || !ascii_is_alpha((unsigned char)name.p[0]))
		return false;
	scan_bytes v = scan_load_part(name.p, name.n);
	scan_store(out, scan_lower(v));
	return true;
}

enum html_tag html_tag_of(struct str name)
{
	char lower[HTML_NAME_SIZE];

	if (!lower_name(name, lower))
		return HTML_TAG_OTHER;
	const uint8_t *range = &tag_letters[lower[0] - 'a'];
	for (unsigned i = range[0]; i < range[1]; i++)
		if (!memcmp(html_elements[i].name, lower, HTML_NAME_SIZE))
			return (enum html_tag)i;
	return HTML_TAG_OTHER;
}

enum html_attr_id html_attr_of(struct str name)
{
	char lower[HTML_NAME_SIZE];

	/* "xml:lang" is how XHTML says lang. */
	if (name.n == 8 && str_is_i(name, "xml:lang"))
		return HTML_ATTR_LANG;
	if (!lower_name(name, lower))
		return HTML_ATTR_OTHER;
	const uint8_t *range = &attr_letters[lower[0] - 'a'];
	for (unsigned i = range[0]; i < range[1]; i++)
		if (!memcmp(html_attr_kinds[i].name, lower, HTML_NAME_SIZE))
			return (enum html_attr_id)i;
	return HTML_ATTR_OTHER;
}

/* A name of at most eight bytes as one word; 0: it is longer, or none. */
static uint64_t word_of(struct str name)
{
	uint64_t word = 0;

	if (name.n && name.n <= sizeof word) {
		scan_bytes v = scan_load_part(name.p, name.n);
		memcpy(&word, &v, sizeof word);
	}
	return word;
}

static size_t slot_of(uint64_t word)
{
	return word * UINT64_C(0x9E3779B97F4A7C15) >> (64 - HTML_RECENT_BITS);
}

enum html_tag html_recent_tag(struct html_recent *recent, struct str name)
{
	uint64_t word = word_of(name);
	size_t slot = slot_of(word);

	if (!word)
		return html_tag_of(name);
	if (recent->words[slot] != word) {
		recent->words[slot] = word;
		recent->ids[slot] = (uint8_t)html_tag_of(name);
	}
	return recent->ids[slot];
}

enum html_attr_id html_recent_attr(struct html_recent *recent, struct str name)
{
	uint64_t word = word_of(name);
	size_t slot = slot_of(word);

	if (!word)
		return html_attr_of(name);
	if (recent->words[slot] != word) {
		recent->words[slot] = word;
		recent->ids[slot] = (uint8_t)html_attr_of(name);
	}
	return recent->ids[slot];
}
