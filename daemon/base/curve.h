/* CURVE keys (ZeroMQ RFC 26): pairs of Curve25519 keys, written as 40 characters of Z85 (RFC 32). */
#pragma once

#include "base/str.h"

/* The text of a key, with its NUL. */
#define CURVE_TEXT_SIZE 41

/* A fresh pair. The caller wipes the secret when it is done with it. */
void curve_keypair(char ret_public[CURVE_TEXT_SIZE], char ret_secret[CURVE_TEXT_SIZE]);
/* Is it the text of 32 bytes? (Whether somebody has its other half no one can see.) */
bool curve_is_key(struct str text);
