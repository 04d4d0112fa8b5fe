#!/usr/bin/python3
"""No document may cost more than in proportion to its length. Each case of work_cases.py is digested at
two lengths, the second twice the first, and the instructions are counted: twice as many are right, and
each byte may cost so much and no more.

    test_work.py [--bytes N] [CASE]...      (some of the cases, at other lengths)"""
import argparse
import collections
import pathlib
import re
import subprocess
import sys
import tempfile

import callgrind
import rig
import work_cases

SKIP = 77
# The shorter one lies above the limit for attributes (64 KiB), the longer one below that for tags (256 KiB).
BYTES = 80_000
RATIO_MAX = 2.3
# What starting a document and a table of a few thousand rows cost, which the shorter one pays in full.
FIXED = 3_000_000
# A real feed takes 140 for a byte; but "<item>" is six bytes, and an item of its own.
PER_BYTE_MAX = 4000
TOTALS = re.compile(r"^desc: Trigger: Client Request: (.*?)$.*?^(?:totals|summary): (\d+)$", re.M | re.S)


def write(folder, number, name, make, length):
    path = folder / f"{number:03}-{length}"
    path.write_bytes(make(length))
    return path


def count(paths, folder):
    """path → instructions of digesting it."""
    out = folder / "profile"
    command = ["valgrind", "--tool=callgrind", "--combine-dumps=yes", "--compress-strings=yes", f"--callgrind-out-file={out}",
               rig.PROGRAMS / "bench-work"]
    run = subprocess.run(command, input="".join(f"{path}\n" for path in paths), stderr=subprocess.PIPE, text=True)
    if run.returncode != 0:
        sys.exit(f"bench-work failed with {run.returncode}: {run.stderr[-1000:]}")
    counts = collections.OrderedDict((pathlib.Path(name), int(n)) for name, n in TOTALS.findall(out.read_text(errors="replace")))
    missing = [path for path in paths if path not in counts]
    if missing:
        sys.exit(f"{len(missing)} of {len(paths)} were not counted, as {missing[0]}")
    return counts


def judge(name, once, twice, instructions):
    """What is wrong with the case, or None; and the line that says what it took."""
    n, m = (instructions[path] for path in (once, twice))
    sizes = [path.stat().st_size for path in (once, twice)]
    ratio = (m - FIXED) / n if m > FIXED else 0
    line = f"{n / sizes[0]:9.1f} {m / sizes[1]:9.1f} instructions per byte, {m / n:5.2f} times: {name}"
    if ratio > RATIO_MAX * sizes[1] / sizes[0] / 2:
        return "grows faster than the document", line
    if (m - FIXED) / sizes[1] > PER_BYTE_MAX:
        return f"more than {PER_BYTE_MAX} instructions per byte", line
    return None, line


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--bytes", type=int, default=BYTES)
    parser.add_argument("cases", nargs="*", metavar="CASE", help="names, or beginnings of names")
    given = parser.parse_args()
    if not callgrind.available():
        print("skipped: there is no valgrind")
        return SKIP
    cases = {name: make for name, make in work_cases.all_cases().items()
             if not given.cases or any(name.startswith(wanted) for wanted in given.cases)}
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        pairs = {name: [write(folder, i, name, make, length) for length in (given.bytes, 2 * given.bytes)]
                 for i, (name, make) in enumerate(cases.items())}
        instructions = count([path for pair in pairs.values() for path in pair], folder)
        found = {name: judge(name, *pair, instructions) for name, pair in pairs.items()}
    wrong = {name: problem for name, (problem, _) in found.items() if problem}
    for name, (problem, line) in found.items():
        print(line + (f"  << {problem}" if problem else ""))
    print(f"{len(found)} cases, {len(wrong)} of them wrong; {sum(instructions.values()):,} instructions")
    return 1 if wrong or not found else 0


if __name__ == "__main__":
    sys.exit(main())
