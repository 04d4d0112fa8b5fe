/* Lists of feeds that other readers export: OPML 1.0 and 2.0. Pure. Such a file comes from a stranger, so
 * what a document can do to its reader is refused: entities, depth, size. */
#pragma once

#include "base/arena.h"
#include "base/error.h"

/* 100,000 feeds of 160 bytes. */
#define OPML_BYTES_MAX (16 * 1024 * 1024)
/* Folders in folders; people use two levels. */
#define OPML_DEPTH_MAX 16
/* Outlines, folders among them: as many as there may be feeds. */
#define OPML_OUTLINES_MAX 100000

struct opml_feed {
	struct str text, url, page_url,
		language; /* as written; page_url and language may be absent */
	struct str id;    /* of civicwire's own export: "co-mde.aci.noticias"; else absent */
	const struct str *folders; /* names of those it is in, outermost first */
	size_t n_folders;
};

struct opml {
	struct arena arena; /* of all texts */
	struct str title;
	struct opml_feed *feeds;
	size_t n_feeds;
	size_t n_other; /* outlines that are neither feeds nor folders with one: links, notes */
};

/* 0; -EBADMSG: this is no OPML, or one that is refused, and *error says why, with the line; -EFBIG. */
int opml_read(struct opml *ret, struct str bytes, struct error *error);
void opml_deinit(struct opml *opml);
