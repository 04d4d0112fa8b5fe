/* What one mapping must fulfil beyond the types of its values. Used by bind.c alone. */
#pragma once

#include "config/bind.h"

/* Called when a mapping has been read into the struct of its section. */
void check_section(
	struct binder *binder, const struct place *place, const struct node *map, void *out);
