/* JSON Feed 1.0 and 1.1. Read whole by jansson: JSON has no way to begin with half of it. Types
 * are taken as they come: numbers for ids, one author for several, strings for numbers. What jansson
 * refuses is mended once (json-mend.c) and tried again. */
#include "parse/format.h"

#include <errno.h>
#include <jansson.h>

/* A JSON document larger than this is not read: jansson needs about ten times as much. */
#define JSON_BYTES_MAX (32 * 1024 * 1024)

/* A text, or a number as text; empty counts as absent. */
static struct str value_of(struct parser *p, const json_t *v)
{
	if (json_is_string(v)) {
		struct str s = {json_string_value(v), json_string_length(v)};
		/* NUL is a character in JSON and none anywhere else. */
		s.n = str_chr(s, 0);
		if (s.n > PARSE_TEXT_MAX) {
			p->document.flaws |= FLAW_LIMIT_REACHED;
			s.n = utf8_valid_prefix(str_head(s, PARSE_TEXT_MAX));
		}
		s = str_trim(s);
		return s.n ? arena_str(p->arena, s) : STR_NONE;
	}
	if (json_is_integer(v))
		return arena_printf(p->arena, "%" JSON_INTEGER_FORMAT, json_integer_value(v));
	if (json_is_real(v))
		return arena_printf(p->arena, "%.17g", json_real_value(v));
	return STR_NONE;
}

static struct str get(struct parser *p, const json_t *object, const char *key)
{
	return value_of(p, json_object_get(object, key));
}

/* An address, or an object that has one. */
static struct str get_url(struct parser *p, const json_t *object, const char *key)
{
	const json_t *v = json_object_get(object, key);

	return json_is_object(v) ? get(p, v, "url") : value_of(p, v);
}

static struct text text_of(struct str value, enum text_type type)
{
	return (struct text){.value = value, .type = type};
}

static void add_author(struct parser *p, const json_t *author)
{
	if (json_is_string(author)) {
		struct str text = value_of(p, author);
		struct person *person = text.n ? build_add_person(p, false, 1) : NULL;
		if (person)
			person_from_text(person, text);
		return;
	}
	if (!json_is_object(author))
		return;
	struct str name = get(p, author, "name"), url = get(p, author, "url");
	struct person *person = name.n || url.n ? build_add_person(p, false, 1) : NULL;
	if (!person)
		return;
	if (name.n)
		person_from_text(person, name);
	if (!person->email.n)
		person->email = get(p, author, "email");
	if (str_istarts(url, STR("mailto:")))
		person->email = str_skip(url, 7);
	else
		person->uri = url;
}

/* Calls `add` for each element of a list, or for what stands where there should be one. */
static void for_each(
	struct parser *p, const json_t *list, void (*add)(struct parser *p, const json_t *each))
{
	const json_t *each;
	size_t i;

	if (!json_is_array(list)) {
		if (list)
			add(p, list);
		return;
	}
	json_array_foreach(list, i, each) add(p, each);
}

/* "authors" of 1.1, else "author" of 1.0. */
static void add_authors(struct parser *p, const json_t *object)
{
	const size_t *n = p->in_entry ? &p->entry.n_authors : &p->document.n_authors;

	for_each(p, json_object_get(object, "authors"), add_author);
	if (!*n)
		for_each(p, json_object_get(object, "author"), add_author);
}

static void add_tag(struct parser *p, const json_t *tag)
{
	struct str word = json_is_object(tag) ? get(p, tag, "name") : value_of(p, tag);

	build_add_category(p, word, STR_NONE, STR_NONE);
}

/* One text for a list has commas, as keywords have elsewhere. */
static void add_tags(struct parser *p, const json_t *tags)
{
	if (json_is_string(tags))
		build_add_keywords(p, value_of(p, tags), STR_NONE);
	else
		for_each(p, tags, add_tag);
}

static void add_attachment(struct parser *p, const json_t *each)
{
	struct enclosure enclosure = {
		.url = json_is_object(each) ? get(p, each, "url") : value_of(p, each),
		.type = get(p, each, "mime_type"),
		.length = get(p, each, "size_in_bytes"),
		.duration = get(p, each, "duration_in_seconds"),
		.title = get(p, each, "title")};

	if (enclosure.url.n)
		build_add_enclosure(p, &enclosure);
}

static void add_link(struct parser *p, struct str href, const char *rel)
{
	struct link link = {.href = href, .rel = str_of(rel)};

	if (href.n)
		build_add_link(p, &link);
}

static void read_item(struct parser *p, const json_t *item)
{
	struct entry *e = &p->entry;

	if (p->stop || !json_is_object(item))
		return;
	build_begin_entry(p);
	e->id = get(p, item, "id");
	e->link = get(p, item, "url");
	struct str external = get(p, item, "external_url");
	if (!e->link.n)
		e->link = external;
	add_link(p, get(p, item, "url"), "alternate");
	add_link(p, external, "related");
	e->title = text_of(get(p, item, "title"), TEXT_PLAIN);
	e->summary = text_of(get(p, item, "summary"), TEXT_PLAIN);
	e->content = text_of(get(p, item, "content_html"), TEXT_HTML);
	if (!e->content.value.n)
		e->content = text_of(get(p, item, "content_text"), TEXT_PLAIN);
	if (!e->content.value.n) /* no word of JSON Feed, but of those who did not read it */
		e->content = text_of(get(p, item, "content"), TEXT_LIKELY);
	e->dates.published = get(p, item, "date_published");
	e->dates.updated = get(p, item, "date_modified");
	e->image = get_url(p, item, "image");
	if (!e->image.n)
		e->image = get_url(p, item, "banner_image");
	e->language = get(p, item, "language");
	add_authors(p, item);
	add_tags(p, json_object_get(item, "tags"));
	for_each(p, json_object_get(item, "attachments"), add_attachment);
	build_end_entry(p);
}

