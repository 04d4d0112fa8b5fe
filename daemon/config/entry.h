/* What the files say, one struct per kind of entry, references still unresolved: the schema table
 * fills these, resolve.c and feeds.c make `struct config` of them. All live in the load's arena. */
#pragma once

#include "config/problem.h"

#include <stdint.h>

/* The first member of everything that has an id. */
struct entry {
	const char *id;            /* NULL: missing or unusable (reported) */
	struct mark mark;          /* of the id */
	const struct place *place; /* for sentences */
	const char *full;          /* "mx-mex.cgai.noticias"; set by resolve.c */
};

/* A name in several languages. */
struct name {
	const char *language, *text;
};
struct names {
	struct name *items;
	size_t n;
};

/* Words by language. */
struct word_list {
	const char *language;
	const char **items;
	size_t n;
};
struct words {
	struct word_list *items;
	size_t n;
};

struct interval {
	int64_t us;       /* 0: not given */
	const char *text; /* as written */
	struct mark mark;
	bool told; /* one problem is enough, however many feeds inherit it */
};

struct point {
	double latitude, longitude;
	bool given;
};

/* true, false or not given (then the level above decides). */
enum tristate { TRI_UNSET, TRI_FALSE, TRI_TRUE };

struct auth_entry {
	const char *user, *password_file, *password_credential;
	const char *bearer_file, *bearer_credential;
	const char *certificate_file, *key_file;
	bool given;
};

/* What city, agency and feed may each say; the nearest wins, but themes add up. */
struct inherited {
	const char *language, *timezone, *licence, *contact, *proxy;
	struct interval interval;
	int interval_agreed, emails, complete, enabled; /* enum tristate */
	int adaptive, ignore_hints, websub;             /* likewise */
	int64_t interval_max;                           /* 0: not given */
	int64_t max_body;                               /* 0: not given */
	const char **allow_net, **themes;
	size_t n_allow_net, n_themes;
	struct auth_entry auth;
};

struct feed_entry {
	struct entry entry;
	struct names name;
	const char *url, *translates;
	int kind; /* enum feed_kind */
	const char **formerly;
	size_t n_formerly;
	struct inherited own;
};

struct agency_entry {
	struct entry entry;
	struct names name;
	int sector;
	struct feed_entry *feeds;
	size_t n_feeds;
	struct inherited own;
};

/* A city, or a body in a city's place. */
struct city_entry {
	struct entry entry;
	struct names name;
	const char *country;
	struct point point;
	const char **same_as;
	size_t n_same_as;
	struct agency_entry *agencies;
	size_t n_agencies;
	struct inherited own;
	const char **networks; /* resolved: ids, sorted */
	size_t n_networks, cap_networks;
};

struct network_entry {
	struct entry entry;
	struct names name;
	const char *lead;
	const char **cities;
	size_t n_cities;
};

struct rule_entry {
	const char *theme;
	const char **feeds, **categories;
	size_t n_feeds, n_categories;
	struct words words;
};

struct theme_entry {
	struct entry entry;
	struct names name;
	const char *media_topic;
	int64_t *sdg;
	size_t n_sdg;
	const char **categories;
	size_t n_categories;
	struct words words;
};

/* The root of a file in feeds.d/. */
struct feeds_file {
	struct network_entry *networks;
	struct city_entry *cities, *bodies;
	struct rule_entry *rules;
	size_t n_networks, n_cities, n_bodies, n_rules;

	/* Where all this is from; zeros if there is no such file. */
	const struct config_file *file;
	struct config_text *text;
	size_t text_index;                    /* in the texts of the configuration */
	const struct standing *standing;      /* not NULL: it was not parsed (standing.h) */
	size_t first_reference, n_references; /* in the binder's */
};

/* The root of a file in themes.d/. */
struct themes_file {
	struct theme_entry *themes;
	size_t n_themes;
};
