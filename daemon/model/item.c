#include "model/item.h"

void item_write_people(struct json *j, const char *name, const struct item_person *people, size_t n)
{
	if (!n)
		return;
	json_key(j, name);
	json_open(j, '[');
	for (size_t i = 0; i < n; i++) {
		json_open(j, '{');
		json_member(j, "name", people[i].name);
		json_member(j, "url", people[i].url);
		json_member(j, "_email", people[i].email);
		json_close(j, '}');
	}
	json_close(j, ']');
}

void item_write_categories(
	struct json *j, const char *name, const struct category *categories, size_t n)
{
	if (!n)
		return;
	json_key(j, name);
	json_open(j, '[');
	for (size_t i = 0; i < n; i++) {
		json_open(j, '{');
		json_member(j, "term", categories[i].term);
		json_member(j, "scheme", categories[i].scheme);
		json_member(j, "label", categories[i].label);
		json_close(j, '}');
	}
	json_close(j, ']');
}

void item_write_links(struct json *j, const char *name, const struct item_link *links, size_t n)
{
	if (!n)
		return;
	json_key(j, name);
	json_open(j, '[');
	for (size_t i = 0; i < n; i++) {
		json_open(j, '{');
		json_member(j, "href", links[i].href);
		json_member(j, "rel", links[i].rel);
		json_member(j, "type", links[i].type);
		json_member(j, "hreflang", links[i].hreflang);
		json_member(j, "title", links[i].title);
		json_member(j, "length", links[i].length);
		json_close(j, '}');
	}
	json_close(j, ']');
}

static void write_position(struct json *j, const struct item_geo *geo, size_t i)
{
	json_open(j, '[');
	json_double(j, geo->points[i][0]);
	json_double(j, geo->points[i][1]);
	if (geo->altitudes)
		json_double(j, geo->altitudes[i]);
	json_close(j, ']');
}

/* The four corners of a box, counter-clockwise as RFC 7946 wants it, closed. */
static void write_box(struct json *j, const struct item_geo *geo)
{
	static const unsigned char corner[5][2] = {{0, 0}, {1, 0}, {1, 1}, {0, 1}, {0, 0}};

	for (size_t i = 0; i < 5; i++) {
		json_open(j, '[');
		json_double(j, geo->points[corner[i][0]][0]);
		json_double(j, geo->points[corner[i][1]][1]);
		json_close(j, ']');
	}
}

void item_write_geo(struct json *j, const char *name, const struct item_geo *geo)
{
	static const char *const types[] = {[GEO_POINT] = "Point",
		[GEO_LINE] = "LineString",
		[GEO_POLYGON] = "Polygon",
		[GEO_BOX] = "Polygon"};

	if (geo->type == GEO_NONE)
		return;
	json_key(j, name);
	json_open(j, '{');
	json_member(j, "type", str_of(types[geo->type]));
	json_key(j, "coordinates");
	if (geo->type == GEO_POINT) {
		write_position(j, geo, 0);
	} else {
		bool area = geo->type != GEO_LINE;
		json_open(j, '[');
		if (area)
			json_open(j, '[');
		if (geo->type == GEO_BOX)
			write_box(j, geo);
		else
			for (size_t i = 0; i < geo->n; i++)
				write_position(j, geo, i);
		if (area)
			json_close(j, ']');
		json_close(j, ']');
	}
	json_close(j, '}');
}

static void write_attachments(struct json *j, const struct item *item)
{
	if (!item->n_attachments)
		return;
	json_key(j, "attachments");
	json_open(j, '[');
	for (size_t i = 0; i < item->n_attachments; i++) {
		const struct item_attachment *a = &item->attachments[i];
		json_open(j, '{');
		json_member(j, "url", a->url);
		json_member(j, "mime_type", a->mime_type);
		if (a->size >= 0)
			json_member_int(j, "size_in_bytes", a->size);
		json_member(j, "title", a->title);
		json_close(j, '}');
	}
	json_close(j, ']');
}

static void write_tags(struct json *j, const struct item *item)
{
	if (!item->n_tags)
		return;
	json_key(j, "tags");
	json_open(j, '[');
	for (size_t i = 0; i < item->n_tags; i++)
		json_str(j, item->tags[i]);
	json_close(j, ']');
}

static void write_source(struct json *j, const struct item_source *source)
{
	json_key(j, "_source");
	json_open(j, '{');
	json_member(j, "title", source->title);
	json_member(j, "url", source->url);
	json_member(j, "id", source->id);
	json_member_time(j, "updated", source->updated_s);
	json_close(j, '}');
}

static void write_event(struct json *j, const struct item_event *event)
{
	json_key(j, "_event");
	json_open(j, '{');
	json_member_time(j, "startDate", event->start_s);
	json_member_time(j, "endDate", event->end_s);
	json_member(j, "location", event->location);
	json_member(j, "organizer", event->organizer);
	json_close(j, '}');
}

static void write_alert(struct json *j, const struct item_alert *alert)
{
	json_key(j, "_alert");
	json_open(j, '{');
	json_member(j, "msgType", alert->msg_type);
	json_member(j, "severity", alert->severity);
	json_member(j, "urgency", alert->urgency);
	json_member(j, "certainty", alert->certainty);
	json_member(j, "event", alert->event);
	json_member(j, "areaDesc", alert->area_desc);
	json_member_time(j, "effective", alert->effective_s);
	json_member_time(j, "expires", alert->expires_s);
	json_member(j, "references", alert->references);
	json_close(j, '}');
}

void item_write(struct json *j, const struct item *item)
{
	json_open(j, '{');
	json_member(j, "id", item->id);
	json_member(j, "url", item->url);
	json_member(j, "title", item->title);
	json_member(j, "summary", item->summary);
	json_member(j, "content_html", item->content_html);
	json_member(j, "content_text", item->content_text);
	json_member_time(j, "date_published", item->published_s);
	json_member_time(j, "date_modified", item->modified_s);
	item_write_people(j, "authors", item->authors, item->n_authors);
	write_tags(j, item);
	json_member(j, "language", item->language);
	json_member(j, "image", item->image);
	write_attachments(j, item);
	item_write_categories(j, "_categories", item->categories, item->n_categories);
	item_write_links(j, "_links", item->links, item->n_links);
	item_write_people(j, "_contributors", item->contributors, item->n_contributors);
	if (item->has_source)
		write_source(j, &item->source);
	item_write_geo(j, "_geo", &item->geo);
	if (item->has_event)
		write_event(j, &item->event);
	if (item->has_alert)
		write_alert(j, &item->alert);
	json_member(j, "_rights", item->rights);
	json_member(j, "_license", item->license);
	json_member(j, "_comments", item->comments);
	json_member_time(j, "_created", item->created_s);
	json_member_time(j, "_expires", item->expires_s);
	if (item->flaws) {
		json_key(j, "_flaws");
		flaws_write(j, item->flaws);
	}
	json_close(j, '}');
}
