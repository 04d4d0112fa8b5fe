#!/usr/bin/python3
"""libcivicwire exports what its public headers declare, and nothing else; cw_ is theirs alone."""
import os
import re
import subprocess

import tree

BUILD = os.environ.get("CIVICWIRE_BUILD", "build")
DECLARED = re.compile(r"\b(cw_\w+)\s*\(")


def main():
    declared = set()
    for path in tree.c_files(".h"):
        if path.parts[0] == "include":
            declared |= set(DECLARED.findall(tree.bare(tree.read(path))))
    out = subprocess.run(["nm", "-D", "--defined-only", f"{BUILD}/lib/libcivicwire.so"], capture_output=True,
                         text=True, check=True).stdout
    exported = {line.split()[-1].split("@")[0] for line in out.splitlines() if " T " in line or " D " in line}
    problems = [f"{name} is declared and not exported" for name in sorted(declared - exported)]
    problems += [f"{name} is exported and not declared" for name in sorted(exported - declared)]
    for path in tree.c_files():
        if path.parts[0] in ("daemon", "cli"):
            for name in sorted(set(re.findall(r"^(?:static )?[\w \*]*?\b(cw_\w+)\(", tree.bare(tree.read(path)), re.M))):
                if not re.search(rf"=.*\b{name}\(", tree.read(path)) and name not in declared:
                    problems.append(f"{path}: {name} bears the library's prefix")
    tree.finish(problems, f"{len(exported)} exported symbols")


main()
