/* The daemon's feeds as the command line sees them: fetched a page at a time, filtered, sorted. */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <time.h>

#include "base/arena.h"

/* What is kept of a feed; texts are in the list's arena. */
struct feed_row {
	const char *id, *health, *error, *host;
	const char *hub;                  /* how far its hub is (WebSub); "-": it has none */
	const char *hub_url, *hub_reason; /* "": none */
	const char *json;                 /* the daemon's own words; NULL unless asked for */
	bool polling, paused, works;
	time_t success, due, change; /* -1: never */
	time_t hub_since, hub_push,
		hub_lease; /* likewise: in this state, last push, the lease's end */
	long long hub_failures;
	long long failures, items;
};

/* What is wanted; all that are given must fit. */
struct feed_filter {
	const char *socket, *verb;
	char **patterns; /* ids, beginnings of ids, or patterns with * and ?; any of them */
	int n_patterns;
	const char *city, *network, *host;
	bool failing, paused, with_hub;
	time_t quiet_since; /* -1: does not matter; else: nothing changed after it */
	bool keep_json;
};

struct feed_list {
	struct arena arena;
	struct feed_row *rows;
	size_t n, cap;
};

/* Asks the daemon for all feeds that fit. EX_OK, or an exit status that was told on stderr. */
int feed_list_load(struct feed_list *ret, const struct feed_filter *filter);
void feed_list_deinit(struct feed_list *list);

/* How feeds can be ordered: the name of an order, or NULL after the last. */
const char *feed_order_name(size_t i);
/* False: there is no such order. */
bool feed_list_sort(struct feed_list *list, const char *order, bool reverse);

/* "30d" back from now, a date or a time; false if it is none of these. */
bool feed_time(const char *text, time_t *ret);
