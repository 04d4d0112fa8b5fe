#include "model/reply.h"

#include "base/alloc.h"

#include <stdlib.h>

const char *const reply_outcome_names[REPLY_OUTCOME_COUNT] = {
	[REPLY_BODY] = "body",
	[REPLY_SAME_BODY] = "same-body",
	[REPLY_NOT_MODIFIED] = "not-modified",
	[REPLY_GONE] = "gone",
	[REPLY_BUSY] = "busy",
	[REPLY_HTTP_ERROR] = "http-error",
	[REPLY_NETWORK] = "network",
	[REPLY_REFUSED] = "refused",
	[REPLY_TOO_LARGE] = "too-large",
	[REPLY_LOCAL] = "local",
};

struct reply *reply_new(const struct feed *feed, const struct feed_state *state)
{
	struct reply *reply = mem_zalloc(1, sizeof *reply);

	reply->feed = feed_ref(feed);
	feed_state_copy(&reply->state, state);
	reply->body = BODY_INIT;
	reply->retry_after_us = reply->fresh_us = -1;
	return reply;
}

struct reply *reply_free(struct reply *reply)
{
	if (!reply)
		return NULL;
	feed_unref(reply->feed);
	feed_state_deinit(&reply->state);
	body_deinit(&reply->body);
	free(reply->url);
	free(reply->permanent_url);
	free(reply->etag);
	free(reply->last_modified);
	free(reply->content_type);
	free(reply->content_location);
	free(reply->content_language);
	free(reply->error);
	free(reply);
	return NULL;
}
