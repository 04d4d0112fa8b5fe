/* Texts that come from outside, on a terminal. */
#pragma once

#include <stdio.h>

/* The text without control characters (C0, DEL, C1): nothing that comes over a wire may move the cursor.
 * NULL prints nothing. */
void print_text(FILE *to, const char *text);
/* A line with a label and such a text, if there is one: the label begins at `indent` and takes so many
 * columns. */
void print_labelled(int indent, int columns, const char *label, const char *text);
