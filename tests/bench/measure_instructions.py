"""Instructions of `civicwire parse --worker` over generated feeds, beside libxml2's SAX push parser that
reads the same files and keeps nothing (F). Both are whole processes: start, reading, parsing, printing."""
import json

import callgrind
import generate_feeds
import rig
from rig import Row, say, wire

FILES, FILE_BYTES, SEED = 1000, 20_000, 1  # so many that starting is about 2 % (--quick takes a quarter)
GOAL = 1.35
TOP = 12


def worker_requests(paths):
    return [json.dumps({"file": str(path), "url": "https://feeds.example/feed.xml"}) for path in paths]


def compare(paths, folder):
    """(ours, F, how many items each read) over the files; the profiles go to the folder."""
    ours, printed = callgrind.count([wire.CLI, "parse", "--worker"], folder / "callgrind.parse", worker_requests(paths),
                                    wire.environment())
    bare, report = callgrind.count([rig.PROGRAMS / "bench-sax"], folder / "callgrind.sax", paths)
    items = sum(len(json.loads(line)["items"]) for line in printed.splitlines())
    return ours, bare, (items, json.loads(report)["items"])


def top(name, out, total):
    lines = [f"{n / total:6.1%}  {function}" for function, n in callgrind.functions(out)[:TOP]]
    say(f"{name}: where they went (more: callgrind_annotate {out})")
    for line in lines:
        say("  " + line)


def measure(options):
    if not callgrind.available():
        say("instructions: skipped, there is no valgrind")
        return []
    with rig.folder() as folder:
        paths = generate_feeds.write_files(folder, SEED, options.pick(FILES, FILES // 4), FILE_BYTES)
        size = sum(path.stat().st_size for path in paths)
        ours, bare, items = compare(paths, wire.BUILD)
        start, _ = callgrind.count([wire.CLI, "parse", "--worker"], wire.BUILD / "callgrind.start", (), wire.environment())
    top("parse", wire.BUILD / "callgrind.parse", ours)
    top("libxml2 SAX", wire.BUILD / "callgrind.sax", bare)
    note = (f"{len(paths)} generated files of {size / len(paths):,.0f} bytes, {items[0]:,} items ({items[1]:,} elements); "
            f"starting is {start / ours:.1%} of it")
    return [Row("parse, normalise, print", "instructions/byte", [ours / size], None, False, 2, notes=[note]),
            Row("libxml2 SAX, nothing kept (F)", "instructions/byte", [bare / size], None, False, 2),
            Row("instructions ÷ F", "times", [ours / bare], GOAL, False, 2)]
