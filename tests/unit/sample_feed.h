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
