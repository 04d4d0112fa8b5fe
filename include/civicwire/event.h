/* One event: a CloudEvents 1.0 envelope around a JSON Feed 1.1 item.
 *
 * All texts are UTF-8, NUL-terminated, owned by the event and valid until it is released; NULL
 * where the event does not say. Getters read the JSON on first use, so an event must not be used
 * by two threads at once; after cw_event_ref() each holder releases its own reference. */
#ifndef CIVICWIRE_EVENT_H
#define CIVICWIRE_EVENT_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

struct cw_event;

/* Makes an event of n bytes of JSON, which are copied. 0: *ret_event has one reference. -EINVAL:
 * this is no event (not JSON, or not an object with "id", "type" and "sequence"). -ENOMEM. */
int cw_event_parse(const char *json, size_t n, struct cw_event **ret_event);
/* One more reference; returns its argument. */
struct cw_event *cw_event_ref(struct cw_event *event);
/* Gives a reference back. NULL is allowed; returns NULL. */
struct cw_event *cw_event_unref(struct cw_event *event);

/* The event as it was published, *ret_n bytes (ret_n may be NULL). */
const char *cw_event_json(const struct cw_event *event, size_t *ret_n);
/* The journal's sequence: rises, contiguous over all events of a journal. */
uint64_t cw_event_seq(const struct cw_event *event);

/* The envelope (CloudEvents 1.0 § 3). The id is unique for ever: de-duplicate by it. */
const char *cw_event_id(struct cw_event *event);
const char *cw_event_source(struct cw_event *event);
/* "org.civicwire.item.published.v1", "….item.updated.v1", "….item.withdrawn.v1", "….feed.…" */
const char *cw_event_type(struct cw_event *event);
const char *cw_event_subject(struct cw_event *event);
/* RFC 3339 in UTC: when it happened, as the item says; when the journal recorded it. */
const char *cw_event_time(struct cw_event *event);
const char *cw_event_recorded_time(struct cw_event *event);

/* Where it comes from: "co-mde.aci.noticias", "co-mde", "aci". */
const char *cw_event_feed(struct cw_event *event);
const char *cw_event_city(struct cw_event *event);
const char *cw_event_agency(struct cw_event *event);
/* Ids, separated by one blank. */
const char *cw_event_networks(struct cw_event *event);
const char *cw_event_themes(struct cw_event *event);
/* BCP 47. */
const char *cw_event_language(struct cw_event *event);
/* "news", "alert" or "event". */
const char *cw_event_kind(struct cw_event *event);
/* 1: found by the first fetch of its feed, so perhaps old; else 0. */
int cw_event_is_backfill(struct cw_event *event);

/* The item (JSON Feed 1.1 § Items). Titles and texts are plain; HTML is sanitised. */
const char *cw_event_title(struct cw_event *event);
const char *cw_event_url(struct cw_event *event);
const char *cw_event_summary(struct cw_event *event);
const char *cw_event_content_text(struct cw_event *event);
const char *cw_event_content_html(struct cw_event *event);
const char *cw_event_published(struct cw_event *event);
const char *cw_event_modified(struct cw_event *event);

/* Any text of the event by JSON Pointer (RFC 6901), such as "/data/authors/0/name". NULL: nothing
 * there, or not a string. */
const char *cw_event_get(struct cw_event *event, const char *pointer);

#ifdef __cplusplus
}
#endif

#endif
