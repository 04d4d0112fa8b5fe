/* How the journal writes numbers and records into blobs. */
#pragma once

#include "base/buf.h"
#include "base/hash.h"

#include <stdint.h>

/* A 64-bit number in 7-bit groups, the low ones first (LEB128): topics and small sequences take a
 * byte or three. */
#define VARINT_MAX 10
void varint_add(struct buf *out, uint64_t value);
/* Cuts a number off the front of *rest; false if there is none, or it is over 64 bits. */
bool varint_take(struct str *rest, uint64_t *ret);

/* SipHash under a key that all builds share: finds damage, proves nothing. */
uint64_t checksum_of(struct str s);

/* A record as the checksum sees it, in one piece:
 *	sequence, recorded time, length of views: 8 bytes each, little-endian; views; body.
 * record_begin() clears `out` and writes all up to the body, which the caller appends. */
void record_begin(struct buf *out, uint64_t seq, int64_t recorded_us, struct str views);
#define RECORD_HEAD 24
