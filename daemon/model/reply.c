#include "model/reply.h"

#include "base/alloc.h"

#include <stdlib.h>

const char *const reply_outcome_names[REPLY_OUTCOME_COUNT] = {
	[REPLY_BODY] = "body",
	[REPLY_SAME_BODY] = "same-body",
	[REPLY_NOT_MODIFIED] = "not-modified",
	[REPLY_OUTDATED] = "outdated",
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

static enum reply_outcome outcome_of(enum fault fault)
{
	switch (fault) {
	case FAULT_TOO_LARGE:
	case FAULT_BOMB:
	case FAULT_HEADERS_TOO_LARGE:
		return REPLY_TOO_LARGE;
	case FAULT_TOO_MANY_REDIRECTS:
	case FAULT_ADDRESS_REFUSED:
	case FAULT_SCHEME_REFUSED:
	case FAULT_URL_REFUSED:
		return REPLY_REFUSED;
	case FAULT_HTTP_STATUS:
	case FAULT_UNASKED_304:
		return REPLY_HTTP_ERROR;
	case FAULT_BUSY:
		return REPLY_BUSY;
	case FAULT_GONE:
		return REPLY_GONE;
	case FAULT_LOCAL:
		return REPLY_LOCAL;
	default:
		return REPLY_NETWORK;
	}
}

void reply_fail(struct reply *reply, enum fault fault, char *sentence)
{
	free(reply->error);
	reply->fault = fault;
	reply->outcome = outcome_of(fault);
	reply->error = sentence;
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
	free(reply->links);
	free(reply->error);
	free(reply);
	return NULL;
}
