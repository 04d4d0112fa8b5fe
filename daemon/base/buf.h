/* A growing byte string. Never fails (base/alloc.h). The bytes are not NUL-terminated unless
 * buf_cstr() is asked. One thread at a time. */
#pragma once

#include "base/alloc.h"
#include "base/str.h"

#include <stdlib.h>

struct buf {
	char *p;
	size_t n, cap;
};

#define BUF_INIT ((struct buf){NULL, 0, 0})

static inline void buf_deinit(struct buf *b)
{
	free(b->p);
	*b = BUF_INIT;
}

static inline void buf_clear(struct buf *b)
{
	b->n = 0;
}

/* Room for n more bytes; returns where they go. The caller adds to b->n what it wrote. */
static inline char *buf_room(struct buf *b, size_t n)
{
	if (n > b->cap - b->n)
		MEM_GROW(b->p, b->cap, b->n + n);
	return b->p + b->n;
}

static inline void buf_add(struct buf *b, const void *p, size_t n)
{
	if (n) {
		memcpy(buf_room(b, n), p, n);
		b->n += n;
	}
}

static inline void buf_str(struct buf *b, struct str s)
{
	buf_add(b, s.p, s.n);
}

static inline void buf_char(struct buf *b, char c)
{
	*buf_room(b, 1) = c;
	b->n++;
}

#define buf_lit(b, literal) buf_add((b), "" literal, sizeof(literal) - 1)

static inline void buf_utf8(struct buf *b, unsigned cp)
{
	b->n += utf8_encode(cp, buf_room(b, 4));
}

static inline struct str buf_view(const struct buf *b)
{
	return str_make(b->p ? b->p : "", b->n);
}

/* In decimal. */
void buf_uint(struct buf *b, uint64_t v);
void buf_printf(struct buf *b, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* Ends the bytes with a NUL that does not count; valid until the next change. */
const char *buf_cstr(struct buf *b);
/* Gives memory back when more than `keep` bytes are held: for buffers reused across inputs. */
void buf_shrink(struct buf *b, size_t keep);
