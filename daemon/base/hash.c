#include "base/hash.h"

#include <endian.h>
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

/* Numbers without a pattern: the fractions of the golden ratio and of the roots of 3, 5, 7, 11, 13. */
#define MIX_0 UINT64_C(0x9E3779B97F4A7C15)
#define MIX_1 UINT64_C(0xBB67AE8584CAA73B)
#define MIX_2 UINT64_C(0x3C6EF372FE94F82B)
#define MIX_3 UINT64_C(0xA54FF53A5F1D36F1)
#define MIX_4 UINT64_C(0x510E527FADE682D1)
#define MIX_5 UINT64_C(0x9B05688C2B3E6C1F)

/* Both halves of the product: each bit of it hangs on all bits of a and b below. */
static inline uint64_t fold(uint64_t a, uint64_t b)
{
	unsigned __int128 product = (unsigned __int128)a * b;

	return (uint64_t)product ^ (uint64_t)(product >> 64);
}

static inline uint64_t load_le64(const char *p)
{
	uint64_t v;

	memcpy(&v, p, sizeof v);
	return le64toh(v);
}

/* Two lanes of 64 bits, which both see all of the text, each in its own order: what one of them loses
 * where a factor happens to be zero, the other one still has. */
static inline void mix_block(uint64_t *a, uint64_t *b, const char *p)
{
	uint64_t x = load_le64(p), y = load_le64(p + 8);

	*a = fold(x ^ *a, y ^ MIX_1) + y;
	*b = fold(y ^ *b, x ^ MIX_2) + x;
}

static struct hash mix_end(uint64_t a, uint64_t b)
{
	struct hash h;
	uint64_t out[2];

	for (unsigned round = 0; round < 2; round++) {
		uint64_t c = a;
		a = fold(a ^ MIX_5, b ^ MIX_0) + b;
		b = fold(b ^ MIX_3, (c << 32 | c >> 32) ^ MIX_4) + c;
	}
	out[0] = htole64(a);
	out[1] = htole64(b);
	memcpy(h.b, out, sizeof out);
	return h;
}

struct hash hash_mix(struct str s)
{
	uint64_t a = s.n ^ MIX_0, b = s.n * MIX_3 + MIX_4;
	size_t i = 0;

	for (; s.n - i >= 16; i += 16)
		mix_block(&a, &b, s.p + i);
	if (i < s.n) {
		char rest[16] = {0};
		memcpy(rest, s.p + i, s.n - i);
		mix_block(&a, &b, rest);
	}
	return mix_end(a, b);
}

void hash_mixer_begin(struct hash_mixer *mixer)
{
	*mixer = (struct hash_mixer){.a = MIX_0, .b = MIX_4};
}

void hash_mixer_add(struct hash_mixer *m, const void *p, size_t n)
{
	const char *at = p;
	size_t held = m->n % sizeof m->rest;

	m->n += n;
	if (held) {
		size_t more = sizeof m->rest - held < n ? sizeof m->rest - held : n;
		memcpy(m->rest + held, at, more);
		at += more;
		n -= more;
		if (held + more < sizeof m->rest)
			return;
		mix_block(&m->a, &m->b, m->rest);
	}
	for (; n >= sizeof m->rest; n -= sizeof m->rest, at += sizeof m->rest)
		mix_block(&m->a, &m->b, at);
	if (n)
		memcpy(m->rest, at, n);
}

void hash_mixer_end(struct hash_mixer *m, struct hash *ret)
{
	size_t held = m->n % sizeof m->rest;

	if (held) {
		memset(m->rest + held, 0, sizeof m->rest - held);
		mix_block(&m->a, &m->b, m->rest);
	}
	/* Last, for only now it is known; what is only longer by zeros differs by it. */
	*ret = mix_end(m->a ^ m->n, m->b + m->n * MIX_3);
}

bool hash_is_zero(const struct hash *h)
{
	/* Not sodium_is_zero(), which hides from a clock what is no secret here, byte by byte. */
	static const struct hash zero;

	return hash_eq(h, &zero);
}

/* The first n letters that three bytes are. */
static void put_letters(char *to, size_t n, const uint8_t three[3])
{
	static const char letters[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
	unsigned bits = (unsigned)three[0] << 16 | (unsigned)three[1] << 8 | three[2];

	for (size_t i = 0; i < n; i++)
		to[i] = letters[bits >> (18 - 6 * i) & 63];
}

/* Not sodium's, which hides from a clock what is no secret here, letter by letter. */
size_t hash_text(const struct hash *h, char out[HASH_TEXT_MAX])
{
	const size_t threes = HASH_SIZE / 3;
	const uint8_t last[3] = {h->b[HASH_SIZE - 1]};

	for (size_t i = 0; i < threes; i++)
		put_letters(out + 4 * i, 4, h->b + 3 * i);
	put_letters(out + 4 * threes, 2, last);
	out[HASH_TEXT_MAX - 1] = '\0';
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
