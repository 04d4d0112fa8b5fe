/* Entries of all files → struct config: defines ids, resolves references, joins networks with
 * their cities. */
#pragma once

#include "base/map.h"
#include "config/bind.h"

struct config;

/* Everything that was read beside civicwired.yaml. */
struct sources {
	struct feeds_file *feeds;
	struct themes_file *themes;
	size_t n_feeds, n_themes;
	bool broken; /* a file could not be read: what it would have defined is unknown */
	const struct config *before;           /* in force, on a reload; else NULL */
	const struct standing_feeds *standing; /* NULL: none */
};

/* Where ids are known: full id → the struct that begins with a struct entry. */
struct ids {
	const struct standing_feeds *standing; /* knows more feeds, and their agencies */
	struct map networks, cities, agencies, feeds, themes;
	struct map clients;        /* struct client_settings */
	struct map formers, hosts; /* who claimed them: struct reference */
};

/* Fills in networks, rules, themes and feeds of the configuration. */
void resolve_all(struct binder *binder, struct sources *sources, struct config *config);
