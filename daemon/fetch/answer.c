/* What the end of a request means: another hop, or one of the outcomes, with its sentence. */
#include "fetch/transfer.h"

#include <stdlib.h>

#include "base/alloc.h"
#include "fetch/words.h"

/* Clocks of a server's machines are not all the same. */
#define OUTDATED_BY_US MIN_US
/* Caches keep nothing for longer that changes as often as a feed. */
#define OUTDATED_MOST_US DAY_US

static void take_headers(struct transfer *t)
{
	struct reply *reply = t->reply;
	struct response *r = &t->response;
	int64_t now_s = reply->finished_us / SEC_US;

	reply->http_status = r->status;
	reply->etag = r->etag;
	reply->last_modified = r->last_modified;
	reply->content_type = r->content_type;
	reply->content_location = r->content_location;
	reply->content_language = r->content_language;
	r->etag = r->last_modified = r->content_type = NULL;
	reply->links = r->links;
	r->content_location = r->content_language = r->links = NULL;
	reply->fresh_us = response_fresh_us(r, now_s);
	reply->retry_after_us = response_retry_us(r, now_s);
}

/* Was it made before what we had from there? Then it moves nothing: a cache that has not heard of the newer
 * one would have us tell an older version of an item as the newer, and that back again. After a day without
 * anything newer it was the server's clock that was put back. */
static bool is_outdated(const struct reply *reply)
{
	const struct feed_state *state = &reply->state;

	return state->made_us && reply->made_us &&
	       reply->made_us < state->made_us - OUTDATED_BY_US &&
	       reply->finished_us - state->last_change_us < OUTDATED_MOST_US;
}

static void judge_body(struct transfer *t)
{
	struct reply *reply = t->reply;
	const struct feed_state *state = &reply->state;
	bool is_known = state->url && !strcmp(state->url, reply->feed->url);

	hash_mixer_end(&t->hash, &reply->body_hash);
	reply->made_us = response_made_us(&t->response, reply->finished_us / SEC_US);
	reply->outcome = REPLY_BODY;
	if (is_known && hash_eq(&reply->body_hash, &state->body_hash)) {
		reply->outcome = REPLY_SAME_BODY;
	} else if (is_known && is_outdated(reply)) {
		reply->outcome = REPLY_OUTDATED;
		body_deinit(&reply->body);
	}
}

static void judge_status(struct transfer *t)
{
	struct reply *reply = t->reply;
	int status = t->response.status;
	bool asked = reply->state.etag || reply->state.last_modified;

	take_headers(t);
	if (t->form && status >= 200 && status < 300)
		reply->outcome = REPLY_BODY;
	else if (transfer_has_body(t))
		judge_body(t);
	else if (status == 304 && asked)
		reply->outcome = REPLY_NOT_MODIFIED;
	else
		words_for_status(t);
	if (!reply->error && t->hops && t->permanent)
		reply->permanent_url = mem_strdup(reply->url);
}

/* Location against the URL that was asked. Not CURLINFO_REDIRECT_URL: libcurl puts the request's
 * user name and password into it. */
static char *resolve(const char *base, const char *location)
{
	CURLU *u = curl_url();
	char *text = NULL, *url = NULL;

	if (u && !curl_url_set(u, CURLUPART_URL, base, 0) &&
		!curl_url_set(
			u, CURLUPART_URL, location, CURLU_URLENCODE | CURLU_NON_SUPPORT_SCHEME) &&
		!curl_url_set(u, CURLUPART_FRAGMENT, NULL, 0) &&
		!curl_url_get(u, CURLUPART_URL, &text, 0))
		url = mem_strdup(text);
	curl_free(text);
	curl_url_cleanup(u);
	return url;
}

/* The next hop, or NULL: none, or refused. */
static char *next_hop(struct transfer *t)
{
	int status = t->response.status;
	char host[WORDS_HOST_MAX];

	if ((status != 301 && status != 302 && status != 303 && status != 307 && status != 308) ||
		!t->response.location || (t->form && status != 307 && status != 308))
		return NULL;
	words_host(t->reply->url, host);
	char *url = resolve(t->reply->url, t->response.location);
	if (!url)
		reply_fail(t->reply, FAULT_URL_REFUSED,
			mem_printf("%s redirects to what is no URL: %.200s", host,
				t->response.location));
	else if (t->hops >= t->limits->redirects)
		reply_fail(t->reply, FAULT_TOO_MANY_REDIRECTS,
			mem_printf("%s redirects more than %u times", host, t->limits->redirects));
	/* What is sent is meant for those alone who hold a key of that name. */
	else if (t->form && str_istarts(str_of(t->reply->url), STR("https:")) &&
		 !str_istarts(str_of(url), STR("https:")))
		reply_fail(t->reply, FAULT_URL_REFUSED,
			mem_printf("%s redirects out of TLS, to %.200s", host, url));
	if (t->reply->error) {
		t->reply->http_status = status;
		free(url);
		return NULL;
	}
	t->hops++;
	t->permanent = t->permanent && (status == 301 || status == 308);
	return url;
}

char *transfer_end(struct transfer *t, CURLcode code)
{
	transfer_resolved(t);
	transfer_led(t);
	transfer_tell(t);
	if (code == CURLE_PEER_FAILED_VERIFICATION || code == CURLE_SSL_CONNECT_ERROR)
		sessions_drop(&t->pool->sessions, str_of(t->reply->url));
	if (t->stop && t->stop != STOP_ENOUGH)
		words_for_stop(t);
	else if (!t->stop && code != CURLE_OK)
		words_for_curl(t, code);
	else
		words_for_head(t);
	if (t->reply->error) {
		t->reply->http_status = t->response.status;
		body_deinit(&t->reply->body);
		return NULL;
	}
	char *url = next_hop(t);
	if (url || t->reply->error)
		return url;
	t->reply->finished_us = clock_real_us();
	judge_status(t);
	return NULL;
}
