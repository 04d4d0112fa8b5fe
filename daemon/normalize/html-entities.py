#!/usr/bin/env python3
"""Writes html-entities.c: the named character references of the HTML standard as sorted tables.

    python3 html-entities.py > html-entities.c

The list is a fact of the standard (§ 13.5); Python carries it in html.entities.html5."""
from html.entities import html5


def rows(items, width=96, indent="\t"):
    line = indent
    for item in items:
        if len(line.expandtabs(8)) + len(item) + 1 > width and line.strip():
            yield line.rstrip()
            line = indent
        line += item + " "
    yield line.rstrip()


names = sorted({n.rstrip(";") for n in html5}, key=str.encode)
seconds = [0]
values, offsets, at = [], [], 0
for name in names:
    cps = [ord(c) for c in html5[name + ";"]]
    value = cps[0]
    if len(cps) == 2:
        if cps[1] not in seconds:
            seconds.append(cps[1])
        value |= seconds.index(cps[1]) << 24
    if name in html5:
        value |= 0x80000000
    values.append(value)
    offsets.append(at)
    at += len(name)
offsets.append(at)
assert len(seconds) <= 16 and at < 65536
assert max(map(len, names)) == 31 and max(len(n) for n in names if n in html5) == 6

print("/* Written by html-entities.py; do not edit. The layout is explained in html-reference.h. */")
print('#include "normalize/html-reference.h"\n')
print("/* clang-format off */")
print(f"const unsigned html_entity_count = {len(names)};\n")
print("const char html_entity_names[] =")
pool = "".join(names)
lines = [pool[i:i + 86] for i in range(0, len(pool), 86)]
print("\n".join(f'\t"{line}"' for line in lines) + ";\n")
print("const uint16_t html_entity_offsets[] = {")
print("\n".join(rows(f"{o}," for o in offsets)) + "\n};\n")
print("/* Code point, index of a second one in bits 24–27, HTML_ENTITY_BARE. */")
print("const uint32_t html_entity_values[] = {")
print("\n".join(rows(f"0x{v:X}," for v in values)) + "\n};\n")
print("const uint16_t html_entity_seconds[] = {")
print("\n".join(rows(f"0x{s:X}," for s in seconds)) + "\n};")
