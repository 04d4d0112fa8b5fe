/* What a person who watches a poll is told of each request. */
#include <curl/curl.h>

#include "base/clock.h"
#include "fetch/transfer.h"
#include "fetch/words.h"

static int version_of(long curl)
{
	switch (curl) {
	case CURL_HTTP_VERSION_1_0:
		return 10;
	case CURL_HTTP_VERSION_1_1:
		return 11;
	case CURL_HTTP_VERSION_2_0:
		return 20;
	case CURL_HTTP_VERSION_3:
		return 30;
	default:
		return 0;
	}
}

/* libcurl gives the chain as lists of "name:value"; the first list is the server's own. */
static const char *certificate_says(const struct curl_certinfo *chain, const char *name)
{
	size_t n = strlen(name);

	if (!chain || chain->num_of_certs < 1)
		return NULL;
	for (const struct curl_slist *line = chain->certinfo[0]; line; line = line->next)
		if (!strncmp(line->data, name, n) && line->data[n] == ':')
			return line->data + n + 1;
	return NULL;
}

void transfer_tell(const struct transfer *t)
{
	struct curl_certinfo *chain = NULL;
	curl_off_t wire = 0, took = 0;
	char *address = NULL;
	long version = 0;

	if (!t->desk->trace)
		return;
	curl_easy_getinfo(t->easy, CURLINFO_SIZE_DOWNLOAD_T, &wire);
	curl_easy_getinfo(t->easy, CURLINFO_TOTAL_TIME_T, &took);
	curl_easy_getinfo(t->easy, CURLINFO_PRIMARY_IP, &address);
	curl_easy_getinfo(t->easy, CURLINFO_HTTP_VERSION, &version);
	curl_easy_getinfo(t->easy, CURLINFO_CERTINFO, &chain);
	struct fetch_hop hop = {
		.url = t->reply->url,
		.status = t->response.status,
		.reason = words_of_status(t->response.status),
		.location = t->response.location,
		.address = address && *address ? address : NULL,
		.refused = t->refused,
		.http_version = version_of(version),
		.conditional = t->reply->state.etag || t->reply->state.last_modified,
		.wire = wire,
		.took_us = took,
		.subject = certificate_says(chain, "Subject"),
		.issuer = certificate_says(chain, "Issuer"),
		.expires = certificate_says(chain, "Expire date"),
	};
	t->desk->trace->hop(t->desk->trace, &hop);
}
