/* What is in force, and where it stands: the files of a configuration once more, as trees, beside the
 * defaults of the schema. For people; consumers use struct config. No secret can come out, because none
 * can be in these files (a URL with a password is refused when they are loaded). */
#pragma once

#include "base/error.h"
#include "base/str.h"

/* Embed this and find the owner with container_of. Texts are valid during the call. */
struct config_show_sink {
	/* `subject` is a feed's id, or NULL for the daemon's own settings; `value` as YAML would have it;
	 * `where` "feeds.d/a.yaml:9:12", or "default". */
	void (*value)(struct config_show_sink *sink, const char *subject, const char *key,
		const char *value, const char *where);
};

/* The configuration must be one that config_load() takes: what is broken here is passed over.
 * `feeds` NULL: the settings of civicwired.yaml; else those of each feed whose id fits the pattern
 * ("co-mde.*"), with what it inherits. 0, or -errno when the folder cannot be read. */
int config_show(
	const char *path, const char *feeds, struct config_show_sink *sink, struct error *error);
