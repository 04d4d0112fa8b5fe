/* One value of a file → one member of a struct, by its type. Used by bind.c alone. */
#pragma once

#include "config/bind.h"

/* Reads a single value (not a list, not a section) into *out, which has the type that the row's
 * key_type says. False if it did not fit, which is reported. */
bool value_read(struct binder *binder, const struct place *place, const struct schema_key *row,
	const struct node *node, void *out);
/* The size of what value_read() writes for a type that lists can hold. */
size_t value_size(enum key_type type);
/* "feed a.b.c: url 'x' …": a problem with a value. */
void value_problem(struct binder *binder, const struct place *place, const struct schema_key *row,
	const struct node *node, const char *why);
