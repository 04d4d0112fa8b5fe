#include "base/hash.h"

#include <errno.h>
#include <sodium.h>

_Static_assert(
	sizeof(crypto_generichash_state) <= sizeof(struct hash_state), "hash_state holds it");
_Static_assert(_Alignof(crypto_generichash_state) <= _Alignof(struct hash_state), "and aligned");
_Static_assert(HASH_TEXT_MAX == sodium_base64_ENCODED_LEN(
					HASH_SIZE, sodium_base64_VARIANT_URLSAFE_NO_PADDING),
	"text of a hash");

int hash_global_init(void)
{
	return sodium_init() < 0 ? -EIO : 0;
}

static crypto_generichash_state *inner(struct hash_state *state)
{
	return (crypto_generichash_state *)(void *)state->opaque;
}

void hash_begin(struct hash_state *state)
{
	crypto_generichash_init(inner(state), NULL, 0, HASH_SIZE);
}

void hash_add(struct hash_state *state, const void *p, size_t n)
{
	if (n)
		crypto_generichash_update(inner(state), p, n);
}

void hash_add_str(struct hash_state *state, struct str s)
{
	uint64_t n = s.p ? s.n : UINT64_MAX;

	hash_add(state, &n, sizeof n);
	hash_add(state, s.p, s.n);
}

void hash_end(struct hash_state *state, struct hash *ret)
{
	crypto_generichash_final(inner(state), ret->b, HASH_SIZE);
}

struct hash hash_of(struct str s)
{
	struct hash h;

	crypto_generichash(h.b, HASH_SIZE, (const unsigned char *)(s.p ? s.p : ""), s.n, NULL, 0);
	return h;
}

bool hash_is_zero(const struct hash *h)
{
	/* Not sodium_is_zero(), which hides from a clock what is no secret here, byte by byte. */
	static const struct hash zero;

	return hash_eq(h, &zero);
}

size_t hash_text(const struct hash *h, char out[HASH_TEXT_MAX])
{
	sodium_bin2base64(
		out, HASH_TEXT_MAX, h->b, HASH_SIZE, sodium_base64_VARIANT_URLSAFE_NO_PADDING);
	return HASH_TEXT_MAX - 1;
}

bool hash_from_text(struct str s, struct hash *ret)
{
	struct hash h;
	size_t n;

	if (sodium_base642bin(h.b, HASH_SIZE, s.p, s.n, NULL, &n, NULL,
		    sodium_base64_VARIANT_URLSAFE_NO_PADDING) != 0 ||
		n != HASH_SIZE)
		return false;
	*ret = h;
	return true;
}

void hash_key_init(struct hash_key *key)
{
	crypto_shorthash_keygen(key->b);
}

uint64_t hash_short(const struct hash_key *key, struct str s)
{
	uint64_t v;

	crypto_shorthash((unsigned char *)&v, (const unsigned char *)(s.p ? s.p : ""), s.n, key->b);
	return v;
}

void hash_random(void *out, size_t n)
{
	randombytes_buf(out, n);
}

uint32_t hash_random_below(uint32_t bound)
{
	return randombytes_uniform(bound);
}
