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
	enum fault fault;
	const char *words;
} verdicts[] = {
	{9, FAULT_CERTIFICATE_EARLY, "is not valid yet"},
	{10, FAULT_CERTIFICATE_EXPIRED, "has expired"},
	{18, FAULT_CERTIFICATE_SELF_SIGNED, "is signed by itself"},
	{19, FAULT_CERTIFICATE_UNTRUSTED, "comes with a root nobody here trusts"},
	{20, FAULT_CERTIFICATE_UNTRUSTED,
		"is signed by an authority nobody here trusts, or its chain is incomplete"},
	{21, FAULT_CERTIFICATE_UNTRUSTED,
		"is signed by an authority nobody here trusts, or its chain is incomplete"},
	{23, FAULT_CERTIFICATE_REVOKED, "was revoked"},
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

/* The port is returned. */
static unsigned address_text(const struct sockaddr_storage *address, char out[INET6_ADDRSTRLEN])
{
	const struct sockaddr_in *in = (const struct sockaddr_in *)address;
	const struct sockaddr_in6 *in6 = (const struct sockaddr_in6 *)address;

	if (address->ss_family == AF_INET) {
		inet_ntop(AF_INET, &in->sin_addr, out, INET6_ADDRSTRLEN);
		return ntohs(in->sin_port);
	}
	if (address->ss_family == AF_INET6) {
		inet_ntop(AF_INET6, &in6->sin6_addr, out, INET6_ADDRSTRLEN);
		return ntohs(in6->sin6_port);
	}
	snprintf(out, INET6_ADDRSTRLEN, "no address");
	return 0;
}

static int64_t received(const struct transfer *t)
{
	curl_off_t n = 0;

	curl_easy_getinfo(t->easy, CURLINFO_SIZE_DOWNLOAD_T, &n);
	return n;
}

static void fail(struct transfer *t, enum fault fault, char *sentence)
{
	reply_fail(t->reply, fault, sentence);
}

static void refused_address(struct transfer *t, const char *host)
{
	char address[INET6_ADDRSTRLEN];
	struct str bare = str_of(host);

	address_text(&t->refused_peer, address);
	if (bare.n > 2 && bare.p[0] == '[')
		bare = str_make(bare.p + 1, bare.n - 2);
	if (str_is(bare, address))
		fail(t, FAULT_ADDRESS_REFUSED,
			mem_printf("%s is %s; allow_net does not name it", address, t->refused));
	else
		fail(t, FAULT_ADDRESS_REFUSED,
			mem_printf("%s is at %s, %s; allow_net does not name it", host, address,
				t->refused));
}

static void no_connection(struct transfer *t, const char *host)
{
	long code = 0;
	char peer[INET6_ADDRSTRLEN];

	if (t->socket_error) {
		fail(t, FAULT_LOCAL,
			mem_printf("no socket for %s: %s", host, strerror(t->socket_error)));
		return;
	}
	if (t->refused && t->peer.ss_family == AF_UNSPEC) {
		refused_address(t, host);
		return;
	}
	curl_easy_getinfo(t->easy, CURLINFO_OS_ERRNO, &code);
	unsigned port = address_text(&t->peer, peer);
	if (code == ECONNREFUSED)
		fail(t, FAULT_CONNECTION_REFUSED,
			mem_printf("%s: connection refused by %s port %u", host, peer, port));
	else
		fail(t, FAULT_UNREACHABLE,
			mem_printf("%s: no connection to %s port %u: %s", host, peer, port,
				code ? strerror((int)code) : t->curl_error));
}

static void timeout(struct transfer *t, const char *host)
{
	curl_off_t looked_up = 0, secured = 0;
	long connected = 0; /* CURLINFO_CONNECT_TIME is told when TLS is done, too */
	const char *url = NULL;
	char size[32];
	long s = t->limits->connect_ms / 1000;

	curl_easy_getinfo(t->easy, CURLINFO_NAMELOOKUP_TIME_T, &looked_up);
	curl_easy_getinfo(t->easy, CURLINFO_LOCAL_PORT, &connected);
	curl_easy_getinfo(t->easy, CURLINFO_APPCONNECT_TIME_T, &secured);
	curl_easy_getinfo(t->easy, CURLINFO_EFFECTIVE_URL, &url);
	size_text(received(t), size);
	if (!looked_up && t->peer.ss_family == AF_UNSPEC)
		fail(t, FAULT_NAME_TIMEOUT,
			mem_printf("the name %s was not resolved within %ld s", host, s));
	else if (!connected)
		fail(t, FAULT_CONNECTION_TIMEOUT,
			mem_printf("%s did not accept a connection within %ld s", host, s));
	else if (!secured && url && str_istarts(str_of(url), STR("https:")) && !t->response.status)
		fail(t, FAULT_TLS_TIMEOUT,
			mem_printf("%s did not finish the TLS handshake within %ld s", host, s));
	else if (str_starts(str_of(t->curl_error), STR("Operation too slow")))
		fail(t, FAULT_TOO_SLOW,
			mem_printf("%s sent less than %ld bytes/s for %ld s (%s received)", host,
				t->limits->low_speed_bytes, t->limits->low_speed_s, size));
	else
		fail(t, FAULT_TIMEOUT,
			mem_printf("%s timed out after %ld s with %s received", host,
				t->limits->total_ms / 1000, size));
}

static void certificate(struct transfer *t, const char *host)
{
	long result = 0;

	curl_easy_getinfo(t->easy, CURLINFO_SSL_VERIFYRESULT, &result);
	for (size_t i = 0; i < sizeof verdicts / sizeof *verdicts; i++)
		if (verdicts[i].result == result) {
			fail(t, verdicts[i].fault,
				mem_printf(
					"the TLS certificate of %s %s", host, verdicts[i].words));
			return;
		}
	if (strstr(t->curl_error, "subject name"))
		fail(t, FAULT_CERTIFICATE_NAME,
			mem_printf("the TLS certificate of %s is for another name", host));
	else
		fail(t, FAULT_CERTIFICATE_REFUSED,
			mem_printf(
				"the TLS certificate of %s is refused: %s", host, t->curl_error));
}

/* libcurl gathers a line before it hands it over, and has "no memory" for one above 1 MiB: no
 * trouble of ours, but the server's doing. (From 8.6 on it says so.) */
static bool is_header_line_too_long(const struct transfer *t, CURLcode code)
{
	curl_off_t asked = 0;

#if LIBCURL_VERSION_NUM >= 0x080600
	if (code == CURLE_TOO_LARGE)
		return true;
#endif
	curl_easy_getinfo(t->easy, CURLINFO_PRETRANSFER_TIME_T, &asked);
	return code == CURLE_OUT_OF_MEMORY && asked && !t->reply->body.n && !t->unread;
}

static void headers_too_large(struct transfer *t, const char *host)
{
	char size[32];

	size_text(t->limits->headers, size);
	fail(t, FAULT_HEADERS_TOO_LARGE, mem_printf("%s sent more than %s of headers", host, size));
}

/* What needs more than a look at the code. False: it is none of them. */
static bool explained(struct transfer *t, CURLcode code, const char *host)
{
	char size[32];

	if (is_header_line_too_long(t, code)) {
		headers_too_large(t, host);
		return true;
	}
	switch (code) {
	case CURLE_COULDNT_CONNECT:
		no_connection(t, host);
		return true;
	case CURLE_OPERATION_TIMEDOUT:
		timeout(t, host);
		return true;
	case CURLE_PEER_FAILED_VERIFICATION:
		certificate(t, host);
		return true;
	case CURLE_SSL_CERTPROBLEM:
		fail(t, FAULT_LOCAL,
			mem_printf("the client certificate %s cannot be used: %s",
				t->reply->feed->access.certificate_file, t->curl_error));
		return true;
	case CURLE_PARTIAL_FILE:
		size_text(received(t), size);
		fail(t, FAULT_BODY_CUT, mem_printf("%s cut the body off after %s", host, size));
		return true;
	case CURLE_FILESIZE_EXCEEDED:
		size_text(t->limits->wire, size);
		fail(t, FAULT_TOO_LARGE,
			mem_printf("%s announced a body of more than %s", host, size));
		return true;
	default:
		return false;
	}
}

static const struct {
	CURLcode code;
	enum fault fault;
	const char *before, *after; /* the host's name stands between them … */
	bool has_detail;            /* … and libcurl's own words behind */
} failures[] = {
	{CURLE_COULDNT_RESOLVE_HOST, FAULT_NAME_UNKNOWN, "the name ", " is not known to DNS",
		false},
	{CURLE_COULDNT_RESOLVE_PROXY, FAULT_PROXY_UNKNOWN, "the name of the proxy for ",
		" is not known to DNS", false},
	{CURLE_GOT_NOTHING, FAULT_NO_ANSWER, "", " closed the connection without an answer", false},
	{CURLE_RECV_ERROR, FAULT_BROKEN_OFF, "the connection to ", " broke off", true},
	{CURLE_SEND_ERROR, FAULT_BROKEN_OFF, "the connection to ", " broke off", true},
	{CURLE_HTTP2, FAULT_BROKEN_OFF, "", " broke the HTTP/2 connection", true},
	{CURLE_HTTP2_STREAM, FAULT_BROKEN_OFF, "", " broke the HTTP/2 stream", true},
	{CURLE_SSL_CONNECT_ERROR, FAULT_TLS_HANDSHAKE, "no TLS connection with ", "", true},
	{CURLE_BAD_CONTENT_ENCODING, FAULT_BODY_DAMAGED, "", " sent a body that cannot be unpacked",
		true},
	{CURLE_URL_MALFORMAT, FAULT_URL_REFUSED, "the URL at ", " is none", true},
	{CURLE_UNSUPPORTED_PROTOCOL, FAULT_NOT_HTTP, "", " does not answer in HTTP", true},
	{CURLE_WEIRD_SERVER_REPLY, FAULT_NOT_HTTP, "", " does not answer in HTTP", true},
	{CURLE_OUT_OF_MEMORY, FAULT_LOCAL, "", "", true},
	{CURLE_FAILED_INIT, FAULT_LOCAL, "", "", true},
	{CURLE_SSL_CACERT_BADFILE, FAULT_LOCAL, "", "", true},
	{CURLE_SSL_ENGINE_INITFAILED, FAULT_LOCAL, "", "", true},
	{CURLE_BAD_FUNCTION_ARGUMENT, FAULT_LOCAL, "", "", true},
};

void words_for_curl(struct transfer *t, CURLcode code)
{
	const char *detail = *t->curl_error ? t->curl_error : curl_easy_strerror(code);
	char host[WORDS_HOST_MAX];

	words_host(t->reply->url, host);
	if (explained(t, code, host))
		return;
	for (size_t i = 0; i < sizeof failures / sizeof *failures; i++)
		if (failures[i].code == code) {
			fail(t, failures[i].fault,
				mem_printf("%s%s%s%s%s", failures[i].before, host,
					failures[i].after, failures[i].has_detail ? ": " : "",
					failures[i].has_detail ? detail : ""));
			return;
		}
	fail(t, FAULT_BROKEN_OFF, mem_printf("%s: %s", host, detail));
}

void words_for_stop(struct transfer *t)
{
	int64_t max = t->reply->feed->max_body;
	char host[WORDS_HOST_MAX], size[32];

	words_host(t->reply->url, host);
	switch (t->stop) {
	case STOP_WIRE:
		size_text(max > t->limits->wire ? max : t->limits->wire, size);
		fail(t, FAULT_TOO_LARGE, mem_printf("%s sent more than %s", host, size));
		break;
	case STOP_DECODED:
		size_text(max > 0 ? max : t->limits->decoded, size);
		fail(t, FAULT_TOO_LARGE, mem_printf("%s sent a body of more than %s", host, size));
		break;
	case STOP_RATIO:
		fail(t, FAULT_BOMB,
			mem_printf("%s sent a body that unpacks to over %lld times its size", host,
				(long long)t->limits->ratio));
		break;
	case STOP_HEADERS:
		headers_too_large(t, host);
		break;
	default:
		fail(t, FAULT_LOCAL,
			mem_printf("the body of %s could not be stored: %s", host,
				strerror(-t->spool_error)));
	}
}

const char *words_of_status(int status)
{
	for (size_t i = 0; i < sizeof statuses / sizeof *statuses; i++)
		if (statuses[i].status == status)
			return statuses[i].words;
	return NULL;
}

void words_for_head(struct transfer *t)
{
	char host[WORDS_HOST_MAX];

	if (t->response.ended && !t->response.lengths_differ)
		return;
	words_host(t->reply->url, host);
	if (!t->response.ended)
		fail(t, FAULT_BROKEN_OFF,
			mem_printf("%s closed the connection within the headers", host));
	else
		fail(t, FAULT_NOT_HTTP, mem_printf("%s announced two lengths of one body", host));
}

void words_for_status(struct transfer *t)
{
	int status = t->response.status;
	const char *words = words_of_status(status);
	char host[WORDS_HOST_MAX], retry[64] = "";

	words_host(t->reply->url, host);
	if (t->reply->retry_after_us >= 0 && (status == 429 || status == 503))
		snprintf(retry, sizeof retry, ", to be asked again after %lld s",
			(long long)(t->reply->retry_after_us / SEC_US));
	if (status == 304)
		fail(t, FAULT_UNASKED_304,
			mem_printf(
				"%s answered 304 Not Modified, though we had asked for the whole",
				host));
	else
		fail(t,
			status == 410                    ? FAULT_GONE
			: status == 429 || status == 503 ? FAULT_BUSY
							 : FAULT_HTTP_STATUS,
			mem_printf("%s answered %d%s%s%s", host, status, words ? " " : "",
				words ? words : "", retry));
}
