/* Why a poll did not work, in one word of a fixed vocabulary: what programs look at, where people
 * read the sentence beside it. A feed's state keeps the number, so that rows are only ever added at
 * the end, and none changes its meaning. */
#pragma once

#define FAULTS(FAULT) \
	FAULT(NONE, "") \
	/* no connection */ \
	FAULT(NAME_UNKNOWN, "name-unknown") \
	FAULT(NAME_TIMEOUT, "name-timeout") \
	FAULT(PROXY_UNKNOWN, "proxy-unknown") \
	FAULT(CONNECTION_REFUSED, "connection-refused") \
	FAULT(CONNECTION_TIMEOUT, "connection-timeout") \
	FAULT(UNREACHABLE, "unreachable") \
	/* TLS */ \
	FAULT(TLS_TIMEOUT, "tls-timeout") \
	FAULT(TLS_HANDSHAKE, "tls-handshake") \
	FAULT(CERTIFICATE_EXPIRED, "certificate-expired") \
	FAULT(CERTIFICATE_EARLY, "certificate-not-yet-valid") \
	FAULT(CERTIFICATE_SELF_SIGNED, "certificate-self-signed") \
	FAULT(CERTIFICATE_UNTRUSTED, "certificate-untrusted") \
	FAULT(CERTIFICATE_REVOKED, "certificate-revoked") \
	FAULT(CERTIFICATE_NAME, "certificate-other-name") \
	FAULT(CERTIFICATE_REFUSED, "certificate-refused") \
	/* no whole answer */ \
	FAULT(NO_ANSWER, "no-answer") \
	FAULT(BROKEN_OFF, "broken-off") \
	FAULT(TIMEOUT, "timeout") \
	FAULT(TOO_SLOW, "too-slow") \
	FAULT(NOT_HTTP, "not-http") \
	FAULT(BODY_CUT, "body-cut") \
	FAULT(BODY_DAMAGED, "body-damaged") \
	/* past a limit */ \
	FAULT(TOO_LARGE, "too-large") \
	FAULT(BOMB, "compression-bomb") \
	FAULT(HEADERS_TOO_LARGE, "headers-too-large") \
	FAULT(TOO_MANY_REDIRECTS, "too-many-redirects") \
	/* we would not */ \
	FAULT(ADDRESS_REFUSED, "address-refused") \
	FAULT(SCHEME_REFUSED, "scheme-refused") \
	FAULT(URL_REFUSED, "url-refused") \
	/* an answer, but no feed */ \
	FAULT(HTTP_STATUS, "http-status") \
	FAULT(BUSY, "busy") \
	FAULT(GONE, "gone") \
	FAULT(UNASKED_304, "not-modified-unasked") \
	FAULT(NOT_A_FEED, "not-a-feed") \
	/* of a file */ \
	FAULT(FILE, "file") \
	/* not the feed's */ \
	FAULT(LOCAL, "local")

#define FAULT_NUMBER(name, text) FAULT_##name,
enum fault { FAULTS(FAULT_NUMBER) FAULT_COUNT };
#undef FAULT_NUMBER

/* "certificate-expired"; "" for FAULT_NONE and for numbers of a later program. */
const char *fault_name(enum fault fault);
