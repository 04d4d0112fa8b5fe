/* Checking the references that were noted while files were read. Used by resolve.c alone. */
#pragma once

#include "config/resolve.h"

void references_check(struct binder *binder, struct ids *ids, bool allow_file);
