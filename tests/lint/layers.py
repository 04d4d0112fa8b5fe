#!/usr/bin/python3
"""A unit includes only units of lower level; stages of one level are strangers to each other. Each
third-party library lives in the folders named here and nowhere else."""
import tree

# Folder → level. A file of daemon/ itself is a unit by its own name.
LEVELS = {
    "daemon/base": 0, "daemon/model": 1,
    "daemon/config": 2, "daemon/schedule": 2, "daemon/parse": 2, "daemon/normalize": 2, "daemon/dedup": 2,
    "daemon/journal": 2,
    "daemon/fetch": 3, "daemon/digest": 3, "daemon/record": 3, "daemon/bus": 3, "daemon/control": 3,
    "daemon/websub": 3,
    "daemon/actors": 4, "daemon/pipeline": 5, "daemon/main": 6,
    "config": 3,  # the generator of sample and schema
    "cli": 7, "lib": 0, "include/civicwire": 0,
}
# What the CLI's offline verbs may use of the daemon, and what speaks the public texts.
ALLOWED = {
    "cli": {"daemon/base", "daemon/model", "daemon/config", "daemon/parse", "daemon/normalize", "daemon/digest",
            "daemon/journal", "daemon/fetch", "daemon/schedule", "include/civicwire"},
    "lib": {"include/civicwire"},
    "include/civicwire": set(),
    "daemon/bus": {"daemon/base", "daemon/model", "daemon/journal", "include/civicwire"},
}
# Only these files of the daemon know the public headers: the version, and the texts of the wire.
PUBLIC = {"daemon/pipeline", "daemon/main", "daemon/bus", "daemon/fetch", "daemon/actors", "daemon/digest"}
LIBRARIES = {
    "zmq.h": {"daemon/bus", "lib"}, "curl/": {"daemon/fetch", "cli/ask-daemon.c"},
    "libxml/": {"daemon/parse"}, "sqlite3.h": {"daemon/journal"}, "yaml.h": {"daemon/config"},
    "uv.h": {"daemon/fetch", "daemon/bus/child.c", "daemon/actors", "daemon/pipeline.c", "daemon/main.c"},
    "microhttpd.h": {"daemon/control", "daemon/websub"}, "openssl/": {"daemon/fetch", "daemon/websub"}, "seccomp.h": {"daemon/bus/confine-calls.c"}, "sodium.h": {"daemon/base/hash.c", "daemon/base/curve.c"},
    "systemd/": {"daemon/base/log.c", "daemon/actors/service.c"},
    "jansson.h": {"daemon/parse", "daemon/bus", "lib", "cli"},
}


def unit_of(path):
    """The unit a file belongs to."""
    if path.parent.as_posix() == "daemon":
        return f"daemon/{path.stem}"
    return path.parent.as_posix()


def target_of(path, name):
    """The unit that an include names, or None for what is not ours."""
    if (tree.ROOT / "daemon" / name).exists():
        return unit_of(tree.ROOT.joinpath("daemon", name).relative_to(tree.ROOT))
    if (tree.ROOT / name).exists() and not name.startswith("/"):
        return unit_of(tree.ROOT.joinpath(name).relative_to(tree.ROOT))
    if name.startswith("civicwire/"):
        return "include/civicwire"
    if (tree.ROOT / path.parent / name).exists():
        return unit_of(path)
    return None


def problem_of(unit, target):
    if target == unit:
        return None
    if unit in ALLOWED:
        return None if target in ALLOWED[unit] else f"{unit} may not use {target}"
    if target == "include/civicwire":
        return None if unit in PUBLIC else f"{unit} has no business with the public headers"
    if target not in LEVELS:
        return f"{target} has no level in this table"
    if LEVELS[target] >= LEVELS[unit]:
        return f"{unit} (level {LEVELS[unit]}) includes {target} (level {LEVELS[target]})"
    return None


def main():
    problems, files = [], [p for p in tree.c_files() if p.parts[0] != "tests"]
    for path in files:
        unit = unit_of(path)
        if unit not in LEVELS:
            problems.append(f"{path}: {unit} has no level in this table")
            continue
        for _, name in tree.INCLUDE.findall(tree.read(path)):
            target = target_of(path, name)
            problem = target and problem_of(unit, target)
            if problem:
                problems.append(f"{path}: includes {name}: {problem}")
            for prefix, places in LIBRARIES.items():
                if name.startswith(prefix) and not ({unit, path.as_posix()} & places):
                    problems.append(f"{path}: includes <{name}>, whose place is {', '.join(sorted(places))}")
    tree.finish(problems, f"layers of {len(files)} files")


main()
