/* Is it them, or is it us? One host that does not answer has a problem of its own. If most hosts do
 * not, our own network has: then nothing is learnt of the feeds, and what is known of them must not
 * change, or each feed would be told of as failing, and be asked again only a day later. Pure. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/str.h"
#include "model/fault.h"

/* As many hosts as a large installation asks within a quarter of a minute; more say no more. */
#define OUTAGE_HOSTS 64

struct outage {
	struct outage_host {
		uint64_t name; /* its hash; 0: empty */
		int64_t at_us;
		bool failed;
	} hosts[OUTAGE_HOSTS];
};

/* How the last request to the URL's host ended. An answer is one, whatever it says. */
void outage_note(struct outage *outage, struct str url, enum fault fault, int64_t now_us);
/* Most of the hosts that were asked last could not be reached. */
bool outage_is(const struct outage *outage, int64_t now_us);
/* A fault that a network of our own could have. */
bool outage_suspects(enum fault fault);
