#include "collect.h"

#include <stdio.h>

#include "base/list.h"

static void put(struct collector *c, const char *prefix, const char *name, struct str s)
{
	if (!s.p)
		return;
	c->invalid |= !utf8_is_valid(s) || memchr(s.p, 0, s.n);
	buf_printf(&c->out, "%s%s=", prefix, name);
	buf_str(&c->out, s);
	buf_char(&c->out, '\n');
}

static void put_text(
	struct collector *c, const char *prefix, const char *name, const struct text *t)
{
	static const char *const types[] = {"plain", "html", "xhtml", "likely"};
	char key[64];

	if (!t->value.p)
		return;
	snprintf(key, sizeof key, "%s(%s)", name, types[t->type]);
	put(c, prefix, key, t->value);
	snprintf(key, sizeof key, "%s.base", name);
	put(c, prefix, key, t->base);
	snprintf(key, sizeof key, "%s.lang", name);
	put(c, prefix, key, t->language);
}

static void put_people(struct collector *c, const char *prefix, const char *name,
	const struct person *people, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		buf_printf(&c->out, "%s%s=%.*s|%.*s|%.*s\n", prefix, name, STR_FMT(people[i].name),
			STR_FMT(people[i].email), STR_FMT(people[i].uri));
		c->invalid |= !utf8_is_valid(people[i].name) || !utf8_is_valid(people[i].email) ||
			      !utf8_is_valid(people[i].uri);
	}
}

static void put_links(struct collector *c, const char *prefix, const struct link *links, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		buf_printf(&c->out, "%slinks=%.*s|%.*s|%.*s|%.*s\n", prefix, STR_FMT(links[i].rel),
			STR_FMT(links[i].href), STR_FMT(links[i].type), STR_FMT(links[i].hreflang));
		c->invalid |= !utf8_is_valid(links[i].href) || !utf8_is_valid(links[i].title);
	}
}

static void put_categories(
	struct collector *c, const char *prefix, const struct category *list, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		buf_printf(&c->out, "%scategory=%.*s|%.*s|%.*s\n", prefix, STR_FMT(list[i].term),
			STR_FMT(list[i].scheme), STR_FMT(list[i].label));
		c->invalid |= !utf8_is_valid(list[i].term) || !utf8_is_valid(list[i].label);
	}
}

static void put_dates(struct collector *c, const char *prefix, const struct raw_dates *d)
{
	put(c, prefix, "published", d->published);
	put(c, prefix, "updated", d->updated);
	put(c, prefix, "created", d->created);
	put(c, prefix, "expires", d->expires);
}

static void put_places(
	struct collector *c, const char *prefix, const struct raw_geo *places, size_t n)
{
	static const char *const types[] = {"none", "point", "line", "polygon", "box", "circle"};
	char key[32];

	for (size_t i = 0; i < n; i++) {
		snprintf(key, sizeof key, "geo(%s%s%s)", types[places[i].type],
			places[i].longitude_first ? ",lon" : "",
			places[i].has_altitudes ? ",3" : "");
		put(c, prefix, key, places[i].coordinates);
	}
}

static void put_source(struct collector *c, const struct source *s)
{
	put_text(c, "  ", "source.title", &s->title);
	put(c, "  ", "source.id", s->id);
	put(c, "  ", "source.url", s->url);
	put(c, "  ", "source.updated", s->updated);
}

static void put_event(struct collector *c, const struct raw_event *event)
{
	put(c, "  ", "event.start", event->start);
	put(c, "  ", "event.start_zone", event->start_zone);
	put(c, "  ", "event.end", event->end);
	put(c, "  ", "event.end_zone", event->end_zone);
	put(c, "  ", "event.location", event->location);
	put(c, "  ", "event.organizer", event->organizer);
	put(c, "  ", "event.type", event->type);
	put(c, "  ", "event.name", event->name);
	put(c, "  ", "event.url", event->url);
}

static void put_info(struct collector *c, const struct raw_info *info)
{
	buf_lit(&c->out, "  info\n");
	put(c, "    ", "language", info->language);
	put(c, "    ", "event", info->event);
	put(c, "    ", "urgency", info->urgency);
	put(c, "    ", "severity", info->severity);
	put(c, "    ", "certainty", info->certainty);
	put(c, "    ", "effective", info->effective);
	put(c, "    ", "onset", info->onset);
	put(c, "    ", "expires", info->expires);
	put(c, "    ", "senderName", info->sender_name);
	put(c, "    ", "headline", info->headline);
	put(c, "    ", "description", info->description);
	put(c, "    ", "instruction", info->instruction);
	put(c, "    ", "web", info->web);
	for (size_t i = 0; i < info->n_categories; i++)
		put(c, "    ", "category", info->categories[i]);
	for (size_t i = 0; i < info->n_response_types; i++)
		put(c, "    ", "responseType", info->response_types[i]);
	for (size_t i = 0; i < info->n_areas; i++)
		put(c, "    ", "areaDesc", info->areas[i]);
	for (size_t i = 0; i < info->n_geocodes; i++)
		buf_printf(&c->out, "    geocode=%.*s|%.*s\n", STR_FMT(info->geocodes[i].name),
			STR_FMT(info->geocodes[i].value));
	put_places(c, "    ", info->places, info->n_places);
}