/* There are other protocols than WebSub: rssCloud has a type of its own. */
static void add_hub(struct parser *p, const json_t *hub)
{
	struct str type = get(p, hub, "type");

	if (!type.n || str_is_i(type, "WebSub") || str_is_i(type, "PubSubHubbub"))
		add_link(p, get(p, hub, "url"), "hub");
}

static void read_feed(struct parser *p, const json_t *root)
{
	struct document *d = &p->document;

	d->title = text_of(get(p, root, "title"), TEXT_PLAIN);
	d->subtitle = text_of(get(p, root, "description"), TEXT_PLAIN);
	d->link = get(p, root, "home_page_url");
	d->feed_url = get(p, root, "feed_url");
	d->icon = get_url(p, root, "icon");
	d->logo = get_url(p, root, "favicon");
	struct str language = get(p, root, "language");
	if (language.n)
		d->language = language;
	add_link(p, d->link, "alternate");
	add_link(p, d->feed_url, "self");
	add_link(p, get(p, root, "next_url"), "next");
	for_each(p, json_object_get(root, "hubs"), add_hub);
	add_authors(p, root);
}

/* ---- reading ---- */

static size_t feed_jansson(void *out, size_t room, void *user)
{
	struct parser *p = user;

	if (!p->json_piece.n) {
		int r = charset_next(&p->charset, &p->json_piece);
		if (r < 0) {
			p->error = r;
			return 0;
		}
	}
	struct str piece = str_head(p->json_piece, room);
	memcpy(out, piece.p, piece.n);
	p->json_piece = str_skip(p->json_piece, piece.n);
	return piece.n;
}

/* Without a version: has it what only a feed has? A list of things with titles or ids, and a word
 * about itself. */
static bool looks_like_feed(const json_t *root)
{
	const json_t *items = json_object_get(root, "items");
	const json_t *first = json_is_array(items) ? json_array_get(items, 0) : NULL;

	if (!json_is_array(items))
		return false;
	return json_object_get(root, "title") || json_object_get(root, "home_page_url") ||
	       json_object_get(root, "feed_url") || json_object_get(first, "content_html") ||
	       json_object_get(first, "content_text") || json_object_get(first, "date_published");
}

static enum document_format json_format(const json_t *root)
{
	const json_t *version = json_object_get(root, "version");
	struct str s = str_of(json_string_value(version));

	if (str_find(s, STR("jsonfeed.org")) < s.n)
		return str_find(s, STR("version/1.1")) < s.n ? FORMAT_JSON11 : FORMAT_JSON1;
	if (!looks_like_feed(root))
		return FORMAT_UNKNOWN;
	return str_is(s, "1.1") || json_real_value(version) == 1.1 ? FORMAT_JSON11 : FORMAT_JSON1;
}

/* The whole text through the mender; NULL: it cannot be helped. */
static json_t *load_mended(struct parser *p)
{
	bool truncated;

	if (parser_read_beginning(p, SIZE_MAX) < 0)
		return NULL;
	buf_clear(&p->decoded);
	if (!json_mend(&p->decoded, buf_view(&p->text), &truncated))
		return NULL;
	json_t *root = json_loadb(p->decoded.p, p->decoded.n, JSON_ALLOW_NUL, NULL);
	buf_shrink(&p->decoded, PARSE_ATTRIBUTE_MAX);
	if (root)
		p->document.flaws |= FLAW_NOT_WELL_FORMED | (truncated ? FLAW_TRUNCATED : 0);
	return root;
}

int jsonfeed_run(struct parser *p, struct error *error)
{
	json_error_t bad;

	build_begin_document(p);
	charset_rewind(&p->charset);
	p->json_piece = STR("");
	if (p->charset.body->n > JSON_BYTES_MAX)
		return error_set(error, EBADMSG, "this JSON document is larger than %d MiB",
			JSON_BYTES_MAX >> 20);
	json_t *root = json_load_callback(feed_jansson, p, JSON_ALLOW_NUL, &bad);
	if (p->error) {
		json_decref(root);
		return error_errno(error, -p->error, "cannot read the body");
	}
	if (!root)
		root = load_mended(p);
	if (!root)
		return error_set(
			error, EBADMSG, "this is broken JSON: %s (line %d)", bad.text, bad.line);
	p->document.format = json_format(root);
	if (!p->document.format) {
		json_decref(root);
		return error_set(error, EBADMSG, "this is JSON, but no JSON Feed");
	}
	read_feed(p, root);
	for_each(p, json_object_get(root, "items"), read_item);
	json_decref(root);
	return 0;
}
