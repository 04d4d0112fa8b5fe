#include "base/alloc.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* First size of a growing array: small enough to waste nothing, large enough for most. */
#define GROW_FIRST 8

static void *checked(void *p)
{
	if (!p) {
		fputs("civicwire: out of memory\n", stderr);
		abort();
	}
	return p;
}

static size_t product(size_t n, size_t size)
{
	size_t bytes;

	if (__builtin_mul_overflow(n, size, &bytes))
		checked(NULL);
	return bytes ? bytes : 1;
}

void *mem_alloc(size_t n)
{
	return checked(malloc(n ? n : 1));
}

void *mem_zalloc(size_t n, size_t size)
{
	return checked(calloc(1, product(n, size)));
}

void *mem_realloc(void *p, size_t n, size_t size)
{
	return checked(realloc(p, product(n, size)));
}

char *mem_strndup(const char *s, size_t n)
{
	char *copy = mem_alloc(n + 1);

	if (n)
		memcpy(copy, s, n);
	copy[n] = '\0';
	return copy;
}

char *mem_strdup(const char *s)
{
	return mem_strndup(s, strlen(s));
}

char *mem_printf(const char *format, ...)
{
	va_list args;
	char *s = NULL;

	va_start(args, format);
	int r = vasprintf(&s, format, args);
	va_end(args);
	return checked(r < 0 ? NULL : s);
}

void mem_grow(void **p, size_t *cap, size_t want, size_t size)
{
	if (want <= *cap)
		return;
	size_t n = *cap ? *cap : GROW_FIRST;
	while (n < want)
		n += n / 2 + 1;
	*p = mem_realloc(*p, n, size);
	*cap = n;
}
