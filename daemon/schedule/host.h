/* Which host a URL is polled at, and what it allows. Inside schedule/, and
 * for who shows it. */
#pragma once

#include "base/buf.h"
#include "model/settings.h"

/* The queue of all file: URLs: no server stands behind them. */
#define HOST_FILE "file:"

/* What stands in the URL between "://" and its path, as it is written there: user, host and port. STR_NONE:
 * there is no "://". */
struct str host_authority(struct str url);

/* Appends the name of the URL's host to `out`: lower case, without user, without the scheme's own
 * port: "example.org", "example.org:8080", "[::1]:80". HOST_FILE for file: URLs; the empty text
 * where there is no host. */
void host_of_url(struct buf *out, struct str url);

/* The same name as a number, which is never 0: two names hardly ever have the same. */
uint64_t host_number(struct str url);

/* The `hosts:` entry for a host: by name and port, else by name alone; NULL: none. */
const struct host_settings *host_find(const struct fetch_settings *settings, struct str host);
