/* Which feeds a web page advertises: <link rel="alternate" type="application/rss+xml" href="…"> in its
 * head, against its <base>, as readers find them (the HTML standard, "alternate"; RSS
 * autodiscovery). */
#include "parse/discover.h"
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
	struct str rel, type, href, title;
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
			struct str *to = str_is_i(attribute, "rel")     ? &ret->rel
					 : str_is_i(attribute, "type")  ? &ret->type
					 : str_is_i(attribute, "href")  ? &ret->href
					 : str_is_i(attribute, "title") ? &ret->title
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

/* Does a link in the page's text lead to what sites of all makes call their feed? Only what the page
 * links is found: addresses are never guessed. */
static bool looks_like_feed(const struct tag *anchor)
{
	static const char *const ends[] = {"/feed", "/rss", "/atom", "/feeds", ".rss", ".atom",
		"rss.xml", "atom.xml", "feed.xml", "index.rdf", "feed.json", "format=feed",
		"type=rss", "type=atom"};
	struct str path = str_head(anchor->href, str_chr(anchor->href, '#'));

	if (!path.n || path.n > HREF_MAX)
		return false;
	while (path.n && path.p[path.n - 1] == '/')
		path.n--;
	for (size_t i = 0; i < sizeof ends / sizeof *ends; i++) {
		struct str end = str_of(ends[i]);
		if (path.n >= end.n && str_ieq(str_skip(path, path.n - end.n), end))
			return true;
		/* "rss", relative to where the page is. */
		if (end.p[0] == '/' && str_ieq(path, str_skip(end, 1)))
			return true;
	}
	return false;
}

/* An attribute's value as an absolute address, or as absolute as it can be. */
static struct str resolve(struct parser *p, struct str href, struct str base)
{
	buf_clear(&p->scratch);
	entity_decode(&p->scratch, href);
	return xml_resolve(p, buf_view(&p->scratch), base);
}

static struct str decoded(struct parser *p, struct str raw)
{
	buf_clear(&p->scratch);
	entity_decode(&p->scratch, raw);
	return arena_str(p->arena, str_trim(buf_view(&p->scratch)));
}

/* Where the page says that its addresses begin. */
static struct str page_base(struct parser *p, struct str page)
{
	struct tag tag;

	while (next_tag(&page, "base", &tag))
		if (tag.href.n)
			return resolve(p, tag.href, p->document.url);
	return p->document.url;
}

static size_t find_feeds(struct parser *p, struct str page, const char *name,
	bool (*wanted)(const struct tag *tag), struct discovered *found, size_t n, size_t max)
{
	struct str base = page_base(p, page);
	struct tag tag;

	while (n < max && next_tag(&page, name, &tag)) {
		if (!wanted(&tag))
			continue;
		struct str url = resolve(p, tag.href, base);
		bool known = false;
		for (size_t i = 0; i < n; i++)
			known |= str_eq(found[i].url, url);
		if (known)
			continue;
		struct str type = decoded(p, tag.type), title = decoded(p, tag.title);
		found[n++] = (struct discovered){url, type, title, wanted == is_feed};
	}
	return n;
}

size_t advertised_feeds(struct parser *p, struct str page, struct buf *out)
{
	struct discovered found[LISTED_MAX];

	p->arena = &p->document_arena;
	size_t n = find_feeds(p, page, "link", is_feed, found, 0, LISTED_MAX);
	for (size_t i = 0; i < n; i++) {
		if (i)
			buf_lit(out, " ");
		buf_str(out, found[i].url);
	}
	return n;
}

int parse_discover(struct parser *p, const struct body *body, const struct parse_hints *hints,
	struct discovered *found, size_t max)
{
	parser_hint(p, hints);
	p->arena = &p->document_arena;
	int r = charset_open(&p->charset, body, hints->content_type);
	if (r < 0)
		return r;
	r = parser_read_beginning(p, DISCOVER_BYTES_MAX);
	charset_close(&p->charset);
	if (r < 0)
		return r;
	struct str page = buf_view(&p->text);
	size_t n = find_feeds(p, page, "link", is_feed, found, 0, max);
	return (int)find_feeds(p, page, "a", looks_like_feed, found, n, max);
}
