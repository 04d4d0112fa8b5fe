#include "base/curve.h"

#include <sodium.h>
#include <stdint.h>

#define TEXT_LENGTH (CURVE_TEXT_SIZE - 1)
/* Z85 writes four bytes as five digits to the base 85. */
#define GROUP_BYTES  4
#define GROUP_DIGITS 5
_Static_assert(crypto_box_PUBLICKEYBYTES / GROUP_BYTES * GROUP_DIGITS == TEXT_LENGTH, "public");
_Static_assert(crypto_box_SECRETKEYBYTES / GROUP_BYTES * GROUP_DIGITS == TEXT_LENGTH, "secret");

static const char digits[] = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
			     ".-:+=^!/*?&<>()[]{}@%$#";
_Static_assert(sizeof digits == 85 + 1, "85 digits");

static void write_text(const unsigned char *key, char out[CURVE_TEXT_SIZE])
{
	for (size_t i = 0; i < TEXT_LENGTH; i += GROUP_DIGITS, key += GROUP_BYTES) {
		uint32_t v = (uint32_t)key[0] << 24 | (uint32_t)key[1] << 16 |
			     (uint32_t)key[2] << 8 | key[3];
		for (size_t k = GROUP_DIGITS; k--; v /= 85)
			out[i + k] = digits[v % 85];
	}
	out[TEXT_LENGTH] = '\0';
}

void curve_keypair(char ret_public[CURVE_TEXT_SIZE], char ret_secret[CURVE_TEXT_SIZE])
{
	unsigned char public_key[crypto_box_PUBLICKEYBYTES], secret[crypto_box_SECRETKEYBYTES];

	crypto_box_keypair(public_key, secret);
	write_text(public_key, ret_public);
	write_text(secret, ret_secret);
	sodium_memzero(secret, sizeof secret);
}

bool curve_is_key(struct str text)
{
	if (text.n != TEXT_LENGTH)
		return false;
	for (size_t i = 0; i < text.n; i += GROUP_DIGITS) {
		uint64_t v = 0;
		for (size_t k = i; k < i + GROUP_DIGITS; k++) {
			const char *digit = text.p[k] ? strchr(digits, text.p[k]) : NULL;
			if (!digit)
				return false;
			v = v * 85 + (uint64_t)(digit - digits);
		}
		if (v > UINT32_MAX)
			return false;
	}
	return true;
}
