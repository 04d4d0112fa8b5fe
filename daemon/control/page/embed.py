"""Makes a C source of files: each as an array of its bytes and their number, named after the file."""
import pathlib
import sys

target, *sources = map(pathlib.Path, sys.argv[1:])
lines = ['#include "control/page.h"\n']
for source in sources:
    data, name = source.read_bytes(), "page_" + source.suffix[1:]
    lines.append(f"const char {name}[] = {{")
    lines += ["\t" + ",".join(map(str, data[i:i + 24])) + "," for i in range(0, len(data), 24)]
    lines.append(f"}};\nconst size_t {name}_bytes = sizeof {name};\n")
target.write_text("\n".join(lines))
