#include "websub/discover.h"

#include "normalize/url.h"

/* Is a word one of those of a rel, which are separated by blanks? */
static bool has_rel(struct str rel, const char *wanted)
{
	struct str word;

	while (str_word(&rel, &word))
		if (str_is_i(word, wanted))
			return true;
	return false;
}

/* What a hub and we both must know letter by letter: absolute, http or https, with nothing in it that
 * would end it. */
static bool is_sound(struct str url)
{
	for (size_t i = 0; i < url.n; i++)
		if ((unsigned char)url.p[i] <= ' ' || url.p[i] == 0x7f)
			return false;
	return url.n <= DISCOVERY_URL_MAX && url_is_web(url);
}

static struct str resolve(struct discovery *d, struct str base, struct str href)
{
	struct str url = url_resolve(d->arena, base, href);

	if (!url.p)
		return STR_NONE;
	url = str_head(url, str_chr(url, '#'));
	return is_sound(url) ? url : STR_NONE;
}

static void add_hub(struct discovery *d, struct str url)
{
	if (!url.n || d->n_hubs == DISCOVERY_HUBS_MAX)
		return;
	for (size_t i = 0; i < d->n_hubs; i++)
		if (str_eq(d->hubs[i], url))
			return;
	d->hubs[d->n_hubs++] = url;
}

static struct str skip_blanks(struct str s)
{
	while (s.n && (s.p[0] == ' ' || s.p[0] == '\t'))
		s = str_skip(s, 1);
	return s;
}

/* A token, or a quoted text (which has its backslashes taken out), off the beginning of *rest. */
static struct str take_value(struct discovery *d, struct str *rest)
{
	struct str s = *rest;
	size_t n = 0;

	if (!s.n || s.p[0] != '"') {
		while (n < s.n && !memchr(" \t;,", s.p[n], 4))
			n++;
		*rest = str_skip(s, n);
		return str_head(s, n);
	}
	char *text = arena_alloc(d->arena, s.n);
	size_t i = 1;
	for (; i < s.n && s.p[i] != '"'; i++) {
		if (s.p[i] == '\\' && i + 1 < s.n)
			i++;
		text[n++] = s.p[i];
	}
	*rest = str_skip(s, i + 1);
	return str_make(text, n);
}

struct header_link {
	struct str target, rel;
	bool has_rel, is_of_another; /* anchor: the link is not this document's */
};

/* Reads the parameters up to the comma that ends the link. */
static void take_parameters(struct discovery *d, struct str *rest, struct header_link *link)
{
	struct str s = *rest;

	for (;;) {
		s = skip_blanks(s);
		if (!s.n || s.p[0] == ',')
			break;
		if (s.p[0] == ';') {
			s = str_skip(s, 1);
			continue;
		}
		size_t n = 0;
		while (n < s.n && !memchr(" \t;,=", s.p[n], 5))
			n++;
		struct str name = str_head(s, n), value = STR("");
		s = skip_blanks(str_skip(s, n));
		if (s.n && s.p[0] == '=') {
			s = skip_blanks(str_skip(s, 1));
			value = take_value(d, &s);
		}
		/* RFC 8288 § 3.3: the first rel counts. */
		if (str_is_i(name, "rel") && !link->has_rel) {
			link->rel = value;
			link->has_rel = true;
		} else if (str_is_i(name, "anchor")) {
			link->is_of_another = value.n > 0;
		}
	}
	*rest = s;
}

/* The next <target>; parameter… of the fields. */
static bool next_link(struct discovery *d, struct str *rest, struct header_link *ret)
{
	struct str s = *rest;
	size_t open = str_chr(s, '<');

	if (open == s.n)
		return false;
	s = str_skip(s, open + 1);
	size_t close = str_chr(s, '>');
	if (close == s.n)
		return false;
	*ret = (struct header_link){.target = str_head(s, close)};
	s = str_skip(s, close + 1);
	take_parameters(d, &s, ret);
	*rest = s;
	return true;
}

void discover_header(struct discovery *d, struct str header, struct str base)
{
	struct header_link link;

	while (next_link(d, &header, &link)) {
		if (link.is_of_another)
			continue;
		if (has_rel(link.rel, "hub"))
			add_hub(d, resolve(d, base, link.target));
		if (has_rel(link.rel, "self") && !d->topic.n)
			d->topic = resolve(d, base, link.target);
	}
}

void discover_document(struct discovery *d, const struct document *document, struct str base)
{
	bool has_hubs = d->n_hubs, has_topic = d->topic.n;

	if (document->base.n) {
		struct str own = url_resolve(d->arena, base, document->base);
		base = own.n ? own : base;
	}
	for (size_t i = 0; i < document->n_links; i++) {
		const struct link *link = &document->links[i];
		bool is_hub = !has_hubs && has_rel(link->rel, "hub");
		bool is_topic = !has_topic && !d->topic.n && has_rel(link->rel, "self");
		if (!is_hub && !is_topic)
			continue;
		struct str from = link->base.n ? url_resolve(d->arena, base, link->base) : base;
		struct str url = resolve(d, from.n ? from : base, link->href);
		if (is_hub)
			add_hub(d, url);
		if (is_topic)
			d->topic = url;
	}
}

void discovery_write(struct buf *out, const struct discovery *d, struct str url)
{
	struct str own = str_head(url, str_chr(url, '#'));
	struct str topic = d->topic.n ? d->topic : own;
	struct str base = d->base.n ? str_head(d->base, str_chr(d->base, '#')) : own;

	if (!d->n_hubs || !is_sound(topic))
		return;
	buf_str(out, topic);
	buf_char(out, ' ');
	buf_str(out, is_sound(base) ? base : topic);
	for (size_t i = 0; i < d->n_hubs; i++) {
		buf_char(out, ' ');
		buf_str(out, d->hubs[i]);
	}
}

bool discovery_read(struct str text, struct discovery *ret)
{
	struct str word;

	*ret = (struct discovery){0};
	if (!str_word(&text, &ret->topic) || !str_word(&text, &ret->base))
		return false;
	while (str_word(&text, &word))
		add_hub(ret, word);
	return ret->n_hubs;
}
