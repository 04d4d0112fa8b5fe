#!/usr/bin/python3
"""No document may cost more than in proportion to its length. Each case of work_cases.py is digested at
two lengths, the second twice the first, and the instructions are counted: twice as many are right,
and each byte may cost so much and no more.

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
BYTES = 16_000
# These have a limit, or something of libxml2's that is cheap until it is long: below it nothing shows.
LONG_BYTES = 100_000  # twice this is less than the longest tag that is taken for one (256 KiB)
LONG = ("attributes, many", "namespaces, many on one tag", "name, long", "CDATA opened", "comments opened", "dashes in a comment",
        "document types", "tags opened in quotes", "html: comments ended oddly", "html: tags opened", "html: scripts opened",
        "url: in HTML", "json: one string")
# Once each at the size of an attack: twice this is 50,000 elements in one another, an attribute of 1 MB, a million references.
FULL_BYTES = {"elements nested": 175_000, "html: div nested": 275_000, "attribute, long": 500_000, "html: attribute": 500_000,
              "references to markup": 2_500_000}
# These take a step on their way: a text that is longer than what is read at once goes through libxml2, all of it; a
# document that declares many entities meets the limit of them.
STEP_BYTES = 200_000
STEP = ("entities declared", "escaped: references", "escaped: b over p", "escaped: tags opened in quotes")
RATIO_MAX = 2.3
# Less than this is no growth but a table that has doubled.
NOISE = 1_000_000
# A real feed takes 140 for a byte; but "<item>" is six bytes, and an item of its own.
PER_BYTE_MAX = 4000
TOTALS = re.compile(r"^desc: Trigger: Client Request: (.*?)$.*?^(?:totals|summary): (\d+)$", re.M | re.S)


def write(folder, number, make, length):
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


def judge(name, once, twice, instructions, start):
    """What is wrong with the case, or None; and the line that says what it took. `start` is what a
    document takes that says nothing."""
    n, m = (max(instructions[path] - start, 1) for path in (once, twice))
    sizes = [path.stat().st_size for path in (once, twice)]
    line = f"{n / sizes[0]:9.1f} {m / sizes[1]:9.1f} instructions per byte, {m / n:5.2f} times: {name}"
    if m > RATIO_MAX / 2 * sizes[1] / sizes[0] * n + NOISE:
        return "grows faster than the document", line
    if m / sizes[1] > PER_BYTE_MAX:
        return f"more than {PER_BYTE_MAX} instructions per byte", line
    return None, line


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--bytes", type=int, help=f"of the shorter document (default: {BYTES:,}, for some {LONG_BYTES:,} or more)")
    parser.add_argument("cases", nargs="*", metavar="CASE", help="names, or beginnings of names")
    given = parser.parse_args()
    if not callgrind.available():
        print("skipped: there is no valgrind")
        return SKIP
    cases = {name: make for name, make in work_cases.all_cases().items()
             if not given.cases or any(name.startswith(wanted) for wanted in given.cases)}
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        empty = write(folder, 0, lambda _: work_cases.item("").encode(), 0)
        pairs = {}
        for i, (name, make) in enumerate(cases.items(), 1):
            length = given.bytes or FULL_BYTES.get(name, LONG_BYTES if name in LONG else STEP_BYTES if name in STEP else BYTES)
            pairs[name] = [write(folder, i, make, n) for n in (length, 2 * length)]
        # Twice, for the first one makes what all others use.
        instructions = count([empty, *(path for pair in pairs.values() for path in pair), empty], folder)
        found = {name: judge(name, *pair, instructions, instructions[empty]) for name, pair in pairs.items()}
    wrong = {name: problem for name, (problem, _) in found.items() if problem}
    for name, (problem, line) in found.items():
        print(line + (f"  << {problem}" if problem else ""))
    print(f"{len(found)} cases, {len(wrong)} of them wrong; {sum(instructions.values()):,} instructions")
    return 1 if wrong or not found else 0


if __name__ == "__main__":
    sys.exit(main())
