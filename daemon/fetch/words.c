#include "fetch/words.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/alloc.h"

/* OpenSSL's X509_V_ERR_… as CURLINFO_SSL_VERIFYRESULT gives them: stable (x509_vfy.h). */
static const struct {
	long result;
	const char *words;
} verdicts[] = {
	{9, "is not valid yet"},
	{10, "has expired"},
	{18, "is signed by itself"},
	{19, "comes with a root nobody here trusts"},
	{20, "is signed by an authority nobody here trusts, or its chain is incomplete"},
	{21, "is signed by an authority nobody here trusts, or its chain is incomplete"},
	{23, "was revoked"},
};

static const struct {
	int status;
	const char *words;
} statuses[] = {
	{200, "OK"},
	{203, "Non-Authoritative Information"},
	{204, "No Content"},
	{206, "Partial Content"},
	{300, "Multiple Choices"},
	{301, "Moved Permanently"},
	{302, "Found"},
	{303, "See Other"},
	{304, "Not Modified"},
	{307, "Temporary Redirect"},
	{308, "Permanent Redirect"},
	{400, "Bad Request"},
	{401, "Unauthorized"},
	{402, "Payment Required"},
	{403, "Forbidden"},
	{404, "Not Found"},
	{405, "Method Not Allowed"},
	{406, "Not Acceptable"},
	{407, "Proxy Authentication Required"},
	{408, "Request Timeout"},
	{410, "Gone"},
	{421, "Misdirected Request"},
	{429, "Too Many Requests"},
	{451, "Unavailable For Legal Reasons"},
	{500, "Internal Server Error"},
	{501, "Not Implemented"},
	{502, "Bad Gateway"},
	{503, "Service Unavailable"},
	{504, "Gateway Timeout"},
};

void words_host(const char *url, char out[WORDS_HOST_MAX])
{
	CURLU *u = curl_url();
	char *host = NULL;

	if (u && !curl_url_set(u, CURLUPART_URL, url, CURLU_NON_SUPPORT_SCHEME))
		curl_url_get(u, CURLUPART_HOST, &host, 0);
	snprintf(out, WORDS_HOST_MAX, "%s", host && *host ? host : url);
	curl_free(host);
	curl_url_cleanup(u);
}

static void size_text(int64_t n, char out[32])
{
	if (n < 1024)
		snprintf(out, 32, "%lld bytes", (long long)n);
	else if (n < 1024 * 1024)
		snprintf(out, 32, "%lld KiB", (long long)(n / 1024));
	else
		snprintf(out, 32, "%lld MiB", (long long)(n / (1024 * 1024)));
}

static void peer_text(const struct transfer *t, char out[80])
{
	char address[INET6_ADDRSTRLEN] = "";
	unsigned port = 0;

	if (t->peer.ss_family == AF_INET) {
		const struct sockaddr_in *in = (const struct sockaddr_in *)&t->peer;
		inet_ntop(AF_INET, &in->sin_addr, address, sizeof address);
		port = ntohs(in->sin_port);
	} else if (t->peer.ss_family == AF_INET6) {
		const struct sockaddr_in6 *in6 = (const struct sockaddr_in6 *)&t->peer;
		inet_ntop(AF_INET6, &in6->sin6_addr, address, sizeof address);
		port = ntohs(in6->sin6_port);
	}
	snprintf(out, 80, "%s port %u", *address ? address : "no address", port);
}

static int64_t received(const struct transfer *t)
{
	curl_off_t n = 0;

	curl_easy_getinfo(t->easy, CURLINFO_SIZE_DOWNLOAD_T, &n);
	return n;
}

static char *connect_words(const struct transfer *t, const char *host)
{
	long code = 0;
	char peer[80];

	if (t->refused && t->peer.ss_family == AF_UNSPEC)
		return mem_printf("%s is at %s; allow_net does not name it", host, t->refused);
	curl_easy_getinfo(t->easy, CURLINFO_OS_ERRNO, &code);
	peer_text(t, peer);
	if (t->socket_error)
		return mem_printf("no socket for %s: %s", host, strerror(t->socket_error));
	if (code == ECONNREFUSED)
		return mem_printf("%s: connection refused by %s", host, peer);
	return mem_printf("%s: no connection to %s: %s", host, peer,
		code ? strerror((int)code) : t->curl_error);
}

static char *timeout_words(const struct transfer *t, const char *host)
{
	curl_off_t looked_up = 0, connected = 0, secured = 0;
	const char *url = NULL;
	char size[32];

	curl_easy_getinfo(t->easy, CURLINFO_NAMELOOKUP_TIME_T, &looked_up);
	curl_easy_getinfo(t->easy, CURLINFO_CONNECT_TIME_T, &connected);
	curl_easy_getinfo(t->easy, CURLINFO_APPCONNECT_TIME_T, &secured);
	curl_easy_getinfo(t->easy, CURLINFO_EFFECTIVE_URL, &url);
	if (!looked_up && t->peer.ss_family == AF_UNSPEC)
		return mem_printf("the name %s was not resolved within %ld s", host,
			t->limits->connect_ms / 1000);
	if (!connected)
		return mem_printf("%s did not accept a connection within %ld s", host,
			t->limits->connect_ms / 1000);
	if (!secured && url && str_istarts(str_of(url), STR("https:")) && !t->response.status)
		return mem_printf("%s did not finish the TLS handshake within %ld s", host,
			t->limits->connect_ms / 1000);
	size_text(received(t), size);
	if (str_starts(str_of(t->curl_error), STR("Operation too slow")))
		return mem_printf("%s sent less than %ld bytes/s for %ld s (%s received)", host,
			t->limits->low_speed_bytes, t->limits->low_speed_s, size);
	return mem_printf("%s timed out after %ld s with %s received", host,
		t->limits->total_ms / 1000, size);
}

