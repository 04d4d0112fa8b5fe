/* X-Hub-Signature (W3C WebSub § 7.1): METHOD=HEX, a keyed hash of the body. What is pushed is content only
 * if it fits. The body comes in pieces. One thread at a time. */
#pragma once

#include "base/str.h"

#include <stdint.h>

#define SIGNATURE_BYTES_MAX 64 /* SHA-512 */

/* What the header says. */
struct signature_claim {
	const char *digest; /* OpenSSL's name of the hash; NULL: no signature that we know */
	uint8_t bytes[SIGNATURE_BYTES_MAX];
	size_t n;
};

/* False (and the claim fits nothing) for what is no signature: a method that we do not know, hexadecimal
 * digits that are none or too few. */
bool signature_read(struct str header, struct signature_claim *ret);

struct signature;

/* NULL: libcrypto does not provide this hash. */
struct signature *signature_begin(const struct signature_claim *claim, struct str secret);
void signature_add(struct signature *signature, const void *p, size_t n);
/* Is it that of the claim? In a time that does not tell how much of it is right. Ends it. */
bool signature_end(struct signature *signature, const struct signature_claim *claim);
/* Without an answer. NULL-safe; returns NULL. */
struct signature *signature_free(struct signature *signature);
