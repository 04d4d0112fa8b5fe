#include "normalize/normalizing.h"

#include "normalize/text.h"
#include "normalize/url.h"

/* Looking through what is there already for each new one is fastest for the few that items have;
 * the parser keeps at most 500 of a kind. */
static bool has_str(const struct str *list, size_t n, struct str s)
{
	for (size_t i = 0; i < n; i++)
		if (str_eq(list[i], s))
			return true;
	return false;
}

/* Does it read like an e-mail address? Then it may not pass for a name where addresses are not
 * to be published. */
static bool is_address(struct str s)
{
	size_t at = str_chr(s, '@');

	return at > 0 && at + 1 < s.n && str_chr(s, ' ') == s.n &&
	       str_chr(str_skip(s, at), '.') < s.n - at;
}

static struct str without_mailto(struct str s)
{
	return str_istarts(s, STR("mailto:")) ? str_skip(s, 7) : s;
}

/* RSS says neither "plain" nor "HTML" of a name, and people paste both; Atom and JSON are plain. */
static enum text_type name_type(const struct document *document)
{
	switch (document->format) {
	case FORMAT_ATOM03:
	case FORMAT_ATOM10:
	case FORMAT_ATOM:
	case FORMAT_JSON1:
	case FORMAT_JSON11:
		return TEXT_PLAIN;
	default:
		return TEXT_LIKELY;
	}
}

static bool normalize_person(
	struct normalizing *w, const struct person *raw, struct item_person *ret)
{
	struct text name = {.value = raw->name, .type = name_type(w->document)};
	struct item_person person = {.name = normalize_text(w, &name)};
	bool is_mail = str_istarts(str_trim(raw->uri), STR("mailto:"));

	if (raw->uri.n && !is_mail)
		person.url = normalize_url(w, raw->base, raw->uri);
	if (w->context->emails) {
		person.email = normalize_line(w, without_mailto(str_trim(raw->email)));
		if (!person.email.n && is_mail)
			person.email = normalize_line(w, without_mailto(str_trim(raw->uri)));
	} else if (is_address(person.name)) {
		person.name = STR_NONE;
	}
	*ret = person;
	return person.name.n || person.url.n || person.email.n;
}

static bool same_person(const struct item_person *a, const struct item_person *b)
{
	return str_eq(a->name, b->name) && str_eq(a->url, b->url) && str_eq(a->email, b->email);
}

size_t normalize_people(
	struct normalizing *w, const struct person *raw, size_t n, struct item_person **ret_people)
{
	struct item_person *people = NULL, person;
	size_t n_people = 0, cap = 0;

	for (size_t i = 0; i < n; i++) {
		bool known = !normalize_person(w, &raw[i], &person);
		for (size_t k = 0; k < n_people && !known; k++)
			known = same_person(&people[k], &person);
		if (!known)
			*ARENA_PUSH(w->arena, people, n_people, cap) = person;
	}
	*ret_people = people;
	return n_people;
}

size_t normalize_categories(struct normalizing *w, const struct category *raw, size_t n,
	struct category **ret_categories)
{
	struct category *categories = NULL;
	size_t count = 0, cap = 0;

	for (size_t i = 0; i < n; i++) {
		struct text term = {.value = raw[i].term, .type = name_type(w->document)};
		struct text label = {.value = raw[i].label, .type = name_type(w->document)};
		struct category c = {.term = normalize_text(w, &term),
			.scheme = normalize_line(w, raw[i].scheme),
			.label = normalize_text(w, &label)};
		bool known = !c.term.n && !c.label.n;
		for (size_t k = 0; k < count && !known; k++)
			known = str_eq(categories[k].term, c.term) &&
				str_eq(categories[k].scheme, c.scheme) &&
				str_eq(categories[k].label, c.label);
		if (!known)
			*ARENA_PUSH(w->arena, categories, count, cap) = c;
	}
	*ret_categories = categories;
	return count;
}

size_t normalize_tags(
	struct normalizing *w, const struct category *categories, size_t n, struct str **ret_tags)
{
	struct str *tags = NULL;
	size_t count = 0, cap = 0;

	for (size_t i = 0; i < n; i++) {
		struct str word = categories[i].label.n ? categories[i].label : categories[i].term;
		if (!has_str(tags, count, word))
			*ARENA_PUSH(w->arena, tags, count, cap) = word;
	}
	*ret_tags = tags;
	return count;
}

static bool same_link(const struct item_link *a, const struct item_link *b)
{
	return str_eq(a->href, b->href) && str_eq(a->rel, b->rel) && str_eq(a->type, b->type) &&
	       str_eq(a->hreflang, b->hreflang);
}

size_t normalize_links(struct normalizing *w, struct str link, struct str base,
	const struct link *raw, size_t n, struct item_link **ret_links)
{
	struct item_link *links = NULL;
	size_t count = 0, cap = 0;
	struct str href = normalize_url(w, base, link);

	for (size_t i = 0; i < n && href.n; i++)
		if (str_eq(str_trim(raw[i].href), str_trim(link)))
			href = STR_NONE; /* it is in the list as well */
	if (href.n)
		*ARENA_PUSH(w->arena, links, count, cap) = (struct item_link){
			.href = href, .rel = STR("alternate"), .type = STR("text/html")};
	for (size_t i = 0; i < n; i++) {
		struct item_link l = {.href = normalize_url(w, raw[i].base, raw[i].href),
			.rel = normalize_line(w, raw[i].rel),
			.type = normalize_media_type(w, raw[i].type),
			.hreflang = text_language(w->arena, raw[i].hreflang),
			.title = normalize_line(w, raw[i].title),
			.length = normalize_line(w, raw[i].length)};
		if (!l.rel.n)
			l.rel = STR("alternate"); /* RFC 4287 § 4.2.7.2 */
		bool known = !l.href.n;
		for (size_t k = 0; k < count && !known; k++)
			known = same_link(&links[k], &l);
		if (!known)
			*ARENA_PUSH(w->arena, links, count, cap) = l;
	}
	*ret_links = links;
	return count;
}

int64_t normalize_duration(struct str raw)
{
	unsigned long long all = 0, part;
	struct str rest = str_trim(raw), word;

	rest = str_head(rest, str_chr(rest, '.'));
	if (!rest.n)
		return -1;
	for (int parts = 0; str_split(&rest, ':', &word); parts++) {
		if (parts == 3 || !str_u64(str_trim(word), 31 * 86400, &part) ||
			(parts && part >= 60))
			return -1;
		all = all * 60 + part;
	}
	return all <= 31 * 86400 ? (int64_t)all : -1;
}

size_t normalize_attachments(struct normalizing *w, const struct enclosure *raw, size_t n,
	struct item_attachment **ret_attachments)
{
	struct item_attachment *attachments = NULL;
	size_t count = 0, cap = 0;

	for (size_t i = 0; i < n; i++) {
		unsigned long long size;
		struct item_attachment a = {.url = normalize_url(w, raw[i].base, raw[i].url),
			.mime_type = normalize_media_type(w, raw[i].type),
			.title = normalize_line(w, raw[i].title),
			.size = -1,
			.duration_s = normalize_duration(raw[i].duration)};
		if (str_u64(str_trim(raw[i].length), INT64_MAX, &size))
			a.size = (int64_t)size;
		bool known = !a.url.n;
		for (size_t k = 0; k < count && !known; k++)
			known = str_eq(attachments[k].url, a.url);
		if (!known)
			*ARENA_PUSH(w->arena, attachments, count, cap) = a;
	}
	*ret_attachments = attachments;
	return count;
}
