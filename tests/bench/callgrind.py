"""Instructions of a whole process, from its first to its last, counted by valgrind's callgrind: the
same on a busy machine as on an idle one."""
import collections
import os
import re
import shutil
import subprocess


OFF_AT_START = "--instr-atstart=no"


def available():
    return shutil.which("valgrind") is not None


def command_of(command, out, *options):
    """The command that counts another one's. `out` takes callgrind's profile, for callgrind_annotate."""
    return ["valgrind", "--tool=callgrind", f"--callgrind-out-file={out}", *options, "--", *map(str, command)]


def count(command, out, lines=(), env=None):
    """(instructions, what it printed)."""
    run = subprocess.run(command_of(command, out), input="".join(f"{line}\n" for line in lines).encode(), env=env or os.environ,
                         stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    found = re.search(rb"Collected : (\d+)", run.stderr)
    if run.returncode != 0 or not found:
        raise RuntimeError(f"{command[0]} failed under valgrind with {run.returncode}: {run.stderr.decode(errors='replace')[-2000:]}")
    return int(found.group(1)), run.stdout


def switch(pid, is_on):
    """From now on a process that was started with OFF_AT_START counts, or does not."""
    subprocess.run(["callgrind_control", "--instr=" + ("on" if is_on else "off"), str(pid)], check=True,
                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


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
