/* What stands of a file of feeds.d/ that has not changed, so that a reload need not parse it.
 *
 * Of a million feeds in a thousand files a reload changes a few. The others' feeds are taken over as they
 * are, the very same `struct feed`; what such a file says to others (its cities, networks and rules, and
 * the names it refers to) is kept beside its bytes. With that, all files together are judged as if each
 * had been parsed. What only the parsed file can tell is asked for: a place to report (line and column),
 * or feeds that become others because a network took their city in. Then the file is `wanted`, and all
 * begins anew with that one parsed. So a reload says and makes exactly what a whole load would. */
#pragma once

#include "config/resolve.h"

struct standing_city {
	const char *id;
	const char **networks; /* that its feeds name, sorted */
	size_t n_networks;
	const char **agencies; /* those without feeds; the others' ids are in their feeds' */
	size_t n_agencies;
};

/* Lies in its own arena. Immutable. */
struct standing {
	struct arena arena;
	struct standing_city *cities, *bodies;
	struct network_entry *networks;
	struct rule_entry *rules;
	size_t n_cities, n_bodies, n_networks, n_rules;
	struct reference *references; /* each once; none to what the file defines itself */
	size_t n_references;
};

/* Of a file that was parsed and in which nothing is wrong. */
struct standing *standing_new(
	struct binder *binder, const struct feeds_file *source, const struct ids *ids);
/* NULL-safe; returns NULL. */
struct standing *standing_free(struct standing *standing);
/* Writes its entries into *ret, without their feeds, and its references into the binder. */
void standing_enter(const struct standing *standing, const struct config_file *file,
	struct binder *binder, struct feeds_file *ret);
/* When all networks are joined: do the feeds still name those of their city? */
bool standing_fits(const struct feeds_file *source);

/* ---- the feeds of such files ---- */

struct standing_feeds {
	const struct config *before;
	/* By the file's index in before->texts: the file now, NULL if it does not stand, and its
	 * index in the texts of the configuration that is made. */
	const struct config_file **files;
	uint32_t *now;
};

/* The file that feed i of the configuration in force comes from; NULL: it does not stand. `feeds` may
 * be NULL in all three. */
const struct config_file *standing_file(const struct standing_feeds *feeds, size_t i);
/* The file of the feed, or of any feed of the agency, with this id; NULL: there is none. */
const struct config_file *standing_feed(const struct standing_feeds *feeds, const char *id);
const struct config_file *standing_agency(const struct standing_feeds *feeds, const char *id);
