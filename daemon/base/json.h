/* Writing JSON (RFC 8259), straight into a buffer. Commas and quoting are the writer's business;
 * nesting is the caller's. Reading JSON is jansson's. */
#pragma once

#include "base/buf.h"

#include <stdint.h>

struct json {
	struct buf *out;
	bool comma; /* the next value in this object or array needs one before it */
};

static inline struct json json_to(struct buf *out)
{
	return (struct json){out, false};
}

/* Appends s as a JSON string with its quotes. s must be valid UTF-8. */
void json_quote(struct buf *out, struct str s);

/* '{' or '['. */
void json_open(struct json *j, char bracket);
/* '}' or ']'. */
void json_close(struct json *j, char bracket);
/* A member's name: one of our own constants, written without escaping. */
void json_name(struct json *j, struct str name);
/* The same; the compiler counts a literal's letters. */
static inline void json_key(struct json *j, const char *name)
{
	json_name(j, str_of(name));
}

/* Values, in arrays or after json_key(). STR_NONE writes null. */
void json_str(struct json *j, struct str s);
void json_int(struct json *j, int64_t v);
void json_uint(struct json *j, uint64_t v);
/* Up to 9 decimals, no trailing zeros, whatever the locale. */
void json_double(struct json *j, double v);
void json_bool(struct json *j, bool v);
/* Bytes that are JSON already. */
void json_raw(struct json *j, struct str json);

/* Name and value together; nothing at all for STR_NONE. */
static inline void json_member(struct json *j, const char *name, struct str s)
{
	if (s.p) {
		json_key(j, name);
		json_str(j, s);
	}
}
void json_member_int(struct json *j, const char *name, int64_t v);
void json_member_bool(struct json *j, const char *name, bool v);
/* RFC 3339 of seconds since 1970; nothing for TIME_NONE. */
void json_member_time(struct json *j, const char *name, int64_t unix_s);
