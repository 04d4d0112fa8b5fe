#!/usr/bin/python3
"""What of the house style a script can see: lengths, forbidden calls, hidden state, macros that hide
flow, names of files."""
import re

import tree

FILE_LINES, FUNCTION_LINES = 800, 100
COLUMNS = 110  # 100 are wanted; clang-format decides, a long string may stand out
FORBIDDEN = re.compile(r"\b(sprintf|strcpy|strcat|atoi|strtok|gmtime|localtime|rand|srand|system|gets|vsprintf)\s*\(")
BAD_NAMES = re.compile(r"(^|[-_])(util|utils|common|misc|helper|helpers|manager)([-_.]|$)")
FUNCTION = re.compile(r"^(?!static const|struct [a-z_0-9]+ \{|enum|union|extern|typedef|#|\}|\s)[\w\s\*\(\),]*\)\s*$")
# Mutable file-scope data: none but these, each with its reason beside it in the file.
STATE_ALLOWED = {"daemon/base/log.c", "daemon/base/metrics.c", "cli/listen.c"}
STATE = re.compile(r"^static (?!const\b|inline\b|_Thread_local const)(?:_Atomic |volatile )?[\w ]+\**\s*\w+(\[[^\]]*\])*\s*(=|;)", re.M)
POINTER_TABLE = re.compile(r"\*\s*const\b")
MACRO = re.compile(r"^#define (\w+)((?:.*\\\n)*.*)", re.M)
# Long by nature: one row of a table per line.
TABLES = re.compile(r"(entities|entity|names|words|zones|table)")


def functions(text):
    """(name, first line, number of lines) of each function body that opens in column 0."""
    lines = text.split("\n")
    start = None
    for i, line in enumerate(lines):
        if line == "{":
            start = i
        elif line == "}" and start is not None:
            head = next((lines[k] for k in range(start - 1, max(start - 6, -1), -1) if re.match(r"^\w.*\(", lines[k])), "?")
            yield head.split("(")[0].split()[-1].lstrip("*"), start, i - start + 1
            start = None


def check(path, problems):
    text = tree.read(path)
    bare = tree.bare(text)
    lines = text.split("\n")
    ours = path.parts[0] != "tests"
    if len(lines) > FILE_LINES and not TABLES.search(path.name):
        problems.append(f"{path}: {len(lines)} lines, {FILE_LINES} are the limit")
    if BAD_NAMES.search(path.name):
        problems.append(f"{path}: the name says nothing")
    for n, line in enumerate(lines, 1):
        if len(line.expandtabs(8)) > COLUMNS and ours and "\"" not in line and not TABLES.search(path.name):
            problems.append(f"{path}:{n}: {len(line.expandtabs(8))} columns")
    for name, at, length in functions(text):
        if length > FUNCTION_LINES:
            problems.append(f"{path}:{at}: {name} has {length} lines, {FUNCTION_LINES} are the limit")
    if path.suffix == ".h" and ours and path.parts[0] == "daemon" and "#pragma once" not in text:
        problems.append(f"{path}: no #pragma once")
    if not ours:
        return
    for match in FORBIDDEN.finditer(bare):
        problems.append(f"{path}:{bare.count(chr(10), 0, match.start()) + 1}: {match.group(1)}() is not used here")
    for match in MACRO.finditer(bare):
        if re.search(r"\b(return|goto|break)\b", match.group(2)):
            problems.append(f"{path}: macro {match.group(1)} hides flow")
    if path.suffix == ".c" and path.as_posix() not in STATE_ALLOWED:
        for match in STATE.finditer(bare):
            if not POINTER_TABLE.search(match.group(0)):
                problems.append(f"{path}:{bare.count(chr(10), 0, match.start()) + 1}: mutable data at file scope: "
                                + " ".join(match.group(0).split()))


def main():
    problems, files = [], tree.c_files()
    for path in files:
        check(path, problems)
    tree.finish(problems, f"style of {len(files)} files")


main()
