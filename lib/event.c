#include <civicwire/event.h>

#include <errno.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "envelope.h"
#include "event-make.h"

/* Longest part of a JSON Pointer that names something of ours. */
#define POINTER_PART_MAX 128

struct cw_event {
	unsigned refs;
	uint64_t seq;
	json_t *root; /* read on first use */
	char *agency; /* cut out of the feed's id on first use */
	size_t n;
	char json[];
};

int event_make(const char *json, size_t n, uint64_t seq, struct cw_event **ret_event)
{
	struct cw_event *event = calloc(1, sizeof *event + n + 1);
	if (!event)
		return -ENOMEM;
	event->refs = 1;
	event->seq = seq;
	event->n = n;
	memcpy(event->json, json, n);
	*ret_event = event;
	return 0;
}

int cw_event_parse(const char *json, size_t n, struct cw_event **ret_event)
{
	struct cw_event *event;
	uint64_t seq;

	if (envelope_seq(json, n, &seq) < 0)
		return -EINVAL;
	int r = event_make(json, n, seq, &event);
	if (r < 0)
		return r;
	if (!cw_event_id(event) || !cw_event_type(event)) {
		cw_event_unref(event);
		return -EINVAL;
	}
	*ret_event = event;
	return 0;
}

struct cw_event *cw_event_ref(struct cw_event *event)
{
	__atomic_fetch_add(&event->refs, 1, __ATOMIC_RELAXED);
	return event;
}

struct cw_event *cw_event_unref(struct cw_event *event)
{
	if (event && __atomic_sub_fetch(&event->refs, 1, __ATOMIC_ACQ_REL) == 0) {
		json_decref(event->root);
		free(event->agency);
		free(event);
	}
	return NULL;
}

const char *cw_event_json(const struct cw_event *event, size_t *ret_n)
{
	if (ret_n)
		*ret_n = event->n;
	return event->json;
}

uint64_t cw_event_seq(const struct cw_event *event)
{
	return event->seq;
}

static json_t *root_of(struct cw_event *event)
{
	if (!event->root)
		event->root = json_loadb(event->json, event->n, 0, NULL);
	return event->root;
}

static const char *member(struct cw_event *event, const char *name)
{
	return json_string_value(json_object_get(root_of(event), name));
}

static const char *data_member(struct cw_event *event, const char *name)
{
	json_t *data = json_object_get(root_of(event), "data");

	return json_string_value(json_object_get(data, name));
}

const char *cw_event_id(struct cw_event *event)
{
	return member(event, "id");
}

const char *cw_event_source(struct cw_event *event)
{
	return member(event, "source");
}

const char *cw_event_type(struct cw_event *event)
{
	return member(event, "type");
}

const char *cw_event_subject(struct cw_event *event)
{
	return member(event, "subject");
}

const char *cw_event_time(struct cw_event *event)
{
	return member(event, "time");
}

const char *cw_event_recorded_time(struct cw_event *event)
{
	return member(event, "recordedtime");
}

const char *cw_event_feed(struct cw_event *event)
{
	return member(event, "cwfeed");
}

const char *cw_event_city(struct cw_event *event)
{
	return member(event, "cwcity");
}

const char *cw_event_networks(struct cw_event *event)
{
	return member(event, "cwnetworks");
}

const char *cw_event_themes(struct cw_event *event)
{
	return member(event, "cwthemes");
}

const char *cw_event_language(struct cw_event *event)
{
	return member(event, "cwlang");
}

const char *cw_event_kind(struct cw_event *event)
{
	return member(event, "cwkind");
}

const char *cw_event_title(struct cw_event *event)
{
	return data_member(event, "title");
}

const char *cw_event_url(struct cw_event *event)
{
	return data_member(event, "url");
}

const char *cw_event_summary(struct cw_event *event)
{
	return data_member(event, "summary");
}

const char *cw_event_content_text(struct cw_event *event)
{
	return data_member(event, "content_text");
}

const char *cw_event_content_html(struct cw_event *event)
{
	return data_member(event, "content_html");
}

const char *cw_event_published(struct cw_event *event)
{
	return data_member(event, "date_published");
}

const char *cw_event_modified(struct cw_event *event)
{
	return data_member(event, "date_modified");
}

int cw_event_is_backfill(struct cw_event *event)
{
	return json_is_true(json_object_get(root_of(event), "cwbackfill"));
}

const char *cw_event_agency(struct cw_event *event)
{
	const char *feed = cw_event_feed(event);
	const char *from = feed ? strchr(feed, '.') : NULL;
	const char *to = from ? strchr(from + 1, '.') : NULL;

	if (!event->agency && to)
		event->agency = strndup(from + 1, (size_t)(to - from - 1));
	return event->agency;
}

/* One reference token of RFC 6901: "~1" is "/", "~0" is "~". NULL: malformed or too long. */
static const char *next_part(const char *p, char out[POINTER_PART_MAX])
{
	size_t n = 0;

	for (; *p && *p != '/'; p++) {
		if (n == POINTER_PART_MAX - 1)
			return NULL;
		if (*p == '~' && p[1] != '0' && p[1] != '1')
			return NULL;
		out[n++] = *p != '~' ? *p : *++p == '0' ? '~' : '/';
	}
	out[n] = '\0';
	return p;
}

static json_t *array_element(json_t *array, const char *part)
{
	size_t n = strspn(part, "0123456789");

	/* RFC 6901 § 4: digits without leading zeros, and nothing else. */
	if (!n || part[n] || (*part == '0' && n > 1))
		return NULL;
	return json_array_get(array, strtoul(part, NULL, 10));
}

const char *cw_event_get(struct cw_event *event, const char *pointer)
{
	json_t *at = root_of(event);
	char part[POINTER_PART_MAX];

	while (at && *pointer == '/') {
		pointer = next_part(pointer + 1, part);
		if (!pointer)
			return NULL;
		at = json_is_array(at) ? array_element(at, part) : json_object_get(at, part);
	}
	return pointer && !*pointer ? json_string_value(at) : NULL;
}
