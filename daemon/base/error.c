#include "base/error.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static void mark_cut(char *text, size_t size, int written)
{
	static const char ellipsis[] = "…";

	if (written >= 0 && (size_t)written >= size)
		memcpy(text + size - sizeof ellipsis, ellipsis, sizeof ellipsis);
}

int error_set(struct error *error, int code, const char *format, ...)
{
	va_list args;

	if (!error)
		return -code;
	error->code = code;
	va_start(args, format);
	mark_cut(error->text, sizeof error->text,
		vsnprintf(error->text, sizeof error->text, format, args));
	va_end(args);
	return -code;
}

int error_errno(struct error *error, int code, const char *format, ...)
{
	va_list args;
	char text[ERROR_TEXT_MAX];

	va_start(args, format);
	vsnprintf(text, sizeof text, format, args);
	va_end(args);
	return error_set(error, code, "%s: %s", text, strerror(code));
}

int error_prefix(struct error *error, const char *format, ...)
{
	va_list args;
	char prefix[ERROR_TEXT_MAX], rest[ERROR_TEXT_MAX];

	if (!error)
		return 0;
	va_start(args, format);
	vsnprintf(prefix, sizeof prefix, format, args);
	va_end(args);
	memcpy(rest, error->text, sizeof rest);
	return error_set(error, error->code, "%s: %s", prefix, rest);
}
