"""Instructions of a whole process, from its first to its last, counted by valgrind's callgrind: the
same on a busy machine as on an idle one."""
import collections
import os
import re
import shutil
import subprocess


def available():
    return shutil.which("valgrind") is not None


def count(command, out, lines=(), env=None):
    """(instructions, what it printed). `out` takes callgrind's profile, for callgrind_annotate."""
    run = subprocess.run(["valgrind", "--tool=callgrind", f"--callgrind-out-file={out}", "--", *map(str, command)],
                         input="".join(f"{line}\n" for line in lines).encode(), env=env or os.environ,
                         stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    found = re.search(rb"Collected : (\d+)", run.stderr)
    if run.returncode != 0 or not found:
        raise RuntimeError(f"{command[0]} failed under valgrind with {run.returncode}: {run.stderr.decode(errors='replace')[-2000:]}")
    return int(found.group(1)), run.stdout


def functions(out):
    """Instructions of each function itself, by its name, dearest first."""
    spent, names, function, called = collections.Counter(), {}, None, False
    with open(out, encoding="utf-8", errors="replace") as profile:
        for line in profile:
            if line.startswith("fn="):
                number, _, name = line[3:].rstrip("\n").partition(" ")
                if name:
                    names[number] = name
                function = number
            elif line.startswith("calls="):
                called = True  # the next line is what the call cost, which the callee has counted
            elif line[:1].isdigit() or line[:1] in "+-*":
                if not called:
                    spent[function] += int(line.split()[1])
                called = False
            elif line.startswith("cfn="):
                number, _, name = line[4:].rstrip("\n").partition(" ")
                if name:
                    names[number] = name
    return [(names.get(number, "?"), n) for number, n in spent.most_common()]
