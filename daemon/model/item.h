/* One normalized entry: what EVENT calls `data`. Texts are plain, HTML is clean, dates are UTC,
 * URLs absolute. Made by normalize/, in the arena the caller gave. */
#pragma once

#include "base/clock.h"
#include "base/hash.h"
#include "base/json.h"
#include "model/document.h"
#include "model/explain.h"
#include "model/flaw.h"

struct item_person {
	struct str name, url, email; /* email only where publishing it is allowed */
};

struct item_attachment {
	struct str url, mime_type, title;
	int64_t size;       /* bytes; -1: unknown */
	int64_t duration_s; /* of a sound or a film; -1: unknown */
};

struct item_link {
	struct str href, rel, type, hreflang, title, length;
};

struct item_source {
	struct str title, url, id;
	int64_t updated_s; /* TIME_NONE: absent */
};

/* A geometry of GeoJSON (RFC 7946): longitude first. */
struct item_shape {
	enum geo_type type; /* GEO_BOX is written as a Polygon; GEO_CIRCLE as its centre */
	double (*points)[2];
	double *altitudes; /* metres; NULL: none */
	size_t n;
	double radius; /* metres, of a circle */
};

/* Where an item is; several shapes are written as one geometry of several. */
struct item_geo {
	struct item_shape *shapes;
	size_t n;
};

/* A time as an event gives it: a moment, a whole day, or what the clocks of a place show. */
struct item_time {
	int64_t s;     /* TIME_NONE: absent */
	bool day;      /* only its date counts */
	bool is_local; /* in the event's time zone, not in UTC */
};

struct item_event {
	struct item_time start, end;
	struct str time_zone; /* IANA's name, where times are local */
	struct str name, location, organizer, type, url;
};

struct item_alert {
	struct str identifier, sender, status, msg_type, scope, references;
	struct str event, severity, urgency, certainty, sender_name, headline, instruction,
		area_desc;
	struct str *categories, *response_types;
	size_t n_categories, n_response_types;
	struct geocode *geocodes;
	size_t n_geocodes;
	int64_t sent_s, effective_s, onset_s, expires_s; /* TIME_NONE: absent */
};

struct item {
	struct str id, url, title, summary, content_html, content_text;
	int64_t published_s, modified_s, created_s, expires_s; /* TIME_NONE: absent */
	struct item_person *authors, *contributors;
	size_t n_authors, n_contributors;
	struct category *categories;
	size_t n_categories;
	struct str *tags; /* the categories' words for people, each once */
	size_t n_tags;
	struct item_attachment *attachments;
	size_t n_attachments;
	struct item_link *links;
	size_t n_links;
	struct str language, image, comments, rights, license;
	struct item_source source;
	bool has_source;
	struct item_geo geo;
	struct item_event event;
	bool has_event;
	struct item_alert alert;
	bool has_alert;
	bool withdrawn;
	unsigned flaws;

	/* Not written; what dedup and the journal go by (EVENT, "Identity" and "Change"). */
	struct hash key;       /* alias of the id (else link, else title + date, else content) */
	struct hash key_link;  /* alias of id + link: the key in feeds whose guids repeat */
	struct hash link_key;  /* alias of the link; zero: no link */
	struct hash title_key; /* the folded title; zero: no title */
	struct hash change;    /* of all that makes it an update when it differs */
	struct hash message;   /* the CAP message it is; zero: none (normalize/message.c) */
	struct hash *cancels;  /* the messages that a CAP Cancel takes back */
	size_t n_cancels;
	struct explain *explain; /* written as `_explain`; NULL: nobody asked */
};

/* Writes the JSON object `data`. */
void item_write(struct json *j, const struct item *item);

/* Parts of it that a feed has too: a member with its name, or nothing where there is nothing. */
void item_write_people(
	struct json *j, const char *name, const struct item_person *people, size_t n);
void item_write_categories(
	struct json *j, const char *name, const struct category *categories, size_t n);
void item_write_links(struct json *j, const char *name, const struct item_link *links, size_t n);
void item_write_geo(struct json *j, const char *name, const struct item_geo *geo);

/* The feed's own data, normalized, for `civicwire parse` and the daemon's status. */
struct feed_info {
	struct str title, home_page_url, feed_url, description, language, icon;
	struct item_person *authors, *contributors;
	size_t n_authors, n_contributors;
	struct str id, subtitle, rights, generator_name, generator_url, generator_version;
	struct str image_url, image_title, image_link, logo, docs;
	int64_t updated_s, published_s;
	int64_t ttl_min; /* minutes; -1: none */
	struct category *categories;
	size_t n_categories;
	struct item_link *links;
	size_t n_links;
	struct item_geo geo;
};
