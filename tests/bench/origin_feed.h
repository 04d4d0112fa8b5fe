/* The feeds that the origin serves: RSS of items that are new with every generation, made of bytes
 * prepared beforehand, so that serving costs little more than copying. */
#pragma once

#include "base/buf.h"

#include <stdint.h>

struct feed_maker;

/* `items` per document, each with about `text` bytes of description. */
struct feed_maker *feed_maker_new(size_t items, size_t text);
struct feed_maker *feed_maker_free(struct feed_maker *maker);

/* The body of a document always has this length. */
size_t feed_maker_length(const struct feed_maker *maker);
/* Adds a body. Its items' numbers are unique in the feed; titles say "sent@" and `now_us`, from
 * which the subscriber tells how long an item took. */
void feed_maker_write(struct feed_maker *maker, struct buf *out, uint32_t feed, uint32_t generation,
	int64_t now_us);
