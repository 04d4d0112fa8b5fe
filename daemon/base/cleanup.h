/* Cleanup by attribute: every owning local is declared with cleanup(...), and the line that gives
 * it away sets it NULL. */
#pragma once

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define cleanup(fn) __attribute__((cleanup(fn)))

/* Declares fn_p(type **), for cleanup(fn_p), from a NULL-safe destructor fn(type *). */
#define CLEANUP_DEFINE(type, fn) \
	static inline void fn##_p(type **p) \
	{ \
		if (*p) \
			fn(*p); \
	} \
	struct cleanup_semicolon

static inline void free_p(void *p)
{
	free(*(void **)p);
}

static inline void fclose_p(FILE **p)
{
	if (*p)
		fclose(*p);
}

/* For cleanup(close_p): closes a descriptor that is not negative. */
static inline void close_p(const int *fd)
{
	if (*fd >= 0)
		close(*fd);
}
