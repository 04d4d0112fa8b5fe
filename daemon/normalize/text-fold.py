#!/usr/bin/env python3
"""Writes text-fold-table.c: letters without case and accents, for comparing words.

    python3 text-fold.py > text-fold-table.c

Derived from the Unicode character database that Python carries: canonical decomposition, marks
dropped, case folded; and a few letters that only look like one with a mark or are two in one."""
import unicodedata

RANGES = [(0x00C0, 0x024F), (0x0370, 0x03FF), (0x0400, 0x052F), (0x1E00, 0x1FFF)]
EXTRA = {"ß": "ss", "ẞ": "ss", "æ": "ae", "œ": "oe", "ø": "o", "đ": "d", "ð": "d", "þ": "th",
         "ł": "l", "ħ": "h", "ı": "i", "ŧ": "t", "ĳ": "ij", "ŉ": "n", "ĸ": "k", "ŋ": "n",
         "ſ": "s", "ς": "σ", "ƀ": "b", "ɨ": "i", "ŀ": "l", "ƒ": "f", "ƶ": "z", "ǥ": "g"}


def fold(cp):
    text = chr(cp).lower()
    for _ in range(3):
        text = "".join(EXTRA.get(c, c) for c in text)
        text = "".join(c for c in unicodedata.normalize("NFKD", text)
                       if not unicodedata.category(c).startswith("M")).lower().strip()
        text = text.strip("·'’ʼ")
    if not text or len(text) > 2 or not unicodedata.category(chr(cp)).startswith("L"):
        return cp
    if len(text) == 2:
        if not text.isascii():
            return cp
        return 0x8000 | ord(text[0]) << 7 | ord(text[1])
    return ord(text)


print("/* Written by text-fold.py; do not edit. The layout is explained in text-fold.h. */")
print('#include "normalize/text-fold.h"\n')
print("/* clang-format off */")
for n, (low, high) in enumerate(RANGES):
    print(f"static const uint16_t range_{n}[] = {{")
    cells = [f"0x{fold(cp):X}," for cp in range(low, high + 1)]
    for i in range(0, len(cells), 12):
        print("\t" + " ".join(cells[i:i + 12]))
    print("};\n")
print("const struct text_fold_range text_fold_ranges[TEXT_FOLD_RANGES] = {")
for n, (low, high) in enumerate(RANGES):
    print(f"\t{{0x{low:X}, 0x{high:X}, range_{n}}},")
print("};")
