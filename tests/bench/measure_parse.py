"""CPU per item of `civicwire parse` over the corpus' feeds, beside libxml2's SAX push parser that reads
the same XML and keeps nothing. Ours ends with the item written as JSON."""
import json
import resource
import subprocess

from rig import Row, run_json, say, wire

ROUNDS = 5


def xml_files(folder):
    """Feeds that are XML in an encoding that libxml2 reads by itself."""
    files = []
    for path in sorted(folder.iterdir()):
        head = path.read_bytes()[:64].removeprefix(b"\xef\xbb\xbf").lstrip()
        if head.startswith(b"<"):
            files.append(path)
    return files


def ours(files, repeat):
    """CPU seconds of a worker that parses all files some times, and the items of one time."""
    requests = "".join(json.dumps({"file": str(f)}) + "\n" for f in files) * repeat
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    run = subprocess.run([wire.CLI, "parse", "--worker"], input=requests.encode(), stdout=subprocess.PIPE,
                         env=wire.environment(), check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    lines = run.stdout.splitlines()[:len(files)]
    items = sum(len(json.loads(line).get("items", ())) for line in lines)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, items


def bare(files, repeat):
    """The same of the yardstick, for which an item is an element of that name."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    report = run_json("bench-sax", input="".join(f"{f}\n" for f in files) * repeat)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, report["items"] // repeat


def measure(options):
    folder = wire.CORPUS / "feeds"
    if not folder.is_dir():
        say(f"parse: skipped, there is no corpus at {folder} (set CIVICWIRE_CORPUS)")
        return []
    files, repeat, full, yardstick = xml_files(folder), options.pick(4, 1), [], []
    for _ in range(options.pick(ROUNDS, 2)):
        cpu, items = ours(files, repeat)
        full.append(cpu * 1e6 / repeat / items)
        cpu, elements = bare(files, repeat)
        yardstick.append(cpu * 1e6 / repeat / elements)
    note = f"{len(files)} files, {items:,} items ({elements:,} elements)"
    mine = Row("parse, normalise, print", "µs CPU/item", full, None, False, 1, notes=[note])
    theirs = Row("libxml2 SAX, nothing kept", "µs CPU/item", yardstick, None, False, 1)
    ratio = Row("parse ÷ libxml2 SAX", "times", [mine.median() / theirs.median()], None, False, 2)
    say(f"parse: {mine.median():.1f} µs per item, libxml2 alone {theirs.median():.1f}")
    return [mine, theirs, ratio]
