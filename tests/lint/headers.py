#!/usr/bin/python3
"""Every header compiles alone; the public ones as C99 and as C++17, without the rest of the tree."""
import os
import subprocess
import sys
import tempfile

import tree

BUILD = os.environ.get("CIVICWIRE_BUILD", "build")
WARNINGS = ["-Wall", "-Wextra", "-Werror", "-fsyntax-only"]


def flags_of_libraries():
    packages = ["libxml-2.0", "libzmq", "libcurl", "sqlite3", "libuv", "yaml-0.1", "jansson", "libmicrohttpd"]
    out = subprocess.run(["pkg-config", "--cflags", *packages], capture_output=True, text=True, check=True).stdout
    return out.split()


def compiles(command, language, header):
    with tempfile.NamedTemporaryFile("w", suffix=f".{language}") as f:
        f.write(f"#include <{header}>\n#include <{header}>\n")
        f.flush()
        run = subprocess.run([*command, f.name], capture_output=True, text=True)
        return None if run.returncode == 0 else run.stderr.strip().split("\n")[0]


def main():
    problems, count = [], 0
    inside = ["cc", "-std=gnu11", "-D_GNU_SOURCE", "-Idaemon", "-I.", "-Iinclude", "-Ilib", f"-I{BUILD}/include",
              *flags_of_libraries(), *WARNINGS]
    os.chdir(tree.ROOT)
    for path in tree.c_files(".h"):
        if path.parts[0] == "tests":
            continue
        count += 1
        name = path.relative_to("daemon") if path.parts[0] == "daemon" else path
        if path.parts[0] == "include":
            name = path.relative_to("include")
            for command, language in ((["cc", "-std=c99", "-pedantic"], "c"), (["c++", "-std=c++17", "-pedantic"], "cc")):
                error = compiles([*command, "-Iinclude", f"-I{BUILD}/include", *WARNINGS], language, name)
                if error:
                    problems.append(f"{path} as {command[1]}: {error}")
        error = compiles(inside, "c", name)
        if error:
            problems.append(f"{path}: {error}")
    tree.finish(problems, f"{count} headers, each alone")


sys.exit(main())
