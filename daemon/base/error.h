/* Our own failures, in words. A function that can fail returns a negative errno, unchanged all the
 * way up; `struct error` carries the sentence a person will read. A sick feed is not our failure:
 * it is an outcome of a reply or a flaw of a document, and travels as data. */
#pragma once

/* Long enough for a path, a URL and a sentence; a longer text is cut with "…". */
#define ERROR_TEXT_MAX 1024

struct error {
	int code; /* positive errno, 0 while nothing has failed */
	char text[ERROR_TEXT_MAX];
};

/* Fills *error (may be NULL) and returns -code. */
int error_set(struct error *error, int code, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
/* Like error_set, with ": <strerror(code)>" appended. */
int error_errno(struct error *error, int code, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
/* Puts "<prefix>: " before the text already there. Returns -error->code. */
int error_prefix(struct error *error, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