static void put_alert(struct collector *c, const struct raw_alert *alert)
{
	put(c, "  ", "alert.identifier", alert->identifier);
	put(c, "  ", "alert.sender", alert->sender);
	put(c, "  ", "alert.sent", alert->sent);
	put(c, "  ", "alert.status", alert->status);
	put(c, "  ", "alert.msgType", alert->msg_type);
	put(c, "  ", "alert.scope", alert->scope);
	put(c, "  ", "alert.references", alert->references);
	for (size_t i = 0; i < alert->n_infos; i++)
		put_info(c, &alert->infos[i]);
}

static int on_entry(struct parse_sink *sink, const struct document *document, struct entry *e)
{
	struct collector *c = container_of(sink, struct collector, sink);

	(void)document;
	c->entries++;
	c->with_id += e->id.n > 0;
	c->with_link += e->link.n > 0;
	c->with_title += e->title.value.n > 0;
	buf_printf(&c->out, "entry%s\n", e->withdrawn ? " withdrawn" : "");
	put(c, "  ", e->id_is_permalink ? "permalink" : "id", e->id);
	put(c, "  ", "link", e->link);
	put(c, "  ", "link.base", e->link_base);
	put(c, "  ", "orig_link", e->orig_link);
	put_text(c, "  ", "title", &e->title);
	put_text(c, "  ", "summary", &e->summary);
	put_text(c, "  ", "content", &e->content);
	put_text(c, "  ", "rights", &e->rights);
	put_dates(c, "  ", &e->dates);
	put_people(c, "  ", "author", e->authors, e->n_authors);
	put_people(c, "  ", "contributor", e->contributors, e->n_contributors);
	put_links(c, "  ", e->links, e->n_links);
	put_categories(c, "  ", e->categories, e->n_categories);
	for (size_t i = 0; i < e->n_enclosures; i++) {
		buf_printf(&c->out, "  enclosure=%.*s|%.*s|%.*s|%.*s\n",
			STR_FMT(e->enclosures[i].url), STR_FMT(e->enclosures[i].type),
			STR_FMT(e->enclosures[i].length), STR_FMT(e->enclosures[i].title));
		c->invalid |= !utf8_is_valid(e->enclosures[i].url) ||
			      !utf8_is_valid(e->enclosures[i].title);
	}
	put(c, "  ", "duration", e->duration);
	put(c, "  ", "comments", e->comments);
	put(c, "  ", "image", e->image);
	put(c, "  ", "language", e->language);
	put(c, "  ", "base", e->base);
	put(c, "  ", "license", e->license);
	if (e->has_source)
		put_source(c, &e->source);
	put_places(c, "  ", e->places, e->n_places);
	put_event(c, &e->event);
	put_alert(c, &e->alert);
	return c->answer;
}

static void put_document(struct collector *c, const struct document *d)
{
	buf_printf(&c->out, "format=%s\nencoding=%.*s\n", document_format_names[d->format],
		STR_FMT(d->encoding));
	put(c, "", "base", d->base);
	put(c, "", "language", d->language);
	put_text(c, "", "title", &d->title);
	put_text(c, "", "subtitle", &d->subtitle);
	put_text(c, "", "rights", &d->rights);
	put(c, "", "id", d->id);
	put(c, "", "link", d->link);
	put(c, "", "feed_url", d->feed_url);
	put_dates(c, "", &d->dates);
	put_people(c, "", "author", d->authors, d->n_authors);
	put_people(c, "", "contributor", d->contributors, d->n_contributors);
	put_links(c, "", d->links, d->n_links);
	put_categories(c, "", d->categories, d->n_categories);
	put(c, "", "generator", d->generator);
	put(c, "", "generator_url", d->generator_url);
	put(c, "", "generator_version", d->generator_version);
	put(c, "", "image", d->image);
	put(c, "", "image_title", d->image_title);
	put(c, "", "image_link", d->image_link);
	put(c, "", "icon", d->icon);
	put(c, "", "logo", d->logo);
	put(c, "", "ttl", d->ttl);
	put(c, "", "docs", d->docs);
	put(c, "", "update_period", d->update_period);
	put(c, "", "update_frequency", d->update_frequency);
	put(c, "", "update_base", d->update_base);
	put(c, "", "skip_hours", d->skip_hours);
	put(c, "", "skip_days", d->skip_days);
	put_places(c, "", d->places, d->n_places);
	if (d->complete)
		buf_lit(&c->out, "complete\n");
	struct json j = json_to(&c->out);
	buf_lit(&c->out, "flaws=");
	flaws_write(&j, d->flaws);
	buf_char(&c->out, '\n');
}

int collect_body(struct collector *c, struct parser *parser, const struct body *body,
	const struct parse_hints *hints, struct error *error)
{
	const struct document *document;
	int r;

	c->sink.entry = on_entry;
	buf_clear(&c->out);
	c->entries = c->with_id = c->with_link = c->with_title = 0;
	c->invalid = false;
	r = parse_run(parser, body, hints, &c->sink, &document, error);
	if (!r)
		put_document(c, document);
	return r;
}

int collect_run(struct collector *c, struct parser *parser, struct str bytes,
	const struct parse_hints *hints, struct error *error)
{
	struct body body = BODY_INIT;
	int r = body_append(&body, bytes.p, bytes.n);

	if (!r)
		r = collect_body(c, parser, &body, hints, error);
	body_deinit(&body);
	return r;
}

void collect_deinit(struct collector *c)
{
	buf_deinit(&c->out);
}
