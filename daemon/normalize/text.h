/* Plain text: valid UTF-8, no control characters, white space folded. Pure. */
#pragma once

#include "base/arena.h"
#include "base/buf.h"
#include "base/hash.h"
#include "base/scan.h"
#include "model/document.h"

/* Appends s on one line: runs of ASCII's white space and of line ends become one blank, and white space
 * that somebody chose stays (the no-break space in a number, the ideographic one), the first of a
 * run; control and invisible formatting characters that mislead (bidi overrides, U+FEFF, C0,
 * C1) are dropped, ends trimmed, invalid bytes become U+FFFD. True if anything but white space was
 * repaired. */
bool text_fold(struct buf *out, struct str s);

/* The same, keeping single line breaks and one blank line between paragraphs. */
bool text_fold_lines(struct buf *out, struct str s);

/* The length of the white space beyond ASCII at the front of s (s.n > 0), 0 if there is none; and the
 * bytes that may begin one. */
size_t text_wide(struct str s);
SCAN_INLINE scan_bytes text_may_be_wide(scan_bytes v)
{
	return scan_is(v, '\xC2') | scan_in(v, 0xE1, 0xE3);
}

/* A folded text for comparing: all its white space but line ends are blanks, one at a time. In scratch;
 * or s itself, if it has no other. */
struct str text_blanks(struct buf *scratch, struct str s);

/* Would text_fold() leave it as it is? */
bool text_is_folded(struct str s);

/* A text construct as a person would read it, on one line: decoded as often as its type says, RSS
 * titles by the usual heuristic (never a literal "&amp;amp;" in front of a person; never "a < b"
 * eaten as a tag). STR_NONE stays STR_NONE. `scratch` is cleared and used. The result is in
 * `arena`, or the text itself where nothing had to be changed. */
struct str text_plain(
	struct arena *arena, struct buf *scratch, const struct text *text, unsigned *flaws);

/* Folds case, accents and white space for comparing words: "Água" and "AGUA" give the same bytes.
 * Letters of Latin, Greek and Cyrillic; others pass unchanged. */
void text_fold_word(struct buf *out, struct str s);

/* A language tag by BCP 47's writing rules ("es_mx" → "es-MX"); STR_NONE if it is none. */
struct str text_language(struct arena *arena, struct str tag);
