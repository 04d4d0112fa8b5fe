#!/usr/bin/python3
"""clang-format agrees with every C file."""
import shutil
import subprocess
import sys

import tree


def main():
    if not shutil.which("clang-format"):
        print("skipped: clang-format is not installed")
        sys.exit(77)
    files = [str(tree.ROOT / p) for p in tree.c_files()]
    run = subprocess.run(["clang-format", "--dry-run", *files], capture_output=True, text=True)
    bad = sorted({line.split(":")[0] for line in run.stderr.splitlines() if "clang-format-violations" in line})
    tree.finish([f"{b}: ./dev format would change it" for b in bad], f"format of {len(files)} files")


main()
