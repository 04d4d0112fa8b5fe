/* `civicwire probe`: what the daemon would make of an address. What is found gathers in one JSON object,
 * which --json prints as it is and probe-show.c puts into words. */
#pragma once

#include <jansson.h>
#include <stdbool.h>

#include "base/buf.h"
#include "config/config.h"
#include "digest/digest.h"

/* Pages with more have a feed for each of their categories. */
#define PROBE_DISCOVERED_MAX 12
#define PROBE_NETS_MAX       16

struct probe {
	const char *address; /* a URL, or the id of a feed of the configuration */
	const char *folder;  /* of the configuration; NULL: the shipped vocabulary alone */
	const char *nets[PROBE_NETS_MAX];
	size_t n_nets;
	unsigned long long items; /* shown */
	bool json, again;

	struct config *config;
	struct theme_rules *rules;
	struct digester *digester;
	json_t *found;
};

/* Polls a feed and fills p->found; what it is goes to "outcome". An exit status. */
int probe_poll(struct probe *probe, const struct feed *feed);
/* In words, on stdout. */
void probe_show(const struct probe *probe);
/* The block for a file of feeds.d/, of what was found. */
void probe_write_yaml(struct buf *out, const json_t *found);
