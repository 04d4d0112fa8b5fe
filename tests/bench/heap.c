/* Counts a program's allocations: preload it, and name in CIVICWIRE_HEAP_REPORT the file that takes, at
 * the program's end, one JSON object: calls that gave memory, and the most bytes that were live.
 *
 *   LD_PRELOAD=build/tests/bench/libbench-heap.so CIVICWIRE_HEAP_REPORT=report PROGRAM */
#include <malloc.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

/* glibc's own, under the names that preloading does not hide. */
void *__libc_malloc(size_t n);
void *__libc_calloc(size_t n, size_t size);
void *__libc_realloc(void *p, size_t n);
void *__libc_memalign(size_t alignment, size_t n);
void __libc_free(void *p);

#define EXPORT __attribute__((visibility("default")))

static atomic_size_t calls, live, peak;

static void *given(void *p)
{
	size_t now = atomic_fetch_add(&live, malloc_usable_size(p)) + malloc_usable_size(p);
	size_t most = atomic_load(&peak);

	atomic_fetch_add(&calls, 1);
	while (now > most && !atomic_compare_exchange_weak(&peak, &most, now))
		;
	return p;
}

EXPORT void *malloc(size_t n)
{
	return given(__libc_malloc(n));
}

EXPORT void *calloc(size_t n, size_t size)
{
	return given(__libc_calloc(n, size));
}

EXPORT void *realloc(void *p, size_t n)
{
	size_t before = malloc_usable_size(p);
	void *q = __libc_realloc(p, n);

	if (q || !n)
		atomic_fetch_sub(&live, before);
	return given(q);
}

EXPORT void *aligned_alloc(size_t alignment, size_t n)
{
	return given(__libc_memalign(alignment, n));
}

EXPORT int posix_memalign(void **ret, size_t alignment, size_t n)
{
	*ret = given(__libc_memalign(alignment, n));
	return *ret ? 0 : 12; /* ENOMEM */
}

EXPORT void free(void *p)
{
	atomic_fetch_sub(&live, malloc_usable_size(p));
	__libc_free(p);
}

__attribute__((destructor)) static void report(void)
{
	const char *path = getenv("CIVICWIRE_HEAP_REPORT");
	size_t n = atomic_load(&calls), most = atomic_load(&peak);
	FILE *f = path ? fopen(path, "w") : NULL;

	if (!f)
		return;
	fprintf(f, "{\"calls\":%zu,\"peak\":%zu}\n", n, most);
	fclose(f);
}
