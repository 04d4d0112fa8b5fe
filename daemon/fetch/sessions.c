#include "fetch/sessions.h"

#include <stdlib.h>

#include <openssl/crypto.h>
#include <openssl/ssl.h>

#include "base/alloc.h"
#include "schedule/host.h"

/* Called by SSL_free() before it looks at how the connection ended. A session that a fatal alert
 * has spoilt is marked by then. */
static void on_free(void *parent, void *data, CRYPTO_EX_DATA *ex, int index, long n, void *pointer)
{
	SSL *ssl = parent;

	(void)data;
	(void)ex;
	(void)index;
	(void)n;
	(void)pointer;
	SSL_set_shutdown(ssl, SSL_get_shutdown(ssl) | SSL_SENT_SHUTDOWN);
}

int sessions_outlive(void)
{
	return SSL_get_ex_new_index(0, NULL, NULL, NULL, on_free);
}

void sessions_forget(int outlive)
{
	if (outlive >= 0)
		CRYPTO_free_ex_index(CRYPTO_EX_INDEX_SSL, outlive);
}

void sessions_init(struct sessions *s)
{
	*s = (struct sessions){0};
	hash_key_init(&s->key);
}

/* A share that an easy handle holds cannot be let go: those stay for the next time. */
static void let_go(struct sessions *s)
{
	size_t kept = 0;

	for (size_t i = 0; i < s->n_dropped; i++)
		if (curl_share_cleanup(s->dropped[i]) == CURLSHE_IN_USE)
			s->dropped[kept++] = s->dropped[i];
	s->n_dropped = kept;
}

void sessions_deinit(struct sessions *s)
{
	for (size_t i = 0; i < SESSIONS_SHARES; i++)
		if (s->shares[i])
			curl_share_cleanup(s->shares[i]);
	let_go(s);
	free(s->dropped);
}

/* By the host as it is written: of two spellings each has a session of its own. */
static CURLSH **share_of(struct sessions *s, struct str url)
{
	return &s->shares[hash_short(&s->key, host_authority(url)) % SESSIONS_SHARES];
}

CURLSH *sessions_for(struct sessions *s, struct str url)
{
	CURLSH **share = share_of(s, url);

	if (!*share && (*share = curl_share_init()))
		/* One thread: no locks. */
		curl_share_setopt(*share, CURLSHOPT_SHARE, CURL_LOCK_DATA_SSL_SESSION);
	return *share;
}

void sessions_drop(struct sessions *s, struct str url)
{
	CURLSH **share = share_of(s, url);

	let_go(s);
	if (!*share)
		return;
	MEM_GROW(s->dropped, s->cap_dropped, s->n_dropped + 1);
	s->dropped[s->n_dropped++] = *share;
	*share = NULL;
}
