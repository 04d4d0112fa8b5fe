/* The one table of all keys: it drives reading and checking, suggestions for misspelt keys, the
 * defaults, the shipped civicwired.yaml and the JSON Schemas. Adding a key is adding a row. */
#pragma once

#include "base/buf.h"

#include <stdint.h>

/* A mapping in the files. Roots first. */
enum section {
	SECTION_DAEMON, /* civicwired.yaml */
	SECTION_FEEDS,  /* feeds.d/…yaml */
	SECTION_THEMES, /* themes.d/…yaml */
	SECTION_CLIENT, /* clients.d/…yaml */
	SECTION_CONTROL,
	SECTION_JOURNAL,
	SECTION_LIVE,
	SECTION_AUDIENCE,
	SECTION_REPLAY,
	SECTION_CONNECTIONS,
	SECTION_STATUS,
	SECTION_FETCH,
	SECTION_HOST,
	SECTION_WEBSUB,
	SECTION_NETWORK,
	SECTION_CITY,
	SECTION_BODY,
	SECTION_AGENCY,
	SECTION_FEED,
	SECTION_AUTH,
	SECTION_RULE,
	SECTION_THEME,
	SECTION_COUNT
};

/* What a value is. Texts are checked by a shape (shape.h) and stored as const char *. */
enum key_type {
	KEY_TEXT,
	KEY_ID,
	KEY_CITY_ID,
	KEY_BODY_ID,
	KEY_COUNTRY,
	KEY_LANGUAGE,
	KEY_TIMEZONE,
	KEY_URL,      /* http or https */
	KEY_PREFIX,   /* a URL without slash at its end: the publisher */
	KEY_CALLBACK, /* the same, and nothing behind its path */
	KEY_FEED_URL, /* http, https or file */
	KEY_PROXY,
	KEY_PATH, /* made absolute by the folder of its file */
	KEY_CREDENTIAL,
	KEY_ENDPOINT,     /* of ZeroMQ */
	KEY_HOST_PORT,    /* of loopback */
	KEY_ADDRESS_PORT, /* of any interface */
	KEY_HOST,
	KEY_NETWORK_RANGE, /* CIDR */
	KEY_MEDIA_TOPIC,
	KEY_TOPIC,
	KEY_PUBLIC_KEY,
	KEY_NETWORK_REF,
	KEY_CITY_REF,
	KEY_AGENCY_REF,
	KEY_FEED_REF,
	KEY_FORMER_FEED,
	KEY_THEME_REF,
	KEY_CLIENT_REF,
	KEY_FEED_PATTERN,
	KEY_TEXTS_END, /* those above are texts, those below are not */
	KEY_BOOL,      /* bool */
	KEY_TRISTATE,  /* int: enum tristate */
	KEY_COUNT,     /* int64_t */
	KEY_DURATION,  /* int64_t, microseconds */
	KEY_SIZE,      /* int64_t, bytes */
	KEY_TIME,      /* int64_t, microseconds since 1970 */
	KEY_INTERVAL,  /* struct interval */
	KEY_CHOICE,    /* int: index into choices */
	KEY_POINT,     /* struct point */
	KEY_NAMES,     /* struct names */
	KEY_WORDS,     /* struct words */
	KEY_SECTION,   /* a mapping, stored in place */
	KEY_SECTIONS,  /* a list of mappings: pointer at offset, number at count */
};

enum key_flag {
	KEY_LIST = 1,     /* several of the type: pointer at offset, number at count */
	KEY_REQUIRED = 2, /* the section makes no sense without it */
	KEY_NONE = 4,     /* `none` may be written: stored as 0 or NULL */
};

struct schema_key {
	enum section section;
	const char *name;
	enum key_type type;
	unsigned flags;       /* enum key_flag */
	size_t offset, count; /* into the section's struct */
	int64_t least, most;  /* of numbers, durations and sizes */
	const char *fallback; /* the default as YAML; NULL: none */
	const char *const *choices;
	enum section child;  /* of KEY_SECTION and KEY_SECTIONS */
	const char *example; /* for the shipped file, where there is no default */
	const char *about;   /* one line: what it is */
};

struct schema_section {
	const char *name;  /* in sentences: "feed" */
	size_t size;       /* of the struct; 0: its keys are stored in the struct above */
	const void *blank; /* what such a struct begins as; NULL: zeros */
	bool named;        /* the struct begins with a struct entry */
	bool in_path;      /* its id is part of full ids */
};

extern const struct schema_key schema_keys[];
extern const size_t schema_n_keys;
extern const struct schema_section schema_sections[SECTION_COUNT];

/* The rows of a section stand together: the first, and their number. */
const struct schema_key *schema_of(enum section section, size_t *ret_n);
/* The row of a key, or NULL. */
const struct schema_key *schema_find(enum section section, struct str name);

/* The shipped civicwired.yaml: every key with its default, commented out. */
void schema_write_sample(struct buf *out);
/* JSON Schema (draft 2020-12) of the files with this root. */
void schema_write_json(struct buf *out, enum section root);
