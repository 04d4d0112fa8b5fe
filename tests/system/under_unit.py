#!/usr/bin/python3
"""Executes a program under the system calls that a unit lets its processes make, as systemd would:
whatever else they try kills them. As root, it becomes nobody first, for the unit has a user.

    under_unit.py UNIT PROGRAM [ARGUMENT...]
"""
import ctypes
import os
import re
import subprocess
import sys

ACT_KILL_PROCESS, ACT_ALLOW = 0x80000000, 0x7FFF0000
NOBODY = 65534


def members(name):
    """The calls of one of systemd's groups."""
    text = subprocess.run(["systemd-analyze", "syscall-filter", "--no-pager", name], capture_output=True, text=True,
                          check=True).stdout
    words = (line.strip() for line in text.splitlines()[1:] if line.startswith("    "))
    return set().union(*(members(w) if w[0] == "@" else {w} for w in words if w and w[0] != "#"))


def allowed_by(unit):
    """The lines add and take away in their order."""
    allowed = set()
    with open(unit) as f:
        for less, words in re.findall(r"^SystemCallFilter=(~?)(.*)$", f.read(), re.M):
            named = set().union(*(members(w) if w[0] == "@" else {w} for w in words.split()))
            allowed = allowed - named if less else allowed | named
    return allowed


def main():
    unit, *command = sys.argv[1:]
    names = allowed_by(unit)
    assert "read" in names and "ptrace" not in names, names
    if os.geteuid() == 0:
        os.setgroups([])
        os.setgid(NOBODY)
        os.setuid(NOBODY)
    library = ctypes.CDLL("libseccomp.so.2")
    library.seccomp_init.restype = ctypes.c_void_p
    filter_ = ctypes.c_void_p(library.seccomp_init(ACT_KILL_PROCESS))
    for name in names:
        number = library.seccomp_syscall_resolve_name(name.encode())
        if number != -1:
            library.seccomp_rule_add_array(filter_, ACT_ALLOW, number, 0, None)
    assert library.seccomp_load(filter_) == 0
    os.execv(command[0], command)


main()