static char *certificate_words(const struct transfer *t, const char *host)
{
	long result = 0;

	curl_easy_getinfo(t->easy, CURLINFO_SSL_VERIFYRESULT, &result);
	for (size_t i = 0; i < sizeof verdicts / sizeof *verdicts; i++)
		if (verdicts[i].result == result)
			return mem_printf("the TLS certificate of %s %s", host, verdicts[i].words);
	if (strstr(t->curl_error, "subject name"))
		return mem_printf("the TLS certificate of %s is for another name", host);
	return mem_printf("the TLS certificate of %s is refused: %s", host, t->curl_error);
}

char *words_for_curl(const struct transfer *t, CURLcode code)
{
	const struct feed_access *access = &t->reply->feed->access;
	const char *detail = *t->curl_error ? t->curl_error : curl_easy_strerror(code);
	char host[WORDS_HOST_MAX], size[32];

	words_host(t->reply->url, host);
	size_text(received(t), size);
	switch (code) {
	case CURLE_COULDNT_RESOLVE_HOST:
		return mem_printf("the name %s is not known to DNS", host);
	case CURLE_COULDNT_RESOLVE_PROXY:
		return mem_printf("the name of the proxy for %s is not known to DNS", host);
	case CURLE_COULDNT_CONNECT:
		return connect_words(t, host);
	case CURLE_OPERATION_TIMEDOUT:
		return timeout_words(t, host);
	case CURLE_PEER_FAILED_VERIFICATION:
		return certificate_words(t, host);
	case CURLE_SSL_CERTPROBLEM:
		return mem_printf("the client certificate %s cannot be used: %s",
			access->certificate_file, detail);
	case CURLE_GOT_NOTHING:
		return mem_printf("%s closed the connection without an answer", host);
	case CURLE_PARTIAL_FILE:
		return mem_printf("%s cut the body off after %s", host, size);
	case CURLE_RECV_ERROR:
	case CURLE_SEND_ERROR:
		return mem_printf("the connection to %s broke off: %s", host, detail);
	case CURLE_BAD_CONTENT_ENCODING:
		return mem_printf("%s sent a damaged compressed body", host);
	case CURLE_FILESIZE_EXCEEDED:
		size_text(t->limits->wire, size);
		return mem_printf("%s announced a body of more than %s", host, size);
	case CURLE_URL_MALFORMAT:
		return mem_printf("%s is no URL: %s", t->reply->url, detail);
	case CURLE_UNSUPPORTED_PROTOCOL:
	case CURLE_WEIRD_SERVER_REPLY:
		return mem_printf("%s does not answer in HTTP: %s", host, detail);
	default:
		return mem_printf("%s: %s", host, detail);
	}
}

char *words_for_stop(const struct transfer *t)
{
	int64_t max = t->reply->feed->max_body;
	char host[WORDS_HOST_MAX], size[32];

	words_host(t->reply->url, host);
	switch (t->stop) {
	case STOP_WIRE:
		size_text(max > t->limits->wire ? max : t->limits->wire, size);
		return mem_printf("%s sent more than %s", host, size);
	case STOP_DECODED:
		size_text(max > 0 ? max : t->limits->decoded, size);
		return mem_printf("%s sent a body of more than %s", host, size);
	case STOP_RATIO:
		return mem_printf("%s sent a body that unpacks to over %lld times its size", host,
			(long long)t->limits->ratio);
	case STOP_HEADERS:
		size_text(t->limits->headers, size);
		return mem_printf("%s sent more than %s of headers", host, size);
	default:
		return mem_printf(
			"the body of %s could not be stored: %s", host, strerror(-t->spool_error));
	}
}

const char *words_of_status(int status)
{
	for (size_t i = 0; i < sizeof statuses / sizeof *statuses; i++)
		if (statuses[i].status == status)
			return statuses[i].words;
	return NULL;
}

char *words_for_status(const struct transfer *t)
{
	int status = t->response.status;
	const char *words = words_of_status(status);
	char host[WORDS_HOST_MAX], retry[64] = "";

	words_host(t->reply->url, host);
	if (t->reply->retry_after_us >= 0 && (status == 429 || status == 503))
		snprintf(retry, sizeof retry, ", to be asked again after %lld s",
			(long long)(t->reply->retry_after_us / SEC_US));
	if (status == 304)
		return mem_printf(
			"%s answered 304 Not Modified, though we had asked for the whole", host);
	return mem_printf(
		"%s answered %d%s%s%s", host, status, words ? " " : "", words ? words : "", retry);
}
