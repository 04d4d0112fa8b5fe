/* What the log tells of polls. */
#include "actors/polling.h"

#include <stdio.h>

#include "base/clock.h"
#include "base/log.h"

/* Texts of numbers, for the fields of a record. */
struct numbers {
	char status[16], took_ms[24];
};

static void write_numbers(struct numbers *to, int http_status, int64_t took_us)
{
	snprintf(to->status, sizeof to->status, "%d", http_status);
	snprintf(to->took_ms, sizeof to->took_ms, "%lld", (long long)(took_us / MSEC_US));
}

void polling_log(const struct reply *reply, int64_t took_us)
{
	const struct feed *feed = reply->feed;
	const char *outcome = reply_outcome_names[reply->outcome];
	struct numbers n;

	if (!log_is_on(LOG_LEVEL_DEBUG))
		return;
	write_numbers(&n, reply->http_status, took_us);
	log_write(LOG_LEVEL_DEBUG,
		LOG_FIELDS({"feed", feed->id}, {"city", feed->city}, {"url", feed->url},
			{"http_status", n.status}, {"duration_ms", n.took_ms},
			{"outcome", outcome}),
		"%s was polled: %s", feed->id, reply->error ? reply->error : outcome);
}

void polling_log_change(const struct polled *polled, const struct feed_state *is)
{
	const struct feed *feed = polled->feed;
	const struct feed_state *was = polled_kept(polled);
	struct numbers n;
	bool was_bad = was->health == FEED_FAILING || was->health == FEED_GONE;
	bool is_bad = is->health == FEED_FAILING || is->health == FEED_GONE;

	if (was_bad == is_bad && was->fault == is->fault)
		return;
	write_numbers(&n, (int)is->http_status, polled->took_ms * MSEC_US);
	if (is_bad)
		log_write(LOG_LEVEL_WARNING,
			LOG_FIELDS({"feed", feed->id}, {"city", feed->city}, {"url", feed->url},
				{"http_status", n.status}, {"duration_ms", n.took_ms},
				{"fault", fault_name(is->fault)}),
			"%s is %s: %s (%s)", feed->id, feed_health_names[is->health],
			is->error ? is->error : "no reason known", fault_name(is->fault));
	else if (!was_bad)
		return; /* trouble of ours, told elsewhere */
	else
		log_write(LOG_LEVEL_INFO,
			LOG_FIELDS({"feed", feed->id}, {"city", feed->city}, {"url", feed->url},
				{"http_status", n.status}, {"duration_ms", n.took_ms}),
			"%s works again after %u failed polls", feed->id, (unsigned)was->failures);
}
