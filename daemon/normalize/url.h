/* URLs: RFC 3986 resolution and the aliases by which items are recognised. Pure. */
#pragma once

#include "base/arena.h"
#include "base/buf.h"
#include "base/hash.h"

/* URLs longer than this are dropped: servers refuse them at 8 KiB, and no feed of the corpus has
 * one above 2 KiB. */
#define URL_BYTES_MAX 8192

/* Is it absolute, with a scheme? */
bool url_is_absolute(struct str url);
/* http or https? */
bool url_is_web(struct str url);

/* Is it what url_resolve() would give of it, whatever the base: http or https, and no byte that no URL may
 * hold? */
bool url_is_clean(struct str url);

/* `ref` resolved against `base`, trimmed, line breaks taken out, spaces and other characters no
 * URL may hold percent-encoded, the rest as written. An unresolvable or dangerous one (javascript:,
 * data:, vbscript: in every disguise) gives STR_NONE; without a base a relative one stays as it is. The
 * result is in `arena`, or a slice of ref where nothing had to be changed. */
struct str url_resolve(struct arena *arena, struct str base, struct str ref);

/* The same appended to a buffer; false (and nothing appended) where url_resolve gives STR_NONE. */
bool url_resolve_to(struct buf *out, struct str base, struct str ref);

/* Is the scheme one that may stand in a link (http, https, mailto, tel, ftp, geo, magnet …)? For a
 * relative URL: true. Control characters and white space before and in the scheme do not fool it. */
bool url_is_safe(struct str url);

/* The identity of a URL: without scheme, "www.", fragment-free of tracking parameters (utm_*,
 * fbclid, gclid, mc_cid …), default port and trailing slash; host in lower case. Appends. */
void url_alias(struct buf *out, struct str url);
