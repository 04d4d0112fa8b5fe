/* What the headers of an HTTP answer say. Pure; the lines come one by one, as received. */
#pragma once

#include <stdbool.h>

#include "base/clock.h"
#include "base/str.h"

/* "Later than in a week" is no Retry-After but a farewell; the back-off takes over from there. */
#define RETRY_AFTER_MAX_US (7 * DAY_US)

/* "Wednesday, 09-Nov-94 08:49:37 GMT" is the longest. */
#define HTTP_DATE_MAX 40

struct response {
	int status; /* 0: no status line yet */
	size_t bytes;
	/* First of its name each; NULL: absent. Owned. */
	char *etag, *last_modified, *content_type, *content_location, *content_language, *location;
	char *links;                     /* of all Link fields those with a hub or a self */
	int64_t max_age_s, age_s;        /* -1: absent */
	int64_t expires_s, retry_date_s; /* TIME_NONE: absent */
	char date[HTTP_DATE_MAX];        /* not read yet; "": absent */
	int64_t retry_s;                 /* -1: absent */
	int64_t length;                  /* Content-Length; -1: absent or no number */
	bool expires_now;                /* "Expires: 0", no-cache, no-store */
	bool lengths_differ;             /* two of Content-Length, not the same */
	bool ended;                      /* the empty line has come */
};

void response_init(struct response *response);
void response_deinit(struct response *response);
/* One line with its line end. A status line begins the answer anew: what came before was a 1xx or
 * another hop. */
void response_line(struct response *response, struct str line);

/* How long the answer may be called fresh at `now_s`: max-age − Age, else Expires − Date; -1: it
 * does not say. */
int64_t response_fresh_us(const struct response *response, int64_t now_s);
/* The wait asked for by Retry-After, at most RETRY_AFTER_MAX_US; -1: none. */
int64_t response_retry_us(const struct response *response, int64_t now_s);

/* When its server has made it, in microseconds since 1970 (Date: caches leave it as it was); 0: it does
 * not say, or what has not come yet at `now_s`. */
int64_t response_made_us(const struct response *response, int64_t now_s);

/* RFC 9110 § 5.6.7, all three forms. */
bool http_date(struct str s, int64_t *ret_s);
void http_date_write(int64_t unix_s, char out[TIME_TEXT_MAX]);

/* Can be sent back in a header as it came: visible, in one line, and not a page long. */
bool validator_is_sound(struct str value);
