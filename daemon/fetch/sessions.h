/* TLS sessions, so that a host whose connection has closed since the last poll is greeted at
 * half the price, for it and for us. Inside fetch/ only. */
#pragma once

#include <curl/curl.h>

#include "base/hash.h"

/* libcurl of Debian 12 keeps 8 sessions in a share handle (5 in an easy handle, which the next poll
 * need not get), and no option of it allows more. So there are many share handles, and a host's own
 * is found by its name's hash: of 500 hosts 4 fall to one handle on average, and one in fifty to a
 * ninth place, where the oldest makes room. A session is 21.5 KB with a usual chain of three
 * certificates, which it holds: 1,024 are 22 MB. More would be for little: most servers forget a
 * session within minutes or hours, before a polite client comes again. */
#define SESSIONS_SHARES 128

struct sessions {
	CURLSH *shares[SESSIONS_SHARES];
	CURLSH **dropped; /* in use yet */
	size_t n_dropped, cap_dropped;
	struct hash_key key;
};

/* Over HTTP/2, libcurl before 8.4 ends connections without a word, and OpenSSL then forgets their
 * sessions, which TLS has not asked for since version 1.1 (RFC 4346 § 7.2.1). From here on it does
 * not. The process's OpenSSL is told, so once in a fetcher's life; returns what sessions_forget()
 * needs, -1 if there is no memory, and then such sessions are forgotten. */
int sessions_outlive(void);
void sessions_forget(int outlive);

void sessions_init(struct sessions *sessions);
/* No easy handle may be left that uses one. */
void sessions_deinit(struct sessions *sessions);
/* For CURLOPT_SHARE of whoever asks for this URL, whatever its scheme: an easy handle that has been
 * used without one has made a table of its own, and loses that when it is given one. NULL: libcurl
 * has no memory. */
CURLSH *sessions_for(struct sessions *sessions, struct str url);
/* The host's TLS has failed: the next connection to it is greeted in full. libcurl of Debian 12 keeps
 * the session of a connection whose certificate it then refuses, and with the session the
 * certificate: a server that has been given the right one would still be refused as long as it goes
 * on with that session. Those few hosts that share its place are greeted in full, too. */
void sessions_drop(struct sessions *sessions, struct str url);
