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

static void write_position(struct json *j, const struct item_shape *shape, size_t i)
{
	json_open(j, '[');
	json_double(j, shape->points[i][0]);
	json_double(j, shape->points[i][1]);
	if (shape->altitudes)
		json_double(j, shape->altitudes[i]);
	json_close(j, ']');
}

/* The four corners of a box, counter-clockwise as RFC 7946 wants it, closed. */
static void write_box(struct json *j, const struct item_shape *shape)
{
	static const unsigned char corner[5][2] = {{0, 0}, {1, 0}, {1, 1}, {0, 1}, {0, 0}};

	for (size_t i = 0; i < 5; i++) {
		json_open(j, '[');
		json_double(j, shape->points[corner[i][0]][0]);
		json_double(j, shape->points[corner[i][1]][1]);
		json_close(j, ']');
	}
}

static void write_coordinates(struct json *j, const struct item_shape *shape)
{
	bool area = shape->type == GEO_POLYGON || shape->type == GEO_BOX;

	if (shape->type == GEO_POINT || shape->type == GEO_CIRCLE) {
		write_position(j, shape, 0);
		return;
	}
	json_open(j, '[');
	if (area)
		json_open(j, '[');
	if (shape->type == GEO_BOX)
		write_box(j, shape);
	else
		for (size_t i = 0; i < shape->n; i++)
			write_position(j, shape, i);
	if (area)
		json_close(j, ']');
	json_close(j, ']');
}

static const struct {
	const char *one, *several;
} geometries[] = {[GEO_POINT] = {"Point", "MultiPoint"},
	[GEO_LINE] = {"LineString", "MultiLineString"},
	[GEO_POLYGON] = {"Polygon", "MultiPolygon"},
	[GEO_BOX] = {"Polygon", "MultiPolygon"},
	/* GeoJSON has no circles: a point, with a member of ours. */
	[GEO_CIRCLE] = {"Point", NULL}};

static void write_shape(struct json *j, const struct item_shape *shape)
{
	json_open(j, '{');
	json_member(j, "type", str_of(geometries[shape->type].one));
	json_key(j, "coordinates");
	write_coordinates(j, shape);
	if (shape->type == GEO_CIRCLE) {
		json_key(j, "_radius");
		json_double(j, shape->radius);
	}
	json_close(j, '}');
}

/* The one type of GeoJSON that holds them all; NULL: there is none but a collection. */
static const char *common_type(const struct item_geo *geo)
{
	const char *type = geometries[geo->shapes[0].type].several;

	for (size_t i = 1; i < geo->n; i++)
		if (geometries[geo->shapes[i].type].several != type)
			return NULL;
	return type;
}

void item_write_geo(struct json *j, const char *name, const struct item_geo *geo)
{
	if (!geo->n)
		return;
	json_key(j, name);
	if (geo->n == 1) {
		write_shape(j, &geo->shapes[0]);
		return;
	}
	const char *type = common_type(geo);
	json_open(j, '{');
	json_member(j, "type", str_of(type ? type : "GeometryCollection"));
	json_key(j, type ? "coordinates" : "geometries");
	json_open(j, '[');
	for (size_t i = 0; i < geo->n; i++) {
		if (type)
			write_coordinates(j, &geo->shapes[i]);
		else
			write_shape(j, &geo->shapes[i]);
	}
	json_close(j, ']');
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
		if (a->duration_s >= 0)
			json_member_int(j, "duration_in_seconds", a->duration_s);
		json_member(j, "title", a->title);
		json_close(j, '}');
	}
	json_close(j, ']');
}

static void write_strings(struct json *j, const char *name, const struct str *list, size_t n)
{
	if (!n)
		return;
	json_key(j, name);
	json_open(j, '[');
	for (size_t i = 0; i < n; i++)
		json_str(j, list[i]);
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

/* A day, a moment in UTC, or what a clock shows. */
static void write_time(
	struct json *j, const char *name, const char *local_name, const struct item_time *time)
{
	char text[TIME_TEXT_MAX];

	if (time->s == TIME_NONE)
		return;
	struct str all = str_make(text, time_format_s(time->s, text));
	json_member(j, time->is_local && !time->day ? local_name : name,
		str_head(all, time->day        ? sizeof "2000-01-01" - 1
			      : time->is_local ? all.n - 1 /* without the Z */
					       : all.n));
}

static void write_event(struct json *j, const struct item_event *event)
{
	json_key(j, "_event");
	json_open(j, '{');
	json_member(j, "name", event->name);
	write_time(j, "startDate", "startLocal", &event->start);
	write_time(j, "endDate", "endLocal", &event->end);
	json_member(j, "timeZone", event->time_zone);
	json_member(j, "location", event->location);
	json_member(j, "organizer", event->organizer);
	json_member(j, "additionalType", event->type);
	json_member(j, "url", event->url);
	json_close(j, '}');
}

static void write_geocodes(struct json *j, const struct item_alert *alert)
{
	if (!alert->n_geocodes)
		return;
	json_key(j, "geocode");
	json_open(j, '[');
	for (size_t i = 0; i < alert->n_geocodes; i++) {
		json_open(j, '{');
		json_member(j, "valueName", alert->geocodes[i].name);
		json_member(j, "value", alert->geocodes[i].value);
		json_close(j, '}');
	}
	json_close(j, ']');
}

static void write_alert(struct json *j, const struct item_alert *alert)
{
	json_key(j, "_alert");
	json_open(j, '{');
	json_member(j, "identifier", alert->identifier);
	json_member(j, "sender", alert->sender);
	json_member_time(j, "sent", alert->sent_s);
	json_member(j, "status", alert->status);
	json_member(j, "msgType", alert->msg_type);
	json_member(j, "scope", alert->scope);
	write_strings(j, "category", alert->categories, alert->n_categories);
	json_member(j, "event", alert->event);
	write_strings(j, "responseType", alert->response_types, alert->n_response_types);
	json_member(j, "urgency", alert->urgency);
	json_member(j, "severity", alert->severity);
	json_member(j, "certainty", alert->certainty);
	json_member_time(j, "effective", alert->effective_s);
	json_member_time(j, "onset", alert->onset_s);
	json_member_time(j, "expires", alert->expires_s);
	json_member(j, "senderName", alert->sender_name);
	json_member(j, "headline", alert->headline);
	json_member(j, "instruction", alert->instruction);
	json_member(j, "areaDesc", alert->area_desc);
	write_geocodes(j, alert);
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
	write_strings(j, "tags", item->tags, item->n_tags);
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
	explain_write(j, item->explain);
	json_close(j, '}');
}
