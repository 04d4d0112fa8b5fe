/* JSON Feed 1.0 and 1.1. Read whole by jansson: JSON has no way to begin with half of it. Types
 * are taken as they come: numbers for ids, one author for several, strings for numbers. */
#include "parse/format.h"

#include <errno.h>
#include <jansson.h>

/* A JSON document larger than this is not read: jansson needs about ten times as much. */
#define JSON_BYTES_MAX (32 * 1024 * 1024)

/* A text, or a number as text; empty counts as absent. */
static struct str get(struct parser *p, const json_t *object, const char *key)
{
	const json_t *v = json_object_get(object, key);

	if (json_is_string(v)) {
		struct str s = {json_string_value(v), json_string_length(v)};
		/* NUL is a character in JSON and none anywhere else. */
		s.n = str_chr(s, 0);
		s = str_trim(s);
		return s.n ? arena_str(p->arena, s) : STR_NONE;
	}
	if (json_is_integer(v))
		return arena_printf(p->arena, "%" JSON_INTEGER_FORMAT, json_integer_value(v));
	if (json_is_real(v))
		return arena_printf(p->arena, "%.17g", json_real_value(v));
	return STR_NONE;
}

static struct text text_of(struct str value, enum text_type type)
{
	return (struct text){.value = value, .type = type};
}

static void add_author(struct parser *p, const json_t *author)
{
	if (json_is_string(author)) {
		struct person *person = build_add_person(p, false, 1);
		if (person)
			person_from_text(
				person, build_copy(p, str_trim(str_of(json_string_value(author)))));
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
	if (str_istarts(url, STR("mailto:")))
		person->email = str_skip(url, 7);
	else
		person->uri = url;
}

/* "authors" of 1.1, else "author" of 1.0; each may be one or several. */
static void add_authors(struct parser *p, const json_t *object)
{
	const json_t *v = json_object_get(object, "authors"), *each;
	size_t i;

	if (!v || (json_is_array(v) && !json_array_size(v)))
		v = json_object_get(object, "author");
	if (json_is_array(v)) {
		json_array_foreach(v, i, each) add_author(p, each);
	} else {
		add_author(p, v);
	}
}

static void add_tags(struct parser *p, const json_t *tags)
{
	const json_t *each;
	size_t i;

	if (json_is_string(tags))
		build_add_category(p, build_copy(p, str_trim(str_of(json_string_value(tags)))),
			STR_NONE, STR_NONE);
	json_array_foreach(tags, i, each) if (json_is_string(each)) build_add_category(
		p, build_copy(p, str_trim(str_of(json_string_value(each)))), STR_NONE, STR_NONE);
}

static void add_attachments(struct parser *p, const json_t *list)
{
	const json_t *each;
	size_t i;

	json_array_foreach(list, i, each)
	{
		struct enclosure enclosure = {.url = get(p, each, "url"),
			.type = get(p, each, "mime_type"),
			.length = get(p, each, "size_in_bytes"),
			.title = get(p, each, "title")};
		if (enclosure.url.n)
			build_add_enclosure(p, &enclosure);
	}
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
	e->dates.published = get(p, item, "date_published");
	e->dates.updated = get(p, item, "date_modified");
	e->image = get(p, item, "image");
	if (!e->image.n)
		e->image = get(p, item, "banner_image");
	e->language = get(p, item, "language");
	add_authors(p, item);
	add_tags(p, json_object_get(item, "tags"));
	add_attachments(p, json_object_get(item, "attachments"));
	build_end_entry(p);
}

static void read_feed(struct parser *p, const json_t *root)
{
	struct document *d = &p->document;

	d->title = text_of(get(p, root, "title"), TEXT_PLAIN);
	d->subtitle = text_of(get(p, root, "description"), TEXT_PLAIN);
	d->link = get(p, root, "home_page_url");
	d->feed_url = get(p, root, "feed_url");
	d->icon = get(p, root, "icon");
	d->logo = get(p, root, "favicon");
	struct str language = get(p, root, "language");
	if (language.n)
		d->language = language;
	add_link(p, d->link, "alternate");
	add_link(p, d->feed_url, "self");
	add_link(p, get(p, root, "next_url"), "next");
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

static enum document_format json_format(const json_t *root)
{
	const char *version = json_string_value(json_object_get(root, "version"));

	if (version && strstr(version, "jsonfeed.org/version/1.1"))
		return FORMAT_JSON11;
	if (version && strstr(version, "jsonfeed.org"))
		return FORMAT_JSON1;
	/* Without a version: has it what only a feed has? */
	return json_is_array(json_object_get(root, "items")) && json_object_get(root, "title")
		       ? FORMAT_JSON1
		       : FORMAT_UNKNOWN;
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
		return error_set(
			error, EBADMSG, "this is broken JSON: %s (line %d)", bad.text, bad.line);
	p->document.format = json_format(root);
	if (!p->document.format) {
		json_decref(root);
		return error_set(error, EBADMSG, "this is JSON, but no JSON Feed");
	}
	read_feed(p, root);
	const json_t *items = json_object_get(root, "items"), *item;
	size_t i;
	json_array_foreach(items, i, item)
	{
		if (json_is_object(item))
			read_item(p, item);
		if (p->stop)
			break;
	}
	json_decref(root);
	return 0;
}
