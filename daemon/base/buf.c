#include "base/buf.h"

#include <stdarg.h>
#include <stdio.h>

void buf_printf(struct buf *b, const char *format, ...)
{
	va_list args, again;

	va_start(args, format);
	va_copy(again, args);
	int n = vsnprintf(NULL, 0, format, args);
	va_end(args);
	vsnprintf(buf_room(b, (size_t)n + 1), (size_t)n + 1, format, again);
	va_end(again);
	b->n += (size_t)n;
}

void buf_uint(struct buf *b, uint64_t v)
{
	char text[20], *p = text + sizeof text; /* of UINT64_MAX */

	do
		*--p = (char)('0' + v % 10);
	while (v /= 10);
	buf_add(b, p, (size_t)(text + sizeof text - p));
}

const char *buf_cstr(struct buf *b)
{
	*buf_room(b, 1) = '\0';
	return b->p;
}

void buf_shrink(struct buf *b, size_t keep)
{
	if (b->cap > keep)
		buf_deinit(b);
	b->n = 0;
}
