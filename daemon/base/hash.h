/* Hashes: BLAKE2b (RFC 7693) and base64url (RFC 4648 § 5), both libsodium's; and a cheap one. */
#pragma once

#include "base/str.h"

#include <stdint.h>

/* 128 bits: among 10^9 items two collide by chance with probability 10^-21. */
#define HASH_SIZE 16
/* base64url without padding of HASH_SIZE bytes, with the NUL. */
#define HASH_TEXT_MAX 23

struct hash {
	uint8_t b[HASH_SIZE];
};

/* A running hash. libsodium's own type, kept out of our headers: 384 bytes, 64-byte aligned. */
struct hash_state {
	_Alignas(64) uint8_t opaque[384];
};

/* Must run once before any other function of this header (libsodium's start-up). 0 or -EIO. */
int hash_global_init(void);

void hash_begin(struct hash_state *state);
void hash_add(struct hash_state *state, const void *p, size_t n);
/* Adds the length and then the bytes, so that ("ab","c") and ("a","bc") differ; STR_NONE differs
 * from the empty text. */
void hash_add_str(struct hash_state *state, struct str s);
void hash_end(struct hash_state *state, struct hash *ret);
struct hash hash_of(struct str s);

/* 128 bits of a text by multiplication, for a thirtieth of BLAKE2b's cost: the same on every machine and
 * in every version. For telling apart what is not made to be mistaken: somebody who looks for two
 * texts with one hash can find them. */
struct hash hash_mix(struct str s);

/* The same kind of hash (but another value) of what comes in pieces, however it is cut. */
struct hash_mixer {
	uint64_t a, b, n;
	char rest[16];
};
void hash_mixer_begin(struct hash_mixer *mixer);
void hash_mixer_add(struct hash_mixer *mixer, const void *p, size_t n);
void hash_mixer_end(struct hash_mixer *mixer, struct hash *ret);

static inline bool hash_eq(const struct hash *a, const struct hash *b)
{
	return !memcmp(a->b, b->b, HASH_SIZE);
}
bool hash_is_zero(const struct hash *h);
/* Writes base64url; returns the length (22). */
size_t hash_text(const struct hash *h, char out[HASH_TEXT_MAX]);
/* The way back; false for what is no such text. */
bool hash_from_text(struct str s, struct hash *ret);

/* SipHash-2-4 under a random key, for hash tables over foreign keys. */
struct hash_key {
	uint8_t b[16];
};
void hash_key_init(struct hash_key *key);
uint64_t hash_short(const struct hash_key *key, struct str s);
/* Random bytes fit for keys and epochs. */
void hash_random(void *out, size_t n);
/* A random number below `bound` (> 0), for jitter. */
uint32_t hash_random_below(uint32_t bound);
