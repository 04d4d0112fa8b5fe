#!/usr/bin/python3
"""The tree builds without a warning with the other compiler too."""
import os
import pathlib
import shutil
import subprocess
import sys

import tree

BUILD = pathlib.Path(os.environ.get("CIVICWIRE_BUILD", tree.ROOT / "build"))


def main():
    if not shutil.which("clang"):
        print("skipped: clang is not installed")
        sys.exit(77)
    folder = BUILD / "clang"
    env = dict(os.environ, CC="clang")
    if not (folder / "build.ninja").exists():
        subprocess.run(["meson", "setup", folder, tree.ROOT, "-Dwerror=true", "--buildtype=debugoptimized"], env=env,
                       check=True, capture_output=True)
    run = subprocess.run(["ninja", "-C", folder], capture_output=True, text=True)
    problems = [line for line in run.stdout.splitlines() if "error:" in line or "warning:" in line]
    if run.returncode and not problems:
        problems = run.stdout.splitlines()[-20:]
    tree.finish(problems, "a build with clang")


main()
