/* The feed of tests that need just one. */
#pragma once

#include "model/feed.h"

/* One reference, the caller's. */
static inline struct feed *sample_feed(void)
{
	struct feed *feed = feed_new();

	feed->id = "aa-bbb.cc.dd";
	feed->city = "aa-bbb";
	feed->agency = "cc";
	feed->name = "dd";
	feed->path = "aa-bbb/cc/dd";
	feed->url = "https://feed.example/rss";
	return feed;
}

/* Another one, that is polled: as a configuration has it. */
static inline struct feed *sample_polled(const char *id, int64_t interval_us)
{
	const struct feed draft = {.id = id,
		.path = id,
		.name = id,
		.url = "https://aci.example/feed",
		.interval_us = interval_us,
		.enabled = true};

	return feed_pack(&draft, NULL);
}
