/* Which feeds a web page advertises: <link rel="alternate" type="application/rss+xml" href="…"> in its
 * head, against its <base>, as readers find them (the HTML standard, "alternate"; RSS
 * autodiscovery). */
#include "parse/format.h"

/* Addresses longer than this are nobody's. */
#define HREF_MAX 512
/* So many are listed; a page with more has one for each of its categories. */
#define LISTED_MAX 12

static bool is_between(char c)
{
	return ascii_is_space((unsigned char)c) || c == '/';
}

/* Reads one attribute off the tag that begins at *rest; false at its end. */
static bool next_attribute(struct str *rest, struct str *ret_name, struct str *ret_value)
{
	struct str s = *rest;
	size_t n = 0;

	while (s.n && is_between(s.p[0]))
		s = str_skip(s, 1);
	if (!s.n || s.p[0] == '>') {
		*rest = s;
		return false;
	}
	/* A '=' that begins a name is part of it. */
	for (n = 1; n < s.n && !is_between(s.p[n]) && s.p[n] != '=' && s.p[n] != '>';)
		n++;
	*ret_name = str_head(s, n);
	*ret_value = STR("");
	s = str_skip(s, n);
	struct str after = str_trim(s);
	if (after.n && after.p[0] == '=') {
		s = str_trim(str_skip(after, 1));
		char quote = s.n && (s.p[0] == '"' || s.p[0] == '\'') ? s.p[0] : 0;
		if (quote) {
			s = str_skip(s, 1);
			n = str_chr(s, quote);
		} else {
			for (n = 0;
				n < s.n && !ascii_is_space((unsigned char)s.p[n]) && s.p[n] != '>';)
				n++;
		}
		*ret_value = str_trim(str_head(s, n));
		s = str_skip(s, n + (quote != 0));
	}
	*rest = s;
	return true;
}

struct tag {
	struct str rel, type, href;
};

/* The next <name …> of the page; *page is what follows it. */
static bool next_tag(struct str *page, const char *name, struct tag *ret)
{
	struct str wanted = str_of(name), attribute, value;

	for (;;) {
		size_t at = str_chr(*page, '<');
		if (at == page->n)
			return false;
		*page = str_skip(*page, at + 1);
		if (str_starts(*page, STR("!--"))) {
			*page = str_skip(*page, str_find(*page, STR("-->")));
			continue;
		}
		if (!str_istarts(*page, wanted) || page->n == wanted.n ||
			!is_between(page->p[wanted.n]))
			continue;
		*page = str_skip(*page, wanted.n);
		*ret = (struct tag){.rel = STR_NONE};
		while (next_attribute(page, &attribute, &value)) {
			struct str *to = str_is_i(attribute, "rel")    ? &ret->rel
					 : str_is_i(attribute, "type") ? &ret->type
					 : str_is_i(attribute, "href") ? &ret->href
								       : NULL;
			if (to && !to->p)
				*to = value;
		}
		return true;
	}
}

static bool has_word(struct str list, const char *word)
{
	struct str each;

	while (str_word(&list, &each))
		if (str_is_i(each, word))
			return true;
	return false;
}

static bool is_feed(const struct tag *link)
{
	static const char *const types[] = {"application/rss+xml", "application/atom+xml",
		"application/feed+json", "application/rdf+xml"};
	struct str type = str_trim(str_head(link->type, str_chr(link->type, ';')));

	if (!link->href.n || link->href.n > HREF_MAX)
		return false;
	if (has_word(link->rel, "feed"))
		return true;
	for (size_t i = 0; i < sizeof types / sizeof *types; i++)
		if (str_is_i(type, types[i]))
			return !link->rel.n || has_word(link->rel, "alternate");
	return false;
}

/* An attribute's value as an absolute address, or as absolute as it can be. */
static struct str resolve(struct parser *p, struct str href, struct str base)
{
	buf_clear(&p->scratch);
	entity_decode(&p->scratch, href);
	return xml_resolve(p, buf_view(&p->scratch), base);
}

size_t advertised_feeds(struct parser *p, struct str page, struct buf *out)
{
	struct str rest = page, base = p->document.url, listed[LISTED_MAX];
	struct tag tag;
	size_t n = 0;

	p->arena = &p->document_arena;
	while (next_tag(&rest, "base", &tag))
		if (tag.href.n) {
			base = resolve(p, tag.href, base);
			break;
		}
	for (rest = page; n < LISTED_MAX && next_tag(&rest, "link", &tag);) {
		if (!is_feed(&tag))
			continue;
		struct str url = resolve(p, tag.href, base);
		bool known = false;
		for (size_t i = 0; i < n; i++)
			known |= str_eq(listed[i], url);
		if (known)
			continue;
		listed[n++] = url;
		if (n > 1)
			buf_lit(out, " ");
		buf_str(out, url);
	}
	return n;
}
