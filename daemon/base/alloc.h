/* Memory that cannot fail to be there.
 *
 * The daemon is crash-only: what it has promised is in the journal, and a restart resumes from
 * there. Foreign input is bounded by named limits before it is stored, so memory runs out only
 * when the machine is out of it; then the honest answer is to stop and be restarted, not a
 * thousand untested error branches. Hence these end the process (SIGABRT, one line on stderr)
 * instead of returning NULL. libcivicwire, which lives in other people's processes, does not use
 * this file: it returns -ENOMEM. */
#pragma once

#include <stddef.h>

/* n bytes, uninitialised. Owned by the caller, given back with free(). Any thread. */
void *mem_alloc(size_t n) __attribute__((malloc, returns_nonnull, alloc_size(1)));
/* n × size zeroed bytes; the product is checked. */
void *mem_zalloc(size_t n, size_t size) __attribute__((malloc, returns_nonnull, alloc_size(1, 2)));
/* realloc() for n × size bytes; the product is checked. */
void *mem_realloc(void *p, size_t n, size_t size) __attribute__((returns_nonnull));
/* A NUL-terminated copy of the n bytes at s. */
char *mem_strndup(const char *s, size_t n) __attribute__((malloc, returns_nonnull));
char *mem_strdup(const char *s) __attribute__((malloc, returns_nonnull));
/* printf into fresh memory. */
char *mem_printf(const char *format, ...)
	__attribute__((malloc, returns_nonnull, format(printf, 1, 2)));

/* Makes room for `want` elements in a growing array: *p, with *cap elements of `size` bytes. */
void mem_grow(void **p, size_t *cap, size_t want, size_t size);

#define MEM_GROW(array, cap, want) \
	do { \
		void *mem_grow_p_ = (array); \
		mem_grow(&mem_grow_p_, &(cap), (want), sizeof *(array)); \
		(array) = mem_grow_p_; \
	} while (0)
