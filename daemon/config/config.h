/* The operator's files → one typed struct. Reads civicwired.yaml, feeds.d/, themes.d/ …; reports
 * every problem it can find at once, each as "file:line:column: sentence". A leaf: includes base/
 * and model/ only. Immutable once loaded. */
#pragma once

#include "base/error.h"
#include "model/feed.h"
#include "model/settings.h"

#include <stdatomic.h>

struct config_network {
	const char *id, *name; /* name: English, else the first given */
	const char **cities;
	size_t n_cities;
};

/* What adds themes to items (normalize/theme.h takes them as they are). */
struct config_rule {
	const char *theme;
	const char *language; /* NULL: any */
	const char **words, **feeds, **categories;
	size_t n_words, n_feeds, n_categories;
};

/* Who may read; apart from the rest, as it changes while the daemon runs. In order of names. */
struct config_clients {
	struct arena arena;
	struct client_settings *items;
	size_t n;
};

struct config {
	struct arena arena;
	struct config_texts *texts; /* what it was made of */
	const char *folder;         /* absolute */
	struct config_clients *clients;
	const char *publisher;
	struct journal_settings journal;
	struct bus_settings bus;
	struct control_settings control;
	struct fetch_settings fetch;
	struct websub_settings websub;
	struct config_network *networks;
	size_t n_networks, n_cities;
	struct feed **feeds; /* in order of their ids; one reference each */
	size_t n_feeds;
	uint32_t *feed_texts;      /* from which of `texts` each of them is */
	struct config_rule *rules; /* the operator's and the shipped vocabulary's */
	size_t n_rules;
};

/* Told of each problem, in the order of files and lines. `message` is the whole line to show. */
struct config_report {
	void (*problem)(struct config_report *report, const char *message);
	size_t problems;
};

/* Loads a configuration folder, or a single file of it in the place of civicwired.yaml:
 *
 *   civicwired.yaml            the daemon's settings; may be absent: all have defaults
 *   feeds.d/…yaml              networks, cities, bodies, their agencies and feeds, rules
 *   themes.d/…yaml             themes beside the shipped vocabulary
 *   clients.d/NAME.yaml        clients with keys, one a file
 *   <data folder>/themes/      the shipped vocabulary; the data folder is the installed one, or
 *                              that named by the environment variable CIVICWIRE_DATADIR
 *
 * Relative paths in a file are relative to the folder of that file. 0, or -EINVAL when there were
 * problems (all reported), or -errno when the folder cannot be read at all. Changes nothing. */
int config_load(
	struct config **ret, const char *path, struct config_report *report, struct error *error);
/* The shipped vocabulary of themes alone: a configuration without feeds. */
int config_load_vocabulary(struct config **ret, struct config_report *report, struct error *error);
/* The rules of one file of themes.d/, by itself. -EINVAL: it has problems, all reported; else -errno: it
 * cannot be read. */
int config_load_themes(
	struct config **ret, const char *path, struct config_report *report, struct error *error);
/* The index of the first feed whose id is not before this text; n_feeds: none. */
size_t config_feed_from(const struct config *config, struct str id);
/* Reads the same files again, `before` being what is in force. A file with a problem (reported, all at
 * once) is taken as `before` has it, or left out if it is new there; so are, in files that have not
 * changed, entries that name what is no longer defined. Feeds that are the same are the very same
 * `struct feed`. 0, or a negative errno when the folder cannot be read at all: then nothing is known;
 * -ECANCELED: *given_up (may be NULL) became true. `clients` are those in force. Any thread. */
struct config_again {
	const struct config *before;
	const struct config_clients *clients;
	const char *path; /* as given to config_load() */
	atomic_bool *given_up;
};
int config_reload(struct config **ret, const struct config_again *again,
	struct config_report *report, struct error *error);
/* Puts what the daemon writes, journal and control socket, into one folder; NULL: leaves it. */
void config_set_state(struct config *config, const char *folder);
/* The daemon's settings alone (no feeds, no clients), for who must keep them longer than the rest. */
struct config *config_copy_settings(const struct config *config);
/* Which settings of civicwired.yaml differ that a running daemon cannot change, one report each: what
 * its journal, its sockets and its endpoints are. */
void config_compare_fixed(
	const struct config *running, const struct config *wanted, struct config_report *report);
/* Reads clients.d/ of a configuration folder again. A file with a problem (reported) leaves its
 * client as it is in `before`, which may be NULL; the others take effect. 0, or a negative errno
 * when the folder cannot be read: then nothing is known. */
int config_clients_load(struct config_clients **ret, const char *folder,
	const struct config_clients *before, struct config_report *report, struct error *error);
struct config_clients *config_clients_free(struct config_clients *clients);
/* Tells of hosts whose feeds ask for more requests than the host's gap and parallel allow: polls
 * would come later than configured. No error, as nobody is hurt. */
void config_check_budgets(const struct config *config, struct config_report *report);
/* NULL-safe; returns NULL. */
struct config *config_free(struct config *config);
CLEANUP_DEFINE(struct config, config_free);
