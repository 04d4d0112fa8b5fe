/* Members of the JSON objects that the daemon answers with, and that verbs gather themselves. */
#pragma once

#include <jansson.h>

/* NULL: there is none, or it is no text. Lives as long as the object. */
static inline const char *text_of(const json_t *object, const char *name)
{
	return json_string_value(json_object_get(object, name));
}

/* 0: there is none, or it is no integer. */
static inline long long number_of(const json_t *object, const char *name)
{
	return (long long)json_integer_value(json_object_get(object, name));
}
