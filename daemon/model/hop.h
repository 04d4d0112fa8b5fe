/* A redirect that has led a poll from one host to another: where it goes on, and what it has come with. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct hop {
	char *url;          /* where to go on. Owned. */
	unsigned number;    /* of redirects so far, those within a host included */
	bool permanent;     /* all of them were 301 or 308 */
	int64_t started_us; /* its first request: microseconds since 1970 */
	int64_t spent_us;   /* on requests so far; waiting for the host is not in it */
};
