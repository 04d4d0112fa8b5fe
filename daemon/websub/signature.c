#include "websub/signature.h"

#include <stdint.h>

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/params.h>

/* The methods of the Recommendation; sha1 is its oldest, and still what many hubs send. As a keyed hash it
 * is not broken. */
static const struct {
	const char *name, *digest;
	size_t bytes;
} methods[] = {
	{"sha1", "SHA1", 20},
	{"sha256", "SHA256", 32},
	{"sha384", "SHA384", 48},
	{"sha512", "SHA512", 64},
};

bool signature_read(struct str header, struct signature_claim *ret)
{
	struct str hex = str_trim(header), method;

	*ret = (struct signature_claim){0};
	if (!str_split(&hex, '=', &method))
		return false;
	for (size_t i = 0; i < sizeof methods / sizeof *methods; i++) {
		if (!str_is_i(method, methods[i].name) || hex.n != 2 * methods[i].bytes)
			continue;
		for (size_t k = 0; k < methods[i].bytes; k++) {
			int high = ascii_hex((unsigned char)hex.p[2 * k]);
			int low = ascii_hex((unsigned char)hex.p[2 * k + 1]);
			if (high < 0 || low < 0)
				return false;
			ret->bytes[k] = (uint8_t)(high << 4 | low);
		}
		ret->n = methods[i].bytes;
		ret->digest = methods[i].digest;
		return true;
	}
	return false;
}

/* OpenSSL's own context under a name of ours. */
static EVP_MAC_CTX *context_of(struct signature *signature)
{
	return (EVP_MAC_CTX *)signature;
}

struct signature *signature_begin(const struct signature_claim *claim, struct str secret)
{
	EVP_MAC *mac = claim->digest ? EVP_MAC_fetch(NULL, "HMAC", NULL) : NULL;
	EVP_MAC_CTX *context = mac ? EVP_MAC_CTX_new(mac) : NULL;
	OSSL_PARAM params[] = {OSSL_PARAM_construct_utf8_string(
				       OSSL_MAC_PARAM_DIGEST, (char *)(uintptr_t)claim->digest, 0),
		OSSL_PARAM_construct_end()};

	EVP_MAC_free(mac); /* the context keeps it */
	if (context &&
		EVP_MAC_init(context, (const unsigned char *)secret.p, secret.n, params) != 1) {
		EVP_MAC_CTX_free(context);
		context = NULL;
	}
	return (struct signature *)context;
}

void signature_add(struct signature *signature, const void *p, size_t n)
{
	EVP_MAC_update(context_of(signature), p, n);
}

bool signature_end(struct signature *signature, const struct signature_claim *claim)
{
	uint8_t bytes[SIGNATURE_BYTES_MAX];
	size_t n = 0;
	bool fits = EVP_MAC_final(context_of(signature), bytes, &n, sizeof bytes) == 1 &&
		    n == claim->n && n && CRYPTO_memcmp(bytes, claim->bytes, n) == 0;

	signature_free(signature);
	return fits;
}

struct signature *signature_free(struct signature *signature)
{
	EVP_MAC_CTX_free(context_of(signature));
	return NULL;
}
