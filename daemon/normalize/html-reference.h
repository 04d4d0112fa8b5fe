/* Character references (HTML standard § 13.2.5.72 ff.): "&eacute;", "&#233;", "&#xE9;". */
#pragma once

#include "base/str.h"

#include <stdint.h>

/* Two code points of four bytes are the most that a name stands for. */
#define HTML_REFERENCE_MAX 8

/* Reads the reference at the '&' with which s begins. Returns its length in bytes; 0 if the '&' is
 * just an ampersand. Its characters go to out, *ret_n bytes: 0 for a control character, which no
 * text of ours holds. In an attribute, a reference without semicolon before '=' or a letter or
 * digit is none ("?a=1&copy=2"). */
size_t html_reference(struct str s, bool attribute, char out[HTML_REFERENCE_MAX], size_t *ret_n);

/* html-entities.c, written by html-entities.py. Sorted by name (without '&' and ';'); the name of
 * entry i is the bytes from offset i to offset i + 1 of html_entity_names. */
#define HTML_ENTITY_BARE        UINT32_C(0x80000000) /* valid without semicolon too */
#define HTML_ENTITY_CP(v)       ((v)&0x1FFFFFu)
#define HTML_ENTITY_SECOND(v)   ((v) >> 24 & 0xFu) /* index into html_entity_seconds; 0: none */
#define HTML_ENTITY_NAME_MAX    31
#define HTML_ENTITY_BARE_LENGTH 6
extern const char html_entity_names[];
extern const uint16_t html_entity_offsets[];
extern const uint32_t html_entity_values[];
extern const uint16_t html_entity_seconds[];
extern const unsigned html_entity_count;
