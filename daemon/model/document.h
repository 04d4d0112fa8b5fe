/* What a feed says, as it says it: the parser's output, format and vocabularies resolved, values
 * still raw (dates unread, HTML uncleaned, URLs relative). All texts are valid UTF-8 with the
 * XML or JSON layer's escapes already undone, once. They live in an arena of the parser: those of
 * an entry until the parser goes on to the next one, those of the document until the parser is
 * used again. */
#pragma once

#include "base/arena.h"

enum document_format {
	FORMAT_UNKNOWN,
	FORMAT_RSS090,
	FORMAT_RSS091N, /* Netscape's, with its DTD */
	FORMAT_RSS091U, /* Userland's */
	FORMAT_RSS092,
	FORMAT_RSS093,
	FORMAT_RSS094,
	FORMAT_RSS10,
	FORMAT_RSS20,
	FORMAT_RSS, /* no version, or one nobody knows */
	FORMAT_ATOM03,
	FORMAT_ATOM10,
	FORMAT_ATOM,
	FORMAT_JSON1,
	FORMAT_JSON11,
	FORMAT_CAP11,
	FORMAT_CAP12,
	FORMAT_COUNT
};
extern const char *const document_format_names[FORMAT_COUNT];

/* What the bytes of a text mean. */
enum text_type {
	TEXT_PLAIN,  /* characters are characters */
	TEXT_HTML,   /* HTML, escaped in the XML; now unescaped once */
	TEXT_XHTML,  /* inline elements, serialised again as markup */
	TEXT_LIKELY, /* RSS: nobody says; plain text or escaped HTML, the normalizer decides */
};

struct text {
	struct str value; /* p == NULL: absent */
	enum text_type type;
	struct str base; /* xml:base in force, resolved against outer ones as far as the document
			    goes; NULL: the document's */
	struct str language; /* xml:lang in force; NULL: the document's */
};

struct link {
	struct str href, rel, type, hreflang, title, length;
	struct str base; /* as in struct text; href is not resolved yet */
};

struct person {
	struct str name, email, uri;
	struct str base;
};

struct category {
	struct str term, scheme, label;
};

struct enclosure {
	struct str url, type, length, title;
	struct str duration; /* seconds, or "h:mm:ss" */
	struct str base;
};

/* A date in the feed's own words. */
struct raw_dates {
	struct str published, updated, created, expires;
};

enum geo_type { GEO_NONE, GEO_POINT, GEO_LINE, GEO_POLYGON, GEO_BOX, GEO_CIRCLE };

/* A place in the words of georss, gml, W3C geo or CAP, unread. */
struct raw_geo {
	enum geo_type type;
	struct str coordinates; /* blanks, commas or semicolons between numbers, latitude first */
	bool longitude_first;   /* gml with a CRS that says so */
	bool has_altitudes;     /* three numbers a point */
	unsigned metres;        /* of one unit of a circle's radius, which comes after its centre */
};

/* All places of one thing, in the order of the feed. */
#define PLACE_LIST \
	struct raw_geo *places; \
	size_t n_places, cap_places

/* atom:source and rss:source. */
struct source {
	struct text title;
	struct str id, url, updated;
	struct str base;
};

/* From the RSS event module and xCal. */
struct raw_event {
	struct str start, end, location, organizer, type, name, url;
	struct str start_zone, end_zone; /* TZID of a local time */
};

/* A geocode of CAP: in which list, and what stands there. */
struct geocode {
	struct str name, value;
};

/* One <info> of CAP 1.2: what is said to the readers of one language. */
struct raw_info {
	struct str language, event, urgency, severity, certainty, effective, onset, expires;
	struct str sender_name, headline, description, instruction, web;
	struct str *categories, *response_types, *areas;
	size_t n_categories, cap_categories, n_response_types, cap_response_types, n_areas,
		cap_areas;
	struct geocode *geocodes;
	size_t n_geocodes, cap_geocodes;
	PLACE_LIST;
};

/* CAP 1.2 terms. */
struct raw_alert {
	struct str identifier, sender, sent, status, msg_type, scope, references;
	struct raw_info *infos;
	size_t n_infos, cap_infos;
};

#define PERSON_LIST \
	struct person *authors, *contributors; \
	size_t n_authors, cap_authors, n_contributors, cap_contributors

struct entry {
	struct str id;        /* guid, atom:id, rdf:about, JSON id */
	bool id_is_permalink; /* an RSS guid that may stand in for the link */
	struct str link;      /* RSS link as text; Atom's and JSON's are in links[] too */
	struct str link_base;
	struct str orig_link;                /* feedburner:origLink: the link before a tracker's */
	struct text title, summary, content; /* content: the fullest body the entry has */
	struct raw_dates dates;
	PERSON_LIST;
	struct link *links;
	size_t n_links, cap_links;
	struct category *categories;
	size_t n_categories, cap_categories;
	struct enclosure *enclosures;
	size_t n_enclosures, cap_enclosures;
	struct str comments, comments_base;
	struct str image, image_base;
	struct str
		duration; /* of the first enclosure that says none itself, as in struct enclosure */
	struct str language; /* dc:language or xml:lang of the entry; NULL: the document's */
	struct str base;     /* xml:base of the entry, as in struct text */
	struct text rights;
	struct str license;
	struct source source;
	bool has_source;
	PLACE_LIST;
	struct raw_event event;
	struct raw_alert alert;
	bool withdrawn; /* at:deleted-entry: id and dates.updated are all there is */
	unsigned flaws; /* enum flaw */
};

struct document {
	enum document_format format;
	struct str encoding;       /* the name actually used, lower case */
	const char *encoding_from; /* what said so, in words; NULL: nobody had to say */
	struct str url;            /* where it came from, if known */
	struct str base;           /* xml:base of the root element; NULL: none */
	struct str language;       /* as the document says; NULL: it does not */

	struct text title, subtitle, rights;
	struct str id, link, link_base, feed_url;
	struct raw_dates dates;
	PERSON_LIST;
	struct link *links;
	size_t n_links, cap_links;
	struct category *categories;
	size_t n_categories, cap_categories;
	struct str generator, generator_url, generator_version;
	struct str image, image_title, image_link, icon, logo, image_base;
	struct str ttl, docs, update_period, update_frequency, update_base;
	struct str skip_hours, skip_days; /* values joined by blanks */
	PLACE_LIST;
	bool complete;  /* fh:complete (RFC 5005): what is not here is gone */
	unsigned flaws; /* enum flaw; complete only when parsing has ended */
	size_t entries; /* how many were handed on */
};

static inline bool document_is_atom(const struct document *d)
{
	return d->format >= FORMAT_ATOM03 && d->format <= FORMAT_ATOM;
}
